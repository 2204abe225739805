"""Drift, April 2026: who had captured the admin key listed a token of their own as collateral and
borrowed the vaults empty against it.

Every parameter belongs to a timelock: what a hostile proposer schedules is seen for days before it
happens. Then a new collateral is worth a tenth of its cap at first, the rest over a month, and a
new contract in a role waits for as long as leaving a fund can last. Meanwhile everybody can leave.

Fails without the defence: in proposals.set_role call `_set_holder` at once, or list a
collateral with `base=cap`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import DEFAULT_MANAGER, deploy
from tests.procedure import refused
from verification.engine.evm import ADMIN, ROOT, PyrevmChain, Reverted, everybody
from verification.engine.scenes import Scene
from verification.engine.world import FIRST_PRICES, NEVER, WAD, World

DAY = 86_400
DELAY = 2 * DAY
NOTHING = bytes(32)
NO_OWNER = "ownable: caller is not the owner"


@cache
def governed() -> World:
    """Deploy with a timelock of two days as the owner; the attacker has the proposer's key."""
    chain = PyrevmChain()
    config = load_config(ROOT / "config" / "local.yaml")
    rules = config.governance.model_copy(
        update={"timelock_delay": DELAY, "proposer": everybody()["attacker"].address}
    )
    config = config.model_copy(update={"governance": rules})
    return World(deploy(chain, config, ADMIN, FIRST_PRICES), chain, ADMIN, everybody())


@pytest.fixture
def world(fast_world) -> Any:
    """The governed deployment."""
    made = governed()
    checkpoint = made.chain.snapshot()
    made.forget()
    yield made
    made.chain.restore(checkpoint)
    made.forget()


def operation(world: World, function: str, *args: Any) -> tuple:
    """Return what the timelock is to do on the clearinghouse."""
    ledger = world.clearinghouse
    return ledger.address, 0, world.chain.encode(ledger, function, *args), NOTHING, NOTHING


def schedule(world: World, *call: Any) -> tuple:
    """Let the attacker schedule a call; return the operation."""
    wanted = operation(world, *call)
    world.timelock.schedule(*wanted, DELAY, sender=world.people["attacker"])
    return wanted


def fake_token(world: World) -> Any:
    """Deploy a token of the attacker's."""
    return world.chain.deploy("TestToken", "Fake", "FAKE", 18)


def test_nothing_happens_before_the_delay(world):
    attacker, ledger = world.people["attacker"], world.clearinghouse
    assert ledger.owner() == world.timelock.address
    fake = fake_token(world)
    for person in (attacker, world.admin):
        refused(NO_OWNER, ledger.list_collateral, fake, 10**9 * WAD, sender=person)
        refused(NO_OWNER, ledger.set_role, DEFAULT_MANAGER, fake, sender=person)
    wanted = schedule(world, "list_collateral", fake, 10**9 * WAD)
    for wait in (0, DELAY - 1):
        world.wait(wait)
        with pytest.raises(Reverted):
            world.timelock.execute(*wanted, sender=attacker)
    with pytest.raises(Reverted):
        world.timelock.schedule(*wanted, DELAY - 1, sender=attacker)
    assert ledger.collateral_count() == 2
    world.wait(1)
    world.timelock.execute(*wanted, sender=attacker)
    assert ledger.collateral_count() == 3


def test_everybody_can_leave_before(world):
    scene = Scene.set(world)
    schedule(world, "set_role", DEFAULT_MANAGER, fake_token(world))
    scene.buy(-100)
    cash = world.cash(scene.account) // 10**12
    world.clearinghouse.withdraw(
        scene.account, world.settlement, cash, scene.trader, sender=scene.trader
    )
    assert world.settlement.balanceOf(scene.trader) == cash > 9_000 * 10**6


def test_a_new_collateral_grows_for_a_month(world):
    """After the delay a tenth of the cap gets in, and nothing without a price of its own."""
    attacker, ledger = world.people["attacker"], world.clearinghouse
    fake = fake_token(world)
    wanted = schedule(world, "list_collateral", fake, 1_000 * WAD)
    world.wait(DELAY)
    world.timelock.execute(*wanted, sender=attacker)
    assert ledger.collateral_cap(2) == 100 * WAD
    account = world.open(attacker)
    fake.mint(attacker, 1_000 * WAD, sender=attacker)
    fake.approve(ledger, NEVER, sender=attacker)
    with pytest.raises(Reverted):
        ledger.deposit(account, fake, 101 * WAD, sender=attacker)
    world.wait(15 * DAY)
    assert ledger.collateral_cap(2) == 550 * WAD
    world.wait(30 * DAY)
    assert ledger.collateral_cap(2) == 1_000 * WAD


def test_a_plugged_manager_waits_for_everybody(world):
    """The hostile contract has no say before the delay of the role is over, too."""
    attacker, ledger = world.people["attacker"], world.clearinghouse
    scene = Scene.set(world)
    hostile = fake_token(world)
    before = ledger.roles(DEFAULT_MANAGER)
    wanted = schedule(world, "set_role", DEFAULT_MANAGER, hostile)
    refused("proposals: no role proposed", ledger.accept_role, DEFAULT_MANAGER, sender=attacker)
    world.wait(DELAY)
    world.timelock.execute(*wanted, sender=attacker)
    for wait in (0, ledger.role_delay() - 1):
        world.wait(wait)
        refused(
            "proposals: role delay is not over",
            ledger.accept_role,
            DEFAULT_MANAGER,
            sender=attacker,
        )
        refused(
            "registry: wrong caller",
            ledger.set_stage,
            scene.account,
            2,
            0,
            0,
            0,
            sender=attacker,
        )
        assert ledger.roles(DEFAULT_MANAGER) == before
    world.wait(1)
    ledger.accept_role(DEFAULT_MANAGER, sender=attacker)
    assert ledger.roles(DEFAULT_MANAGER) == hostile.address
