"""A keeper: whoever runs the default procedure for its rewards.

The keeper looks at every known account through the Lens, calls those below maintenance margin,
opens auctions, and bids where the discount pays. It knows nothing of nodes and keys: a `Venue`
reads views and sends transactions, so that a bot, a replay and a test run the same decisions.

    keeper = Keeper(venue, account=..., policy=Policy(risk_rate=Decimal("0.002")))
    for report in keeper.run(): ...      # once per block; a revert is a report, never an exception
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

WAD = 10**18
PPM = 10**6
BATCH = 100  # accounts per call of the Lens
POSITIONS_BATCH = 10  # accounts per call of Lens.positions
AUCTION = 2

log = logging.getLogger("bulkhead.keeper")


class ActionKind(StrEnum):
    """What a keeper does to an account."""

    CALL = "call_margin"
    CURE = "cure"
    OPEN = "open_auction"
    BID = "bid"


@dataclass(frozen=True)
class Action:
    """A transaction to the DefaultManager."""

    kind: ActionKind
    account: int
    args: tuple[Any, ...]

    @property
    def call(self) -> tuple[Any, ...]:
        """The arguments of the contract's function."""
        return (self.account, *self.args)


@dataclass(frozen=True)
class Outcome:
    """What became of an action; `reason` is empty when it went through."""

    action: Action
    reason: str = ""


class Venue(Protocol):
    """What a keeper needs of the world."""

    def now(self) -> int:
        """Time of the last block, unix seconds."""

    def opened(self) -> Iterable[int]:
        """Ids of accounts whose `AccountOpened` event was not handed out yet."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view of a contract of the deployment, by their names."""

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send transactions to the DefaultManager; a revert is an outcome, not an exception."""


@dataclass(frozen=True)
class Policy:
    """What a keeper is willing to do. Rates are fractions, amounts cash.

    Attributes:
        gas_cost: What one bid costs in gas.
        risk_rate: Loss on the notional taken over that a discount must cover: the price may go on
            falling until the position is hedged.
        least_fraction: Smallest part of an account worth a transaction.
        free_equity: Part of the keeper's equity above initial margin that one round may use.
        backstop: Whether to take what no discount pays for: insolvent accounts at mark, and those
            whose auction has run its course.
        backstop_after: Age of an auction, seconds, from which a backstop takes it at any discount.
        calls: Whether to call margins, cure and open auctions, or only bid.
    """

    gas_cost: Decimal = Decimal(5)
    risk_rate: Decimal = Decimal("0.002")
    least_fraction: Decimal = Decimal("0.01")
    free_equity: Decimal = Decimal("0.8")
    backstop: bool = False
    backstop_after: int = 1_800
    calls: bool = True


@dataclass
class Keeper:
    """Decides and acts for one account of its own."""

    venue: Venue
    account: int
    policy: Policy = field(default_factory=Policy)
    known: list[int] = field(default_factory=list)

    def run(self, accounts: Sequence[Any] | None = None) -> list[Outcome]:
        """Look once at every known account and do what is to be done.

        Args:
            accounts: Rows of `Lens.accounts`, when somebody has just read them.
        """
        known = set(self.known)
        self.known += [account for account in self.venue.opened() if account not in known]
        outcomes = self.venue.send(self.decide(self.survey() if accounts is None else accounts))
        for outcome in outcomes:
            action = f"{outcome.action.kind} of account {outcome.action.account:#x}"
            if outcome.reason:
                log.warning("%s failed: %s", action, outcome.reason)
            else:
                log.info("%s done", action)
        return outcomes

    def survey(self) -> list[Any]:
        """Read the accounts in batches; one that cannot be read is left for next time."""
        seen: list[Any] = []
        for batch in batches(self.known, BATCH):
            try:
                seen += self.venue.read("Lens", "accounts", batch)
            except Exception as error:
                log.warning("cannot read %d accounts: %s", len(batch), error)
        return seen

    def decide(self, accounts: Sequence[Any]) -> list[Action]:
        """Return what to do now, given the rows of `Lens.accounts`."""
        others = [row for row in accounts if row.account != self.account]
        actions = list(self._procedure(others)) if self.policy.calls else []
        biddable = [row for row in others if row.biddable]
        own = next((row for row in accounts if row.account == self.account), None)
        if biddable and own is not None and own.readable and own.stage == 0:
            actions += self._bids(biddable, own)
        return actions

    def _procedure(self, accounts: Iterable[Any]) -> Iterator[Action]:
        """Calls, openings and cures: an account too deep for grace needs no call first."""
        for row in accounts:
            if row.curable:
                yield Action(ActionKind.CURE, row.account, ())
            elif row.openable:
                yield Action(ActionKind.OPEN, row.account, ())
            elif row.callable:
                yield Action(ActionKind.CALL, row.account, (self.account,))

    def _bids(self, biddable: Sequence[Any], own: Any) -> Iterator[Action]:
        """Bids that pay, as far as the keeper's own margin goes."""
        room = cash(own.equity - own.initial) * self.policy.free_equity
        money = cash(max(own.cash, 0)) * self.policy.free_equity
        for row in sorted(biddable, key=lambda row: row.assessed_equity):
            try:
                notional, collateral = self._holdings(row)
            except Exception as error:
                log.warning("cannot read positions of account %#x: %s", row.account, error)
                continue
            share = wad(row.max_fraction)
            if not self._pays(row, share, notional):
                continue
            # A slice needs its own initial margin at most; its collateral is paid for in cash.
            needed, price = cash(row.initial), max(collateral, Decimal(0))
            if needed > 0:
                share = min(share, room / needed)
            if price > 0:
                share = min(share, money / price)
            if share < self.policy.least_fraction or not self._pays(row, share, notional):
                log.info("account %#x is too large for what is free", row.account)
                continue
            room -= share * needed
            money -= share * price
            # f* rises with the discount, so asking for everything takes f*; only a keeper that
            # cannot afford f* asks for less.
            whole = share >= wad(row.max_fraction)
            fraction = WAD if whole else int(share * WAD)
            least = min(int(self.policy.least_fraction * WAD), fraction)
            yield Action(
                ActionKind.BID,
                row.account,
                (fraction, self.account, least, 0, self.venue.now() + 600),
            )

    def _holdings(self, row: Any) -> tuple[Decimal, Decimal]:
        """Return notional of the positions and worth of the collateral of an account."""
        positions = self.venue.read("Lens", "positions", [row.account])
        value = sum(position.value for position in positions)
        notional = sum(position.notional for position in positions)
        return cash(notional), cash(row.equity - row.cash - value)

    def _pays(self, row: Any, share: Decimal, notional: Decimal) -> bool:
        """Whether the discount covers gas and risk; a backstop does not ask in the end."""
        policy = self.policy
        if policy.backstop and (
            row.assessed_equity <= 0 or self.venue.now() >= row.since + policy.backstop_after
        ):
            return True
        bonus = share * cash(row.assessed_maintenance) * row.discount / PPM
        left = max(cash(row.assessed_equity), Decimal(0))
        return min(bonus, left) >= policy.gas_cost + share * notional * policy.risk_rate


def batches(items: Iterable[int], size: int) -> Iterator[list[int]]:
    """Cut a list into pieces of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def cash(amount: int) -> Decimal:
    """Return WAD as cash."""
    return Decimal(amount) / WAD


wad = cash  # a WAD fraction reads the same way
