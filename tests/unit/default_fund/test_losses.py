"""The DefaultFund: draws, epochs, fees, recoveries and those who try to profit from them."""

from __future__ import annotations

import pytest

from tests.reverts import reverts
from tests.unit.default_fund_helpers import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    RATE,
    REDEEMING,
    WORTHLESS_AT,
    Club,
    account_of,
)
from tests.unit.fund_helpers import CASH_PER_UNIT as UNIT
from tests.unit.fund_helpers import COOLDOWN, MAX_UINT, PAR, RETURNS_FALSE, USDC, WAD, WINDOW

STAKE = 1_000 * USDC

# A draw of all three tiers on cold storage; what the ledger double does is in it.
MAX_DRAW_GAS = 105_000


@pytest.fixture
def pair(club) -> Club:
    """A club of two: the member has a quarter of the contributions and of the pledges."""
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, 3 * STAKE, 3 * STAKE)
    return club


# Draws --------------------------------------------------------------------------------------------


def test_each_tier_pays_what_it_is_asked(pair):
    club = pair
    receipt = club.draw(club.member, 400 * USDC, 800 * USDC, 100 * USDC)
    assert tuple(receipt.return_value) == (400 * WAD, 800 * WAD, 100 * WAD)
    assert (club.contributions, club.assessments) == (2_800 * USDC, 3_900 * USDC)
    # Own money first, then 800 pro rata to 600 and 3,000.
    assert club.worth(club.member, CONTRIBUTIONS) == pytest.approx(600 * USDC * 28 / 36, abs=1)
    assert club.worth(club.partner, CONTRIBUTIONS) == pytest.approx(3_000 * USDC * 28 / 36, abs=1)
    assert club.worth(club.member, ASSESSMENTS) == 975 * USDC
    shares, total = club.shares(club.member)[0], club.fund.tranche(CONTRIBUTIONS)[1]
    (event,) = receipt.events.filter(club.fund.Draw)
    assert event == club.fund.Draw(
        account=account_of(club.member),
        own=400 * WAD,
        contributions=800 * WAD,
        assessments=100 * WAD,
        own_tokens=400 * USDC,
        contribution_tokens=800 * USDC,
        assessment_tokens=100 * USDC,
        owner_shares=shares,
        contribution_assets=2_800 * USDC,
        contribution_shares=total,
        assessment_assets=3_900 * USDC,
    )
    assert shares == 600 * USDC * PAR
    assert total == 3_600 * USDC * PAR
    assert club.token.balanceOf(club.ledger) == 1_300 * USDC == club.ledger.tokens()
    assert club.token.allowance(club.fund, club.ledger) == 0
    assert (club.ledger.account(), club.ledger.cash()) == (account_of(club.member), 1_300 * WAD)


@pytest.mark.parametrize("asked", [4_000 * USDC * UNIT + 1, 10**40, MAX_UINT])
def test_a_tier_pays_no_more_than_it_has(pair, asked):
    club = pair
    receipt = club.fund.draw(account_of(club.member), asked, asked, asked, sender=club.governor)
    assert tuple(receipt.return_value) == (1_000 * WAD, 3_000 * WAD, 4_000 * WAD)
    assert (club.contributions, club.assessments) == (0, 0)
    assert tuple(club.fund.available_for(account_of(club.member))) == (0, 0, 0)


def test_an_empty_fund_pays_nothing_and_says_nothing(club):
    receipt = club.draw(club.member, STAKE, STAKE, STAKE)
    assert tuple(receipt.return_value) == (0, 0, 0)
    assert receipt.events == []
    club.join(club.member, STAKE, STAKE)
    assert club.draw(club.member, 0, 0, 0).events == []


def test_tiers_are_left_alone_that_are_not_asked(pair):
    club = pair
    club.draw(club.member, STAKE // 2, 0, 0)
    assert club.worth(club.partner, CONTRIBUTIONS) == 3 * STAKE
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE // 2
    club.draw(club.member, 0, 0, STAKE)
    assert (club.contributions, club.assessments) == (STAKE * 7 // 2, 3 * STAKE)


def test_who_is_no_member_has_nothing_of_his_own(pair):
    club = pair
    assert tuple(club.fund.available_for(account_of(club.stranger))) == (
        0,
        4_000 * WAD,
        4_000 * WAD,
    )
    receipt = club.draw(club.stranger, STAKE, STAKE, 0)
    assert tuple(receipt.return_value) == (0, 1_000 * WAD, 0)
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE * 3 // 4


def test_what_is_available_is_what_is_paid(pair):
    club = pair
    club.draw(club.stranger, 0, 1_234_567, 7_654_321)
    seen = tuple(club.fund.available_for(account_of(club.member)))
    assert tuple(club.fund.available()) == seen[1:]
    assert seen[0] == club.fund.value_of(club.member, CONTRIBUTIONS)
    receipt = club.fund.draw(
        account_of(club.member), seen[0], seen[1] - seen[0], seen[2], sender=club.governor
    )
    assert tuple(receipt.return_value) == (seen[0], seen[1] - seen[0], seen[2])
    assert (club.contributions, club.assessments) == (0, 0)


@pytest.mark.parametrize(
    ("asked", "debited"),
    [
        ((1, 0, 0), (1, 0, 0)),
        ((1, 1, 1), (1, 0, 0)),
        ((UNIT, 1, UNIT), (1, 1, 1)),
        ((UNIT - 1, UNIT, 1), (1, 1, 0)),
        ((UNIT + 1, UNIT + 1, UNIT + 1), (2, 1, 1)),
        ((0, UNIT // 2, UNIT // 2 + 1), (0, 1, 1)),
        ((0, 0, 1), (0, 0, 1)),
    ],
)
def test_the_sum_is_rounded_up_to_a_unit_once(pair, asked, debited):
    club = pair
    receipt = club.fund.draw(account_of(club.member), *asked, sender=club.governor)
    assert tuple(receipt.return_value) == asked
    (event,) = receipt.events.filter(club.fund.Draw)
    tokens = (event.own_tokens, event.contribution_tokens, event.assessment_tokens)
    assert tokens == debited
    assert club.ledger.cash() == sum(asked)
    assert club.ledger.tokens() == sum(debited) == -(-sum(asked) // UNIT)
    assert club.contributions == 4 * STAKE - sum(debited[:2])
    assert club.assessments == 4 * STAKE - debited[2]


def test_own_shares_are_burnt_rounded_up(pair):
    club = pair
    club.pay_fees(1_234_567)
    assets, total, _ = club.fund.tranche(CONTRIBUTIONS)
    before = club.shares(club.member)[0]
    others = club.worth(club.partner, CONTRIBUTIONS)
    club.draw(club.member, 333_333_333, 0, 0)
    burnt = before - club.shares(club.member)[0]
    assert burnt == -(-333_333_333 * (total + PAR) // (assets + 1))
    assert club.worth(club.partner, CONTRIBUTIONS) >= others


def test_only_the_present_default_manager_draws(pair):
    club = pair
    for outsider in (club.member, club.stranger):
        with reverts("fund: only the default manager"):
            club.fund.draw(account_of(club.member), 1, 1, 1, sender=outsider)
    club.ledger.set_default_manager(club.stranger, sender=club.governor)
    with reverts("fund: only the default manager"):
        club.draw(club.member, 1, 1, 1)
    club.fund.draw(account_of(club.member), 1, 1, 1, sender=club.stranger)


def test_a_token_that_refuses_approval_keeps_everything_as_it_was(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.token.set_behaviour(RETURNS_FALSE, sender=club.governor)
    with reverts("fund: approve failed"):
        club.draw(club.member, STAKE, 0, 0)
    club.token.set_behaviour(0, sender=club.governor)
    club.draw(club.member, STAKE, 0, 0)


@pytest.mark.node
def test_a_draw_of_all_three_tiers_is_cheap(pair):
    """With the ledger holding tokens already, as it always does."""
    club = pair
    club.token.mint(club.ledger, 1, sender=club.stranger)
    club.draw(club.stranger, 0, USDC, USDC)
    receipt = club.draw(club.member, USDC, USDC, USDC)
    assert receipt.gas_used < MAX_DRAW_GAS


# Notices under loss -------------------------------------------------------------------------------


def test_shares_under_notice_pay_like_all_others(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    receipt = club.draw(club.stranger, 0, 2 * STAKE, STAKE)
    (event,) = receipt.events.filter(club.fund.Draw)
    assert (event.own, event.owner_shares) == (0, 0)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE * 5 // 4


def test_a_loss_of_his_own_shrinks_a_notice(pair):
    club = pair
    shares, pledge = club.shares(club.member)
    club.open_window(club.member, shares * 3 // 4 - 1, pledge)
    ready_at = club.fund.notice_of(club.member).ready_at
    receipt = club.draw(club.member, STAKE // 4, 0, 0)
    assert receipt.events.filter(club.fund.ShrinkNotice) == []
    receipt = club.draw(club.member, STAKE // 2, 0, 0)
    left = club.shares(club.member)[0]
    assert left == shares // 4
    assert receipt.events.filter(club.fund.ShrinkNotice) == [
        club.fund.ShrinkNotice(member=club.member, contribution_shares=left)
    ]
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.ready_at) == (left, ready_at)
    # What he adds afterwards waits for a notice of its own.
    club.join(club.member, STAKE, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE * 5 // 4
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE


def test_a_notice_for_shares_that_are_gone_stands_in_nobodys_way(pair):
    club = pair
    club.open_window(club.member, club.shares(club.member)[0], 0)
    club.draw(club.member, STAKE, 0, 0)
    assert club.fund.notice_of(club.member).contribution_shares == 0
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.give_notice(0, club.shares(club.member)[1], sender=club.member)


def test_a_notice_does_not_outlive_the_epoch_of_its_shares(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    club.draw(club.stranger, 0, 4 * STAKE, 0)
    assert club.fund.notice_of(club.member).contribution_shares == 0
    club.join(club.member, STAKE, 0)
    receipt = club.draw(club.member, STAKE // 2, 0, 0)
    assert receipt.events.filter(club.fund.ShrinkNotice) == []
    assert club.fund.notice_of(club.member).contribution_shares == 0
    assert club.fund.notice_of(club.member).pledge_shares == STAKE * PAR
    with reverts("default fund: pledge too small"):
        club.fund.withdraw(club.member, sender=club.member)
    club.join(club.member, 0, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE


def test_a_seen_default_cannot_be_outrun(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    club.fund.reserve(STAKE * UNIT, sender=club.governor)
    with reverts("fund: money is reserved"):
        club.fund.withdraw(club.member, sender=club.member)
    club.draw(club.stranger, 0, 2 * STAKE, 2 * STAKE)
    club.fund.reserve(0, sender=club.governor)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE


# Epochs -------------------------------------------------------------------------------------------


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
    assert tuple(receipt.return_value) == (0, 9 * UNIT, 0)
    club.join(club.partner, STAKE, STAKE + 9_991)
    assert club.shares(club.partner)[0] == STAKE * PAR
    assert club.worth(club.partner, CONTRIBUTIONS) == pytest.approx(STAKE + 9_990, abs=1)


@pytest.mark.parametrize("left", [0, 1, 999, STAKE // 2_000])
def test_eight_wipe_outs_in_a_row(club, left):
    """Or nearly: each round's newcomer has what he staked, and the numbers stay small."""
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


# Fees ---------------------------------------------------------------------------------------------


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


# Recoveries ---------------------------------------------------------------------------------------


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


# Attacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gift", [USDC, 10**6 * USDC, 10**9 * USDC])
def test_inflating_a_share_costs_the_attacker(club, gift):
    """Down to next to no shares by a default of his own, then up with fees."""
    attacker, victim = club.member, club.partner
    club.join(attacker, USDC, USDC)
    club.draw(attacker, USDC - 1, 0, 0)
    club.draw(attacker, 0, 0, USDC)  # so that all fees go to the contributions
    club.pay_fees(gift)
    assert club.worth(attacker, CONTRIBUTIONS) <= gift // 2 + 1
    club.join(victim, 2_000 * USDC, 2_000 * USDC)
    lost = 2_000 * USDC - club.worth(victim, CONTRIBUTIONS)
    assert lost <= gift // PAR + 1
    assert gift - club.worth(attacker, CONTRIBUTIONS) > lost * 1_000


def test_round_trips_never_gain(club):
    club.join(club.partner, 7 * USDC, 7 * USDC)
    club.draw(club.stranger, 0, 1_234_567, 2_345_678)
    club.pay_fees(13)
    for amount in (USDC + 1, 1_000_003, 3_333_333):
        club.join(club.member, amount, 2 * amount)
        assert 3 * amount - 2 <= club.leave(club.member) <= 3 * amount


REENTRIES = [
    ("deposit", lambda club: (1, 1)),
    ("give_notice", lambda club: (1, 1)),
    ("cancel_notice", lambda club: ()),
    ("withdraw", lambda club: (club.stranger,)),
    ("exit", lambda club: (club.stranger,)),
    ("draw", lambda club: (1, 1, 1, 1)),
    ("receive_fees", lambda club: (1,)),
    ("release_requirement", lambda club: (1,)),
    ("tranche", lambda club: (0,)),
    ("value_of", lambda club: (club.member, 0)),
    ("available", lambda club: ()),
    ("available_for", lambda club: (1,)),
    ("required", lambda club: (club.member,)),
]


@pytest.mark.parametrize(("name", "arguments"), REENTRIES, ids=[name for name, _ in REENTRIES])
def test_the_token_cannot_call_back(odd_club, name, arguments):
    """Neither in a deposit, nor in a draw, nor in a withdrawal; not even to look."""
    club = odd_club
    data = getattr(club.fund, name).encode_input(*arguments(club))
    club.token.set_hook(club.fund, data, True, sender=club.governor)
    club.join(club.member, STAKE, STAKE)
    assert (club.token.hook_calls(), club.token.hook_succeeded()) == (1, False)
    club.draw(club.member, USDC, USDC, USDC)
    assert (club.token.hook_calls(), club.token.hook_succeeded()) == (2, False)
    club.token.set_hook(club.fund, data, False, sender=club.governor)
    club.leave(club.member)
    assert (club.token.hook_calls(), club.token.hook_succeeded()) == (3, False)
    assert club.contributions + club.assessments == club.token.balanceOf(club.fund)


# --------------------------------------------------------------------------------------------------
# Shares that outgrow their units, and shares without a unit
# --------------------------------------------------------------------------------------------------


def test_a_tranche_is_full_when_its_shares_do_not_fit(club):
    """After a loss a unit buys a million million of them; the units themselves would fit."""
    club.join(club.member, 10**9, 10**9)
    club.draw(club.stranger, 0, 10**9 - 1_000, 0)
    assert club.fund.tranche(0)[1] == 10**15
    club.supply_wallet(club.partner, 2**92)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(2**89, 2**89, sender=club.partner)
    club.fund.deposit(2**88, 2**88, sender=club.partner)
    assert club.contributions == 2**88 + 1_000
    assert 2**127 < club.fund.tranche(0)[1] < 2**128


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


def test_whoever_has_only_a_pledge_left_exits_with_that(club):
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE, 0)
    assert club.shares(club.member)[0] == 0
    club.set_phase(REDEEMING)
    assert club.fund.exit(club.stranger, sender=club.member).return_value == STAKE
    assert club.shares(club.member) == (0, 0)
    with reverts("default fund: nothing held"):
        club.fund.exit(club.stranger, sender=club.member)
