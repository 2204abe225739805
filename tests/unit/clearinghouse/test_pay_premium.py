"""Clearinghouse.pay_premium: what funds are paid for their cover, out of the reserve."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import BOOK_DUST, UNIT, give, held, only, redemption, wind_down
from tests.unit.clearinghouse.helpers import (
    BURNS_GAS,
    DENIES,
    FUNDS,
    RETURNS_FALSE,
    REVERTS,
    as_contract,
    contract_is_refused,
    is_for_funds_only,
    payer,
    with_a_hole,
)
from verification.engine.scenes import Scene
from verification.engine.world import ETH, NEVER, WAD, World


@pytest.fixture
def scene(fast_world) -> Scene:
    return Scene.set(fast_world)


def premium(world: World, asked: int, fund: str | None = None) -> Any:
    """Let a fund ask for its premium."""
    address = fund or world.insurance_fund.address
    return as_contract(world, address, world.clearinghouse.pay_premium, asked)


def test_funds_only(scene):
    give(scene, 12)
    is_for_funds_only(scene, scene.world.clearinghouse.pay_premium, 1)


@pytest.mark.parametrize("name", FUNDS)
@pytest.mark.parametrize(("asked", "paid"), [(0, 0), (7, 7), (12_000_000, 12_000_000)])
def test_leaves_the_reserve(scene, name, asked, paid):
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    fund = getattr(world, name).address
    before = world.settlement.balanceOf(fund), held(world)
    receipt = premium(world, asked, fund)
    assert receipt.return_value == paid
    event = only(receipt, ledger.PremiumPaid)
    assert (event.fund, event.asked, event.paid) == (fund, asked, paid)
    assert world.settlement.balanceOf(fund) - before[0] == before[1] - held(world) == paid
    assert ledger.reserve() == 12 * WAD - paid * UNIT
    assert world.conservation_error() < BOOK_DUST


def test_is_no_more_than_the_reserve_in_whole_units(scene):
    """Fees that were not collected are not reserve; nor does a part of a unit leave."""
    world, ledger = scene.world, scene.world.clearinghouse
    assert premium(world, NEVER).return_value == 0
    ledger.collect_fees(ETH, sender=scene.stranger)
    fund = payer(world, world.insurance_fund, 1)
    as_contract(world, fund, ledger.receive_draw, scene.account, 1, 1)
    reserve = ledger.reserve()
    assert reserve % UNIT == UNIT - 1
    receipt = premium(world, NEVER)
    assert receipt.return_value == only(receipt, ledger.PremiumPaid).paid == reserve // UNIT
    assert ledger.reserve() == UNIT - 1
    assert premium(world, 1).return_value == 0


def test_is_not_paid_while_a_hole_stands(scene):
    """The reserve of a house with a hole belongs to those who lack it, however small it is."""
    world, ledger = scene.world, scene.world.clearinghouse
    hole = with_a_hole(scene)
    fund = payer(world, world.insurance_fund, 5)
    as_contract(world, fund, ledger.receive_draw, scene.account, 5, 0)
    tokens = -(-hole // UNIT)
    world.settlement.mint(scene.stranger, tokens, sender=world.admin)
    world.settlement.approve(ledger, NEVER, sender=scene.stranger)
    ledger.donate(tokens - 1, sender=scene.stranger)
    assert 0 < ledger.hole() <= UNIT
    assert ledger.reserve() == 5 * UNIT
    receipt = premium(world, 1)
    assert receipt.return_value == 0
    assert not receipt.events.filter(ledger.PremiumPaid)
    assert ledger.reserve() == 5 * UNIT
    ledger.donate(1, sender=scene.stranger)
    assert ledger.hole() == 0
    assert premium(world, 5).return_value == 5


def test_is_not_paid_in_a_wind_down(scene):
    """Neither while deficits are proven nor in redemption: what is left repays the hole."""
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    wind_down(world)
    for begin in (lambda: None, lambda: redemption(world)):
        begin()
        reserve = ledger.reserve()
        assert reserve >= 12 * WAD
        receipt = premium(world, 1)
        assert receipt.return_value == 0
        assert not receipt.events.filter(ledger.PremiumPaid)
        assert ledger.reserve() == reserve


@pytest.mark.parametrize("behaviour", [RETURNS_FALSE, REVERTS, BURNS_GAS])
def test_what_the_token_does_not_let_go_stays_reserve(scene, odd_settlement, behaviour):
    """And stops no fund, which asks whenever its assets change."""
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    before = held(world)
    odd_settlement.set_behaviour(behaviour, sender=world.admin)
    receipt = premium(world, 7)
    event = only(receipt, ledger.PremiumPaid)
    assert receipt.return_value == event.paid == 0
    assert event.asked == 7
    assert (ledger.reserve(), held(world)) == (12 * WAD, before)


@pytest.mark.parametrize(("behaviour", "fee"), [(DENIES, 0), (0, 10_000)])
def test_what_has_left_is_paid_whatever_becomes_of_it(scene, odd_settlement, behaviour, fee):
    """A token that moves and denies it, and one that keeps all: balances tell."""
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    before = held(world)
    odd_settlement.set_behaviour(behaviour, sender=world.admin)
    odd_settlement.set_fee(fee, sender=world.admin)
    assert premium(world, 7).return_value == 7
    assert ledger.reserve() == 12 * WAD - 7 * UNIT
    assert held(world) == before - 7
    assert world.conservation_error() < BOOK_DUST


def test_nobody_makes_it_fail_by_too_little_gas(scene):
    """Else whoever leaves a fund could have it lose its premium."""
    world, ledger = scene.world, scene.world.clearinghouse
    give(scene, 12)
    fund, data = world.insurance_fund.address, ledger.pay_premium.encode_input(7)

    def with_gas(gas: int) -> Any:
        def function(sender: str) -> Any:
            evm = world.chain.evm
            return world.chain._run(
                lambda: evm.message_call(sender, ledger.address, bytes(data), gas=gas)
            )

        return function

    contract_is_refused("vault: not enough gas", world, fund, with_gas(800_000))
    assert ledger.reserve() == 12 * WAD
    as_contract(world, fund, with_gas(900_000))
    assert ledger.reserve() == 12 * WAD - 7 * UNIT
