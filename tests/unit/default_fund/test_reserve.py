"""DefaultFund.reserve: nobody leaves while a default has money reserved."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import USDC, WAD
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_nobody_withdraws_while_money_is_reserved(club):
    club.join(club.member, STAKE, STAKE)
    club.open_window(club.member, *club.shares(club.member))
    receipt = club.fund.reserve(WAD, sender=club.governor)
    assert receipt.events == [club.fund.Reserve(manager=club.governor, cash=WAD)]
    assert club.fund.reserved() == WAD
    with reverts("fund: money is reserved"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.reserve(0, sender=club.governor)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 2 * STAKE


def test_a_replaced_manager_holds_nobody(club):
    club.join(club.member, STAKE, STAKE)
    club.fund.reserve(WAD, sender=club.governor)
    club.ledger.set_default_manager(club.stranger, sender=club.governor)
    assert club.fund.reserved() == 0
    assert club.leave(club.member) == 2 * STAKE
    with reverts("fund: only the default manager"):
        club.fund.reserve(WAD, sender=club.governor)
