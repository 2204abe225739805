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
    desk.earn(123 * USDC)
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


def test_max_deposit_of_a_fund_that_has_earned_much(desk):
    """Shares are dear: what a deposit may bring is counted at their price."""
    desk.stake(desk.staker, STAKE)
    desk.earn(STAKE)
    desk.fund_wallet(desk.newcomer, MAX_UINT // 2)
    limit = desk.fund.maxDeposit(desk.newcomer)
    assert LIMIT // PAR < limit <= 2 * LIMIT // PAR
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.deposit(limit + 1, desk.newcomer, sender=desk.newcomer)
    desk.fund.deposit(limit, desk.newcomer, sender=desk.newcomer)


def test_a_plain_transfer_changes_nothing(desk):
    desk.stake(desk.staker, STAKE)
    before = (desk.assets, desk.fund.previewDeposit(STAKE), desk.fund.maxDeposit(desk.newcomer))
    desk.give(LIMIT)
    assert before == (
        desk.assets,
        desk.fund.previewDeposit(STAKE),
        desk.fund.maxDeposit(desk.newcomer),
    )
    assert desk.stake(desk.newcomer, STAKE) == STAKE * PAR
    assert desk.leave(desk.staker) == STAKE


def test_a_staker_says_how_many_shares_they_get_at_least(desk):
    desk.stake(desk.staker, STAKE)
    desk.earn(USDC)
    desk.fund_wallet(desk.newcomer, STAKE)
    shares = desk.fund.previewDeposit(STAKE)
    with reverts("fund: outside the caller's bound"):
        desk.fund.deposit(STAKE, desk.newcomer, shares + 1, sender=desk.newcomer)
    desk.fund.deposit(STAKE, desk.newcomer, shares, sender=desk.newcomer)
    assert desk.fund.balanceOf(desk.newcomer) == shares


def test_nobody_pays_for_tokens_that_the_issuer_has_taken(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.burn(desk.fund, 1, sender=desk.stranger)
    desk.fund_wallet(desk.newcomer, STAKE)
    with reverts("fund: tokens are missing"):
        desk.fund.deposit(STAKE, desk.newcomer, sender=desk.newcomer)
    desk.give(1)
    desk.fund.deposit(STAKE, desk.newcomer, sender=desk.newcomer)


def test_nobody_can_stake_for_the_zero_address(desk):
    assert desk.fund.maxDeposit(ZERO) == desk.fund.maxMint(ZERO) == 0
    desk.fund_wallet(desk.staker, STAKE)
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.deposit(STAKE, ZERO, sender=desk.staker)
