"""Turns what happened on the chain into the record that the report shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bulkhead.demo.node import Log
from bulkhead.demo.people import Cast, Group, Person
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import WAD, cash
from bulkhead.keeper import AccountView, MarketView
from bulkhead.report import (
    RECOVERED,
    TIERS,
    AccountRecord,
    EventKind,
    EventRecord,
    StepRecord,
    Tiers,
    TornUp,
)
from bulkhead.scenarios import PriceSeries

ZERO = Decimal(0)
PICTURES = 300  # that a report keeps, at most (and one)


@dataclass
class Recorder:
    """Listens to events and takes a picture after every step."""

    venue: Venue
    cast: Cast
    steps: list[StepRecord] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    counts: dict[str, Counter[EventKind]] = field(default_factory=lambda: defaultdict(Counter))
    worst: dict[int, Decimal] = field(default_factory=dict)
    gap: Decimal = Decimal(0)
    # Chain time minus scenario time: added to the clock of the chain it gives that of the story.
    offset: int = 0
    funding: dict[int, int] = field(default_factory=dict)
    pause: int = 0
    is_ending: bool = False  # whether the wind-down has begun
    in_default: set[int] = field(default_factory=set)
    torn_up: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    lacked: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    recoveries: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(RECOVERED, ZERO))

    people: dict[int, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start to listen: fees count from the first trade on."""
        self.venue.node.listeners.append(self.listen)

    def start(self, series: PriceSeries) -> None:
        """Begin the story: everybody has an account."""
        self.pause = (series.times[-1] - series.times[0]) // PICTURES
        self.people = {person.account: person for person in self.cast.people}

    def listen(self, log: Log) -> None:
        """Take an event down."""
        handler = getattr(self, f"_on_{log.name}", None)
        if handler is not None:
            handler(log)

    def _event(
        self, log: Log, kind: EventKind, amounts: Mapping[str, Decimal], counterparty: str = ""
    ) -> None:
        label = self.people[log.account].label
        time = log.time - self.offset
        self.counts[label][kind] += 1
        self.events.append(EventRecord(time, kind, label, amounts, counterparty))

    def _on_MarginCalled(self, log: Log) -> None:
        self._event(log, EventKind.MARGIN_CALL, _health(log))

    def _on_Cured(self, log: Log) -> None:
        self._event(log, EventKind.CURE, _health(log))

    def _on_AuctionOpened(self, log: Log) -> None:
        self._event(log, EventKind.AUCTION, _health(log))

    def _on_Deposited(self, log: Log) -> None:
        person = self.people.get(log.account)
        if person is not None:
            amount = self.venue.worth(log.token, cash(log.credited))
            person.added += amount
            self.totals["late_deposits"] += amount
            if log.account in self.in_default:
                self.totals["topped_up"] += amount
                self._event(log, EventKind.TOP_UP, {"amount": amount})

    def _on_Withdrawn(self, log: Log) -> None:
        person = self.people.get(log.account)
        if person is not None:
            amount = self.venue.worth(log.token, cash(log.debited))
            person.taken_out += amount
            self.totals["late_withdrawals"] += amount

    def _on_Bid(self, log: Log) -> None:
        kind = EventKind.BID_FULL if log.fraction == WAD else EventKind.BID_PARTIAL
        amounts = {"fraction": cash(log.fraction), "bonus": cash(log.discount)}
        if log.fee:
            amounts["fee"] = cash(log.fee)
        self.totals["bonus_paid"] += cash(log.discount)
        self.totals["users_loss"] += cash(log.discount + log.fee)
        self.totals["liquidation_fees"] += cash(log.fee)
        self.totals["fees_collected"] += cash(log.fee)
        self._event(log, kind, amounts, self.people[log.bidder].label)

    def _on_Insolvent(self, log: Log) -> None:
        self._event(log, EventKind.INSOLVENT, {"equity": cash(log.equity)})

    def _on_TornUp(self, log: Log) -> None:
        self.torn_up[log.account] += cash(abs(log.size)) * cash(log.price)

    def _on_ClosedOut(self, log: Log) -> None:
        amounts = {"cash": cash(log.cash)}
        self._event(log, EventKind.TEAR_UP, amounts)

    def _on_RemainderSold(self, log: Log) -> None:
        amounts = {"fraction": cash(log.fraction), "bonus": cash(log.discount)}
        self.totals["bonus_paid"] += cash(log.discount)
        self.totals["users_loss"] += cash(log.discount)
        self._event(log, EventKind.REMAINDER, amounts, self.people[log.bidder].label)

    def _on_ShortfallPaid(self, log: Log) -> None:
        self._paid(log, log.shortfall, log.optional("charged"), log.to_hole)

    def _on_DeficitPaid(self, log: Log) -> None:
        self.totals["proofs"] += 1
        self.totals["rewards"] += cash(log.reward)
        # The hole also gets what seized collateral is worth, which is shared out apart.
        funds = sum(log.optional(tier) for tier in TIERS[:5])
        self._paid(log, log.deficit, 0, log.deficit - funds)

    def _paid(self, log: Log, shortfall: int, charge: int, to_hole: int) -> None:
        """Note who paid what a margin could not."""
        paid = {tier: cash(log.optional(tier)) for tier in TIERS[:5]}
        paid |= {"charge": cash(charge), "hole": cash(to_hole)}
        for tier, amount in paid.items():
            self.totals[tier] += amount
        self.lacked[self.people[log.account].label] += cash(shortfall)
        amounts = {tier: amount for tier, amount in paid.items() if amount}
        if shortfall:
            self._event(log, EventKind.DRAW, {"shortfall": cash(shortfall)} | amounts)

    def _on_DebtRepaid(self, log: Log) -> None:
        parts = self.venue.repaid(log)
        for tier, part in parts.items():
            self.recoveries[tier] += part
        amount = sum(parts.values(), Decimal(0))
        self.totals["repaid"] += amount
        went = {f"to {tier}": part for tier, part in parts.items() if part}
        self._event(log, EventKind.REPAID, {"amount": amount} | went)

    def _on_PositionSliced(self, log: Log) -> None:
        self.totals["liquidated_notional"] += cash(abs(log.size)) * cash(log.price)

    def _on_WindDownBegan(self, log: Log) -> None:
        self.is_ending = True

    def _on_RewardPaid(self, log: Log) -> None:
        # In a wind-down it is for the conversion of an account's last position.
        name = "conversion_rewards" if self.is_ending else "call_rewards"
        self.totals[name] += cash(log.reward)

    def _on_TearUpRewarded(self, log: Log) -> None:
        self.totals["tear_up_rewards"] += cash(log.reward)

    def _on_Novated(self, log: Log) -> None:
        self.totals["fees_collected"] += cash(log.maker_fee + log.taker_fee)

    def _on_FeesCollected(self, log: Log) -> None:
        self.totals["fees_to_reserve"] += cash(log.optional("to_reserve"))

    def _on_PremiumPaid(self, log: Log) -> None:
        units = Decimal(log.paid).scaleb(-self.venue.decimals(self.venue.cash_symbol))
        insured = self.venue.contracts["InsuranceFund"].address.lower() == log.fund.lower()
        self.totals["fees_to_insurance" if insured else "fees_to_members"] += units

    # Sums ---------------------------------------------------------------------------------------

    @property
    def tiers(self) -> Tiers:
        """What each tier has paid up to now."""
        return Tiers(**{tier: self.totals[tier] for tier in TIERS})

    @property
    def tear_ups(self) -> TornUp:
        """What was torn up."""
        return TornUp(len(self.torn_up), sum(self.torn_up.values(), Decimal(0)))

    # Pictures -----------------------------------------------------------------------------------

    def look(self, rows: Mapping[int, AccountView]) -> None:
        """Note who is under a call or in auction, and the worst margin ratios."""
        self.in_default = {account for account, row in rows.items() if row.stage}
        for account, row in rows.items():
            if row.maintenance and row.readable:
                ratio = Decimal(row.assessed_equity) / row.maintenance
                self.worst[account] = min(ratio, self.worst.get(account, ratio))

    def picture(self, time: int, rows: Mapping[int, AccountView], last: bool = False) -> None:
        """Note the markets; now and then keep a picture of everything, at scenario time."""
        venue = self.venue
        contracts, markets = venue.contracts, venue.deployment.markets
        seen, assets, (contributions, assessments), hole = venue.node.read_many(
            [
                (contracts["Lens"], "markets", (list(markets.values()),)),
                (contracts["InsuranceFund"], "totalAssets", ()),
                (contracts["DefaultFund"], "available", ()),
                (contracts["Clearinghouse"], "hole", ()),
            ]
        )
        present = {person.group for person in self.cast.people}
        equity: dict[str, Decimal] = {str(g): ZERO for g in Group if g in present}
        put_in = dict(equity)
        for account, row in rows.items():
            person = self.people[account]
            equity[person.group] += cash(row.equity)
            put_in[person.group] += person.start_equity + person.added - person.taken_out
        for market in seen:
            self._note_market(market)
        if self.steps and not last and time < self.steps[-1].time + self.pause:
            return
        interest = {
            name: cash(0 if market.settled else market.long_interest) * cash(market.low)
            for name, market in zip(markets, seen, strict=True)
        }
        decimals = venue.decimals(venue.cash_symbol)
        self.steps.append(
            StepRecord(
                time=time,
                prices=dict(venue.prices),
                equity=equity,
                insurance_balance=Decimal(assets).scaleb(-decimals),
                open_interest=interest,
                hole=cash(hole),
                contributions_balance=cash(contributions),
                assessments_balance=cash(assessments),
                tiers={tier: self.totals[tier] for tier in TIERS},
                put_in=put_in,
            )
        )

    def _note_market(self, market: MarketView) -> None:
        """Note the gap between the sides, and what one of them paid the other since last time."""
        gap = cash(abs(market.long_interest - market.short_interest))
        self.gap = max(self.gap, gap)
        before = self.funding.get(market.market, market.funding_index)
        self.funding[market.market] = market.funding_index
        paid = cash(abs(market.funding_index - before)) * cash(market.long_interest)
        self.totals["funding_paid"] += paid

    def accounts(self, rows: Mapping[int, AccountView]) -> list[AccountRecord]:
        """Return every account from beginning to end."""
        records = []
        for person in self.cast.people:
            counts = self.counts[person.label]
            records.append(
                AccountRecord(
                    label=person.label,
                    group=person.group,
                    mode="ISOLATED" if person.mode == 1 else "CROSS",
                    leverage=person.leverage,
                    start_equity=person.start_equity,
                    end_equity=cash(rows[person.account].equity),
                    collateral=self._collateral(person),
                    added=person.added,
                    margin_calls=counts[EventKind.MARGIN_CALL],
                    cured=counts[EventKind.CURE],
                    bids_partial=counts[EventKind.BID_PARTIAL],
                    bids_full=counts[EventKind.BID_FULL],
                    worst_margin_ratio=self.worst.get(person.account),
                    torn_up=counts[EventKind.TEAR_UP],
                    lacked=self.lacked[person.label],
                    taken_out=person.taken_out,
                )
            )
        return records

    def _collateral(self, person: Person) -> str:
        if person.token == "cash":
            return self.venue.cash_symbol
        return f"{self.venue.collateral(person.token)}, {self.venue.cash_symbol}"


def _health(log: Log) -> dict[str, Decimal]:
    equity, maintenance = cash(log.equity), cash(log.maintenance)
    return {
        "margin ratio": equity / maintenance if maintenance else Decimal(0),
        "equity": equity,
    }
