"""DefaultFund.forward_unclaimed: what nobody's books have goes to the reserve."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_what_is_beyond_the_books_goes_to_the_reserve(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE // 2, STAKE // 2)
    club.restore(club.stranger, STAKE // 4, STAKE // 4)
    club.ledger.close_draws(True, sender=club.governor)
    club.draw(club.stranger, 0, STAKE // 4, 0)
    with reverts("fund: nothing to forward"):
        club.fund.forward_unclaimed(sender=club.stranger)
    club.token.mint(club.fund, 7, sender=club.stranger)
    receipt = club.fund.forward_unclaimed(sender=club.stranger)
    assert receipt.return_value == 7
    event = club.fund.ForwardUnclaimed(caller=club.stranger, tokens=7)
    assert event in receipt.events
    with reverts("fund: nothing to forward"):
        club.fund.forward_unclaimed(sender=club.stranger)
