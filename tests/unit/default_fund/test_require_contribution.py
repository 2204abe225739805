"""DefaultFund.require_contribution: what risk asks of a contribution."""

from __future__ import annotations

from tests.unit.default_fund.helpers import COOLDOWN, WINDOW, account_of
from tests.unit.insurance_fund.helpers import PAR, USDC, WAD
from verification.engine.evm import Reverted
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
            account_initial=10_000 * WAD,
            owner_initial=10_000 * WAD,
            requirement=1_000 * WAD,
        )
    ]
    assert club.fund.noted_of(account) == club.fund.noted(club.member) == 10_000 * WAD
    assert club.fund.required(club.member) == 1_000 * WAD
    with reverts("requirements: contribution too small"):
        club.require(club.member, 10_000 * WAD + 1)
    with reverts("requirements: contribution too small"):
        club.require(club.member, 10, index=2)


def test_the_requirement_is_a_part_of_the_sum_rounded_up(club):
    club.join(club.member, STAKE, STAKE)
    club.require(club.member, 4_000 * WAD + 1)
    club.require(club.member, 5_000 * WAD + 10, index=2)
    assert club.fund.noted_of(account_of(club.member)) == 4_000 * WAD + 1
    assert club.fund.noted_of(account_of(club.member, 2)) == 5_000 * WAD + 10
    assert club.fund.noted(club.member) == 9_000 * WAD + 11
    assert club.fund.required(club.member) == 900 * WAD + 2
    club.require(club.member, 1_000 * WAD)
    assert club.fund.required(club.member) == 600 * WAD + 1


def test_nothing_is_asked_up_to_the_threshold(club):
    club.require(club.member, 600 * WAD, threshold=1_000)
    club.require(club.member, 400 * WAD, index=2, threshold=1_000)
    assert club.fund.required(club.member) == 0
    with reverts("requirements: contribution too small"):
        club.require(club.member, 400 * WAD + 1, index=2, threshold=1_000)
    club.join(club.member, 101 * USDC, 101 * USDC)
    club.require(club.member, 400 * WAD + 1, index=2, threshold=1_000)
    assert club.fund.required(club.member) == 100 * WAD + 1
    club.require(club.member, 400 * WAD, index=2, threshold=1_000)
    assert club.fund.required(club.member) == 0


def test_others_have_contributed_nothing(club):
    club.join(club.member, STAKE, STAKE)
    with reverts("requirements: contribution too small"):
        club.require(club.stranger, WAD + 1)
    club.require(club.stranger, WAD)
    club.fund.set_terms((COOLDOWN, WINDOW, 0, 0, 0), sender=club.governor)
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
            club.fund.require_contribution(account_of(club.member), 0, 1, sender=outsider)
        with reverts("fund: only the clearinghouse"):
            club.fund.restore(account_of(club.member), 0, 0, sender=outsider)


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


def test_forty_accounts_of_one_owner_are_as_one(fast_world):
    """40M of one side, 1M of notional in each account: a tenth of all their IM is asked."""
    world = fast_world
    owner, maker = world.people.named("member", "second member")
    world.join(maker, 2_000_000, 2_000_000)
    book = world.open(maker, 20_000_000)
    fund, engine = world.default_fund, world.risk_engine
    accounts, contributed, reasons = [], 0, []
    for _ in range(40):
        account = world.open(owner, 400_000)
        accounts.append(account)
        try:
            world.trade((maker, book), (owner, account), 500, 2_000)
        except Reverted as reverted:
            reasons.append(reverted.reason)
            world.join(owner, 50_000, 50_000)
            contributed += 50_000
            world.trade((maker, book), (owner, account), 500, 2_000)
    margins = sum(engine.margin(account)[1] for account in accounts)
    # Noted is each account's margin as it was when it traded: the load of open interest came since.
    assert fund.noted(owner) >= margins * 3 // 4
    assert fund.required(owner) == -(-fund.noted(owner) // 10) <= contributed * WAD
    assert len(reasons) >= 3
    assert set(reasons) == {"requirements: contribution too small"}
