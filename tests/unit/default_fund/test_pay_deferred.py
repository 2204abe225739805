"""DefaultFund.pay_deferred: what draws could not hand over, by anyone, later."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import REVERTS, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_anyone_hands_over_what_is_deferred(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    with reverts("fund: nothing is deferred"):
        club.fund.pay_deferred(sender=club.stranger)
    club.token.set_behaviour(REVERTS, sender=club.governor)
    club.draw(club.stranger, 0, STAKE // 2, STAKE // 4)
    with reverts("odd token: told to revert"):
        club.fund.pay_deferred(sender=club.stranger)
    club.token.set_behaviour(0, sender=club.governor)
    # Nobody who leaves or comes meanwhile has it in the price.
    assert club.leave(club.member) == STAKE * 5 // 4
    receipt = club.fund.pay_deferred(sender=club.stranger)
    tokens = STAKE * 3 // 4
    event = club.fund.PayDeferred(payer=club.stranger, tokens=tokens, arrived=tokens)
    assert event in receipt.events
    assert club.fund.deferred() == club.token.balanceOf(club.fund) == 0
