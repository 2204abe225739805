"""The replay: prices go through the feeds, owners and keepers act, the clock moves on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from time import monotonic
from typing import Any

from bulkhead.books import conservation_error
from bulkhead.config import DeploymentConfig
from bulkhead.demo.opening import open_books
from bulkhead.demo.owners import Owners
from bulkhead.demo.people import KEEPERS, Cast
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.venue import BLOCK, Seat, Venue
from bulkhead.keeper import Keeper, Policy
from bulkhead.prices import PriceSeries, iso_time
from bulkhead.report import DemoRecord, Summary, count_events
from bulkhead.report.text import span
from bulkhead.units import plain

ROUND = 120  # seconds after which everybody looks again while anybody is in trouble
LONGEST_ROUND = 1_500  # of a step of many hours
ROUNDS = 24  # of such a step
LONGEST_STEP = 7 * 86_400
FEES_EVERY = 6 * 3_600  # seconds between collections of fees
FUNDING_EVERY = 8 * 3_600
SETTLING = 12 * 3_600  # seconds of quiet after the last price in which defaults must end
SETTLING_ROUND = 300


class DemoError(Exception):
    """A replay that cannot be run as asked."""


def check_series(series: PriceSeries, config: DeploymentConfig) -> None:
    """Refuse prices that cannot be replayed: outside the feeds' bounds, or too far apart."""
    for name, prices in series.prices.items():
        asset = config.assets[name]
        for time, price in zip(series.times, prices, strict=True):
            if not asset.min_price < price < asset.max_price:
                raise DemoError(
                    f"{series.name}: {name} {price:f} at {iso_time(time)} is outside the bounds in"
                    f" which its feeds count: {plain(asset.min_price)} to {plain(asset.max_price)}"
                )
    for earlier, later in zip(series.times, series.times[1:], strict=False):
        if later - earlier > LONGEST_STEP:
            raise DemoError(
                f"{series.name}: {span(later - earlier)} without a price after"
                f" {iso_time(earlier)}; allowed: {span(LONGEST_STEP)} at most"
            )


@dataclass
class Replay:
    """One run of the demo."""

    venue: Venue
    cast: Cast
    series: PriceSeries
    seed: int
    progress: Callable[[int, str], None] = lambda step, news: None
    fees_at: int = 0
    funding_at: int = 0
    fed_at: int = 0
    turn: int = 0  # whose turn it is to look first
    rows: Mapping[int, Any] = field(default_factory=dict)

    def run(self) -> DemoRecord:
        """Open the books, replay every step, let the last defaults end, and count."""
        started = monotonic()
        node = self.venue.node
        self.venue.publish(self.series, 0)
        node.mine(must_pass=True)
        seats = [Seat(self.venue, person.address) for person in self.cast.keepers]
        self.recorder = Recorder(self.venue, self.cast)
        open_books(self.venue, self.cast)
        self.recorder.start(self.series)
        self.keepers = [
            Keeper(seat, person.account, _policy(number))
            for number, (seat, person) in enumerate(zip(seats, self.cast.keepers, strict=True))
        ]
        self.owners = Owners(self.venue, self.cast, Random(self.seed + 1))
        self.fees_at = self.funding_at = node.time
        for step in range(len(self.series)):
            self._step(step)
        self._settle()
        return self._record(monotonic() - started)

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
        """Mine what owners queued, then give every keeper his turn."""
        if self.venue.node.queue:
            self.venue.node.mine(self.venue.node.time + BLOCK)
            self._survey()
        first = self.turn % len(self.keepers)
        self.turn += 1
        for keeper in (*self.keepers[first:], *self.keepers[:first]):
            if not any(_concerns(row) for row in self.rows.values()):
                return
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
        """Accounts below maintenance margin or insolvent, whatever has been done about them."""
        return [
            account for account, row in self.rows.items()
            if row.assessed_equity < row.assessed_maintenance
        ]  # fmt: skip

    def _news(self) -> str:
        stages = [row.stage for row in self.rows.values()]
        prices = "  ".join(f"{a} {p:,.0f}" for a, p in self.venue.prices.items())
        return f"{prices}  {stages.count(1)} called  {stages.count(2)} in auction"

    def _record(self, seconds: float) -> DemoRecord:
        recorder, totals = self.recorder, self.recorder.totals
        recorder.picture(self.series.times[-1] + 1, self.rows, last=True)
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
            conservation_error=conservation_error(self.venue.deployment, list(people)),
            max_abs_open_interest_gap=recorder.gap,
            wall_seconds=round(seconds, 1),
            insurance_staked=sum((stake for _, stake in self.cast.stakers), Decimal(0)),
            hole=end.hole,
            worst_margin_ratio=None if worst is None else recorder.worst[worst],
            worst_margin_ratio_account="" if worst is None else people[worst],
            transactions=self.venue.node.sent,
            **{name: totals[name] for name in TOTALS},
        )
        return DemoRecord(summary, recorder.steps, recorder.events, accounts)


TOTALS = (
    "bonus_paid",
    "insurance_drawn",
    "topped_up",
    "liquidated_notional",
    "call_rewards",
    "liquidation_fees",
    "fees_collected",
    "fees_to_insurance",
    "funding_paid",
)


def _policy(number: int) -> Policy:
    """The first keeper runs errands, the last one is the backstop."""
    _, risk_rate = KEEPERS[number]
    return Policy(risk_rate=risk_rate, calls=number == 0, backstop=number == len(KEEPERS) - 1)


def _concerns(row: Any) -> bool:
    return row.callable or row.openable or row.biddable or row.curable


def _moments(length: int) -> list[int]:
    """Seconds into a step at which everybody looks again."""
    pause = min(LONGEST_ROUND, max(ROUND, length // ROUNDS))
    return list(range(pause // 2, length, pause))
