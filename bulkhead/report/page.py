"""report.html: one file without network access, for a reader who has never seen a default."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from bulkhead.report import charts
from bulkhead.report.record import (
    CENT,
    TIERS,
    DemoRecord,
    Number,
    Summary,
    cost_text,
    failures,
    number_text,
    verdict,
)
from bulkhead.report.tables import (
    all_accounts,
    fates,
    insolvencies,
    liquidators,
    recoveries,
    redemption,
    worst_accounts,
)
from bulkhead.report.text import change, day, heading, plural, price, ratio, span, usd
from bulkhead.report.words import TERMS, TIER_WORDS

STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("page.css", "page.js"))
HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')


def render_page(record: DemoRecord) -> str:
    """Return the whole page."""
    title = escape(record.title or record.summary.scenario)
    parts = (
        _prices(record),
        fates(record.summary),
        _groups(record),
        liquidators(record.liquidators),
        _funds(record),
        insolvencies(record),
        recoveries(record.summary),
        redemption(record.redemption),
        worst_accounts(record),
        all_accounts(record.accounts),
        _terms(),
        _made(record),
    )
    body = "".join(parts)
    head = _head(record, title) + _figures(record.summary) + _contents(body)
    style, script = (path.read_text(encoding="utf-8") for path in (STYLE, SCRIPT))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} through Bulkhead</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<main>\n{head}{body}</main>\n<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _contents(body: str) -> str:
    """A list of the page's headings."""
    items = "".join(
        f'<li><a href="#{name}">{title}</a></li>\n' for name, title in HEADING.findall(body)
    )
    return f'<nav aria-label="Contents"><ul>\n{items}</ul></nav>\n'


def _head(record: DemoRecord, title: str) -> str:
    summary, steps = record.summary, record.steps
    tone = "bad" if failures(summary) else "good"
    length = span(steps[-1].time - steps[0].time)
    about = f"<p>{escape(record.about)}</p>\n" if record.about else ""
    return (
        f'<p class="eyebrow">{title} · {day(steps[0].time)}, {length}</p>\n'
        f'<h1 class="{tone}">{escape(verdict(summary))}</h1>\n'
        f'<p class="lead">{escape(_story(record))}</p>\n{about}'
        f'<p class="note">{escape(_source(record))}</p>\n'
    )


def _source(record: DemoRecord) -> str:
    """What the prices are."""
    return f"Prices: {record.source}." if record.source else ""


def _story(record: DemoRecord) -> str:
    """The replay in a few sentences."""
    summary = record.summary
    moves = [
        _move(asset, float(record.steps[0].prices[asset]), *map(float, record.range_of(asset)))
        for asset in record.steps[0].prices
    ]
    text = (
        f"{' and '.join(moves)}. Of {plural(summary.accounts, 'account')},"
        f" {summary.accounts_called} had a margin call and {summary.accounts_sold} were sold to"
        f" liquidators in whole or in part, {usd(summary.liquidated_notional)} of positions, for"
        f" discounts and fees of {usd(summary.users_loss)}"
    )
    text += f" ({cost_text(summary)})." if summary.liquidated_notional else "."
    if record.liquidators:
        result = usd(summary.liquidators_result, signed=True)
        text += f" After hedging and gas that left the liquidators {result}."
    if summary.torn_up.accounts:
        text += (
            f" {plural(summary.torn_up.accounts, 'account')} had nothing left and were closed"
            " against the other side."
        )
    if any(getattr(summary.tiers, tier) >= CENT for tier in TIERS):
        text += f" Losses beyond margins were paid by {_payers(summary)}."
        if summary.tiers.hole >= CENT:
            text += f" {usd(summary.tiers.hole)} nobody could pay: the hole."
    elif summary.accounts_sold:
        text += " Their own margin paid for all of it; no fund was touched."
    return text


def _payers(summary: Summary) -> str:
    """`own contribution $5, insurance fund $7`."""
    tiers = [tier for tier in TIERS if tier != "hole"]
    parts = [(TIER_WORDS[tier][0], getattr(summary.tiers, tier)) for tier in tiers]
    said = [f"{words} {usd(paid)}" for words, paid in parts if paid >= CENT]
    return ", ".join(said) or "nobody"


def _move(asset: str, start: float, low: float, high: float) -> str:
    """The larger of an asset's fall and rise from its first price."""
    if start - low >= high - start:
        return f"{asset} fell from {price(start)} to as low as {price(low)} ({change(start, low)})"
    return f"{asset} rose from {price(start)} to as high as {price(high)} ({change(start, high)})"


def _figures(s: Summary) -> str:
    paid = sum(map(float, (s.bonus_paid, s.call_rewards, s.tear_up_rewards)))
    beyond = sum(float(getattr(s.tiers, tier)) for tier in TIERS)
    cost = f"{cost_text(s)} of what was sold" if s.liquidated_notional else "on what was left over"
    cards = (
        ("Called", f"{s.accounts_called}", f"{s.margin_calls} calls, {s.cured} cured"),
        ("Sold to liquidators", usd(s.liquidated_notional), f"{s.accounts_sold} accounts"),
        ("Cost to those sold", usd(s.users_loss), cost),
        (
            "Liquidators’ result",
            usd(s.liquidators_result, signed=True),
            f"paid {usd(paid)}; after hedging and gas",
        ),
        ("Lost beyond margins", usd(beyond), f"{usd(s.insurance_drawn)} insurance fund"),
        ("Torn up", f"{s.torn_up.accounts}", f"{usd(s.torn_up.notional)} of positions"),
        ("Late deposits", usd(s.late_deposits), f"{s.top_ups} of them after a call"),
        ("Worst margin ratio", ratio(s.worst_margin_ratio), s.worst_margin_ratio_account),
        ("Reserve", usd(s.reserve_balance), f"{usd(s.reserve_given)} at the start, fees since"),
        ("Insurance fund", usd(s.insurance_balance), f"of {usd(s.insurance_staked)} staked"),
        ("Fees collected", usd(s.fees_collected), f"{usd(s.liquidation_fees)} of it in bids"),
        ("Unresolved defaults", f"{s.unresolved_defaults}", f"{usd(s.hole)} unpaid losses"),
        ("Conservation error", number_text(s.conservation_error), "dollars, of all the books"),
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
        low = price(record.range_of(asset)[0])
        text = f"{asset} {price(values[0])} → {price(values[-1])}, low {low}"
        keys.append(_key(text, _series_color(number)))
    drawing = (
        f'<div class="{kind}">'
        + charts.price_timeline(record.steps, record.events, width, f"prices-{kind}")
        + "</div>\n"
        for kind, width in (("wide", 10.0), ("narrow", 4.0))
    )
    return (
        heading("The crash, and who was called")
        + '<p class="note">Prices as percent of their start; below, events as they happened.</p>'
        f"\n<figure><figcaption>{''.join(keys)}</figcaption>\n{''.join(drawing)}</figure>\n"
    )


def _groups(record: DemoRecord) -> str:
    end = " At the end it is what they were paid." if record.redemption else ""
    times = [step.time for step in record.steps]
    pictures = []
    for number, group in enumerate(record.steps[0].equity):
        values = [step.equity[group] for step in record.steps]
        put_in = [step.put_in[group] for step in record.steps if group in step.put_in]
        picture = charts.area(
            times,
            values,
            charts.SERIES[number % len(charts.SERIES)],
            f"group-{number}",
            put_in if len(put_in) == len(times) else (),
        )
        pictures.append(
            f"<figure><figcaption><h3>{escape(group)}</h3>"
            f'<span class="note">{escape(_flows(record, group))}</span></figcaption>\n'
            f"{picture}</figure>\n"
        )
    return (
        heading("Equity by group of accounts")
        + '<p class="note">What each group would own if everything were closed at that moment. The'
        " dashed line is what was put in: equity at the start and late deposits, less what was"
        f" taken out; the distance from it is the result.{end} Scales differ.</p>\n"
        f'<div class="groups">\n{"".join(pictures)}</div>\n'
    )


def _flows(record: DemoRecord, group: str) -> str:
    """`3 accounts, result −$5: $100 at the start, $20 late deposits, $115 at the end`."""
    members = [account for account in record.accounts if account.group == group]
    start, late, out, end, result = (
        sum(float(getattr(account, name)) for account in members)
        for name in ("start_equity", "added", "taken_out", "end_equity", "result")
    )
    parts = [f"{usd(start)} at the start"]
    parts += [f"{usd(late)} late deposits"] if late else []
    parts += [f"{usd(out)} taken out"] if out else []
    count = plural(len(members), "account")
    return f"{count}, result {usd(result, signed=True)}: {', '.join(parts)}, {usd(end)} at the end"


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
        heading("Funds and open interest")
        + '<p class="note">The insurance fund pays what a defaulter’s margin cannot, then the'
        " members of the default fund; both are paid for it. Open interest is one side of each"
        " market, in dollars. Scales of funds need not begin at zero.</p>\n"
        f'<div class="pair">\n{figures}</div>\n'
    )


def _keys(series: Iterable[str]) -> list[str]:
    return [_key(name, _series_color(number)) for number, name in enumerate(series)]


def _terms() -> str:
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>\n" for term, text in TERMS)
    return heading("The words on this page") + f'<dl class="terms">\n{items}</dl>\n'


def _made(record: DemoRecord) -> str:
    """How to get the same page again."""
    s, run = record.summary, record.run
    rows = [("Prices", record.source)] if record.source else []
    if run is not None:
        rows += [("Command", run.command), ("Commit", run.commit), ("Seed", f"{run.seed}")]
        rows += list(run.parameters.items())
    rows.append(
        (
            "Replay",
            f"{s.steps:,} price steps and {s.transactions:,} transactions on a local chain in"
            f" {float(s.wall_seconds):.0f} seconds",
        )
    )
    rows.append(("Numbers behind this page", "report.json"))
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>\n" for name, text in rows)
    return heading("How this page was made") + f'<dl class="terms">\n{items}</dl>\n'


def _key(text: str, color: str) -> str:
    return f'<span class="key" style="--c:var({color})">{escape(text)}</span>'


def _series_color(number: int) -> str:
    return f"--series-{number % len(charts.SERIES) + 1}"
