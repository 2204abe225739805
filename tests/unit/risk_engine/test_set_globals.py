"""RiskEngine.set_globals: profit weight and least equity, inside hard bounds."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import MARGIN_NOTICE, WAD
from tests.unit.risk_engine.helpers import logged, refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


@pytest.mark.parametrize("terms", [(500_000, 0), (1_000_000, 50 * WAD), (500_001, 789)])
def test_what_is_no_stricter_takes_effect_at_once(desk, terms):
    receipt = desk.engine.set_globals(*terms)
    assert tuple(desk.engine.row_words(0)) == (0, 0, 0, terms[0] | terms[1] << 32)
    assert logged(receipt, desk.engine.GlobalsSet) == [terms]


@pytest.mark.parametrize(
    "terms", [(0, 0), (499_999, 50 * WAD), (500_000, 50 * WAD + 1), (1_000_000, 10**24)]
)
def test_what_is_stricter_is_announced(desk, terms):
    before = tuple(desk.engine.row_words(0))
    receipt = desk.engine.set_globals(*terms)
    due = desk.chain.pending_timestamp + MARGIN_NOTICE
    assert logged(receipt, desk.engine.GlobalsAnnounced) == [(*terms, due)]
    assert tuple(desk.engine.row_notices(0)) == (terms[0] | terms[1] << 32, due)
    assert not logged(receipt, desk.engine.GlobalsSet)
    assert tuple(desk.engine.row_words(0)) == before


def test_the_first_setting_takes_effect_at_once(desk):
    engine = desk.chain.deploy("RiskEngine", desk.ledger.address, desk.oracle.address)
    assert logged(engine.set_globals(0, 10**24), engine.GlobalsSet) == [(0, 10**24)]


@pytest.mark.parametrize("terms", [(1_000_001, 0), (0, 10**24 + 1), (NEVER, 0), (0, NEVER)])
def test_bounds_of_globals(desk, terms):
    refuses(BOUNDS, desk.engine.set_globals, *terms)
