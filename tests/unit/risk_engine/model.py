"""Margin of a portfolio, written from the specification in exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.unit.risk_engine.conftest import COLLATERAL_ROW, MARKET_ROW, WAD, Desk

PPM = 10**6
MAX_RATE = 10  # 1000 %


@dataclass(frozen=True)
class Holding:
    """A position: |size|, carry and open interest in wei."""

    market: int
    size: int
    carry: int
    interest: int


@dataclass(frozen=True)
class Portfolio:
    """What the ledger pushes. Prices are (low, high) by asset, wei; equal when VALID."""

    cash: int
    collateral: dict[int, int]
    holdings: tuple[Holding, ...]

    def legs(self) -> list[int]:
        """Encode as IRiskEngine says."""
        legs = [COLLATERAL_ROW + i << 240 | amount for i, amount in self.collateral.items()]
        for held in self.holdings:
            legs.append(MARKET_ROW + held.market << 240 | held.interest)
            legs.append(held.size % 2**128 << 128 | held.carry % 2**128)
        return legs


@dataclass(frozen=True)
class Margin:
    """The exact answer, in wei, and the most that roundings may add up to."""

    equity: Fraction
    initial: Fraction  # without profit discount and least equity
    maintenance: Fraction
    profit: Fraction
    dust: Fraction

    def required(self, desk: Desk, has_position: bool) -> Fraction:
        """Return IM as an account must meet it."""
        if not has_position:
            return self.initial
        discount = self.profit * Fraction(PPM - desk.profit_weight, PPM)
        return max(self.initial + discount, Fraction(desk.minimum_equity))


def margin(desk: Desk, portfolio: Portfolio, prices: dict, favourable: bool = False) -> Margin:
    """Return the margin of a portfolio at the worse (or better) ends of the prices."""
    equity, dust = Fraction(portfolio.cash), Fraction(1)
    initial = maintenance = profit = Fraction(0)
    for index, amount in portfolio.collateral.items():
        asset, haircut_initial, haircut_maintenance = desk.haircuts[index]
        worth = Fraction(amount * prices[asset][favourable], WAD)
        equity += worth
        initial += worth * Fraction(haircut_initial, PPM)
        maintenance += worth * Fraction(haircut_maintenance, PPM)
        dust += 2
    for held in portfolio.holdings:
        terms = desk.markets[held.market]
        price = prices[terms.asset][(held.size > 0) == favourable]
        value = Fraction(held.size * price, WAD) + held.carry
        equity += value
        profit += max(value, 0)
        notional = Fraction(abs(held.size) * price, WAD)
        crowd = Fraction(held.interest * price, WAD)
        # slope and load are WAD of rate for each unit of cash, so wei of cash count 10**-36.
        base = Fraction(terms.base, PPM)
        crowded = min(base + terms.load * crowd / 10**36, MAX_RATE)
        steep = min(terms.slope * notional / 10**36, MAX_RATE)
        initial += notional * (crowded + steep)
        maintenance += notional * (base + steep) * Fraction(terms.ratio, PPM)
        dust += 8 + 4 * notional / WAD  # a rate is rounded up to its next wei, twice
    return Margin(equity, initial, maintenance, profit, dust)
