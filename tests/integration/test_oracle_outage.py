"""What still works, and what waits, while prices cannot be trusted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, Scene
from verification.engine.world import AUCTION, BTC, ETH, HEALTHY, NEVER, WAD

HEARTBEAT = 3_600  # of the primary feed in config/local.yaml


def fall_silent(scene: Scene) -> None:
    """All feeds stop reporting."""
    scene.world.wait(3 * HEARTBEAT, refresh=False)


def disagree(scene: Scene) -> None:
    """The second source of ETH is 3 % lower."""
    now = scene.world.risk_engine.price(8 + ETH)[0] / WAD
    scene.world.set_price("ETH", now, secondary=round(now * 0.97, 6))


def answer_zero(scene: Scene) -> None:
    """The primary feed of ETH answers 0."""
    now = scene.world.risk_engine.price(8 + ETH)[0] / WAD
    scene.world.set_price("ETH", 0, secondary=now)


# So low that the account stays below MM even at the better end of a price in doubt.
DEEP_PRICE = 1_850
BY_BETTER_END = [(CALL_PRICE, "account is healthy"), (DEEP_PRICE, "price not valid")]

OUTAGES = [fall_silent, disagree, answer_zero]
Outage = Callable[[Scene], None]


def fill_of(scene: Scene, size: float, price: float) -> tuple:
    """Return the arguments by which the trader gains `size` from the maker."""
    order = scene.world.order(scene.maker, scene.book, -size, price)
    signature = scene.world.sign(scene.maker, order)
    return (
        order.as_tuple(),
        signature,
        abs(int(size * WAD)),
        scene.account,
        NEVER if size > 0 else 0,
    )


@pytest.mark.parametrize("outage", OUTAGES)
def test_no_risk_is_opened_and_no_money_let_out(world, outage: Outage):
    scene = Scene.set(world)
    fill = world.exchange.fill
    outage(scene)
    assert_reverts(
        "risk engine: price not valid", fill, *fill_of(scene, 1, 2_000), sender=scene.trader
    )
    assert_reverts(
        "risk engine: price not valid",
        world.clearinghouse.withdraw,
        scene.account,
        world.settlement,
        1,
        scene.trader,
        sender=scene.trader,
    )
    world.set_price("ETH", 2_000)
    world.refresh()
    scene.buy(1)


@pytest.mark.parametrize("outage", OUTAGES)
def test_deposits_work_and_the_flat_leave(world, outage: Outage):  # INV-10
    """Nobody's price is needed to take cash in, or to take in and pay out who holds no position."""
    scene = Scene.set(world)
    flat = world.open(scene.stranger, 500, WETH=1)
    outage(scene)
    world.deposit(scene.trader, scene.account, 100)
    world.deposit(scene.stranger, flat, 1, "WETH")
    ledger = world.clearinghouse
    ledger.withdraw(flat, world.settlement, 500 * 10**6, scene.stranger, sender=scene.stranger)
    weth = world.deployment.tokens["WETH"]
    ledger.withdraw(flat, weth, 2 * 10**18, scene.stranger, sender=scene.stranger)
    assert world.cash(flat) == 0
    assert world.conservation_error() == 0


@pytest.mark.parametrize(("price", "refused"), BY_BETTER_END)
def test_outage_stops_calls_and_its_end_starts_them(world, price, refused):
    scene = Scene.set(world)
    scene.price(price)
    fall_silent(scene)
    assert_reverts(
        f"default rules: {refused}",
        scene.manager.call_margin,
        scene.account,
        sender=scene.stranger,
    )
    world.refresh()
    scene.call()
    if price == DEEP_PRICE:
        assert scene.size() == 0  # insolvent, and no fund to wait for: closed at once
    else:
        assert scene.is_called()


@pytest.mark.parametrize(("price", "refused"), BY_BETTER_END)
def test_outage_stops_auctions_after_the_deadline(world, price, refused):
    scene = Scene.set(world)
    scene.price(CALL_PRICE)
    scene.call()
    scene.price(price)
    fall_silent(scene)
    assert_reverts(
        f"default rules: {refused}",
        scene.manager.open_auction,
        scene.account,
        sender=scene.stranger,
    )
    world.refresh()
    scene.open_auction()
    if price == DEEP_PRICE:
        assert scene.size() == 0
    else:
        assert scene.is_in_auction()


@pytest.mark.parametrize(
    ("outage", "price", "refused"),
    [
        (fall_silent, CLOSE_OUT_PRICE, "account is healthy"),
        (fall_silent, DEEP_PRICE, "price not valid"),
        # With one source left, the last checkpoint (2,000) may still be the price.
        (answer_zero, CLOSE_OUT_PRICE, "account is healthy"),
        (answer_zero, DEEP_PRICE, "account is healthy"),
        # With two that disagree, the higher is as high as it can be: unhealthy, but not to be sold.
        (disagree, CLOSE_OUT_PRICE, "price not valid"),
    ],
)
def test_running_auction_pauses(world, outage: Outage, price, refused):
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(price)
    outage(scene)
    assert_reverts(
        f"default rules: {refused}",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.set_price("ETH", CLOSE_OUT_PRICE)
    world.refresh()
    assert scene.bid().ended


@pytest.mark.parametrize("step", ["bid", "open_auction", "tear_up"])
def test_feeds_that_disagree_do_not_stop_the_end_of_an_insolvency(world, step):
    """Both say that nothing is left: it ends at the better of the two, and nobody buys at it."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(DEEP_PRICE)
    disagree(scene)
    arguments = {
        "bid": (scene.account, WAD, scene.purse, 1),
        "open_auction": (scene.account,),
        "tear_up": ([scene.account],),
    }[step]
    receipt = getattr(scene.manager, step)(*arguments, sender=scene.bidder)
    (paid,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert paid.charged == 5_100 * WAD  # at 1,850; at 1,794.50 it would be 10,650
    assert (scene.size(), scene.size(scene.purse), scene.stage()) == (0, 0, HEALTHY)
    assert world.clearinghouse.hole() == 0


def test_stale_primary_one_second_late(world):
    """The heartbeat is a limit, not a hint."""
    scene = Scene.set(world)
    world.refresh()
    world.wait(HEARTBEAT - 60, refresh=False)
    assert world.risk_engine.price(8 + ETH)[2]
    scene.buy(1)
    world.wait(61, refresh=False)
    assert not world.risk_engine.price(8 + ETH)[2]


def test_bidder_with_a_leg_in_doubt_takes_nothing(world):
    """INV-8: their own margin cannot be judged, so they take on no risk."""
    scene = Scene.set(world)
    world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), 0.1, 40_000, BTC)
    fresh = world.open(scene.bidder, 100_000)
    world.wait(HEARTBEAT + 400, refresh=False)
    scene.auction_at(CLOSE_OUT_PRICE)
    assert_reverts(
        "risk engine: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    scene.bid(purse=fresh)
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize(
    ("back", "stake", "sold"),
    [
        (38_800, 0, True),  # solvent: at a discount
        (41_000, 20_000, True),  # insolvent, and the fund covers it: at mark
        (41_000, 10_000, False),  # insolvent beyond the fund: torn up, and charged
    ],
)
def test_portfolio_ends_in_two_steps_around_an_outage(world, back, stake, sold):
    """INV-13. ETH while BTC is silent, BTC when it is back; nothing is lost in between."""
    scene = Scene.set(world, cash=18_000)
    scene.buy(-4, 40_000, BTC)
    if stake:
        world.stake(scene.staker, stake)
    fall_silent(scene)
    scene.auction_at(1_790)
    first = scene.bid()
    assert (first.fraction, first.ended) == (WAD, False)
    assert scene.size() == 0
    assert world.conservation_error() < 1e-12
    world.set_price("BTC", back)
    assert scene.stage() == AUCTION
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.bidder)
    assert [event.ended for event in receipt.events.filter(scene.manager.Bid)] == [True] * sold
    assert bool(receipt.events.filter(scene.manager.ShortfallPaid)) == (back == 41_000)
    assert bool(scene.size(scene.purse, BTC)) == sold
    assert scene.stage() == HEALTHY
    if back == 41_000:
        assert scene.size(market=BTC) == world.cash(scene.account) == 0
    assert world.conservation_error() < 1e-12
