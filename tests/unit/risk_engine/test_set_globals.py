"""RiskEngine.set_globals: profit weight and least equity, inside hard bounds."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.helpers import refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


@pytest.mark.parametrize("terms", [(0, 0), (1_000_000, 10**24), (123_456, 789)])
def test_globals(desk, terms):
    receipt = desk.engine.set_globals(*terms)
    assert tuple(desk.engine.row_words(0)) == (0, 0, 0, terms[0] | terms[1] << 32)
    (event,) = receipt.events.filter(desk.engine.GlobalsSet)
    assert tuple(event) == terms


@pytest.mark.parametrize("terms", [(1_000_001, 0), (0, 10**24 + 1), (NEVER, 0), (0, NEVER)])
def test_bounds_of_globals(desk, terms):
    refuses(BOUNDS, desk.engine.set_globals, *terms)
