"""The procedure while the sequencer of a rollup is down, and when it is back."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from tests.procedure import INSOLVENT, finish_window, refused, tear_up, tear_up_is_refused
from verification.engine.evm import ADMIN, ROOT, PyrevmChain, everybody
from verification.engine.scenes import CALL_PRICE, INSOLVENT_PRICE, Scene
from verification.engine.world import FIRST_PRICES, HEALTHY, World

DAY = 86_400


def call_is_refused(scene: Scene, reason: str) -> None:
    """Nobody may call the account now."""
    refused(
        reason,
        scene.manager.call_margin,
        scene.account,
        0,
        sender=scene.stranger,
    )


@cache
def rollup() -> tuple[World, Any]:
    """Deploy behind a sequencer feed that has been up for long."""
    chain = PyrevmChain()
    feed = chain.deploy("TestSequencerFeed", chain.pending_timestamp - DAY)
    config = load_config(ROOT / "config" / "local.yaml")
    oracle = config.oracle.model_copy(update={"sequencer_feed": feed.address})
    done = deploy(chain, config.model_copy(update={"oracle": oracle}), ADMIN, FIRST_PRICES)
    return World(done, chain, ADMIN, everybody()), feed


@pytest.fixture
def outage(request) -> Any:
    """A world behind a sequencer, and the means to stop it."""
    world, feed = rollup()
    checkpoint = world.chain.snapshot()
    world.forget()
    yield world, feed
    world.chain.restore(checkpoint)
    world.forget()


@pytest.mark.usefixtures("fast_world")
def test_outage_restarts_the_clocks(outage):
    """Down for ten minutes in the insolvency's window: an hour of grace, then the window anew."""
    world, feed = outage
    scene = Scene.set(world)
    world.stake(scene.staker, 3_000)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    world.wait(300)
    feed.set_status(False, sender=scene.stranger)
    world.wait(600)
    tear_up_is_refused(scene, "account is solvent, reopen its auction")  # as far as anyone can tell
    feed.set_status(True, sender=scene.stranger)
    world.wait(3_599)
    tear_up_is_refused(scene, "account is solvent, reopen its auction")
    world.wait(1 + 599)
    tear_up_is_refused(scene, "window is open")
    world.wait(1)
    tear_up(scene)
    assert scene.stage() == HEALTHY


@pytest.mark.usefixtures("fast_world")
def test_nobody_is_called_while_it_is_down(outage):
    world, feed = outage
    scene = Scene.set(world)
    scene.price(CALL_PRICE)
    feed.set_status(False, sender=scene.stranger)
    call_is_refused(scene, "default rules: account is healthy")  # as far as anyone can tell
    feed.set_status(True, sender=scene.stranger)
    world.wait(3_599)
    call_is_refused(scene, "default rules: account is healthy")
    world.deposit(scene.trader, scene.account, 1)  # INV-10
    world.wait(2)
    scene.call()


@pytest.mark.usefixtures("fast_world")
def test_without_an_outage_the_window_ends(outage):
    world, _ = outage
    scene = Scene.set(world)
    world.stake(scene.staker, 3_000)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    assert scene.stage() == INSOLVENT
    finish_window(world)
    tear_up(scene)
    assert scene.stage() == HEALTHY
