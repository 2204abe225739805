"""InsuranceFund.transfer, transferFrom and approve: shares move unless they are requested."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import MAX_UINT, USDC, wait_until
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_requested_shares_do_not_move(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares // 4, sender=desk.staker)
    free = shares - shares // 4
    desk.fund.approve(desk.stranger, MAX_UINT, sender=desk.staker)
    with reverts("slashable shares: more than free"):
        desk.fund.transfer(desk.newcomer, free + 1, sender=desk.staker)
    with reverts("slashable shares: more than free"):
        desk.fund.transferFrom(desk.staker, desk.newcomer, free + 1, sender=desk.stranger)
    desk.fund.transfer(desk.newcomer, free - 5, sender=desk.staker)
    desk.fund.transferFrom(desk.staker, desk.newcomer, 5, sender=desk.stranger)
    assert desk.fund.balanceOf(desk.newcomer) == free


def test_lapsed_and_redeemed_shares_are_free_again(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.redeem(shares // 2, desk.staker, desk.staker, sender=desk.staker)
    with reverts("slashable shares: more than free"):
        desk.fund.transfer(desk.newcomer, 1, sender=desk.staker)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.transfer(desk.newcomer, shares // 2, sender=desk.staker)


def test_a_transfer_does_not_carry_the_window(desk):
    """Who buys shares waits like anybody else."""
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares // 2)
    desk.fund.transfer(desk.newcomer, shares // 2, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.newcomer) == 0


def test_transfer_from_spends_the_allowance(desk):
    shares = desk.stake(desk.staker, STAKE)
    with reverts("erc20: insufficient allowance"):
        desk.fund.transferFrom(desk.staker, desk.stranger, 1, sender=desk.stranger)
    desk.fund.approve(desk.stranger, 10, sender=desk.staker)
    desk.fund.transferFrom(desk.staker, desk.stranger, 10, sender=desk.stranger)
    assert desk.fund.allowance(desk.staker, desk.stranger) == 0
    assert desk.fund.balanceOf(desk.staker) == shares - 10
