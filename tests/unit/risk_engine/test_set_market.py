"""RiskEngine.set_market: risk parameters of a market, inside hard bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import MARGIN_NOTICE, MarketTerms, market_terms
from tests.unit.risk_engine.helpers import logged, refuses

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1
GOOD = MarketTerms(asset=1, base=40_000, ratio=600_000, slope=5, load=7)


@pytest.mark.parametrize(
    "change",
    [
        {"base": 5_000},
        {"base": 1_000_000, "ratio": 500_000},
        {"base": 526_315, "ratio": 950_000},
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
        {"base": 1_000_001, "ratio": 100_000},
        {"base": 1_000_000, "ratio": 500_001},
        {"base": 526_316, "ratio": 950_000},
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


# Notice -------------------------------------------------------------------------------------------


def announced(desk, change: dict) -> bool:
    """Change the terms of market 31; return whether that is announced only."""
    before = desk.engine.row_words(39)[3]
    terms = replace(GOOD, **change)
    receipt = desk.engine.set_market(31, *terms.arguments())
    due = desk.chain.pending_timestamp + MARGIN_NOTICE
    if desk.engine.row_words(39)[3] == terms.word:
        assert logged(receipt, desk.engine.MarketRiskSet) == [(31, 1, terms.word)]
        assert tuple(desk.engine.row_notices(39)) == (0, 0)
        return False
    assert logged(receipt, desk.engine.MarketRiskAnnounced) == [(31, terms.word, due)]
    assert tuple(desk.engine.row_notices(39)) == (terms.word, due)
    assert desk.engine.row_words(39)[3] == before
    return True


@pytest.mark.parametrize(
    "change",
    [
        {"base": 40_001},
        {"ratio": 600_001},
        {"base": 40_001, "ratio": 100_000},
        {"base": 39_999, "ratio": 600_016, "slope": 4},
        {"slope": 6, "ratio": 100_000},
        {"slope": 4, "ratio": 750_001, "base": 32_000},
        {"load": 8},
        {"load": 8, "base": 5_000, "ratio": 100_000, "slope": 0},
        {"base": 500_000, "ratio": 950_000},
    ],
)
def test_what_raises_a_margin_is_announced(desk, change):
    """A raise to 40 % would put every account of ten times its margin in auction at once."""
    desk.engine.set_market(31, *GOOD.arguments())
    assert announced(desk, change)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"base": 39_999},
        {"ratio": 599_999},
        {"base": 39_999, "ratio": 600_015, "slope": 4},
        {"slope": 4, "ratio": 750_000, "base": 32_000},
        {"slope": 0},
        {"load": 0},
        {"funding_cap": 50_000},
        {"isolated_only": True},
        {"interest_cap": 0},
    ],
)
def test_what_raises_none_takes_effect_at_once(desk, change):
    desk.engine.set_market(31, *GOOD.arguments())
    assert not announced(desk, change)


def test_setting_again_replaces_what_was_announced(desk):
    """Also by something that takes effect at once: nobody applies an old raise later."""
    desk.engine.set_market(31, *GOOD.arguments())
    assert announced(desk, {"base": 400_000})
    desk.chain.mine(MARGIN_NOTICE)
    assert announced(desk, {"base": 50_000})
    refuses("risk parameters: notice not over", desk.engine.apply_market, 31)
    assert desk.engine.MARGIN_NOTICE() == MARGIN_NOTICE
    assert not announced(desk, {"base": 30_000})
    desk.chain.mine(MARGIN_NOTICE)
    refuses("risk parameters: nothing announced", desk.engine.apply_market, 31)
    assert announced(desk, {"base": 30_001})
