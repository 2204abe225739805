"""RiskEngine.set_collateral: haircuts, inside hard bounds."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.helpers import refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


@pytest.mark.parametrize("haircuts", [(0, 0), (950_000, 950_000), (950_000, 0), (200_000, 120_000)])
def test_haircuts(desk, haircuts):
    receipt = desk.engine.set_collateral(3, desk.haircuts[3][0], *haircuts)
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
