"""Derive DRV2-01: a deposit of dust into an account under auction made every bid revert.

Bids named an exact portion that the deposit, a moment earlier, had made too large. Here cash may
come from anyone at any time, and a bid that says how little it accepts goes through; nobody but the
owner can plant collateral, and no deposit ends an auction short of the target.
"""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene
from verification.engine.world import HEALTHY, WAD


@pytest.mark.parametrize("price", [CLOSE_OUT_PRICE, 1_902, INSOLVENT_PRICE])
@pytest.mark.parametrize("dust", ["0.000001", "1", "200"])
def test_no_deposit_blocks_a_bid(world, price, dust):
    scene = Scene.set(world)
    world.stake(scene.staker, 50_000)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()
    scene.price(price)
    seen = scene.manager.auction(scene.account).max_fraction
    world.deposit(scene.stranger, scene.account, dust)
    event = scene.bid(seen, 1)
    assert event.fraction <= seen
    assert event.ended
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize("step", ["call_margin", "open_auction", "tear_up"])
@pytest.mark.parametrize("dust", ["0.000001", "1", "200"])
def test_no_deposit_stops_the_end_of_an_insolvency(world, step, dust):
    """The first call that sees it closes everything; who paid in has paid for the fund."""
    scene = Scene.set(world)
    world.stake(scene.staker, 50_000)
    scene.price(INSOLVENT_PRICE)
    world.deposit(scene.stranger, scene.account, dust)
    target = [scene.account] if step == "tear_up" else scene.account
    getattr(scene.manager, step)(target, sender=scene.stranger)
    assert (scene.size(), world.cash(scene.account), scene.stage()) == (0, 0, HEALTHY)
    drawn = 50_000 * 10**6 - world.insurance_fund.totalAssets()
    assert drawn == 1_100 * 10**6 - world.units("USDC", dust)


def test_a_deposit_before_every_bid_only_saves_the_account(world):
    """Dust again and again: every bid passes, and whoever pays enough has simply paid."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()
    for _ in range(5):
        limit = scene.manager.auction(scene.account).max_fraction
        world.deposit(scene.stranger, scene.account, "0.01")
        assert scene.bid(limit // 4, 1).fraction == limit // 4
    assert scene.size() < 100 * WAD


@pytest.mark.parametrize("symbol", ["WETH", "WBTC"])
def test_strangers_plant_no_collateral(world, symbol):
    """A leg without a price, or an eighth one, would have to be sold too."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    units = world.fund(scene.stranger, symbol, 1)
    token = world.deployment.tokens[symbol]
    assert_reverts(
        "registry: not the account's owner",
        world.clearinghouse.deposit,
        scene.account,
        token,
        units,
        sender=scene.stranger,
    )
    world.deposit(scene.trader, scene.account, "0.00000001", symbol)
    assert scene.bid().ended
