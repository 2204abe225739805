"""Which part runs a function: the tables in the sources, the parts' interfaces, and the calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pyrevm
import pytest
from eth_utils import keccak
from vyper import ast as vy
from vyper.ast import parse_to_ast

from bulkhead.deployment import PARTS
from verification.engine.abi import signature_of
from verification.engine.evm import ADMIN, ROOT, Artefacts, Reverted, deploy_world, source_of
from verification.engine.world import World

CLEARINGHOUSE, MANAGER = "Clearinghouse", "DefaultManager"
# Where a contract's table is, and the function that reads it.
TABLES = {CLEARINGHOUSE: ("routes", "_part_of"), MANAGER: (MANAGER, "__default__")}
# The part that has what the table of a contract does not name; the DefaultManager has none.
LAST = {CLEARINGHOUSE: "ClearinghouseAdmin", MANAGER: None}
UNKNOWN = {
    CLEARINGHOUSE: "clearinghouse: unknown function",
    MANAGER: "default manager: unknown function",
}
# What the entry answers itself although its parts have it: whom they belong to, and the functions
# of which a part does the half for insolvent accounts.
ENTRY_ANSWERS = {
    CLEARINGHOUSE: {"SETTLEMENT_TOKEN"},
    MANAGER: {"CLEARINGHOUSE", "call_margin", "open_auction", "bid"},
}
PROBES = (b"\x00" * 4, b"\xff" * 4, keccak(b"balanceOf(address)")[:4])
ROUTED = [(entry, part) for entry, parts in PARTS.items() for part in parts]


# SOURCES ------------------------------------------------------------------------------------------


@cache
def functions_of(contract: str) -> frozenset[str]:
    """Return the signatures of a contract's functions, from the compiler."""
    abi, _ = Artefacts().of(contract)
    return frozenset(signature_of(entry) for entry in abi if entry["type"] == "function")


def selector_of(signature: str) -> bytes:
    """Return the first four bytes of a call."""
    return keccak(signature.encode())[:4]


def name_of(signature: str) -> str:
    """Return a function's name."""
    return signature.partition("(")[0]


@cache
def table_of(contract: str) -> tuple[tuple[str, str], ...]:
    """Return signature and part of every route that stands in a contract's table, as written."""
    module, reader = TABLES[contract]
    path = source_of(ROOT / "contracts", module)
    place = {"module_path": str(path), "resolved_path": str(path)}
    tree = parse_to_ast(path.read_text(), source_id=0, **place)
    constants = {node.target.id: node.value for node in tree.get_children(vy.VariableDecl)}
    (function,) = (node for node in tree.get_children(vy.FunctionDef) if node.name == reader)
    found = []
    for names, part in _branches(function, contract, constants):
        for name in names:
            signature = constants[name].args[0].value
            found.append((signature, part))
    return tuple(found)


def _branches(
    function: vy.FunctionDef, contract: str, constants: dict
) -> Iterator[tuple[list[str], str]]:
    """Yield the names of selectors that are compared together, and the part that they lead to."""
    for node in function.body:
        if isinstance(node, vy.If):  # routes: the number of a part is returned
            (step,) = node.body
            yield _compared(node.test), PARTS[contract][constants[step.value.id].value]
        elif isinstance(node, vy.Assert) and isinstance(node.test, vy.BoolOp):  # one part only
            yield _compared(node.test), PARTS[contract][0]


def _compared(test: vy.BoolOp) -> list[str]:
    """Return the constants that a chain of `selector == ... or ...` compares with."""
    assert isinstance(test.op, vy.Or)
    names = []
    for comparison in test.values:
        assert isinstance(comparison.op, vy.Eq)
        assert comparison.left.id == "selector"
        right = comparison.right
        names.append((right.args[0] if isinstance(right, vy.Call) else right).id)
    return names


@pytest.mark.parametrize("contract", PARTS)
def test_table_names_what_the_parts_have(contract):
    """A function that is new in a part, or that has left it, is missing here or too many."""
    entry = functions_of(contract)
    for part in PARTS[contract]:
        named = {signature for signature, at in table_of(contract) if at == part}
        wanted = set() if part == LAST[contract] else functions_of(part) - entry
        assert named == wanted, part


@pytest.mark.parametrize("contract", PARTS)
def test_nothing_is_routed_twice(contract):
    signatures = [signature for signature, _ in table_of(contract)]
    assert len(signatures) == len(set(signatures))
    assert not functions_of(contract) & set(signatures)
    everywhere = Counter(s for part in PARTS[contract] for s in functions_of(part))
    twice = {s for s, times in everywhere.items() if times > 1} - functions_of(contract)
    assert not twice


@pytest.mark.parametrize("contract", PARTS)
def test_every_selector_is_one_function(contract):
    signatures = functions_of(contract).union(*map(functions_of, PARTS[contract]))
    assert len({selector_of(signature) for signature in signatures}) == len(signatures)


@pytest.mark.parametrize("contract", PARTS)
def test_entry_answers_only_for_these_functions_of_its_parts(contract):
    """And in all their forms: the calldata goes on to the part as it came."""
    entry = functions_of(contract)
    shared = entry.intersection(frozenset().union(*map(functions_of, PARTS[contract])))
    assert {name_of(signature) for signature in shared} == ENTRY_ANSWERS[contract]
    for part in PARTS[contract]:
        names = {name_of(signature) for signature in functions_of(part) & entry}
        for one, other in ((entry, functions_of(part)), (functions_of(part), entry)):
            assert {s for s in one if name_of(s) in names} <= other


@pytest.mark.parametrize("contract", [*PARTS, *(part for _, part in ROUTED)])
def test_no_function_takes_ether(contract):
    abi, _ = Artefacts().of(contract)
    assert "payable" not in {entry.get("stateMutability") for entry in abi}


# CALLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rich() -> World:
    """A clearinghouse of its own, whose deployer has ether."""
    world = deploy_world()
    world.chain.evm.set_balance(ADMIN, 10**18)
    return world


@pytest.fixture(scope="module")
def answering() -> World:
    """Parts that do nothing but to answer every call with their own address."""
    world = deploy_world()
    for _, part in ROUTED:
        address = world.deployment.contracts[part].address
        code = b"\x73" + bytes.fromhex(address[2:]) + bytes.fromhex("5f5260205ff3")
        world.chain.evm.insert_account_info(address, pyrevm.AccountInfo(code=code))
    return world


def call(world: World, contract: str, data: bytes, value: int = 0) -> bytes:
    """Call a contract with raw calldata; raise `Reverted`."""
    address = world.deployment.contracts[contract].address
    return world.chain.call(ADMIN, address, data, is_view=False, value=value)


def reason_of(world: World, contract: str, data: bytes, value: int = 0) -> str:
    """Return why a call is refused."""
    with pytest.raises(Reverted) as refused:
        call(world, contract, data, value)
    return refused.value.reason


@pytest.mark.parametrize(("contract", "part"), ROUTED, ids=[part for _, part in ROUTED])
def test_every_function_of_a_part_runs_there(answering, contract, part):
    address = answering.deployment.contracts[part].address
    ours = functions_of(part) - functions_of(contract)
    assert ours
    for signature in ours:
        answer = call(answering, contract, selector_of(signature) + bytes(32))
        assert answer[-20:].hex() == address[2:].lower(), signature


@pytest.mark.parametrize("contract", PARTS)
def test_unknown_selectors_are_refused(rich, contract):
    """Those of the parts' neighbours too: a function of the one contract is none of the other."""
    known = functions_of(contract).union(*map(functions_of, PARTS[contract]))
    other = next(name for name in PARTS if name != contract)
    strange = {selector_of(s) for s in functions_of(other).union(*map(functions_of, PARTS[other]))}
    strange -= {selector_of(signature) for signature in known}
    for selector in (*strange, *PROBES):
        for arguments in (b"", bytes(32), bytes(320)):
            assert reason_of(rich, contract, selector + arguments) == UNKNOWN[contract]


@pytest.mark.parametrize("contract", PARTS)
def test_selectors_cut_short_are_refused(rich, contract):
    """No zeros are put in place of what is missing."""
    known = functions_of(contract).union(*map(functions_of, PARTS[contract]))
    starts = {selector_of(s)[:size] for s in known for size in range(4)}
    starts |= {bytes(size) for size in range(4)}
    for data in starts:
        assert reason_of(rich, contract, data) == UNKNOWN[contract], data.hex()


@pytest.mark.parametrize("contract", PARTS)
def test_ether_is_refused(rich, contract):
    """Plain, and with any function: of the entry, of a part, of nobody."""
    known = functions_of(contract).union(*map(functions_of, PARTS[contract]))
    calls = [selector_of(signature) + bytes(320) for signature in known]
    for data in (b"", b"\x00", *PROBES, *calls):
        assert reason_of(rich, contract, data, value=1) == "", data.hex()
    address = rich.deployment.contracts[contract].address
    assert rich.chain.evm.get_balance(address) == 0
