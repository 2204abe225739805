"""`DefaultManager.call_margin`: public notice with a deadline, for a bounded reward."""

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
    Risk,
    Scene,
    cash_of,
)
from verification.engine.world import BTC, CROSS, ETH, HEALTHY, ISOLATED, WAD


def price_where_equity_is_maintenance(scene: Scene) -> float:
    """Return the highest price (in cents) at which the account may be called, by bisection over
    the configuration's own numbers."""
    cash, size = cash_of(scene.world.cash(scene.account)), 100
    low, high = 190_000, 200_000
    while high - low > 1:
        middle = (low + high) // 2
        risk = Risk.of(scene.world, "ETH-PERP", size, middle / 100)
        equity = cash + size * (middle - 200_000) // 100
        low, high = (middle, high) if equity < risk.total else (low, middle)
    return low / 100


# WHO MAY BE CALLED --------------------------------------------------------------------------------


def test_healthy_account_is_untouchable(scene):  # INV-3
    scene.price(HEALTHY_PRICE)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        scene.account,
        sender=scene.stranger,
    )
    assert scene.stage() == HEALTHY


def test_account_below_maintenance_margin_is_called(callable_scene):
    equity, _, maintenance = callable_scene.margin()
    assert 0 < equity < maintenance
    receipt = callable_scene.call()
    (event,) = receipt.events.filter(callable_scene.manager.MarginCalled)
    assert (event.account, event.caller) == (
        callable_scene.account,
        callable_scene.stranger.address,
    )
    assert (event.equity, event.maintenance, event.reward) == (equity, maintenance, 0)
    assert callable_scene.is_called()


def test_boundary_is_the_maintenance_margin_to_the_cent(scene):  # INV-3
    boundary = price_where_equity_is_maintenance(scene)
    scene.price(boundary + 0.01)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        scene.account,
        sender=scene.stranger,
    )
    scene.price(boundary)
    scene.call()
    assert scene.is_called()


@pytest.mark.parametrize(("mode", "market"), [(CROSS, 0), (ISOLATED, ETH)])
def test_both_margin_modes_are_called(world, mode, market):
    scene = Scene.set(world, mode=mode, market=market)
    scene.price(CALL_PRICE)
    scene.call()
    assert scene.is_called()


def test_short_is_called_when_the_price_rises(world):
    scene = Scene.set(world, size=-100)
    scene.price(HEALTHY_PRICE)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        scene.account,
        sender=scene.stranger,
    )
    scene.price(2_060)
    scene.call()
    assert scene.is_called()


@pytest.mark.parametrize("price", [CLOSE_OUT_PRICE, THIN_PRICE])
def test_account_in_deeper_trouble_is_called_too(scene, price):
    scene.price(price)
    scene.call()
    assert scene.is_called()


def test_insolvent_account_gets_no_grace(scene):
    scene.world.stake(scene.staker, 5_000)
    scene.price(INSOLVENT_PRICE)
    equity = scene.equity()
    receipt = scene.call()
    assert scene.stage() == HEALTHY
    assert scene.size() == 0
    assert receipt.return_value == scene.world.now()
    assert not receipt.events.filter(scene.manager.MarginCalled)
    (event,) = receipt.events.filter(scene.manager.Insolvent)
    assert (event.account, event.equity) == (scene.account, equity)


def test_account_without_positions_is_never_called(scene):  # INV-3
    flat = scene.world.open(scene.trader, WETH=1)
    scene.price(10.5)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        flat,
        sender=scene.stranger,
    )


def test_empty_account_is_never_called(scene):
    empty = scene.world.open(scene.trader)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        empty,
        sender=scene.stranger,
    )


def test_unknown_account_is_refused(scene):
    assert_reverts(
        "ledger: unknown account",
        scene.manager.call_margin,
        scene.account + 77,
        sender=scene.stranger,
    )


def test_account_is_called_once(called_scene):
    assert_reverts(
        "default manager: already called",
        called_scene.manager.call_margin,
        called_scene.account,
        sender=called_scene.stranger,
    )


def test_account_in_auction_is_not_called_again(auction_scene):
    assert_reverts(
        "default manager: already called",
        auction_scene.manager.call_margin,
        auction_scene.account,
        sender=auction_scene.stranger,
    )


def test_account_is_called_again_after_a_cure(called_scene):
    scene = called_scene
    scene.price(2_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    scene.price(CALL_PRICE)
    scene.call()
    assert scene.is_called()


def test_owner_may_call_himself(callable_scene):
    callable_scene.manager.call_margin(callable_scene.account, sender=callable_scene.trader)
    assert callable_scene.is_called()


# WHEN ---------------------------------------------------------------------------------------------


def test_deadline_is_grace_from_now(callable_scene):
    receipt = callable_scene.call()
    (event,) = receipt.events.filter(callable_scene.manager.MarginCalled)
    assert event.deadline == callable_scene.manager.auction(callable_scene.account).since
    elapsed = callable_scene.world.now() - (event.deadline - callable_scene.terms.grace)
    assert -1 <= elapsed <= 1


def test_price_that_is_not_valid_stops_calls(scene):
    scene.world.set_price("ETH", CALL_PRICE, secondary=1_830)
    assert_reverts(
        "default rules: price not valid",
        scene.manager.call_margin,
        scene.account,
        sender=scene.stranger,
    )
    scene.price(CALL_PRICE)
    scene.call()
    assert scene.is_called()


def test_price_in_doubt_counts_at_its_better_end(scene):  # INV-3
    """The sources disagree: if only one may mean that an account is healthy, nobody is called."""
    for primary, secondary in ((CALL_PRICE, 2_000), (2_000, CALL_PRICE)):
        scene.world.set_price("ETH", primary, secondary=secondary)
        assert_reverts(
            "default rules: account is healthy",
            scene.manager.call_margin,
            scene.account,
            sender=scene.stranger,
        )


def test_one_valid_leg_is_enough_to_call(world):
    """BTC is stale; what ETH has lost is more than the better end of BTC can make good."""
    scene = Scene.set(world, cash=15_000)
    scene.buy(0.1, 40_000, BTC)
    scene.world.wait(4_000, refresh=False)
    scene.price(1_880)
    scene.call()
    assert scene.is_called()


# REWARD -------------------------------------------------------------------------------------------


def test_reward_is_a_part_of_maintenance_margin(callable_scene):
    scene = callable_scene
    hunter = scene.world.open(scene.stranger)
    cash, (equity, _, maintenance) = scene.world.cash(scene.account), scene.margin()
    receipt = scene.call(hunter)
    reward = maintenance * scene.terms.reward // PPM
    (event,) = receipt.events.filter(scene.manager.MarginCalled)
    assert event.reward == reward
    assert 0 < reward < scene.terms.reward_cap * WAD
    assert scene.world.cash(hunter) == reward
    assert scene.world.cash(scene.account) == cash - reward
    assert scene.equity() == equity - reward


def test_reward_is_capped(world):
    scene = Scene.set(world, size=1_000, cash=100_000)
    scene.price(1_940)
    hunter = scene.world.open(scene.stranger)
    maintenance = scene.margin()[2]
    assert maintenance * scene.terms.reward // PPM > scene.terms.reward_cap * WAD
    scene.call(hunter)
    assert scene.world.cash(hunter) == scene.terms.reward_cap * WAD


def test_reward_never_exceeds_equity(scene):  # INV-4
    scene.price(1_901.01)
    equity, _, maintenance = scene.margin()
    assert 0 < equity < maintenance * scene.terms.reward // PPM
    hunter = scene.world.open(scene.stranger)
    scene.call(hunter)
    assert scene.world.cash(hunter) == equity
    assert scene.equity() == 0


def test_insolvent_account_pays_no_reward(scene):  # INV-4
    scene.world.stake(scene.staker, 5_000)
    scene.price(INSOLVENT_PRICE)
    hunter = scene.world.open(scene.stranger)
    scene.call(hunter)
    assert scene.size() == 0
    assert scene.world.cash(hunter) == 0


def test_account_cannot_reward_itself(callable_scene):
    assert_reverts(
        "clearinghouse: account calls itself",
        callable_scene.manager.call_margin,
        callable_scene.account,
        callable_scene.account,
        sender=callable_scene.trader,
    )
    assert callable_scene.stage() == HEALTHY


def test_reward_to_another_account_of_the_owner_gains_nothing(callable_scene):  # INV-9
    scene = callable_scene
    other = scene.world.open(scene.trader)
    before = scene.equity() + scene.world.cash(other)
    scene.manager.call_margin(scene.account, other, sender=scene.trader)
    assert scene.equity() + scene.world.cash(other) == before


def test_reward_to_an_unknown_account_is_refused(callable_scene):
    assert_reverts(
        "ledger: unknown account",
        callable_scene.manager.call_margin,
        callable_scene.account,
        12345,
        sender=callable_scene.stranger,
    )
    assert callable_scene.stage() == HEALTHY


# WHAT A CALLED ACCOUNT MAY DO ---------------------------------------------------------------------


def test_called_account_may_not_add_risk(called_scene):
    scene = called_scene
    order = scene.world.order(scene.maker, scene.book, -1, CALL_PRICE)
    assert_reverts(
        "ledger: account under a call",
        scene.world.exchange.fill,
        order.as_tuple(),
        scene.world.sign(scene.maker, order),
        WAD,
        scene.account,
        CALL_PRICE * WAD,
        sender=scene.trader,
    )


def test_called_account_may_reduce(called_scene):
    ratio = called_scene.ratio()
    called_scene.buy(-50, CALL_PRICE)
    assert called_scene.size() == 50 * WAD
    assert called_scene.ratio() > ratio


def test_called_account_may_not_withdraw(called_scene):  # INV-8
    scene = called_scene
    assert_reverts(
        "ledger: account under a call",
        scene.world.clearinghouse.withdraw,
        scene.account,
        scene.world.settlement,
        1,
        scene.trader,
        sender=scene.trader,
    )


def test_called_account_may_not_transfer_away_but_receives(called_scene):
    scene = called_scene
    other = scene.world.open(scene.trader, 100)
    token = scene.world.settlement
    assert_reverts(
        "ledger: account under a call",
        scene.world.clearinghouse.transfer,
        scene.account,
        other,
        token,
        1,
        sender=scene.trader,
    )
    before = scene.world.cash(scene.account)
    scene.world.clearinghouse.transfer(other, scene.account, token, 10**6, sender=scene.trader)
    assert scene.world.cash(scene.account) == before + WAD


def test_called_account_takes_deposits(called_scene):  # INV-10
    before = called_scene.world.cash(called_scene.account)
    called_scene.world.deposit(called_scene.stranger, called_scene.account, 5)
    assert called_scene.world.cash(called_scene.account) == before + 5 * WAD


# BOOKS --------------------------------------------------------------------------------------------


def test_call_with_reward_conserves(callable_scene):  # INV-1
    hunter = callable_scene.world.open(callable_scene.stranger)
    callable_scene.call(hunter)
    assert callable_scene.world.conservation_error() == 0
