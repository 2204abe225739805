"""DefaultFund.deposit: a contribution and a pledge, at the rate of the day."""

from __future__ import annotations

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS
from tests.unit.insurance_fund.helpers import PAR, RETURNS_FALSE, REVERTS, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_the_first_deposit_is_at_par(club):
    receipt = club.join(club.member, STAKE, 2 * STAKE)
    assert [log for log in receipt.events if log.event_name == "Deposit"] == [
        club.fund.Deposit(
            member=club.member,
            tranche=tranche,
            tokens=tokens,
            member_shares=tokens * PAR,
            assets=tokens,
            total_shares=tokens * PAR,
        )
        for tranche, tokens in ((CONTRIBUTIONS, STAKE), (ASSESSMENTS, 2 * STAKE))
    ]
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (STAKE, STAKE * PAR, 0)
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE
    assert club.worth(club.member, ASSESSMENTS) == 2 * STAKE
    assert club.token.balanceOf(club.fund) == 3 * STAKE
    assert club.token.balanceOf(club.member) == 0


def test_later_deposits_are_at_the_rate_of_the_day_rounded_down(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE // 3, 0)
    assets, shares, _ = club.fund.tranche(CONTRIBUTIONS)
    club.join(club.partner, STAKE, STAKE)
    assert club.shares(club.partner)[0] == STAKE * (shares + PAR) // (assets + 1)
    assert STAKE - 1 <= club.worth(club.partner, CONTRIBUTIONS) <= STAKE


def test_either_part_may_be_nothing_but_not_both(club):
    club.supply_wallet(club.member, 10 * STAKE)
    with reverts("default fund: nothing to take"):
        club.fund.deposit(0, 0, sender=club.member)
    club.fund.deposit(0, STAKE, sender=club.member)
    club.fund.deposit(STAKE, 0, sender=club.member)
    assert club.shares(club.member) == (STAKE * PAR, STAKE * PAR)


def test_a_pledge_is_worth_as_much_as_the_contribution(club):
    club.supply_wallet(club.member, 10 * STAKE)
    with reverts("default fund: pledge too small"):
        club.fund.deposit(STAKE, STAKE - 1, sender=club.member)
    with reverts("default fund: pledge too small"):
        club.fund.deposit(STAKE, 0, sender=club.member)
    club.fund.deposit(STAKE, STAKE, sender=club.member)
    with reverts("default fund: pledge too small"):
        club.fund.deposit(1, 0, sender=club.member)
    club.fund.deposit(1, 1, sender=club.member)


def test_a_pledge_that_has_paid_is_made_up_before_the_contribution_grows(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, 0, STAKE // 2)
    club.supply_wallet(club.member, STAKE)
    with reverts("default fund: pledge too small"):
        club.fund.deposit(USDC, USDC, sender=club.member)
    club.fund.deposit(0, USDC, sender=club.member)
    club.fund.deposit(USDC, STAKE // 2 + 1, sender=club.member)


def test_a_stake_is_worth_a_whole_unit_of_cash(club):
    club.supply_wallet(club.member, STAKE)
    with reverts("default fund: stake too small"):
        club.fund.deposit(USDC - 1, USDC, sender=club.member)
    with reverts("default fund: stake too small"):
        club.fund.deposit(0, USDC - 1, sender=club.member)
    club.fund.deposit(USDC, USDC, sender=club.member)
    club.fund.deposit(1, 1, sender=club.member)


def test_a_member_says_how_many_shares_they_get_at_least(club):
    club.join(club.member, STAKE, STAKE)
    club.earn(USDC)
    assets, total, _ = club.fund.tranche(CONTRIBUTIONS)
    club.supply_wallet(club.partner, 2 * STAKE)
    shares = STAKE * (total + PAR) // (assets + 1)
    for least in ((shares + 1, 0), (0, STAKE * PAR + 1)):
        with reverts("fund: outside the caller's bound"):
            club.fund.deposit(STAKE, STAKE, *least, sender=club.partner)
    club.fund.deposit(STAKE, STAKE, shares, STAKE * PAR, sender=club.partner)
    assert club.shares(club.partner) == (shares, STAKE * PAR)


def test_nobody_comes_in_while_exits_are_closed(club):
    """Whoever did would pay for what happened before."""
    club.ledger.set_exits(False, 0, sender=club.governor)
    with reverts("fund: closed by a pause"):
        club.join(club.member, STAKE, STAKE)
    club.ledger.set_exits(True, 0, sender=club.governor)
    club.join(club.member, STAKE, STAKE)
    assert club.shares(club.member) == (STAKE * PAR, STAKE * PAR)


def test_nobody_pays_for_tokens_that_the_issuer_has_taken(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.token.burn(club.fund, 1, sender=club.stranger)
    club.supply_wallet(club.partner, STAKE)
    with reverts("fund: tokens are missing"):
        club.fund.deposit(0, STAKE, sender=club.partner)
    club.token.mint(club.fund, 1, sender=club.stranger)
    club.fund.deposit(0, STAKE, sender=club.partner)


def test_a_tranche_has_room_for_2_to_the_96_units(club):
    limit = 2**96 - 1
    club.supply_wallet(club.member, 2**98)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(0, limit + 1, sender=club.member)
    club.fund.deposit(limit, limit, sender=club.member)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(0, 1, sender=club.member)
    club.draw(club.member, limit, limit, limit)
    assert (club.contributions, club.assessments) == (0, 0)


def test_a_token_that_keeps_a_fee_or_fails_is_refused(odd_club):
    club = odd_club
    club.supply_wallet(club.member, 4 * STAKE)
    club.token.set_fee(1, sender=club.governor)
    with reverts("default fund: token arrived short"):
        club.fund.deposit(0, STAKE, sender=club.member)
    club.token.set_fee(0, sender=club.governor)
    club.token.set_behaviour(RETURNS_FALSE, sender=club.governor)
    with reverts("vault: token transfer failed"):
        club.fund.deposit(0, STAKE, sender=club.member)
    club.token.set_behaviour(REVERTS, sender=club.governor)
    with reverts("odd token: told to revert"):
        club.fund.deposit(0, STAKE, sender=club.member)
    club.token.set_behaviour(0, sender=club.governor)
    club.fund.deposit(0, STAKE, sender=club.member)


def test_a_donation_changes_nothing(club):
    club.join(club.member, STAKE, STAKE)
    club.token.mint(club.fund, 10 * STAKE, sender=club.stranger)
    assert (club.contributions, club.assessments) == (STAKE, STAKE)
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE
    club.join(club.partner, STAKE, STAKE)
    assert club.shares(club.partner) == club.shares(club.member)
