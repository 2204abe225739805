"""The InsuranceFund: staking, leaving, transfers and the terms of all that."""

from __future__ import annotations

import pytest
from ape import chain

from tests.reverts import reverts
from tests.unit.fund_helpers import (
    COOLDOWN,
    DAY,
    DEFAULTER,
    HOUR,
    LIMIT,
    MAX_UINT,
    PAR,
    USDC,
    WINDOW,
    ZERO,
    wait_until,
)

STAKE = 1_000 * USDC


# Constructor --------------------------------------------------------------------------------------


def test_metadata(desk):
    assert desk.fund.name() == "Bulkhead Insurance"
    assert desk.fund.symbol() == "bhIF"
    assert desk.fund.decimals() == 12
    assert desk.fund.asset() == desk.token
    assert desk.fund.CLEARINGHOUSE() == desk.ledger
    assert (desk.fund.cooldown(), desk.fund.window()) == (COOLDOWN, WINDOW)


def test_constructor_wants_a_clearinghouse(project, desk):
    arguments = ["Fund", "F", desk.token, ZERO, COOLDOWN, WINDOW]
    with reverts("fund: no clearinghouse"):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


@pytest.mark.parametrize("decimals", [0, 18])
def test_token_decimals_set_the_scale(project, make_desk, accounts, decimals):
    desk = make_desk(project.TestToken.deploy("T", "T", decimals, sender=accounts[0]))
    desk.stake(desk.staker, 100)
    desk.fund.draw(DEFAULTER, 10 * 10 ** (18 - decimals), sender=desk.governor)
    assert desk.assets == 90


def test_more_than_18_decimals_are_refused(project, make_desk, accounts):
    token = project.TestToken.deploy("T", "T", 19, sender=accounts[0])
    with reverts("fund: too many decimals"):
        make_desk(token)


# Staking ------------------------------------------------------------------------------------------


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


def test_mint_is_as_previewed(desk):
    desk.stake(desk.staker, STAKE)
    desk.donate(123 * USDC)
    desk.fund_wallet(desk.newcomer, 10 * STAKE)
    shares = STAKE * PAR + 1
    preview = desk.fund.previewMint(shares)
    before = desk.token.balanceOf(desk.newcomer)
    desk.fund.mint(shares, desk.newcomer, sender=desk.newcomer)
    assert desk.fund.balanceOf(desk.newcomer) == shares
    assert before - desk.token.balanceOf(desk.newcomer) == preview


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


def test_max_mint_is_what_does_not_revert(desk):
    desk.stake(desk.staker, STAKE)
    desk.donate(STAKE)
    desk.fund_wallet(desk.newcomer, MAX_UINT // 2)
    limit = desk.fund.maxMint(desk.newcomer)
    with reverts("insurance fund: over the deposit limit"):
        desk.fund.mint(limit + 1, desk.newcomer, sender=desk.newcomer)
    desk.fund.mint(limit, desk.newcomer, sender=desk.newcomer)
    assert desk.fund.maxMint(desk.newcomer) == 0


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


# Leaving ------------------------------------------------------------------------------------------


def test_leaving_takes_request_cooldown_and_window(desk):
    shares = desk.stake(desk.staker, STAKE)
    receipt = desk.fund.request_redeem(shares, sender=desk.staker)
    request = desk.fund.request_of(desk.staker)
    assert request.shares == shares
    assert request.ready_at == receipt.timestamp + COOLDOWN
    assert request.lapses_at == request.ready_at + WINDOW
    assert receipt.events == [
        desk.fund.RequestRedeem(
            owner=desk.staker,
            shares=shares,
            ready_at=request.ready_at,
            lapses_at=request.lapses_at,
        )
    ]
    wait_until(request.ready_at)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE
    assert desk.supply == 0
    assert desk.fund.request_of(desk.staker).shares == 0


def test_nothing_is_redeemable_without_a_request(desk):
    shares = desk.stake(desk.staker, STAKE)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    with reverts("slashable shares: no open window"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("slashable shares: no open window"):
        desk.fund.withdraw(1, desk.staker, desk.staker, sender=desk.staker)


def test_window_opens_and_shuts_on_the_second(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    request = desk.fund.request_of(desk.staker)

    chain.mine(timestamp=request.ready_at - 1)
    assert desk.fund.maxRedeem(desk.staker) == 0
    chain.mine(timestamp=request.ready_at)
    assert desk.fund.maxRedeem(desk.staker) == shares
    assert desk.fund.maxWithdraw(desk.staker) == STAKE
    chain.mine(timestamp=request.lapses_at - 1)
    assert desk.fund.maxRedeem(desk.staker) == shares
    chain.mine(timestamp=request.lapses_at)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    with reverts("slashable shares: no open window"):
        desk.fund.redeem(1, desk.staker, desk.staker, sender=desk.staker)


def test_redeem_before_the_window_reverts(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    chain.pending_timestamp = desk.fund.request_of(desk.staker).ready_at - 1
    with reverts("slashable shares: no open window"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_a_request_can_be_redeemed_in_parts_but_not_exceeded(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares // 2)
    with reverts("slashable shares: more than requested"):
        desk.fund.redeem(shares // 2 + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.redeem(shares // 8, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(STAKE // 8, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == shares // 4
    with reverts("slashable shares: more than requested"):
        desk.fund.withdraw(STAKE // 4 + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.redeem(shares // 4, desk.staker, desk.staker, sender=desk.staker)
    with reverts("slashable shares: no open window"):
        desk.fund.redeem(1, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.balanceOf(desk.staker) == shares // 2


@pytest.mark.parametrize("profit", [0, 1, 123_456_789])
@pytest.mark.parametrize("loss", [0, 1, 987_654_321])
def test_max_withdraw_is_what_does_not_revert(desk, profit, loss):
    shares = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE + 1)
    desk.donate(profit)
    desk.draw(loss)
    desk.open_window(desk.staker, shares - 1)
    most = desk.fund.maxWithdraw(desk.staker)
    with reverts("slashable shares: more than requested"):
        desk.fund.withdraw(most + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(most, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == most


def test_one_request_at_a_time(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares // 2)
    with reverts("slashable shares: request pending"):
        desk.fund.request_redeem(shares // 2, sender=desk.staker)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.locked_shares(desk.staker) == shares


def test_a_request_is_for_what_one_has(desk):
    shares = desk.stake(desk.staker, STAKE)
    with reverts("slashable shares: none requested"):
        desk.fund.request_redeem(0, sender=desk.staker)
    with reverts("slashable shares: more than free"):
        desk.fund.request_redeem(shares + 1, sender=desk.staker)
    desk.fund.request_redeem(shares, sender=desk.staker)


def test_cancel_frees_the_shares_and_the_next_request_waits_in_full(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    receipt = desk.fund.cancel_request(sender=desk.staker)
    assert receipt.events == [desk.fund.CancelRequest(owner=desk.staker, shares=shares)]
    assert desk.fund.locked_shares(desk.staker) == desk.fund.maxRedeem(desk.staker) == 0
    with reverts("slashable shares: no request"):
        desk.fund.cancel_request(sender=desk.staker)
    receipt = desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.request_of(desk.staker).ready_at == receipt.timestamp + COOLDOWN


def test_a_deposit_does_not_touch_a_pending_request(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    before = tuple(desk.fund.request_of(desk.staker))
    chain.mine(timestamp=before[1] - 100)
    desk.stake(desk.staker, STAKE)
    desk.fund_wallet(desk.stranger, STAKE)
    desk.fund.deposit(STAKE, desk.staker, sender=desk.stranger)
    assert tuple(desk.fund.request_of(desk.staker)) == before
    chain.mine(timestamp=before[1])
    assert desk.fund.maxRedeem(desk.staker) == shares
    assert desk.fund.balanceOf(desk.staker) == 3 * shares


def test_an_allowance_lets_another_redeem(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.approve(desk.stranger, shares // 2, sender=desk.staker)
    with reverts("erc20: insufficient allowance"):
        desk.fund.redeem(shares // 2 + 1, desk.stranger, desk.staker, sender=desk.stranger)
    desk.fund.redeem(shares // 2, desk.stranger, desk.staker, sender=desk.stranger)
    assert desk.token.balanceOf(desk.stranger) == STAKE // 2
    assert desk.fund.allowance(desk.staker, desk.stranger) == 0


# Transfers ----------------------------------------------------------------------------------------


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


def test_a_lapsed_request_for_shares_since_sold_is_harmless(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.transfer(desk.newcomer, shares, sender=desk.staker)
    assert desk.fund.locked_shares(desk.staker) == desk.fund.maxRedeem(desk.staker) == 0
    desk.fund.transfer(desk.staker, 10, sender=desk.newcomer)
    desk.fund.transfer(desk.newcomer, 10, sender=desk.staker)
    desk.fund.cancel_request(sender=desk.staker)


def test_a_transfer_does_not_carry_the_window(desk):
    """Whoever buys shares waits like anybody else."""
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


# Admin --------------------------------------------------------------------------------------------


def test_timing_changes_requests_to_come_and_no_others(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    before = tuple(desk.fund.request_of(desk.staker))
    receipt = desk.fund.set_timing(HOUR, HOUR // 3, sender=desk.governor)
    assert receipt.events == [desk.fund.SetTiming(cooldown=HOUR, window=HOUR // 3)]
    assert tuple(desk.fund.request_of(desk.staker)) == before
    desk.fund.cancel_request(sender=desk.staker)
    receipt = desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.request_of(desk.staker).ready_at == receipt.timestamp + HOUR


@pytest.mark.parametrize(
    ("cooldown", "window", "reason"),
    [
        (HOUR - 1, HOUR // 3, "leave timing: cooldown out of bounds"),
        (30 * DAY + 1, WINDOW, "leave timing: cooldown out of bounds"),
        (HOUR, HOUR // 3 - 1, "leave timing: window out of bounds"),
        (30 * DAY, 7 * DAY + 1, "leave timing: window out of bounds"),
        (3 * WINDOW - 1, WINDOW, "leave timing: window out of bounds"),
        (MAX_UINT, MAX_UINT, "leave timing: cooldown out of bounds"),
    ],
)
def test_timing_has_bounds(project, desk, cooldown, window, reason):
    with reverts(reason):
        desk.fund.set_timing(cooldown, window, sender=desk.governor)
    arguments = ["Fund", "F", desk.token, desk.ledger, cooldown, window]
    with reverts(reason):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


@pytest.mark.parametrize(
    ("cooldown", "window"), [(HOUR, HOUR // 3), (30 * DAY, 7 * DAY), (3 * WINDOW, WINDOW)]
)
def test_timing_may_be_at_its_bounds(desk, cooldown, window):
    desk.fund.set_timing(cooldown, window, sender=desk.governor)
    assert (desk.fund.cooldown(), desk.fund.window()) == (cooldown, window)


def test_only_the_owner_of_the_clearinghouse_sets_the_timing(desk):
    with reverts("fund: only the owner"):
        desk.fund.set_timing(COOLDOWN, WINDOW, sender=desk.stranger)
