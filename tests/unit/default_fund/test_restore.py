"""DefaultFund.restore: what comes back is kept, by tier, for those who held shares at the draw."""

from __future__ import annotations

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS, account_of
from tests.unit.insurance_fund.helpers import USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_recoveries_are_kept_by_tier(pair):
    club = pair
    club.draw(club.stranger, 0, STAKE, 2 * STAKE)
    receipt = club.restore(club.stranger, 300 * USDC, 40 * USDC)
    account = account_of(club.stranger)
    assert receipt.events.filter(club.fund.Restore) == [
        club.fund.Restore(account=account, tranche=tranche, tokens=tokens, booked=tokens)
        for tranche, tokens in ((ASSESSMENTS, 40 * USDC), (CONTRIBUTIONS, 300 * USDC))
    ]
    assert (club.contributions, club.assessments) == (3 * STAKE, 2 * STAKE)
    assert club.fund.kept() == 340 * USDC
    assert [tuple(club.fund.loss_of(draw))[2:4] for draw in (1, 2)] == [
        (STAKE, 300 * USDC),
        (2 * STAKE, 40 * USDC),
    ]


def test_a_tier_gets_back_no_more_than_it_paid(pair):
    club = pair
    club.draw(club.stranger, 0, STAKE, 2 * STAKE)
    club.restore(club.stranger, 2 * STAKE, STAKE)
    assert club.fund.kept() == 2 * STAKE
    assert club.fund.forward_unclaimed(sender=club.stranger).return_value == STAKE


def test_the_own_contribution_does_not_come_back(pair):
    """It was the defaulter's to lose; what others paid for them is another matter."""
    club = pair
    club.draw(club.member, STAKE, 0, 0)
    assert club.fund.draw_count() == 0
    club.restore(club.member, STAKE, 0)
    assert club.fund.kept() == club.shares(club.member)[0] == 0


def test_only_what_arrives_is_booked_pledges_first(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE, STAKE)
    club.token.set_fee(5_000, sender=club.governor)
    club.restore(club.stranger, 400, 600)
    assert [club.fund.loss_of(draw).recovered for draw in (1, 2)] == [0, 500]
    club.restore(club.stranger, 800, 0)
    assert [club.fund.loss_of(draw).recovered for draw in (1, 2)] == [400, 500]


def test_only_the_clearinghouse_restores(club):
    with reverts("fund: only the clearinghouse"):
        club.fund.restore(account_of(club.member), 1, 1, sender=club.governor)
