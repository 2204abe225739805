"""Accounts whose markets were settled: a loss, perhaps some collateral, and no position to sell."""

from __future__ import annotations

from tests.procedure import (
    PPM,
    SHORTFALL,
    only,
    parts_of,
    settle,
    step_of,
    sunk,
    tear_up,
    without_limits,
)
from verification.engine.scenes import CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import AUCTION, HEALTHY, WAD

NOTHING, CALL, OPEN, BID, CURE, TEAR_UP, REMAINDER, WAIT = range(8)
INSURANCE, OWED = 3_000, SHORTFALL * WAD


def test_a_settled_loss_is_recognised_and_paid_at_once(fast_world):
    scene = Scene.set(fast_world)
    without_limits(fast_world)
    fast_world.stake(scene.staker, INSURANCE)
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    step = step_of(scene)
    assert (step.action, step.shortfall, step.insurance) == (TEAR_UP, OWED, OWED)
    assert step.uncovered == 0
    event = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert event.shortfall == OWED
    assert parts_of(event) == (0, 0, OWED, 0, 0, 0, 0)
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)


def test_what_belongs_to_no_market_has_a_limit_all_the_same(fast_world):
    """Of 3,000 one market may draw a quarter; the rest is nobody's to pay."""
    scene = Scene.set(fast_world)
    set_waterfall(fast_world, market_share=PPM // 4, total_share=PPM)
    fast_world.stake(scene.staker, INSURANCE)
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    drawn = INSURANCE * WAD // 4
    assert step_of(scene).insurance == drawn
    event = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert parts_of(event) == (0, 0, drawn, 0, 0, 0, OWED - drawn)
    assert fast_world.clearinghouse.hole() == OWED - drawn
    assert scene.manager.limit_used(0) == drawn


def test_an_auction_whose_market_was_settled_at_a_loss_ends_by_a_tear_up(fast_world):
    scene = sunk(fast_world)
    settle(scene)
    state = scene.manager.insolvency(scene.account)
    assert fast_world.cash(scene.account) > 0  # until the loss is converted
    assert (state.positions, state.max_fraction, state.remainder_discount) == (False, 0, 0)
    step = step_of(scene)
    assert (step.action, step.from_time) == (TEAR_UP, fast_world.chain.pending_timestamp)
    tear_up(scene)
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)


def test_a_profit_that_was_settled_leaves_nothing_to_bid_for(fast_world):
    scene = Scene.set(fast_world).auction_at(CLOSE_OUT_PRICE)
    assert fast_world.lens.accounts([scene.account])[0].biddable
    settle(scene)
    auction = scene.manager.auction(scene.account)
    assert (auction.stage, auction.max_fraction, auction.maintenance) == (AUCTION, 0, 0)
    assert auction.equity > 0
    seen = fast_world.lens.accounts([scene.account])[0]
    assert (seen.biddable, seen.curable) == (False, True)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_what_collateral_does_not_cover_is_paid_before_it_is_sold(fast_world):
    """There is nothing to close: what the collateral at mark does not cover is paid at once, and
    the collateral is sold for the rest."""
    scene = Scene.set(fast_world, WETH="0.1")
    fast_world.stake(scene.staker, INSURANCE)
    scene.price(INSOLVENT_PRICE)
    settle(scene)
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    lacking = OWED - 189 * WAD
    assert parts_of(paid) == (0, 0, lacking, 0, 0, 0, 0)
    assert scene.is_insolvent()
    assert fast_world.clearinghouse.hole() == 0
    scene.manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder)
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
