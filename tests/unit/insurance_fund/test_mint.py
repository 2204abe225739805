"""InsuranceFund.mint: so many shares for what they cost."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import MAX_UINT, PAR, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_mint_is_as_previewed(desk):
    desk.stake(desk.staker, STAKE)
    desk.earn(123 * USDC)
    desk.fund_wallet(desk.newcomer, 10 * STAKE)
    shares = STAKE * PAR + 1
    preview = desk.fund.previewMint(shares)
    before = desk.token.balanceOf(desk.newcomer)
    desk.fund.mint(shares, desk.newcomer, sender=desk.newcomer)
    assert desk.fund.balanceOf(desk.newcomer) == shares
    assert before - desk.token.balanceOf(desk.newcomer) == preview


def test_a_minter_says_how_much_they_pay_at_most(desk):
    desk.stake(desk.staker, STAKE)
    desk.earn(USDC)
    desk.fund_wallet(desk.newcomer, 2 * STAKE)
    cost = desk.fund.previewMint(STAKE * PAR)
    with reverts("fund: outside the caller's bound"):
        desk.fund.mint(STAKE * PAR, desk.newcomer, cost - 1, sender=desk.newcomer)
    desk.fund.mint(STAKE * PAR, desk.newcomer, cost, sender=desk.newcomer)
    assert desk.token.balanceOf(desk.newcomer) == 2 * STAKE - cost


def test_max_mint_is_what_does_not_revert(desk):
    desk.stake(desk.staker, STAKE)
    desk.earn(STAKE)
    desk.fund_wallet(desk.newcomer, MAX_UINT // 2)
    limit = desk.fund.maxMint(desk.newcomer)
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.mint(limit + 1, desk.newcomer, sender=desk.newcomer)
    desk.fund.mint(limit, desk.newcomer, sender=desk.newcomer)
    assert desk.fund.maxMint(desk.newcomer) == 0
