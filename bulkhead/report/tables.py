"""The page's tables: the events of the worst accounts, and every account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from bulkhead.report.record import (
    CENT,
    FATES,
    RECOVERED,
    TIERS,
    AccountRecord,
    DemoRecord,
    EventKind,
    EventRecord,
    LiquidatorRecord,
    Number,
    Redemption,
    RedemptionRecord,
    Summary,
)
from bulkhead.report.text import clock, heading, leverage, plural, ratio, usd
from bulkhead.report.words import EVENT_WORDS, FATE_COLORS, TIER_WORDS, amounts_text, fate

WORST_ACCOUNTS = 8  # accounts whose events are told one by one
ACCOUNT_COLUMNS = (  # heading, CSS class
    ("Account", "first nowrap"),
    ("Group", "nowrap"),
    ("What became of it", "fate"),
    ("Mode", "nowrap"),
    ("Leverage", "num"),
    ("Margin", "nowrap"),
    ("Equity at start", "num"),
    ("Late deposits", "num"),
    ("Taken out", "num"),
    ("Equity at end", "num"),
    ("Result", "num"),
    ("Worst ratio", "num"),
)


def worst_accounts(record: DemoRecord) -> str:
    """What happened to the accounts that fared worst, event by event."""
    by_account: dict[str, list[EventRecord]] = defaultdict(list)
    for event in sorted(record.events, key=lambda e: e.time):
        by_account[event.account].append(event)
    told = [account for account in record.accounts if account.label in by_account]
    told.sort(key=lambda a: _severity(a, by_account[a.label]))
    if not told:
        return ""
    rows = []
    for account in told[:WORST_ACCOUNTS]:
        about = (
            f"{account.group}, {account.mode.lower()}, {leverage(account.leverage)},"
            f" {usd(account.start_equity)} → {usd(account.end_equity)}"
        )
        rows.append(
            f'<tr class="account"><th colspan="3"><b>{escape(account.label)}</b> · '
            f"{escape(about)}</th></tr>\n"
        )
        rows += [_event_row(event) for event in by_account[account.label]]
    count = min(WORST_ACCOUNTS, len(told))
    return (
        heading(f"The {plural(count, 'worst account')}, event by event")
        + '<p class="note">Those the waterfall paid for first, then by lowest margin ratio. '
        "Times are UTC.</p>\n"
        '<div class="scroll"><table class="events">\n'
        "<thead><tr><th>Time</th><th>Event</th><th>Amounts</th></tr></thead>\n"
        f"<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )


def _severity(account: AccountRecord, events: Iterable[EventRecord]) -> tuple[bool, float, str]:
    drawn = any(event.kind is EventKind.DRAW for event in events)
    lowest = account.worst_margin_ratio
    return not drawn, float("inf") if lowest is None else float(lowest), account.label


def _event_row(event: EventRecord) -> str:
    words, color = EVENT_WORDS[event.kind]
    pieces = (f'<span class="nowrap">{escape(text)}</span>' for text in amounts_text(event))
    amounts = ", ".join(pieces)
    return (
        f'<tr><td class="nowrap">{clock(event.time)}</td>'
        f'<td class="nowrap"><span class="dot" style="--c:var({color})">{words}</span></td>'
        f"<td>{amounts}</td></tr>\n"
    )


def fates(summary: Summary) -> str:
    """What became of the accounts, each counted once."""
    rows = []
    for word, count in summary.fates.items():
        dot = f'<span class="dot" style="--c:var({FATE_COLORS[word]})">{word}</span>'
        part = f"{100 * count / summary.accounts:.0f}%"
        rows.append(_row((dot, f"{count}", part), ("", "num", "num")))
    total = ("all", f"{sum(summary.fates.values())}", "")
    rows.append(_row(total, ("", "num", "num"), "total"))
    return (
        heading("What became of the accounts")
        + '<p class="note">Each account once, by the gravest thing that happened to it.</p>\n'
        + _table(("", "Accounts", "Part"), ("", "num", "num"), rows)
    )


def liquidators(records: Sequence[LiquidatorRecord]) -> str:
    """What keepers were paid, and what was left of it."""
    if not records:
        return ""
    columns = (
        "Keeper", "Discounts", "Rewards", "Paid in all", "Hedging", "Price moves", "Gas", "Result",
    )  # fmt: skip
    kinds = ("first nowrap", *("num" for _ in columns[1:]))
    rows = [_row(_liquidator(one), kinds) for one in records]
    sums = [
        sum(float(getattr(one, name)) for one in records)
        for name in ("discounts", "rewards", "paid", "hedging", "moves", "gas", "result")
    ]
    rows.append(_row(["all", *_earned(*sums)], kinds, "total"))
    return (
        heading("Liquidators: what they were paid, and what was left")
        + '<p class="note">Hedging is spread, impact and fees of selling what they took over;'
        " price moves are what happened until then. Mark to market at the end.</p>\n"
        + _table(columns, kinds, rows)
    )


def _liquidator(one: LiquidatorRecord) -> list[str]:
    amounts = (one.discounts, one.rewards, one.paid, one.hedging, one.moves, one.gas, one.result)
    return [escape(one.label), *_earned(*map(float, amounts))]


def _earned(
    discounts: float, rewards: float, paid: float, hedging: float, moves: float, gas: float,
    result: float,
) -> list[str]:  # fmt: skip
    income = [usd(discounts), usd(rewards), usd(paid)]
    costs = [usd(-hedging), usd(moves, signed=True), usd(-gas)]
    return [*income, *costs, f"<b>{usd(result, signed=True)}</b>"]


def recoveries(summary: Summary) -> str:
    """Where what defaulters repaid went."""
    if not summary.repaid:
        return ""
    parts = [(tier, summary.recoveries.get(tier, 0)) for tier in RECOVERED]
    rows = [
        _row((TIER_WORDS[tier][0].capitalize(), usd(part)), ("", "num"))
        for tier, part in parts if part >= CENT
    ]  # fmt: skip
    rows.append(_row(("all", usd(summary.repaid)), ("", "num"), "total"))
    return (
        heading("Recoveries, and where they went")
        + f'<p class="note">What defaulters paid back; {usd(summary.debt_outstanding)} is still'
        " owed. The last tier that paid is paid back first; what a fund is paid back belongs to"
        " those who held its shares when it paid.</p>\n"
        + _table(("Paid to", "Amount"), ("", "num"), rows)
    )


def all_accounts(accounts: Iterable[AccountRecord]) -> str:
    """One row per account, sorted by a click on a heading."""
    rows = [_account_row(account) for account in accounts]
    header = "".join(
        f'<th class="{kind}" aria-sort="none"><button type="button">{name}</button></th>'
        for name, kind in ACCOUNT_COLUMNS
    )
    return (
        heading("Every account")
        + '<p class="note">A click on a heading sorts. The result is what equity changed by, less'
        " late deposits, plus what was taken out. The worst ratio is equity over maintenance"
        " margin at its lowest.</p>\n"
        '<div class="scroll"><table class="sortable">\n'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )


def _account_row(account: AccountRecord) -> str:
    text, color = fate(account)
    lowest = account.worst_margin_ratio
    cells: tuple[tuple[str, Number | None], ...] = (  # what is shown, and what it is sorted by
        (escape(account.label), None),
        (escape(account.group), None),
        (
            f'<span class="dot" style="--c:var({color})">{escape(text)}</span>',
            FATES.index(account.fate),
        ),
        (escape(account.mode.lower()), None),
        (leverage(account.leverage), account.leverage),
        (escape(account.collateral) or "cash", None),
        (usd(account.start_equity), account.start_equity),
        (usd(account.added) if account.added else "", account.added),
        (usd(account.taken_out) if account.taken_out else "", account.taken_out),
        (usd(account.end_equity), account.end_equity),
        (usd(account.result, signed=True), account.result),
        (ratio(lowest), 1e9 if lowest is None else lowest),
    )
    columns = zip(cells, ACCOUNT_COLUMNS, strict=True)
    row = "".join(
        f'<td class="{kind}">{cell}</td>' if value is None
        else f'<td class="{kind}" data-value="{float(value):.6g}">{cell}</td>'
        for (cell, value), (_, kind) in columns
    )  # fmt: skip
    return f"<tr>{row}</tr>\n"


def insolvencies(record: DemoRecord) -> str:
    """Every shortfall, and who paid it."""
    events = [event for event in record.events if event.kind is EventKind.DRAW]
    events = [event for event in events if "shortfall" in event.amounts]
    if not events:
        return ""
    columns = ("shortfall", *TIERS)
    kinds = ("nowrap", "nowrap", *("num" for _ in columns))
    headings = ["Shortfall", *(TIER_WORDS[tier][0].capitalize() for tier in TIERS)]
    rows = []
    for event in events:
        amounts = [event.amounts.get(column, 0) for column in columns]
        cells = [clock(event.time), escape(event.account), *map(_paid, amounts)]
        rows.append(_row(cells, kinds))
    totals = [sum(event.amounts.get(column, 0) for event in events) for column in columns]
    cells = ["", "all", *map(_paid, totals)]
    rows.append(_row(cells, kinds, "total"))
    return (
        heading("Losses above margins, and who paid")
        + '<p class="note">From left to right the order in which tiers pay: each only when the one'
        " before has nothing left to give, or is at its limit.</p>\n"
        + _table(["Time", "Account", *headings], kinds, rows)
    )


def _paid(amount: Number) -> str:
    """An amount, or nothing for what roundings leave."""
    return usd(amount) if amount >= CENT else ""


def redemption(end: Redemption | None) -> str:
    """What everybody claimed in a wind-down, and what they were paid."""
    if end is None:
        return ""
    kinds = ("nowrap", "num", "num", "num", "nowrap")
    rows = [_row(_redeemed(record), kinds) for record in end.accounts]
    claimed = sum((record.claim for record in end.accounts), Decimal(0))
    paid = sum((record.paid for record in end.accounts), Decimal(0))
    kept = sum((record.to_fund for record in end.accounts), Decimal(0))
    total = ["all", usd(claimed), usd(paid), usd(kept) if kept else "", ""]
    rows.append(_row(total, kinds, "total"))
    funds = [
        _row((escape(one.label), usd(one.claim), usd(one.paid)), kinds[:3]) for one in end.funds
    ]
    return (
        heading("Redemption")
        + f'<p class="note">{usd(end.pot)} were there for claims of {usd(end.claims)}: everybody'
        f" got {100 * float(end.factor):.4f}% of theirs, in any order. A claim is what an account"
        " would have been owed in full.</p>\n"
        + _table(("Account", "Claim", "Paid", "Kept for a debt", "Collateral"), kinds, rows)
        + '<p class="note">Stakers and members have no claim on the pot: they take what is left of'
        " their stake, and their part of what was paid back for what it had lost.</p>\n"
        + _table(("Staker or member", "Had put in", "Takes"), kinds[:3], funds)
    )


def _redeemed(record: RedemptionRecord) -> list[str]:
    return [
        escape(record.label),
        usd(record.claim),
        usd(record.paid),
        usd(record.to_fund) if record.to_fund else "",
        escape(record.collateral),
    ]


def _row(cells: Iterable[str], kinds: Iterable[str], name: str = "") -> str:
    columns = zip(cells, kinds, strict=True)
    row = "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in columns)
    return f'<tr class="{name}">{row}</tr>\n' if name else f"<tr>{row}</tr>\n"


def _table(headings: Iterable[str], kinds: Iterable[str], rows: Iterable[str]) -> str:
    columns = zip(headings, kinds, strict=True)
    header = "".join(f'<th class="{kind}">{heading}</th>' for heading, kind in columns)
    return (
        '<div class="scroll"><table>\n'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )
