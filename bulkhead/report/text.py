"""Numbers and times as people read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

from bulkhead.report.record import Number

_MINUS = "−"  # the typographic minus, as wide as a digit


def usd(value: Number, signed: bool = False) -> str:
    """`$12,345` from a thousand on, `$12.35` below; a minus before the sign of the currency."""
    size = abs(float(value))
    text = f"{size:,.0f}" if size >= 1_000 or size == round(size) else f"{size:,.2f}"
    zero = not text.strip("0.,")
    sign = _MINUS if value < 0 and not zero else "+" if signed and not zero else ""
    return f"{sign}${text}"


def short_usd(value: float) -> str:
    """`$1.2M`: for axes."""
    sign = _MINUS if value < 0 else ""
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{sign}${abs(value) / limit:.4g}{letter}"
    return f"{sign}${abs(value):.4g}"


def price(value: Number) -> str:
    """`194.80`, `7,938`: two decimals below a thousand, more below one."""
    size = float(value)
    if size >= 1_000:
        return f"{size:,.0f}"
    return f"{size:.2f}" if size >= 1 else f"{size:.4g}"


def change(start: Number, end: Number) -> str:
    """`−57%`: by how much a value moved."""
    percent = round((float(end) / float(start) - 1) * 100) if start else 0
    return f"{_MINUS if percent < 0 else '+' if percent > 0 else ''}{abs(percent)}%"


def ratio(value: Number | None) -> str:
    """Equity over maintenance margin, `1.25`; a dash for accounts without positions."""
    if value is None:
        return "–"
    return f"{float(value):.2f}".replace("-", _MINUS)


def leverage(value: Number) -> str:
    """`10×`, or a dash for an account that held nothing."""
    return f"{float(value):.3g}×" if value else "–"


def clock(time: int) -> str:
    """`12 Mar 10:30`, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%-d %b %H:%M")


def day(time: int) -> str:
    """`12 March 2020`, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%-d %B %Y")


def span(seconds: int) -> str:
    """`48 hours`, `90 minutes`, `12 days`."""
    if seconds >= 96 * 3_600:
        return f"{seconds / 86_400:.3g} days"
    if seconds >= 3 * 3_600:
        return f"{seconds / 3_600:.3g} hours"
    return f"{seconds / 60:.3g} minutes"


def heading(title: str) -> str:
    """A heading that the list of contents can lead to."""
    return f'<h2 id="{slug(title)}">{escape(title)}</h2>\n'


def slug(title: str) -> str:
    """`the-crash-and-who-was-called`."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def plural(count: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
