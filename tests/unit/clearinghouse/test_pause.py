"""Clearinghouse.pause and unpause: who may stop what, for how long, and what goes on meanwhile."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, refused
from verification.engine.scenes import CALL_PRICE, Scene
from verification.engine.world import AUCTION, CALLED, HEALTHY, NEVER, WAD

TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)
DAY = 86_400
CURE = 3_600  # after a pause of liquidations
PAUSED = "default rules: liquidations are paused"


@pytest.fixture
def scene(fast_world, guardian) -> Scene:
    """A trader, a fund, a guardian."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


def fill_of(scene: Scene, size: int) -> tuple:
    """Return the arguments with which the trader gains `size`."""
    world = scene.world
    order = world.order(scene.maker, scene.book, -size, 2_000)
    limit = NEVER if size > 0 else 0
    return order.as_tuple(), world.sign(scene.maker, order), abs(size) * WAD, scene.account, limit


# WHO, WHAT, HOW LONG ------------------------------------------------------------------------------


def test_guardian_only(scene, guardian):
    world = scene.world
    ledger = world.clearinghouse
    reason = "clearinghouse: caller is not the guardian"
    for person in (scene.stranger, world.admin):
        refused(reason, ledger.pause, TRADING, 60, sender=person)
    refused("clearinghouse: unknown action", ledger.pause, 3, 60, sender=guardian)
    refused("clearinghouse: pause out of bounds", ledger.pause, TRADING, 0, sender=guardian)
    refused("clearinghouse: pause out of bounds", ledger.pause, TRADING, DAY + 1, sender=guardian)
    event = only(ledger.pause(TRADING, DAY, sender=guardian), ledger.Paused)
    assert (event.until, event.used) == (world.chain.pending_timestamp + DAY, DAY)
    refused("clearinghouse: already paused for longer", ledger.pause, TRADING, DAY, sender=guardian)


def test_trading(scene, guardian):  # INV-10
    """Nothing new opens; reductions, deposits and withdrawals go on."""
    world = scene.world
    world.clearinghouse.pause(TRADING, 3_600, sender=guardian)
    refused(
        "trading: trading is paused",
        world.exchange.fill,
        *fill_of(scene, 10),
        sender=scene.trader,
    )
    world.exchange.fill(*fill_of(scene, -60), sender=scene.trader)
    assert scene.size() == 40 * WAD
    world.deposit(scene.trader, scene.account, 10)
    world.clearinghouse.withdraw(
        scene.account, world.settlement, 10**6, scene.trader, sender=scene.trader
    )
    scene.price(1_760)
    scene.open_auction()
    assert scene.stage() == AUCTION
    scene.bid()
    world.wait(3_600)
    scene.price(2_000)
    other = world.open(scene.trader, 10_000)
    world.trade((scene.maker, scene.book), (scene.trader, other), 10, 2_000)


def test_withdrawals(scene, guardian):
    """Nothing leaves accounts; deposits and trades go on."""
    world = scene.world
    ledger = world.clearinghouse
    ledger.pause(WITHDRAWALS, 3_600, sender=guardian)
    out = (scene.account, world.settlement, 10**6, scene.trader)
    other = world.open(scene.trader)
    across = (scene.account, other, world.settlement, 10**6)
    refused("registry: withdrawals are paused", ledger.withdraw, *out, sender=scene.trader)
    refused("registry: withdrawals are paused", ledger.transfer, *across, sender=scene.trader)
    world.deposit(scene.trader, scene.account, 100)
    world.exchange.fill(*fill_of(scene, -50), sender=scene.trader)
    world.wait(3_600)
    ledger.withdraw(*out, sender=scene.trader)
    ledger.transfer(*across, sender=scene.trader)


def test_liquidations(scene, guardian):
    """Nobody is called, sold or torn up, also in the hour after; then the procedure goes on."""
    world, manager = scene.world, scene.manager
    scene.price(CALL_PRICE)
    world.clearinghouse.pause(LIQUIDATIONS, 7_200, sender=guardian)
    for wait in (0, 7_199, 1, CURE - 1):
        world.wait(wait)
        refused(PAUSED, manager.call_margin, scene.account, 0, sender=scene.stranger)
        refused(PAUSED, manager.open_auction, scene.account, sender=scene.stranger)
        refused(PAUSED, manager.bid, scene.account, WAD, scene.purse, sender=scene.bidder)
        refused(PAUSED, manager.tear_up, [scene.account], sender=scene.stranger)
    world.wait(1)
    scene.call()
    assert scene.stage() == CALLED


def test_deposits_reductions_and_cures_go_on(scene, guardian):  # INV-10
    world = scene.world
    scene.price(CALL_PRICE)
    scene.call()
    for action in range(3):
        world.clearinghouse.pause(action, 3_600, sender=guardian)
    order = world.order(scene.maker, scene.book, 30, CALL_PRICE)
    world.exchange.fill(
        order.as_tuple(),
        world.sign(scene.maker, order),
        30 * WAD,
        scene.account,
        0,
        sender=scene.trader,
    )
    assert scene.size() == 70 * WAD
    world.deposit(scene.trader, scene.account, 3_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


# BUDGET -------------------------------------------------------------------------------------------


def test_paused_time_is_capped(scene, guardian):
    """Three days in thirty, however they are cut; then a new window."""
    ledger, world = scene.world.clearinghouse, scene.world
    for _ in range(3):
        ledger.pause(TRADING, DAY, sender=guardian)
        world.wait(DAY)
    reason = "clearinghouse: paused time is used up"
    refused(reason, ledger.pause, TRADING, 1, sender=guardian)
    ledger.pause(WITHDRAWALS, DAY, sender=guardian)  # each action has its own
    world.wait(27 * DAY - 1)
    refused(reason, ledger.pause, TRADING, 1, sender=guardian)
    world.wait(1)
    event = only(ledger.pause(TRADING, DAY, sender=guardian), ledger.Paused)
    assert event.used == DAY


def test_cure_windows_count(scene, guardian):
    """A guardian cannot stretch it by many short pauses: each costs an hour more."""
    ledger, world = scene.world.clearinghouse, scene.world
    paused = 0
    while True:
        try:
            ledger.pause(LIQUIDATIONS, 60, sender=guardian)
        except Exception as problem:
            assert "used up" in str(problem)  # noqa: PT017
            break
        paused += 1
        world.wait(60 + CURE)
    assert paused == 3 * DAY // (60 + CURE)
    scene.price(CALL_PRICE)
    scene.call()


def test_extension_counts_once(scene, guardian):
    ledger = scene.world.clearinghouse
    ledger.pause(TRADING, 3_600, sender=guardian)
    scene.world.wait(1_800)
    event = only(ledger.pause(TRADING, 3_600, sender=guardian), ledger.Paused)
    assert event.used == 3_600 + 1_800


def test_unpause(scene, guardian):
    """Guardian or owner, at once; the time stays counted, the cure window still follows."""
    ledger, world = scene.world.clearinghouse, scene.world
    refused("clearinghouse: not paused", ledger.unpause, TRADING, sender=guardian)
    ledger.pause(TRADING, DAY, sender=guardian)
    refused(
        "clearinghouse: caller is not the guardian", ledger.unpause, TRADING, sender=scene.stranger
    )
    assert only(ledger.unpause(TRADING, sender=world.admin), ledger.Paused).used == DAY
    world.exchange.fill(*fill_of(scene, 1), sender=scene.trader)
    scene.price(CALL_PRICE)
    ledger.pause(LIQUIDATIONS, DAY, sender=guardian)
    world.wait(10)
    ledger.unpause(LIQUIDATIONS, sender=guardian)
    refused(PAUSED, scene.manager.call_margin, scene.account, 0, sender=scene.stranger)
    world.wait(CURE)
    scene.call()


def test_pausing_moves_no_money(scene, guardian):
    before = [scene.equity(account) for account in (scene.account, scene.book, scene.purse)]
    for action in range(3):
        scene.world.clearinghouse.pause(action, DAY, sender=guardian)
    assert before == [scene.equity(account) for account in (scene.account, scene.book, scene.purse)]
    assert scene.world.conservation_error() < BOOK_DUST
