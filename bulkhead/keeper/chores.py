"""What anyone may do for all, once an hour: checkpoints, outages, settled markets, old debts.

None of it pays, but for conversions in a wind-down. It keeps the memory that a market is settled by
when its feeds die, turns what is left in settled markets into cash, and lets accounts that owe for
a default pay when they can.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bulkhead.deployment import COLLATERAL_ROW, MARKET_ROW
from bulkhead.fixed_point import WAD
from bulkhead.keeper.actions import Action, ActionKind, Outcome, Venue, batches
from bulkhead.keeper.views import AccountView, MarketView, PriceView

EVERY = 3_600  # seconds
CONVERSIONS = 100  # accounts per call of Clearinghouse.convert_positions
LEAST_RECOVERY = WAD  # WAD cash that is worth a transaction
INSOLVENCY = 3
IN_PLACE = "outage already shown"
SHOW_AGAIN = 10_800  # seconds: an outage that nobody shows for six hours begins anew

log = logging.getLogger("bulkhead.keeper")


@dataclass
class Chores:
    """The memory of a keeper that does them.

    Attributes:
        collaterals: Indices of the collaterals.
        markets: Ids of the markets.
        account: Account that gets the rewards for conversions in a wind-down; 0 forgoes them.
        suspects: Accounts that may owe something for a default.
        outages: When the outage of a row was last shown, unix seconds.
        settled: Settled markets whose positions have been looked for, and what was found.
    """

    venue: Venue
    collaterals: Sequence[int] = ()
    markets: Sequence[int] = ()
    account: int = 0
    at: int = 0
    suspects: set[int] = field(default_factory=set)
    outages: dict[int, int] = field(default_factory=dict)
    settled: dict[int, set[int]] = field(default_factory=dict)

    @property
    def rows(self) -> list[int]:
        """Rows of the risk engine's table that are in use."""
        collaterals = [COLLATERAL_ROW + index for index in self.collaterals]
        return collaterals + [MARKET_ROW + market for market in self.markets]

    def decide(self, rows: Mapping[int, AccountView], new: Sequence[int]) -> list[Action]:
        """Return what is to be done now.

        Args:
            rows: Rows of `Lens.accounts` by account.
            new: Accounts never seen before: nobody knows what they owe.
        """
        self.suspects.update(new)
        self.suspects.update(
            account for account, row in rows.items()
            if row.stage == INSOLVENCY or (row.readable and row.assessed_equity < 0)
        )  # fmt: skip
        if self.venue.now() < self.at:
            return []
        self.at = self.venue.now() + EVERY
        found: list[Action] = []
        for chore in (self._prices, self._conversions, self._recoveries):
            try:
                found += chore(rows)
            except Exception as error:
                log.warning("a chore waits: %s", error)
        return found

    def learn(self, outcomes: Sequence[Outcome]) -> None:
        """Remember what went through."""
        for outcome in outcomes:
            args = outcome.action.args
            if outcome.action.kind is ActionKind.REPORT_OUTAGE:
                if not outcome.reason or IN_PLACE in outcome.reason:
                    self.outages[args[0]] = self.venue.now()
            elif outcome.action.kind is ActionKind.CONVERT and not outcome.reason:
                self.settled[args[0]].difference_update(args[1])

    def _prices(self, rows: Mapping[int, AccountView]) -> Iterator[Action]:
        """Checkpoints of prices that are VALID, which end outages; reports of others, and again."""
        if not self.rows:
            return
        prices: list[PriceView] = self.venue.read("Lens", "prices", self.rows)
        valid = [price.row for price in prices if price.valid]
        for row in valid:
            self.outages.pop(row, None)
        if valid:
            yield Action(ActionKind.CHECKPOINTS, 0, (valid,))
        for price in prices:
            shown = self.outages.get(price.row, -SHOW_AGAIN)
            if not price.valid and self.venue.now() >= shown + SHOW_AGAIN:
                yield Action(ActionKind.REPORT_OUTAGE, 0, (price.row,))

    def _conversions(self, rows: Mapping[int, AccountView]) -> Iterator[Action]:
        """Positions left in settled markets: nobody can open one there, so one look is enough."""
        if not self.markets:
            return
        seen: list[MarketView] = self.venue.read("Lens", "markets", list(self.markets))
        for market in seen:
            if market.settled and market.market not in self.settled:
                self.settled[market.market] = {
                    account for account in rows
                    if self.venue.read("Clearinghouse", "positions", account, market.market)
                }  # fmt: skip
        for number, holders in self.settled.items():
            for batch in batches(sorted(holders), CONVERSIONS):
                yield Action(ActionKind.CONVERT, 0, (number, batch, self.account))

    def _recoveries(self, rows: Mapping[int, AccountView]) -> Iterator[Action]:
        """Debts of accounts that have cash, no positions and no stage."""
        for account in sorted(self.suspects):
            row = rows.get(account)
            if row is None or row.stage:
                continue
            if not self.venue.read("Clearinghouse", "debts", account):
                self.suspects.discard(account)
            elif row.cash >= LEAST_RECOVERY and not self._has_positions(account):
                yield Action(ActionKind.RECOVER, account, ())

    def _has_positions(self, account: int) -> bool:
        return bool(self.venue.read("Lens", "positions", [account]))
