"""What it costs to be rid of what a bid takes over.

A bidder owns a slice from one block to the next and sells it, or its opposite, where everybody else
is selling too. Of the notional that costs

    fee + half spread + impact
    half spread = max(calm_spread, spread_share * s)            s: volatility of a minute
    impact      = s * sqrt(1440) * sqrt(size / day's volume)    the square-root law

Where it is from, and what is assumed:

- `s` is the root mean square of the returns of the last ten minutes, minute by minute, at least
  that of a calm day. A fall along a straight line counts as volatility: no trend is known before.
- Impact grows with volatility and the root of size over volume, with a factor of about one, in
  shares (Almgren, Thum, Hauptmann, Li 2005; Toth et al. 2011) and in Bitcoin (Donier, Bonart 2015).
  Size is all that was bid for in the last ten minutes: slices do not make it cheaper, and what one
  keeper takes makes the next one's hedge dearer.
- Spreads are in proportion to the volatility between two trades (Wyart, Bouchaud et al. 2008);
  with a hundred trades a minute half of one is about a twentieth of `s`. Assumed: a tenth.
- The day's volume is assumed to be `turnover` times the open interest of the markets in which one
  hedges, and this venue's open interest to be `market_share` of theirs. On 12 March 2020 four
  Bitcoin products traded 10 billion dollars in two and a half hours (CryptoMarketRisk 2020), where
  the largest had an open interest of 1.5 billion: ten times a day is careful for a crash. On an
  ordinary day it is less, and volatility with it.
- The fee is the taker's at a large venue. Gas is not in here, nor what the price does between the
  bid and the hedge: that is a keeper's own risk (`Policy.risk_rate`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from itertools import pairwise
from math import log, sqrt

from bulkhead.fixed_point import cash
from bulkhead.keeper.actions import Venue
from bulkhead.keeper.views import MarketView

MINUTE, MINUTES, MINUTES_A_DAY = 60, 10, 1_440
PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class HedgeModel:
    """The numbers of the model; fractions of notional but for `turnover`."""

    fee: float = 0.0005
    calm_spread: float = 0.0001
    spread_share: float = 0.1
    calm_volatility: float = 0.0005  # of a minute: 1.9% a day
    turnover: float = 10.0  # a crash day's volume over open interest
    market_share: float = 0.01

    def rate(self, volatility: float, notional: Decimal, interest: Decimal) -> Decimal:
        """Cost of a hedge as a part of its notional.

        Args:
            volatility: Of a minute.
            notional: Of what is hedged, cash.
            interest: One side's open interest of the venue's own market, cash.
        """
        move = max(volatility, self.calm_volatility)
        spread = max(self.calm_spread, self.spread_share * move)
        # A market in which nobody holds anything is as deep as the hedge itself.
        volume = self.turnover * float(max(interest, notional)) / self.market_share
        part = float(notional) / volume if notional > 0 else 0.0
        cost = self.fee + spread + move * sqrt(MINUTES_A_DAY) * sqrt(part)
        return Decimal(str(round(cost, 9))).quantize(PLACES, ROUND_UP)


@dataclass
class Hedging:
    """Watches markets, and prices hedges in them."""

    markets: Sequence[int] = ()
    model: HedgeModel = field(default_factory=HedgeModel)
    prices: dict[int, deque[tuple[int, Decimal]]] = field(default_factory=dict)
    interest: dict[int, Decimal] = field(default_factory=dict)
    hedged: dict[int, deque[tuple[int, Decimal]]] = field(default_factory=dict)
    seen_at: int = -1

    def look(self, venue: Venue) -> None:
        """Note prices and open interest, once a block."""
        now = venue.now()
        if not self.markets or now == self.seen_at:
            return
        self.seen_at = now
        rows: list[MarketView] = venue.read("Lens", "markets", list(self.markets))
        for row in rows:
            self.note(now, row.market, cash(row.low), cash(row.long_interest))

    def note(self, now: int, market: int, price: Decimal, base: Decimal) -> None:
        """Take down a price and the base held on one side."""
        if price <= 0:
            return
        self.interest[market] = base * price
        known = self.prices.setdefault(market, deque())
        known.append((now, price))
        # The price at the beginning of the last minutes is the last one from before.
        while len(known) > 1 and known[1][0] <= now - MINUTES * MINUTE:
            known.popleft()

    def volatility(self, market: int) -> float:
        """Root mean square of the returns of the last minutes; 0 for an unknown market."""
        known = self.prices.get(market)
        if not known:
            return 0.0
        now, column = known[-1][0], list(known)
        sampled, place = [], len(column) - 1
        for number in range(MINUTES + 1):
            while place > 0 and column[place][0] > now - number * MINUTE:
                place -= 1
            sampled.append(float(column[place][1]))
        returns = [log(after / before) for after, before in pairwise(sampled)]
        return sqrt(sum(move * move for move in returns) / MINUTES)

    def sold(self, now: int, market: int, notional: Decimal) -> None:
        """Take down what goes to be hedged: the next hedges are dearer for some minutes."""
        self.hedged.setdefault(market, deque()).append((now, notional))

    def recent(self, market: int, now: int) -> Decimal:
        """Notional that was hedged in a market in the last minutes."""
        known = self.hedged.get(market, deque())
        while known and known[0][0] <= now - MINUTES * MINUTE:
            known.popleft()
        return sum((notional for _, notional in known), Decimal(0))

    def cost(self, market: int, notional: Decimal, is_noted: bool = False) -> Decimal:
        """Cost of a hedge after those of the last minutes, cash.

        Args:
            market: Market id.
            notional: Of the hedge.
            is_noted: Whether the hedge is among those of the last minutes already.
        """
        before = self.recent(market, self.seen_at)
        if is_noted:
            before = max(before - notional, Decimal(0))
        held, move = self.interest.get(market, Decimal(0)), self.volatility(market)
        costs = [size * self.model.rate(move, size, held) for size in (before, before + notional)]
        return costs[1] - costs[0]
