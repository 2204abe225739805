"""DefaultFund.draw: each tier pays what it is asked, and no more than it has."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.default_fund.helpers import ASSESSMENTS, CONTRIBUTIONS, account_of
from tests.unit.insurance_fund.helpers import (
    BURNS_GAS,
    MAX_UINT,
    PAR,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WAD,
    YEAR,
)
from tests.unit.insurance_fund.helpers import CASH_PER_UNIT as UNIT
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC

# A draw of all three tiers on cold storage; what the ledger double does is in it,
# and two records of eight words.
MAX_DRAW_GAS = 340_000


def test_each_tier_pays_what_it_is_asked(pair):
    club = pair
    receipt = club.draw(club.member, 400 * USDC, 800 * USDC, 100 * USDC)
    assert tuple(receipt.return_value) == (400 * WAD, 800 * WAD, 100 * WAD, 0)
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
        contribution_draw=1,
        assessment_draw=2,
        deferred=0,
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
    assert tuple(receipt.return_value) == (1_000 * WAD, 3_000 * WAD, 4_000 * WAD, 0)
    assert (club.contributions, club.assessments) == (0, 0)
    assert tuple(club.fund.available_for(account_of(club.member))) == (0, 0, 0)


def test_an_empty_fund_pays_nothing_and_says_nothing(club):
    receipt = club.draw(club.member, STAKE, STAKE, STAKE)
    assert tuple(receipt.return_value) == (0, 0, 0, 0)
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
    assert tuple(receipt.return_value) == (0, 1_000 * WAD, 0, 0)
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
    assert tuple(receipt.return_value) == (seen[0], seen[1] - seen[0], seen[2], 0)
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
    assert tuple(receipt.return_value) == (*asked, 0)
    (event,) = receipt.events.filter(club.fund.Draw)
    tokens = (event.own_tokens, event.contribution_tokens, event.assessment_tokens)
    assert tokens == debited
    assert club.ledger.cash() == sum(asked)
    assert club.ledger.tokens() == sum(debited) == -(-sum(asked) // UNIT)
    assert club.contributions == 4 * STAKE - sum(debited[:2])
    assert club.assessments == 4 * STAKE - debited[2]


def test_own_shares_are_burnt_rounded_up(pair):
    club = pair
    club.earn(1_234_567)
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


@pytest.mark.parametrize("behaviour", [RETURNS_FALSE, REVERTS, BURNS_GAS])
def test_a_draw_that_cannot_be_handed_over_is_owed(odd_club, behaviour):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.token.set_behaviour(behaviour, sender=club.governor)
    receipt = club.draw(club.member, STAKE // 2, STAKE // 4, STAKE // 4)
    assert tuple(receipt.return_value) == (500 * WAD, 250 * WAD, 250 * WAD, 1_000 * WAD)
    assert receipt.events.filter(club.fund.Draw)[0].deferred == 1_000 * WAD
    assert club.fund.deferred() == STAKE
    assert (club.contributions, club.assessments) == (STAKE // 4, STAKE * 3 // 4)
    assert club.token.allowance(club.fund, club.ledger) == 0
    assert club.token.balanceOf(club.fund) == 2 * STAKE


def test_a_token_that_keeps_a_fee_defers_the_draw(odd_club):
    club = odd_club
    club.join(club.member, STAKE, STAKE)
    club.token.set_fee(1, sender=club.governor)
    assert club.draw(club.stranger, 0, STAKE, 0).return_value[3] == 1_000 * WAD
    club.token.set_fee(0, sender=club.governor)
    assert club.draw(club.stranger, 0, 0, STAKE).return_value[3] == 0
    assert club.fund.deferred() == club.token.balanceOf(club.fund) == STAKE


def test_a_draw_asks_for_no_premium_and_loses_none(pair):
    club = pair
    club.set_premiums(100_000, 0)
    club.fill_reserve(STAKE)
    chain.mine(timestamp=chain.pending_timestamp + YEAR)
    club.draw(club.stranger, 0, 2 * STAKE, 0)
    assert club.contributions == 2 * STAKE
    assert club.ledger.reserve() == STAKE * UNIT
    club.fund.accrue(sender=club.stranger)
    assert club.contributions == pytest.approx(2_400 * USDC, abs=99)


@pytest.mark.node
def test_a_draw_of_all_three_tiers_is_cheap(pair):
    """With the ledger holding tokens already, as it always does."""
    club = pair
    club.token.mint(club.ledger, 1, sender=club.stranger)
    club.draw(club.stranger, 0, USDC, USDC)
    receipt = club.draw(club.member, USDC, USDC, USDC)
    assert receipt.gas_used < MAX_DRAW_GAS
