"""DefaultFund.restore: recoveries go back to the tiers that have paid."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS, account_of
from tests.unit.insurance_fund.helpers import PAR, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_recoveries_go_back_by_tier(pair):
    club = pair
    club.draw(club.member, STAKE, 3 * STAKE // 2, STAKE)
    assert club.shares(club.member)[0] == 0
    receipt = club.restore(club.member, 100 * USDC, 300 * USDC, 40 * USDC)
    assert club.worth(club.partner, CONTRIBUTIONS) == pytest.approx(1_800 * USDC, abs=1)
    assert club.worth(club.member, CONTRIBUTIONS) == pytest.approx(100 * USDC, abs=1)
    assert club.worth(club.member, ASSESSMENTS) == pytest.approx(760 * USDC, abs=1)
    assert receipt.events.filter(club.fund.Restore) == [
        club.fund.Restore(
            account=account_of(club.member),
            own=100 * USDC,
            contributions=300 * USDC,
            assessments=40 * USDC,
            owner_shares=club.shares(club.member)[0],
            contribution_assets=1_900 * USDC,
            contribution_shares=club.fund.tranche(CONTRIBUTIONS)[1],
            assessment_assets=3_040 * USDC,
        )
    ]
    assert club.token.balanceOf(club.fund) == club.contributions + club.assessments


def test_a_recovery_of_nothing_does_nothing(pair):
    assert pair.restore(pair.member, 0, 0, 0).events.filter(pair.fund.Restore) == []


def test_an_own_part_too_small_for_a_share_goes_to_all(club):
    club.join(club.member, USDC, USDC)
    club.draw(club.member, USDC - 1, 0, 0)
    club.pay_fees(10**9 * USDC)
    before = club.fund.tranche(CONTRIBUTIONS)
    club.restore(club.partner, 1, 0, 0)
    after = club.fund.tranche(CONTRIBUTIONS)
    assert (after[0], after[1]) == (before[0] + 1, before[1])
    assert club.shares(club.partner)[0] == 0


def test_recoveries_for_members_who_are_gone_wait_for_the_next(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.member, STAKE, STAKE, STAKE)
    club.restore(club.member, 0, 30 * USDC, 40 * USDC)
    assert (club.contributions, club.assessments) == (30 * USDC, 40 * USDC)
    club.join(club.partner, STAKE, STAKE)
    assert club.worth(club.partner, CONTRIBUTIONS) == pytest.approx(1_030 * USDC, abs=1)
    assert club.worth(club.partner, ASSESSMENTS) == pytest.approx(1_040 * USDC, abs=1)


def test_the_owner_gets_shares_at_par_in_an_empty_tranche(club):
    club.restore(club.member, STAKE, 0, 0)
    assert club.shares(club.member) == (STAKE * PAR, 0)
    assert club.leave(club.member) == STAKE


def test_a_recovery_that_arrives_short_is_refused(odd_club):
    club = odd_club
    club.token.set_fee(100, sender=club.governor)
    with reverts("default fund: token arrived short"):
        club.restore(club.member, 0, STAKE, 0)
    club.token.set_fee(0, sender=club.governor)
    club.restore(club.member, 0, STAKE, 0)
