"""Clearinghouse.settle_market: who may end a market, and at what price."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, refused, settle
from verification.engine.scenes import Scene
from verification.engine.world import BTC, ETH, WAD

DAY = 86_400


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def test_owner_at_any_time(scene):
    ledger = scene.world.clearinghouse
    refused("settled markets: market is alive", ledger.settle_market, ETH, sender=scene.stranger)
    refused("sides: unknown market", ledger.settle_market, 9, sender=scene.world.admin)
    scene.price(2_010)
    event = only(settle(scene), ledger.MarketSettled)
    assert (event.market, event.price) == (ETH, 2_010 * WAD)
    assert ledger.settled_prices(ETH) == 2_010 * WAD
    refused("sides: market is settled", ledger.settle_market, ETH, sender=scene.world.admin)
    assert scene.world.conservation_error() < BOOK_DUST


def test_anyone_once_the_feed_is_dead(scene):
    """Shown every six hours, and dead for the published time: at the average of the last VALID
    prices."""
    world = scene.world
    ledger = world.clearinghouse
    world.chain.mine(3 * 3_600)
    reason = "final settlement: price in doubt"
    refused(reason, ledger.settle_market, ETH, sender=scene.stranger)
    world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    for _ in range(11):
        world.chain.mine(DAY // 4)
        world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    world.chain.mine(DAY // 4 - 1)
    refused(reason, ledger.settle_market, ETH, sender=scene.stranger)
    world.chain.mine(1)
    event = only(ledger.settle_market(ETH, sender=scene.stranger), ledger.MarketSettled)
    assert event.price == 2_000 * WAD


def test_not_once_the_feed_is_back(scene):
    world = scene.world
    world.chain.mine(3 * 3_600)
    world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    for _ in range(11):
        world.chain.mine(DAY // 4)
        world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    world.chain.mine(DAY // 4)
    world.refresh()
    refused(
        "settled markets: market is alive",
        world.clearinghouse.settle_market,
        ETH,
        sender=scene.stranger,
    )


def test_nobody_trades_on(scene):
    world = scene.world
    settle(scene)
    order = world.order(scene.maker, scene.book, 1, 2_000)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, 0)
    refused("sides: market is settled", world.exchange.fill, *fill, sender=scene.trader)
    scene.buy(0.01, 40_000, BTC)
    assert scene.size(market=BTC) == WAD // 100


def test_nobody_at_a_price_in_doubt(scene):
    """Feeds 2.5 % apart for a moment settle nothing, for the owner neither, nor in a wind-down."""
    world = scene.world
    ledger, reason = world.clearinghouse, "final settlement: price in doubt"
    world.set_price("ETH", 2_000, 2_050)
    refused(reason, ledger.settle_market, ETH, sender=world.admin)
    ledger.begin_wind_down(sender=world.admin)
    for person in (world.admin, scene.stranger):
        refused(reason, ledger.settle_market, ETH, sender=person)
    world.set_price("ETH", 2_000)
    event = only(ledger.settle_market(ETH, sender=scene.stranger), ledger.MarketSettled)
    assert event.price == 2_000 * WAD


def test_a_long_stop_ends_the_wait(scene):
    """14 days after a wind-down began, whoever can push a feed stalls nobody's exit any more."""
    world = scene.world
    ledger = world.clearinghouse
    ledger.begin_wind_down(sender=world.admin)
    world.chain.mine(14 * DAY - 1)
    world.set_price("ETH", 2_000, 2_050)
    reason = "final settlement: price in doubt"
    refused(reason, ledger.settle_market, ETH, sender=scene.stranger)
    world.chain.mine(1)
    ledger.settle_market(ETH, sender=scene.stranger)
