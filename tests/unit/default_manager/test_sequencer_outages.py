"""The procedure while the sequencer of a rollup is down, and when it is back."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from tests.procedure import refused, tear_up, tear_up_is_refused
from verification.engine.evm import ADMIN, ROOT, PyrevmChain, everybody
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene
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
def test_nobody_is_torn_up_while_it_is_down(outage):
    """Down for ten minutes: an hour of grace afterwards, then everything at once."""
    world, feed = outage
    scene = Scene.set(world)
    world.stake(scene.staker, 3_000)
    scene.price(INSOLVENT_PRICE)
    feed.set_status(False, sender=scene.stranger)
    world.wait(600)
    tear_up_is_refused(scene, "account is solvent")  # as far as anyone can tell
    feed.set_status(True, sender=scene.stranger)
    world.wait(3_599)
    tear_up_is_refused(scene, "account is solvent")
    world.wait(2)
    tear_up(scene)
    assert scene.stage() == HEALTHY


@pytest.mark.usefixtures("fast_world")
def test_an_outage_restarts_the_ramp(outage):
    world, feed = outage
    scene = Scene.set(world).auction_at(CLOSE_OUT_PRICE)
    scene.finish_ramp()
    assert scene.manager.auction(scene.account).discount == scene.terms.discount_end
    feed.set_status(False, sender=scene.stranger)
    feed.set_status(True, sender=scene.stranger)
    world.wait(3_601)
    assert scene.manager.auction(scene.account).discount < scene.terms.discount_start + 10_000


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
