"""The demo's parts that need no chain: its people, its clock, what it refuses, how it decodes."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_abi import encode

from bulkhead.config import load_config
from bulkhead.demo.node import Contract, NodeError, _decoded
from bulkhead.demo.people import FEWEST_ACCOUNTS, ISOLATED, MOST_ACCOUNTS, Group, Temper, cast
from bulkhead.demo.replay import LONGEST_ROUND, DemoError, _moments, check_series
from bulkhead.demo.venue import Venue
from bulkhead.prices import PriceSeries

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
    assert {person.group for person in people} == set(Group)
    assert {person.mode for person in traders} == {1, 2}
    assert {person.token for person in traders} == {"cash", "ETH", "BTC"}
    assert {person.temper for person in traders} == set(Temper)


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
