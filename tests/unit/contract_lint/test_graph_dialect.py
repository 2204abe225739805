"""The rules for imports, constants and the dialect: kept, and not kept."""

from __future__ import annotations

import pytest

from tests.unit.contract_lint.helpers import LOCK, NEW_F, VERSION, header, said
from tools.contract_lint import dialect, docs, graph

# GRAPH --------------------------------------------------------------------------------------------

USES_B = "from . import b\n\n\n@internal\ndef _f():\n    b._g()\n"


def test_cycle_is_found(write):
    tree = write(modules__a=USES_B, modules__b=USES_B.replace("b", "a").replace("_g", "_f"))
    assert "imports form a cycle: a -> b -> a" in said(graph.problems, tree)


def test_chain_is_no_cycle(write):
    tree = write(
        modules__a=USES_B,
        modules__b="@internal\ndef _g():\n    pass\n",
        core__C="from ..modules "
        "import a\nfrom ..modules import b\n" + NEW_F.format("a._f()\n    b._g()"),
    )
    assert said(graph.problems, tree) == ""


def test_import_for_constants_only(write):
    module = "SIZE: constant(uint256) = 3\n\n\n@internal\ndef _g():\n    x: uint256 = SIZE\n"
    uses = "from ..modules import a\n" + NEW_F.format("x: uint256 = a.SIZE")
    more = uses.replace("a.SIZE", "a.SIZE\n    a._g()")
    tree = write(modules__a=module, core__C=uses, core__D=more)
    found = said(graph.problems, tree)
    assert "contracts/core/C.vy:11: `a` is imported for constants only (SIZE)" in found
    assert "D.vy" not in found


def test_layout_is_where_constants_are(write):
    uses = "from ..modules.layout import a\n" + NEW_F.format("x: uint256 = a.SIZE")
    tree = write(modules__layout__a="SIZE: constant(uint256) = 3\n", core__C=uses)
    assert said(graph.problems, tree) == ""


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x: uint256\n", "`x` is state"),
        ("@external\ndef f():\n    pass\n", "`f` is no internal function"),
        ("from .. import m\n\n\n@internal\ndef _f():\n    m._g()\n", "layouts only; `m`"),
    ],
)
def test_layout_has_nothing_else(write, text, wrong):
    tree = write(modules__layout__a=text, modules__m="@internal\ndef _g():\n    pass\n")
    assert wrong in said(graph.problems, tree)


def test_constant_with_two_homes(write):
    same = "SIZE: constant(uint256) = 10**3\n" + NEW_F.format("x: uint256 = SIZE")
    other = same.replace("SIZE", "_SIZE").replace("10**3", "1_001")
    tree = write(
        core__A=same, core__B=same.replace("10**3", "1_000"), core__C=other, testing__D=same
    )
    found = said(graph.problems, tree)
    assert "B.vy:11: `SIZE` is defined in contracts/core/A.vy:11 too; give it one home" in found
    assert "C.vy:11: `_SIZE` is 1001 here and 1000 in contracts/core/A.vy:11" in found
    assert "D.vy" not in found


def test_constant_that_a_layout_has_is_imported(write):
    mine = "SIZE: constant(uint256) = 3\n" + NEW_F.format("x: uint256 = SIZE")
    tree = write(
        core__A=mine,
        modules__layout__z=mine.split("\n")[0] + "\n",
        core__B="from ..modules.layout import z\n" + NEW_F.format("x: uint256 = z.SIZE"),
    )
    assert said(graph.problems, tree) == (
        "contracts/core/A.vy:11: `SIZE` is defined in contracts/modules/layout/z.vy:11 too; "
        "import it"
    )


def test_constant_that_may_have_two_homes(write, monkeypatch):
    monkeypatch.setattr(graph, "DEFINED_TWICE", {"SIZE": "each has its own"})
    mine = "SIZE: constant(uint256) = 3\n" + NEW_F.format("x: uint256 = SIZE")
    assert said(graph.problems, write(core__A=mine, core__B=mine.replace("3", "4"))) == ""


def test_what_nobody_uses(write):
    tree = write(
        core__C="from ..modules import m\n\nSIZE: constant(uint256) = 3\nSHOWN: "
        "public(constant(uint256)) = 3\n" + NEW_F.format("pass"),
        modules__m="@internal\ndef _g():\n    pass\n",
    )
    assert said(graph.problems, tree).splitlines() == [
        "contracts/core/C.vy:11: `m` is imported and not used; remove it",
        "contracts/core/C.vy:13: `SIZE` is not used; remove it",
        "contracts/modules/m.vy:12: `_g` is not called; remove it",
    ]


def test_constant_in_a_type_is_used(write):
    tree = write(core__C="SIZE: constant(uint256) = 3\n\nx: public(DynArray[uint256, SIZE])\n")
    assert said(graph.problems, tree) == ""


def test_interface_imports_interfaces(write):
    function = "\n\n@external\ndef f(x: {}):\n    ...\n"
    tree = write(
        modules__m="struct S:\n    x: uint256\n",
        interfaces__IA="from ..modules import m\n" + function.format("m.S"),
        interfaces__IB="from . import IC\n" + function.format("IC.S"),
        interfaces__IC="struct S:\n    x: uint256\n",
    )
    found = said(graph.problems, tree)
    assert "IA.vyi:9: an interface imports interfaces only, not `m`" in found
    assert "IB" not in found


def test_picture(write):
    tree = write(
        core__C="from ..modules import m\nfrom ..modules.layout import a\n"
        + NEW_F.format("m._g(a.SIZE)"),
        modules__m="@internal\ndef _g(x: uint256):\n    pass\n",
        modules__layout__a="SIZE: constant(uint256) = 3\n",
        interfaces__IA="",
        testing__T="",
    )
    assert graph.mermaid(tree) == (
        "flowchart LR\n  subgraph folder_core [core]\n    C\n  end\n"
        "  subgraph folder_modules [modules]\n    m\n    layout[(layout)]\n  end\n"
        "  C --> layout & m\n"
    )


def test_graph_in_the_docs(write, tmp_path):
    tree = write(core__C="")
    assert said(docs.problems, tree) == ""
    page = tmp_path / "docs" / "architecture.md"
    page.parent.mkdir()
    page.write_text("# Parts\n\n<!-- graph -->\nold\n<!-- /graph -->\nend\n")
    assert "docs/architecture.md:3: the graph is not that of the sources" in said(
        docs.problems, tree
    )
    assert docs.fix(tree) == [page]
    assert said(docs.problems, tree) == ""
    assert page.read_text().startswith("# Parts\n\n<!-- graph -->\n```mermaid\nflowchart LR\n")
    assert page.read_text().endswith("```\n<!-- /graph -->\nend\n")
    assert docs.fix(tree) == []


# DIALECT ------------------------------------------------------------------------------------------

BANNER = "# WHAT IS HERE ".ljust(100, "-")
IN_ORDER = f"""from ethereum.ercs import IERC20
from snekmate.auth import ownable
from ..interfaces import IA
from ..modules.layout import units
from ..modules import a
from ..modules import b

implements: IERC20

uses: ownable
initializes: a

exports: a.f

SIZE: constant(uint256) = 2**24 - 1


struct S:
    x: uint256


TOKEN: immutable(IERC20)

decimals: public(uint8)
shares_of: HashMap[address, S]
_x: transient(uint256)


@deploy
def __init__():
    TOKEN = IERC20(self)


{BANNER}

@external
def g():
    assert units.ONE != 0, "new house: zero"


@external
@view
def h() -> uint256:
    return b._g() >> SIZE


{BANNER.replace("WHAT IS HERE", "ADMIN: TERMS")}

@external
def k(x: IA.S):
    pass


@internal
def _f():
    pass
""".replace("_x: transient", "x: transient")
AROUND = {
    "interfaces__IA": "struct S:\n    x: uint256\n",
    "modules__layout__units": "ONE: constant(uint256) = 1 << 8\n",
    "modules__a": "@external\ndef f():\n    pass\n",
    "modules__b": "@internal\ndef _g() -> uint256:\n    return 1\n",
}


def test_file_in_order(write):
    assert said(dialect.problems, write(core__NewHouse=IN_ORDER, **AROUND)) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("from snekmate.auth import ownable\n", "", None),
        (
            "from ..modules import a\nfrom ..modules import b",
            "from ..modules import b\nfrom ..modules import a",
            "16: `a` goes before `b`",
        ),
        (
            "from ..modules.layout import units\nfrom ..modules import a",
            "from ..modules import a\nfrom ..modules.layout import units",
            "`units` goes before `a`",
        ),
        ("from ..modules import b", "\nfrom ..modules import b", "imports stand together"),
        (
            "from ..modules import b",
            "from contracts.modules import b",
            "`b` is ours: import it relative",
        ),
        ("from ..modules import b", "import contracts.modules.b as b", "one name a line"),
        (
            "implements: IERC20\n\nuses: ownable",
            "uses: ownable\n\nimplements: IERC20",
            "first implements, then uses",
        ),
        ("exports: a.f\n", "", None),
        ("TOKEN: immutable(IERC20)\n\ndec", "dec", None),
        ("decimals: public(uint8)", "B: constant(uint256) = 1", "first constants, then immutables"),
        (
            "shares_of: HashMap[address, S]\nx: transient(uint256)",
            "x: transient(uint256)\nshares_of: HashMap[address, S]",
            "`shares_of` stands too low: first storage, then transient storage",
        ),
        ("ADMIN: TERMS", "THE OTHERS--", "under a banner with ADMIN"),
        (BANNER, "# What is here ".ljust(100, "-"), "a banner is one line"),
        (BANNER, BANNER[:-1], "a banner is one line"),
        (BANNER, "# " + "-" * 98, "a banner is one line"),
        (f"{BANNER}\n\n", f"{BANNER}\n", "two blank lines before a banner, one after"),
        (f"\n\n\n{BANNER}", f"\n\n{BANNER}", "two blank lines before a banner, one after"),
        ("SIZE", "_SIZE", "`_SIZE`: a constant is UPPER_CASE"),
        ("TOKEN", "Token", "`Token`: an immutable is UPPER_CASE"),
        ("shares_of", "_shares_of", "`_shares_of`: storage is snake_case"),
        ("shares_of", "sharesOf", "`sharesOf`: storage is snake_case"),
        ("shares_of: HashMap[address, S]", "balanceOf: public(HashMap[address, S])", None),
        ("def _f()", "def f()", "`f`: an internal function is _snake_case"),
        ("def _f()", "def _sizeOf()", "`_sizeOf`: an internal function is _snake_case"),
        (">> SIZE", ">> 120", "shift by a number `b._g() >> 120`"),
        (">> SIZE", "<< (24 * SIZE)", "shift by a number"),
        (">> SIZE", "<< (SIZE * (b._g() + 1))", None),
        (">> SIZE", "& 255", "mask of a number `b._g() & 255`"),
        (">> SIZE", "& (2**24 - 1)", "mask of a number"),
        (">> SIZE", "& SIZE", None),
        (">> SIZE", "+ 2**24", "power of two `2**24`"),
        (">> SIZE", "* 10**18", None),
        ('"new house: zero"', '"house: zero"', '"house: zero" must begin with "new house: "'),
        ('"new house: zero"', '"zero"', 'is not of the form "new house: reason"'),
        ('"new house: zero"', '"new house: zero."', 'is not of the form "new house: reason"'),
        (', "new house: zero"', "", 'no reason; write "new house: ..."'),
        (', "new house: zero"', "  # reverts by itself: a division", None),
        ('assert units.ONE != 0, "new house: zero"', "raise", "no reason"),
        ("@license GNU", "@license Not GNU", "@license must be `GNU"),
        ("@custom:contract-name NewHouse\n", "", "the docstring lacks @custom:contract-name"),
        ("@custom:contract-name NewHouse", "@custom:contract-name House", "must be `NewHouse`"),
        (LOCK, "", "2: line 2 must be `#pragma nonreentrancy on`"),
        (VERSION, "#pragma version ~=0.4.3\n", "1: line 1 must be `#pragma version 0.4.3`"),
    ],
)
def test_dialect(write, right, wrong, message):
    text = header("NewHouse") + IN_ORDER
    assert right in text
    found = said(dialect.problems, write(core__NewHouse=text.replace(right, wrong), **AROUND))
    if message is None:
        assert found == ""
    else:
        assert message in found
        assert all(line.startswith("contracts/core/NewHouse.vy:") for line in found.splitlines())


def test_shift_of_a_layout_and_of_a_test_double(write):
    shifts = "@internal\ndef _f(x: uint256) -> uint256:\n    assert x != 0\n    return x >> 24\n"
    found = said(dialect.problems, write(modules__layout__a=shifts, testing__D=shifts))
    assert "a.vy:13: no reason" in found
    assert found.count("shift by a number") == 1
    assert "D.vy:14: shift by a number `x >> 24`" in found


def test_prefixes(write):
    text = '\n\n@external\ndef f():\n    raise "x: y"\n'
    tree = write(
        core__Vault=text,
        core__VaultSlices=text,
        core__VaultSlicesMore=text,
        core__Vaulted=text,
        modules__risk_table=text,
        testing__Odd=text,
    )
    prefixes = [
        line.rpartition("begin with ")[2] for line in said(dialect.problems, tree).split("\n")
    ]
    assert prefixes == ['"vault: "', '"vault: "', '"vault: "', '"vaulted: "', '"risk table: "']
