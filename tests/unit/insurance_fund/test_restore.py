"""InsuranceFund.restore: what comes back is kept for the holders of record, and raises no price."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import DEFAULTER, REVERTS, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_what_comes_back_is_kept_for_claims(desk):
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE // 2)
    receipt = desk.restore(STAKE // 4)
    event = desk.fund.Restore(account=DEFAULTER, tranche=0, tokens=STAKE // 4, booked=STAKE // 4)
    assert event in receipt.events
    assert desk.assets == desk.worth(desk.staker) == STAKE // 2
    assert desk.fund.kept() == desk.fund.claimable(1, desk.staker) == STAKE // 4
    assert desk.token.balanceOf(desk.fund) == STAKE * 3 // 4


def test_draws_of_an_account_are_restored_in_their_order(desk):
    desk.stake(desk.staker, STAKE)
    for tokens in (100, 200, 300):
        desk.draw(tokens)
        desk.draw(tokens, account=DEFAULTER + 1)
    assert desk.fund.draw_count() == 6
    for back, recovered in ((50, (50, 0, 0)), (150, (100, 100, 0)), (350, (100, 200, 250))):
        desk.restore(back)
        assert tuple(desk.fund.loss_of(draw).recovered for draw in (1, 3, 5)) == recovered
    assert all(desk.fund.loss_of(draw).recovered == 0 for draw in (2, 4, 6))
    # Beyond what they cost there is no holder; a later draw does not begin with it.
    desk.restore(70)
    assert desk.fund.kept() == 600
    desk.draw(1_000)
    assert desk.fund.loss_of(7).recovered == 0
    desk.restore(10)
    assert tuple(desk.fund.loss_of(7)) == (DEFAULTER, 0, 1_000, 10, STAKE * 10**6, 0)


def test_what_no_draw_has_cost_has_no_holder(desk):
    desk.stake(desk.staker, STAKE)
    desk.restore(STAKE)
    assert desk.fund.kept() == 0
    assert desk.fund.forward_unclaimed(sender=desk.stranger).return_value == STAKE


def test_only_the_clearinghouse_restores(desk):
    desk.fund_wallet(desk.stranger, STAKE)
    with reverts("fund: only the clearinghouse"):
        desk.fund.restore(DEFAULTER, STAKE, sender=desk.stranger)


def test_only_what_arrives_is_booked(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE)
    desk.token.set_fee(5_000, sender=desk.governor)
    desk.restore(STAKE)
    assert desk.fund.kept() == STAKE // 2 == desk.token.balanceOf(desk.fund)
    desk.token.set_behaviour(REVERTS, sender=desk.governor)
    with reverts("odd token: told to revert"):
        desk.restore(STAKE)
