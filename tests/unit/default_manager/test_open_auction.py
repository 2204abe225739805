"""`DefaultManager.open_auction`: after a missed deadline, or at once below the close-out margin."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import (
    CALL_PRICE,
    CLOSE_OUT_PRICE,
    HEALTHY_PRICE,
    INSOLVENT_PRICE,
    PPM,
    THIN_PRICE,
    Scene,
    set_terms,
)
from verification.engine.world import HEALTHY, NEVER, WAD


def assert_not_opened(scene: Scene, reason: str) -> None:
    """Opening is refused."""
    stage = scene.stage()
    assert_reverts(reason, scene.manager.open_auction, scene.account, sender=scene.stranger)
    assert scene.stage() == stage


# WITH GRACE ---------------------------------------------------------------------------------------


def test_no_auction_before_the_deadline(called_scene):
    assert_not_opened(called_scene, "default manager: grace not over")
    called_scene.world.wait(called_scene.terms.grace - 60)
    assert_not_opened(called_scene, "default manager: grace not over")


def test_auction_after_the_deadline(called_scene):
    called_scene.world.wait(called_scene.terms.grace + 1)
    equity, _, maintenance = called_scene.margin()
    receipt = called_scene.open_auction()
    (event,) = receipt.events.filter(called_scene.manager.AuctionOpened)
    assert (event.account, event.caller, event.equity, event.maintenance) == (
        called_scene.account,
        called_scene.stranger.address,
        equity,
        maintenance,
    )
    assert called_scene.is_in_auction()


def test_no_auction_without_a_call(callable_scene):
    assert_not_opened(callable_scene, "default manager: grace not over")


def test_recovered_account_is_not_opened(called_scene):  # INV-3
    """Above MM after the deadline: the call stands until the target is met, but nobody is sold."""
    called_scene.world.wait(called_scene.terms.grace + 1)
    called_scene.price(1_955)
    assert called_scene.ratio() < 1.25
    assert_not_opened(called_scene, "default rules: account is healthy")
    called_scene.price(CALL_PRICE)
    called_scene.open_auction()
    assert called_scene.is_in_auction()


def test_new_call_gives_a_new_deadline(called_scene):
    called_scene.world.wait(called_scene.terms.grace + 1)
    called_scene.price(2_000)
    called_scene.manager.cure(called_scene.account, sender=called_scene.stranger)
    called_scene.price(CALL_PRICE)
    called_scene.call()
    assert_not_opened(called_scene, "default manager: grace not over")


# WITHOUT GRACE ------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [CLOSE_OUT_PRICE, THIN_PRICE])
def test_no_grace_below_close_out_margin(scene, price):
    scene.price(price)
    scene.open_auction()
    assert scene.is_in_auction()


@pytest.mark.parametrize("is_called", [False, True])
def test_insolvent_account_gets_no_auction(scene, is_called):
    scene.world.stake(scene.staker, 5_000)
    if is_called:
        scene.price(CALL_PRICE)
        scene.call()
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    assert (scene.stage(), scene.size()) == (HEALTHY, 0)
    assert not receipt.events.filter(scene.manager.AuctionOpened)
    assert len(receipt.events.filter(scene.manager.Insolvent)) == 1


def test_called_account_loses_its_grace_below_close_out_margin(called_scene):
    assert_not_opened(called_scene, "default manager: grace not over")
    called_scene.price(CLOSE_OUT_PRICE)
    called_scene.open_auction()
    assert called_scene.is_in_auction()


def test_close_out_boundary(scene):
    """One cent of price, 1 of equity: on one side grace, on the other none."""
    low, high = 190_000, 194_000
    while high - low > 1:
        middle = (low + high) // 2
        scene.price(middle / 100)
        equity, _, maintenance = scene.margin()
        below = equity * PPM < maintenance * scene.terms.close_out
        low, high = (middle, high) if below else (low, middle)
    scene.price(high / 100)
    assert_not_opened(scene, "default manager: grace not over")
    scene.price(low / 100)
    scene.open_auction()
    assert scene.is_in_auction()


def test_healthy_account_is_untouchable(scene):  # INV-3
    scene.price(HEALTHY_PRICE)
    assert_not_opened(scene, "default rules: account is healthy")


def test_open_auction_is_not_opened_again(auction_scene):
    """Or anyone could keep the discount at its start for ever."""
    since = auction_scene.manager.auction(auction_scene.account).since
    assert_not_opened(auction_scene, "default manager: auction is open")
    assert auction_scene.manager.auction(auction_scene.account).since == since


def test_unknown_account_is_refused(scene):
    assert_reverts("ledger: unknown account", scene.manager.open_auction, 5, sender=scene.stranger)


def test_price_that_is_not_valid_stops_auctions(scene):
    scene.world.set_price("ETH", CLOSE_OUT_PRICE, secondary=1_820)
    assert_not_opened(scene, "default rules: price not valid")
    scene.price(CLOSE_OUT_PRICE)
    scene.open_auction()
    assert scene.is_in_auction()


# WHAT AN ACCOUNT IN AUCTION MAY DO ----------------------------------------------------------------


@pytest.mark.parametrize("size", [-1, 1], ids=["order to reduce", "order to add"])
def test_orders_of_an_account_in_auction_are_void(auction_scene, size):
    """Its resting order would have been good a moment ago."""
    scene = auction_scene
    order = scene.world.order(scene.trader, scene.account, size, CLOSE_OUT_PRICE)
    reason = "trading: account is in auction" if size < 0 else "ledger: account under a call"
    assert_reverts(
        reason,
        scene.world.exchange.fill,
        order.as_tuple(),
        scene.world.sign(scene.trader, order),
        WAD,
        scene.book,
        0 if size > 0 else NEVER,
        sender=scene.maker,
    )


def test_same_order_is_filled_under_a_call(called_scene):
    scene = called_scene
    order = scene.world.order(scene.trader, scene.account, -1, CALL_PRICE)
    scene.world.exchange.fill(
        order.as_tuple(),
        scene.world.sign(scene.trader, order),
        WAD,
        scene.book,
        NEVER,
        sender=scene.maker,
    )
    assert scene.size() == 99 * WAD


def test_account_in_auction_may_not_withdraw(auction_scene):  # INV-8
    scene = auction_scene
    assert_reverts(
        "ledger: account under a call",
        scene.world.clearinghouse.withdraw,
        scene.account,
        scene.world.settlement,
        1,
        scene.trader,
        sender=scene.trader,
    )


def test_account_in_auction_takes_deposits(auction_scene):  # INV-10
    before = auction_scene.equity()
    auction_scene.world.deposit(auction_scene.stranger, auction_scene.account, 7)
    assert auction_scene.equity() == before + 7 * WAD
    assert auction_scene.stage() != HEALTHY


def test_a_ramp_from_nothing_begins_without_a_price(fast_world):
    """Neither discount nor fee: the first to bid pays the mark."""
    scene = Scene.set(fast_world)
    set_terms(fast_world, discount_start=0, fee=0)
    scene.auction_at(CLOSE_OUT_PRICE)
    wealth, equity = scene.equity(scene.purse), scene.equity()
    event = scene.bid(WAD // 10)
    assert (event.discount, event.fee) == (0, 0)
    assert abs(scene.equity(scene.purse) - wealth) < 10**6
    assert abs(scene.equity() - equity) < 10**6
