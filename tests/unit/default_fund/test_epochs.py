"""Tranches of the DefaultFund that losses wipe out, or almost: they begin anew."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS, WORTHLESS_AT
from tests.unit.insurance_fund.helpers import CASH_PER_UNIT as UNIT
from tests.unit.insurance_fund.helpers import PAR, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_a_wiped_out_tranche_begins_anew_and_the_other_does_not(pair):
    club = pair
    total = club.fund.tranche(CONTRIBUTIONS)[1]
    receipt = club.draw(club.stranger, 0, 4 * STAKE, 0)
    assert receipt.events.filter(club.fund.BeginEpoch) == [
        club.fund.BeginEpoch(tranche=CONTRIBUTIONS, epoch=1, void_shares=total, assets=0)
    ]
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (0, 0, 1)
    assert club.shares(club.member) == (0, STAKE * PAR)
    club.join(club.stranger, STAKE, STAKE)
    assert club.shares(club.stranger)[0] == STAKE * PAR
    assert club.worth(club.stranger, CONTRIBUTIONS) == STAKE
    assert club.worth(club.member, CONTRIBUTIONS) == 0
    with reverts("leave notices: more than held"):
        club.fund.give_notice(1, 0, sender=club.member)


def test_a_millionth_of_par_is_enough_to_go_on(club):
    club.join(club.member, 10 * STAKE, 10 * STAKE)
    left = 10 * STAKE * PAR // WORTHLESS_AT
    club.draw(club.stranger, 0, 10 * STAKE - left, 0)
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (left, 10 * STAKE * PAR, 0)
    club.draw(club.stranger, 0, 1, 0)
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (left - 1, 0, 1)
    assert club.worth(club.member, CONTRIBUTIONS) == 0


def test_crumbs_cover_losses_and_go_to_the_next_to_deposit(club):
    club.join(club.member, 10 * STAKE, 10 * STAKE)
    club.draw(club.stranger, 0, 10 * STAKE - 9_999, 0)
    receipt = club.draw(club.stranger, 0, 9, 0)
    assert tuple(receipt.return_value) == (0, 9 * UNIT, 0, 0)
    club.join(club.partner, STAKE, STAKE + 9_991)
    assert club.shares(club.partner)[0] == STAKE * PAR
    assert club.worth(club.partner, CONTRIBUTIONS) == pytest.approx(STAKE + 9_990, abs=1)


@pytest.mark.parametrize("left", [0, 1, 999, STAKE // 2_000])
def test_eight_wipe_outs_in_a_row(club, left):
    """Or nearly: each round's newcomer has what they staked, and the numbers stay small."""
    members = (club.member, club.partner)
    for round_ in range(8):
        who = members[round_ % 2]
        before = club.worth(who, CONTRIBUTIONS), club.worth(who, ASSESSMENTS)
        club.join(who, STAKE, 2 * STAKE)
        gained = club.worth(who, CONTRIBUTIONS) - before[0]
        assert STAKE - 1 <= gained <= STAKE + left + 1
        club.draw(club.stranger, 0, club.contributions - left, club.assessments - left)
        for tranche in (CONTRIBUTIONS, ASSESSMENTS):
            assets, shares, _ = club.fund.tranche(tranche)
            assert assets == left
            assert shares <= left * WORTHLESS_AT
            assert sum(club.worth(member, tranche) for member in members) <= assets
    club.join(club.stranger, STAKE, STAKE)
    assert club.leave(club.stranger) >= 2 * STAKE - 2
