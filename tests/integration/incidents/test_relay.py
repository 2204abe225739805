"""The relay: a price gaps, the winner sells the position to a fresh account of theirs and takes
the profit out before the loser is torn up, so that those who are to share the loss have gone.

What the gap has made can leave; more cannot: the hole is at most the gap less the margins of both
sides and what the funds pay. And the call that sees the insolvency closes it and charges it in one
transaction: between the two nobody can step aside.

Fails without the defence: in tear_up._charge charge nothing.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, fill_funds, only, without_limits
from verification.engine.scenes import DUST, Scene
from verification.engine.world import WAD

GAP = 50_000  # 100 ETH from 2,000 to 1,500
MARGIN = 10_000
FUND = 5_000
LACKING = 40_100  # the gap and a fee of 100, less the margin


@pytest.fixture
def twins(fast_world) -> tuple[Scene, int]:
    """The attacker is LONG in one account and SHORT in another; 5,000 are in the fund."""
    scene = Scene.set(fast_world, size=0)
    fill_funds(scene, FUND)
    without_limits(fast_world)
    winner = fast_world.open(scene.trader, MARGIN)
    fast_world.trade((scene.trader, winner), (scene.trader, scene.account), 100, 2_000)
    scene.price(1_500)
    return scene, winner


def test_hole_is_at_most_the_gap_less_margins_and_funds(twins):
    scene, winner = twins
    world = scene.world
    fresh = world.open(scene.trader, MARGIN)
    world.trade((scene.trader, fresh), (scene.trader, winner), 100, 1_500)
    profit = world.cash(winner)
    world.wait(600)  # what was won just now stays
    world.clearinghouse.withdraw(
        winner, world.settlement, profit // 10**12, scene.trader, sender=scene.trader
    )
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert paid.insurance == FUND * WAD
    assert paid.charged == (LACKING - FUND) * WAD, "the heir of the position pays"
    assert scene.equity(fresh) < 0
    # What the heir lacks is the next shortfall: nobody is on the other side of nothing.
    lost = only(scene.manager.tear_up([fresh], sender=scene.stranger), scene.manager.ShortfallPaid)
    fees = 400 * WAD
    hole = world.clearinghouse.hole()
    assert lost.to_hole == hole
    assert 0 < hole <= (GAP - 2 * MARGIN - FUND) * WAD + fees + DUST
    assert world.conservation_error() < BOOK_DUST


def test_nobody_steps_aside_between_recognition_and_charge(twins):
    """After the first call that sees it the winner's position is gone, and paid for."""
    scene, winner = twins
    world = scene.world
    before = scene.equity(winner)
    scene.call()
    assert world.market().interest == (0, 0)
    assert abs(scene.equity(winner) - (before - (LACKING - FUND) * WAD)) <= DUST
    assert world.clearinghouse.hole() == 0
