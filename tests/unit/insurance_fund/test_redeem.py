"""InsuranceFund.redeem: requested shares, inside the window."""

from __future__ import annotations

from ape import chain

from tests.unit.insurance_fund.helpers import COOLDOWN, USDC, WINDOW, wait_until
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


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


def test_an_allowance_lets_another_redeem(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.approve(desk.stranger, shares // 2, sender=desk.staker)
    with reverts("erc20: insufficient allowance"):
        desk.fund.redeem(shares // 2 + 1, desk.stranger, desk.staker, sender=desk.stranger)
    desk.fund.redeem(shares // 2, desk.stranger, desk.staker, sender=desk.stranger)
    assert desk.token.balanceOf(desk.stranger) == STAKE // 2
    assert desk.fund.allowance(desk.staker, desk.stranger) == 0


def test_a_leaver_says_how_much_they_get_at_least(desk):
    """Such as when a draw comes first."""
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    least = desk.fund.previewRedeem(shares)
    desk.draw(1)
    with reverts("fund: outside the caller's bound"):
        desk.fund.redeem(shares, desk.staker, desk.staker, least, sender=desk.staker)
    desk.fund.redeem(shares, desk.staker, desk.staker, least - 1, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE - 1


def test_nobody_leaves_or_stakes_while_exits_are_closed(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.ledger.set_exits(False, 0, sender=desk.governor)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    with reverts("fund: closed by a pause"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("fund: closed by a pause"):
        desk.fund.withdraw(1, desk.staker, desk.staker, sender=desk.staker)
    # Nor does anybody come in, who would pay for what happened before.
    assert desk.fund.maxDeposit(desk.newcomer) == desk.fund.maxMint(desk.newcomer) == 0
    with reverts("fund: closed by a pause"):
        desk.fund.deposit(STAKE, desk.newcomer, sender=desk.newcomer)
    with reverts("fund: closed by a pause"):
        desk.fund.mint(STAKE, desk.newcomer, sender=desk.newcomer)
    desk.ledger.set_exits(True, 0, sender=desk.governor)
    assert desk.fund.maxRedeem(desk.staker) == shares
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_clocks_stand_still_while_exits_are_closed(desk):
    """Whatever was stopped before the request does not count for it."""
    desk.ledger.set_exits(True, 5 * COOLDOWN, sender=desk.governor)
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    _, ready_at, lapses_at = desk.fund.request_of(desk.staker)
    desk.ledger.set_exits(True, 5 * COOLDOWN + 1_000, sender=desk.governor)
    assert tuple(desk.fund.request_of(desk.staker)) == (shares, ready_at + 1_000, lapses_at + 1_000)
    chain.mine(timestamp=ready_at + 999)
    assert desk.fund.maxRedeem(desk.staker) == 0
    chain.mine(timestamp=ready_at + 1_000)
    assert desk.fund.maxRedeem(desk.staker) == shares
    # The window is as long as it was, whenever it is interrupted.
    desk.ledger.set_exits(True, 5 * COOLDOWN + 3_000, sender=desk.governor)
    chain.mine(timestamp=lapses_at + 2_999)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.locked_shares(desk.staker) == shares
    chain.mine(timestamp=lapses_at + 3_000)
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.locked_shares(desk.staker) == 0
