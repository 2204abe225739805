"""DefaultFund.require_contribution: what risk asks of a contribution."""

from __future__ import annotations

from tests.unit.default_fund.helpers import COOLDOWN, WEIGHT, WINDOW, account_of
from tests.unit.insurance_fund.helpers import PAR, USDC, WAD
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_risk_asks_for_a_contribution(club):
    club.join(club.member, STAKE, STAKE)
    receipt = club.require(club.member, 10_000 * WAD)
    account = account_of(club.member)
    assert receipt.events == [
        club.fund.SetRequirement(
            account=account,
            owner=club.member,
            account_requirement=1_000 * WAD,
            owner_requirement=1_000 * WAD,
        )
    ]
    assert club.fund.required_of(account) == club.fund.required(club.member) == 1_000 * WAD
    with reverts("requirements: contribution too small"):
        club.require(club.member, 10_000 * WAD + 1)
    with reverts("requirements: contribution too small"):
        club.require(club.member, 10, index=2)


def test_the_requirement_is_rounded_up_and_added_up_over_accounts(club):
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 4_000 * WAD + 1)
    club.require(club.member, 5_000 * WAD + 11, index=2)
    assert club.fund.required_of(account_of(club.member)) == 400 * WAD + 1
    assert club.fund.required_of(account_of(club.member, 2)) == 500 * WAD + 2
    assert club.fund.required(club.member) == 900 * WAD + 3
    club.require(club.member, 1_000 * WAD)
    assert club.fund.required(club.member) == 600 * WAD + 2
    assert club.require(club.member, 1_000 * WAD).events == []


def test_others_have_contributed_nothing(club):
    club.join(club.member, STAKE, STAKE)
    with reverts("requirements: contribution too small"):
        club.require(club.stranger, 1)
    club.require(club.stranger, 0)
    club.fund.set_terms((COOLDOWN, WINDOW, 0, WEIGHT), sender=club.governor)
    club.require(club.stranger, 10**30)
    assert club.fund.required(club.stranger) == 0


def test_a_requirement_may_fall_below_what_is_still_too_much(club):
    """After a loss: less risk is never refused."""
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 10_000 * WAD)
    club.draw(club.stranger, 0, STAKE // 2, 0)
    with reverts("requirements: contribution too small"):
        club.require(club.member, 10_001 * WAD)
    club.require(club.member, 9_000 * WAD)
    assert club.fund.required(club.member) == 900 * WAD


def test_what_is_required_stays(club):
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 6_000 * WAD)
    contribution, pledge = club.shares(club.member)
    club.open_window(club.member, contribution * 4 // 10 + PAR, 0)
    with reverts("requirements: contribution too small"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.cancel_notice(sender=club.member)
    club.open_window(club.member, contribution * 4 // 10, pledge * 4 // 10)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE * 8 // 10


def test_only_the_clearinghouse_asks_and_restores(club):
    for outsider in (club.member, club.governor):
        with reverts("fund: only the clearinghouse"):
            club.fund.require_contribution(account_of(club.member), 0, sender=outsider)
        with reverts("fund: only the clearinghouse"):
            club.fund.restore(account_of(club.member), 0, 0, 0, sender=outsider)


def test_the_threshold_is_the_clearinghouses(fast_world):
    """Above it a smaller risk asks for less, not for nothing; below it for nothing."""
    world = fast_world
    member, other = world.people.named("member", "second member")
    world.join(member, 60_000, 60_000)
    world.join(other, 60_000, 60_000)
    account, book = world.open(member, 2_000_000), world.open(other, 2_000_000)
    fund, engine = world.default_fund, world.risk_engine
    threshold = 250_000 * WAD
    assert world.deployment.config.default_fund.contribution_threshold.wad == threshold
    world.trade((other, book), (member, account), 3_000, 2_000)
    assert engine.margin(account)[1] > threshold
    world.trade((other, book), (member, account), -400, 2_000)
    initial = engine.margin(account)[1]
    assert initial > threshold
    before = fund.required(member)
    fund.release_requirement(account, sender=other)
    assert fund.required(member) == -(-initial // 10) < before
    world.trade((other, book), (member, account), -1_600, 2_000)
    assert engine.margin(account)[1] < threshold
    fund.release_requirement(account, sender=other)
    assert fund.required(member) == 0
