"""InsuranceFund.withdraw: so many token units for the shares they cost."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


@pytest.mark.parametrize("profit", [0, 1, 123_456_789])
@pytest.mark.parametrize("loss", [0, 1, 987_654_321])
def test_max_withdraw_is_what_does_not_revert(desk, profit, loss):
    shares = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE + 1)
    desk.earn(profit)
    desk.draw(loss)
    desk.open_window(desk.staker, shares - 1)
    most = desk.fund.maxWithdraw(desk.staker)
    with reverts("slashable shares: more than requested"):
        desk.fund.withdraw(most + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(most, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == most


def test_a_leaver_says_how_many_shares_they_burn_at_most(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    cost = desk.fund.previewWithdraw(STAKE // 2)
    with reverts("fund: outside the caller's bound"):
        desk.fund.withdraw(STAKE // 2, desk.staker, desk.staker, cost - 1, sender=desk.staker)
    desk.fund.withdraw(STAKE // 2, desk.staker, desk.staker, cost, sender=desk.staker)
    assert desk.fund.balanceOf(desk.staker) == shares - cost
