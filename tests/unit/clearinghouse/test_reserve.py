"""The reserve: who gives to it, and what it pays to funds."""

from __future__ import annotations

from typing import Any

import pyrevm
import pytest

from tests.procedure import BOOK_DUST, give, long_after, only, refused, tear_up, wind_down
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene
from verification.engine.world import ETH, NEVER, WAD, World

UNIT = 10**12
WRONG_CALLER = "registry: wrong caller"


@pytest.fixture
def scene(fast_world) -> Scene:
    return Scene.set(fast_world)


def with_a_hole(scene: Scene) -> int:
    """Let a default leave a hole; return it."""
    scene.price(1_700)
    long_after(scene.world)
    tear_up(scene)
    hole = scene.world.clearinghouse.hole()
    assert hole > 10_000 * WAD
    return hole


def as_contract(world: World, address: str, function: Any, *args: Any) -> Any:
    """Call a function from a contract's address, which may send while it has no code."""
    evm = world.chain.evm
    code = evm.basic(address).code
    evm.insert_account_info(address, pyrevm.AccountInfo())
    try:
        return function(*args, sender=address)
    finally:
        evm.insert_account_info(address, pyrevm.AccountInfo(code=code))


def payer(world: World, fund: Any, tokens: int) -> str:
    """Give tokens to a fund, which lets the ledger take them; return its address."""
    world.settlement.mint(fund, tokens, sender=world.admin)
    as_contract(world, fund.address, world.settlement.approve, world.clearinghouse, NEVER)
    return fund.address


def premium(world: World, asked: int, fund: str | None = None) -> Any:
    """Let a fund ask for its premium."""
    address = fund or world.insurance_fund.address
    return as_contract(world, address, world.clearinghouse.pay_premium, asked)


# GIFTS --------------------------------------------------------------------------------------------


def test_anyone_gives(scene):
    world, ledger = scene.world, scene.world.clearinghouse
    world.fund(scene.stranger, "USDC", 5)
    receipt = ledger.donate(3 * 10**6, sender=scene.stranger)
    assert receipt.return_value == 3 * 10**6
    event = only(receipt, ledger.ReserveFilled)
    assert (event.payer, event.arrived) == (scene.stranger.address, 3 * 10**6)
    assert (event.hole, event.reserve) == (0, 3 * WAD)
    assert ledger.reserve() == 3 * WAD
    assert world.settlement.balanceOf(scene.stranger) == 2 * 10**6
    assert world.conservation_error() < BOOK_DUST


def test_a_gift_of_nothing_is_a_mistake(scene):
    refused("registry: amount is zero", scene.world.clearinghouse.donate, 0, sender=scene.stranger)


def test_a_gift_that_is_not_there(scene):
    ledger = scene.world.clearinghouse
    reason = "test token: allowance too low"
    refused(reason, ledger.donate, 1, sender=scene.stranger)


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_gifts_fill_the_hole_first(scene, more):
    world, ledger = scene.world, scene.world.clearinghouse
    hole = with_a_hole(scene)
    tokens = hole // UNIT + more
    world.settlement.mint(scene.stranger, tokens, sender=world.admin)
    world.settlement.approve(ledger, NEVER, sender=scene.stranger)
    ledger.donate(tokens, sender=scene.stranger)
    assert ledger.hole() == max(hole - tokens * UNIT, 0)
    assert ledger.reserve() == max(tokens * UNIT - hole, 0)
    assert world.conservation_error() < BOOK_DUST


def test_no_gifts_while_deficits_are_proven(scene):
    """What is claimed is being counted: nothing may come or go on the side."""
    world, ledger = scene.world, scene.world.clearinghouse
    world.fund(scene.stranger, "USDC", 5)
    wind_down(world)
    refused("registry: winding down", ledger.donate, 1, sender=scene.stranger)
    fund = payer(world, world.insurance_fund, 1)
    with pytest.raises(Reverted) as problem:
        as_contract(world, fund, ledger.receive_deferred, 1)
    assert problem.value.reason == "registry: winding down"


# FUNDS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["insurance_fund", "default_fund"])
def test_what_a_fund_has_deferred_fills_the_hole(scene, name):
    world, ledger = scene.world, scene.world.clearinghouse
    hole = with_a_hole(scene)
    fund = payer(world, getattr(world, name), hole // UNIT + 5)
    assert as_contract(world, fund, ledger.receive_deferred, 7).return_value == 7
    assert ledger.hole() == hole - 7 * UNIT
    receipt = as_contract(world, fund, ledger.receive_deferred, hole // UNIT - 2)
    event = only(receipt, ledger.ReserveFilled)
    assert (event.payer, event.arrived) == (fund, hole // UNIT - 2)
    assert ledger.hole() == 0
    assert ledger.reserve() == event.reserve == (hole // UNIT + 5) * UNIT - hole


@pytest.mark.parametrize("name", ["insurance_fund", "default_fund"])
@pytest.mark.parametrize(("asked", "paid"), [(0, 0), (7, 7), (12_000_000, 12_000_000)])
def test_a_premium_leaves_the_reserve(scene, name, asked, paid):
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    fund = getattr(world, name).address
    before = world.settlement.balanceOf(fund)
    receipt = premium(world, asked, fund)
    assert receipt.return_value == paid
    event = only(receipt, ledger.PremiumPaid)
    assert (event.fund, event.asked, event.paid) == (fund, asked, paid)
    assert world.settlement.balanceOf(fund) - before == paid
    assert ledger.reserve() == 12 * WAD - paid * UNIT
    assert world.conservation_error() < BOOK_DUST


def test_a_premium_is_no_more_than_the_reserve_in_whole_units(scene):
    """Fees that were not collected are not reserve; nor does a part of a unit leave."""
    world, ledger = scene.world, scene.world.clearinghouse
    assert premium(world, NEVER).return_value == 0
    ledger.collect_fees(ETH, sender=scene.stranger)
    reserve = ledger.reserve()
    assert reserve > 0
    assert premium(world, NEVER).return_value == reserve // UNIT
    assert ledger.reserve() == reserve % UNIT


def test_no_premium_while_a_hole_stands(scene):
    """The reserve of a house with a hole belongs to those who lack it."""
    world, ledger = scene.world, scene.world.clearinghouse
    with_a_hole(scene)
    assert ledger.reserve() == 0
    scene.price(1_650)
    bid = world.people["second trader"]
    account = world.open(bid, 1_000_000)
    world.trade((scene.maker, scene.book), (bid, account), 1, 1_650)
    assert ledger.hole() > 0
    assert premium(world, 1).return_value == 0


def test_no_premium_in_a_wind_down(scene):
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    ledger.begin_wind_down(sender=world.admin)
    assert premium(world, 1).return_value == 0
    assert ledger.reserve() == 12 * WAD


@pytest.mark.parametrize("function", ["pay_premium", "receive_deferred"])
def test_funds_only(scene, function):
    world, ledger = scene.world, scene.world.clearinghouse
    for sender in (scene.stranger, world.admin):
        refused(WRONG_CALLER, getattr(ledger, function), 1, sender=sender)
    with pytest.raises(Reverted) as problem:
        as_contract(world, world.default_manager.address, getattr(ledger, function), 1)
    assert problem.value.reason == WRONG_CALLER
