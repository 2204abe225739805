"""RiskEngine's parameters: admin only, inside bounds, and stored as they were given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import (
    ASSETS,
    DECIMALS,
    GREATEST,
    HEARTBEAT,
    LEAST,
    MARKETS,
    PRICE,
    WAD,
    MarketTerms,
    market_terms,
)
from verification.engine.evm import Person, Reverted

NOT_ADMIN = "risk parameters: caller is not the admin"
BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1
GOOD = MarketTerms(asset=1, base=40_000, ratio=600_000, slope=5, load=7)
STRANGER = Person.number(0)


def refuses(reason: str, function, *args, **options) -> None:
    """Expect a revert with exactly this reason."""
    with pytest.raises(Reverted) as refused:
        function(*args, **options)
    assert refused.value.reason == reason


def test_only_the_admin_sets(desk):
    engine = desk.engine
    for function, arguments in [
        (engine.set_globals, (0, 0)),
        (engine.set_asset, (1, *desk.words(1))),
        (engine.set_collateral, (0, 1, 0, 0)),
        (engine.set_market, (1, *market_terms(0).arguments())),
    ]:
        if function is not engine.set_collateral:
            function(*arguments)
        refuses(NOT_ADMIN, function, *arguments, sender=STRANGER)


# Globals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [(0, 0), (1_000_000, 10**24), (123_456, 789)])
def test_globals(desk, terms):
    receipt = desk.engine.set_globals(*terms)
    assert tuple(desk.engine.row_words(0)) == (0, 0, 0, terms[0] | terms[1] << 32)
    (event,) = receipt.events.filter(desk.engine.GlobalsSet)
    assert tuple(event) == terms


@pytest.mark.parametrize("terms", [(1_000_001, 0), (0, 10**24 + 1), (NEVER, 0), (0, NEVER)])
def test_bounds_of_globals(desk, terms):
    refuses(BOUNDS, desk.engine.set_globals, *terms)


# Markets ------------------------------------------------------------------------------------------


def test_every_row_is_as_it_was_set(desk):
    """Forty markets over five pages, and eight collaterals."""
    for market, terms in desk.markets.items():
        w0, w1, w2 = desk.words(terms.asset)
        row = desk.engine.row_words(8 + market)
        assert tuple(row) == (w0, w1 | terms.asset << 160, w2, terms.word)
    for index, (asset, initial, maintenance) in desk.haircuts.items():
        w0, w1, w2 = desk.words(asset)
        row = desk.engine.row_words(1 + index)
        assert tuple(row) == (w0, w1 | asset << 160, w2, initial | maintenance << 32)


def test_changing_one_row_leaves_the_others(desk):
    rows = [1 + index for index in range(8)] + [8 + market for market in MARKETS]
    before = {row: tuple(desk.engine.row_words(row)) for row in rows}
    changed = replace(market_terms(MARKETS.index(24)), base=77_777, isolated_only=True)
    receipt = desk.engine.set_market(24, *changed.arguments())
    (event,) = receipt.events.filter(desk.engine.MarketRiskSet)
    assert tuple(event) == (24, changed.asset, changed.word)
    for row in rows:
        found = tuple(desk.engine.row_words(row))
        if row == 8 + 24:
            assert found == (*before[row][:3], changed.word)
        else:
            assert found == before[row]


@pytest.mark.parametrize(
    "change",
    [
        {"base": 5_000},
        {"base": 1_000_000},
        {"ratio": 100_000},
        {"ratio": 950_000},
        {"slope": 2**48 - 1},
        {"load": 2**48 - 1},
        {"funding_cap": 50_000},
        {"interest_cap": 2**64 - 1},
        {"interest_cap": 0},
    ],
)
def test_bounds_of_markets_are_inside(desk, change):
    terms = replace(GOOD, **change)
    desk.engine.set_market(31, *terms.arguments())
    assert desk.engine.row_words(39)[3] == terms.word


@pytest.mark.parametrize(
    "change",
    [
        {"base": 4_999},
        {"base": 1_000_001},
        {"ratio": 99_999},
        {"ratio": 950_001},
        {"slope": 2**48},
        {"load": 2**48},
        {"funding_cap": 50_001},
        {"interest_cap": 2**64},
        {"base": NEVER},
        {"ratio": NEVER},
        {"slope": NEVER},
        {"load": NEVER},
        {"funding_cap": NEVER},
        {"interest_cap": NEVER},
    ],
)
def test_bounds_of_markets(desk, change):
    refuses(BOUNDS, desk.engine.set_market, 31, *replace(GOOD, **change).arguments())


@pytest.mark.parametrize("market", [0, 121, NEVER])
def test_market_ids(desk, market):
    refuses(BOUNDS, desk.engine.set_market, market, *GOOD.arguments())


def test_a_market_keeps_its_asset(desk):
    terms = market_terms(0)
    assert terms.asset == 1
    other = replace(terms, asset=2)
    refuses(
        "risk parameters: asset of a row is fixed", desk.engine.set_market, 1, *other.arguments()
    )
    desk.engine.set_market(1, *terms.arguments())


@pytest.mark.parametrize("asset", [0, 3, 128, NEVER])
def test_a_market_needs_an_asset(desk, asset):
    unknown = replace(GOOD, asset=asset)
    refuses("risk parameters: unknown asset", desk.engine.set_market, 31, *unknown.arguments())


def test_sixteen_rows_share_an_asset_at_most(desk):
    used = [terms.asset for terms in desk.markets.values()].count(1) + 2
    for market in range(31, 31 + 16 - used):
        desk.engine.set_market(market, *GOOD.arguments())
    refuses("", desk.engine.set_market, 50, *GOOD.arguments())


# Collateral ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("haircuts", [(0, 0), (950_000, 950_000), (950_000, 0), (200_000, 120_000)])
def test_haircuts(desk, haircuts):
    receipt = desk.engine.set_collateral(3, desk.haircuts[3][0], *haircuts)
    assert desk.engine.row_words(4)[3] == haircuts[0] | haircuts[1] << 32
    (event,) = receipt.events.filter(desk.engine.CollateralRiskSet)
    assert tuple(event) == (3, desk.haircuts[3][0], haircuts[0] | haircuts[1] << 32)


@pytest.mark.parametrize(
    ("index", "haircuts"),
    [
        (8, (0, 0)),
        (NEVER, (0, 0)),
        (3, (950_001, 0)),
        (3, (100_000, 100_001)),
        (3, (NEVER, 0)),
        (3, (0, NEVER)),
    ],
)
def test_bounds_of_haircuts(desk, index, haircuts):
    refuses(BOUNDS, desk.engine.set_collateral, index, desk.haircuts[3][0], *haircuts)


# Assets -------------------------------------------------------------------------------------------


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
    refuses("oracle: price not valid", desk.engine.set_asset, 1, *words)
    desk.set_price(1, PRICE)
    desk.engine.set_asset(1, *words)
    assert tuple(desk.oracle.last_valid(*words)) == (PRICE, desk.chain.pending_timestamp)


# price, row_words ---------------------------------------------------------------------------------


def test_price(desk):
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
    desk.set_price(1, PRICE, 2 * PRICE)
    assert tuple(desk.engine.price(9)) == (980 * WAD, 2_040 * WAD, False)
    desk.set_price(1, PRICE)
    desk.chain.mine(HEARTBEAT)
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
    desk.chain.mine(3_600)  # 1 %
    assert tuple(desk.engine.price(9)) == (WAD * 9_702 // 10, WAD * 10_302 // 10, False)


@pytest.mark.parametrize("row", [0, 39, 100, 160, 2**200])
def test_unknown_rows_have_no_price(desk, row):
    refuses("risk table: unknown row", desk.engine.price, row)


def test_row_words_of_what_was_never_set(desk):
    assert tuple(desk.engine.row_words(39)) == (0, 0, 0, 0)
    for row in (160, 2**200, NEVER):
        refuses("risk table: unknown row", desk.engine.row_words, row)


def test_every_asset_has_rows(desk):
    assert {terms.asset for terms in desk.markets.values()} == set(ASSETS)
