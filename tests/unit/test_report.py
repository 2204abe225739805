"""The demo's record and its report: figures, files, pages that need no network."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bulkhead.report import (
    FATES,
    TIERS,
    AccountRecord,
    DemoRecord,
    EventKind,
    EventRecord,
    LiquidatorRecord,
    Redemption,
    RedemptionRecord,
    ReportError,
    Run,
    StepRecord,
    Summary,
    Tiers,
    TornUp,
    charts,
    count_accounts,
    count_events,
    failures,
    print_summary,
    verdict,
    write_report,
)
from bulkhead.report.text import ratio, short_usd, usd
from bulkhead.report.words import TIER_WORDS

START = 1_583_971_200
REQUIRED_KEYS = [
    "scenario",
    "steps",
    "accounts",
    "margin_calls",
    "cured",
    "auctions",
    "bids",
    "bonus_paid",
    "insurance_drawn",
    "insurance_balance",
    "unresolved_defaults",
    "conservation_error",
    "max_abs_open_interest_gap",
    "wall_seconds",
]


@pytest.fixture
def record() -> DemoRecord:
    """A short replay: one account cures, one is sold in part, then in full, and the fund pays."""
    events = [
        EventRecord(START + 600, EventKind.MARGIN_CALL, "bold-1", {"equity": Decimal("812.5")}),
        EventRecord(START + 600, EventKind.MARGIN_CALL, "careful-1"),
        EventRecord(START + 900, EventKind.TOP_UP, "careful-1", {"amount": 500}),
        EventRecord(START + 900, EventKind.CURE, "careful-1", {"margin_ratio": 1.5}),
        EventRecord(START + 1_200, EventKind.AUCTION, "bold-1"),
        EventRecord(
            START + 1_200, EventKind.BID_PARTIAL, "bold-1", {"fraction": 0.42, "bonus": 9}, "keeper"
        ),
        EventRecord(START + 1_800, EventKind.BID_FULL, "bold-1", {"fraction": 1}, "keeper"),
        EventRecord(START + 1_800, EventKind.DRAW, "bold-1", {"amount": Decimal("33.33")}),
    ]
    steps = [
        StepRecord(
            time=START + 600 * i,
            prices={"ETH": Decimal(200 - 20 * i), "BTC": Decimal(8_000 - 500 * i)},
            equity={"bold longs": 1_000 - 400 * i, "careful longs": 2_000.5 - i},
            insurance_balance=Decimal(50_000 - 11 * i),
            open_interest={"ETH-PERP": 10_000 - i, "BTC-PERP": 20_000},
        )
        for i in range(4)
    ]
    accounts = [
        AccountRecord("bold-1", "bold longs", "CROSS", 20, 1_000, 0, "WETH", 0, 1, 0, 1, 1, -0.4),
        AccountRecord("careful-1", "careful longs", "ISOLATED", 2, 2_000, 2_400, "", 500, 1, 1),
    ]
    liquidators = [
        LiquidatorRecord("keeper-1", 20, 2, 5, -4, 3),
        LiquidatorRecord("keeper-2", Decimal("0.5"), 0, 2, -1, 5),
    ]
    summary = Summary(
        scenario="black-thursday",
        steps=3,
        accounts=2,
        **count_events(events),
        **count_accounts(accounts, events),
        bonus_paid=Decimal("9.10"),
        insurance_drawn=Decimal("33.33"),
        insurance_balance=Decimal("49966.67"),
        unresolved_defaults=0,
        conservation_error=Decimal(0),
        max_abs_open_interest_gap=0,
        wall_seconds=12.5,
        worst_margin_ratio=-0.4,
        worst_margin_ratio_account="bold-1",
        users_loss=Decimal("9.50"),
        liquidated_notional=1_000,
        liquidators_result=Decimal("2.5"),
        late_deposits=500,
        tiers=Tiers(insurance=Decimal("33.33")),
    )
    run = Run('make demo ARGS="--seed 7"', "abc123", 7, {"Terms": "grace 1h"})
    return DemoRecord(
        summary,
        steps,
        events,
        accounts,
        "Black Thursday",
        "A bad day.",
        "a test",
        liquidators=liquidators,
        run=run,
    )


def changed(record: DemoRecord, **figures: object) -> DemoRecord:
    return dataclasses.replace(record, summary=dataclasses.replace(record.summary, **figures))


# --- Figures


def test_events_are_counted(record):
    assert count_events(record.events) == {
        "margin_calls": 2,
        "cured": 1,
        "auctions": 1,
        "bids": 2,
        "bids_partial": 1,
        "bids_full": 1,
        "top_ups": 1,
        "insolvencies": 0,
    }


def test_every_account_is_counted_once(record):
    summary = record.summary
    assert (summary.accounts_called, summary.margin_calls) == (2, 2)
    assert (summary.accounts_sold, summary.bids) == (1, 2)
    assert summary.accounts_insolvent == 1
    assert list(summary.fates) == list(FATES)
    assert {fate: n for fate, n in summary.fates.items() if n} == {"sold in full": 1, "cured": 1}
    assert sum(summary.fates.values()) == summary.accounts


def test_verdict_is_what_a_trader_asks(record):
    assert failures(record.summary) == []
    assert verdict(record.summary) == (
        "1 of 2 accounts was liquidated; that cost 0.95% of what was sold. $33 was lost beyond"
        " margins, and no winner paid for it."
    )
    charged = changed(record, tiers=Tiers(insurance=33, charge=1)).summary
    assert verdict(charged).endswith(
        "$34 was lost beyond margins, some of it by those who had won."
    )
    assert verdict(changed(record, tiers=Tiers()).summary).endswith(
        "0.95% of what was sold, and nobody lost more than their margin."
    )


def test_late_deposits_are_no_profit():
    account = AccountRecord("a", "g", "CROSS", 2, 1_000, 900, added=500, taken_out=100)
    assert account.result == 900 - 1_000 - 500 + 100


@pytest.mark.parametrize(
    ("counts", "fate"),
    [
        ({}, "never called"),
        ({"margin_calls": 1}, "called"),
        ({"margin_calls": 2, "cured": 1}, "cured"),
        ({"margin_calls": 1, "cured": 1, "bids_partial": 3}, "sold in part"),
        ({"bids_partial": 3, "bids_full": 1}, "sold in full"),
        ({"bids_full": 1, "torn_up": 2}, "torn up"),
    ],
)
def test_fate_is_the_gravest_thing_that_happened(counts, fate):
    assert AccountRecord("a", "g", "CROSS", 2, 0, 0, **counts).fate == fate


def test_a_liquidators_result_is_what_is_left_of_what_they_were_paid(record):
    first, second = record.liquidators
    assert (first.paid, first.result) == (22, 10)
    assert second.result == Decimal("-7.5")


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"unresolved_defaults": 1}, "1 default was left unresolved"),
        ({"unresolved_defaults": 2}, "2 defaults were left unresolved"),
        ({"conservation_error": Decimal("0.000002")}, "the ledger is off by 0.000002"),
        ({"conservation_error": -1}, "the ledger is off by -1"),
        ({"hole": 7}, "losses of 7.00 USD were left unpaid"),
        ({"redemption_factor": 0.5, "unredeemed": 3}, "3 could not be paid out"),
    ],
)
def test_verdict_names_what_is_not_in_order(record, figures, expected):
    summary = changed(record, **figures).summary
    assert verdict(summary).startswith("Not in order: ")
    assert expected in verdict(summary)


@pytest.mark.parametrize("error", [Decimal("0.000001"), 4e-16, 0])
def test_rounding_dust_is_in_order(record, error):
    assert failures(changed(record, conservation_error=error).summary) == []


# --- report.json


def test_json_begins_with_the_figures_in_their_order(record, tmp_path):
    path, _ = write_report(tmp_path / "out" / "demo", record)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content)[: len(REQUIRED_KEYS)] == REQUIRED_KEYS
    assert content["steps"] == 3
    assert content["bonus_paid"] == 9.1
    assert content["conservation_error"] == 0
    assert len(content["event_log"]) == 8
    assert len(content["timeline"]) == 4
    assert [account["label"] for account in content["account_table"]] == ["bold-1", "careful-1"]


def test_json_has_what_liquidations_cost_and_who_bore_it(record, tmp_path):
    content = json.loads(write_report(tmp_path, record)[0].read_text(encoding="utf-8"))
    assert (content["users_loss"], content["liquidated_notional"]) == (9.5, 1_000)
    assert content["tiers"] == dict.fromkeys(TIERS, 0) | {"insurance": 33.33}
    assert list(content["tiers"]) == [
        "own", "reserve", "insurance", "contributions", "assessments", "charge", "hole",
    ]  # fmt: skip
    assert (content["liquidators_result"], content["late_deposits"]) == (2.5, 500)
    assert [one["result"] for one in content["liquidators"]] == [10, -7.5]
    assert [account["result"] for account in content["account_table"]] == [-1_000, -100]
    assert content["run"] == {
        "command": 'make demo ARGS="--seed 7"',
        "commit": "abc123",
        "seed": 7,
        "parameters": {"Terms": "grace 1h"},
    }


def test_numbers_are_json_numbers(record, tmp_path):
    path, _ = write_report(tmp_path, record)
    content = json.loads(path.read_text(encoding="utf-8"))
    texts = {"scenario", "worst_margin_ratio_account", "verdict", "title", "source"}
    lists = {"account_table", "event_log", "timeline", "tiers", "torn_up", "liquidators", "run"}
    lists |= {"fates", "recoveries"}
    assert content.pop("redemption_factor") is None
    for key in content.keys() - texts - lists:
        assert isinstance(content[key], int | float), key


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_refused_and_nothing_written(record, tmp_path, value):
    with pytest.raises(ReportError, match="bonus_paid"):
        write_report(tmp_path / "new", changed(record, bonus_paid=value))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "value"), [("bids", 3), ("margin_calls", 0), ("accounts_sold", 2), ("accounts", 40)]
)
def test_summary_that_contradicts_its_record_is_refused(record, tmp_path, name, value):
    with pytest.raises(ReportError, match=rf"summary\.{name} is {value}"):
        write_report(tmp_path, changed(record, **{name: value}))


def test_report_without_steps_is_refused(record, tmp_path):
    with pytest.raises(ReportError, match="one step"):
        write_report(tmp_path, dataclasses.replace(record, steps=[]))


def test_old_report_is_replaced_and_no_scraps_remain(record, tmp_path):
    (tmp_path / "report.json").write_text("old")
    write_report(tmp_path, record)
    assert json.loads((tmp_path / "report.json").read_text())["steps"] == 3
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.html"}


# --- report.html


class Page(HTMLParser):
    """Collects what a page refers to, and whether its tags are closed in order."""

    VOID = frozenset({"meta", "br", "path", "use", "rect", "line", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.references.append(value or "")


@pytest.fixture
def html(record, tmp_path) -> str:
    return write_report(tmp_path, record)[1].read_text(encoding="utf-8")


def test_page_is_whole_and_needs_no_network(html):
    page = Page(html)
    assert page.open == []
    assert not {"link", "img", "iframe"} & set(page.tags)
    assert page.tags.count("script") == 1  # in the page itself: it has no `src`
    assert not re.search(r"https?://|@import|url\((?!#)|fetch|XMLHttp", html)
    assert all(reference.startswith("#") for reference in page.references)


def test_ids_are_unique_and_every_reference_leads_somewhere(html):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    used = set(page.references) | set(re.findall(r"url\((#[^)]+)\)", html))
    assert used <= {f"#{identifier}" for identifier in page.ids}


def test_pictures_take_their_colours_from_the_page(html):
    for picture in re.findall(r"<svg.*?</svg>", html, re.S):
        assert not re.search(r"#[0-9a-f]{6}", picture)
        assert "var(--" in picture


def test_page_tells_the_story(html):
    assert "1 of 2 accounts was liquidated; that cost 0.95% of what was sold." in html
    assert "ETH fell from 200.00 to as low as 140.00 (−30%)" in html
    assert "Losses beyond margins were paid by insurance fund $33.33." in html
    assert "fraction 42%" in html
    assert ">cured</span>" in html
    assert html.count("<svg") == 2 + 2 + 4  # prices wide and narrow, groups, funds and who paid


def test_contents_lead_to_every_heading(html):
    headings = re.findall(r'<h2 id="([^"]+)">', html)
    assert html.count("<h2") == len(headings)
    assert re.findall(r'<li><a href="#([^"]+)">', html) == headings
    assert "how-this-page-was-made" in headings


def test_every_column_of_the_accounts_can_be_sorted(html):
    table = html[html.index('<table class="sortable">') :]
    head, row = (re.search(rf"<{tag}>.*?</{tag}>", table, re.S)[0] for tag in ("thead", "tbody"))
    count = head.count('aria-sort="none"><button type="button">')
    assert row.split("</tr>")[0].count("<td") == count == 12
    assert 'data-value="-1000">−$1,000<' in row  # the result
    assert "addEventListener" in html


def test_page_says_what_liquidators_were_paid_and_what_was_left(html):
    assert "Liquidators: what they were paid, and what was left" in html
    row = re.search(r"<tr><td[^>]*>keeper-1</td>.*?</tr>", html)[0]
    shown = re.sub(r"<[^>]+>", " ", row).split()
    assert shown == ["keeper-1", "$20", "$2", "$22", "−$5", "−$4", "−$3", "+$10"]
    assert "After hedging and gas that left the liquidators +$2.50." in html


def test_page_says_how_it_was_made(html):
    for text in ("make demo ARGS=&quot;--seed 7&quot;", "abc123", "grace 1h", "Prices: a test."):
        assert text in html
    assert "<dt>Seed</dt><dd>7</dd>" in html


def test_results_of_groups_are_without_late_deposits(html):
    assert (
        "1 account, result −$100: $2,000 at the start, $500 late deposits, $2,400 at the end"
    ) in html


def test_group_pictures_show_what_was_put_in(record):
    times = [step.time for step in record.steps]
    picture = charts.area(times, [1, 2, 3, 4], charts.SERIES[0], "g", [1, 1, 2, 2])
    assert "stroke-dasharray" in picture
    assert "stroke-dasharray" not in charts.area(times, [1, 2, 3, 4], charts.SERIES[0], "g")


def test_lows_between_pictures_are_told(record, tmp_path):
    record = dataclasses.replace(record, ranges={"ETH": (99, 201)})
    text = write_report(tmp_path, record)[1].read_text(encoding="utf-8")
    assert "ETH fell from 200.00 to as low as 99.00 (−50%)" in text
    assert "low 99.00" in text


# --- The waterfall and the wind-down


@pytest.fixture
def drained(record) -> DemoRecord:
    """The same replay with a loss that went down to the hole."""
    amounts = {"shortfall": 60, "own": 5, "insurance": 25, "charge": 10, "hole": 20}
    events = [
        *record.events,
        EventRecord(START + 1_700, EventKind.INSOLVENT, "bold-1", {"equity": -60}),
        EventRecord(START + 1_750, EventKind.TEAR_UP, "bold-1", {"fraction": 1, "cash": -60}),
        EventRecord(START + 1_750, EventKind.DRAW, "bold-1", amounts),
        EventRecord(START + 1_790, EventKind.REPAID, "bold-1", {"amount": 20}),
    ]
    steps = [
        dataclasses.replace(
            step,
            contributions_balance=400 - i,
            assessments_balance=500 - i,
            tiers={tier: i * amounts.get(tier, 0) // 3 for tier in TIERS},
        )
        for i, step in enumerate(record.steps)
    ]
    figures = {
        **count_events(events),
        **count_accounts(record.accounts, events),
        "tiers": Tiers(own=5, insurance=25, charge=10, hole=20),
        "torn_up": TornUp(1, 12_345),
        "repaid": 20,
        "recoveries": {"hole": 15, "insurance": 5},
        "debt_outstanding": Decimal("40.5"),
    }
    return dataclasses.replace(changed(record, **figures), events=events, steps=steps)


@pytest.fixture
def wound_down(drained) -> DemoRecord:
    """The same, ended for good."""
    accounts = [
        RedemptionRecord("bold-1", 0, 0),
        RedemptionRecord("careful-1", Decimal(1_000), Decimal(800), "0.5000 WETH", Decimal(3)),
    ]
    end = Redemption(
        Decimal(803), Decimal(1_003), Decimal(0), 0, accounts, [RedemptionRecord("staker-1", 90, 7)]
    )
    figures = {"redemption_factor": end.factor, "redeemed": 800, "claims": 1_003, "hole": 200}
    return dataclasses.replace(changed(drained, **figures), redemption=end)


def test_json_says_what_each_tier_paid(drained, tmp_path):
    content = json.loads(write_report(tmp_path, drained)[0].read_text(encoding="utf-8"))
    assert list(content["tiers"]) == list(TIERS)
    assert content["tiers"]["insurance"] == 25
    assert content["recoveries"] == {"hole": 15, "insurance": 5}
    assert content["torn_up"] == {"accounts": 1, "notional": 12_345}
    assert (content["debt_outstanding"], content["redeemed"]) == (40.5, 0)
    assert content["timeline"][3]["tiers"]["hole"] == 20
    assert "redemption" not in content


def test_page_shows_who_paid(drained, tmp_path):
    text = write_report(tmp_path, drained)[1].read_text(encoding="utf-8")
    assert text.count("<svg") == 2 + 2 + 4
    assert "Losses above margins, and who paid" in text
    assert "paid by own contribution $5, insurance fund $25, opposite side $10." in text
    assert "$20 nobody could pay: the hole." in text
    shortfall = ("$60", "$5", "", "$25", "", "", "$10", "$20")
    assert "".join(f'<td class="num">{amount}</td>' for amount in shortfall) in text
    assert "Recoveries, and where they went" in text
    assert '<td class="">Hole</td><td class="num">$15</td>' in text
    assert Page(text).open == []
    assert "Redemption</h2>" not in text


def test_page_without_losses_has_no_table_of_them(html):
    assert "Losses above margins, and" not in html
    assert "Recoveries, and" not in html


def test_areas_of_tiers_lie_on_each_other(drained):
    picture = charts.tiers(drained.steps, "tiers")
    for tier in ("own", "insurance", "charge", "hole"):
        assert f"var({TIER_WORDS[tier][1]})" in picture
    assert f"var({TIER_WORDS['contributions'][1]})" not in picture


def test_a_funds_picture_shows_how_little_it_moved(record):
    picture = charts.balance(record.steps, record.events, "fund")
    assert "$49.97k" in picture
    assert ">$0<" not in picture
    holes = [dataclasses.replace(step, hole=5) for step in record.steps]
    assert ">$0<" in charts.balance(holes, record.events, "fund")


def test_page_and_json_of_a_wind_down(wound_down, tmp_path):
    assert failures(wound_down.summary) == []
    assert verdict(wound_down.summary).endswith("everybody was paid 80.06% of their claim.")
    paths = write_report(tmp_path, wound_down)
    content, text = json.loads(paths[0].read_text("utf-8")), paths[1].read_text("utf-8")
    assert content["redemption"]["accounts"][1]["paid"] == 800
    assert content["redemption_factor"] == pytest.approx(803 / 1_003)
    assert "Redemption</h2>" in text
    assert "0.5000 WETH" in text
    assert "staker-1" in text
    assert "Stakers and members have no claim" in text
    assert text.count('<td class="num">$1,000</td><td class="num">$800</td>') == 2  # and a total
    assert Page(text).open == []


def test_a_hole_without_a_wind_down_is_not_in_order(wound_down):
    assert failures(changed(wound_down, redemption_factor=None).summary)


def test_summary_tells_the_tiers_and_the_factor(wound_down):
    out = io.StringIO()
    print_summary(Console(file=out, width=120), wound_down)
    assert "1 torn up, $12,345 of notional" in out.getvalue()
    assert "80.0598%" in out.getvalue()
    assert re.search(r"Hole .*\$20 .*paid by nobody yet", out.getvalue())
    assert re.search(r"\$15 .*of it to: hole", out.getvalue())
    assert "Claims" in out.getvalue()


def test_page_of_a_failed_replay_says_so(record, tmp_path):
    _, path = write_report(tmp_path, changed(record, unresolved_defaults=1))
    assert '<h1 class="bad">Not in order: 1 default was left' in path.read_text(encoding="utf-8")


def test_page_of_a_quiet_replay_is_written(record, tmp_path):
    counts = count_events([])
    accounts = [AccountRecord(f"a-{n}", "bold longs", "CROSS", 2, 1, 1) for n in range(2)]
    counts |= count_accounts(accounts, []) | {"tiers": Tiers(), "users_loss": 0}
    quiet = dataclasses.replace(
        changed(record, **counts, insurance_drawn=0, liquidated_notional=0),
        events=[],
        steps=record.steps[:1],
        accounts=accounts,
        liquidators=[],
    )
    text = write_report(tmp_path, quiet)[1].read_text(encoding="utf-8")
    assert "Nobody was liquidated; 0 of 2 accounts had a margin call." in text
    assert "Liquidators: what" not in text
    assert "event by event" not in text


def test_labels_cannot_become_markup(record, tmp_path):
    evil = "<script>$x$&"
    accounts = [dataclasses.replace(a, label=evil, group=evil, mode=evil) for a in record.accounts]
    steps = [
        dataclasses.replace(s, equity={evil: 1}, open_interest={evil: 1}, prices={evil: 1})
        for s in record.steps
    ]
    events = [dataclasses.replace(e, account=evil, counterparty=evil) for e in record.events]
    summary = dataclasses.replace(record.summary, **count_accounts(accounts, events))
    keepers = [dataclasses.replace(one, label=evil) for one in record.liquidators]
    run = Run(evil, evil, 7, {evil: evil})
    bad = DemoRecord(
        summary, steps, events, accounts, evil, evil, evil, liquidators=keepers, run=run
    )
    text = write_report(tmp_path, bad)[1].read_text(encoding="utf-8")
    assert Page(text).tags.count("script") == 1
    assert "&lt;script&gt;$x$&amp;" in text


def test_same_record_gives_the_same_bytes(record, tmp_path):
    first = [path.read_bytes() for path in write_report(tmp_path / "a", record)]
    second = [path.read_bytes() for path in write_report(tmp_path / "b", record)]
    assert first == second


# --- Terminal


def test_summary_is_printed_with_its_verdict_last(record):
    out = io.StringIO()
    print_summary(Console(file=out, width=100), record)
    lines = out.getvalue().rstrip().splitlines()
    end = " ".join(" ".join(lines[-2:]).split())
    assert end.endswith("beyond margins, and no winner paid for it.")
    assert any("1 partial, 1 full" in line for line in lines)
    assert any("−0.40" in line and "bold-1" in line for line in lines)


# --- Words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (12.345, "$12.35"),
        (Decimal("-0.001"), "$0.00"),
        (999.99, "$999.99"),
        (-1234.5, "−$1,234"),
        (1_000_000, "$1,000,000"),
    ],
)
def test_dollars_are_written(value, text):
    assert usd(value) == text


@given(st.floats(-1e12, 1e12))
def test_numbers_of_any_size_are_written_shortly(value):
    assert len(usd(value)) <= 19
    assert len(short_usd(value)) <= 12
    assert "nan" not in ratio(value)
