"""InsuranceFund.accrue: a published rate for time at risk, out of the reserve and no other."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.insurance_fund.helpers import CASH_PER_UNIT, USDC, YEAR

STAKE = 1_000 * USDC
RATE = 100_000  # ppm a year


@pytest.fixture
def desk(desk):
    desk.fund.set_premium(RATE, sender=desk.governor)
    return desk


def wait(seconds: int) -> None:
    """Let the next transaction come so much later than the last."""
    chain.pending_timestamp = chain.blocks.head.timestamp + seconds


def test_a_premium_is_rate_times_assets_times_time(desk):
    desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    since = desk.fund.accrue(sender=desk.stranger).timestamp
    before = desk.assets
    wait(YEAR // 2)
    receipt = desk.fund.accrue(sender=desk.stranger)
    due = before * RATE * (receipt.timestamp - since) // (10**6 * YEAR)
    assert receipt.return_value == due == desk.assets - before
    assert receipt.events.filter(desk.fund.Accrue) == [desk.fund.Accrue(asked=due, paid=due)]
    assert desk.token.balanceOf(desk.fund) == desk.assets


def test_what_the_reserve_does_not_have_is_lost(desk):
    desk.stake(desk.staker, STAKE)
    wait(YEAR)
    desk.fund.accrue(sender=desk.stranger)
    assert desk.assets == STAKE
    desk.fill_reserve(STAKE)
    desk.fund.accrue(sender=desk.stranger)
    assert desk.assets - STAKE <= STAKE // 10 // YEAR * 60
    left = desk.ledger.reserve() // CASH_PER_UNIT
    desk.ledger.set_reserve(7 * CASH_PER_UNIT, sender=desk.governor)
    wait(YEAR)
    receipt = desk.fund.accrue(sender=desk.stranger)
    assert receipt.return_value == 7 < left


def test_nothing_is_paid_while_a_hole_stands(desk):
    desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    desk.ledger.set_hole(1, sender=desk.governor)
    wait(YEAR)
    assert desk.fund.previewDeposit(USDC) == USDC * 10**6
    assert desk.fund.accrue(sender=desk.stranger).return_value == 0
    assert desk.assets == STAKE


@pytest.mark.parametrize("phase", [1, 2])
def test_nothing_is_asked_for_in_a_wind_down(desk, phase):
    desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    desk.ledger.set_phase(phase, sender=desk.governor)
    wait(YEAR)
    assert desk.fund.accrue(sender=desk.stranger).events == []
    assert desk.assets == STAKE


def test_nothing_accrues_while_nobody_holds_shares(desk):
    desk.fill_reserve(STAKE)
    wait(YEAR)
    assert desk.fund.accrue(sender=desk.stranger).events == []
    shares = desk.stake(desk.staker, STAKE)
    assert shares == STAKE * 10**6
    wait(YEAR)
    assert desk.fund.accrue(sender=desk.stranger).return_value == pytest.approx(STAKE // 10, abs=9)


def test_the_clock_moves_on_when_nothing_is_due(desk):
    """A change of the rate does not reach back."""
    desk.fund.set_premium(0, sender=desk.governor)
    desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    wait(YEAR)
    desk.fund.set_premium(RATE, sender=desk.governor)
    wait(10)
    assert desk.fund.accrue(sender=desk.stranger).return_value == STAKE * RATE * 10 // 10**6 // YEAR


def test_stakes_are_previewed_with_what_is_due_and_leaving_without(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    desk.open_window(desk.staker, shares)
    chain.mine(timestamp=chain.pending_timestamp + 86_400)
    seen = desk.fund.previewDeposit(STAKE), desk.fund.previewRedeem(shares // 2)
    minted = desk.stake(desk.newcomer, STAKE)
    assert STAKE * 10**6 * 99 // 100 < minted <= seen[0] * 1_000_001 // 10**6 < STAKE * 10**6
    assert seen[1] == STAKE // 2
    desk.fund.redeem(shares // 2, desk.staker, desk.staker, seen[1], sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) > STAKE // 2


def test_a_token_that_does_not_move_costs_the_premium_only(odd_desk):
    """The ledger's transfer fails there, not here: the double stands for it with an empty hand."""
    desk = odd_desk
    desk.fund.set_premium(RATE, sender=desk.governor)
    desk.stake(desk.staker, STAKE)
    desk.fill_reserve(STAKE)
    desk.token.set_fee(5_000, sender=desk.governor)
    wait(YEAR)
    receipt = desk.fund.accrue(sender=desk.stranger)
    # Half of what was sent has arrived, and is what is booked.
    assert receipt.return_value == pytest.approx(STAKE // 20, abs=9)
    assert desk.token.balanceOf(desk.fund) == desk.assets
