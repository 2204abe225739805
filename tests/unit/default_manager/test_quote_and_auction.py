"""`DefaultManager.auction` and `quote`: the views a keeper decides by."""

from __future__ import annotations

from decimal import Decimal

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    INSOLVENT_PRICE,
    PPM,
    THIN_PRICE,
    Risk,
    cash_of,
    exact_fraction,
)
from verification.engine.world import AUCTION, CALLED, HEALTHY, WAD

SLACK = 10  # seconds that a few transactions may take


def assert_discount_at(scene, elapsed: int) -> None:
    """The discount is the linear one of this moment, give or take the blocks in between."""
    terms = scene.terms
    rise = terms.discount_end - terms.discount_start
    wanted = {
        terms.discount_start + rise * min(t, terms.duration) // terms.duration
        for t in range(elapsed, elapsed + SLACK)
    }
    assert scene.manager.auction(scene.account).discount in wanted


# AUCTION ------------------------------------------------------------------------------------------


def test_healthy_account_has_no_auction(scene):
    seen = scene.manager.auction(scene.account)
    assert (seen.stage, seen.since, seen.discount, seen.max_fraction) == (HEALTHY, 0, 0, 0)
    assert (seen.equity, seen.maintenance) == (scene.margin()[0], scene.margin()[2])


def test_called_account_shows_its_deadline(called_scene):
    seen = called_scene.manager.auction(called_scene.account)
    assert (seen.stage, seen.discount, seen.max_fraction) == (CALLED, 0, 0)
    left = seen.since - called_scene.world.now()
    assert abs(left - called_scene.terms.grace) < SLACK


def test_discount_rises_linearly_and_stays(auction_scene):
    scene, duration = auction_scene, auction_scene.terms.duration
    assert scene.manager.auction(scene.account).stage == AUCTION
    assert_discount_at(scene, 0)
    for _ in range(4):
        scene.world.wait(duration // 4)
    assert scene.manager.auction(scene.account).discount == scene.terms.discount_end
    scene.world.wait(30 * 86_400)
    assert scene.manager.auction(scene.account).discount == scene.terms.discount_end


@pytest.mark.parametrize("elapsed", [1, 450, 900, 1_350, 1_700])
def test_discount_on_the_way(auction_scene, elapsed):
    auction_scene.world.wait(elapsed)
    assert_discount_at(auction_scene, elapsed)


def test_limit_is_the_exact_solution(auction_scene):
    scene = auction_scene
    seen = scene.manager.auction(scene.account)
    risk = Risk.of(scene.world, "ETH-PERP", 100, CLOSE_OUT_PRICE)
    equity = cash_of(scene.world.cash(scene.account)) + 100 * (CLOSE_OUT_PRICE - 2_000)
    take = Decimal(seen.discount + scene.terms.fee) / PPM
    exact = exact_fraction(equity, risk, take, Decimal(scene.terms.target) / PPM)
    assert 0 < exact < 1
    assert abs(Decimal(seen.max_fraction) - exact * WAD) < DUST
    assert abs(cash_of(seen.maintenance) - risk.total) * WAD < DUST


def test_recovered_account_has_nothing_to_sell(auction_scene):  # INV-3
    assert auction_scene.manager.auction(auction_scene.account).max_fraction > 0
    auction_scene.price(1_955)
    seen = auction_scene.manager.auction(auction_scene.account)
    assert (seen.stage, seen.max_fraction) == (AUCTION, 0)


def test_doubtful_price_leaves_nothing_to_sell(auction_scene):
    auction_scene.world.set_price("ETH", CLOSE_OUT_PRICE, secondary=CLOSE_OUT_PRICE * 0.9)
    assert auction_scene.manager.auction(auction_scene.account).max_fraction == 0


def test_unknown_account_is_refused(scene):
    assert_reverts("ledger: unknown account", scene.manager.auction, 5, sender=scene.stranger)


# QUOTE --------------------------------------------------------------------------------------------


def test_quote_is_what_the_bid_does(auction_scene):
    scene = auction_scene
    scene.finish_ramp()  # the discount stands still: the view and the bid see the same
    half = scene.manager.auction(scene.account).max_fraction // 2
    quote = scene.manager.quote(scene.account, half)
    event = scene.bid(half)
    assert (event.fraction, event.discount, event.fee) == (half, quote.discount, quote.fee)
    equity, _, maintenance = scene.margin()
    assert abs(equity - quote.equity_after) < DUST
    assert abs(maintenance - quote.maintenance_after) < DUST


def test_charges_are_parts_of_the_maintenance_margin_sold(auction_scene):
    scene = auction_scene
    maintenance = scene.margin()[2]
    quote = scene.manager.quote(scene.account, WAD // 4)
    rate = scene.manager.auction(scene.account).discount
    assert quote.maintenance_sold == maintenance // 4
    assert quote.discount == quote.maintenance_sold * rate // PPM
    assert quote.fee == quote.maintenance_sold * scene.terms.fee // PPM


def test_charges_never_exceed_equity(scene):  # INV-4
    scene.auction_at(THIN_PRICE).finish_ramp()
    equity, _, maintenance = scene.margin()
    quote = scene.manager.quote(scene.account, WAD)
    assert equity < maintenance * (scene.terms.discount_end + scene.terms.fee) // PPM
    assert 0 < quote.discount + quote.fee <= equity
    assert quote.equity_after >= 0


def test_a_whole_sale_leaves_no_maintenance_margin(scene):
    scene.auction_at(THIN_PRICE).finish_ramp()
    assert scene.manager.quote(scene.account, WAD).fraction == WAD
    assert scene.manager.quote(scene.account, WAD).maintenance_after == 0
    assert scene.manager.quote(scene.account, WAD // 2).maintenance_after > 0


def test_no_discount_below_zero(scene):  # INV-4
    scene.world.stake(scene.staker, 5_000)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()
    scene.price(INSOLVENT_PRICE)
    quote = scene.manager.quote(scene.account, WAD)
    assert (quote.discount, quote.fee, quote.fraction) == (0, 0, WAD)
    assert quote.equity_after == scene.equity() < 0


def test_quote_reverts_as_a_bid_would(auction_scene):
    scene = auction_scene
    scene.finish_ramp()
    limit = scene.manager.auction(scene.account).max_fraction
    scene.manager.quote(scene.account, limit)

    def refused(reason: str, fraction: int) -> None:
        assert_reverts(
            reason,
            scene.manager.quote,
            scene.account,
            fraction,
            sender=scene.stranger,
        )

    refused("default rules: fraction above limit", limit + 1)
    refused("default rules: fraction is zero", 0)
    scene.price(1_955)
    refused("default rules: account is healthy", 1)


def test_no_quote_outside_an_auction(called_scene):
    assert_reverts(
        "auction rules: no auction",
        called_scene.manager.quote,
        called_scene.account,
        WAD,
        sender=called_scene.stranger,
    )
