"""InsuranceFund.request_redeem: one request at a time, for what one has."""

from __future__ import annotations

from ape import chain

from tests.unit.insurance_fund.helpers import USDC, wait_until
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


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


def test_a_lapsed_request_for_shares_since_sold_is_harmless(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    wait_until(desk.fund.request_of(desk.staker).lapses_at)
    desk.fund.transfer(desk.newcomer, shares, sender=desk.staker)
    assert desk.fund.locked_shares(desk.staker) == desk.fund.maxRedeem(desk.staker) == 0
    desk.fund.transfer(desk.staker, 10, sender=desk.newcomer)
    desk.fund.transfer(desk.newcomer, 10, sender=desk.staker)
    desk.fund.cancel_request(sender=desk.staker)
