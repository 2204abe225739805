"""Clearinghouse.donate: gifts to the protocol, which fill the hole and then the reserve."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, UNIT, held, only, redemption, refused, wind_down
from tests.unit.clearinghouse.helpers import RETURNS_FALSE, REVERTS, with_a_hole
from verification.engine.scenes import Scene
from verification.engine.world import NEVER, WAD

FAILED = "vault: token transfer failed"


@pytest.fixture
def scene(fast_world) -> Scene:
    return Scene.set(fast_world)


def rich(scene: Scene, tokens: int) -> None:
    """Give token units to the stranger, who lets the ledger take whatever it wants."""
    world = scene.world
    world.settlement.mint(scene.stranger, tokens, sender=world.admin)
    world.settlement.approve(world.clearinghouse, NEVER, sender=scene.stranger)


def test_anyone_gives(scene):
    world, ledger = scene.world, scene.world.clearinghouse
    rich(scene, 5 * 10**6)
    before, cash = held(world), world.cash(scene.account)
    receipt = ledger.donate(3 * 10**6, sender=scene.stranger)
    assert receipt.return_value == 3 * 10**6
    event = only(receipt, ledger.ReserveFilled)
    assert (event.payer, event.arrived) == (scene.stranger.address, 3 * 10**6)
    assert (event.hole, event.reserve) == (0, 3 * WAD)
    assert ledger.reserve() == 3 * WAD
    assert held(world) == before + 3 * 10**6
    assert world.settlement.balanceOf(scene.stranger) == 2 * 10**6
    assert world.cash(scene.account) == cash
    assert world.conservation_error() < BOOK_DUST


def test_of_nothing_is_a_mistake(scene):
    refused("registry: amount is zero", scene.world.clearinghouse.donate, 0, sender=scene.stranger)


def test_of_what_is_not_there(scene):
    world, ledger = scene.world, scene.world.clearinghouse
    refused("test token: allowance too low", ledger.donate, 1, sender=scene.stranger)
    rich(scene, 1)
    refused("test token: balance too low", ledger.donate, 2, sender=scene.stranger)
    ledger.donate(1, sender=scene.stranger)
    assert world.clearinghouse.reserve() == UNIT


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_fills_the_hole_first(scene, more):
    world, ledger = scene.world, scene.world.clearinghouse
    hole = with_a_hole(scene)
    tokens = hole // UNIT + more
    rich(scene, tokens)
    event = only(ledger.donate(tokens, sender=scene.stranger), ledger.ReserveFilled)
    assert event.hole == ledger.hole() == max(hole - tokens * UNIT, 0)
    assert event.reserve == ledger.reserve() == max(tokens * UNIT - hole, 0)
    assert world.conservation_error() < BOOK_DUST


def test_not_while_deficits_are_proven(scene):
    """What is claimed is being counted: nothing may come or go on the side."""
    world, ledger = scene.world, scene.world.clearinghouse
    rich(scene, 5)
    wind_down(world)
    refused("registry: winding down", ledger.donate, 5, sender=scene.stranger)
    refused("registry: amount is zero", ledger.donate, 0, sender=scene.stranger)
    redemption(world)
    reserve = ledger.reserve()
    ledger.donate(5, sender=scene.stranger)
    assert ledger.reserve() == reserve + 5 * UNIT


def test_what_arrives_counts(scene, odd_settlement):
    world, ledger = scene.world, scene.world.clearinghouse
    rich(scene, 300)
    odd_settlement.set_fee(100, sender=world.admin)
    receipt = ledger.donate(200, sender=scene.stranger)
    assert receipt.return_value == only(receipt, ledger.ReserveFilled).arrived == 198
    assert ledger.reserve() == 198 * UNIT
    assert world.settlement.balanceOf(scene.stranger) == 100
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(
    ("behaviour", "fee", "reason"),
    [
        (RETURNS_FALSE, 0, FAILED),
        (REVERTS, 0, "odd token: told to revert"),
        (0, 10_000, FAILED),
    ],
    ids=["refuses", "reverts", "keeps all"],
)
def test_of_which_nothing_arrives(scene, odd_settlement, behaviour, fee, reason):
    world, ledger = scene.world, scene.world.clearinghouse
    rich(scene, 7)
    odd_settlement.set_behaviour(behaviour, sender=world.admin)
    odd_settlement.set_fee(fee, sender=world.admin)
    refused(reason, ledger.donate, 7, sender=scene.stranger)
    assert ledger.reserve() == 0
    assert world.settlement.balanceOf(scene.stranger) == 7
