"""`DefaultManager.bid`: how much is sold, for how much, to whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    HEALTHY_PRICE,
    PPM,
    THIN_PRICE,
    Risk,
    Scene,
    cash_of,
    exact_fraction,
    set_market_risk,
    set_terms,
)
from verification.engine.world import AUCTION, CROSS, ETH, HEALTHY, ISOLATED, TRADE, WAD, WITHDRAW

FEW_WEI = 100  # roundings of a handful of legs


def refused(scene: Scene, reason: str, *args: int, sender=None, purse: int | None = None) -> None:
    """A bid of these arguments after the account is refused and changes nothing."""
    fraction, *limits = args or (WAD, 1)
    before = scene.stage(), scene.world.header(scene.account), scene.size()
    assert_reverts(
        reason,
        scene.manager.bid,
        scene.account,
        fraction,
        purse or scene.purse,
        *limits,
        sender=sender or scene.bidder,
    )
    assert (scene.stage(), scene.world.header(scene.account), scene.size()) == before


def limit_of(scene: Scene) -> int:
    """Return f* as the view says."""
    return scene.manager.auction(scene.account).max_fraction


# HOW MUCH -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [None, 0, 40_000 * 10**6], ids=["configured", "none", "steep"])
@pytest.mark.parametrize("ramp", [0, 40, 120])
def test_partial_bid_restores_the_target_exactly(scene, slope, ramp):
    """f* against an independent solution; afterwards equity is the target times MM."""
    world = scene.world
    price = CLOSE_OUT_PRICE
    risk = Risk.of(world, "ETH-PERP", 100, price, slope)
    if slope is not None:
        set_market_risk(world, "ETH-PERP", slope=slope)
    scene.auction_at(price)
    world.wait(ramp)

    equity = cash_of(world.cash(scene.account)) + 100 * (price - 2_000)
    event = scene.bid()
    take = Decimal(event.discount_rate + scene.terms.fee) / PPM
    target = Decimal(scene.terms.target) / PPM
    exact = exact_fraction(equity, risk, take, target)
    assert 0 < exact < 1
    assert abs(Decimal(event.fraction) - exact * WAD) < DUST
    after, _, maintenance = scene.margin()
    assert abs(after - target * maintenance) < DUST
    assert event.ended
    assert scene.stage() == HEALTHY


def test_several_partial_bids_end_the_auction(auction_scene):  # INV-5
    scene = auction_scene
    scene.finish_ramp()
    ratios = [scene.ratio()]
    for _ in range(3):
        event = scene.bid(limit_of(scene) // 3)
        ratios.append(scene.ratio())
        assert not event.ended
        assert scene.stage() == AUCTION
    assert ratios == sorted(set(ratios))
    assert scene.bid().ended
    assert scene.stage() == HEALTHY
    assert scene.size() > 0


def test_half_a_bid_sells_half_of_the_position(auction_scene):
    event = auction_scene.bid(WAD // 10)
    assert event.fraction == WAD // 10
    assert auction_scene.size() == 90 * WAD
    assert auction_scene.size(auction_scene.purse) == 10 * WAD


def test_fraction_zero_is_refused(auction_scene):
    refused(auction_scene, "default rules: fraction is zero", 0)
    refused(auction_scene, "default rules: fraction is zero", 0, 0)
    auction_scene.bid(1)


def test_fraction_above_the_limit_is_refused(auction_scene):
    auction_scene.finish_ramp()
    limit = limit_of(auction_scene)
    refused(auction_scene, "default rules: fraction above limit", limit + 1)
    assert auction_scene.bid(limit).ended


def test_min_fraction_takes_what_is_left(auction_scene):
    auction_scene.finish_ramp()
    limit = limit_of(auction_scene)
    refused(auction_scene, "default rules: fraction above limit", WAD, limit + 1)
    assert auction_scene.bid(WAD, limit).fraction == limit


def test_fraction_below_the_limit_is_taken_as_asked(auction_scene):
    assert auction_scene.bid(WAD // 50, 1).fraction == WAD // 50


@pytest.mark.parametrize("ramp", [0, 120])
def test_everything_goes_when_equity_does_not_cover_the_charges(scene, ramp):
    """E <= (d + fee) * M: no fraction could restore the target."""
    scene.auction_at(THIN_PRICE)
    scene.world.wait(ramp)
    equity, _, maintenance = scene.margin()
    assert 0 < equity <= maintenance * 50_000 // PPM
    event = scene.bid()
    assert event.fraction == WAD
    assert 0 < event.discount + event.fee <= equity  # INV-4
    assert scene.size() == 0
    assert scene.stage() == HEALTHY
    assert 0 <= scene.world.cash(scene.account) < DUST
    assert scene.world.clearinghouse.hole() == 0


def test_just_enough_equity_leaves_a_rest(scene):
    """E > (d + fee) * M at the start of the ramp: partial; at its end: everything."""
    scene.auction_at(1_906)
    equity, _, maintenance = scene.margin()
    assert maintenance * 50_000 // PPM < equity < maintenance * 510_000 // PPM
    assert limit_of(scene) < WAD
    scene.finish_ramp()
    assert limit_of(scene) == WAD


@pytest.mark.parametrize(("dust", "whole"), [(0, False), (6, False), (10, True)])
def test_dust_is_sold_along(world, dust, whole):
    """A rest with less MM than the dust term would never be worth a keeper's gas."""
    set_terms(world, dust=dust)
    scene = Scene.set(world, size=0.25, cash=60)
    scene.price(1_796)
    equity, _, maintenance = scene.margin()
    assert 0 < equity < maintenance
    scene.call()
    scene.world.wait(scene.terms.grace + 1)
    scene.open_auction()
    event = scene.bid()
    assert (event.fraction == WAD) is whole
    assert (scene.size() == 0) is whole
    if not whole:
        assert scene.margin()[2] > 6 * WAD


# FOR HOW MUCH -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ramp", [0, 70, 120, 9_999])
def test_bidder_gets_the_discount_and_the_protocol_the_fee(auction_scene, ramp):
    scene, world = auction_scene, auction_scene.world
    world.wait(ramp)
    maintenance = scene.margin()[2]
    wealth, equity, fees = (
        scene.equity(scene.purse),
        scene.equity(),
        world.clearinghouse.reserve(),
    )
    event = scene.bid(WAD // 5)
    sold = maintenance // 5
    assert event.discount == sold * event.discount_rate // PPM
    assert event.fee == sold * scene.terms.fee // PPM
    assert abs(scene.equity(scene.purse) - wealth - event.discount) < FEW_WEI
    assert abs(equity - scene.equity() - event.discount - event.fee) < FEW_WEI
    assert world.clearinghouse.reserve() - fees == event.fee
    assert world.conservation_error() == 0


def test_slice_moves_at_mark(auction_scene):
    """What the account bought at 2,000 the bidder holds as if bought at mark."""
    scene = auction_scene
    event = scene.bid(WAD // 5)
    assert scene.world.position(scene.purse) == (20 * WAD, 20 * CLOSE_OUT_PRICE * WAD)
    assert scene.world.cash(scene.purse) == 1_000_000 * WAD + event.discount


def test_bid_of_the_same_owner_gains_nothing(auction_scene):  # INV-9
    """Discount from one pocket to the other, and the fee is gone."""
    scene = auction_scene
    twin = scene.world.open(scene.trader, 100_000)
    before = scene.equity() + scene.equity(twin)
    receipt = scene.manager.bid(scene.account, WAD, twin, 1, sender=scene.trader)
    (event,) = receipt.events.filter(scene.manager.Bid)
    after = scene.equity() + scene.equity(twin)
    assert event.fee > 0
    assert after <= before - event.fee
    assert before - event.fee - after < FEW_WEI


# LIMITS OF THE BIDDER -----------------------------------------------------------------------------


def test_discount_below_the_bidders_limit(auction_scene):
    scene = auction_scene
    refused(scene, "default rules: discount below limit", WAD, 1, 100_000)
    scene.world.wait(60)
    scene.bid(WAD, 1, 100_000)


def test_bidder_may_ask_for_exactly_the_rate_shown(auction_scene):
    scene = auction_scene
    scene.finish_ramp()
    rate = scene.manager.auction(scene.account).discount
    refused(scene, "default rules: discount below limit", WAD, 1, rate + 1)
    scene.bid(WAD, 1, rate)


def test_thin_equity_pays_less_than_the_rate_shown(scene):
    """A limit protects the bidder when equity does not cover the full discount."""
    scene.auction_at(THIN_PRICE).finish_ramp()
    rate = scene.manager.auction(scene.account).discount
    refused(scene, "default rules: discount below limit", WAD, 1, rate // 2)
    scene.bid(WAD, 1, 0)


def test_deadline(auction_scene):
    now = auction_scene.world.now()
    refused(auction_scene, "default rules: bid expired", WAD, 1, 0, now - 1)
    auction_scene.bid(WAD, 1, 0, now + 600)


def test_dust_of_a_front_runner_blocks_nobody(auction_scene):
    """A deposit just before lowers f*: all or nothing fails, a keeper's bid passes."""
    scene = auction_scene
    scene.finish_ramp()
    seen = limit_of(scene)
    scene.world.deposit(scene.stranger, scene.account, "0.000001")
    refused(scene, "default rules: fraction above limit", seen)
    event = scene.bid(seen, seen // 2)
    assert event.fraction < seen
    assert event.ended


# WHEN ---------------------------------------------------------------------------------------------


def test_no_bid_without_an_auction(scene):
    refused(scene, "auction rules: no auction")


def test_no_bid_under_a_call(called_scene):
    refused(called_scene, "auction rules: no auction")


def test_no_bid_for_an_unknown_account(scene):
    assert_reverts(
        "ledger: unknown account",
        scene.manager.bid,
        77,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )


def test_recovered_account_is_not_sold(auction_scene):  # INV-3
    """Between MM and the target the auction stays open and sells nothing."""
    scene = auction_scene
    scene.price(1_955)
    assert 1 < scene.ratio() < Decimal("1.25")
    refused(scene, "default rules: account is healthy")
    scene.price(CLOSE_OUT_PRICE)
    scene.bid()


def test_ended_auction_is_over(auction_scene):
    auction_scene.bid()
    refused(auction_scene, "auction rules: no auction")


def test_price_in_doubt_sells_nothing(auction_scene):
    scene = auction_scene
    scene.world.set_price("ETH", CLOSE_OUT_PRICE, secondary=2_000)
    refused(scene, "default rules: account is healthy")  # at the higher answer
    scene.world.set_price("ETH", CLOSE_OUT_PRICE, secondary=1_700)
    refused(scene, "default rules: price not valid")  # unhealthy at both, but solvent at one
    scene.price(CLOSE_OUT_PRICE)
    scene.bid()


# TO WHOM ------------------------------------------------------------------------------------------


def test_bidder_must_own_the_account_he_bids_for(auction_scene):
    scene = auction_scene
    refused(scene, "default rules: not the bidder's account", WAD, 1, sender=scene.stranger)


def test_operator_with_trade_may_bid(auction_scene):
    scene = auction_scene
    ledger = scene.world.clearinghouse
    ledger.set_operator(scene.stranger, WITHDRAW, sender=scene.bidder)
    refused(scene, "default rules: not the bidder's account", WAD, 1, sender=scene.stranger)
    ledger.set_operator(scene.stranger, TRADE, sender=scene.bidder)
    scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.stranger)
    assert scene.size(scene.purse) > 0


def test_bidder_account_must_exist(auction_scene):
    refused(auction_scene, "default rules: not the bidder's account", purse=auction_scene.purse + 1)


def test_account_cannot_bid_for_itself(auction_scene):
    scene = auction_scene
    refused(scene, "ledger: account under a call", sender=scene.trader, purse=scene.account)


def test_bidder_must_meet_initial_margin_afterwards(auction_scene):  # INV-8
    scene = auction_scene
    poor = scene.world.open(scene.bidder, 1_000)
    refused(scene, "risk engine: below initial margin", purse=poor)
    scene.world.deposit(scene.bidder, poor, 5_000)
    scene.bid(purse=poor)
    equity, initial, _ = scene.margin(poor)
    assert equity >= initial


def test_bidder_under_a_call_takes_nothing(auction_scene):
    """Not even what would reduce their own risk: orders and bids wait for the cure."""
    scene, world = auction_scene, auction_scene.world
    scene.price(2_000)
    weak = world.open(scene.bidder, 10_000)
    world.trade((scene.maker, scene.book), (scene.bidder, weak), 100, 2_000)
    scene.price(CLOSE_OUT_PRICE)
    scene.manager.call_margin(weak, sender=scene.stranger)
    refused(scene, "ledger: account under a call", purse=weak)
    scene.bid()


def test_isolated_bidder_takes_his_own_market_only(auction_scene):
    scene, world = auction_scene, auction_scene.world
    elsewhere = world.open(scene.bidder, 100_000, mode=ISOLATED, market=2)
    refused(scene, "trading: isolated to another market", purse=elsewhere)
    here = world.open(scene.bidder, 100_000, mode=ISOLATED, market=ETH)
    scene.bid(purse=here)
    assert scene.size(here) > 0


@pytest.mark.parametrize("mode", [CROSS, ISOLATED])
def test_isolated_only_market_never_blocks_a_bid(world, mode):
    """INV-13: who may open a position there and who may take one over are two questions."""
    scene = Scene.set(world, mode=ISOLATED, market=ETH)
    set_market_risk(world, "ETH-PERP", isolated_only=True)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.bid(purse=world.open(scene.bidder, 100_000, mode=mode, market=ETH * (mode == ISOLATED)))
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize("size", [-30, -500], ids=["flips", "reduces"])
def test_bidder_with_the_opposite_position_nets_it(auction_scene, size):
    scene, world = auction_scene, auction_scene.world
    world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), size, CLOSE_OUT_PRICE)
    before = scene.size(scene.purse)
    event = scene.bid()
    sold = 100 * WAD - scene.size()
    assert scene.size(scene.purse) == before + sold != before
    assert event.discount > 0
    assert world.conservation_error() == 0


@pytest.mark.parametrize("mode", [CROSS, ISOLATED])
def test_bid_ends_in_the_same_place_in_both_modes(world, mode):
    scene = Scene.set(world, mode=mode, market=ETH if mode == ISOLATED else 0)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.bid()
    assert abs(scene.ratio() - Decimal("1.25")) < Decimal("1e-12")


def test_short_is_sold_the_same_way(world):
    scene = Scene.set(world, size=-100)
    scene.auction_at(2_080)
    ratio = scene.ratio()
    event = scene.bid()
    assert 0 < event.fraction < WAD
    assert scene.size() < 0 < -scene.size(scene.purse)
    assert scene.ratio() > ratio
    assert abs(scene.ratio() - Decimal("1.25")) < Decimal("1e-12")
    assert scene.stage() == HEALTHY


def test_healthy_neighbour_of_the_same_owner_is_untouched(scene):
    """Losses of an account stop at the account."""
    other = scene.world.open(scene.trader, 777)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.bid()
    assert scene.world.cash(other) == 777 * WAD
    scene.price(HEALTHY_PRICE)
    assert scene.world.cash(other) == 777 * WAD


def test_without_discount_and_fee_a_bid_costs_nobody_anything(auction_scene):
    """A ramp that begins at 0, on its first second."""
    scene, world = auction_scene, auction_scene.world
    set_terms(world, discount_start=0, fee=0)
    quote = scene.manager.quote(scene.account, WAD // 2)
    rate = scene.manager.auction(scene.account).discount
    event = scene.bid(WAD // 2)
    assert (rate, quote.discount, quote.fee) == (0, 0, 0) or rate > 0
    assert event.fee == 0
