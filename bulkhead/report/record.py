"""What a demo records: dataclasses that the replay fills and the report shows.

Amounts are US dollars (cash units) unless a field says otherwise, times are unix seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

CENT = 0.01  # cash: less is what roundings leave
CONSERVATION_LIMIT = Decimal("0.000001")  # cash units: one unit of a token with 6 decimals

Number = int | float | Decimal


class ReportError(Exception):
    """A record that contradicts itself or holds something that is not a number."""


class EventKind(StrEnum):
    """What may happen to an account in default."""

    MARGIN_CALL = "margin_call"
    TOP_UP = "top_up"
    CURE = "cure"
    AUCTION = "auction"
    BID_PARTIAL = "bid_partial"
    BID_FULL = "bid_full"
    INSOLVENT = "insolvent"
    TEAR_UP = "tear_up"
    REMAINDER = "remainder_sold"
    DRAW = "draw"
    REPAID = "repaid"


# The waterfall, in the order in which tiers pay. The keys of amounts by tier.
TIERS = ("own", "reserve", "insurance", "contributions", "assessments", "charge", "hole")
# Whom recoveries go to. What comes back for a charge on the opposite side does not exist.
RECOVERED = ("hole", "assessments", "contributions", "insurance", "reserve")
# What became of an account: the first that is true of it, so that everybody is counted once.
FATES = ("torn up", "sold in full", "sold in part", "cured", "called", "never called")


@dataclass(frozen=True)
class StepRecord:
    """The clearinghouse after one price step."""

    time: int
    prices: Mapping[str, Number]  # asset -> USD
    equity: Mapping[str, Number]  # account group -> USD
    insurance_balance: Number
    open_interest: Mapping[str, Number]  # market -> USD at mark, one side
    hole: Number = 0
    contributions_balance: Number = 0
    assessments_balance: Number = 0
    tiers: Mapping[str, Number] = field(default_factory=dict)  # paid up to now
    # Account group -> what its members began with and paid in since, less what they took out.
    put_in: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class EventRecord:
    """One event of one account.

    `amounts` is shown in its own order, by key: USD, but for `fraction` (0..1). `counterparty` is
    the account that bid or the one that called.
    """

    time: int
    kind: EventKind
    account: str
    amounts: Mapping[str, Number] = field(default_factory=dict)
    counterparty: str = ""


@dataclass(frozen=True)
class AccountRecord:
    """One account from beginning to end."""

    label: str
    group: str
    mode: str  # CROSS or ISOLATED
    leverage: Number  # at the start; 0 without positions
    start_equity: Number
    end_equity: Number
    collateral: str = ""
    added: Number = 0  # deposited after the start: late deposits
    margin_calls: int = 0
    cured: int = 0
    bids_partial: int = 0
    bids_full: int = 0
    worst_margin_ratio: Number | None = None  # equity / maintenance margin; None without positions
    torn_up: int = 0
    lacked: Number = 0  # losses above its margin, which the waterfall paid
    taken_out: Number = 0  # withdrawn after the start

    @property
    def result(self) -> Decimal:
        """Profit or loss: what equity changed by, without what was paid in or taken out."""
        moved = Decimal(str(self.end_equity)) - Decimal(str(self.start_equity))
        return moved - Decimal(str(self.added)) + Decimal(str(self.taken_out))

    @property
    def fate(self) -> str:
        """What became of it."""
        happened = (
            self.torn_up,
            self.bids_full,
            self.bids_partial,
            self.cured,
            self.margin_calls,
            True,
        )
        return next(word for word, is_true in zip(FATES, happened, strict=True) if is_true)


@dataclass(frozen=True)
class LiquidatorRecord:
    """What a keeper was paid, and what was left of it.

    Attributes:
        discounts: Under mark, on what it took over.
        rewards: For calls and tear-ups.
        hedging: Spread, impact and fees of selling what it took over.
        moves: What prices did until then; negative for a loss.
        gas: Of all its transactions that liquidations need.
    """

    label: str
    discounts: Number = 0
    rewards: Number = 0
    hedging: Number = 0
    moves: Number = 0
    gas: Number = 0

    @property
    def paid(self) -> Decimal:
        """Discounts and rewards."""
        return Decimal(str(self.discounts)) + Decimal(str(self.rewards))

    @property
    def result(self) -> Decimal:
        """Profit or loss, mark to market, after hedging and gas."""
        moves, hedging, gas = (Decimal(str(x)) for x in (self.moves, self.hedging, self.gas))
        return self.paid + moves - hedging - gas


@dataclass(frozen=True)
class Tiers:
    """What each tier of the waterfall paid, cash. Of the hole: all that ever went into it."""

    own: Number = 0
    reserve: Number = 0
    insurance: Number = 0
    contributions: Number = 0
    assessments: Number = 0
    charge: Number = 0
    hole: Number = 0


@dataclass(frozen=True)
class TornUp:
    """Positions closed against the opposite side."""

    accounts: int = 0
    notional: Number = 0


@dataclass(frozen=True)
class RedemptionRecord:
    """What somebody got in the end: an account, a staker or a member."""

    label: str
    claim: Decimal  # cash
    paid: Decimal  # cash
    collateral: str = ""
    to_fund: Decimal = Decimal(0)  # of it, what they owed for a default


@dataclass(frozen=True)
class Redemption:
    """How a wind-down ended.

    Attributes:
        pot: Cash to be paid out.
        claims: Claims on it.
        dust: What is left of the pot when everybody was paid.
        left: Accounts that could not be paid out.
    """

    pot: Decimal
    claims: Decimal
    dust: Decimal
    left: int
    accounts: list[RedemptionRecord]
    funds: list[RedemptionRecord]
    proofs: int = 0
    rewards: Number = 0

    @property
    def factor(self) -> Decimal:
        """What a claim of 1 was worth."""
        return self.pot / self.claims if self.claims else Decimal(1)


@dataclass(frozen=True)
class Summary:
    """The figures of a whole replay; every one becomes a key of report.json."""

    scenario: str
    steps: int
    accounts: int
    margin_calls: int
    cured: int
    auctions: int
    bids: int
    bonus_paid: Number  # discounts under mark that bidders got
    insurance_drawn: Number
    insurance_balance: Number
    unresolved_defaults: int
    conservation_error: Number  # worst over three prices, cash units
    max_abs_open_interest_gap: Number  # base units, |LONG - SHORT|, worst over markets and steps
    wall_seconds: Number
    bids_partial: int = 0
    bids_full: int = 0
    top_ups: int = 0
    topped_up: Number = 0
    liquidated_notional: Number = 0
    call_rewards: Number = 0
    liquidation_fees: Number = 0
    fees_collected: Number = 0  # trading and liquidation fees together
    fees_to_insurance: Number = 0  # premium for its cover, out of the reserve
    fees_to_members: Number = 0  # likewise
    fees_to_reserve: Number = 0
    tear_up_rewards: Number = 0  # to who brought tear-ups about, out of the reserve
    funding_paid: Number = 0  # turned over between the sides, one direction
    insurance_staked: Number = 0  # put in by stakers before the replay
    reserve_given: Number = 0  # the operator's own capital before the replay
    reserve_balance: Number = 0
    hole: Number = 0
    worst_margin_ratio: Number | None = None
    worst_margin_ratio_account: str = ""
    transactions: int = 0
    tiers: Tiers = field(default_factory=Tiers)
    torn_up: TornUp = field(default_factory=TornUp)
    insolvencies: int = 0
    users_loss: Number = 0  # discounts and fees taken from defaulters
    liquidators_result: Number = 0  # mark to market, after hedging and gas
    late_deposits: Number = 0  # paid in during the crash
    late_withdrawals: Number = 0
    accounts_called: int = 0  # accounts, each once, where `margin_calls` counts calls
    accounts_sold: int = 0
    accounts_insolvent: int = 0
    fates: Mapping[str, int] = field(default_factory=dict)  # what became of all accounts, each once
    recoveries: Mapping[str, Number] = field(default_factory=dict)  # whom `repaid` went to
    claims: Number = 0  # of accounts, in a wind-down
    repaid: Number = 0  # of what defaults had cost
    debt_outstanding: Number = 0  # what accounts still owe for their defaults
    redeemed: Number = 0  # paid out to accounts in a wind-down
    redemption_factor: Number | None = None
    unredeemed: int = 0  # accounts that a wind-down could not pay out


@dataclass(frozen=True)
class Run:
    """How to get the same page again."""

    command: str
    commit: str
    seed: int
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoRecord:
    """Everything a report is made of."""

    summary: Summary
    steps: list[StepRecord]
    events: list[EventRecord]
    accounts: list[AccountRecord]
    title: str = ""  # e.g. a scenario's title; the scenario's name when empty
    about: str = ""
    source: str = ""
    redemption: Redemption | None = None
    liquidators: list[LiquidatorRecord] = field(default_factory=list)
    run: Run | None = None
    # Asset -> lowest and highest price of the whole series, which `steps` may miss.
    ranges: Mapping[str, tuple[Number, Number]] = field(default_factory=dict)

    def range_of(self, asset: str) -> tuple[Number, Number]:
        """The lowest and the highest price of an asset."""
        seen = [step.prices[asset] for step in self.steps]
        return self.ranges.get(asset, (min(seen), max(seen)))


def count_events(events: Iterable[EventRecord]) -> dict[str, Any]:
    """The counts of `Summary` that follow from the events, ready to be passed as keywords."""
    kinds = Counter(event.kind for event in events)
    return {
        "margin_calls": kinds[EventKind.MARGIN_CALL],
        "cured": kinds[EventKind.CURE],
        "auctions": kinds[EventKind.AUCTION],
        "bids": kinds[EventKind.BID_PARTIAL] + kinds[EventKind.BID_FULL],
        "bids_partial": kinds[EventKind.BID_PARTIAL],
        "bids_full": kinds[EventKind.BID_FULL],
        "top_ups": kinds[EventKind.TOP_UP],
        "insolvencies": kinds[EventKind.INSOLVENT],
    }


def count_accounts(
    accounts: Iterable[AccountRecord], events: Iterable[EventRecord]
) -> dict[str, Any]:
    """What `Summary` says of accounts, each counted once."""
    by_kind: dict[EventKind, set[str]] = {kind: set() for kind in EventKind}
    for event in events:
        by_kind[event.kind].add(event.account)
    fates = Counter(account.fate for account in accounts)
    broke = by_kind[EventKind.INSOLVENT] | by_kind[EventKind.TEAR_UP] | by_kind[EventKind.DRAW]
    return {
        "accounts_called": len(by_kind[EventKind.MARGIN_CALL]),
        "accounts_sold": len(by_kind[EventKind.BID_PARTIAL] | by_kind[EventKind.BID_FULL]),
        "accounts_insolvent": len(broke),
        "fates": {fate: fates[fate] for fate in FATES},
    }


def failures(summary: Summary) -> list[str]:
    """What a replay must not end with; empty when all is well."""
    found = []
    if summary.unresolved_defaults:
        count = summary.unresolved_defaults
        found.append(f"{count} default{'s were' if count > 1 else ' was'} left unresolved")
    if not abs(float(summary.conservation_error)) <= CONSERVATION_LIMIT:
        found.append(f"the ledger is off by {summary.conservation_error} cash units")
    if summary.unredeemed:
        found.append(f"{summary.unredeemed} could not be paid out")
    # A wind-down shares losses out: its hole is in the factor.
    if summary.hole > 0 and summary.redemption_factor is None:
        found.append(f"losses of {summary.hole:,.2f} USD were left unpaid")
    return found


def verdict(summary: Summary) -> str:
    """The replay in one sentence, in a trader's words."""
    found = failures(summary)
    if found:
        return f"Not in order: {'; '.join(found)}."
    if summary.redemption_factor is not None:
        part = f"{100 * float(summary.redemption_factor):.2f}%"
        return f"The venue was wound up: everybody was paid {part} of their claim."
    liquidated = sum(summary.fates.get(fate, 0) for fate in FATES[:3])
    if not liquidated and not summary.bids:
        called = summary.accounts_called
        return f"Nobody was liquidated; {called} of {summary.accounts} accounts had a margin call."
    were = "was" if liquidated == 1 else "were"
    text = f"{liquidated} of {summary.accounts} accounts {were} liquidated"
    if summary.liquidated_notional:
        text += f"; that cost {cost_text(summary)} of what was sold"
    beyond = sum(float(getattr(summary.tiers, tier)) for tier in TIERS)
    if beyond < CENT:
        return f"{text}, and nobody lost more than their margin."
    if float(summary.tiers.charge) >= CENT:
        return f"{text}. ${beyond:,.0f} was lost beyond margins, some of it by those who had won."
    return f"{text}. ${beyond:,.0f} was lost beyond margins, and no winner paid for it."


def cost_text(summary: Summary) -> str:
    """Discounts and fees as a part of what was sold: `0.66%`."""
    sold = float(summary.liquidated_notional)
    return f"{100 * float(summary.users_loss) / sold:.2f}%" if sold else "0%"


def number_text(value: Number) -> str:
    """A short, exact-looking number: `0`, `0.0000004`, `1e-18`."""
    if value == 0:
        return "0"
    return f"{float(value):.3g}"
