"""Clearinghouse.call_debts: all negative cash is called in while its total is above its cap."""

from __future__ import annotations

import pytest

from tests.procedure import only, refused
from verification.engine.scenes import Scene
from verification.engine.world import WAD

DAY = 86_400
NOT_YET = "clearinghouse: not open yet"


@pytest.fixture
def scene(fast_world) -> Scene:
    """A debtor who owes 1,100 against 10 WETH; the cap is a part of the cash held."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=10)
    scene.buy(10)
    scene.price(1_900)
    scene.buy(-10, 1_900)
    assert fast_world.cash(scene.account) < -1_000 * WAD
    fast_world.fund(scene.stranger, "USDC", 100)
    return scene


def cap(scene: Scene, amount: int, share: int = 10**6) -> None:
    terms = amount, share, DAY, 10_000
    scene.world.clearinghouse.set_shortfall_terms(*terms, sender=scene.world.admin)


def cover(scene: Scene) -> tuple:
    """A call that pays one cash of it."""
    token = scene.world.tokens["WETH"]
    args = scene.account, token, 10**6, 0, scene.stranger
    return scene.world.clearinghouse.cover_shortfall, *args


def test_only_above_the_cap(scene):
    ledger, by = scene.world.clearinghouse, {"sender": scene.stranger}
    owed = ledger.negative_cash()
    reason = "end terms: debts are below their cap"
    refused(reason, ledger.call_debts, **by)
    cap(scene, owed)
    refused(reason, ledger.call_debts, **by)
    cap(scene, owed - 1)
    event = only(ledger.call_debts(**by), ledger.DebtsCalled)
    now = scene.world.chain.pending_timestamp
    assert (event.negative_cash, event.due) == (owed, now + DAY)
    assert ledger.debts_called_at() == now
    refused("end terms: debts are called in", ledger.call_debts, **by)


def test_the_share_of_the_cash_held_counts(scene):
    ledger, world = scene.world.clearinghouse, scene.world
    held = world.settlement.balanceOf(ledger) * 10**12
    least = -(-ledger.negative_cash() * 10**6 // held)  # ppm
    cap(scene, 10**30, least)
    refused("end terms: debts are below their cap", ledger.call_debts, sender=scene.stranger)
    cap(scene, 10**30, least - 1)
    ledger.call_debts(sender=scene.stranger)


def test_a_debt_that_moves_gains_no_time(scene):
    """Paid by another account's new debt, again and again, it never grows old; but it was called,
    and its total is still above the cap."""
    world, ledger = scene.world, scene.world.clearinghouse
    cap(scene, 0)
    ledger.call_debts(sender=scene.stranger)
    world.wait(DAY - 1)
    world.deposit(scene.trader, scene.account, 20_000)
    world.wait(2 * DAY)
    ledger.withdraw(
        scene.account, world.settlement, world.cash(scene.account) // 10**12, scene.trader,
        sender=scene.trader,
    )  # fmt: skip
    cap(scene, 10**30)
    scene.price(2_000)
    scene.buy(10)
    scene.price(1_900)
    scene.buy(-10, 1_900)
    assert world.cash(scene.account) < 0
    cap(scene, 0)
    function, *arguments = cover(scene)
    function(*arguments, sender=scene.stranger)
    cap(scene, 10**30)
    refused(NOT_YET, function, *arguments, sender=scene.stranger)


def test_a_call_lasts_a_week(scene):
    world, ledger = scene.world, scene.world.clearinghouse
    function, *arguments = cover(scene)
    cap(scene, 0)
    ledger.call_debts(sender=scene.stranger)
    refused(NOT_YET, function, *arguments, sender=scene.stranger)
    world.wait(8 * DAY - 1)
    refused("end terms: debts are called in", ledger.call_debts, sender=scene.stranger)
    world.wait(1)
    ledger.call_debts(sender=scene.stranger)


def test_not_in_a_wind_down(scene):
    cap(scene, 0)
    ledger = scene.world.clearinghouse
    ledger.begin_wind_down(sender=scene.world.admin)
    refused("registry: winding down", ledger.call_debts, sender=scene.stranger)
