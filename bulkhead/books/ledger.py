"""The books, read back from the chain: law 3.2 of conservation, evaluated by hand.

At every price: tokens held + hole + fees not collected yet - sum of cash - sum of position values
lies in [0, dust]. Everything here is exact integer arithmetic on what the contracts store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bulkhead.deployment import MARKET_ROW, Deployment
from bulkhead.fixed_point import WAD

PRICE_FACTORS = (Decimal(1), Decimal("0.01"), Decimal(100))


def signed(word: int, low: int, bits: int) -> int:
    """Return a two's complement field of a storage word."""
    value = word >> low & (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


@dataclass(frozen=True)
class Header:
    """An account's header word, unpacked."""

    cash: int
    stage: int
    markets: tuple[int, ...]
    collateral_bitmap: int
    is_indebted: bool = False

    @classmethod
    def of(cls, word: int, more: int = 0) -> Header:
        """Unpack a header word and the word of its further market ids."""
        ids = [word >> 100 + 11 * i & 0x7FF for i in range(10)]
        ids += [more >> 11 * i & 0x7FF for i in range(22)]
        return cls(
            cash=signed(word, 0, 100),
            stage=word >> 218 & 3,
            markets=tuple(i for i in ids if i),
            collateral_bitmap=word >> 210 & 0xFF,
            is_indebted=bool(word >> 221 & 1),
        )


@dataclass(frozen=True)
class Position:
    """A position word, unpacked: shares and cost in terms of one generation of its side."""

    shares: int
    cost: int
    generation: int = 0

    @classmethod
    def of(cls, word: int) -> Position:
        """Unpack a position word."""
        return cls(
            shares=signed(word, 136, 120), cost=signed(word, 16, 120), generation=word & 0xFFFF
        )


def side_pair(word: int) -> tuple[int, int]:
    """Return (A, K) of a side word, WAD base and cash per share."""
    return word & (1 << 64) - 1, signed(word, 64, 192)


@dataclass(frozen=True)
class Side:
    """One side of a market: the (A, K) of its present generation and of every past one."""

    generation: int
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, ledger: Any, market: int, state: int, side: int) -> Side:
        """Read the pairs; (1, 0) for a side whose indices never moved."""
        if not state >> 252 + side & 1:
            return cls(0, ((WAD, 0),))
        generation = state >> (240 if side else 228) & 0xFFF
        words = [ledger.past_sides(market, side << 16 | i) for i in range(generation)]
        words.append(ledger.side_index(market, side))
        return cls(generation, tuple(side_pair(word) for word in words))


@dataclass(frozen=True)
class MarketBook:
    """A market's words, unpacked, with the funding index of the last block."""

    funding: int
    fees: int
    long_shares: int
    short_shares: int
    long: Side = Side(0, ((WAD, 0),))
    short: Side = Side(0, ((WAD, 0),))
    settled_at: int | None = None

    def size(self, position: Position) -> Fraction:
        """Return the signed base amount of a position, WAD, exactly."""
        side = self.long if position.shares > 0 else self.short
        shares = Fraction(position.shares)
        for a, _ in side.pairs[position.generation :]:
            shares = shares * a / WAD
        return shares

    def value(self, position: Position, price: int) -> Fraction:
        """Return what a position is worth at a price, WAD cash, exactly."""
        side = self.long if position.shares > 0 else self.short
        sign = 1 if position.shares > 0 else -1
        at = price if self.settled_at is None else self.settled_at
        shares, value = Fraction(abs(position.shares)), Fraction(-position.cost)
        for a, k in side.pairs[position.generation :]:
            value += shares * k / WAD
            shares = shares * a / WAD
        return value + sign * shares * (at - self.funding) / WAD

    @property
    def interest(self) -> tuple[Fraction, Fraction]:
        """Return the open interest of both sides, WAD base."""
        return (
            Fraction(self.long_shares * self.long.pairs[-1][0], WAD),
            Fraction(self.short_shares * self.short.pairs[-1][0], WAD),
        )


@dataclass(frozen=True)
class Books:
    """Everything law 3.2 speaks of."""

    held: int
    hole: int
    fees: int
    headers: Mapping[int, Header]
    positions: Mapping[tuple[int, int], Position]
    markets: Mapping[int, MarketBook]
    paid: int = 0  # of the pot of a redemption, in which claims keep what they were

    def surplus(self, prices: Mapping[int, int]) -> int:
        """Return what the law says lies in [0, dust] at these prices by market, WAD."""
        value = Fraction(0)
        for (_, market), position in self.positions.items():
            value += self.markets[market].value(position, prices[market])
        cash = sum(header.cash for header in self.headers.values())
        return int(self.held + self.paid + self.hole - self.fees - cash - value)


def read_books(deployment: Deployment, accounts: Iterable[int]) -> Books:
    """Read the books of these accounts (all that exist, or the law cannot hold)."""
    ledger = deployment.clearinghouse
    scale = ledger.SETTLEMENT_SCALE()
    headers: dict[int, Header] = {}
    positions: dict[tuple[int, int], Position] = {}
    for account in accounts:
        header = Header.of(ledger.headers(account), ledger.more_markets(account))
        headers[account] = header
        for market in header.markets:
            positions[account, market] = Position.of(ledger.positions(account, market))
    markets = {market: _market(ledger, market) for market in deployment.markets.values()}
    return Books(
        held=deployment.settlement.balanceOf(ledger) * scale,
        hole=ledger.hole(),
        fees=ledger.reserve() + sum(market.fees for market in markets.values()),
        headers=headers,
        positions=positions,
        markets=markets,
        paid=ledger.cash_paid(),
    )


def conservation_error(deployment: Deployment, accounts: Iterable[int]) -> Decimal:
    """Return law 3.2 at mark, a hundredth and a hundred times it: the worst distance from 0."""
    books = read_books(deployment, accounts)
    worst = 0
    for factor in PRICE_FACTORS:
        prices = {
            market: int(deployment.risk_engine.price(MARKET_ROW + market)[0] * factor)
            for market in books.markets
        }
        worst = max(worst, books.surplus(prices), -books.surplus(prices))
    return Decimal(worst) / WAD


def _market(ledger: Any, market: int) -> MarketBook:
    state, totals = ledger.market_state(market), ledger.market_totals(market)
    return MarketBook(
        funding=signed(state, 0, 96),
        fees=(totals >> 204) * 10**12,
        long_shares=totals & (1 << 102) - 1,
        short_shares=totals >> 102 & (1 << 102) - 1,
        long=Side.read(ledger, market, state, 0),
        short=Side.read(ledger, market, state, 1),
        settled_at=ledger.settled_prices(market) if state >> 254 & 1 else None,
    )
