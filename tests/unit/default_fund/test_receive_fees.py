"""DefaultFund.receive_fees: split between the tranches by assets and weight."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS, RATE
from tests.unit.insurance_fund.helpers import COOLDOWN, USDC, WINDOW
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_fees_are_split_by_assets_and_weight(club):
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, 0, STAKE)
    receipt = club.pay_fees(500 * USDC)
    contributions, assessments = 300 * USDC, 200 * USDC  # 3 x 1,000 : 2,000
    assert receipt.events.filter(club.fund.ReceiveFees) == [
        club.fund.ReceiveFees(
            payer=club.stranger,
            contribution_tokens=contributions,
            assessment_tokens=assessments,
            contribution_assets=STAKE + contributions,
            assessment_assets=2 * STAKE + assessments,
        )
    ]
    assert club.worth(club.member, CONTRIBUTIONS) == pytest.approx(STAKE + contributions, abs=1)
    assert club.worth(club.member, ASSESSMENTS) == pytest.approx(STAKE + assessments / 2, abs=1)
    assert club.worth(club.partner, ASSESSMENTS) == club.worth(club.member, ASSESSMENTS)
    assert club.token.balanceOf(club.fund) == club.contributions + club.assessments


def test_fees_follow_the_weight(club):
    club.join(club.member, STAKE, STAKE)
    club.fund.set_terms((COOLDOWN, WINDOW, RATE, 1), sender=club.governor)
    club.pay_fees(101)
    assert (club.contributions - STAKE, club.assessments - STAKE) == (50, 51)


def test_a_tranche_without_shares_gets_no_fees(club):
    club.join(club.partner, 0, STAKE)
    club.pay_fees(USDC)
    assert (club.contributions, club.assessments) == (0, STAKE + USDC)
    club.join(club.member, STAKE, 2 * STAKE)
    club.draw(club.stranger, 0, 0, 4 * STAKE)
    club.pay_fees(USDC)
    assert (club.contributions, club.assessments) == (STAKE + USDC, 0)


def test_fees_for_nobody_wait_for_the_first_to_deposit_who_pledges_for_them_too(club):
    with reverts("default fund: nothing to take"):
        club.fund.receive_fees(0, sender=club.stranger)
    club.pay_fees(100 * USDC)
    assert club.contributions == 100 * USDC
    club.supply_wallet(club.member, STAKE)
    with reverts("default fund: pledge too small"):
        club.fund.deposit(USDC, 100 * USDC, sender=club.member)
    club.fund.deposit(USDC, 101 * USDC, sender=club.member)
    assert club.worth(club.member, CONTRIBUTIONS) == pytest.approx(101 * USDC, abs=101)


def test_fees_are_not_shared_among_shares_without_a_unit(club):
    """One share of a pledge is left, worth nothing, and no contribution: whoever comes next has
    the fees."""
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE, STAKE // 10)
    (_, shares) = club.shares(club.member)
    club.open_window(club.member, 0, shares - 1)
    club.fund.withdraw(club.member, sender=club.member)
    assert (club.fund.tranche(0)[1], club.fund.tranche(1)[1]) == (0, 1)
    assert (club.contributions, club.assessments) == (0, 0)
    club.pay_fees(5)
    assert (club.contributions, club.assessments) == (5, 0)
    club.join(club.partner, STAKE, 2 * STAKE)
    assert STAKE + 4 <= club.worth(club.partner, 0) <= STAKE + 5
