"""The relay: a price gaps, the winner sells the position to a fresh account of theirs and takes
the profit out before the loser is torn up, so that those who are to share the loss have gone.

What the gap has made can leave; more cannot: the hole is at most the gap less the margins of both
sides and what the funds pay. And recognition reserves the funds and tears up what they do not cover
in one transaction: between the two nobody can step aside.

Fails without the defence: in DefaultManagerInsolvency._recognise let `fraction` stay 0, so that
what nothing covers waits for the end of the window too.
"""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    fill_funds,
    finish_window,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.scenes import DUST, Scene
from verification.engine.world import WAD

GAP = 50_000  # 100 ETH from 2,000 to 1,500
MARGIN = 10_000
CHARGE = 7_500  # 5 % of 1,500 on 100 units


@pytest.fixture
def twins(fast_world) -> tuple[Scene, int]:
    """The attacker is LONG in one account and SHORT in another; 5,000 are in the fund."""
    scene = Scene.set(fast_world, size=0)
    fill_funds(scene, 5_000)
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
    world.clearinghouse.withdraw(
        winner, world.settlement, profit // 10**12, scene.trader, sender=scene.trader
    )
    scene.call()
    finish_window(world)
    scene.price(1_500)
    tear_up(scene)
    fees = 400 * WAD
    hole = world.clearinghouse.hole()
    assert 0 < hole <= (GAP - MARGIN - CHARGE - 5_000) * WAD + fees + DUST
    assert scene.equity(fresh) < (MARGIN - CHARGE) * WAD + DUST, "the heir of the position pays"
    assert world.conservation_error() < BOOK_DUST


def test_nobody_steps_aside_between_recognition_and_charge(twins):
    """After the first call that sees it the uncovered part of the winner's position is gone, and
    paid for."""
    scene, winner = twins
    world = scene.world
    before = scene.equity(winner)
    scene.call()
    assert abs(world.market().interest[1] - 100 * WAD * 5_000 // 40_100) < WAD // 1_000
    assert abs(scene.equity(winner) - (before - CHARGE * WAD)) <= DUST
    assert scene.manager.reservation(scene.account)[1] == 5_000 * WAD
    fund = world.insurance_fund
    fund.request_redeem(fund.balanceOf(scene.staker), sender=scene.staker)
    world.wait(7 * 86_400)
    refused(
        "fund: money is reserved",
        fund.redeem,
        fund.locked_shares(scene.staker),
        scene.staker,
        scene.staker,
        sender=scene.staker,
    )
