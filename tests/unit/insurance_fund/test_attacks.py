"""The InsuranceFund: those who try to profit from it, and tokens that misbehave."""

from __future__ import annotations

import pytest
from ape import chain

from tests.reverts import reverts
from tests.unit.fund_helpers import (
    CASH_PER_UNIT,
    PAR,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WINDOW,
)

STAKE = 1_000 * USDC


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
    with reverts("fund harness: token arrived short"):
        desk.draw(STAKE)
