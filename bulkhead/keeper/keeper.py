"""A keeper: it runs the default procedure for its rewards.

The keeper looks at every known account through the Lens, calls those below maintenance margin,
opens auctions, bids where the discount pays for gas, hedge and risk, and tears up who is insolvent.
It knows nothing of nodes and keys: a `Venue` reads views and sends transactions, so that a bot, a
replay and a test run the same decisions.

    keeper = Keeper(venue, account=..., policy=Policy(risk_rate=Decimal("0.002")))
    for report in keeper.run(): ...      # once per block; a revert is a report, never an exception
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bulkhead.fixed_point import PPM, WAD, cash, fraction
from bulkhead.keeper.actions import Action, ActionKind, Outcome, Venue, batches
from bulkhead.keeper.chores import INSOLVENCY, Chores
from bulkhead.keeper.hedging import Hedging
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
        gas_cost: What one transaction costs.
        risk_rate: Part of the notional taken over that a discount must cover besides the hedge: the
            price may go on falling until the position is hedged.
        least_fraction: Smallest part of an account worth a transaction.
        free_equity: Part of the keeper's equity above initial margin that one round may use.
        backstop: Whether to take what no discount pays for, once an auction has run its course.
        backstop_after: Age of an auction, seconds, from which a backstop takes it at any discount.
        bid_at_mark: Whether to take positions of insolvent accounts at mark, at a loss.
        remainder_discount: Least discount on the worth of collateral that an insolvency left over.
        calls: Whether to run the procedure (calls, auctions, cures, tear-ups, chores), or only bid.
    """

    gas_cost: Decimal = Decimal(5)
    risk_rate: Decimal = Decimal("0.002")
    least_fraction: Decimal = Decimal("0.01")
    free_equity: Decimal = Decimal("0.8")
    backstop: bool = False
    backstop_after: int = 120
    bid_at_mark: bool = False
    remainder_discount: Decimal = Decimal("0.03")
    calls: bool = True


@dataclass(frozen=True)
class Offer:
    """Something to bid for.

    Attributes:
        most: The most of it that may be taken, a fraction.
        discount: On the worth of a remainder, a fraction.
        positions: Market and notional of each.
        collateral: Worth of its collateral, cash.
    """

    row: AccountView
    most: Decimal
    discount: Decimal
    positions: Sequence[tuple[int, Decimal]] = ()
    collateral: Decimal = Decimal(0)

    @property
    def notional(self) -> Decimal:
        """Of the positions, cash."""
        return sum((size for _, size in self.positions), Decimal(0))


@dataclass
class Keeper:
    """Decides and acts for one account of its own."""

    venue: Venue
    account: int
    policy: Policy = field(default_factory=Policy)
    known: list[int] = field(default_factory=list)
    chores: Chores | None = None
    hedging: Hedging | None = None

    def run(self, accounts: Sequence[AccountView] | None = None) -> list[Outcome]:
        """Look once at every known account and do what is to be done.

        Args:
            accounts: Rows of `Lens.accounts`, when somebody has just read them.
        """
        known = set(self.known)
        new = [account for account in self.venue.opened() if account not in known]
        self.known += new
        rows = self.survey() if accounts is None else accounts
        if self.hedging is not None:
            self._watch(self.hedging)
        actions = self.decide(rows)
        if self.chores is not None and self.policy.calls:
            actions += self.chores.decide({row.account: row for row in rows}, new)
        outcomes = self._send(actions)
        if self.chores is not None:
            self.chores.learn(outcomes)
        return outcomes

    def _watch(self, hedging: Hedging) -> None:
        try:
            hedging.look(self.venue)
        except Exception as error:
            log.warning("cannot read markets: %s", error)

    def _send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send actions and log what became of them; what failed together is tried one by one."""
        outcomes = self.venue.send(actions) if actions else []
        apart = []
        for outcome in outcomes:
            if outcome.reason:
                log.warning("%s failed: %s", outcome.action, outcome.reason)
                if outcome.action.kind is ActionKind.TEAR_UP and len(outcome.action.args[0]) > 1:
                    apart += [self._tear_up([account]) for account in outcome.action.args[0]]
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
        own = next((row for row in accounts if row.account == self.account), None)
        bids: list[Action] = []
        if own is not None and own.readable and own.stage == 0:
            offers = [*self._auctions(others), *self._remainders(others, insolvencies)]
            bids = list(self._bids(offers, own))
        # Who is torn up has nothing left to bid for.
        at_mark = {row.account for row in others if _is_insolvent(row)}
        actions += [bid for bid in bids if bid.account in at_mark]
        if self.policy.calls:
            actions += self._procedure(others)
            actions += self._endings(others, insolvencies)
        return actions + [bid for bid in bids if bid.account not in at_mark]

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
        """Calls, openings and cures: an account too deep for grace needs no call first."""
        for row in accounts:
            if row.curable:
                yield Action(ActionKind.CURE, row.account, ())
            elif row.stage == INSOLVENCY or _is_insolvent(row):
                continue
            elif row.openable:
                yield Action(ActionKind.OPEN, row.account, ())
            elif row.callable:
                yield Action(ActionKind.CALL, row.account, (self.account,))

    def _endings(
        self, accounts: Iterable[AccountView], insolvencies: Mapping[int, Insolvency]
    ) -> Iterator[Action]:
        """Tear up who is insolvent, and what an insolvency has left when it can be closed."""
        due = []
        for row in accounts:
            state = insolvencies.get(row.account)
            # Without positions and anything to sell there is only debt left to resolve.
            closable = state is not None and (
                state.positions or (row.all_valid and state.max_fraction == 0)
            )
            if not row.curable and (_is_insolvent(row) or (closable and row.assessed_equity <= 0)):
                due.append(row.account)
        for batch in batches(sorted(due), TORN_UP_TOGETHER):
            yield self._tear_up(batch)

    def _tear_up(self, accounts: list[int]) -> Action:
        return Action(ActionKind.TEAR_UP, 0, (accounts, self.account))

    def _auctions(self, accounts: Iterable[AccountView]) -> Iterator[Offer]:
        """What is on offer at a discount; insolvent accounts are, at mark, for who wants them."""
        for row in accounts:
            if row.curable or row.stage == INSOLVENCY:
                continue
            if _is_insolvent(row):
                if self.policy.bid_at_mark:
                    yield Offer(row, Decimal(1), Decimal(0))
            elif row.stage == AUCTION and row.biddable and row.assessed_equity > 0:
                yield Offer(row, fraction(row.max_fraction), Decimal(0))

    def _remainders(
        self, accounts: Iterable[AccountView], insolvencies: Mapping[int, Insolvency]
    ) -> Iterator[Offer]:
        """Collateral that insolvencies have left over, at a discount that rises for long."""
        for row in accounts:
            state = insolvencies.get(row.account)
            if state is None or row.curable or state.positions or not state.max_fraction:
                continue
            discount = Decimal(state.remainder_discount) / PPM
            if discount >= self.policy.remainder_discount:
                yield Offer(row, fraction(state.max_fraction), discount)

    def _bids(self, offers: Sequence[Offer], own: AccountView) -> Iterator[Action]:
        """Bids that pay, as far as the keeper's own margin goes.

        Args:
            offers: What is to be had; positions and collateral are read here.
            own: The keeper's own row.
        """
        room = cash(own.equity - own.initial) * self.policy.free_equity
        money = cash(max(own.cash, 0)) * self.policy.free_equity
        for bare in sorted(offers, key=lambda offer: offer.row.assessed_equity):
            row = bare.row
            try:
                offer = self._looked_into(bare)
            except Exception as error:
                log.warning("cannot read positions of account %#x: %s", row.account, error)
                continue
            share = offer.most
            # A slice needs its own initial margin at most; its collateral is paid for in cash.
            needed, price = cash(row.initial), max(offer.collateral, Decimal(0))
            if needed > 0:
                share = min(share, room / needed)
            if price > 0:
                share = min(share, money / price)
            # A smaller slice is cheaper to hedge.
            while share >= self.policy.least_fraction and not self._pays(offer, share):
                share /= 2
            if share < self.policy.least_fraction:
                continue
            if self.hedging is not None:
                for market, notional in offer.positions:
                    self.hedging.sold(self.venue.now(), market, share * notional)
            room -= share * needed
            money -= share * price
            # The limit moves with the discount, so asking for everything takes what there is; only
            # a keeper that cannot afford it asks for less.
            part = WAD if share >= offer.most else int(share * WAD)
            least = min(int(self.policy.least_fraction * WAD), part)
            yield Action(
                ActionKind.BID, row.account, (part, self.account, least, 0, self._deadline())
            )

    def _deadline(self) -> int:
        """The last moment of a bid."""
        return self.venue.now() + BID_LIFE

    def _looked_into(self, offer: Offer) -> Offer:
        """The offer with its positions and the worth of its collateral."""
        row = offer.row
        positions: list[PositionView] = self.venue.read("Lens", "positions", [row.account])
        value = sum(position.value for position in positions)
        return replace(
            offer,
            positions=[(position.market, cash(position.notional)) for position in positions],
            collateral=cash(row.equity - row.cash - value),
        )

    def _pays(self, offer: Offer, share: Decimal) -> bool:
        """Whether a part's discount covers gas, hedge and risk; a backstop does not ask."""
        policy, row = self.policy, offer.row
        if _is_insolvent(row):
            return True  # at mark: nothing pays, but for the policy that asks for it
        is_auction = row.stage != INSOLVENCY
        if is_auction and policy.backstop and self._age(row) >= policy.backstop_after:
            return True
        # Its own gas and the hedge's; who also called and opened has that to cover as well.
        gas = policy.gas_cost * (4 if policy.calls else 2)
        hedge = self._hedge(offer, share)
        if not is_auction:
            return share * offer.collateral * offer.discount >= gas + hedge
        bonus = share * cash(row.assessed_maintenance) * row.discount / PPM
        left = max(cash(row.assessed_equity), Decimal(0))
        risk = share * offer.notional * policy.risk_rate
        return min(bonus, left) >= gas + hedge + risk

    def _hedge(self, offer: Offer, share: Decimal) -> Decimal:
        """Cost of hedging a part of an offer, cash."""
        if self.hedging is None:
            return Decimal(0)
        cost = self.hedging.cost
        total = sum((cost(market, share * size) for market, size in offer.positions), Decimal(0))
        if offer.collateral > 0:
            # Which asset it is, nobody asks: it costs what the dearest does.
            other = share * offer.collateral
            total += max((cost(market, other) for market in self.hedging.markets), default=0)
        return total

    def _age(self, row: AccountView) -> int:
        """Age of an auction, seconds."""
        return self.venue.now() - row.since


def _is_insolvent(row: AccountView) -> bool:
    """Whether the next transaction about the account ends in a tear-up."""
    return row.assessed_equity <= 0 and (row.callable or row.openable)
