"""Hyperliquid, JELLY, March 2025: a short on a thin token is abandoned to the backstop vault, the
attacker squeezes the price, and the vault loses on the position it has inherited, without an end.

Here nobody inherits a position: the call that sees the insolvency closes it and pays the loss as it
is then, up to the limit of the market; what that does not cover the side that has won gives back.
A squeeze that goes on finds nobody on the other side.

Fails without the defence: in tear_up._close pass over every position, or let attribution._room
return `max_value(uint256)` for the market.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, parts_of
from verification.engine.scenes import DUST, Scene, set_waterfall
from verification.engine.world import WAD

LIMIT = 20_000


@pytest.fixture
def squeezed(fast_world) -> tuple[Scene, int]:
    """SHORT 100 in one account, LONG 100 in another of the attacker's; the price has doubled."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 1_000_000)
    set_waterfall(fast_world, market_amount=LIMIT)
    winner = fast_world.open(scene.trader, 20_000)
    fast_world.trade((scene.trader, winner), (scene.trader, scene.account), -100, 2_000)
    scene.price(4_000)
    return scene, winner


def test_backstop_loss_is_capped(squeezed):
    scene, _ = squeezed
    world = scene.world
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert parts_of(paid)[2] == LIMIT * WAD
    assert world.insurance_fund.totalAssets() >= (1_000_000 - LIMIT - 200) * 10**6
    assert scene.size() == 0
    assert world.conservation_error() < BOOK_DUST


def test_squeezing_on_gains_nothing_on_what_was_closed(squeezed):
    scene, winner = squeezed
    before = scene.equity(winner)
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert abs(before - scene.equity(winner) - paid.charged) <= DUST
    assert paid.charged == paid.shortfall - LIMIT * WAD
    after = scene.equity(winner)
    scene.price(8_000)
    assert scene.equity(winner) == after
    assert scene.world.market().interest[0] == 0


def test_loss_is_no_more_than_that_of_closing(fast_world):
    """The neighbour that must work: a solvent short closes itself and costs the fund nothing."""
    scene = Scene.set(fast_world, size=-100)
    fast_world.stake(scene.staker, 1_000_000)
    scene.price(2_090)
    scene.buy(100, 2_090)
    assert scene.size() == 0
    assert fast_world.insurance_fund.totalAssets() == 1_000_000 * 10**6
