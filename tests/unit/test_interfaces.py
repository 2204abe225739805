"""What contracts offer is published once, in interfaces and in the specification."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tools.contract_lint.sources import Tree
from tools.contract_lint.surface import Surface, Surfaces, functions_of, interface_problems
from tools.contract_lint.tables import PAGE, Tables
from verification.engine.evm import ROOT, Artefacts


@cache
def project() -> Surfaces:
    """Return the contracts and interfaces of this project."""
    return Surfaces(Tree(ROOT))


def test_every_function_is_published_once():
    found = problems(project().contracts, project().interfaces)
    assert not found, "\n".join(found)


def test_specification_has_every_function():
    found = [
        f"{project().tree.where(problem)}: {problem.text}"
        for problem in Tables(project()).problems()
    ]
    assert not found, "\n".join(found)


# INTERFACES ---------------------------------------------------------------------------------------


def function(name: str, *inputs: str, outputs: str = "", state: str = "nonpayable") -> dict:
    """Return an entry of an ABI; inputs are `type name`."""
    parts = [dict(zip(("type", "name"), one.split(), strict=True)) for one in inputs]
    values = [{"type": kind, "name": ""} for kind in outputs.split()]
    return {
        "type": "function",
        "name": name,
        "inputs": parts,
        "outputs": values,
        "stateMutability": state,
    }


PAY = function("pay", "address to", "uint256 amount")
SEEN = function("seen", outputs="uint256", state="view")


def surface(name: str, *entries: dict, **more) -> Surface:
    """Return a contract or interface with these functions."""
    return Surface(name, functions_of(entries), **more)


def problems(contracts: list[Surface], interfaces: list[Surface]) -> list[str]:
    """Return all that is wrong between them."""
    return list(interface_problems(contracts, interfaces))


def test_whole_interface():
    house = surface("House", PAY, SEEN, implements=frozenset({"IHouse"}))
    assert problems([house], [surface("IHouse", PAY, SEEN), surface("ITypes")]) == []


def test_function_of_a_part():
    parts = [surface("House", PAY), surface("HouseBarn", SEEN)]
    assert problems(parts, [surface("IHouse", PAY, SEEN)]) == []


def test_function_without_interface():
    house = surface("House", PAY, SEEN)
    found = problems([house, surface("Barn", PAY)], [surface("IHouse", PAY)])
    assert "House: `seen()` stands in no interface" in found
    assert "Barn: has all of IHouse; add `implements:`" in found


def test_standard_is_a_home():
    token = surface("Token", PAY, standard=frozenset({"pay(address,uint256)"}))
    assert problems([token], []) == []
    assert problems([token], [surface("IToken", PAY, SEEN)]) == [
        "Token: `pay(address,uint256)` is of a standard; not in IToken too",
        "IToken: no contract has `seen()`; remove it",
    ]


def test_one_home(monkeypatch):
    names = frozenset({"IA", "IB"})
    house = surface("House", SEEN, implements=names)
    interfaces = [surface("IA", SEEN), surface("IB", SEEN)]
    assert problems([house], interfaces) == ["`seen()` stands in IA, IB; leave it in one"]
    monkeypatch.setattr("tools.contract_lint.surface.SHARED", {"seen()": "everybody has it"})
    assert problems([house], interfaces) == []


def test_same_name_with_other_values_is_another_function():
    other = function("seen", outputs="uint256 uint256", state="view")
    house = surface("House", SEEN, implements=frozenset({"IHouse"}))
    barn = surface("Barn", other, implements=frozenset({"IBarn"}))
    interfaces = [surface("IHouse", SEEN), surface("IBarn", other)]
    assert problems([house, barn], interfaces) == []
    assert problems([house], interfaces[1:]) == [
        "House: `seen()` stands in no interface, with other values in IBarn",
        "IBarn: no contract has `seen()`; remove it",
    ]


@pytest.mark.parametrize(
    ("mine", "difference"),
    [
        (function("pay", "address who", "uint256 amount"), "arguments are who, amount here"),
        (function("pay", "address to", "uint256 amount", state="view"), "view here and nonpayable"),
        (function("pay", "address arg0", "uint256 arg1"), ""),
    ],
)
def test_published_otherwise(mine, difference):
    house = surface("House", mine, implements=frozenset({"IHouse"}))
    found = "\n".join(problems([house], [surface("IHouse", PAY)]))
    assert (difference in found) if difference else found == ""


def test_default_arguments_count_once():
    shorter = function("pay", "address to")
    assert list(functions_of([shorter, PAY, SEEN])) == ["pay(address,uint256)", "seen()"]


# TABLES -------------------------------------------------------------------------------------------

HOUSE = '''#pragma version 0.4.3
"""
@title House
"""

struct Room:
    size: uint256


# owner -> the rooms that they have. Never falls.
rooms: public(HashMap[address, Room])
nameless: uint256

price: public(uint256)  # of a room, WAD


@external
def book(account: uint256, room: Room, nights: uint256 = 1) -> uint256:
    """
    @notice Books. Anyone.
    @return uint256 Cash taken, WAD.
    """
    return nights


@external
@pure
def best() -> Room:
    """
    @notice The best room. Nobody gets it.
    """
    return Room(size=1)
'''
BARN = """#pragma version 0.4.3


@external
def clean():
    pass
"""
BEFORE = """# House

<!-- functions House -->

| function | who | checks | logs |
|---|---|---|---|
| `House.book(…)`, `gone()` | anyone \\| staff | a room | `Booked` |
| in winter | – | – | – |

<!-- /functions -->
"""
AFTER = """# House

<!-- functions House -->

| function | who | checks | moves | logs |
|---|---|---|---|---|
| `book(account: uint256, room: Room, nights: uint256 = 1) → uint256` | anyone \\| staff | a room \
| – | `Booked` |
| in winter | – | – | – | – |
| `clean()` (Barn) | ? | ? | ? | ? |

| view | gives |
|---|---|
| `best() → Room` ↻ | The best room |
| `rooms(address) → Room` | owner -> the rooms that they have |
| `price() → uint256` | of a room, WAD |

<!-- /functions -->
"""


@pytest.fixture
def page(tmp_path):
    """Return the page of a small project, and a function that gives its tables."""
    for name, text in {"House": HOUSE, "HouseBarn": BARN}.items():
        path = tmp_path / "contracts" / "core" / f"{name}.vy"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    page = tmp_path / PAGE
    page.parent.mkdir()
    page.write_text(BEFORE)
    tree = Tree(tmp_path)
    return page, lambda: Tables(Surfaces(tree, Artefacts(tree.contracts)))


def texts(tables: Tables) -> str:
    """Return all that is wrong with them."""
    return "\n".join(problem.text for problem in tables.problems())


def test_tables_keep_texts_and_renew_names(page):
    path, tables = page
    assert "functions of House differ from the contract: " in texts(tables())
    assert tables().fix()
    assert path.read_text() == AFTER
    assert not tables().fix()
    assert texts(tables()) == "write what is missing in | `clean()` (Barn) | ? | ? | ? | ? |"
    path.write_text(path.read_text().replace("| ? | ? | ? | ? |", "| staff | – | – | – |"))
    assert texts(tables()) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("nights: uint256", "nights: uint8", "differ from the contract: book"),
        ("account: uint256, room: Room", "room: Room, account: uint256", "differ"),
        ("| `price() → uint256` | of a room, WAD |\n", "", "differ from the contract: price"),
        ("functions House", "functions Castle", "no `<!-- functions House -->`"),
        ("functions House", "functions Castle", "`Castle` is no contract"),
    ],
)
def test_tables_that_differ(page, right, wrong, said):
    path, tables = page
    assert right in AFTER
    path.write_text(AFTER.replace(right, wrong))
    assert re.search(re.escape(said), texts(tables()))
