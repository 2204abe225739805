"""Insolvency: whatever call sees it ends it, in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    UNIT,
    cash_parts,
    fill_funds,
    only,
    parts_of,
    refused,
    sunk,
    tear_up,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    INSOLVENT_PRICE,
    THIN_PRICE,
    Scene,
    crowd,
)
from verification.engine.world import AUCTION, BTC, CALLED, HEALTHY, INSOLVENT, NEVER, WAD

DAY = 86_400


@pytest.fixture
def scene(fast_world) -> Scene:
    """A healthy trader, and 3,000 in the insurance fund."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


@pytest.fixture
def insolvent(fast_world) -> Scene:
    """The trader went into auction, and is insolvent by 1,100 since."""
    return sunk(fast_world)


def bid(scene: Scene, fraction: int = WAD, *limits: int) -> Any:
    """Bid; return the receipt."""
    return scene.manager.bid(scene.account, fraction, scene.purse, *limits, sender=scene.bidder)


# RECOGNITION --------------------------------------------------------------------------------------


def by_call(scene: Scene):
    """Somebody calls the account."""
    scene.price(INSOLVENT_PRICE)
    return scene.call()


def by_call_for_a_reward(scene: Scene):
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


def by_open_in_auction(scene: Scene):
    """It was in auction before."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    return scene.open_auction()


def by_bid(scene: Scene):
    """A bidder takes a part of it in its auction, in which it became insolvent."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    return bid(scene, WAD // 10)


def by_tear_up(scene: Scene):
    """Somebody tears it up without more ado: it was never called."""
    scene.price(INSOLVENT_PRICE)
    return tear_up(scene)


def by_tear_up_after_call(scene: Scene):
    """It was called before, and its grace is not over."""
    scene.price(1_945)
    scene.call()
    scene.price(INSOLVENT_PRICE)
    return tear_up(scene)


STEPS = [
    by_call,
    by_call_for_a_reward,
    by_open,
    by_open_after_call,
    by_open_in_auction,
    by_bid,
    by_tear_up,
    by_tear_up_after_call,
]


@pytest.mark.parametrize("step", STEPS)
def test_every_call_ends_it(scene, step):  # INV-6
    world = scene.world
    purse = world.cash(scene.purse)
    receipt = step(scene)
    event = only(receipt, scene.manager.Insolvent)
    assert (event.account, event.equity) == (scene.account, -SHORTFALL * WAD)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, SHORTFALL, 0, 0, 0, 0)
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.insurance_fund.totalAssets() == (3_000 - SHORTFALL) * 10**6
    assert world.clearinghouse.hole() == 0
    assert world.cash(scene.purse) == purse, "nobody is rewarded out of the funds"
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("step", ["call", "open"])
def test_little_equity_is_no_insolvency(scene, step):
    scene.price(THIN_PRICE)
    receipt = scene.call() if step == "call" else scene.open_auction()
    assert not receipt.events.filter(scene.manager.Insolvent)
    assert scene.stage() == (CALLED if step == "call" else AUCTION)
    assert scene.size() == 100 * WAD
    refused(
        "default manager: account is solvent",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )


def test_nothing_is_left_to_do(insolvent):
    scene, by = insolvent, {"sender": insolvent.stranger}
    tear_up(scene)
    healthy = "default rules: account is healthy"
    refused(healthy, scene.manager.call_margin, scene.account, 0, **by)
    refused(healthy, scene.manager.open_auction, scene.account, **by)
    refused(healthy, scene.manager.tear_up, [scene.account], **by)
    refused("default manager: no call to cure", scene.manager.cure, scene.account, **by)
    refused(
        "auction rules: no auction",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        sender=scene.bidder,
    )


def test_equity_of_nothing_is_insolvency(scene):
    """At equity 0 to the wei there is nothing to sell at a discount."""
    scene.price(1_901)
    assert scene.equity() == 0
    receipt = scene.open_auction()
    assert only(receipt, scene.manager.Insolvent).equity == 0
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert (scene.stage(), scene.size()) == (HEALTHY, 0)
    assert not scene.world.header(scene.account).is_indebted


def test_a_wei_of_equity_is_no_insolvency(scene):
    """What ends an account at equity 0 only opens an auction at one wei more."""
    scene.price(1_902)
    scene.buy(-(10**12 + 1) / WAD, 1_902)  # gains that many wei at 1,901, and costs a fee of 10^12
    scene.price(1_901)
    assert scene.equity() == 1
    refused(
        "default manager: account is solvent",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    scene.open_auction()
    assert scene.stage() == AUCTION


def test_without_funds_the_other_side_pays(fast_world):
    scene = Scene.set(fast_world)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.call()
    assert parts_of(only(receipt, scene.manager.ShortfallPaid)) == cash_parts(
        0, 0, 0, 0, 0, SHORTFALL, 0
    )
    assert (scene.stage(), scene.size(), fast_world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert fast_world.clearinghouse.hole() == 0
    assert fast_world.conservation_error() < BOOK_DUST


def test_out_of_an_auction_without_a_bidder(scene):  # INV-13
    """Nobody has bid in its auction: a call that needs no money ends it."""
    scene.auction_at(CLOSE_OUT_PRICE)
    opening = (scene.manager.open_auction, scene.account)
    refused("default manager: auction is open", *opening, sender=scene.stranger)
    scene.price(INSOLVENT_PRICE)
    assert only(scene.open_auction(), scene.manager.ShortfallPaid).insurance == SHORTFALL * WAD
    assert scene.stage() == HEALTHY


def test_exits_of_the_funds_are_never_closed(scene):
    """Between two blocks nothing is under way that anybody could wait for."""
    world, fund = scene.world, scene.world.insurance_fund
    scene.auction_at(CLOSE_OUT_PRICE)
    fund.request_redeem(fund.balanceOf(scene.staker), sender=scene.staker)
    world.wait(7 * DAY)
    scene.price(INSOLVENT_PRICE)
    fund.redeem(fund.locked_shares(scene.staker), scene.staker, scene.staker, sender=scene.staker)
    assert world.settlement.balanceOf(scene.staker) == 3_000 * 10**6


def test_the_part_alone_ends_nobody(insolvent):
    """Without the rulebook in front of it that judges the account, it may not touch the ledger."""
    part = insolvent.world.deployment.contracts["DefaultManagerInsolvency"]
    before = insolvent.world.clearinghouse.headers(insolvent.account)
    for function, argument in (
        (part.open_auction, insolvent.account),
        (part.call_margin, insolvent.account),
        (part.tear_up, [insolvent.account]),
    ):
        with pytest.raises(Reverted):
            function(argument, sender=insolvent.stranger)
    assert insolvent.world.clearinghouse.headers(insolvent.account) == before


# BIDS ---------------------------------------------------------------------------------------------


def test_bid_at_mark(insolvent):  # INV-4
    """A bidder gets it at mark and nothing else; the funds pay the shortfall."""
    scene = insolvent
    wealth = scene.equity(scene.purse)
    receipt = bid(scene)
    event = only(receipt, scene.manager.Bid)
    assert (event.fraction, event.discount, event.fee, event.ended) == (WAD, 0, 0, True)
    assert scene.equity(scene.purse) == wealth
    assert scene.size(scene.purse) == 100 * WAD
    assert not receipt.events.filter(scene.world.clearinghouse.TornUp)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, SHORTFALL, 0, 0, 0, 0)
    assert (scene.stage(), scene.world.cash(scene.account)) == (HEALTHY, 0)
    assert scene.world.conservation_error() < BOOK_DUST


def test_what_is_not_taken_is_torn_up(insolvent):
    """A quarter goes to the bidder, three quarters close against the SHORT side."""
    scene, world = insolvent, insolvent.world
    wealth = scene.equity(scene.book)
    receipt = bid(scene, WAD // 4)
    assert tuple(receipt.return_value) == (WAD // 4, 0)
    assert scene.size(scene.purse) == 25 * WAD
    assert only(receipt, world.clearinghouse.TornUp).size == -75 * WAD
    assert abs(world.market().short.pairs[-1][0] - WAD // 4) <= 1
    assert abs(scene.equity(scene.book) - wealth) <= DUST
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 0, SHORTFALL, 0, 0, 0, 0)
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ((0, 0, 0, NEVER), "default rules: fraction is zero"),
        ((WAD, NEVER, 1, NEVER), "default rules: discount below limit"),
        ((WAD + 1, NEVER, 0, NEVER), "default rules: fraction above limit"),
        ((WAD + 1, WAD + 1, 0, NEVER), "default rules: fraction above limit"),
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


@pytest.mark.parametrize("least", [1, WAD])
def test_more_than_all_takes_all_when_the_bidder_accepts(insolvent, least):
    assert only(bid(insolvent, 2 * WAD, least), insolvent.manager.Bid).fraction == WAD


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


def test_bids_need_an_auction(scene):
    """Before one nobody may choose to be the one who takes the positions."""
    for price, step in ((2_000, None), (1_945, scene.call)):
        scene.price(price)
        if step:
            step()
        scene.price(INSOLVENT_PRICE)
        refused(
            "auction rules: no auction",
            scene.manager.bid,
            scene.account,
            WAD,
            scene.purse,
            sender=scene.bidder,
        )


@pytest.mark.parametrize(("insurance", "is_sold"), [(1_834, True), (1_833, False)])
def test_nothing_is_sold_unless_all_is_covered(fast_world, insurance, is_sold):  # INV-6
    """60 % of 1,834 are 1,100 and something, of 1,833 a hair less: then the bidder gets nothing,
    asks for nothing, and the call ends the account all the same."""
    scene = sunk(fast_world, insurance)
    receipt = bid(scene)
    assert tuple(receipt.return_value) == (WAD if is_sold else 0, 0)
    assert bool(receipt.events.filter(scene.manager.Bid)) == is_sold
    assert scene.size(scene.purse) == (100 * WAD if is_sold else 0)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert sum(parts_of(paid)) == paid.shortfall == SHORTFALL * WAD
    assert (paid.charged == 0) == is_sold
    assert (scene.stage(), scene.size(), fast_world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert fast_world.conservation_error() < BOOK_DUST


def test_who_has_won_cannot_bid_himself_out_of_the_charge(fast_world):  # INV-11
    """The maker is SHORT with others and would take the LONG over, to hold nothing and pay
    nothing. With nothing in the funds he gets none of it and pays by his shares."""
    scene = Scene.set(fast_world, size=0)
    other, _ = crowd(scene, [-60, 60])
    scene.buy(100)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    before = [scene.equity(account) for account in (scene.book, other.account)]
    receipt = scene.manager.bid(scene.account, WAD, scene.book, sender=scene.maker)
    assert tuple(receipt.return_value) == (0, 0)
    after = [scene.equity(account) for account in (scene.book, other.account)]
    lost = [b - a for a, b in zip(after, before, strict=True)]
    for got, size in zip(lost, (100, 60), strict=True):
        assert abs(got - SHORTFALL * WAD * size // 160) <= DUST
    assert only(receipt, scene.manager.ShortfallPaid).charged == SHORTFALL * WAD


# WAYS BACK ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["deposit", "price"])
def test_cured_before_anybody_has_looked(insolvent, how):  # INV-10
    scene, world = insolvent, insolvent.world
    equity, _, maintenance = scene.margin()
    lacking = -(-(maintenance - equity) // UNIT) - 1  # a token unit less than what it takes
    if how == "deposit":
        world.deposit(scene.trader, scene.account, lacking / 10**6)
    else:
        scene.price(1_948)
    refused(
        "default manager: equity below maintenance",
        scene.manager.cure,
        scene.account,
        sender=scene.stranger,
    )
    if how == "deposit":
        world.deposit(scene.trader, scene.account, "0.000001")
    else:
        scene.price(1_949)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert (scene.stage(), scene.size()) == (HEALTHY, 100 * WAD)
    assert world.insurance_fund.totalAssets() == 3_000 * 10**6


def left_insolvent(world: Any) -> Scene:
    """LONG ETH, which is torn up, and BTC, which has no price and stays."""
    scene = Scene.set(world, cash=12_000)
    fill_funds(scene, 30_000)
    scene.buy(0.5, 40_000, BTC)
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    scene.open_auction()
    assert (scene.stage(), scene.size()) == (INSOLVENT, 0)
    assert scene.size(market=BTC) == WAD // 2
    return scene


def test_positions_that_were_in_doubt_go_to_an_auction_if_there_is_equity(fast_world):
    """Left in insolvency; with a price again and a little equity it is an auction like any."""
    world = fast_world
    scene = left_insolvent(world)
    opening = (scene.manager.open_auction, scene.account)
    refused("default manager: auction is open", *opening, sender=scene.stranger)  # no price yet
    world.deposit(scene.stranger, scene.account, 1_000)
    world.set_price("BTC", 39_000)
    equity, _, maintenance = scene.margin()
    while not 0 < equity < maintenance:
        world.deposit(scene.stranger, scene.account, 50)
        equity, _, maintenance = scene.margin()
    checkpoint = world.chain.snapshot()
    refused(
        "default manager: account is solvent",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    event = only(scene.open_auction(), scene.manager.AuctionOpened)
    assert (event.account, event.equity) == (scene.account, equity)
    assert scene.stage() == AUCTION
    assert scene.manager.auction(scene.account).discount == scene.terms.discount_start
    refused("default manager: auction is open", *opening, sender=scene.stranger)
    scene.finish_ramp()
    world.set_price("BTC", 39_000)
    scene.bid()
    assert scene.size(scene.purse, BTC) > 0
    world.chain.restore(checkpoint)
    world.set_price("BTC", 36_000)
    paid = only(scene.open_auction(), scene.manager.ShortfallPaid)
    assert paid.shortfall > 0
    assert (scene.stage(), scene.size(market=BTC)) == (HEALTHY, 0)


def test_cured_out_of_insolvency_at_maintenance(fast_world):
    scene = left_insolvent(fast_world)
    fast_world.deposit(scene.trader, scene.account, 20_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert (scene.stage(), scene.size(market=BTC)) == (HEALTHY, WAD // 2)


def test_insolvency_view(insolvent):
    """Before anybody has looked nothing is for sale; nor is there afterwards."""
    seen = insolvent.manager.insolvency(insolvent.account)
    assert (seen.shortfall, seen.positions, seen.max_fraction) == (SHORTFALL * WAD, True, 0)
    assert seen.remainder_discount == 0
    insolvent.price(1_905)
    seen = insolvent.manager.insolvency(insolvent.account)
    assert (seen.shortfall, seen.max_fraction) == (0, 0)
    assert seen.shortfall % UNIT == 0
