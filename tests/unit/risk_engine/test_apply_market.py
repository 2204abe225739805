"""RiskEngine.apply_market: announced parameters of a market take force."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import FEED_NOTICE, MARGIN_NOTICE, PRICE, WAD, MarketTerms
from tests.unit.risk_engine.helpers import STRANGER, logged, refuses
from tests.unit.risk_engine.model import Holding, Portfolio

BOUNDS = "risk parameters: parameter out of bounds"
NOTHING = "risk parameters: nothing announced"
NOT_OVER = "risk parameters: notice not over"
ACCOUNT = 2 << 88
GOOD = MarketTerms(asset=1, base=40_000, ratio=600_000, slope=5, load=7)
HIGHER = replace(GOOD, base=400_000)
MARKET, ROW = 31, 39


@pytest.fixture
def higher(desk) -> MarketTerms:
    """Market 31 as it will be: a raise was announced just now."""
    desk.engine.set_market(MARKET, *GOOD.arguments())
    desk.engine.set_market(MARKET, *HIGHER.arguments())
    return HIGHER


def test_anyone_applies_it_when_the_notice_is_over(desk, higher):
    desk.chain.mine(MARGIN_NOTICE - 1)
    refuses(NOT_OVER, desk.engine.apply_market, MARKET, sender=STRANGER)
    desk.chain.mine(1)
    receipt = desk.engine.apply_market(MARKET, sender=STRANGER)
    assert logged(receipt, desk.engine.MarketRiskSet) == [(MARKET, 1, higher.word)]
    assert desk.engine.row_words(ROW)[3] == higher.word
    assert tuple(desk.engine.row_notices(ROW)) == (0, 0)
    refuses(NOTHING, desk.engine.apply_market, MARKET, sender=STRANGER)


def test_an_id_beside_the_markets_is_refused(desk):
    """Rows of collateral come before those of markets: market 0 would be collateral 7."""
    asset, initial, maintenance = desk.haircuts[7]
    desk.engine.set_collateral(7, asset, initial + 1, maintenance)
    desk.wait(MARGIN_NOTICE)
    for market in (0, 121, 2**256 - 8):
        refuses(BOUNDS, desk.engine.apply_market, market, sender=STRANGER)


def test_margin_rises_then_and_not_before(desk, higher):
    """Whoever looks every three days has seen it coming."""
    held = Holding(MARKET, 10 * WAD, -10 * PRICE, 0)
    desk.ledger.set_portfolio(10_000 * WAD, Portfolio(0, {}, (held,)).legs())
    notional = 10 * PRICE
    lower = desk.engine.margin(ACCOUNT)
    desk.wait(MARGIN_NOTICE)
    assert desk.engine.margin(ACCOUNT) == lower
    desk.engine.apply_market(MARKET, sender=STRANGER)
    raised = desk.engine.margin(ACCOUNT)
    assert raised[0] == lower[0]
    for place, part in ((1, 1), (2, 0.6)):
        change = raised[place] - lower[place]
        assert change == pytest.approx(part * 0.36 * notional, rel=1e-12)


def test_nothing_else_changes(desk, higher):
    """Neither another row of the page nor the market's asset."""
    rows = list(range(9, ROW))
    before = [tuple(desk.engine.row_words(row)) for row in rows]
    feeds = tuple(desk.engine.row_words(ROW))[:3]
    desk.chain.mine(MARGIN_NOTICE)
    desk.engine.apply_market(MARKET, sender=STRANGER)
    assert [tuple(desk.engine.row_words(row)) for row in rows] == before
    assert tuple(desk.engine.row_words(ROW)) == (*feeds, higher.word)


def test_it_keeps_the_feeds_that_came_in_between(desk, higher):
    words = desk.words(1, deviation=6)
    desk.set_feeds(1, *words)
    assert FEED_NOTICE > MARGIN_NOTICE
    desk.engine.apply_market(MARKET, sender=STRANGER)
    assert tuple(desk.engine.row_words(ROW)) == (
        words[0],
        words[1] | 1 << 160,
        words[2],
        higher.word,
    )


def test_it_does_not_lapse(desk, higher):
    desk.chain.mine(100 * FEED_NOTICE)
    desk.engine.apply_market(MARKET, sender=STRANGER)
    assert desk.engine.row_words(ROW)[3] == higher.word


def test_a_second_announcement_begins_anew(desk, higher):
    desk.chain.mine(MARGIN_NOTICE)
    desk.engine.set_market(MARKET, *replace(GOOD, base=50_000).arguments())
    refuses(NOT_OVER, desk.engine.apply_market, MARKET, sender=STRANGER)
    desk.chain.mine(MARGIN_NOTICE)
    desk.engine.apply_market(MARKET, sender=STRANGER)
    assert desk.engine.row_words(ROW)[3] == replace(GOOD, base=50_000).word


def test_what_took_force_at_once_is_not_undone(desk, higher):
    desk.engine.set_market(MARKET, *replace(GOOD, base=30_000).arguments())
    desk.chain.mine(MARGIN_NOTICE)
    refuses(NOTHING, desk.engine.apply_market, MARKET, sender=STRANGER)


@pytest.mark.parametrize("market", [1, 32, 120])
def test_nothing_is_announced_for_other_markets(desk, higher, market):
    desk.chain.mine(MARGIN_NOTICE)
    refuses(NOTHING, desk.engine.apply_market, market, sender=STRANGER)
