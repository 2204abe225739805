"""The demo's parts that need no chain: its people, its clock, what it refuses, how it decodes."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_abi import encode

from bulkhead.config import load_config
from bulkhead.demo.checks import DemoError, check_series
from bulkhead.demo.large_longs import STAGES, large_longs
from bulkhead.demo.narrator import WIDTH, Narrator, bar
from bulkhead.demo.node import Contract, Log, NodeError, _decoded
from bulkhead.demo.people import (
    FEWEST_ACCOUNTS,
    ISOLATED,
    MOST_ACCOUNTS,
    STAKES,
    Group,
    Temper,
    cast,
)
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.replay import LONGEST_ROUND, _moments
from bulkhead.demo.story import REPLAYS, tell
from bulkhead.demo.venue import Venue
from bulkhead.fixed_point import wad
from bulkhead.report import EventKind, Tiers
from bulkhead.scenarios import KINDS, PriceSeries, load_scenario

ROOT = Path(__file__).resolve().parents[2]
CONFIG = load_config(ROOT / "config" / "local.yaml")
ASSETS = ["ETH", "BTC"]
HOUR, DAY = 3_600, 86_400


def series(*eth: str, pause: int = HOUR) -> PriceSeries:
    times = [1_700_000_000 + number * pause for number in range(len(eth))]
    btc = [Decimal(40_000)] * len(eth)
    return PriceSeries("mine", times, {"ETH": [Decimal(p) for p in eth], "BTC": btc})


@pytest.mark.parametrize("count", [FEWEST_ACCOUNTS, 48, MOST_ACCOUNTS])
@pytest.mark.parametrize("seed", [1, 2, 99])
def test_cast_is_as_varied_as_it_claims(count, seed):
    people = cast(count, seed, ASSETS).people
    assert len(people) == count
    assert len({person.address for person in people}) == count
    assert len({person.label for person in people}) == count
    traders = [person for person in people if person.is_trader]
    leverages = [person.leverage for person in traders]
    assert (min(leverages), max(leverages)) == (2, 20)
    assert {person.group for person in people} == set(Group) - {Group.WHALE, Group.IDLE}
    assert {person.mode for person in traders} == {1, 2}
    assert {person.token for person in traders} == {"cash", "ETH", "BTC"}
    assert {person.temper for person in traders} == set(Temper)


@pytest.mark.parametrize("kind", STAGES)
@pytest.mark.parametrize("count", [FEWEST_ACCOUNTS, MOST_ACCOUNTS])
def test_large_longs_join_the_crowd(kind, count):
    people = large_longs(kind, count, 1, ASSETS).people
    assert len({person.address for person in people}) == len(people) == count
    assert len({person.label for person in people}) == count
    assert {person.group for person in people} == set(Group)
    whales = [person for person in people if person.group is Group.WHALE]
    crowd = [person for person in people if person.is_trader and person not in whales]
    assert min(w.margin for w in whales) > 5 * max(
        person.margin for person in crowd if person.sides
    )
    idle = [person for person in people if person.group is Group.IDLE]
    assert [person.sides for person in idle] == [{}]


@pytest.mark.parametrize("kind", STAGES)
def test_every_large_long_is_taken_through_zero_by_a_gap(kind):
    series = load_scenario(kind).series("15m")
    for long in STAGES[kind].longs:
        column = series.prices[long.asset]
        margin, start = Decimal(long.margin), column[0]
        equities = [margin - (start - price) / start for price in column]
        assert min(equities) < 0
        falls = [(a, b) for a, b in pairwise(equities) if a > 0 >= b]
        # What was left before the gap was more than any maintenance margin.
        assert all(before > Decimal("0.025") for before, _ in falls)


def test_every_kind_of_scenario_has_a_replay():
    assert set(REPLAYS) == set(KINDS)
    assert set(STAGES) == set(KINDS) - {"crash"}


def test_the_funds_have_members_who_trade_and_members_who_do_not():
    people = cast(48, 1, ASSETS)
    owners = {person.address for person in people.people if person.contribution}
    members = {key.address for key, _ in people.members}
    assert owners < members
    assert {p.group for p in people.people if p.contribution} > {Group.MAKER}


def test_stakes_grow_with_the_number_of_accounts():
    usual, most = (
        sum(stake for _, stake in cast(count, 1, ASSETS).stakers) for count in (48, MOST_ACCOUNTS)
    )
    assert usual == sum(STAKES)
    assert most == usual * Decimal("4.8")  # 192 traders instead of 40


def test_isolated_traders_hold_one_market():
    for person in cast(MOST_ACCOUNTS, 1, ASSETS).traders:
        assert person.mode != ISOLATED or len(person.sides) == 1


def test_same_seed_gives_the_same_people():
    first, second, other = (cast(48, seed, ASSETS).people for seed in (7, 7, 8))
    assert [vars(p) | {"key": 0} for p in first] == [vars(p) | {"key": 0} for p in second]
    assert [p.address for p in first] == [p.address for p in second]
    assert [p.address for p in first] != [p.address for p in other]


@pytest.mark.parametrize("length", [1, 60, 120, 600, HOUR, DAY, 7 * DAY])
def test_looks_lie_inside_the_step_and_feeds_stay_fresh(length):
    moments = _moments(length)
    assert all(0 <= moment < length for moment in moments)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert max(gaps, default=0) <= LONGEST_ROUND


def test_usable_prices_are_accepted():
    check_series(series("2000", "1900", "100"), CONFIG)


@pytest.mark.parametrize("price", ["5", "10", "100000", "200000"])
def test_price_that_no_feed_would_report_is_refused(price):
    with pytest.raises(DemoError, match=r"mine: ETH .* outside the bounds .*: 10 to 100000"):
        check_series(series("2000", price), CONFIG)


def test_steps_too_long_to_bridge_are_refused():
    with pytest.raises(DemoError, match=r"mine: 8 days without a price"):
        check_series(series("2000", "1900", pause=8 * DAY), CONFIG)


def test_price_of_a_file_is_named_by_its_line():
    whole = series("2000", "5")
    found = PriceSeries("mine", whole.times, whole.prices, ("my.csv:2", "my.csv:4"))
    with pytest.raises(DemoError, match=r"my\.csv:4: ETH 5 "):
        check_series(found, CONFIG)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"scenario": ""}, "--scenario: is empty; known: black-thursday, "),
        ({"scenario": "may-2021", "prices": Path("x.csv")}, "give one of them"),
        ({"prices": Path("x.csv"), "step": "5m"}, "its own steps"),
        ({"count": FEWEST_ACCOUNTS - 1}, "allowed: 40 to 200"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_chain_starts(asked, reason):
    usual = {"scenario": None, "prices": None, "step": None, "count": 48, "seed": 1, "out": None}
    with pytest.raises(DemoError, match=reason):
        tell(None, None, None, None, **(usual | asked))


# --- What is told and recorded


def stage(**balances: int) -> tuple[Recorder, list[str]]:
    """A recorder that knows one account, and a narrator's lines."""
    reads = [balances.get("insurance", 0), (balances.get("members", 0), 0), 0]
    venue = SimpleNamespace(
        node=SimpleNamespace(listeners=[], read_many=lambda calls: reads),
        contracts=dict.fromkeys(("InsuranceFund", "DefaultFund", "Clearinghouse")),
        decimals=lambda symbol: 6,
        cash_symbol="USDC",
    )
    recorder, lines = Recorder(venue, None), []
    recorder.people = {7: SimpleNamespace(label="bold-1", is_trader=True)}
    Narrator(venue, recorder, lines.append)
    return recorder, lines


def hear(recorder: Recorder, name: str, **fields: int) -> None:
    for listener in recorder.venue.node.listeners:
        listener(Log(name, "0x", 1_600_000_000, fields))


def paid(account: int = 7, **tiers: int) -> dict[str, int]:
    names = ("own", "insurance", "contributions", "assessments", "charged", "to_hole")
    amounts = {name: wad(Decimal(tiers.get(name, 0))) for name in names}
    return {"account": account, "shortfall": sum(amounts.values()), **amounts}


def test_a_shortfall_is_recorded_and_told_tier_by_tier():
    recorder, lines = stage()
    hear(recorder, "ShortfallPaid", **paid(own=5, insurance=7, to_hole=9))
    assert recorder.tiers == Tiers(own=5, insurance=7, hole=9)
    assert recorder.lacked == {"bold-1": 21}
    (event,) = recorder.events
    assert event.kind is EventKind.DRAW
    assert event.amounts == {"shortfall": 21, "own": 5, "insurance": 7, "hole": 9}
    assert lines == [
        "13 Sep 12:26  bold-1 lacked $21: own contribution $5, insurance fund $7, hole $9"
    ]


def test_what_is_left_is_drawn_after_a_large_shortfall():
    recorder, lines = stage(insurance=50_000 * 10**6)
    hear(recorder, "ShortfallPaid", **paid(insurance=20_000))
    assert len(lines) == 2
    assert f"insurance {'█' * WIDTH} $50k" in lines[1]
    assert f"contributions {'░' * WIDTH} $0" in lines[1]


def test_nothing_is_told_before_the_story_begins():
    recorder, lines = stage()
    recorder.people = {}
    hear(recorder, "WindDownBegan", hole=1, held=1)
    assert lines == []


def test_tear_ups_are_counted_by_account_and_notional():
    recorder, _ = stage()
    for size in (3, -4):
        hear(recorder, "TornUp", account=7, size=size * 10**18, price=2 * 10**18, market=1, value=0)
    hear(recorder, "ClosedOut", account=7, fraction=10**18, cash=-(10**18))
    assert (recorder.tear_ups.accounts, recorder.tear_ups.notional) == (1, 14)
    assert recorder.counts["bold-1"][EventKind.TEAR_UP] == 1


def test_a_repayment_is_recorded_and_told():
    recorder, lines = stage()
    tiers = {f"to_{tier}": 0 for tier in ("assessments", "contributions", "own")}
    hear(recorder, "DebtRepaid", account=7, to_hole=2_500_000, to_insurance=10**6, **tiers)
    assert recorder.totals["repaid"] == Decimal("3.5")
    assert lines == ["13 Sep 12:26  bold-1 repays hole $2.50, insurance fund $1"]


def test_a_deficit_counts_what_nobody_paid_as_hole():
    recorder, lines = stage()
    amounts = paid(insurance=3)
    amounts |= {"deficit": 10 * 10**18, "reward": 10**17, "to_hole": 9 * 10**18}
    hear(recorder, "DeficitPaid", **amounts)
    assert recorder.tiers == Tiers(insurance=3, hole=7)
    assert recorder.totals["proofs"] == 1
    assert lines[0].endswith("proven to lack $10: insurance fund $3, hole $7; reward $0.10")


@pytest.mark.parametrize(("amount", "filled"), [(0, 0), (50, WIDTH // 2), (100, WIDTH)])
def test_bars_are_as_full_as_the_fund(amount, filled):
    assert bar(Decimal(amount), Decimal(100)).count("█") == filled
    assert bar(Decimal(amount), Decimal(0)) == "░" * WIDTH


ROWS = [
    {
        "type": "tuple[]",
        "components": [
            {"name": "account", "type": "uint256"},
            {"name": "cash", "type": "int256"},
            {"name": "valid", "type": "bool"},
        ],
    }
]


@pytest.mark.parametrize(
    "rows", [[], [(2**256 - 1, -1, True)], [(0, -(2**255), False), (5, 2**255 - 1, True)]]
)
def test_rows_of_numbers_are_decoded_as_they_were_encoded(rows):
    data = "0x" + encode(["(uint256,int256,bool)[]"], [rows]).hex()
    found = [(row.account, row.cash, row.valid) for row in _decoded(ROWS, data)]
    assert found == rows


def test_calls_with_a_wrong_number_of_arguments_are_refused():
    contract = Contract("0x", [{"type": "function", "name": "f", "inputs": [], "outputs": []}])
    assert contract.encode("f", ())[0].startswith("0x")
    with pytest.raises(NodeError, match="f does not take 1 arguments"):
        contract.encode("f", (1,))


@pytest.mark.parametrize("assets", [["ETH"], ["BTC"], ["ETH", "BTC"]])
def test_feeds_of_an_asset_that_the_series_lacks_stay_silent(assets):
    whole = series("2000", "1900")
    part = PriceSeries("part", whole.times, {name: whole.prices[name] for name in assets})
    sent = []
    desk = SimpleNamespace(
        feeds=[("ETH", 8, "eth"), ("BTC", 8, "btc")],
        publisher="admin",
        node=SimpleNamespace(add=lambda *call: sent.append(call)),
    )
    Venue.publish(desk, part, 0)
    answers = {"ETH": 2_000 * 10**8, "BTC": 40_000 * 10**8}
    assert sent == [("admin", name.lower(), "set", answers[name]) for name in assets]
