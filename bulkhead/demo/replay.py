"""The replay: prices go through the feeds, owners and keepers act, the clock moves on.

Blocks are 12 seconds apart. Between two prices of a scenario the price outside moves on a straight
line in log price, and the feeds report as soon as it is half a percent from what they said; prices
of a file hold until the next row. Everybody looks after each report, in every block while an
auction's discount rises, and once a minute while anybody is called. What is decided after a block
is in the next one, behind the feeds' report of that block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from time import monotonic

from bulkhead.books import conservation_error
from bulkhead.demo.liquidators import Liquidators
from bulkhead.demo.narrator import Narrator
from bulkhead.demo.opening import open_books, take_positions
from bulkhead.demo.owners import Owners
from bulkhead.demo.people import KEEPERS, Cast, Person
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.venue import Seat, Venue
from bulkhead.fixed_point import cash
from bulkhead.keeper import INSOLVENCY, AccountView, Chores, Hedging, Keeper, Policy
from bulkhead.report import DemoRecord, Summary, count_accounts, count_events
from bulkhead.scenarios import PriceSeries

BLOCK = 12  # seconds
GAS_COST = Decimal(1)  # cash, of a transaction: a rollup asks for cents, mainnet for dollars
REPORT_AT = Decimal("0.005")  # move of a price at which feeds report between two prices of a series
WAIT = 60  # seconds between looks while anybody is called, or an auction has run its course
LONGEST_WAIT = 1_500  # of a step of many hours
LOOKS = 720  # of such a step, at most
FEES_EVERY = 6 * 3_600  # seconds between collections of fees
FUNDING_EVERY = 8 * 3_600
SETTLING = 12 * 3_600  # seconds of quiet after the last price in which defaults must end
SETTLING_WAIT = 300
DEBT_BITS, DEBT_MASK = 51, 2**51 - 1  # of a debt record, millionths of cash (layout: ledger.debts)
AUCTION = 2
FUNDS = "InsuranceFund", "DefaultFund"


@dataclass
class Replay:
    """One run of the demo."""

    venue: Venue
    cast: Cast
    series: PriceSeries
    seed: int
    progress: Callable[[int, str], None] = lambda step, news: None
    # Tells what happened in a line, where a scenario asks for it.
    say: Callable[[str], None] | None = None
    charity: bool = False  # whether the last keeper takes what does not pay
    fees_at: int = 0
    funding_at: int = 0
    fed_at: int = 0
    step: int = 0
    began: int = 0  # when the step's price was published
    next_step: int = 0  # when the next price is due
    again: bool = False  # whether the last look has changed anything
    turn: int = 0  # whose turn it is to look first
    rows: Mapping[int, AccountView] = field(default_factory=dict)

    def run(self) -> DemoRecord:
        """Open the books, replay every step, let the last defaults end, and count."""
        started = monotonic()
        node = self.venue.node
        self.venue.publish(self.series, 0)
        node.mine(must_pass=True)
        seats = [Seat(self.venue, person.address) for person in self.cast.keepers]
        self.recorder = Recorder(self.venue, self.cast)
        narrator = self.say and Narrator(self.venue, self.recorder, self.say)
        open_books(self.venue, self.cast)
        self.recorder.start(self.series)
        if narrator:
            narrator.draw()
        done = self.venue.deployment
        self.hedging = Hedging(list(done.markets.values()))
        self.keepers = [
            Keeper(seat, person.account, self._policy(number), hedging=self.hedging)
            for number, (seat, person) in enumerate(zip(seats, self.cast.keepers, strict=True))
        ]
        self.liquidators = Liquidators(self.venue, self.cast, self.hedging, GAS_COST)
        self.keepers[0].chores = Chores(
            seats[0],
            list(done.collaterals.values()),
            list(done.markets.values()),
            self.cast.keepers[0].account,
        )
        self.owners = Owners(self.venue, self.cast, Random(self.seed + 1))
        self.fees_at = self.funding_at = node.time
        self._play()
        return self._record(monotonic() - started)

    def _play(self) -> None:
        """Replay every step and let the last defaults end."""
        for step in range(len(self.series)):
            self._step(step)
        self._settle()

    # Steps --------------------------------------------------------------------------------------

    def _step(self, step: int) -> None:
        """Publish a price and let everybody act until the next one."""
        times = self.series.times
        last = step == len(times) - 1
        length = times[step] - times[step - 1] if last else times[step + 1] - times[step]
        node = self.venue.node
        began = node.time + 1 if step == 0 else self.next_step
        self.recorder.offset = max(began, node.time + 1) - times[step]
        self.venue.publish(self.series, step)
        node.mine(began, must_pass=True)
        self.step, self.fed_at = step, node.time
        self.began, self.next_step = node.time, node.time + length
        self._survey()
        self._look()
        wait = max(WAIT, min(LONGEST_WAIT, length // LOOKS))
        while (moment := self._next_look(wait)) < self.next_step:
            if moment > node.time:
                self._report(moment)
                node.mine(moment)
                self._survey()
            self._look()
        self._refresh(self.next_step)
        self._let_in(times[step] - times[0])
        self.owners.live(self.rows, length)
        self._errands()
        if node.queue:
            node.mine()
            self._survey()
        self.recorder.picture(times[step], self.rows, last)
        self.progress(step + 1, self._news())

    def _let_in(self, passed: int) -> None:
        """Let those who come later trade for the first time."""
        late = self._late(passed)
        for person in late:
            take_positions(self.venue, self.cast, person)
            person.enters = 0
        if late:
            self.venue.node.mine(must_pass=True)

    def _late(self, passed: int) -> list[Person]:
        """Those who come now, so many seconds after the start."""
        return [p for p in self.cast.traders if p.enters and passed >= p.enters]

    def _next_look(self, wait: int) -> int:
        """When everybody looks again: chain time, the end of the step at the latest."""
        now = self.venue.node.time
        if self.again:
            return now
        if self._is_rising():
            return max(now, self.venue.due)
        quiet = self.next_step if not self._trouble() else min(now + wait, self.next_step)
        # Between two prices of a series each moves one way: it is furthest from what feeds say at
        # the end.
        if not self._moved(quiet):
            return quiet
        block = self._block_after(now)
        while block < quiet and not self._moved(block):
            block += BLOCK
        return min(block, quiet)

    def _block_after(self, time: int) -> int:
        """The first of the step's blocks after a time."""
        return self.began + BLOCK * ((time - self.began) // BLOCK + 1)

    def _is_rising(self) -> bool:
        """Whether anything may be different in the next block though no price is."""
        duration = self.venue.deployment.config.default_procedure.auction_duration
        young = self.venue.node.time - duration - BLOCK
        return any(row.stage == AUCTION and row.since >= young for row in self.rows.values())

    def _moved(self, time: int) -> bool:
        """Whether a price is then so far from what the feeds say that they report."""
        line = self.series.along(self.step, time - self.began)
        said = self.venue.prices
        return any(abs(price / said[asset] - 1) >= REPORT_AT for asset, price in line.items())

    def _report(self, time: int) -> None:
        """Queue what the feeds say in the block of a time, and note the prices outside."""
        if self._moved(time):
            self.venue.publish(self.series, self.step, time - self.began)
            self.fed_at = time
        self._refresh(time)
        self.venue.quotes = self.series.along(self.step, time - self.began)

    def _refresh(self, time: int) -> None:
        """Queue the same prices again before a feed grows stale."""
        if time - self.fed_at > self.venue.heartbeat // 2:
            self.venue.publish(self.series, self.step, self.venue.node.time - self.began)
            self.fed_at = time

    def _look(self) -> None:
        """Let owners and keepers act on what they see; what they do is in the next block."""
        node = self.venue.node
        self.venue.due = self._block_after(node.time)
        self.hedging.look(self.keepers[0].venue)
        self._report(self.venue.due)
        self.owners.react(self.rows)
        self.liquidators.hedge(self.rows)
        self.again = bool(node.queue)
        if not self._work() and node.queue:
            node.mine(self.venue.due)
            self._survey()

    def _work(self) -> bool:
        """Give every keeper a turn; whether any of them did something."""
        keepers = [*self.keepers]
        if self.charity:
            keepers = [keepers.pop(), *keepers]  # who bids at mark comes before the tear-up
        else:
            first = self.turn % len(keepers)
            keepers = [*keepers[first:], *keepers[:first]]
        self.turn += 1
        acted = False
        for keeper in keepers:
            if not any(_concerns(row) for row in self.rows.values()) and not _has_chores(keeper):
                continue
            if outcomes := keeper.run(list(self.rows.values())):
                acted = True
                self.again = self.again or not all(outcome.reason for outcome in outcomes)
                self._survey()
        return acted

    def _survey(self) -> None:
        people = [person.account for person in self.cast.people]
        self.rows = dict(zip(people, self.venue.survey(people), strict=True))
        self.recorder.look(self.rows)

    def _errands(self) -> None:
        """Queue what anybody may do for all: collect fees, ask for the funds' premiums out of
        them, store the funding index."""
        node, ledger = self.venue.node, self.venue.contracts["Clearinghouse"]
        errand = self.venue.publisher
        for market in self.venue.deployment.markets.values():
            if node.time >= self.fees_at + FEES_EVERY:
                node.add(errand, ledger, "collect_fees", market)
            if node.time >= self.funding_at + FUNDING_EVERY:
                node.add(errand, ledger, "accrue_funding", market)
        if node.time >= self.fees_at + FEES_EVERY:
            for fund in FUNDS:
                node.add(errand, self.venue.contracts[fund], "accrue")
            self.fees_at = node.time
        if node.time >= self.funding_at + FUNDING_EVERY:
            self.funding_at = node.time

    def _settle(self) -> None:
        """Hold the last price until every default has ended by the procedure's own steps."""
        node = self.venue.node
        self.next_step = node.time + SETTLING
        while self._trouble() and (moment := self._next_look(SETTLING_WAIT)) < self.next_step:
            if moment > node.time:
                self._report(moment)
                node.mine(moment)
                self._survey()
            self._look()
        self.fees_at = 0
        self._errands()
        self.venue.publish(self.series, self.step)
        node.mine()
        self._survey()

    # Counting -----------------------------------------------------------------------------------

    def _pending(self) -> list[int]:
        """Accounts under a call or in auction, healthy or not."""
        return [account for account, row in self.rows.items() if row.stage]

    def _trouble(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self._pending() or self._unresolved())

    def _unresolved(self) -> list[int]:
        """Accounts below maintenance margin or insolvent, with or without a call."""
        return [
            account for account, row in self.rows.items()
            if row.assessed_equity < row.assessed_maintenance
        ]  # fmt: skip

    def _news(self) -> str:
        stages = [row.stage for row in self.rows.values()]
        prices = "  ".join(f"{a} {p:,.0f}" for a, p in self.venue.prices.items())
        return f"{prices}  {stages.count(1)} called {stages.count(2)} sold"

    def _record(self, seconds: float) -> DemoRecord:
        recorder, totals = self.recorder, self.recorder.totals
        recorder.picture(recorder.steps[-1].time + 1, self.rows, last=True)
        end = recorder.steps.pop()
        accounts = recorder.accounts(self.rows)
        liquidators = self.liquidators.records(self.rows)
        people = {person.account: person.label for person in self.cast.people}
        worst = min(recorder.worst, key=lambda account: recorder.worst[account], default=None)
        summary = Summary(
            scenario=self.series.name,
            steps=len(self.series),
            accounts=len(accounts),
            **count_events(recorder.events),
            **count_accounts(accounts, recorder.events),
            insurance_balance=end.insurance_balance,
            unresolved_defaults=len(self._unresolved()),
            conservation_error=self._conservation(),
            max_abs_open_interest_gap=recorder.gap,
            wall_seconds=round(seconds, 1),
            insurance_staked=sum((stake for _, stake in self.cast.stakers), Decimal(0)),
            reserve_given=self.cast.reserve,
            reserve_balance=cash(self.venue.read("Clearinghouse", "reserve")),
            hole=end.hole,
            worst_margin_ratio=None if worst is None else recorder.worst[worst],
            worst_margin_ratio_account="" if worst is None else people[worst],
            transactions=self.venue.node.sent,
            tiers=recorder.tiers,
            torn_up=recorder.tear_ups,
            debt_outstanding=self._debts(self.cast.people),
            insurance_drawn=totals["insurance"],
            bonus_paid=totals["bonus_paid"],
            topped_up=totals["topped_up"],
            liquidated_notional=totals["liquidated_notional"],
            call_rewards=totals["call_rewards"],
            liquidation_fees=totals["liquidation_fees"],
            fees_collected=totals["fees_collected"],
            fees_to_insurance=totals["fees_to_insurance"],
            fees_to_members=totals["fees_to_members"],
            fees_to_reserve=totals["fees_to_reserve"],
            tear_up_rewards=totals["tear_up_rewards"],
            funding_paid=totals["funding_paid"],
            repaid=totals["repaid"],
            recoveries=recorder.recoveries,
            users_loss=totals["users_loss"],
            liquidators_result=sum((one.result for one in liquidators), Decimal(0)),
            late_deposits=totals["late_deposits"],
            late_withdrawals=totals["late_withdrawals"],
        )
        return DemoRecord(
            summary, recorder.steps, recorder.events, accounts, liquidators=liquidators
        )

    def _conservation(self) -> Decimal:
        """How far the books are off."""
        people = [person.account for person in self.cast.people]
        return conservation_error(self.venue.deployment, people)

    def _debts(self, people: Sequence[Person]) -> Decimal:
        """What people's accounts still owe for their defaults, cash."""
        ledger = self.venue.contracts["Clearinghouse"]
        calls = [(ledger, "debts", (person.account,)) for person in people]
        words = self.venue.node.read_many(calls)
        owed = sum(word >> DEBT_BITS * tier & DEBT_MASK for word in words for tier in range(5))
        return Decimal(owed).scaleb(-6)

    def _policy(self, number: int) -> Policy:
        """The first keeper runs errands; with charity the last one takes what does not pay."""
        _, risk_rate = KEEPERS[number]
        gives = self.charity and number == len(KEEPERS) - 1
        return Policy(
            gas_cost=GAS_COST,
            risk_rate=risk_rate,
            calls=number == 0,
            backstop=gives,
            bid_at_mark=gives,
        )


def _concerns(row: AccountView) -> bool:
    insolvent = row.stage == INSOLVENCY
    return row.callable or row.openable or row.biddable or row.curable or insolvent


def _has_chores(keeper: Keeper) -> bool:
    return keeper.chores is not None and keeper.venue.now() >= keeper.chores.at
