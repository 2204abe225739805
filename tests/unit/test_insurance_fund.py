"""The InsuranceFund: staking, leaving, losses, wipe-outs and those who try to profit from them."""

from __future__ import annotations

import pytest
from ape import chain

from tests.reverts import reverts
from tests.unit.fund_helpers import (
    CASH_PER_UNIT,
    CONSOLIDATE_AT,
    COOLDOWN,
    DAY,
    DEFAULTER,
    HOUR,
    LIMIT,
    MAX_UINT,
    PAR,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WAD,
    WINDOW,
    ZERO,
    Desk,
    wait_until,
)

STAKE = 1_000 * USDC


@pytest.fixture
def make_desk(project, accounts):
    governor, staker, newcomer, stranger = accounts[:4]

    def make(token) -> Desk:
        ledger = project.FundHarness.deploy(token, sender=governor)
        fund = project.InsuranceFund.deploy(
            "Bulkhead Insurance", "bhIF", token, ledger, COOLDOWN, WINDOW, sender=governor
        )
        return Desk(fund, token, ledger, governor, staker, newcomer, stranger)

    return make


@pytest.fixture
def desk(project, accounts, make_desk) -> Desk:
    return make_desk(project.TestToken.deploy("USD Coin", "USDC", 6, sender=accounts[0]))


@pytest.fixture
def odd_desk(project, accounts, make_desk) -> Desk:
    """A fund whose token misbehaves when told to."""
    return make_desk(project.OddToken.deploy("Odd Coin", "ODD", 6, sender=accounts[0]))


# Constructor --------------------------------------------------------------------------------------


def test_metadata(desk):
    assert desk.fund.name() == "Bulkhead Insurance"
    assert desk.fund.symbol() == "bhIF"
    assert desk.fund.decimals() == 12
    assert desk.fund.asset() == desk.token
    assert desk.fund.clearinghouse() == desk.ledger
    assert (desk.fund.cooldown(), desk.fund.window()) == (COOLDOWN, WINDOW)


def test_constructor_wants_a_clearinghouse(project, desk):
    arguments = ["Fund", "F", desk.token, ZERO, COOLDOWN, WINDOW]
    with reverts("insurance fund: no clearinghouse"):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


@pytest.mark.parametrize("decimals", [0, 18])
def test_token_decimals_set_the_scale(project, make_desk, accounts, decimals):
    desk = make_desk(project.TestToken.deploy("T", "T", decimals, sender=accounts[0]))
    desk.stake(desk.staker, 100)
    desk.fund.draw(DEFAULTER, 10 * 10 ** (18 - decimals), sender=desk.governor)
    assert desk.assets == 90


def test_more_than_18_decimals_are_refused(project, make_desk, accounts):
    token = project.TestToken.deploy("T", "T", 19, sender=accounts[0])
    with reverts("insurance fund: too many decimals"):
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
    with reverts("shares: no open window"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("shares: no open window"):
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
    with reverts("shares: no open window"):
        desk.fund.redeem(1, desk.staker, desk.staker, sender=desk.staker)


def test_redeem_before_the_window_reverts(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    chain.pending_timestamp = desk.fund.request_of(desk.staker).ready_at - 1
    with reverts("shares: no open window"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_a_request_can_be_redeemed_in_parts_but_not_exceeded(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares // 2)
    with reverts("shares: more than requested"):
        desk.fund.redeem(shares // 2 + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.redeem(shares // 8, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(STAKE // 8, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == shares // 4
    with reverts("shares: more than requested"):
        desk.fund.withdraw(STAKE // 4 + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.redeem(shares // 4, desk.staker, desk.staker, sender=desk.staker)
    with reverts("shares: no open window"):
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
    with reverts("shares: more than requested"):
        desk.fund.withdraw(most + 1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.withdraw(most, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == most


def test_one_request_at_a_time(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares // 2)
    with reverts("shares: request pending"):
        desk.fund.request_redeem(shares // 2, sender=desk.staker)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.locked_shares(desk.staker) == shares


def test_a_request_is_for_what_one_has(desk):
    shares = desk.stake(desk.staker, STAKE)
    with reverts("shares: none requested"):
        desk.fund.request_redeem(0, sender=desk.staker)
    with reverts("shares: more than free"):
        desk.fund.request_redeem(shares + 1, sender=desk.staker)
    desk.fund.request_redeem(shares, sender=desk.staker)


def test_cancel_frees_the_shares_and_the_next_request_waits_in_full(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    receipt = desk.fund.cancel_request(sender=desk.staker)
    assert receipt.events == [desk.fund.CancelRequest(owner=desk.staker, shares=shares)]
    assert desk.fund.locked_shares(desk.staker) == desk.fund.maxRedeem(desk.staker) == 0
    with reverts("shares: no request"):
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
    with reverts("shares: more than free"):
        desk.fund.transfer(desk.newcomer, free + 1, sender=desk.staker)
    with reverts("shares: more than free"):
        desk.fund.transferFrom(desk.staker, desk.newcomer, free + 1, sender=desk.stranger)
    desk.fund.transfer(desk.newcomer, free - 5, sender=desk.staker)
    desk.fund.transferFrom(desk.staker, desk.newcomer, 5, sender=desk.stranger)
    assert desk.fund.balanceOf(desk.newcomer) == free


def test_lapsed_and_redeemed_shares_are_free_again(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.redeem(shares // 2, desk.staker, desk.staker, sender=desk.staker)
    with reverts("shares: more than free"):
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


# Draws --------------------------------------------------------------------------------------------


def test_draw_pays_what_is_asked(desk):
    desk.stake(desk.staker, STAKE)
    cash = 100 * WAD + 1
    receipt = desk.fund.draw(DEFAULTER, cash, sender=desk.governor)
    assert receipt.return_value == cash
    tokens = 100 * USDC + 1  # rounded up to a whole unit
    assert (desk.ledger.account(), desk.ledger.tokens(), desk.ledger.cash()) == (
        DEFAULTER,
        tokens,
        cash,
    )
    assert desk.token.balanceOf(desk.ledger) == tokens
    assert desk.token.allowance(desk.fund, desk.ledger) == 0
    assert desk.fund.Draw(account=DEFAULTER, asked=cash, paid=cash, tokens=tokens) in receipt.events


@pytest.mark.parametrize("beyond", [0, 1, 10**30, MAX_UINT - STAKE * CASH_PER_UNIT])
def test_draw_pays_no_more_than_it_has(desk, beyond):
    desk.stake(desk.staker, STAKE)
    held = STAKE * CASH_PER_UNIT
    receipt = desk.fund.draw(DEFAULTER, held + beyond, sender=desk.governor)
    assert receipt.return_value == held == desk.ledger.cash()
    assert desk.assets == 0


def test_draw_of_almost_all_pays_the_last_unit(desk):
    desk.stake(desk.staker, STAKE)
    cash = STAKE * CASH_PER_UNIT - 1
    assert desk.fund.draw(DEFAULTER, cash, sender=desk.governor).return_value == cash
    assert desk.assets == 0


def test_draw_on_an_empty_fund_pays_nothing(desk):
    assert desk.fund.draw(DEFAULTER, WAD, sender=desk.governor).return_value == 0
    desk.stake(desk.staker, STAKE)
    receipt = desk.fund.draw(DEFAULTER, 0, sender=desk.governor)
    assert receipt.return_value == 0
    assert receipt.events == []


def test_only_the_present_default_manager_draws_and_reserves(desk):
    desk.stake(desk.staker, STAKE)
    for outsider in (desk.staker, desk.stranger):
        with reverts("insurance fund: only the default manager"):
            desk.fund.draw(DEFAULTER, WAD, sender=outsider)
        with reverts("insurance fund: only the default manager"):
            desk.fund.reserve(WAD, sender=outsider)
    desk.ledger.set_default_manager(desk.stranger, sender=desk.governor)
    with reverts("insurance fund: only the default manager"):
        desk.fund.draw(DEFAULTER, WAD, sender=desk.governor)
    desk.fund.draw(DEFAULTER, WAD, sender=desk.stranger)


def test_a_loss_is_shared_by_all_with_requests_pending_or_not(desk):
    waiting = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.fund.request_redeem(waiting, sender=desk.staker)
    desk.draw(STAKE)
    assert desk.worth(desk.staker) == STAKE * 3 // 4
    assert desk.worth(desk.newcomer) == STAKE * 9 // 4
    wait_until(desk.fund.request_of(desk.staker).ready_at)
    desk.draw(STAKE)
    desk.fund.redeem(waiting, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE // 2


def test_fees_and_donations_go_to_stakers_pro_rata(desk):
    desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.donate(400 * USDC)
    assert desk.worth(desk.staker) == pytest.approx(STAKE + 100 * USDC, abs=1)
    assert desk.worth(desk.newcomer) == pytest.approx(3 * STAKE + 300 * USDC, abs=1)


# Reservations -------------------------------------------------------------------------------------


def test_nobody_leaves_while_money_is_reserved(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    receipt = desk.fund.reserve(WAD, sender=desk.governor)
    assert receipt.events == [desk.fund.Reserve(manager=desk.governor, cash=WAD)]
    assert desk.fund.reserved() == WAD
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    with reverts("insurance fund: money is reserved"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("insurance fund: money is reserved"):
        desk.fund.withdraw(1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.reserve(0, sender=desk.governor)
    assert desk.fund.maxRedeem(desk.staker) == shares
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_a_replaced_manager_holds_nobody(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.reserve(WAD, sender=desk.governor)
    desk.ledger.set_default_manager(desk.stranger, sender=desk.governor)
    assert desk.fund.reserved() == 0
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_reservations_stop_neither_stakes_nor_draws(desk):
    desk.stake(desk.staker, STAKE)
    desk.fund.reserve(WAD, sender=desk.governor)
    desk.stake(desk.newcomer, STAKE)
    desk.draw(STAKE)
    assert desk.assets == STAKE


# Wipe-outs ----------------------------------------------------------------------------------------


def test_after_a_total_loss_old_shares_are_gone_and_new_ones_are_at_par(desk):
    shares = desk.stake(desk.staker, STAKE)
    receipt = desk.draw(STAKE)
    assert (
        desk.fund.Consolidate(halvings=128, supply_before=shares, supply_after=0) in receipt.events
    )
    assert desk.supply == desk.fund.balanceOf(desk.staker) == 0
    assert desk.stake(desk.newcomer, STAKE) == STAKE * PAR
    assert desk.worth(desk.newcomer) == STAKE
    with reverts("shares: more than free"):
        desk.fund.transfer(desk.stranger, 1, sender=desk.staker)
    with reverts("shares: more than free"):
        desk.fund.request_redeem(1, sender=desk.staker)


def test_twelve_wipe_outs_in_a_row(desk):
    """Each round's newcomer owns what he staked; nobody's old shares come back."""
    for round_ in range(12):
        stake = STAKE * 10 ** (round_ % 4)
        who = (desk.staker, desk.newcomer)[round_ % 2]
        assert desk.fund.maxDeposit(who) == LIMIT // PAR
        assert desk.stake(who, stake) == stake * PAR
        assert desk.fund.balanceOf(who) == desk.supply == stake * PAR
        assert desk.worth(who) == stake
        assert desk.draw(MAX_UINT // CASH_PER_UNIT).return_value == stake * CASH_PER_UNIT
        assert desk.supply == desk.assets == 0
    desk.stake(desk.stranger, STAKE)
    assert desk.leave(desk.stranger) == STAKE


@pytest.mark.parametrize("left", [1, 999, STAKE // 10**6, STAKE // 2_000])
def test_sixteen_near_wipe_outs_in_a_row(desk, left):
    """Deep but partial losses: every staker keeps his part of what is left, to a unit."""
    desk.stake(desk.staker, STAKE)
    worth = STAKE
    for _ in range(16):
        held = desk.assets
        desk.draw(held - left)
        worth = worth * left // held
        assert desk.assets == left
        assert abs(desk.worth(desk.staker) - worth) <= 1
        assert desk.supply <= left * PAR * CONSOLIDATE_AT
        fresh = desk.stake(desk.newcomer, STAKE)
        assert fresh <= STAKE * PAR * CONSOLIDATE_AT
        desk.fund.transfer(desk.stranger, desk.fund.balanceOf(desk.newcomer), sender=desk.newcomer)
        assert abs(desk.worth(desk.stranger) + desk.worth(desk.staker) - desk.assets) <= 3
        worth = desk.worth(desk.staker)


def test_consolidation_is_fair_to_all_and_changes_no_worth(desk):
    first = desk.stake(desk.staker, STAKE)
    second = desk.stake(desk.newcomer, 3 * STAKE)
    left = 4 * STAKE // (CONSOLIDATE_AT + 1)
    receipt = desk.draw(4 * STAKE - left)
    (event,) = [log for log in receipt.events if log.event_name == "Consolidate"]
    assert event.halvings == desk.fund.halvings() == 10
    assert (event.supply_before, event.supply_after) == (first + second, (first + second) >> 10)
    assert desk.fund.balanceOf(desk.staker) == first >> 10
    assert desk.fund.balanceOf(desk.newcomer) == second >> 10
    assert abs(desk.worth(desk.staker) - left // 4) <= 1
    assert abs(desk.worth(desk.newcomer) - left * 3 // 4) <= 1


def test_a_loss_just_short_of_the_threshold_does_not_consolidate(desk):
    shares = desk.stake(desk.staker, 1_024 * USDC)
    desk.draw(1_023 * USDC)
    assert desk.fund.halvings() == 0
    assert desk.fund.balanceOf(desk.staker) == shares
    desk.draw(1)
    assert desk.fund.halvings() == 10


def test_requests_and_allowances_are_consolidated_with_the_shares(desk):
    shares = desk.stake(desk.staker, 4_000 * USDC)
    desk.fund.request_redeem(shares // 2, sender=desk.staker)
    desk.fund.approve(desk.stranger, shares // 4, sender=desk.staker)
    desk.fund.approve(desk.newcomer, MAX_UINT, sender=desk.staker)
    desk.draw(3_999 * USDC)
    times = desk.fund.halvings()
    assert times > 0
    assert desk.fund.request_of(desk.staker).shares == (shares // 2) >> times
    assert desk.fund.locked_shares(desk.staker) == (shares // 2) >> times
    assert desk.fund.allowance(desk.staker, desk.stranger) == (shares // 4) >> times
    assert desk.fund.allowance(desk.staker, desk.newcomer) == MAX_UINT
    with reverts("erc20: insufficient allowance"):
        amount = ((shares // 4) >> times) + 1
        desk.fund.transferFrom(desk.staker, desk.stranger, amount, sender=desk.stranger)
    desk.fund.transferFrom(desk.staker, desk.stranger, amount - 1, sender=desk.stranger)
    wait_until(desk.fund.request_of(desk.staker).ready_at)
    half = (shares // 2) >> times
    assert desk.fund.maxRedeem(desk.staker) == half
    desk.fund.redeem(half, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == USDC // 2


def test_a_wiped_request_stands_in_nobodys_way(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.draw(STAKE)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.locked_shares(desk.staker) == 0
    fresh = desk.stake(desk.staker, STAKE)
    assert desk.fund.maxRedeem(desk.staker) == 0
    desk.fund.request_redeem(fresh, sender=desk.staker)


def test_a_wiped_allowance_does_not_reach_new_shares(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.approve(desk.stranger, shares, sender=desk.staker)
    desk.draw(STAKE)
    desk.stake(desk.staker, STAKE)
    assert desk.fund.allowance(desk.staker, desk.stranger) == 0
    with reverts("erc20: insufficient allowance"):
        desk.fund.transferFrom(desk.staker, desk.stranger, 1, sender=desk.stranger)


def test_balances_never_exceed_the_supply_after_consolidation(desk, accounts):
    stakers = accounts[10:17]
    for index, staker in enumerate(stakers):
        desk.stake(staker, STAKE + index * 777_777)
    for _ in range(3):
        desk.draw(desk.assets - desk.assets // 5_000)
        balances = sum(desk.fund.balanceOf(staker) for staker in stakers)
        assert 0 <= desk.supply - balances <= len(stakers) * 3
        desk.fund.transfer(stakers[0], 1, sender=stakers[1])
        desk.donate(50_000 * USDC)


def test_tokens_taken_by_their_issuer_are_a_loss_that_a_draw_recognises(odd_desk):
    """A confiscated fund can be poked back to life."""
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.burn(desk.fund, STAKE, sender=desk.stranger)
    assert desk.fund.draw(DEFAULTER, WAD, sender=desk.governor).return_value == 0
    assert desk.supply == 0
    assert desk.stake(desk.newcomer, STAKE) == STAKE * PAR


# Attacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed_units", [0, 1, 1_000])
@pytest.mark.parametrize("gift", [USDC, 10**6 * USDC, 10**9 * USDC])
def test_first_depositor_inflation_costs_the_attacker(desk, seed_units, gift):
    """Compound and Cream: the donor never gets back what he gave, the victim loses dust."""
    attacker, victim = desk.staker, desk.newcomer
    if seed_units:
        desk.stake(attacker, seed_units)
    desk.donate(gift)
    desk.fund_wallet(victim, STAKE)
    expected = desk.fund.previewDeposit(STAKE)
    spent = seed_units + gift
    if expected == 0:
        with reverts("insurance fund: no shares for this"):
            desk.fund.deposit(STAKE, victim, sender=victim)
        return
    desk.fund.deposit(STAKE, victim, sender=victim)
    lost = STAKE - desk.worth(victim)
    assert lost <= gift // PAR + 1  # at most one share
    assert desk.worth(attacker) < spent
    assert spent - desk.worth(attacker) >= lost


def test_a_donation_before_a_redemption_does_not_pay_its_donor(desk):
    mine = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, STAKE)
    desk.open_window(desk.staker, mine)
    desk.donate(100 * USDC)
    before = desk.token.balanceOf(desk.staker)
    desk.fund.redeem(mine, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) - before <= STAKE + 50 * USDC


def test_round_trips_never_gain(desk):
    """Stake and leave at an awkward price: rounding favours those who stay."""
    desk.stake(desk.newcomer, 7)
    desk.donate(4)
    for amount in (1, 2, 3, 13, 1_000_003):
        desk.stake(desk.staker, amount)
        assert desk.leave(desk.staker) <= amount


def test_renewing_a_request_for_ever_leaves_a_quarter_of_the_time_at_most(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.set_timing(3 * WINDOW, WINDOW, sender=desk.governor)
    start = chain.blocks.head.timestamp
    free = 0
    for _ in range(4):
        desk.fund.request_redeem(shares, sender=desk.staker)
        request = desk.fund.request_of(desk.staker)
        free += request.lapses_at - request.ready_at
        chain.pending_timestamp = request.lapses_at
    chain.mine(timestamp=request.lapses_at)
    assert free * 4 <= chain.blocks.head.timestamp - start


def test_a_seen_default_cannot_be_outrun(desk):
    """The draw comes later than its reservation: one who is free to leave still pays his part."""
    shares = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.reserve(STAKE * CASH_PER_UNIT, sender=desk.governor)
    with reverts("insurance fund: money is reserved"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    desk.draw(STAKE)
    desk.fund.reserve(0, sender=desk.governor)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE // 2


REENTRIES = [
    ("deposit", lambda desk: (1, desk.stranger)),
    ("mint", lambda desk: (1, desk.stranger)),
    ("redeem", lambda desk: (0, desk.stranger, desk.staker)),
    ("withdraw", lambda desk: (0, desk.stranger, desk.staker)),
    ("transfer", lambda desk: (desk.stranger, 0)),
    ("transferFrom", lambda desk: (desk.staker, desk.stranger, 0)),
    ("approve", lambda desk: (desk.stranger, 1)),
    ("request_redeem", lambda desk: (1,)),
    ("convertToAssets", lambda desk: (10**12,)),
    ("convertToShares", lambda desk: (1,)),
    ("previewRedeem", lambda desk: (10**12,)),
    ("totalAssets", lambda desk: ()),
    ("maxWithdraw", lambda desk: (desk.staker,)),
    ("balanceOf", lambda desk: (desk.staker,)),
]


@pytest.mark.parametrize(("name", "arguments"), REENTRIES, ids=[name for name, _ in REENTRIES])
def test_the_token_cannot_call_back(odd_desk, name, arguments):
    """Neither in the middle of a stake, nor of a redemption, nor of a draw; not even to look."""
    desk = odd_desk
    data = getattr(desk.fund, name).encode_input(*arguments(desk))
    desk.token.set_hook(desk.fund, data, True, sender=desk.governor)
    shares = desk.stake(desk.staker, STAKE)
    assert (desk.token.hook_calls(), desk.token.hook_succeeded()) == (1, False)
    desk.draw(STAKE // 2)
    assert (desk.token.hook_calls(), desk.token.hook_succeeded()) == (2, False)
    desk.token.set_hook(desk.fund, data, False, sender=desk.governor)
    desk.open_window(desk.staker, shares)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert (desk.token.hook_calls(), desk.token.hook_succeeded()) == (3, False)
    assert desk.token.balanceOf(desk.staker) == STAKE // 2


# Odd tokens ---------------------------------------------------------------------------------------


def test_a_token_that_returns_nothing_works(project, accounts, make_desk):
    """USDT: no return values, and an allowance must be used up before it is set again."""
    desk = make_desk(project.MuteToken.deploy(6, sender=accounts[0]))
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE // 4)
    desk.draw(STAKE // 4)
    assert desk.leave(desk.staker) == STAKE // 2


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (RETURNS_FALSE, "erc4626: transferFrom operation did not succeed"),
        (REVERTS, "odd token: told to revert"),
    ],
)
def test_a_token_that_does_not_pay_mints_nothing(odd_desk, behaviour, reason):
    desk = odd_desk
    desk.fund_wallet(desk.staker, STAKE)
    desk.token.set_behaviour(behaviour, sender=desk.governor)
    with reverts(reason):
        desk.fund.deposit(STAKE, desk.staker, sender=desk.staker)
    assert desk.supply == 0


def test_a_token_that_keeps_a_fee_is_refused(odd_desk):
    desk = odd_desk
    desk.fund_wallet(desk.staker, STAKE)
    desk.token.set_fee(1, sender=desk.governor)
    with reverts("insurance fund: token arrived short"):
        desk.fund.deposit(STAKE, desk.staker, sender=desk.staker)
    with reverts("insurance fund: token arrived short"):
        desk.fund.mint(STAKE * PAR, desk.staker, sender=desk.staker)
    desk.token.set_fee(0, sender=desk.governor)
    desk.fund.deposit(STAKE, desk.staker, sender=desk.staker)


def test_a_redemption_that_does_not_pay_burns_nothing(odd_desk):
    desk = odd_desk
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.token.set_behaviour(RETURNS_FALSE, sender=desk.governor)
    with reverts("erc4626: transfer operation did not succeed"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == shares


def test_a_draw_that_does_not_arrive_reverts(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_behaviour(RETURNS_FALSE, sender=desk.governor)
    with reverts("insurance fund: approve failed"):
        desk.draw(STAKE)
    desk.token.set_behaviour(0, sender=desk.governor)
    desk.token.set_fee(100, sender=desk.governor)
    with reverts("harness: token arrived short"):
        desk.draw(STAKE)


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
        (HOUR - 1, HOUR // 3, "shares: cooldown out of bounds"),
        (30 * DAY + 1, WINDOW, "shares: cooldown out of bounds"),
        (HOUR, HOUR // 3 - 1, "shares: window out of bounds"),
        (30 * DAY, 7 * DAY + 1, "shares: window out of bounds"),
        (3 * WINDOW - 1, WINDOW, "shares: window out of bounds"),
        (MAX_UINT, MAX_UINT, "shares: cooldown out of bounds"),
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
    with reverts("insurance fund: only the owner"):
        desk.fund.set_timing(COOLDOWN, WINDOW, sender=desk.stranger)
