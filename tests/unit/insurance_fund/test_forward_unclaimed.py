"""InsuranceFund.forward_unclaimed: what nobody's books have goes to the reserve."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_what_is_beyond_the_books_goes_to_the_reserve(desk):
    desk.stake(desk.staker, STAKE)
    with reverts("fund: nothing to forward"):
        desk.fund.forward_unclaimed(sender=desk.stranger)
    desk.give(7)
    receipt = desk.fund.forward_unclaimed(sender=desk.stranger)
    assert receipt.return_value == 7
    event = desk.fund.ForwardUnclaimed(caller=desk.stranger, tokens=7)
    assert event in receipt.events
    assert desk.token.balanceOf(desk.ledger) == 7
    assert desk.token.balanceOf(desk.fund) == desk.assets == STAKE


def test_claims_and_what_is_deferred_stay(desk):
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE // 4)
    desk.restore(STAKE // 4)
    desk.ledger.close_draws(True, sender=desk.governor)
    desk.draw(STAKE // 4)
    with reverts("fund: nothing to forward"):
        desk.fund.forward_unclaimed(sender=desk.stranger)
    desk.restore(STAKE // 2)  # a quarter more than the account has cost
    assert desk.fund.forward_unclaimed(sender=desk.stranger).return_value == STAKE // 4
    assert desk.fund.kept() == STAKE // 2
    assert desk.token.balanceOf(desk.fund) == STAKE * 5 // 4


def test_a_recovery_of_a_draw_without_shares_is_forwarded(desk):
    """The units of the virtual shares paid; nobody bore it."""
    desk.stake(desk.staker, STAKE)
    desk.earn(USDC)
    desk.leave(desk.staker)
    left = desk.assets
    assert left > 0 == desk.supply
    desk.draw(left)
    assert desk.fund.draw_count() == 0
    desk.restore(left)
    assert desk.fund.forward_unclaimed(sender=desk.stranger).return_value == left
