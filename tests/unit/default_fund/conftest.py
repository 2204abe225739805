"""A fund with members."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import Club, club_maker
from tests.unit.insurance_fund.helpers import USDC

STAKE = 1_000 * USDC


@pytest.fixture
def make_club(project, admin, people):
    return club_maker(project, admin, people)


@pytest.fixture
def club(project, admin, make_club) -> Club:
    return make_club(project.TestToken.deploy("USD Coin", "USDC", 6, sender=admin))


@pytest.fixture
def odd_club(project, admin, make_club) -> Club:
    """A fund whose token misbehaves when told to."""
    return make_club(project.OddToken.deploy("Odd Coin", "ODD", 6, sender=admin))


@pytest.fixture
def pair(club) -> Club:
    """A club of two: the member has a quarter of the contributions and of the pledges."""
    club.join(club.member, STAKE, STAKE)
    club.join(club.partner, 3 * STAKE, 3 * STAKE)
    return club
