"""Margin after docs/specification.md in exact integers, from the ledger's words and the
configuration: nothing here asks the risk engine what an account is worth or needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

from bulkhead.books import Books, read_books
from bulkhead.deployment import Deployment

WAD = 10**18
PPM = 10**6
BPS = 10_000
MAX_RATE = 10 * WAD  # 1000 %


@dataclass(frozen=True)
class Quote:
    """The price of an asset: an interval, a point when VALID."""

    low: int
    high: int

    @classmethod
    def of(cls, answers: tuple[int, int], deviation_bps: int) -> Quote:
        """Return what two fresh answers make; when they disagree, they are the ends."""
        low, high = min(answers), max(answers)
        if (high - low) * BPS <= low * deviation_bps:
            return cls(answers[0], answers[0])
        return cls(low, high)

    @property
    def valid(self) -> bool:
        """Whether it is VALID (here: the sources agree)."""
        return self.low == self.high

    def end(self, upper: bool) -> int:
        """Return one end."""
        return self.high if upper else self.low


@dataclass(frozen=True)
class Margin:
    """What an account is worth and needs, WAD. `bare` is IM without the discount on profit and
    the least equity. `apart_legs` are valid ones on whose price two fresh answers disagree: they
    stop nothing while the account is insolvent at the better end of all."""

    equity: int
    initial: int
    bare: int
    maintenance: int
    profit: int
    valid_legs: int
    stuck_legs: int
    apart_legs: int


@dataclass(frozen=True)
class Model:
    """The books of a moment with the prices of that moment."""

    deployment: Deployment
    books: Books
    quotes: dict[str, Quote]
    collateral: dict[tuple[int, str], int]

    @classmethod
    def of(cls, world: Any, accounts: list[int], quotes: dict[str, Quote]) -> Model:
        """Read the chain's words."""
        deployment = world.deployment
        books = read_books(deployment, accounts)
        now = world.now() + 1
        ledger = deployment.clearinghouse
        held = {
            (account, symbol): ledger.collateral(account, index)
            for account in accounts
            for symbol, index in deployment.collaterals.items()
        }
        present = {
            market: replace(book, funding=funding_index(ledger.market_state(market), now))
            for market, book in books.markets.items()
        }
        return cls(deployment, replace(books, markets=present), dict(quotes), held)

    def cash(self, account: int) -> int:
        """Return cash."""
        return self.books.headers[account].cash

    def size(self, account: int, market: int) -> int:
        """Return a signed base amount (towards zero, when a tear-up has left a broken one)."""
        return int(self.exact_size(account, market))

    def exact_size(self, account: int, market: int) -> Fraction:
        """Return a signed base amount."""
        position = self.books.positions.get((account, market))
        return self.books.markets[market].size(position) if position else Fraction(0)

    def is_settled(self, market: int) -> bool:
        """Whether a market has ended."""
        return self.books.markets[market].settled_at is not None

    def margin(self, account: int, favourable: bool = False) -> Margin:
        """Return equity, IM and MM, prices in doubt at one end for the account."""
        config = self.deployment.config
        equity = self.cash(account)
        initial = maintenance = profit = valid = stuck = positions = 0
        for collateral in config.collateral:
            amount = self.collateral[account, collateral.symbol]
            if not amount:
                continue
            quote = self.quotes[collateral.asset]
            worth = amount * quote.end(favourable) // WAD
            equity += worth
            initial += up(worth * collateral.haircut_initial.ppm, PPM)
            maintenance += up(worth * collateral.haircut_maintenance.ppm, PPM)
            valid, stuck = valid + quote.valid, stuck + (not quote.valid)
        for market in config.markets:
            number = self.deployment.markets[market.name]
            position = self.books.positions.get((account, number))
            if position is None or not position.shares:
                continue
            book, quote = self.books.markets[number], self.quotes[market.asset]
            price = quote.end((position.shares > 0) == favourable)
            value = floor(book.value(position, price))
            equity += value
            profit += max(value, 0)
            if book.settled_at is not None:
                continue  # cash that was not yet converted: until then its profit is unrealised
            positions += 1
            notional = -floor(-abs(book.size(position)) * price / WAD)
            crowd = market.load_per_cash * (int(book.interest[0]) * price // WAD) // WAD
            crowd = min(crowd, MAX_RATE - market.base_rate.ppm * WAD // PPM)
            steep = min(market.slope_per_cash * notional // WAD, MAX_RATE)
            base = up(notional * market.base_rate.ppm, PPM)
            initial += base + up(notional * (crowd + steep), WAD)
            needed = base + up(notional * steep, WAD)
            maintenance += up(needed * market.maintenance_ratio.ppm, PPM)
            valid, stuck = valid + quote.valid, stuck + (not quote.valid)
        required = initial
        if positions:
            required += up(profit * (PPM - config.risk.profit_weight.ppm), PPM)
            required = max(required, config.risk.minimum_equity.wad)
        # Here both answers are always fresh, and those that agree are equal.
        apart = stuck if favourable and equity <= 0 else 0
        legs = valid + apart, stuck - apart, apart
        return Margin(equity, required, initial, maintenance, profit, *legs)


def up(numerator: int, denominator: int) -> int:
    """Divide and round up."""
    return -(-numerator // denominator)


def funding_index(state: int, now: int) -> int:
    """Return the funding index of a state word, carried on to a time (the rate counts for 8 h)."""
    stored = state & (1 << 96) - 1
    stored -= (stored >> 95) << 96
    rate = state >> 128 & (1 << 42) - 1
    rate -= (rate >> 41) << 42
    held = min(now - (state >> 96 & (1 << 32) - 1), 8 * 3600)
    return stored + (rate << 8 * (state >> 170 & 63)) * held


def debt_of(record: int) -> int:
    """Return all that a debt record says, WAD."""
    return sum(record >> 51 * tier & (1 << 51) - 1 for tier in range(5)) * 10**12
