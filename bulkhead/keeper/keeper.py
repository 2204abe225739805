"""A keeper: it runs the default procedure for its rewards.

The keeper looks at every known account through the Lens, calls those below maintenance margin,
opens auctions, bids where the discount pays, and tears up what nobody took. It knows nothing of
nodes and keys: a `Venue` reads views and sends transactions, so that a bot, a replay and a test run
the same decisions.

    keeper = Keeper(venue, account=..., policy=Policy(risk_rate=Decimal("0.002")))
    for report in keeper.run(): ...      # once per block; a revert is a report, never an exception
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bulkhead.fixed_point import PPM, WAD, cash, fraction
from bulkhead.keeper.actions import Action, ActionKind, Outcome, Venue, batches
from bulkhead.keeper.chores import INSOLVENCY, Chores
from bulkhead.keeper.views import AccountView, Insolvency, PositionView

BATCH = 100  # accounts per call of the Lens
AUCTION = 2
TORN_UP_TOGETHER = 8  # accounts per call of DefaultManager.tear_up
BID_LIFE = 600  # seconds

log = logging.getLogger("bulkhead.keeper")


@dataclass(frozen=True)
class Policy:
    """What a keeper is willing to do. Rates are fractions, amounts cash.

    Attributes:
        gas_cost: What one bid costs in gas.
        risk_rate: Loss on the notional taken over that a discount must cover: the price may go on
            falling until the position is hedged.
        least_fraction: Smallest part of an account worth a transaction.
        free_equity: Part of the keeper's equity above initial margin that one round may use.
        backstop: Whether to take what no discount pays for, once an auction has run its course.
        backstop_after: Age of an auction, seconds, from which a backstop takes it at any discount.
        bid_at_mark: Whether to take positions of insolvent accounts at mark, without a discount.
        remainder_discount: Least discount on the worth of collateral that an insolvency left over.
        calls: Whether to run the procedure (calls, auctions, cures, tear-ups, chores), or only bid.
    """

    gas_cost: Decimal = Decimal(5)
    risk_rate: Decimal = Decimal("0.002")
    least_fraction: Decimal = Decimal("0.01")
    free_equity: Decimal = Decimal("0.8")
    backstop: bool = False
    backstop_after: int = 1_800
    bid_at_mark: bool = False
    remainder_discount: Decimal = Decimal("0.03")
    calls: bool = True


@dataclass
class Keeper:
    """Decides and acts for one account of its own."""

    venue: Venue
    account: int
    policy: Policy = field(default_factory=Policy)
    known: list[int] = field(default_factory=list)
    chores: Chores | None = None

    def run(self, accounts: Sequence[AccountView] | None = None) -> list[Outcome]:
        """Look once at every known account and do what is to be done.

        Args:
            accounts: Rows of `Lens.accounts`, when somebody has just read them.
        """
        known = set(self.known)
        new = [account for account in self.venue.opened() if account not in known]
        self.known += new
        rows = self.survey() if accounts is None else accounts
        actions = self.decide(rows)
        if self.chores is not None and self.policy.calls:
            actions += self.chores.decide({row.account: row for row in rows}, new)
        outcomes = self._send(actions)
        if self.chores is not None:
            self.chores.learn(outcomes)
        return outcomes

    def _send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send actions and log what became of them; what failed together is tried one by one."""
        outcomes = self.venue.send(actions) if actions else []
        apart = []
        for outcome in outcomes:
            if outcome.reason:
                log.warning("%s failed: %s", outcome.action, outcome.reason)
                if outcome.action.kind is ActionKind.TEAR_UP and len(outcome.action.args[0]) > 1:
                    apart += [_tear_up([account]) for account in outcome.action.args[0]]
            else:
                log.info("%s done", outcome.action)
        return [*outcomes, *(self._send(apart) if apart else ())]

    def survey(self) -> list[AccountView]:
        """Read the accounts in batches; one that cannot be read is left for next time."""
        seen: list[AccountView] = []
        for batch in batches(self.known, BATCH):
            try:
                seen += self.venue.read("Lens", "accounts", batch)
            except Exception as error:
                log.warning("cannot read %d accounts: %s", len(batch), error)
        return seen

    def decide(self, accounts: Sequence[AccountView]) -> list[Action]:
        """Return what to do now, given the rows of `Lens.accounts`."""
        others = [row for row in accounts if row.account != self.account and row.readable]
        insolvencies = self._insolvencies(others)
        actions: list[Action] = []
        if self.policy.calls:
            actions += self._procedure(others)
            actions += self._endings(others, insolvencies)
        own = next((row for row in accounts if row.account == self.account), None)
        if own is not None and own.readable and own.stage == 0:
            actions += self._offers(others, insolvencies, own)
        return actions

    def _insolvencies(self, accounts: Iterable[AccountView]) -> dict[int, Insolvency]:
        """Read how far each recognised insolvency has come."""
        found: dict[int, Insolvency] = {}
        for row in accounts:
            if row.stage == INSOLVENCY:
                try:
                    state = self.venue.read("DefaultManager", "insolvency", row.account)
                except Exception as error:
                    log.warning("cannot read insolvency of account %#x: %s", row.account, error)
                else:
                    found[row.account] = state
        return found

    def _procedure(self, accounts: Iterable[AccountView]) -> Iterator[Action]:
        """Calls, openings and cures: an account too deep for grace needs no call first.

        An auction whose account has become insolvent is opened again: that makes it known.
        """
        for row in accounts:
            if row.curable:
                yield Action(ActionKind.CURE, row.account, ())
            elif row.stage == INSOLVENCY:
                continue
            elif row.openable:
                yield Action(ActionKind.OPEN, row.account, ())
            elif row.callable:
                yield Action(ActionKind.CALL, row.account, (self.account,))

    def _endings(
        self, accounts: Iterable[AccountView], insolvencies: Mapping[int, Insolvency]
    ) -> Iterator[Action]:
        """Back to the auction what has equity again; tear up what nobody took in time."""
        due = []
        for row in accounts:
            state = insolvencies.get(row.account)
            if state is None or row.curable:
                continue
            if row.assessed_equity > 0:
                if state.positions:
                    yield Action(ActionKind.REOPEN, row.account, ())
            elif self.venue.now() >= state.window_end and (
                # Without positions and anything to sell there is only debt left to resolve.
                state.positions or (row.all_valid and state.max_fraction == 0)
            ):
                due.append(row.account)
        for batch in batches(sorted(due), TORN_UP_TOGETHER):
            yield _tear_up(batch)

    def _offers(
        self,
        accounts: Iterable[AccountView],
        insolvencies: Mapping[int, Insolvency],
        own: AccountView,
    ) -> Iterator[Action]:
        """Bids in auctions, at mark, and for remainders."""
        biddable = []
        for row in accounts:
            if row.curable:
                continue
            if row.stage == AUCTION and row.biddable:
                if row.assessed_equity > 0 or self.policy.bid_at_mark:
                    biddable.append((row, fraction(row.max_fraction), Decimal(0)))
            elif row.account in insolvencies:
                state = insolvencies[row.account]
                discount = Decimal(state.remainder_discount) / PPM
                if state.positions:
                    wanted = self.policy.bid_at_mark and row.assessed_equity <= 0
                else:
                    wanted = discount >= self.policy.remainder_discount
                if wanted and state.max_fraction:
                    biddable.append((row, fraction(state.max_fraction), discount))
        if biddable:
            yield from self._bids(biddable, own)

    def _bids(
        self, biddable: Sequence[tuple[AccountView, Decimal, Decimal]], own: AccountView
    ) -> Iterator[Action]:
        """Bids that pay, as far as the keeper's own margin goes.

        Args:
            biddable: Rows, the most of each that may be taken, and the discount of a remainder.
            own: The keeper's own row.
        """
        room = cash(own.equity - own.initial) * self.policy.free_equity
        money = cash(max(own.cash, 0)) * self.policy.free_equity
        for row, most, discount in sorted(biddable, key=lambda bid: bid[0].assessed_equity):
            try:
                notional, collateral = self._holdings(row)
            except Exception as error:
                log.warning("cannot read positions of account %#x: %s", row.account, error)
                continue
            share = most
            if not self._pays(row, share, notional, collateral * discount):
                continue
            # A slice needs its own initial margin at most; its collateral is paid for in cash.
            needed, price = cash(row.initial), max(collateral, Decimal(0))
            if needed > 0:
                share = min(share, room / needed)
            if price > 0:
                share = min(share, money / price)
            if share < self.policy.least_fraction or not self._pays(
                row, share, notional, collateral * discount
            ):
                log.info("account %#x is too large for what is free", row.account)
                continue
            room -= share * needed
            money -= share * price
            # The limit moves with the discount, so asking for everything takes what there is; only
            # a keeper that cannot afford it asks for less.
            fraction = WAD if share >= most else int(share * WAD)
            least = min(int(self.policy.least_fraction * WAD), fraction)
            yield Action(
                ActionKind.BID, row.account, (fraction, self.account, least, 0, self._deadline())
            )

    def _deadline(self) -> int:
        """The last moment of a bid."""
        return self.venue.now() + BID_LIFE

    def _holdings(self, row: AccountView) -> tuple[Decimal, Decimal]:
        """Return notional of the positions and worth of the collateral of an account."""
        positions: list[PositionView] = self.venue.read("Lens", "positions", [row.account])
        value = sum(position.value for position in positions)
        notional = sum(position.notional for position in positions)
        return cash(notional), cash(row.equity - row.cash - value)

    def _pays(self, row: AccountView, share: Decimal, notional: Decimal, saved: Decimal) -> bool:
        """Whether the discount covers gas and risk; a backstop does not ask in the end.

        Args:
            row: The account.
            share: The part of it to be taken.
            notional: Of its positions, cash.
            saved: Discount on all of a remainder, cash.
        """
        policy = self.policy
        if row.assessed_equity <= 0 and row.stage == AUCTION:
            return True  # at mark: nothing pays, but for the policy that asks for it
        if row.stage == INSOLVENCY:
            return not saved or share * saved >= policy.gas_cost
        if policy.backstop and self.venue.now() >= row.since + policy.backstop_after:
            return True
        bonus = share * cash(row.assessed_maintenance) * row.discount / PPM
        left = max(cash(row.assessed_equity), Decimal(0))
        return min(bonus, left) >= policy.gas_cost + share * notional * policy.risk_rate


def _tear_up(accounts: list[int]) -> Action:
    return Action(ActionKind.TEAR_UP, 0, (accounts,))
