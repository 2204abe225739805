"""What a wrong price lets nobody do."""

from __future__ import annotations

from decimal import Decimal

from verification.defences.defence import DAY, Attacker, Defence, attempt, without
from verification.engine.scenes import Scene, cash_of
from verification.engine.world import BTC, World

FLOOR = 10  # lower hard bound of ETH in config/local.yaml
BTC_PRICE = 40_000
ROUNDS = 100  # more than any account here can pay for
LOW, HIGH = BTC_PRICE * 0.951, BTC_PRICE * 1.049  # inside the band of 5 %


def lose_to_twin(attacker: Attacker, rich: int, twin: int, size: float) -> None:
    """Let an account that looks rich lose to its twin, inside the band of a market whose price is
    right, for as long as that goes; then the twin takes the cash."""
    for change, price in ((size, HIGH), (-size, LOW)) * ROUNDS:
        if not attacker.trade_with_himself(twin, rich, change, price, BTC):
            break
    attacker.withdraw_most(twin)


def borrow_at_the_floor(world: World) -> Decimal:
    """Venus: ETH is worth a cent, and both feeds stand at their floor."""
    attacker = Attacker.enter(world)
    world.wait(30 * DAY)  # the collateral's cap is fully there
    attacker.scene.price(FLOOR)
    rich, twin = attacker.open(WETH=50_000, worth=500), attacker.open(10_000)
    lose_to_twin(attacker, rich, twin, 4)
    return attacker.walked_off_with()


def borrow_on_an_average(world: World) -> Decimal:
    """sKRW: one of two sources answers forty times the price; a thousand is out of bounds."""
    attacker = Attacker.enter(world)
    rich, twin = attacker.open(WETH=10, worth=20_000), attacker.open(20_000)
    world.set_price("ETH", 2_000, secondary=80_000)
    lose_to_twin(attacker, rich, twin, 4)
    return attacker.walked_off_with()


def buy_from_a_fallen_venue(world: World) -> Decimal:
    """10 October 2025: one venue's price falls alone; whoever is sold on it is bought for less."""
    scene = Scene.set(world, cash=2_500, WETH=4)
    before = scene.equity(scene.purse)
    for _ in range(2):
        world.set_price("ETH", 1_920, secondary=1_990)
        attempt(scene.open_auction)
        world.wait(scene.terms.duration)
    attempt(scene.bid)
    world.set_price("ETH", 1_990)
    return cash_of(scene.equity(scene.purse) - before)


def settle_on_the_last_feed(world: World) -> Decimal:
    """One feed of ETH is dead, the other twenty times too high: a pair settles at that, and the
    loser's WETH seems to pay for it."""
    attacker = Attacker.enter(world)
    winner, loser = attacker.open(20_000), attacker.open(WETH=100, worth=200_000)
    attacker.trade_with_himself(loser, winner, 100, 2_000)
    world.set_price("ETH", 0, secondary=40_000)
    attacker.trade_with_himself(winner, loser, 100, 38_000)
    attacker.withdraw_most(winner)
    return attacker.walked_off_with()


DISAGREE = """            return (
                low
                | (high << feed_words.HIGH_SHIFT)
                | (feed_words.STATUS_DIVERGENT << feed_words.STATUS_SHIFT)
            )
"""
PRICES = {
    "venus": Defence(
        "Venus and LUNA, May 2022",
        "an answer at its hard bound is no price",
        ("PriceOracle",),
        without("PriceOracle.vy", "if answer <= least:\n", "if answer < least:\n"),
        borrow_at_the_floor,
        material=Decimal(100_000),
    ),
    "skrw": Defence(
        "Synthetix sKRW, June 2019",
        "sources that disagree make no price, not an average",
        ("PriceOracle",),
        without(
            "PriceOracle.vy",
            DISAGREE,
            "            return (low + high) // 2 | (low + high) // 2 << feed_words.HIGH_SHIFT\n",
        ),
        borrow_on_an_average,
        material=Decimal(100_000),
    ),
    "october-venue": Defence(
        "10 October 2025: one venue's price",
        "sources that disagree make no price to sell at",
        ("PriceOracle",),
        without(
            "PriceOracle.vy",
            DISAGREE,
            "            return mark | mark << feed_words.HIGH_SHIFT\n",
        ),
        buy_from_a_fallen_venue,
        material=Decimal(5_000),
        measure="the bidder's gain",
    ),
    "lone-feed": Defence(
        "one feed dead, the other wrong",
        "a lone answer stands beside the last price on which both agreed",
        ("PriceOracle",),
        without(
            "PriceOracle.vy",
            "remembered = price_memory._evidence(price_memory._key(msg.sender, w0, w1, w2))",
            "pass",
        ),
        settle_on_the_last_feed,
        material=Decimal(1_000_000),
    ),
}
