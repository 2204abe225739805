"""Clearinghouse.recover: an account that owes pays out of its own cash."""

from __future__ import annotations

from tests.procedure import BOOK_DUST, UNIT, fill_funds, only, refused, without_limits
from tests.unit.clearinghouse.helpers import owed
from verification.engine.scenes import Scene
from verification.engine.world import BTC, WAD


def test_recover_takes_the_accounts_own_cash(indebted):
    """Anyone; what there is, in the same order, but nothing leaves before the hole is filled; what
    is more than owed stays."""
    scene, world = indebted, indebted.world
    ledger = world.clearinghouse
    refused("registry: not enough held", ledger.recover, scene.account, sender=scene.stranger)
    world.deposit(scene.trader, scene.account, 500)
    event = only(ledger.recover(scene.account, sender=scene.stranger), ledger.DebtRepaid)
    assert abs(event.cash - 100 * WAD) < UNIT
    assert owed(scene) == [0, 450, 150, 300, 200]
    event = only(ledger.recover(scene.account, sender=scene.stranger), ledger.DebtRepaid)
    assert event.cash < UNIT
    assert owed(scene) == [0, 350, 150, 300, 200]
    assert ledger.hole() < UNIT
    world.deposit(scene.trader, scene.account, 2_000)
    ledger.recover(scene.account, sender=scene.stranger)
    assert owed(scene) == [0] * 5
    assert abs(world.cash(scene.account) - 1_000 * WAD) < 10 * UNIT
    refused("clearinghouse: owes nothing", ledger.recover, scene.account, sender=scene.stranger)
    assert world.conservation_error() < BOOK_DUST


def test_recover_does_not_touch_a_healthy_account(indebted):
    refused(
        "clearinghouse: owes nothing",
        indebted.world.clearinghouse.recover,
        indebted.purse,
        sender=indebted.stranger,
    )


def test_recover_waits_for_the_procedure(fast_world):
    """An account in insolvency is not recovered from while it has positions."""
    scene = Scene.set(fast_world, cash=12_000)
    fill_funds(scene, 700)
    without_limits(fast_world)
    scene.buy(0.5, 40_000, BTC)
    fast_world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    scene.open_auction()  # BTC has no price, and stays
    assert fast_world.header(scene.account).is_indebted
    ledger = fast_world.clearinghouse
    refused("ledger: account under a call", ledger.recover, scene.account, sender=scene.stranger)
    fast_world.refresh()
    fast_world.deposit(scene.trader, scene.account, 5_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    refused(
        "clearinghouse: account still has legs",
        ledger.recover,
        scene.account,
        sender=scene.stranger,
    )
