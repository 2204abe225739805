"""The DefaultFund: those who try to profit from it, and a token that calls back."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.default_fund.helpers import CONTRIBUTIONS, COOLDOWN
from tests.unit.insurance_fund.helpers import USDC, YEAR

STAKE = 1_000 * USDC


def test_nobody_can_make_a_share_dear(club):
    """Down to next to no shares by a default of their own; a gift is not an asset."""
    attacker, victim = club.member, club.partner
    club.join(attacker, USDC, USDC)
    club.draw(attacker, USDC - 1, 0, 0)
    club.token.mint(club.fund, 10**9 * USDC, sender=attacker)
    club.join(victim, 2_000 * USDC, 2_000 * USDC)
    assert club.worth(victim, CONTRIBUTIONS) >= 2_000 * USDC - 2
    assert club.worth(attacker, CONTRIBUTIONS) <= 1


def test_two_dollars_earn_no_more_than_their_rate(club):
    """As the only member, before a large reserve."""
    club.set_premiums(100_000, 50_000)
    club.fill_reserve(24_000 * USDC)
    club.join(club.member, USDC, USDC)
    chain.mine(timestamp=chain.pending_timestamp + YEAR)
    gain = club.leave(club.member) - 2 * USDC
    assert 0 < gain <= USDC * 15 // 100 * (YEAR + COOLDOWN + 60) // YEAR


def test_round_trips_never_gain(club):
    club.join(club.partner, 7 * USDC, 7 * USDC)
    club.draw(club.stranger, 0, 1_234_567, 2_345_678)
    club.earn(13)
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
    ("accrue", lambda club: ()),
    ("claim", lambda club: (1, club.member)),
    ("pay_deferred", lambda club: ()),
    ("forward_unclaimed", lambda club: ()),
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
