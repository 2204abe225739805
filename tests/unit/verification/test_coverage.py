"""The markers of verification/coverage: each statement and outcome is on record when it happened,
and only
then, also where the compiler makes one piece of code of several or turns a condition round."""

from __future__ import annotations

from typing import Any

import pytest

from verification.coverage import instrument
from verification.coverage.sites import sites_of
from verification.engine.evm import Contract, PyrevmChain, Reverted

SOURCE = """
#pragma version 0.4.3

kept: DynArray[uint256, 4]


@external
def zeros() -> uint256:
    a: uint256 = 0
    b: uint256 = 0
    if a == b:
        return 1
    return 2


@external
def both(a: bool, b: bool, c: bool) -> bool:
    return a and b and not c


@external
def either(a: bool, b: bool) -> uint256:
    return 1 if a or b else 2


@external
def refuse(a: uint256):
    assert a != 1
    assert a != 2, "two"


@external
def walk(values: DynArray[uint256, 4], stop: uint256):
    for value: uint256 in values:
        if value == stop:
            break
        self.kept.append(value)
    for i: uint256 in range(stop, bound=3):
        pass
    for i: uint256 in [1, 2]:
        continue


@external
def unwind():
    self.kept = []
    raise "never mind"
"""

Reached = set[tuple[str, str, str]]  # function, text, outcome


@pytest.fixture(scope="module")
def probe(tmp_path_factory) -> tuple[Any, Any]:
    """Return marked artefacts of the source above, and its path."""
    root = tmp_path_factory.mktemp("marked")
    path = root / "contracts" / "Probe.vy"
    path.parent.mkdir()
    path.write_text(SOURCE)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(instrument, "ROOT", root)
        artefacts = instrument.InstrumentedArtefacts(path.parent)
        artefacts.of("Probe")
        yield artefacts, path


def reached(probe: tuple[Any, Any], *calls: tuple[Any, ...]) -> Reached:
    """Make calls on a fresh chain; return what is on record then."""
    artefacts, path = probe
    chain = PyrevmChain(artefacts)
    contract: Contract = chain.deploy("Probe")
    for name, *arguments in calls:
        try:
            getattr(contract, name)(*arguments)
        except Reverted:
            continue
    sites, found = sites_of(path, path.parents[1]), set()
    marks = artefacts.marks("Probe")
    for address in chain.evm.db_accounts:
        if int(address, 16) in marks:
            place, outcome = marks[int(address, 16)]
            site = sites.statements[place] if not outcome else sites.decisions[place][0]
            found.add((site.function, site.text, outcome or "line"))
    return found


def of(found: Reached, function: str, outcome: str) -> list[str]:
    """Return the texts of a function with an outcome."""
    return sorted(text for name, text, seen in found if (name, seen) == (function, outcome))


def test_every_statement_and_outcome_has_a_marker(probe):
    artefacts, path = probe
    sites = sites_of(path, path.parents[1])
    wanted = {(place, "") for place in sites.statements}
    wanted |= {(p, outcome) for p, (_, outcomes) in sites.decisions.items() for outcome in outcomes}
    assert set(artefacts.marks("Probe").values()) == wanted


def test_nothing_is_reached_by_a_deployment(probe):
    assert reached(probe) == set()


def test_declarations_that_are_cleared_together_count_one_by_one(probe):
    found = reached(probe, ("zeros",))
    assert of(found, "zeros", "line") == [
        "a: uint256 = 0",
        "b: uint256 = 0",
        "if a == b:",
        "return 1",
    ]
    assert (of(found, "zeros", "true"), of(found, "zeros", "false")) == (["a == b"], [])


@pytest.mark.parametrize(
    ("values", "true", "false"),
    [
        ((False, True, False), [], ["a"]),
        ((True, False, False), ["a"], ["b"]),
        ((True, True, True), ["a", "b"], ["not c"]),
        ((True, True, False), ["a", "b", "not c"], []),
    ],
)
def test_operands_of_and(probe, values, true, false):
    found = reached(probe, ("both", *values))
    assert (of(found, "both", "true"), of(found, "both", "false")) == (true, false)


@pytest.mark.parametrize(
    ("values", "true", "false"),
    [
        ((True, False), ["a", "a or b"], []),
        ((False, True), ["a or b", "b"], ["a"]),
        ((False, False), [], ["a", "a or b", "b"]),
    ],
)
def test_operands_of_or_and_a_conditional_expression(probe, values, true, false):
    found = reached(probe, ("either", *values))
    assert (of(found, "either", "true"), of(found, "either", "false")) == (true, false)


@pytest.mark.parametrize(
    ("value", "true", "false"),
    [(0, ["a != 1", "a != 2"], []), (1, [], ["a != 1"]), (2, ["a != 1"], ["a != 2"])],
)
def test_assertions_with_and_without_a_reason(probe, value, true, false):
    found = reached(probe, ("refuse", value))
    assert (of(found, "refuse", "true"), of(found, "refuse", "false")) == (true, false)


@pytest.mark.parametrize(
    ("values", "stop", "passed"),
    [
        ([], 0, {"no pass": ["for range(stop, bound=3)", "for values"]}),
        ([5], 1, {"a pass": ["for range(stop, bound=3)", "for values"]}),
        ([5, 6], 2, {"another pass": ["for [1, 2]", "for range(stop, bound=3)", "for values"]}),
        ([2, 6], 2, {"another pass": ["for [1, 2]", "for range(stop, bound=3)"]}),
        ([2], 2, {"no other pass": ["for [1, 2]", "for range(stop, bound=3)"]}),
    ],
)
def test_ways_in_and_out_of_loops(probe, values, stop, passed):
    found = reached(probe, ("walk", values, stop))
    for outcome, texts in passed.items():
        assert of(found, "walk", outcome) == texts


def test_what_is_undone_was_reached_all_the_same(probe):
    assert of(reached(probe, ("unwind",)), "unwind", "line") == [
        'raise "never mind"',
        "self.kept = []",
    ]
