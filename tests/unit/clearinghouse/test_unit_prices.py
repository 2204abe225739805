"""Unit prices do not matter: fills, funding and margin from 1e-8 to 1e8 of cash a unit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from bulkhead.books import signed
from verification.engine.scenes import set_market_risk
from verification.engine.world import ETH, WAD, World

ROW = 8
DAY = 86_400
NOTIONAL = 10_000
PREMIUM = Decimal("0.01")


@pytest.fixture(params=["1e-8", "1e-5", "1", "1.6e7", "1e8"])
def price(request, world) -> Decimal:
    """The price of ETH, with an oracle that believes it."""
    words = world.risk_engine.row_words(ROW + ETH)
    words = words[0], words[1] & 2**160 - 1, 1 | (2**95 - 1) << 128
    asset = world.deployment.assets["ETH"]
    world.risk_engine.set_asset(asset, *words, sender=world.admin)
    world.wait(world.risk_engine.FEED_NOTICE())
    world.risk_engine.apply_asset(asset, sender=world.admin)
    set_market_risk(world, "ETH-PERP", slope=0, load=0, funding_cap=50_000)
    world.exchange.set_terms(ETH, 0, 500, 500, sender=world.admin)
    found = Decimal(request.param)
    world.set_price("ETH", float(found))
    return found


@pytest.fixture
def taker(world, trader):
    return trader, world.open(trader, 100_000)


def rate(world: World) -> int:
    word = world.clearinghouse.market_state(ETH)
    return signed(word, 128, 42) << 8 * (word >> 170 & 63)


@pytest.mark.parametrize("side", [1, -1])
def test_funding_is_within_a_hundredth_of_exact(world, maker, taker, price, side):
    """A fill 1 % beyond mark argues for 1 % a day, by a tenth; an hour of it reaches the cash."""
    size = (NOTIONAL / price).quantize(Decimal("1e-12"))
    quote = price * (1 + side * PREMIUM)
    world.trade(maker, taker, side * size, quote)
    assert abs(rate(world)) > 0
    exact = Fraction(side * price * WAD * PREMIUM) / DAY / 10
    assert abs(rate(world) / exact - 1) < Fraction(1, 100)
    begun = world.clearinghouse.market_state(ETH)
    world.wait(3_600)
    world.clearinghouse.accrue_funding(ETH, sender=world.admin)
    word = world.clearinghouse.market_state(ETH)
    passed = (word >> 96 & 2**32 - 1) - (begun >> 96 & 2**32 - 1)
    moved = Fraction(signed(word, 0, 96)) - signed(begun, 0, 96)
    assert abs(moved / (exact * passed) - 1) < Fraction(1, 100)


def test_a_round_trip_costs_its_fees(world, maker, taker, price):
    """At mark; what is realised is exact to the wei, and books balance."""
    size = (NOTIONAL / price).quantize(Decimal("1e-12"))
    before = world.cash(taker[1])
    world.trade(maker, taker, size, price)
    assert world.position(taker[1])[0] == int(size * WAD)
    world.trade(maker, taker, -size, price)
    fees = 2 * NOTIONAL * WAD * 500 // 10**6
    assert 0 <= before - world.cash(taker[1]) - fees <= 4 * 10**12
    assert world.position(taker[1]) == (0, 0)
    assert abs(world.conservation_error()) < 10**6


def test_a_doubling_is_won_and_lost(world, maker, taker, price):
    size = (NOTIONAL / price).quantize(Decimal("1e-12"))
    world.trade(maker, taker, size, price)
    before = world.cash(taker[1])
    world.set_price("ETH", float(price * 2))
    world.trade(maker, taker, -size, price * 2)
    won = world.cash(taker[1]) - before + 2 * NOTIONAL * WAD * 500 // 10**6
    assert abs(won - NOTIONAL * WAD) < 10**14
