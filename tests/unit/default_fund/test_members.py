"""The DefaultFund: terms, deposits, notices, withdrawals and winding down."""

from __future__ import annotations

import pytest
from ape import chain

from tests.reverts import reverts
from tests.unit.default_fund_helpers import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    COOLDOWN,
    RATE,
    REDEEMING,
    WEIGHT,
    WINDING_DOWN,
    WINDOW,
)
from tests.unit.fund_helpers import (
    DAY,
    HOUR,
    PAR,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WAD,
    ZERO,
    wait_until,
)

STAKE = 1_000 * USDC
TERMS = (COOLDOWN, WINDOW, RATE, WEIGHT)


# Constructor and terms ----------------------------------------------------------------------------


def test_starts_empty_with_its_terms(club):
    assert club.fund.SETTLEMENT_TOKEN() == club.token
    assert club.fund.CLEARINGHOUSE() == club.ledger
    assert tuple(club.fund.terms()) == TERMS
    assert tuple(club.fund.tranche(CONTRIBUTIONS)) == (0, 0, 0)
    assert tuple(club.fund.tranche(ASSESSMENTS)) == (0, 0, 0)
    assert tuple(club.fund.available()) == (0, 0)
    with reverts():
        club.fund.tranche(2)


def test_constructor_wants_a_clearinghouse_and_a_token_of_18_decimals_at_most(project, club):
    with reverts("fund: no clearinghouse"):
        project.DefaultFund.deploy(club.token, ZERO, TERMS, sender=club.governor)
    token = project.TestToken.deploy("T", "T", 19, sender=club.governor)
    with reverts("fund: too many decimals"):
        project.DefaultFund.deploy(token, club.ledger, TERMS, sender=club.governor)
    with reverts("fund terms: weight out of bounds"):
        project.DefaultFund.deploy(
            club.token, club.ledger, (COOLDOWN, WINDOW, RATE, 0), sender=club.governor
        )


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_token_decimals_set_the_scale(project, make_club, accounts, decimals):
    club = make_club(project.TestToken.deploy("T", "T", decimals, sender=accounts[0]))
    club.join(club.member, 10 * club.unit, 20 * club.unit)
    assert club.fund.value_of(club.member, CONTRIBUTIONS) == 10 * WAD
    assert club.fund.value_of(club.member, ASSESSMENTS) == 20 * WAD
    assert club.shares(club.member) == (10 * club.unit * PAR, 20 * club.unit * PAR)
    assert tuple(club.fund.available()) == (10 * WAD, 20 * WAD)
    receipt = club.draw(club.member, club.unit, 2 * club.unit, 3 * club.unit)
    assert tuple(receipt.return_value) == (WAD, 2 * WAD, 3 * WAD)
    assert (club.contributions, club.assessments) == (7 * club.unit, 17 * club.unit)
    assert club.leave(club.member) == 24 * club.unit


@pytest.mark.parametrize("terms", [(HOUR, 1_200, 0, 1), (30 * DAY, 7 * DAY, 500_000, 10)])
def test_terms_at_their_bounds(club, terms):
    receipt = club.fund.set_terms(terms, sender=club.governor)
    assert [tuple(log.terms) for log in receipt.events.filter(club.fund.SetTerms)] == [terms]
    assert tuple(club.fund.terms()) == terms


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((HOUR - 1, 1_200, 0, 1), "leave timing: cooldown out of bounds"),
        ((30 * DAY + 1, DAY, 0, 1), "leave timing: cooldown out of bounds"),
        ((HOUR, 1_199, 0, 1), "leave timing: window out of bounds"),
        ((HOUR, 1_201, 0, 1), "leave timing: window out of bounds"),
        ((30 * DAY, 7 * DAY + 1, 0, 1), "leave timing: window out of bounds"),
        ((DAY, HOUR, 500_001, 1), "fund terms: rate out of bounds"),
        ((DAY, HOUR, 0, 0), "fund terms: weight out of bounds"),
        ((DAY, HOUR, 0, 11), "fund terms: weight out of bounds"),
    ],
)
def test_terms_out_of_bounds(club, terms, reason):
    with reverts(reason):
        club.fund.set_terms(terms, sender=club.governor)


def test_only_the_owner_of_the_clearinghouse_sets_terms(club):
    with reverts("fund: only the owner"):
        club.fund.set_terms(TERMS, sender=club.member)


# Deposits -----------------------------------------------------------------------------------------


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


def test_a_deposit_that_mints_nothing_is_refused(club):
    """After the value of a share has grown beyond a unit."""
    club.join(club.member, USDC, USDC)
    club.draw(club.member, USDC - 1, 0, 0)
    club.pay_fees(10**9 * USDC)
    club.supply_wallet(club.member, STAKE)
    with reverts("default fund: no shares for this"):
        club.fund.deposit(1, 1, sender=club.member)


def test_a_tranche_has_room_for_2_to_the_96_units(club):
    limit = 2**96 - 1
    club.supply_wallet(club.member, 2**98)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(0, limit + 1, sender=club.member)
    club.fund.deposit(limit, limit, sender=club.member)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(0, 1, sender=club.member)
    club.supply_wallet(club.stranger, 5)
    with reverts("loss tranches: tranche is full"):
        club.fund.receive_fees(5, sender=club.stranger)
    club.draw(club.member, limit, limit, limit)
    assert (club.contributions, club.assessments) == (0, 0)


def test_a_token_that_keeps_a_fee_or_fails_is_refused(odd_club):
    club = odd_club
    club.supply_wallet(club.member, 4 * STAKE)
    club.token.set_fee(1, sender=club.governor)
    with reverts("default fund: token arrived short"):
        club.fund.deposit(0, STAKE, sender=club.member)
    with reverts("default fund: token arrived short"):
        club.fund.receive_fees(STAKE, sender=club.member)
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


# Notices ------------------------------------------------------------------------------------------


def test_leaving_takes_notice_cooldown_and_window(club):
    club.join(club.member, STAKE, STAKE)
    shares = club.shares(club.member)
    receipt = club.fund.give_notice(*shares, sender=club.member)
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.pledge_shares) == shares
    assert notice.ready_at == receipt.timestamp + COOLDOWN
    assert notice.lapses_at == notice.ready_at + WINDOW
    assert receipt.events == [
        club.fund.GiveNotice(
            member=club.member,
            contribution_shares=shares[0],
            pledge_shares=shares[1],
            ready_at=notice.ready_at,
            lapses_at=notice.lapses_at,
        )
    ]
    wait_until(notice.ready_at)
    receipt = club.fund.withdraw(club.stranger, sender=club.member)
    assert receipt.return_value == 2 * STAKE == club.token.balanceOf(club.stranger)
    assert [log for log in receipt.events if log.event_name == "Withdraw"] == [
        club.fund.Withdraw(
            member=club.member,
            tranche=tranche,
            recipient=club.stranger,
            tokens=STAKE,
            member_shares=0,
            assets=0,
            total_shares=0,
        )
        for tranche in (CONTRIBUTIONS, ASSESSMENTS)
    ]
    assert club.shares(club.member) == (0, 0)
    assert tuple(club.fund.notice_of(club.member)) == (0, 0, 0, 0)
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.stranger, sender=club.member)


def test_the_window_opens_and_shuts_on_the_second(club):
    club.join(club.member, STAKE, STAKE)
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.give_notice(PAR, 0, sender=club.member)
    notice = club.fund.notice_of(club.member)
    for when, is_open in (
        (notice.ready_at - 1, False),
        (notice.ready_at, True),
        (notice.lapses_at - 1, True),
        (notice.lapses_at, False),
    ):
        chain.pending_timestamp = when
        if is_open:
            checkpoint = chain.snapshot()
            club.fund.withdraw(club.member, sender=club.member)
            chain.restore(checkpoint)
        else:
            with reverts("leave notices: no open window"):
                club.fund.withdraw(club.member, sender=club.member)


def test_one_notice_at_a_time_until_it_lapses(club):
    club.join(club.member, STAKE, STAKE)
    contribution, pledge = club.shares(club.member)
    club.open_window(club.member, contribution // 2, pledge)
    with reverts("leave notices: notice pending"):
        club.fund.give_notice(1, 0, sender=club.member)
    wait_until(club.fund.notice_of(club.member).lapses_at)
    club.fund.give_notice(0, 7, sender=club.member)
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.pledge_shares) == (0, 7)
    with reverts("leave notices: notice pending"):
        club.fund.give_notice(1, 0, sender=club.member)


def test_a_notice_is_for_what_one_has(club):
    club.join(club.member, STAKE, 2 * STAKE)
    contribution, pledge = club.shares(club.member)
    with reverts("leave notices: no shares named"):
        club.fund.give_notice(0, 0, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(contribution + 1, 0, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(0, pledge + 1, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(1, 0, sender=club.stranger)
    club.fund.give_notice(contribution, pledge, sender=club.member)


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


def test_a_notice_keeps_its_times_when_the_terms_change(club):
    club.join(club.member, STAKE, STAKE)
    club.fund.give_notice(PAR, PAR, sender=club.member)
    before = tuple(club.fund.notice_of(club.member))
    club.fund.set_terms((HOUR, 1_200, RATE, WEIGHT), sender=club.governor)
    assert tuple(club.fund.notice_of(club.member)) == before


def test_a_deposit_does_not_grow_a_notice(club):
    club.join(club.member, STAKE, STAKE)
    shares = club.shares(club.member)
    club.open_window(club.member, *shares)
    club.join(club.member, STAKE, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 2 * STAKE
    assert club.shares(club.member) == shares


# Withdrawals --------------------------------------------------------------------------------------


def test_a_withdrawal_rounds_down(club):
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, STAKE, STAKE)
    club.pay_fees(7)
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


# Winding down -------------------------------------------------------------------------------------


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
    club.fund.reserve(WAD, sender=club.governor)
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
