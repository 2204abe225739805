"""What the views say at the edges: an equity of exactly nothing, legs that cannot be sold."""

from __future__ import annotations

import pytest

from verification.engine.scenes import CLOSE_OUT_PRICE, INSOLVENT_PRICE, WAD, Scene
from verification.engine.world import BTC

NOTHING_LEFT = 1_901  # 10,000 less a fee of 100 and a loss of 9,900


@pytest.fixture
def scene(fast_world) -> Scene:
    """A healthy trader, and 3,000 in the insurance fund."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


@pytest.mark.parametrize(
    ("price", "equity", "fraction"),
    [(NOTHING_LEFT, 0, WAD), (NOTHING_LEFT + 1, 100 * WAD, 0)],
)
def test_positions_are_sold_at_mark_as_long_as_nothing_is_left(scene, price, equity, fraction):
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    scene.price(price)
    assert scene.equity() == equity
    assert scene.manager.insolvency(scene.account).max_fraction == fraction
    assert scene.manager.auction(scene.account).max_fraction == fraction


def test_a_leg_that_can_be_sold_is_on_sale_beside_one_that_cannot(scene):
    scene.buy(0.01, 40_000, BTC)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.wait(900)
    assert 0 < scene.manager.auction(scene.account).max_fraction <= WAD
    scene.world.set_price("BTC", 40_000, secondary=50_000)
    assert 0 < scene.manager.auction(scene.account).max_fraction <= WAD
    scene.bid(WAD // 100)


@pytest.mark.parametrize("prices", [(CLOSE_OUT_PRICE, CLOSE_OUT_PRICE * 1.3), (1_700, 1_800)])
def test_with_no_leg_that_can_be_sold_nothing_is_on_sale(scene, prices):
    """Whether or not the account is sound at the better end of the price in doubt."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.wait(900)
    scene.world.set_price("ETH", prices[0], secondary=prices[1])
    assert scene.manager.auction(scene.account).max_fraction == 0
