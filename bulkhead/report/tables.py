"""The page's tables: the events of the worst accounts, and every account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from bulkhead.report.record import (
    TIERS,
    AccountRecord,
    DemoRecord,
    EventKind,
    EventRecord,
    Number,
    Redemption,
    RedemptionRecord,
)
from bulkhead.report.text import clock, leverage, plural, ratio, usd
from bulkhead.report.words import EVENT_WORDS, TIER_WORDS, amounts_text, fate

CENT = 0.01
WORST_ACCOUNTS = 8  # accounts whose events are told one by one
ACCOUNT_COLUMNS = (  # heading, CSS class
    ("Account", "first nowrap"),
    ("What became of it", "fate"),
    ("Mode", "nowrap"),
    ("Leverage", "num"),
    ("Margin", "nowrap"),
    ("Equity at start", "num"),
    ("Added", "num"),
    ("Equity at end", "num"),
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
        f"<h2>The {plural(count, 'worst account')}, event by event</h2>\n"
        '<p class="note">Those the fund paid for first, then by lowest margin ratio. '
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


def all_accounts(accounts: Iterable[AccountRecord]) -> str:
    """One row per account, under a heading per group."""
    by_group: dict[str, list[AccountRecord]] = defaultdict(list)
    for account in accounts:
        by_group[account.group].append(account)
    rows = []
    for group, members in by_group.items():
        rows.append(
            f'<tr class="account"><th colspan="9"><b>{escape(group)}</b> · '
            f"{plural(len(members), 'account')}</th></tr>\n"
        )
        rows += [_account_row(account) for account in members]
    header = "".join(f'<th class="{kind}">{name}</th>' for name, kind in ACCOUNT_COLUMNS)
    return (
        "<h2>Every account</h2>\n"
        '<p class="note">Added is what owners paid in after the start. The worst ratio is equity '
        "over maintenance margin at its lowest.</p>\n"
        '<div class="scroll"><table>\n'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )


def _account_row(account: AccountRecord) -> str:
    text, color = fate(account)
    cells = (
        escape(account.label),
        f'<span class="dot" style="--c:var({color})">{escape(text)}</span>',
        escape(account.mode.lower()),
        leverage(account.leverage),
        escape(account.collateral) or "cash",
        usd(account.start_equity),
        usd(account.added) if account.added else "",
        usd(account.end_equity),
        ratio(account.worst_margin_ratio),
    )
    columns = zip(cells, ACCOUNT_COLUMNS, strict=True)
    row = "".join(f'<td class="{kind}">{cell}</td>' for cell, (_, kind) in columns)
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
        "<h2>Losses above margins, and who paid</h2>\n"
        '<p class="note">From left to right the order in which tiers pay: each only when the one'
        " before has nothing left to give, or is at its limit.</p>\n"
        + _table(["Time", "Account", *headings], kinds, rows)
    )


def _paid(amount: Number) -> str:
    """An amount, or nothing for what roundings leave."""
    return usd(amount) if amount >= CENT else ""


def redemption(end: Redemption | None) -> str:
    """What everybody got in a wind-down."""
    if end is None:
        return ""
    headings = ["Who", "Claim", "Paid", "Kept from it for a debt", "Collateral"]
    kinds = ("nowrap", "num", "num", "num", "nowrap")
    rows = []
    for title, records in (("Accounts", end.accounts), ("Stakers and members", end.funds)):
        rows.append(f'<tr class="account"><th colspan="5"><b>{title}</b></th></tr>\n')
        rows += [_row(_redeemed(record), kinds) for record in records]
    return (
        "<h2>Redemption</h2>\n"
        f'<p class="note">{usd(end.pot)} were there for claims of {usd(end.claims)}: everybody got'
        f" {100 * float(end.factor):.4f}% of theirs, in any order.</p>\n"
        + _table(headings, kinds, rows)
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
