"""RiskEngine.set_collateral: haircuts, inside hard bounds."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import MARGIN_NOTICE
from tests.unit.risk_engine.helpers import logged, refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


@pytest.mark.parametrize("haircuts", [(0, 0), (950_000, 950_000), (950_000, 0), (200_000, 120_000)])
def test_haircuts(desk, haircuts):
    receipt = desk.engine.set_collateral(3, desk.haircuts[3][0], *haircuts)
    if desk.engine.row_notices(4).due:
        desk.wait(MARGIN_NOTICE)
        receipt = desk.engine.apply_collateral(3)
    assert desk.engine.row_words(4)[3] == haircuts[0] | haircuts[1] << 32
    (event,) = receipt.events.filter(desk.engine.CollateralRiskSet)
    assert tuple(event) == (3, desk.haircuts[3][0], haircuts[0] | haircuts[1] << 32)


@pytest.mark.parametrize(
    ("index", "haircuts"),
    [
        (8, (0, 0)),
        (NEVER, (0, 0)),
        (3, (950_001, 0)),
        (3, (100_000, 100_001)),
        (3, (NEVER, 0)),
        (3, (0, NEVER)),
    ],
)
def test_bounds_of_haircuts(desk, index, haircuts):
    refuses(BOUNDS, desk.engine.set_collateral, index, desk.haircuts[3][0], *haircuts)


@pytest.mark.parametrize("raised", [(1, 0), (0, 1)])
def test_a_higher_haircut_is_announced(desk, raised):
    asset, initial, maintenance = desk.haircuts[3]
    wanted = (initial + raised[0], maintenance + raised[1])
    word = wanted[0] | wanted[1] << 32
    receipt = desk.engine.set_collateral(3, asset, *wanted)
    due = desk.chain.pending_timestamp + MARGIN_NOTICE
    assert logged(receipt, desk.engine.CollateralRiskAnnounced) == [(3, word, due)]
    assert tuple(desk.engine.row_notices(4)) == (word, due)
    assert not logged(receipt, desk.engine.CollateralRiskSet)
    assert desk.engine.row_words(4)[3] == initial | maintenance << 32


def test_lower_haircuts_take_effect_at_once_and_discard_what_was_announced(desk):
    asset, initial, maintenance = desk.haircuts[3]
    desk.engine.set_collateral(3, asset, initial + 1, maintenance)
    receipt = desk.engine.set_collateral(3, asset, initial - 1, maintenance - 1)
    word = initial - 1 | maintenance - 1 << 32
    assert logged(receipt, desk.engine.CollateralRiskSet) == [(3, asset, word)]
    assert desk.engine.row_words(4)[3] == word
    desk.chain.mine(MARGIN_NOTICE)
    refuses("risk parameters: nothing announced", desk.engine.apply_collateral, 3)
