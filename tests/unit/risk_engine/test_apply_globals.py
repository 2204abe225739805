"""RiskEngine.apply_globals: what was announced for every account takes force."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import FEED_NOTICE, MARGIN_NOTICE, PRICE, WAD
from tests.unit.risk_engine.helpers import STRANGER, logged, refuses
from tests.unit.risk_engine.model import Holding, Portfolio

NOTHING = "risk parameters: nothing announced"
NOT_OVER = "risk parameters: notice not over"
ACCOUNT = 2 << 88


@pytest.mark.parametrize("terms", [(0, 50 * WAD), (500_000, 51 * WAD), (1_000_000, 10**24)])
def test_anyone_applies_it_when_the_notice_is_over(desk, terms):
    desk.engine.set_globals(*terms)
    desk.chain.mine(MARGIN_NOTICE - 1)
    refuses(NOT_OVER, desk.engine.apply_globals, sender=STRANGER)
    desk.chain.mine(1)
    receipt = desk.engine.apply_globals(sender=STRANGER)
    assert logged(receipt, desk.engine.GlobalsSet) == [terms]
    assert tuple(desk.engine.row_words(0)) == (0, 0, 0, terms[0] | terms[1] << 32)
    assert tuple(desk.engine.row_notices(0)) == (0, 0)
    refuses(NOTHING, desk.engine.apply_globals, sender=STRANGER)


def test_margin_rises_then_and_not_before(desk):
    """Of an account with a profit of 1,000, which had carried 500 of IM; and of a small one."""
    profitable = Portfolio(0, {}, (Holding(2, 10 * WAD, -9 * PRICE, 0),)).legs()
    small = Portfolio(0, {}, (Holding(2, WAD // 10**6, 0, 0),)).legs()
    desk.engine.set_globals(0, 60 * WAD)

    def initials() -> list[int]:
        found = []
        for legs in (profitable, small):
            desk.ledger.set_portfolio(10_000 * WAD, legs)
            found.append(desk.engine.margin(ACCOUNT)[1])
        return found

    before = initials()
    desk.wait(MARGIN_NOTICE)
    assert initials() == before
    desk.engine.apply_globals(sender=STRANGER)
    assert initials() == [before[0] + 500 * WAD, 60 * WAD]
    assert before[1] == 50 * WAD


def test_it_does_not_lapse_and_a_second_announcement_begins_anew(desk):
    desk.engine.set_globals(0, 50 * WAD)
    desk.chain.mine(100 * FEED_NOTICE)
    desk.engine.set_globals(499_999, 50 * WAD)
    refuses(NOT_OVER, desk.engine.apply_globals, sender=STRANGER)
    desk.chain.mine(100 * FEED_NOTICE)
    desk.engine.apply_globals(sender=STRANGER)
    assert desk.engine.row_words(0)[3] == 499_999 | 50 * WAD << 32


def test_what_took_force_at_once_is_not_undone(desk):
    desk.engine.set_globals(0, 50 * WAD)
    desk.engine.set_globals(500_000, 40 * WAD)
    desk.chain.mine(MARGIN_NOTICE)
    refuses(NOTHING, desk.engine.apply_globals, sender=STRANGER)
    assert desk.engine.row_words(0)[3] == 500_000 | 40 * WAD << 32


def test_nothing_is_announced_at_first(desk):
    refuses(NOTHING, desk.engine.apply_globals, sender=STRANGER)
    engine = desk.chain.deploy("RiskEngine", desk.ledger.address, desk.oracle.address)
    refuses(NOTHING, engine.apply_globals, sender=STRANGER)
