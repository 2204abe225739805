"""Open interest made for one transaction: a stranger must not be able to sell a healthy account.

Open interest is traded by anyone with himself, and back. If it raised maintenance margin, whoever
waits for an account that stands just above it would inflate the market, bid at the full discount,
and close his trade again. So crowding is initial margin only: INV-3.
"""

from __future__ import annotations

import pytest

from verification.engine.scenes import Scene, set_market_risk
from verification.engine.world import AUCTION, WAD

STEEP = 200_000 * 10**6  # 20 % of rate a million of open interest
SIZE = 2_000


@pytest.fixture
def scene(world) -> Scene:
    """In auction at full discount, and back just above MM."""
    scene = Scene.set(world)
    world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
    set_market_risk(world, "ETH-PERP", load=STEEP)
    scene.auction_at(1_920)
    scene.finish_ramp()
    scene.price(1_950)
    equity, _, maintenance = scene.margin()
    assert maintenance < equity < maintenance * 1.1
    return scene


def crowd(scene: Scene) -> tuple[tuple, tuple]:
    """Let the stranger trade with themselves, twenty times the open interest of everybody else."""
    world, stranger = scene.world, scene.stranger
    sides = tuple((stranger, world.open(stranger, 10_000_000)) for _ in range(2))
    before = scene.margin()
    world.trade(*sides, SIZE, 1_950)
    after = scene.margin()
    assert after[1] > before[1]  # new positions do need more
    assert after[::2] == before[::2]
    return sides


def test_a_crowd_sells_no_healthy_account(scene):
    world = scene.world
    sides = crowd(scene)
    world.refuses(
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.trade(*sides, -SIZE, 1_950)
    assert scene.stage() == AUCTION


def test_a_fall_of_the_price_does(scene):
    crowd(scene)
    scene.price(1_940)
    assert scene.bid().fraction > 0
