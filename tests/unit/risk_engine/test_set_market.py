"""RiskEngine.set_market: risk parameters of a market, inside hard bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import MarketTerms, market_terms
from tests.unit.risk_engine.helpers import refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1
GOOD = MarketTerms(asset=1, base=40_000, ratio=600_000, slope=5, load=7)


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
