"""What account owners do while prices move: top up, reduce, take profits, hedge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from bulkhead.demo.opening import SIZE_PLACES, SPREAD, opposite
from bulkhead.demo.people import Cast, Person, Temper
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import cash
from bulkhead.keeper import AccountView, PositionView

NONE, CALLED = 0, 1
TOP_UP_TO = Decimal("1.6")  # margin ratio that an owner who tops up aims at
REDUCE_BELOW = Decimal("1.35")  # margin ratio at which a cautious owner halves a position
TAKE_PROFIT = Decimal("1.5")  # equity over its start at which a winner may close
PATIENCE = 4 * 3_600  # seconds between two trades of one owner's own will
CHANCE = 0.2  # of acting without need, per hour
LEAST_RETURN = Decimal(1_000)  # cash with which somebody comes back after closing or being sold
RETURN_LEVERAGE = (3, 4, 6)
LEAST_TOP_UP = Decimal(10)  # cash


@dataclass
class Owners:
    """Everybody's mind."""

    venue: Venue
    cast: Cast
    random: Random
    called: dict[int, int] = field(default_factory=dict)  # account -> when its owner saw the call
    flat: set[int] = field(default_factory=set)  # accounts without positions a step ago

    def react(self, rows: Mapping[int, AccountView]) -> None:
        """Queue what owners do about their margin, at any moment."""
        for person in self.cast.traders:
            row = rows[person.account]
            if row.stage == NONE:
                self.called.pop(person.account, None)
            if row.maintenance == 0 or not row.readable:
                continue
            if row.stage == CALLED and person.temper is Temper.WATCHFUL:
                seen = self.called.setdefault(person.account, self.venue.node.time)
                if self.venue.node.time >= seen + person.delay:
                    self._top_up(person, row)
            elif row.stage == NONE and person.temper is Temper.CAUTIOUS and row.equity > 0:
                ratio = Decimal(row.equity) / row.maintenance
                if ratio < REDUCE_BELOW and not self._traded_lately(person):
                    # Under initial margin the ledger lets nobody reduce at worse than mark.
                    self._close(person, Decimal("0.5"), spread=Decimal(0))

    def live(self, rows: Mapping[int, AccountView], seconds: int) -> None:
        """Queue trades that nobody forces, once a step of so many seconds."""
        chance = 1 - (1 - CHANCE) ** (seconds / 3_600)
        for person in self.cast.traders:
            row = rows[person.account]
            if not person.sides or person.enters:
                continue
            won = person.start_equity > 0 and cash(row.equity) > person.start_equity * TAKE_PROFIT
            if row.stage != NONE or self._traded_lately(person) or self.random.random() > chance:
                continue
            if row.initial and won and row.equity > row.initial:
                self._close(person, Decimal(1))
            elif person.account in self.flat:
                self._after_closing(person, row)
        self.flat = {account for account, row in rows.items() if not row.initial}

    def _after_closing(self, person: Person, row: AccountView) -> None:
        """Take what was won home, then come back to the market, either side."""
        surplus = (cash(row.cash) - person.start_equity).quantize(Decimal("0.01"))
        if surplus > LEAST_TOP_UP:
            self.venue.withdraw(person, surplus)
        elif cash(row.equity) + person.wallet > LEAST_RETURN and row.cash >= 0:
            person.traded = self.venue.node.time
            funds, person.wallet = cash(row.equity) + person.wallet, Decimal(0)
            if funds > cash(row.equity):
                fresh = (funds - cash(row.equity)).quantize(Decimal("0.01"))
                self.venue.deposit(person, self.venue.cash_symbol, fresh)
            asset = next(iter(person.sides))
            side = self.random.choice((-1, 1, 1))
            price = self.venue.prices[asset]
            notional = funds * self.random.choice(RETURN_LEVERAGE)
            size = (notional * side / price).quantize(SIZE_PLACES)
            maker = opposite(self.cast, person)
            at = price * (1 + side * SPREAD)
            self.venue.trade(maker, person, self.venue.market(asset), size, at)

    def _traded_lately(self, person: Person) -> bool:
        return self.venue.node.time < person.traded + PATIENCE

    def _top_up(self, person: Person, row: AccountView) -> None:
        """Bring the margin ratio back, if the wallet can, and end the call."""
        needed = cash(row.maintenance) * TOP_UP_TO - cash(row.equity)
        amount = max(needed, LEAST_TOP_UP).quantize(Decimal("0.01"))
        if amount > person.wallet:
            return
        person.wallet -= amount
        self.venue.deposit(person, self.venue.cash_symbol, amount)
        manager = self.venue.contracts["DefaultManager"]
        self.venue.node.add(person.address, manager, "cure", person.account)

    def _close(self, person: Person, part: Decimal, spread: Decimal = SPREAD) -> None:
        person.traded = self.venue.node.time
        for position in self.venue.positions([person.account]):
            self._sell(person, position, part, spread)

    def _sell(
        self, person: Person, position: PositionView, part: Decimal, spread: Decimal = SPREAD
    ) -> None:
        """Trade a part of a position away, a spread off mark."""
        size = cash(position.size) * part
        if part != 1:
            size = size.quantize(SIZE_PLACES)
        if size == 0:
            return
        mark = cash(position.low)
        at = mark * (1 - spread if size > 0 else 1 + spread)
        maker = opposite(self.cast, person)
        self.venue.trade(maker, person, position.market, -size, at, reduce_only=True)
