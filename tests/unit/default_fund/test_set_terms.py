"""DefaultFund.set_terms: kept as given, inside hard bounds, by the ledger's owner."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import COOLDOWN, RATE, WEIGHT, WINDOW
from tests.unit.insurance_fund.helpers import DAY, HOUR
from verification.engine.reverts import reverts

TERMS = (COOLDOWN, WINDOW, RATE, WEIGHT)


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
