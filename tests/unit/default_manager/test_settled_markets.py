"""Settled markets: who may end one, at what price, and positions that turn into cash."""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    INSOLVENT,
    about,
    finish_window,
    only,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.scenes import DUST, Scene, crowd, equities
from verification.engine.world import AUCTION, BTC, ETH, HEALTHY, WAD

DAY = 86_400


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def settle(scene: Scene, market: int = ETH):
    """Let the owner end a market."""
    return scene.world.clearinghouse.settle_market(market, sender=scene.world.admin)


# WHO AND WHEN -------------------------------------------------------------------------------------


def test_owner_at_any_time(scene):
    ledger = scene.world.clearinghouse
    refused("clearinghouse: market is alive", ledger.settle_market, ETH, sender=scene.stranger)
    refused("ledger: unknown market", ledger.settle_market, 9, sender=scene.world.admin)
    scene.price(2_010)
    event = only(settle(scene), ledger.MarketSettled)
    assert (event.market, event.price) == (ETH, 2_010 * WAD)
    assert ledger.settled_prices(ETH) == 2_010 * WAD
    refused("ledger: market is settled", ledger.settle_market, ETH, sender=scene.world.admin)
    assert scene.world.conservation_error() < BOOK_DUST


def test_anyone_once_the_feed_is_dead(scene):
    """Reported, and dead for the published time: at the average of the last VALID prices."""
    world = scene.world
    ledger = world.clearinghouse
    world.chain.mine(3 * 3_600)
    refused("clearinghouse: market is alive", ledger.settle_market, ETH, sender=scene.stranger)
    world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    world.chain.mine(3 * DAY - 1)
    refused("clearinghouse: market is alive", ledger.settle_market, ETH, sender=scene.stranger)
    world.chain.mine(1)
    event = only(ledger.settle_market(ETH, sender=scene.stranger), ledger.MarketSettled)
    assert event.price == 2_000 * WAD


def test_not_once_the_feed_is_back(scene):
    world = scene.world
    world.chain.mine(3 * 3_600)
    world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    world.chain.mine(3 * DAY)
    world.refresh()
    refused(
        "clearinghouse: market is alive",
        world.clearinghouse.settle_market,
        ETH,
        sender=scene.stranger,
    )


def test_nobody_trades_on(scene):
    world = scene.world
    settle(scene)
    order = world.order(scene.maker, scene.book, 1, 2_000)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, 0)
    refused("ledger: market is settled", world.exchange.fill, *fill, sender=scene.trader)
    scene.buy(0.01, 40_000, BTC)
    assert scene.size(market=BTC) == WAD // 100


# CONVERSION ---------------------------------------------------------------------------------------


def test_converted_in_batches(scene):
    """Every holder gets the value of his position; accounts without one are passed over."""
    world = scene.world
    ledger = world.clearinghouse
    holders = crowd(scene, [5, -7, 0.3])
    scene.price(2_100)
    everyone = [holder.account for holder in holders] + [scene.account, scene.book]
    refused(
        "clearinghouse: market is not settled",
        ledger.convert_positions,
        ETH,
        everyone,
        sender=scene.stranger,
    )
    settle(scene)
    scene.price(1_500)  # no longer of interest
    before = equities(world, everyone)
    batch = [everyone[0], scene.purse, everyone[1], everyone[0]]
    receipt = ledger.convert_positions(ETH, batch, sender=scene.stranger)
    assert receipt.return_value == 2
    assert len(receipt.events.filter(ledger.Converted)) == 2
    assert ledger.convert_positions(ETH, everyone, sender=scene.stranger).return_value == 3
    refused(
        "clearinghouse: nothing to convert",
        ledger.convert_positions,
        ETH,
        everyone,
        sender=scene.stranger,
    )
    assert [world.cash(account) for account in everyone] == before
    assert all(world.header(account).markets == () for account in everyone)
    assert world.cash(scene.account) == (10_000 - 100 + 10_000) * WAD
    assert world.conservation_error() < BOOK_DUST


def test_margin_counts_it_as_cash(scene):
    """Before it is converted: the same equity at any price, and no margin for it."""
    world = scene.world
    scene.price(2_050)
    settle(scene)
    for price in (2_050, 1_000, 5_000):
        scene.price(price)
        equity, initial, maintenance = scene.margin()
        assert equity == (10_000 - 100 + 5_000) * WAD
        assert (initial, maintenance) == (50 * WAD, 0) or maintenance == 0
    seen, known = world.risk_engine.assess(scene.account)
    assert (seen.stuck, list(known)) == (0, [])


def test_profit_leaves_once_it_is_cash(scene):
    world = scene.world
    ledger = world.clearinghouse
    scene.price(2_050)
    settle(scene)
    out = (scene.account, world.settlement, 14_900 * 10**6, scene.trader)
    refused("clearinghouse: not enough held", ledger.withdraw, *out, sender=scene.trader)
    ledger.convert_positions(ETH, [scene.account], sender=scene.stranger)
    ledger.withdraw(*out, sender=scene.trader)
    assert world.cash(scene.account) == 0


def test_a_loss_that_is_not_cash_yet_stays_inside(scene):  # INV-8
    """Unconverted, but counted: he cannot leave with the money that he has lost."""
    world = scene.world
    ledger = world.clearinghouse
    scene.price(1_950)
    settle(scene)
    out = (scene.account, world.settlement, 5_000 * 10**6, scene.trader)
    refused("risk engine: below initial margin", ledger.withdraw, *out, sender=scene.trader)
    rest = (scene.account, world.settlement, 4_900 * 10**6, scene.trader)
    ledger.convert_positions(ETH, [scene.account], sender=scene.stranger)
    ledger.withdraw(*rest, sender=scene.trader)
    assert world.cash(scene.account) == 0
    refused(
        "clearinghouse: not enough held",
        ledger.withdraw,
        scene.account,
        world.settlement,
        1,
        scene.trader,
        sender=scene.trader,
    )


def test_after_a_tear_up(scene):
    """Indices have moved and a generation has ended: settlement finds the same value."""
    world = scene.world
    holders = crowd(scene, [20, -30])
    scene.price(1_890)
    scene.call()
    accounts = [holder.account for holder in holders] + [scene.book]
    before = equities(world, accounts)
    settle(scene)
    world.clearinghouse.convert_positions(ETH, accounts, sender=scene.stranger)
    for old, account in zip(before, accounts, strict=True):
        assert abs(world.cash(account) - old) <= DUST
    assert world.conservation_error() < BOOK_DUST


# DEFAULTS WITH UNCONVERTED POSITIONS --------------------------------------------------------------


def two_markets(scene: Scene) -> Scene:
    """He holds 2 BTC too, and ETH is settled at a loss."""
    scene.world.stake(scene.staker, 20_000)
    without_limits(scene.world)
    scene.buy(1, 40_000, BTC)
    return scene


def test_bid_on_an_account_with_an_unconverted_position(scene):
    two_markets(scene)
    world = scene.world
    scene.price(1_915)
    settle(scene)
    assert scene.equity() == (10_000 - 100 - 20 - 8_500) * WAD
    world.set_price("BTC", 39_050)  # 430 left, MM about 950
    scene.open_auction()
    assert scene.stage() == AUCTION
    event = scene.bid()
    assert event.ended
    assert scene.size(market=ETH) == 0
    assert world.header(scene.account).markets in ((), (BTC,))
    assert scene.size(scene.purse) == 0, "nobody takes over what is settled"
    assert scene.size(scene.purse, BTC) > 0
    assert world.conservation_error() < BOOK_DUST


def test_tear_up_of_an_account_with_an_unconverted_position(scene):
    two_markets(scene)
    world = scene.world
    scene.price(1_895)
    settle(scene)
    world.set_price("BTC", 39_000)
    shortfall = -scene.equity()
    assert shortfall > 0
    scene.open_auction()
    assert scene.stage() == INSOLVENT
    finish_window(world)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert abs(paid.shortfall - shortfall) <= DUST
    assert paid.insurance == paid.shortfall
    assert world.header(scene.account).markets == ()
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() < BOOK_DUST


def test_only_a_settled_loss_is_left(scene):
    """Nothing can be sold: recognition resolves it at once, the funds pay."""
    world = scene.world
    world.stake(scene.staker, 3_000)
    without_limits(world)
    scene.price(1_890)
    settle(scene)
    receipt = scene.call()
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert about(paid.insurance, 1_100)
    assert world.conservation_error() < BOOK_DUST
    assert scene.world.stage(scene.account) in (HEALTHY, INSOLVENT)


def test_a_healthy_holder_of_a_settled_market_is_left_alone(scene):
    scene.price(1_950)
    settle(scene)
    for function in (scene.manager.call_margin, scene.manager.open_auction):
        args = (scene.account, 0) if function is scene.manager.call_margin else (scene.account,)
        refused("default manager: account is healthy", function, *args, sender=scene.stranger)
