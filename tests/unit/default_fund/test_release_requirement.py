"""DefaultFund.release_requirement: anyone frees a contribution that less risk needs."""

from __future__ import annotations

from tests.unit.default_fund.helpers import account_of
from tests.unit.insurance_fund.helpers import USDC, WAD
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_anyone_releases_a_requirement_that_has_become_smaller(club):
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 6_000 * WAD)
    account = account_of(club.member)
    for initial in (6_001 * WAD, 6_000 * WAD):
        club.ledger.set_initial(account, initial, sender=club.governor)
        with reverts("requirements: not lower"):
            club.fund.release_requirement(account, sender=club.stranger)
    club.ledger.set_initial(account, 1_000 * WAD + 1, sender=club.governor)
    receipt = club.fund.release_requirement(account, sender=club.stranger)
    assert receipt.events == [
        club.fund.SetRequirement(
            account=account,
            owner=club.member,
            account_initial=1_000 * WAD + 1,
            owner_initial=1_000 * WAD + 1,
            requirement=100 * WAD + 1,
        )
    ]
    club.ledger.set_initial(account, 0, sender=club.governor)
    club.fund.release_requirement(account, sender=club.stranger)
    assert club.fund.required(club.member) == 0
    assert club.leave(club.member) == 2 * STAKE


def test_nobody_is_asked_for_anything_once_the_threshold_is_gone(club):
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 6_000 * WAD)
    account = account_of(club.member)
    club.ledger.set_initial(account, 6_000 * WAD, sender=club.governor)
    with reverts("requirements: not lower"):
        club.fund.release_requirement(account, sender=club.stranger)
    club.ledger.set_threshold(0, sender=club.governor)
    club.fund.release_requirement(account, sender=club.stranger)
    assert club.fund.required(club.member) == 0


def test_what_is_small_is_not_noted(club):
    """Up to a sixteenth of the threshold."""
    club.join(club.member, STAKE, STAKE)
    club.ledger.set_threshold(1_600, sender=club.governor)
    for index in (1, 2):
        club.require(club.member, 1_000 * WAD, index=index, threshold=1_600)
        club.ledger.set_initial(account_of(club.member, index), 100 * WAD, sender=club.governor)
    assert club.fund.required(club.member) == 200 * WAD
    club.fund.release_requirement(account_of(club.member), sender=club.stranger)
    assert club.fund.noted(club.member) == 1_000 * WAD
    assert club.fund.required(club.member) == 0
    club.ledger.set_initial(account_of(club.member, 2), 100 * WAD + 1, sender=club.governor)
    club.fund.release_requirement(account_of(club.member, 2), sender=club.stranger)
    assert club.fund.noted_of(account_of(club.member, 2)) == 100 * WAD + 1
