"""Clearinghouse.settle_debt: in a wind-down anyone pays an account's negative cash at par."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, UNIT, only, redemption, refused, wind_down
from verification.engine.scenes import Scene
from verification.engine.world import WAD

REASON = "wind down: owes less"


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader with 5 WETH and a loss of 5,436."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=5)
    scene.buy(36)
    scene.price(1_850)
    fast_world.fund(scene.stranger, "USDC", 10_000)
    return scene


def test_not_before_a_wind_down(scene):
    ledger, by = scene.world.clearinghouse, {"sender": scene.stranger}
    refused("wind down: not begun", ledger.settle_debt, scene.account, 1, **by)
    wind_down(scene.world)
    refused("registry: amount is zero", ledger.settle_debt, scene.account, 0, **by)
    refused("ledger: unknown account", ledger.settle_debt, 7, 1, **by)
    refused(REASON, ledger.settle_debt, scene.purse, 1, **by)


def test_pays_at_par_and_frees_the_collateral(scene):
    """Before redemption or in it; to the unit, rounded up."""
    world, ledger = scene.world, scene.world.clearinghouse
    wind_down(world)
    by = {"sender": scene.stranger}
    half = ledger.settle_debt(scene.account, 10**6, **by).return_value
    assert half == -world.cash(scene.account) > 0
    pot, claims = redemption(world)
    assert claims - pot == half
    units = -(-half // UNIT)
    refused(REASON, ledger.settle_debt, scene.account, units + 1, **by)
    event = only(ledger.settle_debt(scene.account, units, **by), ledger.DebtSettled)
    assert (event.payer, event.paid, event.cash) == (scene.stranger.address, half, 0)
    assert ledger.claims() == claims
    assert ledger.pot() == claims
    ledger.redeem(scene.account, scene.trader, **by)
    assert world.deployment.tokens["WETH"].balanceOf(scene.trader) == 5 * WAD
    assert world.conservation_error() < BOOK_DUST
