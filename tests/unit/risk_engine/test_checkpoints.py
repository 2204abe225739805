"""RiskEngine.checkpoints: a batch takes what is valid and passes over the rest."""

from __future__ import annotations

import pytest

from tests.unit.price_oracle.helpers import EATS_GAS, ORDINARY, REVERTS
from tests.unit.risk_engine.conftest import ASSETS, COLLATERAL_ROW, MARKET_ROW, MARKETS, PRICE
from tests.unit.risk_engine.helpers import kill, refuses_anyone
from verification.engine.evm import Person

ASSET = ASSETS[0]
ROW = MARKET_ROW + MARKETS[0]  # its asset is ASSET
OTHER_ROW = MARKET_ROW + MARKETS[1]
COLLATERAL = COLLATERAL_ROW  # its asset is ASSET too
STRANGER = Person.number(0)


def test_a_batch_passes_over_what_is_not_valid(desk):
    desk.chain.mine(60)
    desk.set_price(ASSETS[1], 2 * PRICE)
    kill(desk)
    taken = desk.engine.checkpoints([ROW, OTHER_ROW, COLLATERAL], sender=STRANGER)
    assert taken.return_value == 1
    assert desk.last_valid(ASSET)[1] < desk.chain.pending_timestamp
    assert desk.last_valid(ASSETS[1]) == (
        2 * PRICE,
        desk.chain.pending_timestamp,
    )


def test_a_batch_takes_what_is_valid(desk):
    assert desk.engine.checkpoints([], sender=STRANGER).return_value == 0
    assert desk.engine.checkpoints([ROW] * 64, sender=STRANGER).return_value == 64
    refuses_anyone("", desk.engine.checkpoints, [ROW] * 65)


@pytest.mark.parametrize("mode", [REVERTS, EATS_GAS])
def test_no_feed_holds_up_a_batch(desk, mode):
    odd = desk.chain.deploy("OddFeed", ORDINARY, PRICE)
    desk.set_feeds(ASSET, *desk.words(ASSET, primary=int(odd.address, 16)))
    odd.set_mode(mode)
    assert desk.engine.checkpoints([ROW, OTHER_ROW], sender=STRANGER).return_value == 1
