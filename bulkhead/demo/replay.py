"""The replay: prices go through the feeds, owners and keepers act, the clock moves on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from time import monotonic

from bulkhead.books import conservation_error
from bulkhead.demo.narrator import Narrator
from bulkhead.demo.opening import open_books
from bulkhead.demo.owners import Owners
from bulkhead.demo.people import KEEPERS, Cast, Person
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.venue import BLOCK, Seat, Venue
from bulkhead.keeper import INSOLVENCY, AccountView, Chores, Keeper, Policy
from bulkhead.report import DemoRecord, Summary, count_events
from bulkhead.scenarios import PriceSeries

ROUND = 120  # seconds after which everybody looks again while anybody is in trouble
LONGEST_ROUND = 1_500  # of a step of many hours
ROUNDS = 24  # of such a step
FEES_EVERY = 6 * 3_600  # seconds between collections of fees
FUNDING_EVERY = 8 * 3_600
SETTLING = 12 * 3_600  # seconds of quiet after the last price in which defaults must end
SETTLING_ROUND = 300
DEBT_BITS, DEBT_MASK = 51, 2**51 - 1  # of a debt record, millionths of cash (layout: ledger.debts)


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
    fees_at: int = 0
    funding_at: int = 0
    fed_at: int = 0
    next_step: int = 0  # when the next price is due
    turn: int = 0  # whose turn it is to look first
    rows: Mapping[int, AccountView] = field(default_factory=dict)
    at_mark = True  # whether the last keeper bids at mark

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
        self.keepers = [
            Keeper(seat, person.account, self._policy(number))
            for number, (seat, person) in enumerate(zip(seats, self.cast.keepers, strict=True))
        ]
        done = self.venue.deployment
        self.keepers[0].chores = Chores(
            seats[0], list(done.collaterals.values()), list(done.markets.values())
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
        self.fed_at = began = node.time
        self.next_step = began + length
        self._look()
        for moment in _moments(length):
            if node.time >= self.next_step or not self._trouble():
                break
            self._refresh(step, began + moment)
            node.mine(began + moment)
            self._look()
        self._refresh(step, self.next_step)
        self.owners.live(self.rows, length)
        self.owners.hedge(self.rows)
        self._errands()
        if node.queue:
            node.mine()
            self._survey()
        self.recorder.picture(times[step], self.rows, last)
        self.progress(step + 1, self._news())

    def _refresh(self, step: int, time: int) -> None:
        """Queue the same prices again before a feed grows stale."""
        if time - self.fed_at > self.venue.heartbeat // 2:
            self.venue.publish(self.series, step)
            self.fed_at = time

    def _look(self) -> None:
        """Let owners and keepers see where they stand, and act."""
        self._survey()
        self.owners.react(self.rows)
        self._work()

    def _work(self) -> None:
        """Mine what owners queued, then give every keeper a turn."""
        if self.venue.node.queue:
            self.venue.node.mine(self.venue.node.time + BLOCK)
            self._survey()
        first = self.turn % len(self.keepers)
        self.turn += 1
        for keeper in (*self.keepers[first:], *self.keepers[:first]):
            if not any(_concerns(row) for row in self.rows.values()) and not _has_chores(keeper):
                continue
            if keeper.run(list(self.rows.values())):
                self._survey()

    def _survey(self) -> None:
        people = [person.account for person in self.cast.people]
        self.rows = dict(zip(people, self.venue.survey(people), strict=True))
        self.recorder.look(self.rows)

    def _errands(self) -> None:
        """Queue what anybody may do for all: collect fees, store the funding index."""
        node, ledger = self.venue.node, self.venue.contracts["Clearinghouse"]
        errand = self.cast.keepers[0].address
        for market in self.venue.deployment.markets.values():
            if node.time >= self.fees_at + FEES_EVERY:
                node.add(errand, ledger, "collect_fees", market)
            if node.time >= self.funding_at + FUNDING_EVERY:
                node.add(errand, ledger, "accrue_funding", market)
        if node.time >= self.fees_at + FEES_EVERY:
            self.fees_at = node.time
        if node.time >= self.funding_at + FUNDING_EVERY:
            self.funding_at = node.time

    def _settle(self) -> None:
        """Hold the last price until every default has ended by the procedure's own steps."""
        node, step = self.venue.node, len(self.series) - 1
        deadline = node.time + SETTLING
        while node.time < deadline and self._trouble():
            moment = node.time + SETTLING_ROUND
            self._refresh(step, moment)
            node.mine(moment)
            self._look()
            self.owners.settle(self.rows)
            self.owners.hedge(self.rows)
            self._work()
        self.fees_at = 0
        self._errands()
        self.venue.publish(self.series, step)
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
        counts = f"{stages.count(1)} called  {stages.count(2)} in auction"
        return f"{prices}  {counts}  {stages.count(3)} insolvent"

    def _record(self, seconds: float) -> DemoRecord:
        recorder, totals = self.recorder, self.recorder.totals
        recorder.picture(recorder.steps[-1].time + 1, self.rows, last=True)
        end = recorder.steps.pop()
        accounts = recorder.accounts(self.rows)
        people = {person.account: person.label for person in self.cast.people}
        worst = min(recorder.worst, key=lambda account: recorder.worst[account], default=None)
        summary = Summary(
            scenario=self.series.name,
            steps=len(self.series),
            accounts=len(accounts),
            **count_events(recorder.events),
            insurance_balance=end.insurance_balance,
            unresolved_defaults=len(self._unresolved()),
            conservation_error=self._conservation(),
            max_abs_open_interest_gap=recorder.gap,
            wall_seconds=round(seconds, 1),
            insurance_staked=sum((stake for _, stake in self.cast.stakers), Decimal(0)),
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
            funding_paid=totals["funding_paid"],
            repaid=totals["repaid"],
        )
        return DemoRecord(summary, recorder.steps, recorder.events, accounts)

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
        """The first keeper runs errands, the last one is the backstop."""
        _, risk_rate = KEEPERS[number]
        last = number == len(KEEPERS) - 1
        return Policy(
            risk_rate=risk_rate,
            calls=number == 0,
            backstop=last,
            bid_at_mark=last and self.at_mark,
        )


def _concerns(row: AccountView) -> bool:
    insolvent = row.stage == INSOLVENCY
    return row.callable or row.openable or row.biddable or row.curable or insolvent


def _has_chores(keeper: Keeper) -> bool:
    return keeper.chores is not None and keeper.venue.now() >= keeper.chores.at


def _moments(length: int) -> list[int]:
    """Seconds into a step at which everybody looks again."""
    pause = min(LONGEST_ROUND, max(ROUND, length // ROUNDS))
    return list(range(pause // 2, length, pause))
