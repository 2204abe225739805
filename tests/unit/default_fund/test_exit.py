"""DefaultFund.exit: in redemption everybody leaves, and before it nobody."""

from __future__ import annotations

from tests.unit.default_fund.helpers import REDEEMING, WINDING_DOWN
from tests.unit.insurance_fund.helpers import PAR, USDC, WAD, ZERO
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_nobody_comes_or_goes_while_winding_down(club):
    club.join(club.member, STAKE, STAKE)
    club.open_window(club.member, *club.shares(club.member))
    club.supply_wallet(club.partner, STAKE)
    club.set_phase(WINDING_DOWN)
    with reverts("fund: winding down"):
        club.fund.withdraw(club.member, sender=club.member)
    with reverts("fund: winding down"):
        club.fund.deposit(0, STAKE, sender=club.partner)
    with reverts("default fund: not redeeming"):
        club.fund.exit(club.member, sender=club.member)
    club.draw(club.stranger, 0, STAKE // 2, 0)
    assert club.contributions == STAKE // 2


def test_everybody_exits_in_redemption(club):
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, 2 * STAKE, 2 * STAKE)
    with reverts("default fund: not redeeming"):
        club.fund.exit(club.member, sender=club.member)
    club.require(club.member, 10_000 * WAD)
    club.fund.give_notice(PAR, PAR, sender=club.member)
    club.ledger.set_exits(False, 0, sender=club.governor)
    club.set_phase(REDEEMING)
    with reverts("fund: winding down"):
        club.fund.withdraw(club.member, sender=club.member)
    with reverts("fund: winding down"):
        club.fund.deposit(0, STAKE, sender=club.member)
    with reverts("default fund: no recipient"):
        club.fund.exit(ZERO, sender=club.member)
    assert club.fund.exit(club.stranger, sender=club.member).return_value == 2 * STAKE
    assert club.token.balanceOf(club.stranger) == 2 * STAKE
    assert tuple(club.fund.notice_of(club.member)) == (0, 0, 0, 0)
    with reverts("default fund: nothing held"):
        club.fund.exit(club.stranger, sender=club.member)
    club.fund.exit(club.partner, sender=club.partner)
    assert club.token.balanceOf(club.fund) == club.contributions + club.assessments == 0


def test_whoever_has_only_a_pledge_left_exits_with_that(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE, 0)
    assert club.shares(club.member)[0] == 0
    club.set_phase(REDEEMING)
    assert club.fund.exit(club.stranger, sender=club.member).return_value == STAKE
    assert club.shares(club.member) == (0, 0)
    with reverts("default fund: nothing held"):
        club.fund.exit(club.stranger, sender=club.member)
