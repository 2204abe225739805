"""Both funds in the whole protocol: premiums of fees, claims after a repayment, frozen funds."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils import keccak

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    debts,
    fill_funds,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import ETH, WAD, World

PRICE = 1_886  # 1,500 are lacking there
BALANCES = 1  # slot of TestToken.balanceOf
YEAR = 365 * 86_400


def default(scene: Scene) -> Any:
    """Let the scene's account go under; return the receipt of its tear-up."""
    scene.price(PRICE)
    return tear_up(scene)


@pytest.fixture
def scene(fast_world) -> Scene:
    """Tiers 3 and 4 can pay all of it."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 1_000, 2_000, 2_000)
    without_limits(fast_world)
    set_waterfall(fast_world, charge_cap=0)
    return scene


def set_balance(world: World, holder: Any, units: int) -> None:
    """Write what a holder has of the settlement token, as its issuer might."""
    key = BALANCES.to_bytes(32, "big") + bytes.fromhex(holder.address[2:]).rjust(32, b"\0")
    slot = int.from_bytes(keccak(key), "big")
    world.chain.evm.insert_account_storage(world.settlement.address, slot, units)
    assert world.settlement.balanceOf(holder) == units


def test_a_repaid_default_goes_to_those_who_paid_for_it(scene):
    world, fund, members = scene.world, scene.world.insurance_fund, scene.world.default_fund
    default(scene)
    assert fund.totalAssets() == 0
    lost = [fund.loss_of(1).tokens, members.loss_of(1).tokens]
    assert lost[0] == 1_000 * 10**6
    assert lost[1] == pytest.approx(500 * 10**6, rel=0.01)
    # A newcomer stakes first, and the defaulter too.
    world.stake(scene.stranger, 10_000)
    world.stake(scene.trader, 10_000)
    owed = sum(debts(world, scene.account)) // UNIT
    world.fund(scene.trader, "USDC", owed / 10**6)
    world.clearinghouse.repay(scene.account, owed, sender=scene.trader)
    assert [fund.kept(), members.kept()] == lost
    for person in (scene.stranger, scene.trader):
        assert fund.claimable(1, person) == 0
        assert fund.convertToAssets(fund.balanceOf(person)) <= 10_000 * 10**6
    member = world.people["member"]
    for contract, person, part in ((fund, scene.staker, lost[0]), (members, member, lost[1])):
        before = world.settlement.balanceOf(person)
        contract.claim(1, person, sender=scene.stranger)
        assert world.settlement.balanceOf(person) == before + part
    assert world.conservation_error() < BOOK_DUST


def test_fees_pay_premiums_by_the_rate_and_no_faster(scene):
    world = scene.world
    funds = world.insurance_fund, world.default_fund
    for fund in funds:
        fund.accrue(sender=scene.stranger)
    world.clearinghouse.collect_fees(ETH, sender=scene.stranger)
    reserve = world.clearinghouse.reserve()
    assert reserve > 100 * WAD
    world.wait(YEAR // 10)
    due = (1_000 * 80_000 + 2_000 * 60_000 + 2_000 * 20_000) * 10**6 // 10**7
    paid = sum(fund.accrue(sender=scene.stranger).return_value for fund in funds)
    assert paid == pytest.approx(due, rel=1e-4)
    assert world.clearinghouse.reserve() == reserve - paid * UNIT
    assert world.conservation_error() < BOOK_DUST


def test_a_fund_that_the_token_does_not_let_pay_stops_nobody(scene):
    world, fund, house = scene.world, scene.world.insurance_fund, scene.world.clearinghouse
    held = world.settlement.balanceOf(fund)
    set_balance(world, fund, 0)
    receipt = default(scene)
    (event,) = receipt.events.filter(world.default_manager.ShortfallPaid)
    assert event.insurance == 1_000 * WAD
    assert event.contributions == pytest.approx(500 * WAD, rel=0.01)
    assert world.stage(scene.account) == 0
    assert world.cash(scene.account) >= 0
    # It is owed, and the hole until then.
    assert fund.deferred() == 1_000 * 10**6
    assert house.hole() == event.to_hole + 1_000 * WAD
    assert fund.totalAssets() == 0
    assert world.conservation_error() < BOOK_DUST
    refused("test token: balance too low", fund.pay_deferred, sender=scene.stranger)
    set_balance(world, fund, held)
    fund.pay_deferred(sender=scene.stranger)
    assert fund.deferred() == 0
    assert house.hole() == event.to_hole
    assert world.conservation_error() < BOOK_DUST


def test_a_tranche_that_the_token_does_not_let_pay_stops_nobody(scene):
    world, members, house = scene.world, scene.world.default_fund, scene.world.clearinghouse
    held = world.settlement.balanceOf(members)
    set_balance(world, members, 0)
    receipt = default(scene)
    (event,) = receipt.events.filter(world.default_manager.ShortfallPaid)
    assert event.contributions == pytest.approx(500 * WAD, rel=0.01)
    assert house.hole() == event.contributions + event.to_hole
    assert world.conservation_error() < BOOK_DUST
    set_balance(world, members, held)
    members.pay_deferred(sender=scene.stranger)
    assert house.hole() == event.to_hole
    assert world.conservation_error() < BOOK_DUST


def test_gifts_reach_the_reserve(scene):
    world, fund, house = scene.world, scene.world.insurance_fund, scene.world.clearinghouse
    before = house.reserve()
    world.settlement.mint(fund, 10**6)
    fund.forward_unclaimed(sender=scene.stranger)
    assert house.reserve() == before + WAD
    assert world.conservation_error() < BOOK_DUST


def test_a_pause_of_liquidations_closes_the_exits(scene):
    world, fund, members = scene.world, scene.world.insurance_fund, scene.world.default_fund
    guardian, member = world.people["guardian"], world.people["member"]
    world.clearinghouse.set_guardian(guardian, sender=world.admin)
    world.clearinghouse.accept_guardian(sender=guardian)
    shares = fund.balanceOf(scene.staker)
    fund.request_redeem(shares, sender=scene.staker)
    world.wait(fund.cooldown())
    world.clearinghouse.pause(2, 3_600, sender=guardian)
    assert not world.clearinghouse.exits_open()
    leaving = (shares, scene.staker, scene.staker)
    refused("fund: closed by a pause", fund.redeem, *leaving, sender=scene.staker)
    refused("fund: closed by a pause", members.withdraw, member, sender=member)
    stopped = 3_600 + 3_600 + 600
    world.wait(stopped)
    assert world.clearinghouse.exits_open()
    fund.redeem(shares, scene.staker, scene.staker, sender=scene.staker)
