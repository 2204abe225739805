"""What the Clearinghouse logs in a default: every field is what the books say afterwards."""

from __future__ import annotations

import pytest

from tests.procedure import (
    SHORTFALL,
    fill_funds,
    give,
    only,
    tear_up,
    without_limits,
)
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene
from verification.engine.world import AUCTION, BTC, CALLED, ETH, HEALTHY, INSOLVENT, WAD

WBTC = 1


def test_a_slice(fast_world):
    """Positions and collateral one by one, cash as one sum."""
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world, cash=6_000, WBTC=0.1)
    scene.auction_at(CLOSE_OUT_PRICE)
    receipt = scene.manager.bid(scene.account, WAD // 2, scene.purse, 1, sender=scene.bidder)
    bid = only(receipt, scene.manager.Bid)
    position = only(receipt, ledger.PositionSliced)
    assert (position.market, position.account, position.bidder) == (ETH, scene.account, scene.purse)
    assert position.size == scene.size(scene.purse) == 100 * bid.fraction
    assert (position.price, position.funding_index) == (
        CLOSE_OUT_PRICE * WAD,
        world.market().funding,
    )
    assert position.account_position == ledger.positions(scene.account, ETH)
    assert position.bidder_position == ledger.positions(scene.purse, ETH)
    collateral = only(receipt, ledger.CollateralSliced)
    assert (collateral.index, collateral.account) == (WBTC, scene.account)
    assert (collateral.bidder, collateral.price) == (scene.purse, 40_000 * WAD)
    assert collateral.amount == ledger.collateral(scene.purse, WBTC) > 0
    slice_ = only(receipt, ledger.Sliced)
    assert (slice_.account, slice_.bidder) == (scene.account, scene.purse)
    assert (slice_.discount, slice_.fee) == (bid.discount, bid.fee)
    assert slice_.account_cash == world.cash(scene.account)
    assert slice_.bidder_cash == world.cash(scene.purse)


def test_a_call_and_its_reward(fast_world):
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world)
    scene.price(CALL_PRICE)
    before = world.cash(scene.account)
    receipt = scene.call(scene.purse)
    paid = only(receipt, ledger.RewardPaid)
    assert (paid.account, paid.caller_account) == (scene.account, scene.purse)
    assert paid.reward == before - world.cash(scene.account) > 0
    assert paid.account_cash == world.cash(scene.account)
    assert paid.caller_cash == world.cash(scene.purse) == 1_000_000 * WAD + paid.reward
    stage = only(receipt, ledger.StageSet)
    assert (stage.account, stage.stage) == (scene.account, CALLED)
    assert stage.since == world.chain.pending_timestamp + scene.terms.grace  # the deadline


def test_stages_of_an_insolvency(fast_world):
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world)
    fill_funds(scene, 3_000)
    without_limits(world)
    scene.price(CLOSE_OUT_PRICE)
    receipts = [scene.open_auction()]
    began = world.chain.pending_timestamp
    scene.price(INSOLVENT_PRICE)
    receipts.append(scene.open_auction())
    events = [only(receipt, ledger.StageSet) for receipt in receipts]
    assert [event.account for event in events] == [scene.account] * 2
    assert [event.stage for event in events] == [AUCTION, HEALTHY]
    assert [event.since for event in events] == [began, 0]


def test_a_stage_that_stays(fast_world):
    """Collateral is left to be sold: insolvent from now on."""
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world, WETH=1)
    scene.price(1_700)
    event = only(tear_up(scene), ledger.StageSet)
    assert (event.account, event.stage) == (scene.account, INSOLVENT)
    assert event.since == world.chain.pending_timestamp


@pytest.mark.parametrize("reserve", [0, 400])
def test_a_loss_and_who_has_borne_it(fast_world, reserve):
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world)
    give(scene, reserve)
    without_limits(world)
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene)
    torn, closed, loss = (
        only(receipt, event) for event in (ledger.TornUp, ledger.ClosedOut, ledger.LossSettled)
    )
    assert (torn.market, torn.account, torn.size) == (ETH, scene.account, -100 * WAD)
    assert (torn.price, torn.value, torn.position) == (INSOLVENT_PRICE * WAD, -11_000 * WAD, 0)
    assert (closed.account, closed.cash) == (scene.account, -SHORTFALL * WAD)
    assert (loss.account, loss.reserve) == (scene.account, reserve * WAD)
    assert (loss.charged, loss.to_hole, loss.hole) == ((SHORTFALL - reserve) * WAD, 0, 0)
    assert loss.cash == world.cash(scene.account) == 0
    charge = only(receipt, ledger.SideCharged)
    assert (charge.market, charge.is_long, charge.amount) == (ETH, False, loss.charged)


@pytest.mark.parametrize("insurance", [3_000, 0])
def test_a_draw_and_the_debt_that_it_leaves(fast_world, insurance):
    """From whichever fund has paid."""
    world, ledger = fast_world, fast_world.clearinghouse
    scene = Scene.set(world)
    fill_funds(scene, insurance, 2_000, 2_000)
    without_limits(world)
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene)
    fund = world.insurance_fund if insurance else world.default_fund
    draw = only(receipt, ledger.DrawReceived)
    assert (draw.account, draw.fund) == (scene.account, fund.address)
    assert (draw.tokens, draw.paid) == (SHORTFALL * 10**6, SHORTFALL * WAD)
    assert draw.cash == world.cash(scene.account) == 0
    debt = only(receipt, ledger.DebtRecorded)
    assert (debt.account, debt.debts) == (scene.account, ledger.debts(scene.account))


def test_a_deficit(fast_world):
    """300 of 1,100 are there: the rest is the hole's. Those who show it get their part of that."""
    ledger, scene = fast_world.clearinghouse, Scene.set(fast_world)
    fast_world.stake(scene.staker, 300)
    scene.price(INSOLVENT_PRICE)
    hole = ledger.hole()
    ledger.begin_wind_down(sender=fast_world.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    receipt = scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.stranger)
    told, paid = (
        only(receipt, event) for event in (ledger.DeficitProven, scene.manager.DeficitPaid)
    )
    assert (told.account, told.caller_account) == (scene.account, scene.purse)
    assert (told.loss, told.reward) == (paid.to_hole, paid.reward)
    assert told.hole == ledger.hole() == hole + told.loss + told.reward
