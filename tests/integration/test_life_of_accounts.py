"""Whole lives of accounts: from the first deposit to the last withdrawal, the books watched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bulkhead.books import read_books
from tests.procedure import long_after
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import (
    BTC,
    CALLED,
    CROSS,
    ETH,
    HEALTHY,
    ISOLATED,
    WAD,
    World,
)

# Rounding of the few legs that a story moves, in cash; always in favour of the clearinghouse.
DUST = Decimal("1e-9")
FRESH = 600  # seconds in which what was won stays
SIZE_DUST = 1_000  # wei of base: a tear-up rounds the index of a side


def check(world: World) -> None:
    """Law 3.2 at mark, a hundredth and a hundred times it; both sides of every market."""
    assert world.conservation_error() <= DUST
    books = read_books(world.deployment, world.opened)
    for market, book in books.markets.items():
        sizes = [book.size(p) for (_, held), p in books.positions.items() if held == market]
        assert abs(sum(sizes)) <= SIZE_DUST
        assert abs(sum(size for size in sizes if size > 0) - book.interest[0]) <= SIZE_DUST


def leave(world: World, person: Any, account: int) -> int:
    """Withdraw all cash, once nothing of it is a fresh win; return the token units."""
    world.wait(FRESH)
    units = world.cash(account) // 10**12
    if units:
        world.clearinghouse.withdraw(account, world.settlement, units, person, sender=person)
    return units


@pytest.mark.parametrize(("mode", "market"), [(CROSS, 0), (ISOLATED, ETH)])
def test_call_top_up_cure_and_home(world, mode, market):
    """Called in a dip, saved by a deposit in time, out with what is left."""
    scene = Scene.set(world, mode=mode, market=market)
    check(world)
    scene.price(1_945)
    hunter = world.open(scene.stranger)
    scene.call(hunter)
    check(world)
    assert scene.stage() == CALLED
    world.wait(1_800)
    world.deposit(scene.trader, scene.account, 3_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    check(world)
    assert scene.stage() == HEALTHY
    scene.price(2_010)
    scene.buy(-100, 2_010)
    check(world)
    # 13,000 paid in, 1,000 won, fees of 100.00 and 100.50, the hunter's reward.
    reward = world.cash(hunter)
    left = world.cash(scene.account)
    assert reward + left == 13_799_500 * WAD // 1_000
    assert leave(world, scene.trader, scene.account) == left // 10**12
    assert leave(world, scene.stranger, hunter) == reward // 10**12
    check(world)


@pytest.mark.parametrize(("mode", "market"), [(CROSS, 0), (ISOLATED, ETH)])
def test_missed_deadline_partial_bid_and_recovery(world, mode, market):
    """No top-up: a part is sold, the rest lives on and its owner takes it home."""
    scene = Scene.set(world, mode=mode, market=market)
    scene.price(1_945)
    scene.call()
    check(world)
    world.wait(scene.terms.grace + 1)
    scene.open_auction()
    check(world)
    world.wait(600)
    event = scene.bid()
    check(world)
    assert 0 < event.fraction < WAD
    assert scene.stage() == HEALTHY
    left = scene.size()
    assert 0 < left < 100 * WAD
    scene.price(2_100)
    scene.world.trade(
        (scene.maker, scene.book), (scene.trader, scene.account), -Decimal(left) / WAD, 2_100
    )
    check(world)
    assert scene.size() == 0
    assert leave(world, scene.trader, scene.account) > 0
    check(world)


def test_gap_insolvency_draw_and_restake(world):
    """A fall beyond all margin that nobody looked at for weeks: torn up at once, the fund pays up
    to its limit, the shorts 2 % of the price, fees repay the hole, and the fund takes new money."""
    scene = Scene.set(world)
    fund, ledger = world.insurance_fund, world.clearinghouse
    world.stake(scene.staker, 2_000)
    scene.price(1_500)
    long_after(world)  # the average of a day is 1,500 as well: the market has moved nothing lately
    assert fund.totalAssets() == 2_000 * 10**6
    scene.open_auction()  # 9,900 - 50,000: 1,200 of the fund, 3,000 of the shorts, the rest is hole
    check(world)
    assert fund.totalAssets() == 800 * 10**6
    assert abs(ledger.hole() - 35_900 * WAD) < 10**12
    assert scene.stage() == HEALTHY
    assert scene.size() == 0
    assert world.cash(scene.account) == 0

    # The maker's profit is paid in full: what is missing is the clearinghouse's.
    world.trade((scene.bidder, scene.purse), (scene.maker, scene.book), 2.9, 1_500)
    check(world)
    ledger.collect_fees(ETH, sender=scene.stranger)
    assert ledger.hole() < 35_900 * WAD - 10**18
    assert fund.totalAssets() == 800 * 10**6
    check(world)

    newcomer = world.people["second staker"]
    world.stake(newcomer, 10_000)
    assert fund.convertToAssets(fund.balanceOf(newcomer)) >= 9_999 * 10**6
    assert fund.convertToAssets(fund.balanceOf(scene.staker)) <= 800 * 10**6
    check(world)

    # Life goes on: a new account of the same owner trades and closes.
    again = world.open(scene.trader, 5_000)
    world.trade((scene.maker, scene.book), (scene.trader, again), 10, 1_500)
    world.trade((scene.maker, scene.book), (scene.trader, again), -10, 1_510)
    check(world)


def test_days_of_funding(world):
    """A premium of 3 % is paid by the longs for days, capped, to the shorts and to nobody else."""
    scene = Scene.set(world, size=0, cash=50_000)
    world.wait(8 * 3_600)
    scene.buy(50, 2_060)
    rate_after_one = world.clearinghouse.market_state(ETH)
    world.wait(4 * 3_600)
    scene.buy(50, 2_060)
    assert world.clearinghouse.market_state(ETH) != rate_after_one
    start = scene.equity() + scene.equity(scene.book)
    paid = []
    for _ in range(6):
        before = scene.equity()
        world.wait(4 * 3_600)
        world.clearinghouse.accrue_funding(ETH, sender=scene.stranger)
        paid.append(before - scene.equity())
        check(world)
    assert paid[0] > 0
    assert paid[0] <= 100 * 2_000 * WAD // 100 // 6  # 1 % a day of 200,000, for four hours
    assert paid == sorted(paid, reverse=True)  # without trades the rate fades
    assert abs(scene.equity() + scene.equity(scene.book) - start) < 10**6
    scene.buy(-100, 2_000)
    check(world)
    assert abs(world.cash(scene.account) - scene.equity()) == 0


def test_funding_alone_can_default_an_account(world):
    """No price moved at all; and the slices carry the funding with them."""
    scene = Scene.set(world, size=0, cash=9_000)
    world.wait(8 * 3_600)
    scene.buy(90, 2_000)
    rich, poor = world.open(scene.stranger, 500_000), scene.account
    for _ in range(40):
        for size in (400, -400):
            world.trade((scene.maker, scene.book), (scene.stranger, rich), size, 2_090)
        world.wait(8 * 3_600)
        if scene.ratio() < Decimal("0.9"):
            break
    world.clearinghouse.accrue_funding(ETH, sender=scene.stranger)
    check(world)
    assert scene.ratio() < 1
    manager = scene.manager
    manager.call_margin(poor, sender=scene.stranger)
    world.wait(scene.terms.grace + 1)
    manager.open_auction(poor, sender=scene.stranger)
    world.wait(900)
    wealth, event = scene.equity(scene.purse), scene.bid()
    assert abs(scene.equity(scene.purse) - wealth - event.discount) < WAD // 100
    check(world)


def test_a_crash_with_everybody_in_it(world):
    """Six accounts, both modes, both markets, cash and coins: through a crash and out again."""
    maker, keeper, staker = world.people.named("maker", "keeper", "staker")
    owners = world.people.crowd(6)
    book, purse = world.open(maker, 5_000_000), world.open(keeper, 1_000_000)
    world.stake(staker, 200_000)
    lives = [
        (owners[0], world.open(owners[0], 10_000), 100, ETH),
        (owners[1], world.open(owners[1], 6_000, mode=ISOLATED, market=ETH), 50, ETH),
        (owners[2], world.open(owners[2], 1_000, WETH=8), 120, ETH),
        (owners[3], world.open(owners[3], 12_000, mode=ISOLATED, market=BTC), 5, BTC),
        (owners[4], world.open(owners[4], 500, WBTC=1), 8, BTC),
        (owners[5], world.open(owners[5], 40_000), -100, ETH),
    ]
    idle = world.open(world.people["idler"], 5_555)
    for person, account, size, market in lives:
        price = 2_000 if market == ETH else 40_000
        world.trade((maker, book), (person, account), size, price, market)
        check(world)

    manager, called, sold, ended = world.default_manager, set(), set(), set()
    for eth, btc in ((1_950, 39_200), (1_900, 38_300), (1_820, 37_000), (1_700, 35_500)):
        world.set_price("ETH", eth)
        world.set_price("BTC", btc)
        for _, account, _, _ in lives:
            seen = manager.auction(account)
            if seen.equity >= seen.maintenance:
                continue
            if seen.stage == HEALTHY:
                manager.call_margin(account, purse, sender=keeper)
                called.add(account)
        world.wait(3_700)
        for _, account, _, _ in lives:
            seen = manager.auction(account)
            if seen.stage == CALLED and seen.equity < seen.maintenance:
                manager.open_auction(account, sender=keeper)
            if account in called and not world.header(account).markets:
                ended.add(account)  # insolvent: over as soon as it was seen
        world.wait(600)
        for _, account, _, _ in lives:
            if manager.auction(account).max_fraction:
                manager.bid(account, WAD, purse, 1, sender=keeper)
                sold.add(account)
            check(world)

    assert len(called) >= 4
    assert sold
    assert ended
    assert len(sold | ended) >= 4
    short = lives[5][1]
    assert short not in called
    assert world.cash(idle) == 5_555 * WAD  # INV-7
    for _, account, _, _ in lives:
        assert not manager.auction(account).max_fraction
    # The winner goes home with what was won, paid by the losers and the fund; what was torn up on
    # the way was closed at the mark of that moment.
    books = read_books(world.deployment, world.opened)
    left = books.markets[ETH].size(books.positions[short, ETH])
    assert -100 * WAD <= left < 0
    world.trade((maker, book), (lives[5][0], short), -Decimal(int(left)) / WAD, 1_700)
    won = leave(world, lives[5][0], short) - 40_000 * 10**6
    assert 22_000 * 10**6 < won < 30_000 * 10**6
    check(world)
    assert_reverts(
        "default rules: account is healthy",
        manager.call_margin,
        idle,
        sender=keeper,
    )
