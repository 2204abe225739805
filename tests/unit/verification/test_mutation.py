"""The mutants of a small contract: asleep, awake, and written in the plain."""

from __future__ import annotations

import pyrevm
import pytest
import vyper
from eth_abi import encode
from eth_utils import keccak

from verification.engine.evm import ADMIN
from verification.mutation.records import Score
from verification.mutation.schema import address_of, number_at, render, write_mutant
from verification.mutation.sites import Finder

SOURCE = """
FEE: constant(uint256) = 3

spent: uint256
touched: bool

event Moved:
    amount: uint256

@internal
@pure
def _mul_down(a: uint256, b: uint256) -> uint256:
    return a * b // 10

@internal
@pure
def _mul_up(a: uint256, b: uint256) -> uint256:
    return (a * b + 9) // 10

@external
def move(a: uint256, b: uint256) -> uint256:
    assert a < 50
    part: uint256 = self._mul_up(
        a + 1,  # a comment inside
        max(b, FEE),
    )
    if a == b or not self.touched:
        part += 2
        self.touched = True
    for i: uint256 in range(3):
        if i >= b:
            break
        self.spent += (part >> 1) - i % 2
    log Moved(amount=self._mul_down(part, 7) if a <= b else self.spent)
    return self.spent
"""
CALLS = ((1, 1), (2, 2), (3, 2), (40, 9), (49, 1), (50, 1), (7, 0), (8, 3))


@pytest.fixture(scope="module")
def finder(tmp_path_factory) -> Finder:
    folder = tmp_path_factory.mktemp("toy") / "contracts"
    folder.mkdir()
    (folder / "Toy.vy").write_text(SOURCE)
    return Finder(folder, "Toy.vy")


@pytest.fixture(scope="module")
def mutants(finder):
    return dict(enumerate(finder.find()))


@pytest.fixture(scope="module")
def sleeping(finder, mutants) -> str:
    """Bytecode with all mutants in it."""
    text = render(finder.source, mutants).replace("@pure", "@view")
    return vyper.compile_code(text, output_formats=["bytecode"])["bytecode"]


def behaviour(bytecode: str, awake: int | None = None) -> tuple[list, set[int]]:
    """Return what the calls answer and log, and the mutants that were come past."""
    engine = pyrevm.EVM(spec_id="CANCUN")
    contract = engine.deploy(ADMIN, bytes.fromhex(bytecode.removeprefix("0x")))
    if awake is not None:
        engine.insert_account_info(address_of(awake), pyrevm.AccountInfo(code=b"\x01"))
    seen = []
    for pair in CALLS:
        data = keccak(b"move(uint256,uint256)")[:4] + encode(["uint256", "uint256"], pair)
        try:
            answer = bytes(engine.message_call(ADMIN, contract, data))
            seen.append((answer, [bytes(log.data[1]) for log in engine.result.logs]))
        except RuntimeError:
            seen.append("refused")
    passed = {number_at(address) for address in engine.db_accounts} - {None}
    return seen, passed


def test_operators_of_every_kind_are_found(mutants):
    found = {(m.operator, m.before, m.after) for m in mutants.values()}
    assert {
        ("boundary", "a < 50", "(a) <= (50)"),
        ("negation", "a < 50", "(a) >= (50)"),
        ("check", "assert a < 50", None),
        ("number", "50", "51"),
        ("number", "50", "49"),
        ("extreme", "max(b, FEE)", "min(b, FEE)"),
        ("constant", "FEE", "FEE + 1"),
        ("arithmetic", "a + 1", "(a) - (1)"),
        ("arithmetic", "part += 2", "part -= 2"),
        ("arithmetic", "part >> 1", "(part) << (1)"),
        ("rounding", "self._mul_down(part, 7)", "self._mul_up(part, 7)"),
        ("truth", "True", "False"),
        ("statement", "break", None),
        ("statement", "self.touched = True", None),
        ("negation", "not self.touched", "self.touched"),
    } <= found
    assert len({m.key for m in mutants.values()}) == len(mutants) == 50


def test_asleep_they_change_nothing(sleeping):
    plain = vyper.compile_code(SOURCE, output_formats=["bytecode"])["bytecode"]
    assert behaviour(sleeping)[0] == behaviour(plain)[0]


def test_awake_each_does_what_it_does_in_the_plain(finder, mutants, sleeping, tmp_path):
    original = behaviour(sleeping)[0]
    noticed = 0
    for number, mutant in mutants.items():
        write_mutant(finder.contracts, tmp_path, mutant)
        text = (tmp_path / "contracts" / "Toy.vy").read_text()
        plain = vyper.compile_code(text, output_formats=["bytecode"])["bytecode"]
        awake = behaviour(sleeping, number)[0]
        assert awake == behaviour(plain)[0], mutant
        noticed += awake != original
    assert noticed > len(mutants) * 0.8


def test_what_no_call_comes_past_is_told(sleeping, mutants):
    passed = behaviour(sleeping)[1]
    assert passed == set(mutants)  # every line of this contract is run
    engine = pyrevm.EVM(spec_id="CANCUN")
    engine.deploy(ADMIN, bytes.fromhex(sleeping.removeprefix("0x")))
    assert {number_at(address) for address in engine.db_accounts} == {None}


def test_interval_is_wilsons():
    low, high = Score(95, 5).interval()
    assert (round(low, 4), round(high, 4)) == (0.8882, 0.9785)
    assert Score(10, 0).interval()[1] == 1.0
