"""Insolvency: recognised by whatever call sees it, money reserved, a window at mark, ways back."""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    INSOLVENT,
    SHORTFALL,
    UNIT,
    cash_parts,
    fill_funds,
    finish_window,
    only,
    parts_of,
    recognised,
    refused,
    tear_up,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import CLOSE_OUT_PRICE, DUST, INSOLVENT_PRICE, THIN_PRICE, Scene
from verification.engine.world import AUCTION, CALLED, HEALTHY, NEVER, WAD


@pytest.fixture
def scene(fast_world) -> Scene:
    """A healthy trader, and 3,000 in the insurance fund."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """The trader's insolvency was recognised at a shortfall of 1,100."""
    return recognised(fast_world)


def reserved(scene: Scene) -> tuple[int, ...]:
    """Return what is reserved for the account."""
    return tuple(scene.manager.reservation(scene.account))


# RECOGNITION --------------------------------------------------------------------------------------


def by_call(scene: Scene):
    """Somebody calls the account, and would like the reward."""
    scene.price(INSOLVENT_PRICE)
    return scene.call(scene.purse)


def by_open(scene: Scene):
    """Somebody opens its auction."""
    scene.price(INSOLVENT_PRICE)
    return scene.open_auction()


def by_open_after_call(scene: Scene):
    """It was called before."""
    scene.price(1_945)
    scene.call()
    scene.price(INSOLVENT_PRICE)
    return scene.open_auction()


def by_bid(scene: Scene):
    """A bidder takes a part of it in its auction, in which it became insolvent."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    return scene.manager.bid(scene.account, WAD // 10, scene.purse, sender=scene.bidder)


@pytest.mark.parametrize("step", [by_call, by_open, by_open_after_call, by_bid])
def test_every_call_recognises(scene, step):
    purse = scene.world.cash(scene.purse)
    event = only(step(scene), scene.manager.Insolvent)
    assert (event.account, event.equity) == (scene.account, -SHORTFALL * WAD)
    assert (event.torn_up, event.insurance) == (0, SHORTFALL * WAD)
    assert event.window_end == scene.world.chain.pending_timestamp + 600
    assert scene.stage() == INSOLVENT
    assert reserved(scene) == cash_parts(0, SHORTFALL, 0, 0)
    assert scene.world.insurance_fund.reserved() == SHORTFALL * WAD
    assert scene.world.cash(scene.purse) == purse, "nobody is rewarded out of the funds"


@pytest.mark.parametrize("step", ["call", "open"])
def test_little_equity_is_no_insolvency(scene, step):
    scene.price(THIN_PRICE)
    receipt = scene.call() if step == "call" else scene.open_auction()
    assert not receipt.events.filter(scene.manager.Insolvent)
    assert scene.stage() == (CALLED if step == "call" else AUCTION)
    assert reserved(scene) == (0, 0, 0, 0)


def test_recognised_once(insolvent):
    refused(
        "default manager: already called",
        insolvent.manager.call_margin,
        insolvent.account,
        0,
        sender=insolvent.stranger,
    )
    refused(
        "default manager: auction is open",
        insolvent.manager.open_auction,
        insolvent.account,
        sender=insolvent.stranger,
    )


def test_equity_of_nothing_is_insolvency(scene):
    """At equity 0 to the wei there is nothing to sell at a discount."""
    scene.price(1_901)
    assert scene.equity() == 0
    scene.open_auction()
    assert scene.stage() == INSOLVENT
    assert reserved(scene) == (0, 0, 0, 0)
    finish_window(scene.world)
    receipt = tear_up(scene)
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert (scene.stage(), scene.size()) == (HEALTHY, 0)


def test_a_wei_of_equity_is_no_insolvency(scene):
    """What the call at equity 0 recognises, one wei more opens again."""
    scene.price(1_902)
    scene.buy(-(10**12 + 1) / WAD, 1_902)  # gains that many wei at 1,901, and costs a fee of 10^12
    scene.price(1_900)
    scene.open_auction()
    assert scene.stage() == INSOLVENT
    scene.price(1_901)
    assert scene.equity() == 1
    refused(
        "default manager: account is solvent, reopen its auction",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        sender=scene.bidder,
    )
    event = only(scene.manager.reopen(scene.account, sender=scene.stranger), scene.manager.Reopened)
    assert event.equity == 1
    assert scene.stage() == AUCTION


def test_what_nothing_covers_is_torn_up_at_once(fast_world):
    """700 of 1,100 are there: 4/11 of the position closes in the same call, by a charge."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 700)
    fast_world.default_manager.set_waterfall(
        (600, 50_000, 86_400, 2_000_000, 10**6, 5_000_000, 10**6, 86_400), sender=fast_world.admin
    )
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    event = only(receipt, scene.manager.Insolvent)
    assert event.torn_up == -(-4 * WAD // 11)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == (0, 0, 0, 0, paid.shortfall, 0)
    assert abs(paid.shortfall - 400 * WAD) <= DUST
    assert abs(scene.size() - 100 * WAD * 7 // 11) <= DUST
    assert abs(scene.equity() + 700 * WAD) <= DUST
    assert reserved(scene) == cash_parts(0, 700, 0, 0)
    assert fast_world.conservation_error() < BOOK_DUST


def test_without_funds_nothing_waits(fast_world):
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.call()
    assert only(receipt, scene.manager.Insolvent).torn_up == WAD
    assert parts_of(only(receipt, scene.manager.ShortfallPaid)) == cash_parts(
        0, 0, 0, 0, SHORTFALL, 0
    )
    assert (scene.stage(), scene.size(), fast_world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert fast_world.clearinghouse.hole() == 0
    assert fast_world.conservation_error() < BOOK_DUST


def test_out_of_an_auction_without_a_bidder(scene):  # INV-13
    """Nobody has bid in its auction: a call that needs no money recognises the insolvency, once."""
    scene.auction_at(CLOSE_OUT_PRICE)
    opening = (scene.manager.open_auction, scene.account)
    refused("default manager: auction is open", *opening, sender=scene.stranger)
    scene.price(INSOLVENT_PRICE)
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert event.insurance == SHORTFALL * WAD
    assert scene.stage() == INSOLVENT
    refused("default manager: auction is open", *opening, sender=scene.stranger)


# RESERVATION --------------------------------------------------------------------------------------


def test_exits_of_the_funds_are_closed_while_it_stands(fast_world):
    scene = Scene.set(fast_world)
    fund, members = fast_world.insurance_fund, fast_world.default_fund
    member = fill_funds(scene, 1_000, 500, 800)
    fund.request_redeem(fund.balanceOf(scene.staker), sender=scene.staker)
    members.give_notice(members.shares_of(member, 0), members.shares_of(member, 1), sender=member)
    fast_world.wait(14 * 86_400 + 3_600)
    fund.cancel_request(sender=scene.staker)
    fund.request_redeem(fund.balanceOf(scene.staker), sender=scene.staker)
    members.cancel_notice(sender=member)
    members.give_notice(members.shares_of(member, 0), members.shares_of(member, 1), sender=member)
    fast_world.wait(7 * 86_400 + 60)
    assert fund.maxRedeem(scene.staker) != 0
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    assert fund.reserved() != 0
    assert members.reserved() != 0
    assert fund.maxRedeem(scene.staker) == 0
    shares = fund.locked_shares(scene.staker)
    refused(
        "fund: money is reserved",
        fund.redeem,
        shares,
        scene.staker,
        scene.staker,
        sender=scene.staker,
    )
    fast_world.wait(7 * 86_400)
    refused("fund: money is reserved", members.withdraw, member, sender=member)
    tear_up(scene)
    assert (fund.reserved(), members.reserved()) == (0, 0)
    members.withdraw(member, sender=member)
    assert fast_world.settlement.balanceOf(member) > 0


def test_exits_are_open_without_a_default(scene):
    fund = scene.world.insurance_fund
    fund.request_redeem(fund.balanceOf(scene.staker), sender=scene.staker)
    scene.world.wait(7 * 86_400)
    fund.redeem(fund.locked_shares(scene.staker), scene.staker, scene.staker, sender=scene.staker)
    assert scene.world.settlement.balanceOf(scene.staker) == 3_000 * 10**6


# WINDOW -------------------------------------------------------------------------------------------


def test_nobody_is_torn_up_in_the_window(insolvent):
    insolvent.world.wait(599)
    refused(
        "default manager: window is open",
        insolvent.manager.tear_up,
        [insolvent.account],
        sender=insolvent.stranger,
    )
    insolvent.world.wait(1)
    paid = only(tear_up(insolvent), insolvent.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, SHORTFALL, 0, 0, 0, 0)
    assert (insolvent.stage(), insolvent.size()) == (HEALTHY, 0)


def test_bid_at_mark(insolvent):  # INV-4
    """A bidder gets it at mark and nothing else; the funds pay the shortfall."""
    scene = insolvent
    wealth = scene.equity(scene.purse)
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    event = only(receipt, scene.manager.Bid)
    assert (event.fraction, event.discount, event.fee, event.ended) == (WAD, 0, 0, True)
    assert scene.equity(scene.purse) == wealth
    assert scene.size(scene.purse) == 100 * WAD
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, SHORTFALL, 0, 0, 0, 0)
    assert scene.world.insurance_fund.totalAssets() == (3_000 - SHORTFALL) * 10**6
    assert scene.world.clearinghouse.hole() == 0
    assert reserved(scene) == (0, 0, 0, 0)
    assert (scene.stage(), scene.world.cash(scene.account)) == (HEALTHY, 0)
    assert scene.world.conservation_error() < BOOK_DUST


def test_partial_bids(insolvent):
    """Two of them, then the rest is torn up: together as if it had been one."""
    scene = insolvent
    for fraction in (WAD // 4, WAD // 3):
        receipt = scene.manager.bid(scene.account, fraction, scene.purse, sender=scene.bidder)
        assert not receipt.events.filter(scene.manager.ShortfallPaid)
        assert abs(scene.equity() + SHORTFALL * WAD) <= DUST
        assert scene.stage() == INSOLVENT
        assert reserved(scene) == cash_parts(0, SHORTFALL, 0, 0)
    assert abs(scene.size() - 50 * WAD) < 100
    finish_window(scene.world)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert sum(parts_of(paid)) == paid.shortfall
    assert abs(paid.shortfall - SHORTFALL * WAD) <= DUST
    assert paid.insurance == paid.shortfall
    assert scene.world.conservation_error() < BOOK_DUST


def test_bid_straight_from_the_auction(scene):
    """One call from an auction into a solvent purse: split, sliced, paid, over."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    assert not receipt.events.filter(scene.manager.Insolvent)
    assert only(receipt, scene.manager.Bid).discount == 0
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, SHORTFALL, 0, 0, 0, 0)
    assert (scene.stage(), scene.size(scene.purse)) == (HEALTHY, 100 * WAD)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ((0, 0, 0, NEVER), "default rules: fraction is zero"),
        ((WAD, NEVER, 1, NEVER), "default rules: discount below limit"),
        ((WAD + 1, NEVER, 0, NEVER), "default rules: fraction above limit"),
        ((WAD, NEVER, 0, 0), "default rules: bid expired"),
    ],
)
def test_limits_of_a_bid(insolvent, limits, reason):
    fraction, least, discount, deadline = limits
    refused(
        reason,
        insolvent.manager.bid,
        insolvent.account,
        fraction,
        insolvent.purse,
        least,
        discount,
        deadline,
        sender=insolvent.bidder,
    )


def test_more_than_all_takes_all_when_the_bidder_accepts(insolvent):
    receipt = insolvent.manager.bid(
        insolvent.account, 2 * WAD, insolvent.purse, 1, sender=insolvent.bidder
    )
    assert only(receipt, insolvent.manager.Bid).fraction == WAD


def test_a_bidder_must_carry_what_he_takes(insolvent):  # INV-8
    world = insolvent.world
    poor = world.open(insolvent.bidder, 100)
    refused(
        "risk engine: below initial margin",
        insolvent.manager.bid,
        insolvent.account,
        WAD,
        poor,
        sender=insolvent.bidder,
    )
    refused(
        "default rules: not the bidder's account",
        insolvent.manager.bid,
        insolvent.account,
        WAD,
        insolvent.purse,
        sender=insolvent.stranger,
    )


# WAYS BACK ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["deposit", "price"])
def test_cured(insolvent, how):  # INV-10
    scene, world = insolvent, insolvent.world
    if how == "deposit":
        world.deposit(scene.trader, scene.account, 6_700)
    else:
        scene.price(1_957)
    refused(
        "default manager: equity below target",
        scene.manager.cure,
        scene.account,
        sender=scene.stranger,
    )
    if how == "deposit":
        world.deposit(scene.trader, scene.account, 200)
    else:
        scene.price(1_962)
    receipt = scene.manager.cure(scene.account, sender=scene.stranger)
    assert only(receipt, scene.manager.ReservationReleased).account == scene.account
    assert (scene.stage(), reserved(scene)) == (HEALTHY, (0, 0, 0, 0))
    assert world.insurance_fund.reserved() == 0
    assert scene.size() == 100 * WAD


def test_the_part_alone_recognises_nobody(insolvent):
    """Without the rulebook in front of it that judges the account, it may not touch the ledger."""
    part = insolvent.world.deployment.contracts["DefaultManagerInsolvency"]
    for function in (part.open_auction, part.call_margin):
        before = insolvent.world.clearinghouse.headers(insolvent.account)
        with pytest.raises(Reverted):
            function(insolvent.account, sender=insolvent.stranger)
        assert insolvent.world.clearinghouse.headers(insolvent.account) == before


def test_released_money_serves_the_next(insolvent):
    """What was reserved for one is there for another once that one is cured."""
    scene, world = insolvent, insolvent.world
    other = world.people["second trader"]
    scene.price(2_000)
    account = world.open(other, 10_000)
    world.trade((scene.maker, scene.book), (other, account), 100, 2_000)
    scene.price(1_872)  # 2,900 lacking: first 700 (1,800 of 3,000 may go to a market), then 1,800
    scene_free = scene.manager.reserved()[1]
    scene.manager.open_auction(account, sender=scene.stranger)
    assert scene_free == SHORTFALL * WAD
    assert scene.manager.reservation(account)[1] < 1_800 * WAD
    world.chain.mine(86_400)
    world.refresh()
    scene.price(2_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    scene.manager.cure(account, sender=scene.stranger)
    assert sum(scene.manager.reserved()) == 0
    scene.price(1_885)
    scene.open_auction()
    assert scene.manager.reservation(scene.account)[1] == 1_600 * WAD


def test_insolvency_view(insolvent):
    seen = insolvent.manager.insolvency(insolvent.account)
    assert (seen.shortfall, seen.positions, seen.max_fraction) == (SHORTFALL * WAD, True, WAD)
    assert seen.window_end == insolvent.world.chain.pending_timestamp + 600
    assert seen.remainder_discount == 0
    insolvent.price(1_905)
    seen = insolvent.manager.insolvency(insolvent.account)
    assert (seen.shortfall, seen.max_fraction) == (0, 0)
    assert seen.shortfall % UNIT == 0
