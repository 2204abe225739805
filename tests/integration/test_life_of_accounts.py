"""Whole lives of accounts: from the first deposit to the last withdrawal, the books watched."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from bulkhead.books import read_books
from tests.procedure import WINS_COUNT, long_after
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, Scene
from verification.engine.world import (
    BTC,
    CALLED,
    CROSS,
    ETH,
    HEALTHY,
    INSOLVENT,
    ISOLATED,
    WAD,
    World,
)

# Rounding of the few legs that a story moves, in cash; always in favour of the clearinghouse.
DUST = Decimal("1e-9")
SIZE_DUST = 1_000  # wei of base: a tear-up rounds the index of a side


def check(world: World) -> None:
    """Law 3.2 at mark, a hundredth and a hundred times it; both sides of every market."""
    assert world.conservation_error() <= DUST
    books = read_books(world.deployment, world.opened)
    for market, book in books.markets.items():
        sizes = [book.size(p) for (_, held), p in books.positions.items() if held == market]
        assert abs(sum(sizes)) <= SIZE_DUST
        assert abs(sum(size for size in sizes if size > 0) - book.interest[0]) <= SIZE_DUST


def leave(world: World, person: Any, account: int, sits_out: bool = True) -> int:
    """Withdraw all cash; return the token units. Who has just won, or was in default, must sit it
    out: all of it leaves only then."""
    units = world.cash(account) // 10**12
    withdrawal = account, world.settlement, units, person
    if sits_out:
        assert_reverts(
            "margin moves: won too lately",
            world.clearinghouse.withdraw,
            *withdrawal,
            sender=person,
        )
        world.wait(WINS_COUNT)
    world.clearinghouse.withdraw(*withdrawal, sender=person)
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
    # By now the hunter's reward is no fresh win any more, either.
    assert leave(world, scene.stranger, hunter, sits_out=False) == reward // 10**12
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
    kept = world.cash(scene.account)
    assert leave(world, scene.trader, scene.account) == kept // 10**12 > 0
    check(world)


def test_gap_insolvency_draw_and_restake(world):
    """A gap beyond all margin that nobody ends for so long that the other side answers for 2 %
    only: the bidder gets nothing that no fund covers, all of it is torn up, the fund pays up to its
    limit, fees repay the hole, and the fund takes new money."""
    scene = Scene.set(world)
    fund, ledger = world.insurance_fund, world.clearinghouse
    world.stake(scene.staker, 2_000)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(1_500)
    long_after(world)
    check(world)
    # 9,900 - 50,000: 1,200 of the fund, 3,000 of the shorts, the rest is hole.
    receipt = scene.manager.bid(scene.account, WAD // 2, scene.purse, 1, sender=scene.bidder)
    check(world)
    assert receipt.events.filter(scene.manager.Bid) == []
    assert scene.size(scene.purse) == 0
    (paid,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert paid.insurance == 1_200 * WAD
    assert abs(paid.charged - 3_000 * WAD) < 10**9
    assert fund.totalAssets() == 800 * 10**6
    assert abs(ledger.hole() - 35_900 * WAD) < 10**9
    assert (scene.size(), world.cash(scene.account), scene.stage()) == (0, 0, HEALTHY)

    # The maker's profit less the charge is booked: what is missing is the clearinghouse's, and
    # fees are what fills it.
    assert abs(scene.equity(scene.book) - (10_000_000 - 20 + 50_000 - 3_000) * WAD) < 10**9
    world.trade((scene.bidder, scene.purse), (scene.maker, scene.book), 2.9, 1_500)
    check(world)
    collected = world.market().fees
    ledger.collect_fees(ETH, sender=scene.stranger)
    assert collected > WAD
    assert abs(ledger.hole() - (35_900 * WAD - collected)) < 10**9
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

    manager, short = world.default_manager, lives[5][1]
    called, sold, ended, left = set(), set(), set(), set()

    def note(account: int, receipt: Any) -> None:
        """Whom the step has ended, and that the funds alone paid for it."""
        for paid in receipt.events.filter(manager.ShortfallPaid):
            assert paid.charged == paid.to_hole == 0
            ended.add(account)

    for eth, btc in ((1_950, 39_200), (1_900, 38_300), (1_820, 37_000), (1_700, 35_500)):
        world.set_price("ETH", eth)
        world.set_price("BTC", btc)
        won = world.risk_engine.margin(short)[0]
        for _, account, _, _ in lives:
            seen = manager.auction(account)
            if seen.stage == HEALTHY and seen.equity < seen.maintenance:
                receipt = manager.call_margin(account, purse, sender=keeper)
                note(account, receipt)
                if receipt.events.filter(manager.MarginCalled):
                    called.add(account)
        world.wait(3_700)
        for _, account, _, _ in lives:
            seen = manager.auction(account)
            if seen.stage == CALLED and seen.equity < seen.maintenance:
                note(account, manager.open_auction(account, sender=keeper))
        world.wait(600)
        for _, account, _, _ in lives:
            if manager.auction(account).max_fraction:
                note(account, manager.bid(account, WAD, purse, 1, sender=keeper))
                sold.add(account)
            if world.stage(account) == INSOLVENT:
                receipt = manager.bid(account, WAD, purse, 1, sender=keeper)
                assert len(receipt.events.filter(manager.RemainderSold)) == 1
                left.add(account)
            check(world)
        # INV-11: a tear-up takes size from the winner, and no money.
        assert abs(world.risk_engine.margin(short)[0] - won) < 10**6

    first, second, third, fourth, fifth = (account for _, account, _, _ in lives[:5])
    assert called == sold == {second, third, fourth}
    assert ended == {first, third, fourth, fifth}  # the first and the last in one step, unasked
    assert left == {third, fifth}  # coins against what is owed
    assert world.cash(idle) == 5_555 * WAD  # INV-7
    for _, account, _, _ in lives:
        assert manager.auction(account).stage == HEALTHY
        assert not manager.auction(account).max_fraction
    # The winner goes home with what was won, paid by the losers and the fund.
    books = read_books(world.deployment, [short])
    size = books.markets[ETH].size(books.positions[short, ETH])
    assert round(float(-size / WAD), 2) == 60.32  # of 100: of 270 LONG 107.15 were torn up
    world.trade((maker, book), (lives[5][0], short), Decimal(math.ceil(-size)) / WAD, 1_700)
    assert world.position(short) == (0, 0)
    units = world.cash(short) // 10**12
    assert leave(world, lives[5][0], short) == units > 62_100 * 10**6
    check(world)
    assert_reverts(
        "default rules: account is healthy",
        manager.call_margin,
        idle,
        sender=keeper,
    )
