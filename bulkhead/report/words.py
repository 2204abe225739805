"""The report's words: what events mean, and the terms a newcomer meets."""

from __future__ import annotations

from bulkhead.report.record import FATES, AccountRecord, EventKind, EventRecord, Number
from bulkhead.report.text import ratio, usd

EVENT_WORDS = {
    EventKind.MARGIN_CALL: ("Called", "--call"),
    EventKind.TOP_UP: ("Topped up", "--cure"),
    EventKind.CURE: ("Cured", "--cure"),
    EventKind.AUCTION: ("Auction opened", "--auction"),
    EventKind.BID_PARTIAL: ("Sold in part", "--bid"),
    EventKind.BID_FULL: ("Sold in full", "--bid"),
    EventKind.INSOLVENT: ("Insolvent", "--draw"),
    EventKind.TEAR_UP: ("Torn up", "--draw"),
    EventKind.REMAINDER: ("Remainder sold", "--bid"),
    EventKind.DRAW: ("Shortfall paid", "--draw"),
    EventKind.REPAID: ("Repaid", "--cure"),
}

# Tiers of the waterfall: what pays, and the colour of its area.
TIER_WORDS = {
    "own": ("own contribution", "--series-5"),
    "reserve": ("reserve", "--series-4"),
    "insurance": ("insurance fund", "--cure"),
    "contributions": ("contributions", "--series-1"),
    "assessments": ("assessments", "--series-3"),
    "charge": ("opposite side", "--call"),
    "hole": ("hole", "--draw"),
}

TERMS = (
    ("Account", "A numbered margin account; one owner may have many."),
    ("Cash", "The settlement token, a digital dollar; profit and loss are paid in it."),
    ("Collateral", "Another token posted as margin, counted after a haircut."),
    ("Perpetual", "A contract that follows a price and never expires; one side pays the other."),
    ("Leverage", "Size of a position over the equity behind it; 10× loses all in a 10% move."),
    ("Equity", "What would be left if everything were closed at the current price."),
    ("Initial margin", "Equity needed to open or withdraw."),
    ("Maintenance margin", "Equity needed to be left alone; below it anyone may call the account."),
    (
        "Margin ratio",
        "Equity over maintenance margin: below 1 is a call, below 0 a loss to others.",
    ),
    ("Margin call", "A public notice with a deadline: add money or reduce, or be sold."),
    (
        "Cure",
        "The end of a call because equity is no less than the maintenance margin again.",
    ),
    ("Close-out margin", "A share of the maintenance margin below which there is no more grace."),
    ("Auction", "What a defaulter holds is on offer, at a discount that rises until someone bids."),
    ("Bid", "A bidder takes a slice, the same fraction of every position and every collateral."),
    ("Bonus", "The discount under the current price a bidder gets, paid by the defaulter."),
    ("Hedge", "What a bidder does at once: sell what they took over; it costs spread and impact."),
    ("Late deposit", "Money that somebody paid in during the crash; it is not part of a result."),
    ("Result", "Profit or loss: what equity changed by, less late deposits, plus withdrawals."),
    ("Reserve", "The venue’s own capital; it pays before the money of stakers and members."),
    (
        "Insurance fund",
        "Staked money that earns a premium out of fees and pays what a defaulter’s margin cannot.",
    ),
    (
        "Default fund",
        "What members contributed, and pledged on top (assessments), to pay after the insurance.",
    ),
    ("Insolvent", "Equity at 0 or below: the positions are torn up at once, the waterfall pays."),
    ("Shortfall", "What a defaulter’s margin cannot pay; the waterfall says who does."),
    (
        "Waterfall",
        "Own contribution, reserve, insurance fund, members, their pledges, opposite side, hole.",
    ),
    ("Tear-up", "Closing a position against everybody on the opposite side, in proportion."),
    (
        "Charge on the opposite side",
        "What winners pay of a loss that no fund could pay: as far as the price has moved from the"
        " day’s average, and a little beyond.",
    ),
    ("Hole", "Losses nobody could pay yet; fees and what defaulters repay fill it first."),
    ("Wind-down", "The end: markets settled, deficits proven, everybody paid the same share."),
    ("Funding", "What the crowded side of a market pays the other to keep prices in line."),
    ("Open interest", "Everything held on one side of a market; both sides are always equal."),
    ("Isolated, cross", "Margin for one market only, or shared by all positions of an account."),
    ("Unpaid losses", "What neither a defaulter nor a fund could pay; 0 unless all are empty."),
    (
        "Conservation error",
        "Tokens held less everything owed, at the last price, a hundredth and a hundred times it.",
    ),
)


def amounts_text(event: EventRecord) -> list[str]:
    """`["fraction 42%", "bonus $85", "by bidder-1"]`; a lone `amount` needs no name."""
    parts = [
        _amount(key, value) if key == "amount" else f"{key.replace('_', ' ')} {_amount(key, value)}"
        for key, value in event.amounts.items()
    ]
    return [*parts, f"by {event.counterparty}"] if event.counterparty else parts


def _amount(key: str, value: Number) -> str:
    if key == "fraction":
        return f"{100 * float(value):.3g}%"
    return ratio(value) if key.endswith("ratio") else usd(value)


FATE_COLORS = dict(
    zip(FATES, ("--draw", "--draw", "--bid", "--cure", "--call", "--grid"), strict=True)
)


def fate(account: AccountRecord) -> tuple[str, str]:
    """What became of an account and how often it was called, and the colour of its dot."""
    word = account.fate
    calls = account.margin_calls
    often = f", called {calls}×" if calls > 1 else ""
    return word + often, FATE_COLORS[word]
