"""The DefaultFund: those who try to profit from it, and a token that calls back."""

from __future__ import annotations

import pytest

from tests.unit.default_fund.helpers import CONTRIBUTIONS
from tests.unit.insurance_fund.helpers import PAR, USDC

STAKE = 1_000 * USDC


@pytest.mark.parametrize("gift", [USDC, 10**6 * USDC, 10**9 * USDC])
def test_inflating_a_share_costs_the_attacker(club, gift):
    """Down to next to no shares by a default of their own, then up with fees."""
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
