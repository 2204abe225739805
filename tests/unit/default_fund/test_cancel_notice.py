"""DefaultFund.cancel_notice: those who stay after all wait again."""

from __future__ import annotations

from tests.unit.default_fund.helpers import COOLDOWN
from tests.unit.insurance_fund.helpers import PAR, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_cancelling_means_waiting_again(club):
    club.join(club.member, STAKE, STAKE)
    with reverts("leave notices: no notice"):
        club.fund.cancel_notice(sender=club.member)
    club.open_window(club.member, *club.shares(club.member))
    receipt = club.fund.cancel_notice(sender=club.member)
    assert receipt.events == [club.fund.CancelNotice(member=club.member)]
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    with reverts("leave notices: no notice"):
        club.fund.cancel_notice(sender=club.member)
    receipt = club.fund.give_notice(PAR, PAR, sender=club.member)
    assert club.fund.notice_of(club.member).ready_at == receipt.timestamp + COOLDOWN
