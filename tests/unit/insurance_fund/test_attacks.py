"""The InsuranceFund: those who try to profit from it, and tokens that misbehave."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.insurance_fund.helpers import (
    COOLDOWN,
    PAR,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WINDOW,
    YEAR,
)
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


# Attacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed_units", [0, 1, 1_000])
@pytest.mark.parametrize("gift", [USDC, 10**9 * USDC])
def test_nobody_can_make_a_share_dear(desk, seed_units, gift):
    """Compound and Cream: a gift is not an asset, so the victim's shares are what they paid for."""
    attacker, victim = desk.staker, desk.newcomer
    if seed_units:
        desk.stake(attacker, seed_units)
    desk.give(gift)
    assert desk.stake(victim, STAKE) == STAKE * PAR
    assert desk.worth(victim) == STAKE
    assert desk.worth(attacker) == seed_units


def test_two_dollars_earn_no_more_than_their_rate(desk):
    """As the only stake, before a large reserve, whatever else the fund is given."""
    desk.fund.set_premium(100_000, sender=desk.governor)
    desk.fill_reserve(24_000 * USDC)
    desk.give(10_000 * USDC)
    shares = desk.stake(desk.staker, 2 * USDC)
    chain.mine(timestamp=chain.pending_timestamp + YEAR)
    desk.open_window(desk.staker, shares)
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    gain = desk.token.balanceOf(desk.staker) - 2 * USDC
    assert 0 < gain <= 2 * USDC * (YEAR + COOLDOWN + 60) // YEAR // 10


def test_a_stake_just_before_a_premium_takes_nothing_of_it(desk):
    desk.fund.set_premium(100_000, sender=desk.governor)
    desk.fill_reserve(24_000 * USDC)
    desk.stake(desk.staker, STAKE)
    chain.mine(timestamp=chain.pending_timestamp + YEAR)
    desk.stake(desk.newcomer, 100 * STAKE)
    desk.fund.accrue(sender=desk.stranger)
    assert desk.worth(desk.newcomer) - 100 * STAKE <= 100 * STAKE // 10 // YEAR * 60
    assert desk.worth(desk.staker) == pytest.approx(STAKE * 11 // 10, abs=USDC // 100)


def test_round_trips_never_gain(desk):
    """Stake and leave at an awkward price: rounding favours those who stay."""
    desk.stake(desk.newcomer, 7)
    desk.earn(4)
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
    ("accrue", lambda desk: ()),
    ("pay_deferred", lambda desk: ()),
    ("forward_unclaimed", lambda desk: ()),
    ("claim", lambda desk: (1, desk.staker)),
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


def test_a_token_that_returns_nothing_works(project, admin, make_desk):
    """USDT: no return values, and an allowance must be used up before it is set again."""
    desk = make_desk(project.MuteToken.deploy(6, sender=admin))
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE // 4)
    desk.draw(STAKE // 4)
    assert desk.leave(desk.staker) == STAKE // 2


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (RETURNS_FALSE, "vault: token transfer failed"),
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
    with reverts("vault: token transfer failed"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    assert desk.fund.maxRedeem(desk.staker) == shares
