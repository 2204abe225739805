"""Clearinghouse.redeem: everybody gets the same part of what is theirs, in any order."""

from __future__ import annotations

from random import Random
from typing import Any

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    debts,
    fill_funds,
    held,
    redemption,
    refused,
    wind_down,
    without_limits,
)
from verification.engine.evm import deploy_world
from verification.engine.scenes import Scene
from verification.engine.world import WAD, World

DAY = 86_400


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def test_twice_and_by_whom(ending):
    """By a stranger to the owner only; to anyone else by the owner or their operator; once."""
    scene, world = ending, ending.world
    ledger, token = world.clearinghouse, world.settlement
    ending.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    redemption(world)
    reason = "registry: not the account's owner"
    refused(reason, ledger.redeem, scene.book, scene.stranger, sender=scene.stranger)
    refused(
        "wind down: nothing to redeem",
        ledger.redeem,
        scene.account,
        scene.trader,
        sender=scene.trader,
    )
    paid = ledger.redeem(scene.book, scene.maker, sender=scene.stranger).return_value
    assert token.balanceOf(scene.maker) == paid > 0
    refused(
        "wind down: nothing to redeem",
        ledger.redeem,
        scene.book,
        scene.maker,
        sender=scene.maker,
    )
    heir = world.people["heir"]
    paid = ledger.redeem(scene.purse, heir, sender=scene.bidder).return_value
    assert token.balanceOf(heir) == paid > 0
    assert held(world) <= 2


def test_operator_needs_the_permission(ending):
    ledger, operator = ending.world.clearinghouse, ending.world.people["operator"]
    ledger.set_operator(operator, 1, sender=ending.maker)
    ledger.set_operator(operator, 2, sender=ending.bidder)
    redemption(ending.world)
    refused(
        "registry: not the account's owner",
        ledger.redeem,
        ending.book,
        operator,
        sender=operator,
    )
    ledger.redeem(ending.purse, operator, sender=operator)


def test_an_unproven_deficit_counts(ending):
    """It redeems nothing, and the others share what is missing, in any order; once somebody pays
    it, they get the rest."""
    world, ledger = ending.world, ending.world.clearinghouse
    missing = -ending.equity(ending.account)
    pot, claims = redemption(world)
    assert claims - pot == missing > WAD
    refused(
        "wind down: account has a deficit",
        ledger.redeem,
        ending.account,
        ending.trader,
        sender=ending.trader,
    )
    lines = [(ending.purse, ending.bidder), (ending.book, ending.maker)]
    for account, person in lines:
        paid = ledger.redeem(account, person, sender=ending.stranger).return_value
        assert paid == world.cash(account) * pot // claims // UNIT
        refused("wind down: nothing to redeem", ledger.redeem, account, person, sender=person)
    assert 0 <= held(world) - ledger.reserve() // UNIT <= 2
    world.fund(ending.stranger, "USDC", 2_000)
    ledger.settle_debt(ending.account, -(-missing // UNIT), sender=ending.stranger)
    for account, person in reversed(lines):
        ledger.redeem(account, person, sender=ending.stranger)
        assert world.settlement.balanceOf(person) == world.cash(account) // UNIT
    assert world.conservation_error() < BOOK_DUST


def test_whole_without_a_hole(scene):
    """Nobody is in deficit: everybody gets all they have, to token units."""
    world = scene.world
    scene.price(1_950)
    wind_down(world)
    pot, claims = redemption(world)
    assert pot == claims
    wanted = world.cash(scene.account) // UNIT
    assert (
        world.clearinghouse.redeem(scene.account, scene.trader, sender=scene.stranger).return_value
        == wanted
    )


def crowd_of(world: World, count: int, random: Random) -> tuple[list[tuple[Any, int]], Scene]:
    """Open accounts of all kinds: cash only, collateral, positions of both sides."""
    scene = Scene.set(world)
    people, found = world.people.crowd(), []
    for place in range(count):
        person = people[place % len(people)]
        kind = random.randrange(4)
        cash = random.randrange(1_000, 50_000) + random.random()
        if kind == 1:
            account = world.open(person, cash, WETH=random.randrange(1, 5))
        else:
            account = world.open(person, round(cash, 6))
        if kind >= 2:
            most = cash / 2_000 * 15
            size = round(random.uniform(-most, most), 3) or 1
            world.trade((scene.maker, scene.book), (person, account), size, 2_000)
        found.append((person, account))
    return found, scene


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_accounts_in_any_order(fast_world, seed):  # INV-12
    """Payouts add up to what is held, and do not depend on the order."""
    random = Random(seed)
    found, scene = crowd_of(fast_world, 200, random)
    fill_funds(scene, 500)
    scene.price(1_750)
    wind_down(fast_world)
    deficits = [a for _, a in [*found, (None, scene.account)] if scene.equity(a) < 0]
    assert len(deficits) > 10
    for account in deficits:
        scene.manager.prove_deficit(account, scene.purse, sender=scene.stranger)
    pot, claims = redemption(fast_world)
    assert pot < claims
    start = held(fast_world)
    others = [(scene.maker, scene.book), (scene.bidder, scene.purse)]
    payouts = []
    for order in range(2):
        checkpoint = fast_world.chain.snapshot()
        line = [*found, *others]
        Random(seed * 10 + order).shuffle(line)
        paid = {}
        for person, account in line:
            if account not in deficits:
                paid[account] = fast_world.clearinghouse.redeem(
                    account, person, sender=scene.stranger
                ).return_value
        assert (
            0
            <= start - sum(paid.values())
            <= len(paid) + fast_world.clearinghouse.reserve() // UNIT + 1
        )
        payouts.append(paid)
        fast_world.chain.restore(checkpoint)
    assert payouts[0] == payouts[1]


def test_nobody_idle_stalls_it(ending):
    """The market maker never comes: the others redeem, that share stays."""
    ledger, world = ending.world.clearinghouse, ending.world
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    redemption(world)
    paid = ledger.redeem(ending.purse, ending.bidder, sender=ending.bidder).return_value
    world.wait(365 * DAY, refresh=False)
    later = ledger.redeem(ending.book, ending.maker, sender=ending.stranger).return_value
    assert later > paid > 0


def test_indebted_accounts_payout_goes_to_the_fund(fast_world):
    """What the fund once paid for it comes first, and is its stakers'."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 3_000)
    without_limits(fast_world)
    scene.auction_at(1_905)
    scene.price(1_890)
    scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    assert sum(debts(fast_world, scene.account)) == 1_100 * WAD
    fast_world.deposit(scene.trader, scene.account, 1_500)
    wind_down(fast_world)
    redemption(fast_world)
    fund, token = fast_world.insurance_fund, fast_world.settlement
    fast_world.clearinghouse.redeem(scene.account, scene.trader, sender=scene.stranger)
    assert fund.kept() == fund.claimable(1, scene.staker) == 1_100 * 10**6
    assert token.balanceOf(scene.trader) == 400 * 10**6
    assert sum(debts(fast_world, scene.account)) == 0
    assert not fast_world.header(scene.account).is_indebted


def test_a_frozen_token_keeps_no_indebted_owner_from_their_collateral():  # INV-13
    """It neither moves nor allows anybody to take anything, but still tells balances. Its code
    stays replaced: a world of its own."""
    world = deploy_world()
    scene = Scene.set(world)
    fill_funds(scene, 3_000)
    without_limits(world)
    scene.price(1_890)
    scene.open_auction()
    world.deposit(scene.trader, scene.account, 1_500)
    world.deposit(scene.trader, scene.account, 1, "WETH")
    wind_down(world)
    redemption(world)
    frozen = bytes.fromhex(f"5f3560e01c6370a08231146011575f5ffd5b7f{held(world):064x}5f5260205ff3")
    world.chain.evm.insert_account_info(world.settlement.address, pyrevm.AccountInfo(code=frozen))
    world.clearinghouse.redeem(scene.account, scene.trader, sender=scene.stranger)
    assert world.deployment.tokens["WETH"].balanceOf(scene.trader) == WAD


def test_funds_redeem(ending):
    """Stakers and members leave without a notice once redemption has begun, not before."""
    world = ending.world
    fund, members, member = world.insurance_fund, world.default_fund, world.people["member"]
    redemption(world)
    shares = fund.balanceOf(ending.staker)
    fund.redeem(shares, ending.staker, ending.staker, sender=ending.staker)
    assert abs(world.settlement.balanceOf(ending.staker) - 300 * 10**6) <= 1
    refused("default fund: nothing held", members.exit, member, sender=member)


def test_members_leave_in_redemption(scene):
    world = scene.world
    member = fill_funds(scene, 0, 100, 200)
    members = world.default_fund
    wind_down(world)
    refused("default fund: not redeeming", members.exit, member, sender=member)
    redemption(world)
    members.exit(member, sender=member)
    assert abs(world.settlement.balanceOf(member) - 300 * 10**6) <= 2
