"""RiskEngine.apply_collateral: announced haircuts take force."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.risk_engine.conftest import FEED_NOTICE, MARGIN_NOTICE, PRICE, WAD
from tests.unit.risk_engine.helpers import STRANGER, logged, refuses
from tests.unit.risk_engine.model import Portfolio

BOUNDS = "risk parameters: parameter out of bounds"
NOTHING = "risk parameters: nothing announced"
NOT_OVER = "risk parameters: notice not over"
ACCOUNT = 2 << 88
INDEX, ROW = 3, 4
RAISED = 10_000  # ppm


@pytest.fixture
def higher(desk) -> int:
    """The word of collateral 3 as it will be: both haircuts a hundredth up, announced just now."""
    asset, initial, maintenance = desk.haircuts[INDEX]
    desk.engine.set_collateral(INDEX, asset, initial + RAISED, maintenance + RAISED)
    return initial + RAISED | maintenance + RAISED << 32


def test_anyone_applies_it_when_the_notice_is_over(desk, higher):
    desk.chain.mine(MARGIN_NOTICE - 1)
    refuses(NOT_OVER, desk.engine.apply_collateral, INDEX, sender=STRANGER)
    desk.chain.mine(1)
    receipt = desk.engine.apply_collateral(INDEX, sender=STRANGER)
    asset = desk.haircuts[INDEX][0]
    assert logged(receipt, desk.engine.CollateralRiskSet) == [(INDEX, asset, higher)]
    assert desk.engine.row_words(ROW)[3] == higher
    assert tuple(desk.engine.row_notices(ROW)) == (0, 0)
    refuses(NOTHING, desk.engine.apply_collateral, INDEX, sender=STRANGER)


def test_an_id_beside_the_collateral_is_refused(desk):
    """Rows of markets come after those of collateral: collateral 8 would be market 1."""
    terms = desk.markets[1]
    desk.engine.set_market(1, *replace(terms, load=terms.load + 1).arguments())
    desk.wait(MARGIN_NOTICE)
    for index in (8, 2**256 - 1):
        refuses(BOUNDS, desk.engine.apply_collateral, index, sender=STRANGER)


def test_margin_rises_then_and_not_before(desk, higher):
    desk.ledger.set_portfolio(0, Portfolio(0, {INDEX: 5 * WAD}, ()).legs())
    equity, initial, maintenance = desk.engine.margin(ACCOUNT)
    desk.wait(MARGIN_NOTICE)
    assert tuple(desk.engine.margin(ACCOUNT)) == (equity, initial, maintenance)
    desk.engine.apply_collateral(INDEX, sender=STRANGER)
    more = 5 * PRICE * RAISED // 10**6
    assert tuple(desk.engine.margin(ACCOUNT)) == (equity, initial + more, maintenance + more)


def test_it_keeps_the_feeds_that_came_in_between(desk, higher):
    asset = desk.haircuts[INDEX][0]
    words = desk.words(asset, deviation=6)
    others = [tuple(desk.engine.row_words(row)) for row in (1, 2, 3)]
    desk.set_feeds(asset, *words)
    desk.engine.apply_collateral(INDEX, sender=STRANGER)
    wanted = (words[0], words[1] | asset << 160, words[2], higher)
    assert tuple(desk.engine.row_words(ROW)) == wanted
    assert [tuple(desk.engine.row_words(row)) for row in (1, 2, 3)] == others


def test_it_does_not_lapse_and_a_second_announcement_begins_anew(desk, higher):
    desk.chain.mine(100 * FEED_NOTICE)
    asset, initial, maintenance = desk.haircuts[INDEX]
    desk.engine.set_collateral(INDEX, asset, initial + 1, maintenance)
    refuses(NOT_OVER, desk.engine.apply_collateral, INDEX, sender=STRANGER)
    desk.chain.mine(100 * FEED_NOTICE)
    desk.engine.apply_collateral(INDEX, sender=STRANGER)
    assert desk.engine.row_words(ROW)[3] == initial + 1 | maintenance << 32


@pytest.mark.parametrize("index", [0, 2, 4, 7])
def test_nothing_is_announced_for_others(desk, higher, index):
    desk.chain.mine(MARGIN_NOTICE)
    refuses(NOTHING, desk.engine.apply_collateral, index, sender=STRANGER)
