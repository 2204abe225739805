"""What the views say at the edges: an equity of exactly nothing, legs that cannot be sold."""

from __future__ import annotations

import pytest

from verification.engine.scenes import CLOSE_OUT_PRICE, WAD, Scene
from verification.engine.world import BTC

NOTHING_LEFT = 1_901  # 10,000 less a fee of 100 and a loss of 9,900


@pytest.fixture
def scene(fast_world) -> Scene:
    """A healthy trader, and 3,000 in the insurance fund."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


def test_an_insolvent_account_has_nothing_on_sale_with_a_discount(scene):
    """At equity 0 a bid takes it at mark, for the moment of that bid; just above, f* is a part."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(NOTHING_LEFT)
    assert scene.equity() == 0
    assert scene.manager.insolvency(scene.account).max_fraction == 0
    assert scene.manager.auction(scene.account).max_fraction == WAD
    scene.price(CLOSE_OUT_PRICE)
    assert 0 < scene.manager.auction(scene.account).max_fraction < WAD


@pytest.mark.parametrize(("price", "fraction"), [(36_000, WAD), (41_000, 0)])
def test_what_is_left_of_an_insolvency_is_sold_at_mark_if_nothing_else_is(scene, price, fraction):
    """A position that was in doubt, in stage 3, at a price again: insolvent or not."""
    scene.buy(0.5, 40_000, BTC)
    scene.world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    scene.open_auction()
    assert scene.is_insolvent()
    scene.world.set_price("BTC", price)
    scene.world.deposit(scene.stranger, scene.account, 2_000)
    assert (scene.equity() <= 0) == bool(fraction), scene.equity()
    assert scene.manager.insolvency(scene.account).max_fraction == fraction
    assert scene.manager.auction(scene.account).max_fraction == fraction


def test_a_leg_that_can_be_sold_is_on_sale_beside_one_that_cannot(scene):
    scene.buy(0.01, 40_000, BTC)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.wait(60)
    assert 0 < scene.manager.auction(scene.account).max_fraction <= WAD
    scene.world.set_price("BTC", 40_000, secondary=50_000)
    assert 0 < scene.manager.auction(scene.account).max_fraction <= WAD
    scene.bid(WAD // 100)


@pytest.mark.parametrize(
    "prices", [(CLOSE_OUT_PRICE, CLOSE_OUT_PRICE * 1.3), (CLOSE_OUT_PRICE, 1_800)]
)
def test_with_no_leg_that_can_be_sold_nothing_is_on_sale(scene, prices):
    """Whether or not the account is sound at the better end of the price in doubt."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.wait(60)
    scene.world.set_price("ETH", prices[0], secondary=prices[1])
    assert scene.manager.auction(scene.account).max_fraction == 0


def test_who_is_insolvent_at_both_answers_is_on_sale(scene):
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.world.set_price("ETH", 1_700, secondary=1_800)
    assert scene.manager.auction(scene.account).max_fraction == WAD
