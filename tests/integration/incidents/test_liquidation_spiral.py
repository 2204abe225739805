"""Aave CRV, November 2022, and every spiral like it: the bonus eats the ratio.

Where the liquidation bonus is larger than what equity can bear, every partial liquidation leaves a
weaker account, until the rest is bad debt. Here a partial bid never lowers the margin ratio: INV-5.
"""

from __future__ import annotations

import pytest

from verification.engine.scenes import Scene, set_terms
from verification.engine.world import AUCTION, HEALTHY, WAD

STEEPEST = {
    "discount_start": 500_000,
    "discount_end": 500_000,
    "fee": 100_000,
    "close_out": 950_000,
}


@pytest.mark.parametrize("price", [1_938, 1_925, 1_915, 1_905])
@pytest.mark.parametrize("terms", [{}, STEEPEST], ids=["configured", "steepest"])
def test_every_partial_bid_raises_the_ratio(world, price, terms):
    scene = Scene.set(world)
    set_terms(world, **terms)
    scene.price(price)
    scene.call()
    world.wait(scene.terms.grace + 1)
    scene.open_auction()
    scene.finish_ramp()
    bites = 0
    while (limit := scene.manager.auction(scene.account).max_fraction) and bites < 5:
        ratio, equity = scene.ratio(), scene.equity()
        scene.bid(limit // 3)
        assert scene.stage() == AUCTION
        assert 0 < scene.equity() < equity
        # Equal while charges take all of equity in proportion: then to a wei's rounding.
        assert scene.ratio() - ratio > -1e-15
        bites += 1
    assert bites
    if limit:
        scene.bid()
        assert scene.stage() == HEALTHY
    else:  # between MM and the target: nobody may sell more of it
        assert scene.ratio() >= 1
    assert world.cash(scene.account) >= 0 or scene.equity() > 0
    assert world.clearinghouse.hole() == 0


def test_fifty_bites_leave_no_bad_debt(world):
    """Nibbling at every block until the account is well again."""
    scene = Scene.set(world)
    scene.auction_at(1_915)
    bites = 0
    while limit := scene.manager.auction(scene.account).max_fraction:
        scene.bid(min(WAD // 20, limit))
        bites += 1
        assert bites < 50
    assert bites > 5
    assert scene.ratio() >= 1
    assert world.clearinghouse.hole() == 0
