"""GMX v1, July 2025: a re-entered call saw aggregates that did not match the books.

Control passed to the attacker between two updates, and the price of the pool's share came from an
average that the first update should have moved. Here a token that calls back finds every door
locked, views included, and all sums are written before a token moves.
"""

from __future__ import annotations

from typing import Any

import pytest

from verification.engine.scenes import CLOSE_OUT_PRICE, Scene
from verification.engine.world import ETH, WAD, wad

INDEX = 2  # of the hostile collateral, after WETH and WBTC
AMOUNT = 10 * 10**18


@pytest.fixture
def hostile(world, project) -> Any:
    """A listed collateral, priced as ETH, whose transfers call whatever the attacker chose."""
    token = world.admin.deploy(project.OddToken, "Hostile", "HOST", 18)
    eth = world.deployment.assets["ETH"]
    world.clearinghouse.list_collateral(token, wad(1_000), sender=world.admin)
    world.risk_engine.set_collateral(INDEX, eth, 200_000, 120_000, sender=world.admin)
    return token


@pytest.fixture
def scene(world, hostile) -> Scene:
    """The attacker's account holds the hostile token, a position and cash."""
    scene = Scene.set(world)
    hostile.mint(scene.trader, 2 * AMOUNT, sender=scene.trader)
    hostile.approve(world.clearinghouse, 2 * AMOUNT, sender=scene.trader)
    world.clearinghouse.deposit(scene.account, hostile, AMOUNT, sender=scene.trader)
    # The token itself may do for the attacker what an operator may.
    world.clearinghouse.set_operator(hostile, 3, sender=scene.trader)
    return scene


def doors(scene: Scene, hostile: Any) -> dict[str, tuple[Any, bytes]]:
    """Return what the attacker would call from inside: target and calldata by name."""
    ledger, engine, manager = (
        scene.world.clearinghouse,
        scene.world.risk_engine,
        scene.world.default_manager,
    )
    account = scene.account
    return {
        "header": (ledger, ledger.headers.encode_input(account)),
        "collateral": (ledger, ledger.collateral.encode_input(account, INDEX)),
        "totals": (ledger, ledger.market_totals.encode_input(ETH)),
        "portfolio": (ledger, ledger.portfolio.encode_input(account)),
        "negative cash": (ledger, ledger.negative_cash.encode_input()),
        "margin": (engine, engine.margin.encode_input(account)),
        "auction": (manager, manager.auction.encode_input(account)),
        "withdraw": (
            ledger,
            ledger.withdraw.encode_input(account, hostile, 1, scene.stranger),
        ),
        "transfer": (
            ledger,
            ledger.transfer.encode_input(account, scene.book, scene.world.settlement, 1),
        ),
        "accrue": (ledger, ledger.accrue_funding.encode_input(ETH)),
        "collect fees": (ledger, ledger.collect_fees.encode_input(ETH)),
        "call": (manager, manager.call_margin.encode_input(account)),
    }


DOORS = (
    "header",
    "collateral",
    "totals",
    "portfolio",
    "negative cash",
    "margin",
    "auction",
    "withdraw",
    "transfer",
    "accrue",
    "collect fees",
    "call",
)


# An account that can be called lets nothing out: that door is tried on the way in only.
WAYS = [(door, way) for door in DOORS for way in ("in", "out") if (door, way) != ("call", "out")]


@pytest.mark.parametrize(("door", "way"), WAYS)
def test_every_door_is_locked_while_a_token_moves(scene, hostile, door, way):
    world = scene.world
    if door == "call":
        scene.price(CLOSE_OUT_PRICE - 250)  # callable, were it not locked
    target, data = doors(scene, hostile)[door]
    hostile.set_hook(target, data, way == "in", sender=scene.trader)
    held = world.clearinghouse.collateral(scene.account, INDEX)
    if way == "in":
        world.clearinghouse.deposit(scene.account, hostile, AMOUNT, sender=scene.trader)
        expected = held + AMOUNT
    else:
        world.clearinghouse.withdraw(scene.account, hostile, WAD, scene.trader, sender=scene.trader)
        expected = held - WAD
    assert hostile.hook_calls() == 1
    assert not hostile.hook_succeeded()
    assert world.clearinghouse.collateral(scene.account, INDEX) == expected
    assert world.clearinghouse.collaterals(INDEX).total == expected
    assert hostile.balanceOf(world.clearinghouse) == expected
    assert world.conservation_error() == 0


@pytest.mark.parametrize("door", ["header", "margin", "accrue", "call"])
def test_same_call_works_when_no_token_moves(scene, hostile, door):
    """The control: the hook fires in a transfer that the clearinghouse has no part in."""
    if door == "call":
        scene.price(CLOSE_OUT_PRICE - 250)
    target, data = doors(scene, hostile)[door]
    hostile.set_hook(target, data, False, sender=scene.trader)
    hostile.transfer(scene.stranger, 1, sender=scene.trader)
    assert hostile.hook_calls() == 1
    assert hostile.hook_succeeded()
