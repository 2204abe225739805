"""RiskEngine.set_asset: two feeds that agree, for every row of the asset."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import DECIMALS, GREATEST, LEAST, MARKETS, PRICE, WAD
from tests.unit.risk_engine.helpers import refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


def test_new_feeds_reach_every_row_of_the_asset(desk):
    feeds = [desk.chain.deploy("TestFeed", "new", DECIMALS, 5 * WAD) for _ in range(2)]
    rows = [1 + index for index in range(8)] + [8 + market for market in MARKETS]
    before = {row: tuple(desk.engine.row_words(row)) for row in rows}
    words = desk.words(
        2,
        primary=int(feeds[0].address, 16),
        secondary=int(feeds[1].address, 16),
        heartbeat=60,
        deviation=5,
        least=WAD,
        greatest=10 * WAD,
    )
    receipt = desk.engine.set_asset(2, *words)
    (event,) = receipt.events.filter(desk.engine.AssetSet)
    assert tuple(event) == (2, *words)
    changed = 0
    for row in rows:
        found = tuple(desk.engine.row_words(row))
        if before[row][1] >> 160 == 2:
            changed += 1
            assert found == (words[0], words[1] | 2 << 160, words[2], before[row][3])
            assert tuple(desk.engine.price(row)) == (5 * WAD, 5 * WAD, True)
        else:
            assert found == before[row]
            assert tuple(desk.engine.price(row)) == (PRICE, PRICE, True)
    assert changed == 12


@pytest.mark.parametrize(
    "change",
    [
        {"heartbeat": 1},
        {"heartbeat": 3 * 86_400},
        {"second_heartbeat": 3 * 86_400},
        {"deviation": 5},
        {"deviation": 2_000},
        {"least": 1},
        {"greatest": 2**95 - 1},
        {"least": PRICE - 1, "greatest": PRICE + 1},
    ],
)
def test_bounds_of_assets_are_inside(desk, change):
    desk.engine.set_asset(3, *desk.words(1, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"heartbeat": 0},
        {"heartbeat": 3 * 86_400 + 1},
        {"second_heartbeat": 0},
        {"second_heartbeat": 3 * 86_400 + 1},
        {"decimals": 37},
        {"second_decimals": 37},
        {"deviation": 4},
        {"deviation": 2_001},
        {"least": 0},
        {"least": PRICE, "greatest": PRICE},
        {"least": GREATEST, "greatest": LEAST},
        {"greatest": 2**95},
        {"secondary": 2**160},
    ],
)
def test_bounds_of_assets(desk, change):
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1, **change))


def test_two_feeds_are_two(desk):
    primary = int(desk.feeds[1][0].address, 16)
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1, secondary=primary))


@pytest.mark.parametrize("asset", [0, 128, NEVER])
def test_asset_ids(desk, asset):
    refuses(BOUNDS, desk.engine.set_asset, asset, *desk.words(1))


def test_an_asset_starts_with_a_valid_price_which_is_its_first_checkpoint(desk):
    words = desk.words(1, deviation=6)
    assert tuple(desk.oracle.last_valid(*words)) == (0, 0)
    desk.set_price(1, PRICE, PRICE + WAD)
    refuses("price oracle: price not valid", desk.engine.set_asset, 1, *words)
    desk.set_price(1, PRICE)
    desk.engine.set_asset(1, *words)
    assert tuple(desk.oracle.last_valid(*words)) == (PRICE, desk.chain.pending_timestamp)
