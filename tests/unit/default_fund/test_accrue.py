"""DefaultFund.accrue: each tranche earns by its own rate, out of the reserve and no other."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.default_fund.helpers import CONTRIBUTIONS, WINDING_DOWN
from tests.unit.insurance_fund.helpers import USDC, YEAR

STAKE = 1_000 * USDC


@pytest.fixture
def pair(pair):
    pair.set_premiums(60_000, 20_000)
    return pair


def wait(seconds: int) -> None:
    """Let the next transaction come so much later than the last."""
    chain.pending_timestamp = chain.blocks.head.timestamp + seconds


def test_each_tranche_earns_by_its_rate(pair):
    club = pair
    club.fill_reserve(STAKE)
    since = club.fund.accrue(sender=club.stranger).timestamp
    before = club.contributions, club.assessments
    wait(YEAR)
    receipt = club.fund.accrue(sender=club.stranger)
    passed = receipt.timestamp - since
    due = [
        held * rate * passed // (10**6 * YEAR)
        for held, rate in zip(before, (60_000, 20_000), strict=True)
    ]
    assert receipt.return_value == sum(due)
    assert receipt.events.filter(club.fund.Accrue) == [
        club.fund.Accrue(asked=sum(due), paid=sum(due))
    ]
    assert receipt.events.filter(club.fund.Premium) == [
        club.fund.Premium(
            contribution_tokens=due[0],
            assessment_tokens=due[1],
            contribution_assets=before[0] + due[0],
            assessment_assets=before[1] + due[1],
        )
    ]
    assert club.worth(club.member, CONTRIBUTIONS) == (before[0] + due[0]) // 4
    assert club.token.balanceOf(club.fund) == club.contributions + club.assessments


def test_what_the_reserve_has_is_shared_in_proportion(pair):
    club = pair
    club.fund.accrue(sender=club.stranger)
    club.fill_reserve(4)
    wait(YEAR)
    assert club.fund.accrue(sender=club.stranger).return_value == 4
    assert (club.contributions - 4 * STAKE, club.assessments - 4 * STAKE) == (3, 1)
    club.fill_reserve(STAKE)
    wait(1)
    assert club.fund.accrue(sender=club.stranger).return_value <= 100


def test_a_tranche_without_shares_earns_nothing(pair):
    club = pair
    club.draw(club.stranger, 0, 4 * STAKE - 1, 0)
    club.draw(club.stranger, 0, 0, STAKE)
    club.fund.accrue(sender=club.stranger)
    club.fill_reserve(STAKE)
    wait(YEAR)
    club.fund.accrue(sender=club.stranger)
    assert club.contributions == 1
    assert club.assessments == pytest.approx(3_060 * USDC, abs=99)


def test_nothing_is_asked_for_in_a_wind_down(pair):
    club = pair
    club.fill_reserve(STAKE)
    club.set_phase(WINDING_DOWN)
    wait(YEAR)
    assert club.fund.accrue(sender=club.stranger).events == []


def test_a_new_member_does_not_share_in_what_has_accrued(pair):
    club = pair
    club.fill_reserve(STAKE)
    wait(YEAR)
    club.join(club.stranger, 100 * STAKE, 100 * STAKE)
    assert club.worth(club.stranger, CONTRIBUTIONS) <= 100 * STAKE
    assert club.worth(club.member, CONTRIBUTIONS) == pytest.approx(1_060 * USDC, abs=99)
