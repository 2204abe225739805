"""DefaultFund.withdraw: what leaves, rounded down, and what has to stay."""

from __future__ import annotations

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS
from tests.unit.insurance_fund.helpers import PAR, RETURNS_FALSE, USDC, ZERO
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_a_withdrawal_rounds_down(club):
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, STAKE, STAKE)
    club.earn(7)
    contribution, _ = club.shares(club.member)
    assets, total, _ = club.fund.tranche(CONTRIBUTIONS)
    burnt = contribution // 3 + 1
    club.open_window(club.member, burnt, 0)
    paid = club.fund.withdraw(club.member, sender=club.member).return_value
    assert paid == burnt * (assets + 1) // (total + PAR)
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (assets - paid, total - burnt, 0)
    assert club.shares(club.member)[0] == contribution - burnt


def test_dust_may_be_withdrawn_for_nothing(club):
    club.join(club.member, STAKE, STAKE)
    club.open_window(club.member, 1, 0)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 0


def test_the_pledge_left_covers_the_contribution_left(club):
    club.join(club.member, STAKE, STAKE + 10)
    contribution, pledge = club.shares(club.member)
    club.open_window(club.member, 0, 11 * PAR)
    with reverts("default fund: pledge too small"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.cancel_notice(sender=club.member)
    club.open_window(club.member, 0, 10 * PAR)
    club.fund.withdraw(club.member, sender=club.member)
    club.open_window(club.member, contribution, pledge - 11 * PAR)
    club.fund.withdraw(club.member, sender=club.member)
    assert club.worth(club.member, ASSESSMENTS) == 1


def test_a_contribution_leaves_even_if_the_pledge_has_paid(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, 0, STAKE - USDC)
    contribution, _ = club.shares(club.member)
    club.open_window(club.member, contribution // 2, 0)
    club.fund.withdraw(club.member, sender=club.member)


def test_the_recipient_is_somebody_else_than_nobody_or_the_fund(club):
    club.join(club.member, STAKE, STAKE)
    club.open_window(club.member, *club.shares(club.member))
    for nobody in (ZERO, club.fund.address):
        with reverts("default fund: no recipient"):
            club.fund.withdraw(nobody, sender=club.member)
    club.fund.withdraw(club.partner, sender=club.member)


def test_a_token_that_fails_on_the_way_out_keeps_the_shares(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.open_window(club.member, *club.shares(club.member))
    club.token.set_behaviour(RETURNS_FALSE, sender=club.governor)
    with reverts("vault: token transfer failed"):
        club.fund.withdraw(club.member, sender=club.member)
    club.token.set_behaviour(0, sender=club.governor)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 2 * STAKE


def test_a_leaver_says_how_much_they_get_at_least(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    club.draw(club.stranger, 0, 4, 0)
    with reverts("fund: outside the caller's bound"):
        club.fund.withdraw(club.member, 2 * STAKE, sender=club.member)
    receipt = club.fund.withdraw(club.member, 2 * STAKE - 1, sender=club.member)
    assert receipt.return_value == 2 * STAKE - 1
