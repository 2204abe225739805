"""InsuranceFund.deposit: a stake at the rate of the day."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import LIMIT, MAX_UINT, PAR, USDC, ZERO
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_first_stake_is_at_par(desk):
    assert desk.stake(desk.staker, STAKE) == STAKE * PAR
    assert desk.assets == STAKE
    assert desk.worth(desk.staker) == STAKE


def test_deposit_is_as_previewed_and_for_the_receiver(desk):
    desk.stake(desk.staker, STAKE)
    desk.donate(123 * USDC)
    desk.fund_wallet(desk.newcomer, STAKE)
    preview = desk.fund.previewDeposit(STAKE)
    desk.fund.deposit(STAKE, desk.stranger, sender=desk.newcomer)
    assert desk.fund.balanceOf(desk.stranger) == preview
    assert desk.fund.balanceOf(desk.newcomer) == 0


def test_a_stake_for_nothing_is_refused(desk):
    desk.fund_wallet(desk.staker, STAKE)
    with reverts("insurance fund: no shares for this"):
        desk.fund.deposit(0, desk.staker, sender=desk.staker)
    with reverts("insurance fund: no shares for this"):
        desk.fund.mint(0, desk.staker, sender=desk.staker)


def test_max_deposit_is_what_does_not_revert(desk):
    desk.fund_wallet(desk.staker, MAX_UINT // 2)
    limit = desk.fund.maxDeposit(desk.staker)
    assert limit == LIMIT // PAR
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.deposit(limit + 1, desk.staker, sender=desk.staker)
    desk.fund.deposit(limit, desk.staker, sender=desk.staker)
    assert desk.fund.maxDeposit(desk.staker) == 0


def test_max_deposit_of_a_fund_that_was_given_much(desk):
    """Shares are dear: the balance is at its limit before the supply is."""
    desk.stake(desk.staker, STAKE)
    desk.donate(LIMIT // 2)
    held = desk.assets
    desk.fund_wallet(desk.newcomer, LIMIT)
    limit = desk.fund.maxDeposit(desk.newcomer)
    assert limit == LIMIT - held
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.deposit(limit + 1, desk.newcomer, sender=desk.newcomer)
    desk.fund.deposit(limit, desk.newcomer, sender=desk.newcomer)
    assert desk.assets == LIMIT
    assert desk.fund.maxDeposit(desk.newcomer) == 0


def test_an_absurd_donation_closes_the_fund_to_deposits_and_nothing_else(desk):
    desk.stake(desk.staker, STAKE)
    desk.donate(LIMIT)
    assert desk.fund.maxDeposit(desk.newcomer) == desk.fund.maxMint(desk.newcomer) == 0
    assert desk.leave(desk.staker) > STAKE


def test_nobody_can_stake_for_the_zero_address(desk):
    assert desk.fund.maxDeposit(ZERO) == desk.fund.maxMint(ZERO) == 0
    desk.fund_wallet(desk.staker, STAKE)
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.deposit(STAKE, ZERO, sender=desk.staker)
