"""Euler, March 2023: an action that skipped the health check, then a liquidation of oneself.

The attacker gave away collateral of a leveraged account (`donateToReserves` did not check health)
and liquidated it from a second account: the discount of the liquidation, paid by the pool,
was larger than what the first account had lost. Here every decrease of equity checks health, and
the discount comes out of the defaulter's equity only.
"""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene
from verification.engine.world import WAD


@pytest.mark.parametrize("action", ["withdraw", "transfer"])
def test_nobody_makes_himself_unhealthy(world, action):
    """Both ways in which margin leaves an account stop at initial margin. INV-8."""
    scene = Scene.set(world)
    twin = world.open(scene.trader)
    ledger, token = world.clearinghouse, world.settlement
    last = {"withdraw": scene.trader, "transfer": None}[action]

    def arguments(units: int) -> tuple:
        if action == "withdraw":
            return scene.account, token, units, last
        return scene.account, twin, token, units

    equity, initial, _ = scene.margin()
    free = (equity - initial) // 10**12
    assert_reverts(
        "risk engine: below initial margin",
        getattr(ledger, action),
        *arguments(free + 1),
        sender=scene.trader,
    )
    getattr(ledger, action)(*arguments(free), sender=scene.trader)
    equity, initial, maintenance = scene.margin()
    assert equity >= initial > maintenance


@pytest.mark.parametrize("price", [CLOSE_OUT_PRICE, 1_902, INSOLVENT_PRICE])
def test_liquidating_oneself_gains_nothing(world, price):
    """From a second account of the same owner, at the highest discount. INV-4, INV-9."""
    scene = Scene.set(world)
    world.stake(scene.staker, 50_000)
    twin = world.open(scene.trader, 100_000)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()
    scene.price(price)
    owned = max(scene.equity(), 0) + scene.equity(twin)
    scene.manager.bid(scene.account, WAD, twin, 1, sender=scene.trader)
    assert max(scene.equity(), 0) + scene.equity(twin) <= owned
    drawn = 50_000 * 10**6 - world.insurance_fund.totalAssets()
    assert drawn == (1_100 * 10**6 if price == INSOLVENT_PRICE else 0)
