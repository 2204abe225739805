"""Clocks of the procedure: each begins anew after a pause of liquidations."""

from __future__ import annotations

import pytest

from tests.procedure import refused, tear_up, tear_up_is_refused
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
    world.wait(900)
    assert scene.manager.auction(scene.account).discount == 160_000
    world.clearinghouse.pause(LIQUIDATIONS, 60, sender=guardian)
    world.wait(60 + CURE)
    assert scene.manager.auction(scene.account).discount == 20_000
    world.wait(1_800)
    assert scene.bid().discount_rate == 300_000


def test_window_begins_anew(scene, guardian):
    world = scene.world
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    world.wait(500)
    world.clearinghouse.pause(LIQUIDATIONS, 60, sender=guardian)
    world.wait(60 + CURE)
    tear_up_is_refused(scene, "window is open")
    world.wait(599)
    tear_up_is_refused(scene, "window is open")
    world.wait(1)
    tear_up(scene)
    assert scene.stage() == HEALTHY


def test_clocks_do_not_move_without_a_pause(scene):
    scene.price(CALL_PRICE)
    scene.call()
    scene.world.wait(GRACE + 1)
    scene.open_auction()
    assert scene.stage() == AUCTION
