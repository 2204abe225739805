"""What a demo records: dataclasses that the replay fills and the report shows.

Amounts are US dollars (cash units) unless a field says otherwise, times are unix seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

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
    REOPENED = "reopened"
    DRAW = "draw"
    REPAID = "repaid"


# The waterfall, in the order in which tiers pay. The keys of amounts by tier.
TIERS = ("own", "insurance", "contributions", "assessments", "charged", "hole")


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
    added: Number = 0  # deposited after the start
    margin_calls: int = 0
    cured: int = 0
    bids_partial: int = 0
    bids_full: int = 0
    worst_margin_ratio: Number | None = None  # equity / maintenance margin; None without positions
    torn_up: int = 0
    lacked: Number = 0  # losses above its margin, which the waterfall paid


@dataclass(frozen=True)
class Tiers:
    """What each tier of the waterfall paid, cash. Of the hole: all that ever went into it."""

    own: Number = 0
    insurance: Number = 0
    contributions: Number = 0
    assessments: Number = 0
    charged: Number = 0
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
    fees_to_insurance: Number = 0
    funding_paid: Number = 0  # turned over between the sides, one direction
    insurance_staked: Number = 0  # put in by stakers before the replay
    hole: Number = 0
    worst_margin_ratio: Number | None = None
    worst_margin_ratio_account: str = ""
    transactions: int = 0
    tiers: Tiers = field(default_factory=Tiers)
    torn_up: TornUp = field(default_factory=TornUp)
    insolvencies: int = 0
    repaid: Number = 0  # of what defaults had cost
    debt_outstanding: Number = 0  # what accounts still owe for their defaults
    redeemed: Number = 0  # paid out to accounts in a wind-down
    redemption_factor: Number | None = None
    unredeemed: int = 0  # accounts that a wind-down could not pay out


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


def count_events(events: Iterable[EventRecord]) -> dict[str, int]:
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
    """The replay in one sentence."""
    found = failures(summary)
    if found:
        return f"Not in order: {'; '.join(found)}."
    error = number_text(summary.conservation_error)
    if summary.redemption_factor is not None:
        part = f"{100 * float(summary.redemption_factor):.2f}%"
        return f"Everybody was paid {part} of their claim; conservation error {error}."
    if not summary.margin_calls and not summary.auctions:
        return f"Nobody had to be called; conservation error {error}."
    return f"Every default was resolved; conservation error {error}."


def number_text(value: Number) -> str:
    """A short, exact-looking number: `0`, `0.0000004`, `1e-18`."""
    if value == 0:
        return "0"
    return f"{float(value):.3g}"
