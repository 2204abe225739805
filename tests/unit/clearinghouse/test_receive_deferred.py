"""Clearinghouse.receive_deferred: what a fund owes since it could not hand over its part."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, UNIT, held, only, redemption, wind_down
from tests.unit.clearinghouse.helpers import (
    FUNDS,
    RETURNS_FALSE,
    as_contract,
    contract_is_refused,
    is_for_funds_only,
    payer,
    with_a_hole,
)
from verification.engine.scenes import Scene

FAILED = "vault: token transfer failed"


@pytest.fixture
def scene(fast_world) -> Scene:
    return Scene.set(fast_world)


def test_funds_only(scene):
    """Nobody else says for whom they pay: they may `donate`."""
    is_for_funds_only(scene, scene.world.clearinghouse.receive_deferred, 1)


@pytest.mark.parametrize("name", FUNDS)
def test_fills_the_hole_and_then_the_reserve(scene, name):
    world, ledger = scene.world, scene.world.clearinghouse
    hole, before = with_a_hole(scene), held(world)
    fund = payer(world, getattr(world, name), hole // UNIT + 5)
    receipt = as_contract(world, fund, ledger.receive_deferred, 7)
    event = only(receipt, ledger.ReserveFilled)
    assert receipt.return_value == event.arrived == 7
    assert event.hole == ledger.hole() == hole - 7 * UNIT
    assert event.reserve == ledger.reserve() == 0
    receipt = as_contract(world, fund, ledger.receive_deferred, hole // UNIT - 2)
    event = only(receipt, ledger.ReserveFilled)
    assert (event.payer, event.arrived) == (fund, hole // UNIT - 2)
    assert event.hole == ledger.hole() == 0
    assert ledger.reserve() == event.reserve == (hole // UNIT + 5) * UNIT - hole
    assert held(world) == before + hole // UNIT + 5
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("name", FUNDS)
def test_not_while_deficits_are_proven(scene, name):
    """What is claimed is being counted; what a fund owes comes in before or after that."""
    world, ledger = scene.world, scene.world.clearinghouse
    fund = payer(world, getattr(world, name), 9)
    wind_down(world)
    contract_is_refused("registry: winding down", world, fund, ledger.receive_deferred, 9)
    redemption(world)
    reserve = ledger.reserve()
    assert as_contract(world, fund, ledger.receive_deferred, 9).return_value == 9
    assert ledger.reserve() == reserve + 9 * UNIT


def test_takes_what_it_is_let(scene):
    """No more than a fund has, and has approved; and not nothing."""
    world, ledger = scene.world, scene.world.clearinghouse
    fund = world.insurance_fund.address
    low = "test token: allowance too low"
    contract_is_refused(low, world, fund, ledger.receive_deferred, 1)
    payer(world, world.insurance_fund, 3)
    contract_is_refused("test token: balance too low", world, fund, ledger.receive_deferred, 4)
    contract_is_refused(FAILED, world, fund, ledger.receive_deferred, 0)
    assert as_contract(world, fund, ledger.receive_deferred, 3).return_value == 3


def test_what_arrives_counts(scene, odd_settlement):
    """The token's own fee is nobody's to make up for."""
    world, ledger = scene.world, scene.world.clearinghouse
    fund = payer(world, world.insurance_fund, 1_000)
    odd_settlement.set_behaviour(RETURNS_FALSE, sender=world.admin)
    contract_is_refused(FAILED, world, fund, ledger.receive_deferred, 1_000)
    odd_settlement.set_behaviour(0, sender=world.admin)
    odd_settlement.set_fee(100, sender=world.admin)
    assert as_contract(world, fund, ledger.receive_deferred, 1_000).return_value == 990
    assert ledger.reserve() == 990 * UNIT
    assert world.conservation_error() < BOOK_DUST
