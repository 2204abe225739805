"""The DefaultFund as deployed: empty, with its terms, in units of its token."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    COOLDOWN,
    RATE,
    TERMS,
    WINDOW,
)
from tests.unit.insurance_fund.helpers import PAR, WAD, ZERO
from verification.engine.reverts import reverts


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
    for premiums in ((500_001, 0), (0, 500_001)):
        terms = (COOLDOWN, WINDOW, RATE, *premiums)
        with reverts("premiums: rate out of bounds"):
            project.DefaultFund.deploy(club.token, club.ledger, terms, sender=club.governor)


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_token_decimals_set_the_scale(project, make_club, admin, decimals):
    club = make_club(project.TestToken.deploy("T", "T", decimals, sender=admin))
    club.join(club.member, 10 * club.unit, 20 * club.unit)
    assert club.fund.value_of(club.member, CONTRIBUTIONS) == 10 * WAD
    assert club.fund.value_of(club.member, ASSESSMENTS) == 20 * WAD
    assert club.shares(club.member) == (10 * club.unit * PAR, 20 * club.unit * PAR)
    assert tuple(club.fund.available()) == (10 * WAD, 20 * WAD)
    receipt = club.draw(club.member, club.unit, 2 * club.unit, 3 * club.unit)
    assert tuple(receipt.return_value) == (WAD, 2 * WAD, 3 * WAD, 0)
    assert (club.contributions, club.assessments) == (7 * club.unit, 17 * club.unit)
    assert club.leave(club.member) == 24 * club.unit
