"""Clearinghouse.begin_wind_down: who begins it, and what it stops."""

from __future__ import annotations

import pytest

from tests.procedure import (
    SHORTFALL,
    UNIT,
    held,
    let_all_leave,
    long_after,
    name_guardian,
    only,
    refused,
    step_of,
)
from verification.engine.scenes import INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import BTC, ETH, NEVER, WAD

DAY = 86_400
PROOFS = 3 * DAY
REFUSED = "registry: winding down"
NOTHING, TEAR_UP = 0, 5
INSURANCE, OWED = 3_000, SHORTFALL * WAD


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def test_owner_at_any_time(scene):
    ledger = scene.world.clearinghouse
    reason = "wind down: hole is too small to wind down"
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
    event = only(ledger.begin_wind_down(sender=scene.world.admin), ledger.WindDownBegan)
    assert (event.hole, ledger.phase()) == (0, 1)
    refused(REFUSED, ledger.begin_wind_down, sender=scene.world.admin)


def test_anyone_above_the_share(fast_world):
    """A hole of more than 10 % of cash and hole, twice, with a day between."""
    scene = Scene.set(fast_world)
    ledger, token = fast_world.clearinghouse, fast_world.settlement
    let_all_leave(fast_world)
    out = held(fast_world) - 9 * 169_700 * 10**6 + 1
    ledger.withdraw(scene.book, token, out, scene.maker, sender=scene.maker)
    scene.price(200)
    long_after(fast_world)
    scene.call()  # 170,100 are lacking, 400 are charged: 169,700
    hole = ledger.hole()
    assert 0 < hole - (held(fast_world) * UNIT + hole) // 10 < UNIT
    # Whoever puts money in takes it out again at par: it changes the share, leaving does not.
    fast_world.deposit(scene.bidder, scene.purse, 1)
    reason = "wind down: hole is too small to wind down"
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
    ledger.withdraw(scene.purse, token, 10**6, scene.bidder, sender=scene.bidder)
    event = only(ledger.begin_wind_down(sender=scene.stranger), ledger.WindDownAnnounced)
    due = fast_world.chain.pending_timestamp + DAY
    assert (event.due, event.hole, ledger.wind_down_due(), ledger.phase()) == (due, hole, due, 0)
    fast_world.wait(DAY - 1)
    refused("wind down: not due yet", ledger.begin_wind_down, sender=scene.bidder)
    fast_world.wait(1)
    event = only(ledger.begin_wind_down(sender=scene.bidder), ledger.WindDownBegan)
    assert (event.hole, ledger.wind_down_began()) == (hole, fast_world.chain.pending_timestamp)


@pytest.fixture
def deep(fast_world) -> Scene:
    """A hole of 169,700 against 11 million, with a share of 1 %: anyone may begin."""
    scene = Scene.set(fast_world)
    scene.price(200)
    long_after(fast_world)
    scene.call()
    terms = 10_000, 1_000, PROOFS, 10_000, 100, WAD
    fast_world.clearinghouse.set_wind_down_terms(*terms, sender=fast_world.admin)
    return scene


def test_an_announcement_lapses(deep):
    """After a day in which nobody acted on it; another one begins anew."""
    world, ledger = deep.world, deep.world.clearinghouse
    ledger.begin_wind_down(sender=deep.stranger)
    world.wait(2 * DAY + 1)
    event = only(ledger.begin_wind_down(sender=deep.stranger), ledger.WindDownAnnounced)
    assert (event.due, ledger.phase()) == (world.chain.pending_timestamp + DAY, 0)
    world.wait(2 * DAY)
    ledger.begin_wind_down(sender=deep.stranger)
    assert ledger.phase() == 1


def test_the_hole_must_last(deep):
    """What filled it meanwhile, or a floor above it, ends the announcement's use."""
    world, ledger = deep.world, deep.world.clearinghouse
    reason = "wind down: hole is too small to wind down"
    ledger.begin_wind_down(sender=deep.stranger)
    world.wait(DAY)
    whole = -(-ledger.hole() // WAD)
    for floor, passes in ((whole, False), (whole - 1, True)):
        terms = 10_000, floor, PROOFS, 10_000, 100, WAD
        ledger.set_wind_down_terms(*terms, sender=world.admin)
        if passes:
            ledger.begin_wind_down(sender=deep.stranger)
        else:
            refused(reason, ledger.begin_wind_down, sender=deep.stranger)


def test_everything_else_is_refused(scene):
    """Nobody deposits, withdraws, trades, calls, bids, repays, lists or pauses any more."""
    world = scene.world
    ledger, manager, token = world.clearinghouse, scene.manager, world.settlement
    other = world.open(scene.trader)
    guardian = name_guardian(world)
    ledger.begin_wind_down(sender=world.admin)
    order = world.order(scene.maker, scene.book, 1, 2_000)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, 0)
    world.fund(scene.trader, "USDC", 1)
    by = {"sender": scene.trader}
    refused(REFUSED, ledger.deposit, scene.account, token, 10**6, **by)
    refused(REFUSED, ledger.withdraw, scene.account, token, 10**6, scene.trader, **by)
    refused(REFUSED, ledger.transfer, scene.account, other, token, 10**6, **by)
    refused(REFUSED, ledger.repay, scene.account, 1, **by)
    refused(REFUSED, ledger.recover, scene.account, **by)
    refused(REFUSED, ledger.collect_fees, ETH, **by)
    refused(REFUSED, ledger.list_market, 3, sender=world.admin)
    refused(REFUSED, ledger.pause, 0, 60, sender=guardian)
    refused(REFUSED, ledger.set_wind_down_terms, 10**5, 0, DAY, 0, 0, 0, sender=world.admin)
    with pytest.raises(Exception, match=REFUSED):
        world.exchange.fill(*fill, **by)
    scene.price(1_890)
    reason = "default rules: winding down"
    refused(reason, manager.call_margin, scene.account, 0, **by)
    refused(reason, manager.open_auction, scene.account, **by)
    refused(reason, manager.bid, scene.account, WAD, scene.purse, sender=scene.bidder)
    refused(reason, manager.tear_up, [scene.account], **by)
    world.settlement.approve(world.insurance_fund, NEVER, sender=scene.trader)
    with pytest.raises(Exception, match="fund: winding down"):
        world.insurance_fund.deposit(10**6, scene.trader, **by)


def test_proofs_begin_with_the_last_settled_market(scene):
    world = scene.world
    ledger, manager = world.clearinghouse, scene.manager
    reason = "wind down: no proofs now"
    scene.price(1_890)
    refused(reason, manager.prove_deficit, scene.account, 0, sender=scene.stranger)
    ledger.begin_wind_down(sender=world.admin)
    ledger.settle_market(ETH, sender=scene.stranger)
    refused(reason, manager.prove_deficit, scene.account, 0, sender=scene.stranger)
    event = only(ledger.settle_market(BTC, sender=scene.stranger), ledger.ProofsBegan)
    assert event.until == world.chain.pending_timestamp + PROOFS
    manager.prove_deficit(scene.account, 0, sender=scene.stranger)


def test_limits_of_the_funds_end_with_the_trading(ending):
    """Nothing is saved for later: nothing is held back, and nothing counts as drawn lately."""
    set_waterfall(ending.world, market_amount=0, total_amount=0, market_share=0, total_share=0)
    receipt = ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    assert only(receipt, ending.manager.DeficitPaid).insurance == 300 * WAD
    assert receipt.events.filter(ending.manager.LimitUsed) == []
    assert ending.manager.limit_used(0) == 0


def test_begins_with_proofs_when_every_market_is_settled(fast_world):
    """The last market that is settled while all goes on ends nothing; the wind-down then has
    nothing to settle."""
    ledger = fast_world.clearinghouse
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=fast_world.admin)
    refused(
        "wind down: no proofs now",
        scene.manager.prove_deficit,
        scene.account,
        sender=scene.stranger,
    )
    ledger.begin_wind_down(sender=fast_world.admin)
    scene.manager.prove_deficit(scene.account, sender=scene.stranger)
    assert ledger.hole() == OWED


def test_nothing_follows_in_a_wind_down_but_proofs(fast_world):
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == TEAR_UP
    fast_world.clearinghouse.begin_wind_down(sender=fast_world.admin)
    step = step_of(scene)
    assert (step.action, step.discount, step.max_fraction) == (NOTHING, 0, 0)
    assert step.shortfall == OWED
