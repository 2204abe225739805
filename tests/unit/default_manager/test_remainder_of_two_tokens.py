"""A remainder of two kinds of collateral, one of them without a valid price for a while."""

from __future__ import annotations

import pytest

from tests.procedure import only, refused, tear_up, without_limits
from verification.engine.scenes import Scene
from verification.engine.world import HEALTHY, INSOLVENT, WAD

DAY = 86_400


@pytest.fixture
def remainder(fast_world) -> Scene:
    """5 WETH, 0.01 WBTC and 50 of cash carried 50 ETH; torn up at 1,800, the collateral is left."""
    scene = Scene.set(fast_world, cash=0, size=0, WETH=5, WBTC="0.01")
    fast_world.stake(scene.staker, 3_000)
    without_limits(fast_world)
    fast_world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    scene.price(1_780)
    tear_up(scene)
    assert scene.is_insolvent()
    assert fast_world.cash(scene.account) < 0
    return scene


def test_a_sale_beside_collateral_in_doubt_ends_nothing(remainder):
    """WETH is sold whole; what is still owed waits for the price of WBTC."""
    scene, world = remainder, remainder.world
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_600)  # equity is below 0 whatever WBTC is worth
    refused(
        "default manager: nothing to tear up",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    event = only(
        scene.manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder),
        scene.manager.RemainderSold,
    )
    assert event.cash < 0
    assert (scene.stage(), world.clearinghouse.collateral(scene.account, 0)) == (INSOLVENT, 0)
    assert world.clearinghouse.collateral(scene.account, 1) == WAD // 100
    world.set_price("BTC", 40_000)
    scene.manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder)
    assert (scene.stage(), world.cash(scene.account) >= 0) == (HEALTHY, True)


def test_who_owes_nothing_any_more_sells_nothing(remainder):
    scene, world = remainder, remainder.world
    world.deposit(scene.trader, scene.account, 10_000)
    bid = scene.manager.bid
    arguments = scene.account, WAD, scene.purse, 1
    refused("remainder: nothing to sell", bid, *arguments, sender=scene.bidder)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_a_bidder_may_ask_for_no_more_than_equity_leaves(remainder):
    """After a day the rate is a half, but of a solvent account the discount is its equity."""
    scene, world = remainder, remainder.world
    world.wait(DAY)
    world.set_price("BTC", 40_000)
    scene.price(1_800)
    equity = scene.equity()
    assert 0 < equity < 1_000 * WAD
    bid = scene.manager.bid
    arguments = scene.account, WAD, scene.purse, 1
    refused("default rules: discount below limit", bid, *arguments, 500_000, sender=scene.bidder)
    event = only(bid(*arguments, 1_000, sender=scene.bidder), scene.manager.RemainderSold)
    assert abs(event.discount - equity * event.fraction // WAD) <= 10**13
