"""DefaultFund.set_terms: kept as given, inside hard bounds, by the ledger's owner."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.default_fund.helpers import TERMS
from tests.unit.insurance_fund.helpers import DAY, HOUR, USDC, YEAR
from verification.engine.reverts import reverts


@pytest.mark.parametrize(
    "terms", [(HOUR, 1_200, 0, 0, 0), (30 * DAY, 7 * DAY, 500_000, 500_000, 500_000)]
)
def test_terms_at_their_bounds(club, terms):
    receipt = club.fund.set_terms(terms, sender=club.governor)
    assert [tuple(log.terms) for log in receipt.events.filter(club.fund.SetTerms)] == [terms]
    assert tuple(club.fund.terms()) == terms


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((HOUR - 1, 1_200, 0, 0, 0), "leave timing: cooldown out of bounds"),
        ((30 * DAY + 1, DAY, 0, 0, 0), "leave timing: cooldown out of bounds"),
        ((HOUR, 1_199, 0, 0, 0), "leave timing: window out of bounds"),
        ((HOUR, 1_201, 0, 0, 0), "leave timing: window out of bounds"),
        ((30 * DAY, 7 * DAY + 1, 0, 0, 0), "leave timing: window out of bounds"),
        ((DAY, HOUR, 500_001, 0, 0), "fund terms: rate out of bounds"),
        ((DAY, HOUR, 0, 500_001, 0), "premiums: rate out of bounds"),
        ((DAY, HOUR, 0, 0, 500_001), "premiums: rate out of bounds"),
    ],
)
def test_terms_out_of_bounds(club, terms, reason):
    with reverts(reason):
        club.fund.set_terms(terms, sender=club.governor)


def test_only_the_owner_of_the_clearinghouse_sets_terms(club):
    with reverts("fund: only the owner"):
        club.fund.set_terms(TERMS, sender=club.member)


def test_what_has_accrued_is_paid_at_the_rates_before(pair):
    club = pair
    club.set_premiums(100_000, 50_000)
    club.fill_reserve(10**12)
    chain.pending_timestamp = chain.blocks.head.timestamp + YEAR
    club.set_premiums(0, 0)
    assert club.contributions == pytest.approx(4_400 * USDC, abs=99)
    assert club.assessments == pytest.approx(4_200 * USDC, abs=99)
