"""10 October 2025: collateral priced off one venue's order book, and everybody on it sold out.

The venue's own book fell far below every other market, and its index followed. Here liquidation
needs two independent sources. While they disagree nobody who is solvent by one of them is called or
sold, nobody buys anything of anybody and nobody takes money out, and the owners may still deposit
and cure. Who is insolvent by both is closed, at the answer that is better for them.
"""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, DUST, Scene
from verification.engine.world import HEALTHY, WAD


def test_diverging_venue_stops_liquidation(world):
    scene = Scene.set(world, cash=2_500, WETH=4)
    world.set_price("ETH", 1_300, secondary=1_990)
    for action in (scene.manager.call_margin, scene.manager.open_auction):
        assert_reverts(
            "default rules: account is healthy", action, scene.account, sender=scene.stranger
        )
    world.set_price("ETH", 1_300)  # the other source confirms it: now it is a price
    scene.open_auction()
    assert scene.size() == 0  # far below 0, and no fund to wait for: closed at once


def test_running_auction_waits_while_sources_diverge(world):
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    world.set_price("ETH", 1_250, secondary=CLOSE_OUT_PRICE)  # solvent by one of them
    assert_reverts(
        "default rules: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.deposit(scene.trader, scene.account, 100_000)  # INV-10
    scene.manager.cure(scene.account, sender=scene.trader)
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize("venue_first", [True, False])
def test_insolvent_by_both_is_closed_at_the_better(world, venue_first):
    """At 1,880 the account lacks 2,100, at the venue's 1,250 more than 65,000. The other side pays
    the 2,100, and a bidder gets nothing at a price that somebody calls wrong."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    answers = (1_250, 1_880) if venue_first else (1_880, 1_250)
    world.set_price("ETH", answers[0], secondary=answers[1])
    purse, book = world.cash(scene.purse), world.cash(scene.book)
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.bidder)
    assert receipt.events.filter(scene.manager.Bid) == []
    (paid,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert (paid.charged, paid.to_hole) == (2_100 * WAD, 0)
    assert (scene.size(), world.cash(scene.account), scene.stage()) == (0, 0, HEALTHY)
    assert (scene.size(scene.purse), world.cash(scene.purse)) == (0, purse)
    # The maker was SHORT 100 at 2,000: 12,000 at 1,880, less the charge.
    world.set_price("ETH", 1_880)
    assert abs(scene.equity(scene.book) - book - 9_900 * WAD) <= DUST
    assert world.conservation_error() < 1e-10


def test_diverging_venue_lets_no_money_out(world):
    """Nor is the higher source good for a withdrawal."""
    scene = Scene.set(world)
    world.set_price("ETH", 2_600, secondary=2_000)
    assert_reverts(
        "risk engine: price not valid",
        world.clearinghouse.withdraw,
        scene.account,
        world.settlement,
        10**6,
        scene.trader,
        sender=scene.trader,
    )


def test_called_account_reduces_while_sources_diverge(world):
    """INV-10: closing at a price that no source can call unfair stays open."""
    scene = Scene.set(world)
    scene.price(CALL_PRICE)
    scene.call()
    world.set_price("ETH", CALL_PRICE, secondary=1_900)
    for price in (1_910, CALL_PRICE - 0.01):  # both are alive: neither calls more than 1,945 fair
        order = world.order(scene.maker, scene.book, 50, price)
        assert_reverts(
            "risk engine: worse than mark",
            world.exchange.fill,
            order.as_tuple(),
            world.sign(scene.maker, order),
            50 * WAD,
            scene.account,
            0,
            sender=scene.trader,
        )
    world.trade((scene.maker, scene.book), (scene.trader, scene.account), -50, CALL_PRICE)
    assert scene.size() == 50 * WAD
