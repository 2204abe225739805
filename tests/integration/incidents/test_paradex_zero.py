"""Paradex, January 2026: maintenance of a database left the price of bitcoin at 0 for a moment, and
the venue liquidated positions at it. The chain was rolled back.

Here a feed that answers 0 has no answer, and without one there is no price: HALTED. Nobody is
called, sold or torn up, however large the position and whichever way; nothing is settled at 0; and
nobody has to roll anything back.

Fails without the defence: in PriceOracle._answer let 0 pass.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import BOOK_DUST, refused
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene, crowd, equities
from verification.engine.world import BTC, ETH, HEALTHY, NEVER, WAD, World

HALTED = 3
HOUR = 3_600
ZEROES = {"both": (0, 0), "primary": (0, 2_000), "secondary": (2_000, 0)}


@pytest.fixture
def scene(fast_world) -> Scene:
    """Traders of all sizes on both sides of ETH, one with BTC and WETH as well."""
    scene = Scene.set(fast_world)
    crowd(scene, [60, -20, 5, -1])
    mixed = fast_world.open(scene.trader, 0, WETH=20)
    fast_world.trade((scene.maker, scene.book), (scene.trader, mixed), 5, 40_000, BTC)
    for market in (ETH, BTC):
        fast_world.risk_engine.checkpoint(8 + market, sender=scene.stranger)
    return scene


def status(world: World) -> int:
    """Return what the oracle says of ETH."""
    return world.price_oracle.price(*world.risk_engine.row_words(8 + ETH)[:3])[2]


def is_refused(function: Any, *args: Any, sender: Any) -> None:
    """One of the two reasons that protect an account."""
    with pytest.raises(Reverted, match=r"price not valid|account is healthy|account is solvent"):
        function(*args, sender=sender)


def nobody_is_touched(scene: Scene) -> None:
    for account in scene.world.opened:
        for action in (scene.manager.call_margin, scene.manager.open_auction):
            is_refused(action, account, sender=scene.stranger)
        is_refused(scene.manager.tear_up, [account], sender=scene.stranger)
        assert scene.world.stage(account) == HEALTHY


@pytest.mark.parametrize("zeroes", ZEROES)
def test_an_answer_of_zero_liquidates_nobody(scene, zeroes):
    world = scene.world
    before = equities(world, scene.world.opened)
    world.set_price("ETH", *ZEROES[zeroes])
    low, _, is_valid = world.risk_engine.price(8 + ETH)
    assert not is_valid
    assert low > 1_900 * WAD, "it stands beside the last price on which both agreed"
    assert zeroes == "secondary" or status(world) == HALTED
    nobody_is_touched(scene)
    world.set_price("ETH", 2_000)
    assert equities(world, scene.world.opened) == before
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("zeroes", ZEROES)
def test_a_running_auction_waits(scene, zeroes):
    scene.auction_at(1_930).finish_ramp()
    scene.world.set_price("ETH", *ZEROES[zeroes])
    with pytest.raises(Reverted, match=r"price not valid|account is healthy"):
        scene.bid()
    assert scene.size() == 100 * WAD
    scene.price(1_930)
    assert scene.bid().fraction > 0


@pytest.mark.parametrize("size", [1, -1])
def test_nobody_trades_on_it(scene, size):
    """Nothing opens, neither at 0 nor at what was the price."""
    world = scene.world
    world.set_price("ETH", 0)
    for price in (2_000, 0.01):
        order = world.order(scene.maker, scene.book, -size, price)
        refused(
            "risk engine: price not valid",
            world.exchange.fill,
            order.as_tuple(),
            world.sign(scene.maker, order),
            WAD,
            scene.purse,
            NEVER if size > 0 else 0,
            sender=scene.bidder,
        )


def test_it_is_nobodys_settlement_price(scene):
    """Not after days of it either: what settles then is what both feeds said last."""
    world = scene.world
    world.set_price("ETH", 0)
    assert world.risk_engine.settlement_price(8 + ETH)[1] == 0, "in doubt"
    for _ in range(13):
        world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
        world.wait(6 * HOUR - 60)
    world.risk_engine.report_outage(8 + ETH, sender=scene.stranger)
    price, kind = world.risk_engine.settlement_price(8 + ETH)
    assert kind == 2, "final"
    assert abs(price - 2_000 * WAD) <= WAD
    world.clearinghouse.settle_market(ETH, sender=scene.stranger)
    assert world.clearinghouse.settled_prices(ETH) == price


def test_a_price_near_zero_is_out_of_bounds(scene):
    """The next best wrong answer: a cent. It is below the floor, and no price."""
    world = scene.world
    world.set_price("ETH", "0.01")
    assert status(world) == HALTED
    nobody_is_touched(scene)


def test_who_has_no_position_still_leaves(scene):
    world = scene.world
    world.set_price("ETH", 0)
    world.set_price("BTC", 0)
    units = world.cash(scene.purse) // 10**12 // 4
    world.clearinghouse.withdraw(
        scene.purse, world.settlement, units, scene.bidder, sender=scene.bidder
    )
    assert world.settlement.balanceOf(scene.bidder) == units
