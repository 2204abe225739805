"""Limits of what one market and all markets may draw from the funds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import (
    BOOK_DUST,
    PPM,
    SHORTFALL,
    about,
    cash_parts,
    fill_funds,
    give,
    only,
    parts_of,
)
from tests.unit.clearinghouse.helpers import list_markets
from verification.engine.scenes import CLOSE_OUT_PRICE, DUST, INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import BTC, ETH, HEALTHY, WAD, World

PRICES = [x / 7 for x in range(7 * 1_880, 7 * 1_889, 5)]


def defaulted(world: World, scene: Scene, role: str, market: int = ETH) -> Any:
    """Let another trader of the same shape default at the present price; return the payment."""
    price = {ETH: 2_000, BTC: 40_000}[market]
    world.set_price({ETH: "ETH", BTC: "BTC"}[market], price)
    size = {ETH: 100, BTC: 5}[market]
    person = world.people[role]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), size, price, market)
    low = {ETH: 1_890, BTC: 37_800}[market]
    world.set_price({ETH: "ETH", BTC: "BTC"}[market], low)
    receipt = scene.manager.call_margin(account, 0, sender=scene.stranger)
    return parts_of(only(receipt, scene.manager.ShortfallPaid))


def test_limit_of_a_market(fast_world):
    """1,500 for a market: the second default of ETH gets 400, one of BTC its own."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, market_amount=1_500)
    first = defaulted(fast_world, scene, "trader")
    assert about(first[2], SHORTFALL)
    second = defaulted(fast_world, scene, "second trader")
    assert abs(second[2] - 400 * WAD) < 10 * WAD
    assert abs(second[5] - 700 * WAD) < 10 * WAD
    third = defaulted(fast_world, scene, "third trader", BTC)
    assert about(third[2], SHORTFALL)
    assert fast_world.conservation_error() < BOOK_DUST


def test_limit_of_all_markets(fast_world):
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, total_amount=1_500)
    assert about(defaulted(fast_world, scene, "trader")[2], SHORTFALL)
    third = defaulted(fast_world, scene, "third trader", BTC)
    assert abs(third[2] - 400 * WAD) < 10 * WAD
    assert fast_world.clearinghouse.hole() == 0


@pytest.mark.parametrize("name", ["market_share", "total_share"])
def test_limits_as_a_share(fast_world, name):
    """30 % of what the funds hold, whatever the amounts say."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 3_000)
    set_waterfall(fast_world, **{"market_share": PPM, name: 300_000})
    paid = defaulted(fast_world, scene, "trader")
    assert about(paid[2], 900)
    assert abs(paid[5] - 200 * WAD) <= DUST


def test_limit_fades_with_time(fast_world):
    """Half a period later half of the draw no longer counts; a period later none of it."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 100_000)
    set_waterfall(fast_world, market_amount=1_100)
    assert about(defaulted(fast_world, scene, "trader")[2], SHORTFALL)
    used = scene.manager.limit_used(ETH)
    assert used == 1_100 * WAD
    fast_world.wait(43_200)
    assert scene.manager.limit_used(ETH) == 550 * WAD
    assert scene.manager.limit_used(0) == 550 * WAD
    assert scene.manager.limit_used(BTC) == 0
    second = defaulted(fast_world, scene, "second trader")
    assert abs(second[2] - 550 * WAD) < 10 * WAD
    fast_world.wait(86_400)
    assert scene.manager.limit_used(ETH) == 0
    assert about(defaulted(fast_world, scene, "third trader")[2], SHORTFALL)


@pytest.mark.parametrize("market", [6, 7, 13])
def test_usage_of_a_market_of_any_number(fast_world, market):
    """Seven to a word of storage, and the sum of all in the first."""
    world = fast_world
    others = [other for other in list_markets(world, 14) if other != market]
    scene = Scene.set(world, size=0)
    world.stake(scene.staker, 100_000)
    scene.buy(100, 2_000, market)
    scene.price(INSOLVENT_PRICE)
    used = 1_000  # no fee here
    assert used_by(scene.open_auction(), scene) == {0: used, market: used}
    assert scene.manager.limit_used(0) == used * WAD
    assert scene.manager.limit_used(market) == used * WAD
    assert [scene.manager.limit_used(other) for other in others] == [0] * len(others)


def used_by(receipt: Any, scene: Scene) -> dict[int, int]:
    """Return what each market has drawn, whole units."""
    return {e.market: e.used for e in receipt.events.filter(scene.manager.LimitUsed)}


def test_reserve_and_funds_have_one_limit(fast_world):
    """800 of a market: 300 of the reserve and 500 of the insurance fund; both count alike."""
    scene = Scene.set(fast_world)
    give(scene, 300)
    fill_funds(scene, 30_000)
    set_waterfall(fast_world, market_amount=800, market_share=PPM)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert parts_of(paid) == cash_parts(0, 300, 500, 0, 0, 300, 0)
    assert used_by(receipt, scene) == {0: 800, ETH: 800}


@pytest.mark.parametrize("price", PRICES)
def test_a_bid_on_what_the_limit_does_not_cover_takes_nothing(fast_world, price):
    """500 of the loss may be drawn; a wei that rounding leaves is the other side's to pay."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 30_000)
    set_waterfall(fast_world, market_amount=500, market_share=PPM)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(price)
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.bidder)
    assert tuple(receipt.return_value) == (0, 0)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert abs(paid.insurance - 500 * WAD) <= 10**12
    assert sum(parts_of(paid)) == paid.shortfall
    assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
    assert fast_world.conservation_error() < BOOK_DUST
