"""Prices: settlements at a moment that somebody chooses, feeds in doubt, feeds that are silent."""

from __future__ import annotations

from decimal import Decimal

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.referee import Party
from verification.attacks.steps import (
    BTC,
    DAY,
    ETH,
    HOUR,
    WAD,
    attempt,
    close,
    convert,
    keep,
    pair,
    withdraw,
)
from verification.attacks.worlds import (
    TINY_MARKET,
    TINY_PRICE,
    with_tiny_market,
    with_witness,
)
from verification.engine.scenes import SIZE, Scene

ROW = 8  # of the risk engine, of market 0


def report(arena: Arena, market: int = ETH) -> None:
    """Put on record that a market's price is not valid, if it is not."""
    attempt(arena.risk_engine.report_outage, ROW + market, sender=arena.people["attacker"])


def settle(arena: Arena, market: int = ETH) -> bool:
    """Let a stranger settle a market."""
    settling = arena.clearinghouse.settle_market
    return bool(attempt(settling, market, sender=arena.people["attacker"]))


def settle_in_doubt(arena: Arena) -> Outcome:
    """In a wind-down the feeds stand 2.5 % apart for a moment: settled at the average."""
    player = arena.party("player", "attacker")
    maker, person = arena.people.named("maker", "attacker")
    book, long = arena.open(maker, 1_000_000), arena.open(person, 60_000)
    arena.trade((maker, book), (person, long), 100, 2_000)
    arena.set_price("ETH", 1_600)
    arena.clearinghouse.begin_wind_down(sender=arena.admin)
    arena.set_price("ETH", 1_600, 1_641, real=1_600)
    settle(arena)
    arena.set_price("ETH", 1_600)
    settle(arena)
    settle(arena, BTC)
    arena.wait(4 * DAY)
    attempt(arena.clearinghouse.begin_redemption, sender=person)
    return Outcome.of(arena, player)


def settle_at_an_old_price(arena: Arena) -> Outcome:
    """The only checkpoint is from deployment; in doubt for days, the market settles at it."""
    player = arena.party("player", "attacker")
    maker, person = arena.people.named("maker", "attacker")
    book, short = arena.open(maker, 2_000_000), arena.open(person, 100_000)
    arena.set_price("ETH", 4_000)
    arena.trade((maker, book), (person, short), -100, 4_000)
    for _ in range(16):  # it must be shown again, and is
        arena.set_price("ETH", 4_000, 4_100, real=4_000)
        report(arena)
        arena.wait(DAY // 4)
    arena.set_price("ETH", 4_000, 4_100, real=4_000)
    settle(arena)
    arena.set_price("ETH", 4_000)
    convert(arena, ETH, short, person)
    close(arena, person, short, (maker, book), 4_000)
    return Outcome.of(arena, player)


def settle_the_living(arena: Arena) -> Outcome:
    """Outages of 40 s, every half day for four days, and nobody takes a checkpoint in between."""
    player = arena.party("player", "attacker")
    Scene.set(arena)
    for _ in range(8):
        arena.set_price("ETH", 2_000, 2_050, real=2_000)
        report(arena)
        settle(arena)
        arena.wait(40)
        arena.set_price("ETH", 2_000)
        for _ in range(12):
            arena.wait(HOUR)
    return _ended(arena, player)


def settle_the_late(arena: Arena) -> Outcome:
    """The primary is late by 40 s every hour for four days, which is shown each time, and nobody
    takes a checkpoint in between."""
    player = arena.party("player", "attacker")
    Scene.set(arena)
    for _ in range(4 * 24):
        arena.wait(HOUR + 40, refresh=False)
        report(arena)
        settle(arena)
        arena.refresh()
    return _ended(arena, player)


def _ended(arena: Arena, player: Party) -> Outcome:
    is_settled = arena.clearinghouse.settled_prices(ETH) != 0
    ended = Decimal(SIZE * 2_000 if is_settled else 0)
    return Outcome.of(arena, player, ended)


def date_ahead(arena: Arena) -> Outcome:
    """An answer dated a second ahead, pushed each block: no procedure while the price falls."""
    player = arena.party("player", "attacker")
    maker, person, bidder = arena.people.named("maker", "attacker", "bidder")
    book, purse = arena.open(maker, 1_000_000), arena.open(bidder, 1_000_000)
    arena.stake(arena.people["staker"], 100_000)
    long, short = pair(arena, person, 8_600, 100)
    price = 2_000.0
    for _ in range(100):
        arena.wait(12)
        price *= 0.99918
        arena.set_price("ETH", price)
        feed = arena.deployment.feeds["ETH"][0]
        answer = feed.latestRoundData()[1]
        feed.set_answer(answer, arena.chain.pending_timestamp + 1, sender=person)
        keep(arena, long, bidder, purse)
    arena.set_price("ETH", price)
    close(arena, person, short, (maker, book), price)
    withdraw(arena, person, short)
    keep(arena, long, bidder, purse)
    arena.wait(HOUR)
    keep(arena, long, bidder, purse)
    return Outcome.of(arena, player)


def buy_between_feeds(arena: Arena) -> Outcome:
    """Both feeds are valid, 2 % apart: an account healthy by the second is sold by the first."""
    player = arena.party("player", "bidder")
    scene = Scene.set(arena, cash=13_000)
    arena.set_price("ETH", 1_892, 1_929, real=1_929)
    attempt(scene.manager.call_margin, scene.account, scene.purse, sender=scene.bidder)
    attempt(scene.open_auction)
    arena.wait(scene.terms.duration // 2)
    attempt(scene.bid)
    arena.set_price("ETH", 1_929)
    close(arena, scene.bidder, scene.purse, (scene.maker, scene.book), 1_929)
    return Outcome.of(arena, player)


def die_silently(arena: Arena) -> Outcome:
    """The primary is dead for 48 h: no auction opens while the price falls by a fifth."""
    player = arena.party("player", "bidder")
    scene = Scene.set(arena)
    price = 2_000.0
    living = [arena.deployment.feeds["ETH"][1], arena.deployment.witnesses["ETH"]]
    for _ in range(48):
        arena.chain.mine(deltatime=HOUR)
        price *= 0.9954
        arena.move("ETH", price)
        for feed in living:
            feed.set(int(Decimal(str(price)) * 10 ** feed.decimals()), sender=arena.admin)
        keep(arena, scene.account, scene.bidder, scene.purse)
        arena.chain.mine(deltatime=150)
        keep(arena, scene.account, scene.bidder, scene.purse)
    arena.set_price("ETH", price)
    return Outcome.of(arena, player, max(-arena.equity(scene.account), Decimal(0)))


def _funding_paid(arena: Arena, market: int, unit: Decimal) -> Decimal:
    """Fill above mark, again and again, a million against a million; return the funding of four
    hours. Before the orders they are nothing, so that what is traded counts."""
    maker, person = arena.people.named("maker", "attacker")
    book, account = arena.open(maker, 1_000_000), arena.open(person, 1_000_000)
    price, size = unit * Decimal("1.02"), 1_000_000 / unit
    arena.trade((maker, book), (person, account), size, price, market)
    for _ in range(60):
        arena.trade((maker, book), (person, account), size / 10, price, market)
        arena.trade((maker, book), (person, account), -size / 10, price, market)
    before = arena.equity(account)
    arena.wait(4 * HOUR)
    return before - arena.equity(account)


def trade_what_is_cheap(arena: Arena) -> Outcome:
    """The same fills above mark in a market at 1e-5 of cash a unit and in one at 2,000: the funding
    that is not paid."""
    player = arena.party("player", "attacker")
    arena.real["TINY"] = Decimal(TINY_PRICE) / WAD
    paid = _funding_paid(arena, arena.deployment.markets[TINY_MARKET], arena.real["TINY"])
    due = _funding_paid(arena, ETH, arena.real["ETH"])
    return Outcome(player.budget, Decimal(0), due - paid)


PRICES = {
    "doubtful-settlement": Attack(
        3,
        settle_in_doubt,
        "feeds 2.5 % apart for a moment during a wind-down",
        rule="nobody settles at a price in doubt before that doubt is final",
        contracts=("ClearinghouseTearUps",),
        changes=without(
            "final_settlement.vy",
            "began != 0 and block.timestamp >= began + LONG_STOP",
            "began != 0 and block.timestamp >= began",
        ),
    ),
    "old-settlement": Attack(
        4,
        settle_at_an_old_price,
        "only checkpoint from deployment day",
        rule="the average is cut off at the interval; a young checkpoint always exists",
        contracts=("RiskEngine",),
        changes=without(
            "RiskEngine.vy",
            "average = min(max(average, quote.price), quote.high)",
            "average = average * 1",
        ),
    ),
    "living-market": Attack(
        5,
        settle_the_living,
        "outages of 40 s, half a day apart, for four days, nobody takes a checkpoint",
        HARM,
        "positions ended in a living market, notional",
        rule="an outage is shown again, in different blocks over the period",
        contracts=("RiskEngine", "PriceOracle"),
        changes=without(
            "feed_words.vy",
            "SHOW_AGAIN: constant(uint256) = 6 * units.HOUR",
            "SHOW_AGAIN: constant(uint256) = units.DAY",
        ),
    ),
    "late-feed": Attack(
        5,
        settle_the_late,
        "a feed late by 40 s every hour for four days, nobody takes a checkpoint",
        HARM,
        "positions ended in a living market, notional",
        rule="an outage of silence is no older than the silence",
        contracts=("PriceOracle",),
        changes=without(
            "price_memory.vy", "    since = max(since, earliest)\n", "    since = max(since, 0)\n"
        ),
    ),
    "dated-ahead": Attack(
        17,
        date_ahead,
        "an answer dated a second ahead, pushed each block",
        rule="a few seconds of future are fresh",
        contracts=("PriceOracle",),
        changes=without(
            "PriceOracle.vy",
            "MAX_AHEAD: constant(uint256) = 15\n",
            "MAX_AHEAD: constant(uint256) = 0\n",
        ),
    ),
    "between-feeds": Attack(
        18,
        buy_between_feeds,
        "feeds 2 % apart, both VALID",
        rule="an account that is called or sold is unhealthy at both fresh answers",
        contracts=("DefaultManager", "DefaultManagerInsolvency"),
        changes=without(
            "default_rules.vy",
            "return seen.equity + convert(seen.doubt, int256)",
            "return seen.equity",
        ),
    ),
    "dead-primary": Attack(
        19,
        die_silently,
        "a dead primary for 48 h",
        HARM,
        "deficit that nobody could stop",
        rule="a third feed, read only then: two of three",
        contracts=("PriceOracle",),
        changes=without(
            "PriceOracle.vy",
            "    if w3 != 0:\n",
            "    if w3 == max_value(uint256):\n",
        ),
        deploy=with_witness,
    ),
    "cheap-units": Attack(
        23,
        trade_what_is_cheap,
        "fills above mark in a market at 1e-5 of cash a unit",
        HARM,
        "funding that the same fills cost at 2,000 a unit, and not here",
        bound=Decimal(1),
        why="rates are floats of a few digits",
        rule="the rate is a float: unit prices do not matter",
        contracts=("Clearinghouse",),
        changes=without(
            "words.vy",
            "size: uint256 = convert(abs(rate), uint256)\n",
            "size: uint256 = convert(abs(rate), uint256) // 10**9 * 10**9\n",
        ),
        material=Decimal(100),
        deploy=with_tiny_market,
    ),
}
