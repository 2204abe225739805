"""Clocks of the procedure: each begins anew after a pause of liquidations."""

from __future__ import annotations

import pytest

from tests.procedure import refused
from verification.engine.scenes import CALL_PRICE, CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene
from verification.engine.world import AUCTION, HEALTHY

TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)
CURE = 3_600  # after a pause of liquidations
GRACE = 3_600


@pytest.fixture
def scene(fast_world, guardian) -> Scene:
    """A trader, a fund, a guardian."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


def test_grace_begins_anew(scene, guardian):
    """Called with an hour; paused in it: the whole hour again once the procedure resumes."""
    world = scene.world
    scene.price(CALL_PRICE)
    scene.call()
    world.wait(1_800)
    world.clearinghouse.pause(LIQUIDATIONS, 3_600, sender=guardian)
    world.wait(3_600 + CURE)
    resumed = world.chain.pending_timestamp
    assert scene.manager.auction(scene.account).since == resumed + GRACE
    refused(
        "default manager: grace not over",
        scene.manager.open_auction,
        scene.account,
        sender=scene.stranger,
    )
    world.wait(GRACE + 1)
    scene.open_auction()
    assert scene.stage() == AUCTION


def test_discount_begins_anew(scene, guardian):
    world = scene.world
    scene.auction_at(CLOSE_OUT_PRICE)
    world.wait(60)
    assert scene.manager.auction(scene.account).discount == 270_000
    world.clearinghouse.pause(LIQUIDATIONS, 60, sender=guardian)
    world.wait(60 + CURE)
    assert scene.manager.auction(scene.account).discount == 40_000
    world.wait(120)
    assert scene.bid().discount_rate == 500_000


def test_an_insolvency_waits_for_the_pause_and_for_no_other_clock(scene, guardian):
    world = scene.world
    scene.price(INSOLVENT_PRICE)
    world.clearinghouse.pause(LIQUIDATIONS, 60, sender=guardian)
    world.wait(60 + CURE - 1)
    tear_up = (scene.manager.tear_up, [scene.account])
    refused("default rules: liquidations are paused", *tear_up, sender=scene.stranger)
    world.wait(1)
    scene.manager.tear_up([scene.account], sender=scene.stranger)
    assert (scene.stage(), scene.size()) == (HEALTHY, 0)


def test_clocks_do_not_move_without_a_pause(scene):
    scene.price(CALL_PRICE)
    scene.call()
    scene.world.wait(GRACE + 1)
    scene.open_auction()
    assert scene.stage() == AUCTION
