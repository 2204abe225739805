"""A fund with members."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import Club, club_maker


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
