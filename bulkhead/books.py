"""The books, read back from the chain: law 3.2 of conservation, evaluated by hand.

At every price: tokens held + hole + fees not collected yet - sum of cash - sum of position values
lies in [0, dust]. Everything here is exact integer arithmetic on what the contracts store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bulkhead.deployment import Deployment

WAD = 10**18
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
        )


@dataclass(frozen=True)
class Position:
    """A position word, unpacked."""

    shares: int
    cost: int

    @classmethod
    def of(cls, word: int) -> Position:
        """Unpack a position word."""
        return cls(shares=signed(word, 136, 120), cost=signed(word, 16, 120))


@dataclass(frozen=True)
class MarketBook:
    """A market's words, unpacked, with the funding index of the last block."""

    funding: int
    fees: int
    long_shares: int
    short_shares: int


@dataclass(frozen=True)
class Books:
    """Everything law 3.2 speaks of."""

    held: int
    hole: int
    fees: int
    headers: Mapping[int, Header]
    positions: Mapping[tuple[int, int], Position]
    markets: Mapping[int, MarketBook]

    def surplus(self, prices: Mapping[int, int]) -> int:
        """Return what the law says lies in [0, dust] at these prices by market, WAD."""
        value = 0
        for (_, market), position in self.positions.items():
            distance = prices[market] - self.markets[market].funding
            value += position.shares * distance // WAD - position.cost
        cash = sum(header.cash for header in self.headers.values())
        return self.held + self.hole - self.fees - cash - value

    def open_interest_gap(self) -> int:
        """Return the greatest difference between the two sides of a market, WAD base."""
        gaps = (abs(m.long_shares - m.short_shares) for m in self.markets.values())
        return max(gaps, default=0)


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
        fees=ledger.protocol_fees() + sum(market.fees for market in markets.values()),
        headers=headers,
        positions=positions,
        markets=markets,
    )


def conservation_error(deployment: Deployment, accounts: Iterable[int]) -> Decimal:
    """Return law 3.2 at mark, a hundredth and a hundred times it: the worst distance from 0."""
    books = read_books(deployment, accounts)
    worst = 0
    for factor in PRICE_FACTORS:
        prices = {
            market: int(deployment.risk_engine.price(8 + market)[0] * factor)
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
    )
