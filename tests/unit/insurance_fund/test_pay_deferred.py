"""InsuranceFund.pay_deferred: what a draw could not hand over, by anyone, later."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import RETURNS_FALSE, REVERTS, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_anyone_hands_over_what_is_deferred(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    with reverts("fund: nothing is deferred"):
        desk.fund.pay_deferred(sender=desk.stranger)
    desk.token.set_behaviour(REVERTS, sender=desk.governor)
    desk.draw(STAKE // 4)
    desk.draw(STAKE // 4)
    with reverts("odd token: told to revert"):
        desk.fund.pay_deferred(sender=desk.stranger)
    desk.token.set_behaviour(RETURNS_FALSE, sender=desk.governor)
    with reverts("vault: token transfer failed"):
        desk.fund.pay_deferred(sender=desk.stranger)
    desk.token.set_behaviour(0, sender=desk.governor)
    receipt = desk.fund.pay_deferred(sender=desk.stranger)
    assert receipt.return_value == STAKE // 2
    event = desk.fund.PayDeferred(payer=desk.stranger, tokens=STAKE // 2, arrived=STAKE // 2)
    assert event in receipt.events
    assert desk.fund.deferred() == 0
    assert desk.token.balanceOf(desk.fund) == desk.assets == STAKE // 2
    with reverts("fund: nothing is deferred"):
        desk.fund.pay_deferred(sender=desk.stranger)


def test_what_the_token_keeps_is_not_owed_again(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_fee(100, sender=desk.governor)
    desk.draw(STAKE // 2)
    assert desk.fund.pay_deferred(sender=desk.stranger).return_value == STAKE // 2 * 99 // 100
    assert desk.fund.deferred() == 0
    assert desk.assets == desk.token.balanceOf(desk.fund) == STAKE // 2


def test_a_token_that_wants_its_allowance_used_up_is_paid_out_too(project, admin, make_desk):
    """USDT: what the failed draw was allowed stands in nobody's way."""
    desk = make_desk(project.MuteToken.deploy(6, sender=admin))
    desk.stake(desk.staker, STAKE)
    desk.ledger.close_draws(True, sender=desk.governor)
    desk.draw(STAKE // 4)
    desk.draw(STAKE // 4)
    desk.ledger.close_draws(False, sender=desk.governor)
    desk.draw(STAKE // 4)
    assert desk.fund.pay_deferred(sender=desk.stranger).return_value == STAKE // 2
    assert desk.token.balanceOf(desk.fund) == desk.assets == STAKE // 4
