"""The InsuranceFund after losses that leave next to nothing: wipe-outs and consolidated shares."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import (
    CASH_PER_UNIT,
    CONSOLIDATE_AT,
    LIMIT,
    MAX_UINT,
    PAR,
    USDC,
    ZERO,
    wait_until,
)
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_after_a_total_loss_old_shares_are_gone_and_new_ones_are_at_par(desk):
    shares = desk.stake(desk.staker, STAKE)
    receipt = desk.draw(STAKE)
    assert (
        desk.fund.Consolidate(halvings=128, supply_before=shares, supply_after=0) in receipt.events
    )
    assert desk.supply == desk.fund.balanceOf(desk.staker) == 0
    assert desk.stake(desk.newcomer, STAKE) == STAKE * PAR
    assert desk.worth(desk.newcomer) == STAKE
    with reverts("slashable shares: more than free"):
        desk.fund.transfer(desk.stranger, 1, sender=desk.staker)
    with reverts("slashable shares: more than free"):
        desk.fund.request_redeem(1, sender=desk.staker)


def test_twelve_wipe_outs_in_a_row(desk):
    """Each round's newcomer owns what they staked; nobody's old shares come back."""
    for round_ in range(12):
        stake = STAKE * 10 ** (round_ % 4)
        who = (desk.staker, desk.newcomer)[round_ % 2]
        assert desk.fund.maxDeposit(who) == LIMIT // PAR
        assert desk.stake(who, stake) == stake * PAR
        assert desk.fund.balanceOf(who) == desk.supply == stake * PAR
        assert desk.worth(who) == stake
        assert desk.draw(MAX_UINT // CASH_PER_UNIT).return_value == (stake * CASH_PER_UNIT, 0)
        assert desk.supply == desk.assets == 0
    desk.stake(desk.stranger, STAKE)
    assert desk.leave(desk.stranger) == STAKE


@pytest.mark.parametrize("left", [1, 999, STAKE // 10**6, STAKE // 2_000])
def test_sixteen_near_wipe_outs_in_a_row(desk, left):
    """Deep but partial losses: every staker keeps their part of what is left, to a unit."""
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


def test_redeeming_is_the_first_that_a_staker_does_after_a_consolidation(desk):
    """Request and balance are halved first; those who read events see where they went."""
    shares = desk.stake(desk.staker, 4_000 * USDC)
    desk.open_window(desk.staker, shares // 2)
    desk.draw(3_999 * USDC)
    times = desk.fund.halvings()
    half = (shares // 2) >> times
    with reverts("slashable shares: more than requested"):
        desk.fund.redeem(half + 1, desk.staker, desk.staker, sender=desk.staker)
    receipt = desk.fund.redeem(half, desk.staker, desk.staker, sender=desk.staker)
    left = (shares >> times) - half
    assert desk.fund.balanceOf(desk.staker) == desk.supply == left
    assert desk.fund.locked_shares(desk.staker) == 0
    moved = [
        (log.sender, log.receiver, log.value)
        for log in receipt.events
        if log.event_name == "Transfer" and log.sender == desk.staker
    ]
    gone = shares - (shares >> times)
    assert moved == [(desk.staker, ZERO, gone), (desk.staker, ZERO, half)]


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


def test_balances_never_exceed_the_supply_after_consolidation(desk, people):
    stakers = people.crowd(7)
    for index, staker in enumerate(stakers):
        desk.stake(staker, STAKE + index * 777_777)
    for _ in range(3):
        desk.draw(desk.assets - desk.assets // 5_000)
        balances = sum(desk.fund.balanceOf(staker) for staker in stakers)
        assert 0 <= desk.supply - balances <= len(stakers) * 3
        desk.fund.transfer(stakers[0], 1, sender=stakers[1])
        desk.stake(stakers[0], 50_000 * USDC)
