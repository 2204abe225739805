"""RiskEngine.checkpoint: anyone takes the checkpoint of a row."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import ASSETS, COLLATERAL_ROW, MARKET_ROW, MARKETS, PRICE
from tests.unit.risk_engine.helpers import kill, refuses_anyone
from verification.engine.evm import Person

ASSET = ASSETS[0]
ROW = MARKET_ROW + MARKETS[0]  # its asset is ASSET
COLLATERAL = COLLATERAL_ROW  # its asset is ASSET too
NO_ROW = MARKET_ROW + 40
STRANGER = Person.number(0)


@pytest.mark.parametrize("row", [ROW, COLLATERAL])
def test_anyone_takes_the_checkpoint_of_a_row(desk, row):
    desk.chain.mine(60)
    desk.set_price(ASSET, 2 * PRICE)
    desk.engine.checkpoint(row, sender=STRANGER)
    assert desk.last_valid(ASSET) == (
        2 * PRICE,
        desk.chain.pending_timestamp,
    )


def test_a_checkpoint_needs_a_row_and_a_valid_price(desk):
    refuses_anyone("risk table: unknown row", desk.engine.checkpoint, NO_ROW)
    refuses_anyone("risk table: unknown row", desk.engine.checkpoints, [ROW, NO_ROW])
    kill(desk)
    refuses_anyone("price oracle: price not valid", desk.engine.checkpoint, ROW)
