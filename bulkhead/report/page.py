"""report.html: one file without network access, for a reader who has never seen a default."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from bulkhead.report import charts
from bulkhead.report.record import (
    TIERS,
    DemoRecord,
    EventKind,
    Number,
    Summary,
    failures,
    number_text,
    verdict,
)
from bulkhead.report.tables import all_accounts, insolvencies, redemption, worst_accounts
from bulkhead.report.text import (
    change,
    day,
    plural,
    price,
    ratio,
    span,
    usd,
)
from bulkhead.report.words import TERMS, TIER_WORDS

STYLE = Path(__file__).with_name("page.css")


def render_page(record: DemoRecord) -> str:
    """Return the whole page."""
    title = escape(record.title or record.summary.scenario)
    parts = (
        _head(record, title),
        _figures(record.summary),
        _prices(record),
        _groups(record),
        _funds(record),
        insolvencies(record),
        redemption(record.redemption),
        worst_accounts(record),
        all_accounts(record.accounts),
        _terms(),
        _foot(record),
    )
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} through Bulkhead</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _head(record: DemoRecord, title: str) -> str:
    summary, steps = record.summary, record.steps
    tone = "bad" if failures(summary) else "good"
    length = span(steps[-1].time - steps[0].time)
    about = f"<p>{escape(record.about)}</p>\n" if record.about else ""
    return (
        f'<p class="eyebrow">{title} · {day(steps[0].time)}, {length}</p>\n'
        f'<h1 class="{tone}">{escape(verdict(summary))}</h1>\n'
        f'<p class="lead">{escape(_story(record))}</p>\n{about}'
    )


def _story(record: DemoRecord) -> str:
    """The replay in three sentences."""
    summary = record.summary
    moves = [
        _move(asset, [float(step.prices[asset]) for step in record.steps])
        for asset in record.steps[0].prices
    ]
    sold = {
        e.account for e in record.events if e.kind in (EventKind.BID_FULL, EventKind.BID_PARTIAL)
    }
    fund = (
        f"The insurance fund paid {usd(summary.insurance_drawn)} where margin was not enough."
        if summary.insurance_drawn
        else "Their own margin paid for all of it; the insurance fund was not touched."
    )
    if any(getattr(summary.tiers, tier) for tier in TIERS if tier != "insurance"):
        fund = f"Losses above margins were paid by {_payers(summary)}."
    called = {e.account for e in record.events if e.kind is EventKind.MARGIN_CALL}
    return (
        f"{' and '.join(moves)}. Of {plural(summary.accounts, 'account')}, {len(called)} were"
        f" called ({plural(summary.margin_calls, 'margin call')}, {summary.cured} cured in time)"
        f" and {len(sold)} were sold in whole or in part through"
        f" {plural(summary.auctions, 'auction')}. {fund if sold or summary.insolvencies else ''}"
    ).strip()


def _payers(summary: Summary) -> str:
    """`own contribution $5, insurance fund $7`."""
    parts = [(TIER_WORDS[tier][0], getattr(summary.tiers, tier)) for tier in TIERS]
    return ", ".join(f"{words} {usd(paid)}" for words, paid in parts if paid)


def _move(asset: str, prices: list[float]) -> str:
    """The larger of an asset's fall and rise from its first price."""
    start, low, high = prices[0], min(prices), max(prices)
    if start - low >= high - start:
        return f"{asset} fell from {price(start)} to as low as {price(low)} ({change(start, low)})"
    return f"{asset} rose from {price(start)} to as high as {price(high)} ({change(start, high)})"


def _figures(s: Summary) -> str:
    cards = (
        ("Margin calls", f"{s.margin_calls}", f"{s.cured} cured"),
        ("Auctions", f"{s.auctions}", f"{s.bids_partial} partial, {s.bids_full} full bids"),
        ("Taken over by bidders", usd(s.liquidated_notional), f"bonus {usd(s.bonus_paid)}"),
        ("Worst margin ratio", ratio(s.worst_margin_ratio), s.worst_margin_ratio_account),
        ("Insurance fund paid", usd(s.insurance_drawn), f"{usd(s.insurance_balance)} left"),
        ("Insolvent", f"{s.insolvencies}", f"{s.torn_up.accounts} torn up"),
        ("Torn up", usd(s.torn_up.notional), "closed against the other side"),
        ("Fees collected", usd(s.fees_collected), f"{usd(s.fees_to_insurance)} to the fund"),
        ("Funding turned over", usd(s.funding_paid), "from one side to the other"),
        ("Top-ups", f"{s.top_ups}", f"{usd(s.topped_up)} added in time"),
        ("Unresolved defaults", f"{s.unresolved_defaults}", f"{usd(s.hole)} unpaid losses"),
        ("Conservation error", number_text(s.conservation_error), "cash units"),
    )
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>\n"
        for name, value, note in cards
    )
    return f'<dl class="figures">\n{items}</dl>\n'


def _prices(record: DemoRecord) -> str:
    keys = []
    for number, asset in enumerate(record.steps[0].prices):
        values = [float(step.prices[asset]) for step in record.steps]
        text = f"{asset} {price(values[0])} → {price(values[-1])}, low {price(min(values))}"
        keys.append(_key(text, _series_color(number)))
    drawing = (
        f'<div class="{kind}">'
        + charts.price_timeline(record.steps, record.events, width, f"prices-{kind}")
        + "</div>\n"
        for kind, width in (("wide", 10.0), ("narrow", 4.0))
    )
    return (
        "<h2>The crash, and who was called</h2>\n"
        '<p class="note">Prices as percent of their start; below, each event when it happened.</p>'
        f"\n<figure><figcaption>{''.join(keys)}</figcaption>\n{''.join(drawing)}</figure>\n"
    )


def _groups(record: DemoRecord) -> str:
    times = [step.time for step in record.steps]
    pictures = []
    for number, group in enumerate(record.steps[0].equity):
        values = [step.equity[group] for step in record.steps]
        members = sum(account.group == group for account in record.accounts)
        picture = charts.area(
            times, values, charts.SERIES[number % len(charts.SERIES)], f"group-{number}"
        )
        pictures.append(
            f"<figure><figcaption><h3>{escape(group)}</h3>"
            f'<span class="note">{plural(members, "account")}, {usd(values[0])} → '
            f"{usd(values[-1])}</span></figcaption>\n{picture}</figure>\n"
        )
    return (
        "<h2>Equity by group of accounts</h2>\n"
        '<p class="note">What each group would own if everything were closed at that moment. '
        "Scales differ from picture to picture.</p>\n"
        f'<div class="groups">\n{"".join(pictures)}</div>\n'
    )


def _funds(record: DemoRecord) -> str:
    steps = record.steps
    open_interest: dict[str, list[Number]] = {
        market: [step.open_interest[market] for step in steps] for market in steps[0].open_interest
    }
    members = {
        "contributions": [step.contributions_balance for step in steps],
        "assessments": [step.assessments_balance for step in steps],
    }
    fund_keys = [_key("balance", "--cure")]
    if record.summary.insurance_drawn:
        fund_keys.append('<span class="dot" style="--c:var(--draw)">draw</span>')
    if any(step.hole for step in steps):
        fund_keys.append(_key("unpaid losses", "--draw"))
    times = [step.time for step in steps]
    pictures = [
        ("Insurance fund", fund_keys, charts.balance(steps, record.events, "fund")),
        ("Default fund", _keys(members), charts.lines(times, members, "members", from_zero=False)),
        ("Open interest", _keys(open_interest), charts.lines(times, open_interest, "interest")),
    ]
    paid = [tier for tier in TIERS if getattr(record.summary.tiers, tier)]
    if paid:
        keys = [_key(*TIER_WORDS[tier]) for tier in paid]
        pictures.append(("Losses above margins, by who paid", keys, charts.tiers(steps, "tiers")))
    figures = "".join(
        f"<figure><figcaption><h3>{name}</h3>{''.join(keys)}</figcaption>\n{picture}</figure>\n"
        for name, keys, picture in pictures
    )
    return (
        "<h2>Funds and open interest</h2>\n"
        '<p class="note">The insurance fund pays what a defaulter’s margin cannot, then the members'
        " of the default fund; both earn fees. Open interest is one side of each market, in"
        " dollars. Scales of funds need not begin at zero.</p>\n"
        f'<div class="pair">\n{figures}</div>\n'
    )


def _keys(series: Iterable[str]) -> list[str]:
    return [_key(name, _series_color(number)) for number, name in enumerate(series)]


def _terms() -> str:
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>\n" for term, text in TERMS)
    return f'<h2>The words on this page</h2>\n<dl class="terms">\n{items}</dl>\n'


def _foot(record: DemoRecord) -> str:
    s = record.summary
    source = f" Prices: {escape(record.source)}." if record.source else ""
    return (
        f"<footer>{s.steps:,} price steps and {s.transactions:,} transactions on a local chain in"
        f" {float(s.wall_seconds):.0f} seconds.{source} Numbers behind this page: report.json."
        "</footer>\n"
    )


def _key(text: str, color: str) -> str:
    return f'<span class="key" style="--c:var({color})">{escape(text)}</span>'


def _series_color(number: int) -> str:
    return f"--series-{number % len(charts.SERIES) + 1}"
