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
    DRAW = "draw"


@dataclass(frozen=True)
class StepRecord:
    """The clearinghouse after one price step."""

    time: int
    prices: Mapping[str, Number]  # asset -> USD
    equity: Mapping[str, Number]  # account group -> USD
    insurance_balance: Number
    open_interest: Mapping[str, Number]  # market -> USD at mark, one side
    hole: Number = 0


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
    }


def failures(summary: Summary) -> list[str]:
    """What a replay must not end with; empty when all is well."""
    found = []
    if summary.unresolved_defaults:
        count = summary.unresolved_defaults
        found.append(f"{count} default{'s were' if count > 1 else ' was'} left unresolved")
    if not abs(float(summary.conservation_error)) <= CONSERVATION_LIMIT:
        found.append(f"the ledger is off by {summary.conservation_error} cash units")
    if summary.hole > 0:
        found.append(f"losses of {summary.hole:,.2f} USD were left unpaid")
    return found


def verdict(summary: Summary) -> str:
    """The replay in one sentence."""
    found = failures(summary)
    if found:
        return f"Not in order: {'; '.join(found)}."
    error = number_text(summary.conservation_error)
    if not summary.margin_calls and not summary.auctions:
        return f"Nobody had to be called; conservation error {error}."
    return f"Every default was resolved; conservation error {error}."


def number_text(value: Number) -> str:
    """A short, exact-looking number: `0`, `0.0000004`, `1e-18`."""
    if value == 0:
        return "0"
    return f"{float(value):.3g}"
