"""The InsuranceFund while the clearinghouse winds down, and when it redeems."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import PAR, USDC, Desk, wait_until
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC
RUNNING, WINDING_DOWN, REDEEMING = 0, 1, 2


@pytest.fixture
def desk(desk) -> Desk:
    """A fund in which the staker has a quarter."""
    desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    return desk


def set_phase(desk: Desk, phase: int) -> None:
    """Wind down."""
    desk.ledger.set_phase(phase, sender=desk.governor)


@pytest.mark.parametrize("phase", [WINDING_DOWN, REDEEMING])
def test_nobody_stakes_once_it_winds_down(desk, phase):
    desk.fund_wallet(desk.stranger, 2 * STAKE)
    desk.fund.deposit(STAKE, desk.stranger, sender=desk.stranger)
    set_phase(desk, phase)
    with reverts("fund: winding down"):
        desk.fund.deposit(STAKE, desk.stranger, sender=desk.stranger)
    with reverts("fund: winding down"):
        desk.fund.mint(STAKE * PAR, desk.stranger, sender=desk.stranger)
    assert desk.fund.maxDeposit(desk.stranger) == desk.fund.maxMint(desk.stranger) == 0


def test_nobody_leaves_while_it_winds_down(desk):
    shares = desk.fund.balanceOf(desk.staker)
    desk.open_window(desk.staker, shares)
    set_phase(desk, WINDING_DOWN)
    with reverts("fund: winding down"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("fund: winding down"):
        desk.fund.withdraw(1, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    desk.draw(2 * STAKE)
    assert desk.worth(desk.staker) == STAKE // 2
    set_phase(desk, RUNNING)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_everybody_leaves_in_redemption_without_a_request(desk):
    set_phase(desk, REDEEMING)
    shares = desk.fund.balanceOf(desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == shares
    assert desk.fund.maxWithdraw(desk.staker) == STAKE
    with reverts("slashable shares: more than free"):
        desk.fund.redeem(shares + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.redeem(shares // 2, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(STAKE // 2, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE
    desk.fund.withdraw(3 * STAKE, desk.newcomer, desk.newcomer, sender=desk.newcomer)
    assert desk.assets == desk.supply == 0


def test_a_request_ends_with_the_first_redemption(desk):
    """In its window or not; the shares are free."""
    shares = desk.fund.balanceOf(desk.staker)
    desk.fund.request_redeem(shares // 2, sender=desk.staker)
    set_phase(desk, REDEEMING)
    assert desk.fund.maxRedeem(desk.staker) == shares
    receipt = desk.fund.redeem(shares * 3 // 4, desk.staker, desk.staker, sender=desk.staker)
    (event,) = receipt.events.filter(desk.fund.CancelRequest)
    assert event == desk.fund.CancelRequest(owner=desk.staker, shares=shares // 2)
    assert desk.fund.locked_shares(desk.staker) == desk.fund.request_of(desk.staker).shares == 0
    desk.fund.transfer(desk.stranger, shares // 4, sender=desk.staker)
    desk.fund.redeem(shares // 4, desk.stranger, desk.stranger, sender=desk.stranger)
    assert desk.token.balanceOf(desk.stranger) == STAKE // 4


def test_an_allowance_is_still_needed_for_the_shares_of_another(desk):
    set_phase(desk, REDEEMING)
    shares = desk.fund.balanceOf(desk.staker)
    desk.fund.approve(desk.stranger, shares // 2, sender=desk.staker)
    with reverts("erc20: insufficient allowance"):
        desk.fund.redeem(shares // 2 + 1, desk.stranger, desk.staker, sender=desk.stranger)
    desk.fund.redeem(shares // 2, desk.stranger, desk.staker, sender=desk.stranger)
    assert desk.token.balanceOf(desk.stranger) == STAKE // 2


def test_shares_are_consolidated_before_they_are_redeemed(desk):
    shares = desk.fund.balanceOf(desk.staker)
    desk.fund.request_redeem(shares, sender=desk.staker)
    set_phase(desk, WINDING_DOWN)
    desk.draw(4 * STAKE - USDC)
    set_phase(desk, REDEEMING)
    left = desk.fund.balanceOf(desk.staker)
    assert left == shares >> desk.fund.halvings() < shares
    assert desk.fund.maxRedeem(desk.staker) == left
    desk.fund.redeem(left, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == pytest.approx(USDC // 4, abs=1)


def test_an_open_window_is_of_no_more_use_than_none(desk):
    shares = desk.fund.balanceOf(desk.staker)
    desk.fund.request_redeem(shares, sender=desk.staker)
    set_phase(desk, REDEEMING)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE
