"""Price scenarios and CSV files: every control point is hit, every bad line is named."""

from __future__ import annotations

import codecs
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkhead.scenarios import (
    HIGHEST_PRICE,
    PRICE_PLACES,
    CsvError,
    PriceSeries,
    Scenario,
    ScenarioError,
    answer,
    count_rows,
    iso_time,
    load_csv,
    load_scenario,
    save_csv,
    scenario_names,
)

HOUR = 3_600
NAMES = ["black-thursday", "ftx-2022", "may-2021"]
MADE_UP = {"waterfall": "15m", "wind-down": "15m"}
FILE_PER_EXAMPLE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


# --- The committed scenarios


def test_scenarios_are_known():
    assert scenario_names() == sorted([*NAMES, *MADE_UP])


@pytest.mark.parametrize(
    ("name", "start", "hours", "eth_low", "btc_low", "last"),
    [
        ("black-thursday", "2020-03-12", 48, (26.5, "84.2"), (26.5, "3622"), ("134.1", "5570")),
        ("may-2021", "2021-05-19", 36, (13.5, "1401"), (13.5, "28688"), ("2755", "40458")),
        ("ftx-2022", "2022-11-08", 60, (47.5, "1071"), (46, "15702"), ("1187", "16388")),
    ],
)
def test_scenario_has_its_lows_and_ends(name, start, hours, eth_low, btc_low, last):
    series = load_scenario(name).series()
    assert iso_time(series.times[0]) == f"{start}T00:00:00Z"
    assert series.times[-1] - series.times[0] == hours * HOUR
    assert len(series) == hours * 6 + 1
    for asset, (hour, low) in (("ETH", eth_low), ("BTC", btc_low)):
        assert min(series.prices[asset]) == Decimal(low)
        assert series.prices[asset][int(hour * 6)] == Decimal(low)
    assert list(series.at(-1).values()) == [Decimal(price) for price in last]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [60, 300, "10m", "15m", "30m"])
def test_every_control_point_is_hit(name, step):
    scenario = load_scenario(name)
    series = scenario.series(step)
    for asset, points in scenario.points.items():
        found = dict(zip(series.times, series.prices[asset], strict=True))
        assert all(found[scenario.start + offset] == price for offset, price in points)


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_scenarios_fall_within_one_step(name):
    scenario = load_scenario(name)
    assert scenario.kind == name
    assert scenario.step == 15 * 60
    series = scenario.series(scenario.step)
    for asset, column in series.prices.items():
        falls = [1 - later / before for before, later in pairwise(column) if later < before]
        assert min(falls) > Decimal("0.06"), asset


@pytest.mark.parametrize("name", NAMES)
def test_history_is_played_by_the_usual_people(name):
    assert (load_scenario(name).kind, load_scenario(name).step) == ("crash", None)


def test_kind_and_step_are_read(tmp_path):
    path = tmp_path / "made.yaml"
    path.write_text(f"{GOOD}kind: wind-down\nstep: 30m\n", encoding="utf-8")
    scenario = load_scenario("made", tmp_path)
    assert (scenario.kind, scenario.step) == ("wind-down", 1_800)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("kind: crisis", "kind: crisis is not a kind; allowed: crash, waterfall, wind-down"),
        ("step: soon", "step: soon"),
        ("step: 0", "step: 0 is too short"),
    ],
)
def test_bad_kind_or_step_is_refused(tmp_path, line, reason):
    (tmp_path / "made.yaml").write_text(f"{GOOD}{line}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("made", tmp_path)
    assert f":8: {reason}" in str(caught.value)


def test_interpolation_is_even_in_log_price():
    points = {"ETH": [(0, Decimal(100)), (2 * HOUR, Decimal(400))]}
    scenario = Scenario("made", "", "", "", 1_600_000_000, 2 * HOUR, points)
    assert scenario.series("1h").prices["ETH"] == [Decimal(100), Decimal(200), Decimal(400)]


# --- Refusals


def test_unknown_scenario_is_answered_with_the_names():
    with pytest.raises(ScenarioError, match="did you mean may-2021") as caught:
        load_scenario("may-21")
    assert all(name in str(caught.value) for name in NAMES)


def test_name_cannot_leave_the_folder():
    with pytest.raises(ScenarioError, match="unknown scenario"):
        load_scenario("../config/local")


@pytest.mark.parametrize("step", ["1h", 7_200, "40m", 1_801])
def test_step_over_a_control_point_is_refused_with_the_remedy(step):
    with pytest.raises(ScenarioError, match=r"skips the control point of ETH at hour 4.*10m"):
        load_scenario("may-2021").series(step)


@pytest.mark.parametrize("step", [0, "0s", "-1", "soon"])
def test_step_that_is_no_step_is_refused(step):
    with pytest.raises(ScenarioError, match="step"):
        load_scenario("may-2021").series(step)


GOOD = """\
title: Made up
about: A test.
source: nowhere
start: 2020-01-01T00:00Z
hours: 2
prices:
  ETH: {0: 100, 1: 90, 2: 95}
"""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("title", "titel", ":1: titel: is not a known field"),
        ("hours: 2\n", "", "hours: is missing"),
        ("hours: 2", "hours: two", ":5: hours: two is not a number"),
        ("hours: 2", "hours: 3", "must begin at hour 0 and end at hour 3"),
        ("start: 2020", "start: soon", ":4: start: soon"),
        ("1: 90", "1: -90", ":7: prices.ETH.1: -90 is not a price"),
        ("1: 90", "1: 0", ":7: prices.ETH.1: 0 is not a price"),
        ("1: 90", "1: 90.123456789", "8 decimals"),
        ("1: 90", "x: 90", "prices.ETH.x: x is not a number"),
        ("1: 90", "2: 90", "is given twice"),
        ("1: 90, 2: 95", "2: 90, 1: 95", "prices.ETH.1: is not later"),
        ("{0: 100, 1: 90, 2: 95}", "100", "two hour: price points"),
        ("{0: 100, 1: 90, 2: 95}", "{0: 100, 1: 90", "not valid YAML"),
    ],
)
def test_malformed_scenario_names_line_and_field(tmp_path, old, new, reason):
    path = tmp_path / "made.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert len(load_scenario("made", tmp_path).series("1h")) == 3
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("made", tmp_path)
    assert reason in str(caught.value)


# --- CSV


def csv_file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "prices.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(CsvError) as caught:
        load_csv(csv_file(tmp_path, text))
    return caught.value.lines


@pytest.mark.parametrize(
    "text",
    [
        "time,ETH,BTC\n2020-03-12T00:00:00Z,194.8,7938\n2020-03-12T00:10:00Z,190,7900\n",
        "time,ETH,BTC\n1583971200,194.8,7938\n1583971800,190,7900\n",
        "BTC , time, ETH\n7938,2020-03-12T00:00,194.8\n7900,2020-03-12 01:10+01:00,+1.9e2\n",
        "Time,eth,Btc\n1583971200,194.8,7938\n1583971800,190,7900\n",
        "time,ETH,BTC\r\n1583971200,194.8,7938\r\n\r\n1583971800,190,7900\r\n\r\n",
        codecs.BOM_UTF8 + b'time,"ETH",BTC\n1583971200,"194.8",7938\n1583971800,190,7900',
    ],
    ids=[
        "iso",
        "unix",
        "any order, offsets",
        "any case",
        "crlf and blank lines",
        "bom, quotes, no end",
    ],
)
def test_csv_is_read(tmp_path, text):
    series = load_csv(csv_file(tmp_path, text))
    assert series.name == "prices"
    assert series.times == [1_583_971_200, 1_583_971_800]
    assert series.at(0) == {"ETH": Decimal("194.8"), "BTC": Decimal(7_938)}
    assert series.at(1) == {"ETH": Decimal(190), "BTC": Decimal(7_900)}


def test_steps_of_a_csv_know_their_lines(tmp_path):
    path = csv_file(tmp_path, "time,ETH\n\n1583971200,1\n\n1583971800,1\n")
    series = load_csv(path)
    assert [series.where(step) for step in (0, 1)] == [f"{path}:3", f"{path}:5"]


def test_csv_needs_only_one_asset(tmp_path):
    series = load_csv(csv_file(tmp_path, "time,BTC\n1583971200,1\n1583971201,2\n"))
    assert series.assets == ["BTC"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("time,ETH,BTC\n", "has no rows"),
        ("time,ETH,BTC\n1583971200,1,1\n", "has one row"),
        ("time,ETH,DOGE\n", "unknown column 'DOGE': use time,ETH,BTC"),
        ("time,eht\n", "unknown column 'eht' (did you mean 'ETH'?)"),
        ("time,eth,ETH\n", "column 'ETH' is there twice"),
        ("time,ETH,ETH\n", "column 'ETH' is there twice"),
        ("ETH,BTC\n", "column 'time' is missing"),
        ("time\n", "no column of prices"),
        ("time;ETH;BTC\n", "columns are separated by ';': use commas, time,ETH,BTC"),
        ("time\tETH\n", "columns are separated by tabs: use commas"),
        ('time,ETH\n"1583971200,1\n', "is not CSV"),
        (b"\xff\xfet\x00i\x00", "is not UTF-8"),
    ],
)
def test_csv_as_a_whole_is_refused(tmp_path, text, reason):
    lines = refusal(tmp_path, text)
    assert len(lines) == 1
    assert "prices.csv:" in lines[0]
    assert reason in lines[0]


def test_absent_csv_is_refused(tmp_path):
    with pytest.raises(CsvError, match="cannot be read"):
        load_csv(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1583971800,0,1", "ETH '0' is out of range"),
        ("1583971800,-3,1", "ETH '-3' is not a price"),
        ("1583971800,1,nan", "BTC 'nan' is not a price"),
        ("1583971800,1,inf", "BTC 'inf' is not a price"),
        ("1583971800,1,", "the empty BTC is not a price"),
        ('1583971800,"7,900",1', "ETH '7,900' is not a price"),
        ("1583971800,1e11,1", "ETH '1e11' is out of range"),
        ("1583971800,1,0.000000001", "BTC '0.000000001' is out of range"),
        ("1583971800,1", "has 2 values where the header has 3"),
        ("1583971800,1,1,1", "has 4 values where the header has 3"),
        ("1583971200,1,1", "is not after the row before it (2020-03-12T00:00:00Z)"),
        ("1583971199,1,1", "sort rows by time"),
        ("1583971800000,1,1", "not milliseconds"),
        ("20200312,1,1", "is not between 2009 and 2100"),
        ("12.3.2020,1,1", "is not a time"),
        ("2020-02-30,1,1", "is not a time"),
        ("2020-03-12T01:00:00.5Z,1,1", "fraction of a second"),
        (",1,1", "is not a time"),
    ],
)
def test_bad_row_is_named_by_line(tmp_path, row, reason):
    good = "time,ETH,BTC\n1583971200,1,1\n\n"
    assert len(load_csv(csv_file(tmp_path, good + "1583971800,1,1\n"))) == 2
    lines = refusal(tmp_path, f"{good}{row}\n1583979999,1,1\n")
    assert len(lines) == 1
    assert "prices.csv:4: " in lines[0]
    assert reason in lines[0]


@pytest.mark.parametrize(("bad", "shown"), [(10, 10), (25, 11)])
def test_ten_bad_rows_are_shown_and_the_rest_counted(tmp_path, bad, shown):
    rows = "".join(f"{1583971200 + i},x\n" for i in range(bad))
    lines = refusal(tmp_path, f"time,ETH\n{rows}")
    assert len(lines) == shown
    assert "prices.csv:2: " in lines[0]
    assert ("15 more bad lines" in lines[-1]) == (bad == 25)


# --- Properties

prices = st.decimals(Decimal("0.00000001"), HIGHEST_PRICE, places=PRICE_PLACES)


@given(st.lists(prices, min_size=2, max_size=12), st.integers(1, 60))
def test_interpolation_stays_between_neighbouring_control_points(points, minutes):
    gap = minutes * 60 * 4
    control = [(i * gap, price) for i, price in enumerate(points)]
    scenario = Scenario("made", "", "", "", 1_600_000_000, control[-1][0], {"ETH": control})
    found = scenario.series(minutes * 60).prices["ETH"]
    assert found[::4] == points
    for i, (before, after) in enumerate(pairwise(points)):
        segment = found[4 * i : 4 * i + 5]
        assert segment == sorted(segment, reverse=after < before)
        assert all(min(before, after) <= price <= max(before, after) for price in segment)


@FILE_PER_EXAMPLE
@given(
    st.lists(st.tuples(st.integers(1, 10**6), prices, prices), min_size=2, max_size=20),
    st.integers(1_230_768_000, 4_000_000_000),
)
def test_csv_round_trip(tmp_path, rows, start):
    times = [start + sum(gap for gap, _, _ in rows[:i]) for i in range(len(rows))]
    columns = {"BTC": [btc for _, btc, _ in rows], "ETH": [eth for _, _, eth in rows]}
    path = tmp_path / "series.csv"
    series = PriceSeries("series", times, columns)
    save_csv(series, path)
    assert load_csv(path) == series


@given(prices, st.integers(0, 18))
def test_feed_answer_is_the_price_in_the_feeds_unit(price, decimals):
    found = answer(price, decimals)
    assert found >= 1
    exact = price.scaleb(decimals) if decimals <= 8 else price * 10**decimals
    assert abs(found - exact) <= (Decimal("0.5") if exact >= 1 else 1)
    assert decimals < PRICE_PLACES or found == exact


def test_prices_move_on_straight_lines_in_log_price():
    column = {"ETH": [Decimal(100), Decimal(400), Decimal(400)]}
    joined = PriceSeries("made", [0, 120, 240], column, is_joined=True)
    assert [joined.along(0, seconds)["ETH"] for seconds in (0, 60, 120, 500)] == [
        100,
        200,
        400,
        400,
    ]
    assert joined.along(2, 60) == {"ETH": 400}  # nothing comes after the last step
    held = PriceSeries("made", [0, 120, 240], column)
    assert held.along(0, 119) == {"ETH": 100}


@pytest.mark.parametrize("name", NAMES)
def test_a_finer_step_of_a_scenario_lies_on_the_same_line(name):
    scenario = load_scenario(name)
    coarse, fine = scenario.series("10m"), scenario.series("2m")
    for step in (0, 30, 70):
        between = coarse.along(step, 240)
        for asset, price in between.items():
            assert price == pytest.approx(fine.prices[asset][5 * step + 2], abs=Decimal("1e-6"))


@pytest.mark.parametrize("name", MADE_UP)
def test_gaps_of_made_up_scenarios_stay_gaps(name):
    assert not load_scenario(name).series("15m").is_joined
    assert load_scenario("may-2021").series("2m").is_joined
    assert load_scenario("may-2021").controls == 52


def test_rows_are_counted_without_being_read(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("time,ETH\nnonsense\n\nmore\n")
    assert count_rows(path) == 2
    path.write_text("")
    assert count_rows(path) == 0
    with pytest.raises(CsvError, match="cannot be read"):
        count_rows(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("times", "columns"),
    [
        ([1], {"ETH": [Decimal(1)]}),
        ([1, 1], {"ETH": [Decimal(1)] * 2}),
        ([1, 2], {"ETH": [Decimal(1)]}),
        ([1, 2], {}),
    ],
)
def test_series_that_is_none_is_refused(times, columns):
    with pytest.raises(ValueError, match="price series"):
        PriceSeries("made", times, columns)
