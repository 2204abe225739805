"""10 October 2025: queues of auto-deleveraging closed winners one by one, far from mark, and took
hundreds of millions more than the deficits they were for.

A tear-up closes at mark and pro rata, so that nobody's equity changes by it, and the charge takes
what nobody paid, to dust, by shares: no queue, no favourites.

Fails without the defence: in tear_up._spread drop the line `k += ...` that keeps a share's worth at
mark, or charge `room` in place of `min(demand, room)`.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, side_pair
from verification.engine.scenes import DUST, Scene, crowd, equities
from verification.engine.world import WAD


@pytest.fixture
def winners(fast_world) -> tuple[Scene, list]:
    """Six SHORT winners of all sizes and two LONG holders; the trader lacks 5,100."""
    scene = Scene.set(fast_world)
    holders = crowd(scene, [-60, -20, -5, -1, -0.5, -0.01, 4, 9])
    scene.price(1_850)
    return scene, holders


def test_charge_is_the_deficit(winners):
    scene, holders = winners
    accounts = [holder.account for holder in holders] + [scene.book]
    before = equities(scene.world, accounts)
    deficit = -scene.equity()
    scene.call()
    taken = [old - new for old, new in zip(before, equities(scene.world, accounts), strict=True)]
    assert deficit <= sum(taken) <= deficit + DUST
    shorts = sum(-holder.size for holder in holders if holder.size < 0)
    maker = 113 - shorts
    for holder, lost in zip(holders, taken, strict=False):
        share = max(-holder.size, 0) / (shorts + maker)
        assert abs(lost - deficit * round(share * 10**12) // 10**12) < WAD // 10**5
    assert scene.world.conservation_error() < BOOK_DUST


def test_everybody_keeps_the_same_part(winners):
    """The largest winner is not singled out: each SHORT keeps 13/113 of its size."""
    scene, _ = winners
    scene.call()
    a, _ = side_pair(scene.world, 1)
    assert abs(a - WAD * 13 // 113) <= 2
    assert side_pair(scene.world, 0) == (WAD, 0)


def test_covered_losses_charge_nobody(winners):
    scene, holders = winners
    scene.world.stake(scene.staker, 100_000)
    accounts = [holder.account for holder in holders]
    before = equities(scene.world, accounts)
    scene.call()
    assert scene.size() == 0
    for old, new in zip(before, equities(scene.world, accounts), strict=True):
        assert -DUST <= new - old <= 0
