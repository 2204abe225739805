"""Clearinghouse.convert_positions: what was settled turns into cash."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, refused, settle
from verification.engine.scenes import DUST, Scene, crowd, equities
from verification.engine.world import ETH, WAD


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def test_converted_in_batches(scene):
    """Every holder gets the value of their position; accounts without one are passed over."""
    world = scene.world
    ledger = world.clearinghouse
    holders = crowd(scene, [5, -7, 0.3])
    scene.price(2_100)
    everyone = [holder.account for holder in holders] + [scene.account, scene.book]
    refused(
        "clearinghouse: market is not settled",
        ledger.convert_positions,
        ETH,
        everyone,
        sender=scene.stranger,
    )
    settle(scene)
    scene.price(1_500)  # no longer of interest
    before = equities(world, everyone)
    batch = [everyone[0], scene.purse, everyone[1], everyone[0]]
    receipt = ledger.convert_positions(ETH, batch, sender=scene.stranger)
    assert receipt.return_value == 2
    assert len(receipt.events.filter(ledger.Converted)) == 2
    assert ledger.convert_positions(ETH, everyone, sender=scene.stranger).return_value == 3
    refused(
        "clearinghouse: nothing to convert",
        ledger.convert_positions,
        ETH,
        everyone,
        sender=scene.stranger,
    )
    assert [world.cash(account) for account in everyone] == before
    assert all(world.header(account).markets == () for account in everyone)
    assert world.cash(scene.account) == (10_000 - 100 + 10_000) * WAD
    assert world.conservation_error() < BOOK_DUST


def test_margin_counts_it_as_cash(scene):
    """Before it is converted: the same equity at any price, and no margin for it."""
    world = scene.world
    scene.price(2_050)
    settle(scene)
    for price in (2_050, 1_000, 5_000):
        scene.price(price)
        equity, initial, maintenance = scene.margin()
        assert equity == (10_000 - 100 + 5_000) * WAD
        assert (initial, maintenance) == (50 * WAD, 0) or maintenance == 0
    seen, known = world.risk_engine.assess(scene.account)
    assert (seen.stuck, list(known)) == (0, [])


def test_profit_leaves_once_it_is_cash(scene):
    world = scene.world
    ledger = world.clearinghouse
    scene.price(2_050)
    settle(scene)
    out = (scene.account, world.settlement, 14_900 * 10**6, scene.trader)
    refused("registry: not enough held", ledger.withdraw, *out, sender=scene.trader)
    ledger.convert_positions(ETH, [scene.account], sender=scene.stranger)
    refused("margin moves: won too lately", ledger.withdraw, *out, sender=scene.trader)
    world.wait(600)
    ledger.withdraw(*out, sender=scene.trader)
    assert world.cash(scene.account) == 0


def test_a_loss_that_is_not_cash_yet_stays_inside(scene):  # INV-8
    """Unconverted, but counted: the loser cannot leave with the money."""
    world = scene.world
    ledger = world.clearinghouse
    scene.price(1_950)
    settle(scene)
    out = (scene.account, world.settlement, 5_000 * 10**6, scene.trader)
    refused("risk engine: below initial margin", ledger.withdraw, *out, sender=scene.trader)
    rest = (scene.account, world.settlement, 4_900 * 10**6, scene.trader)
    ledger.convert_positions(ETH, [scene.account], sender=scene.stranger)
    ledger.withdraw(*rest, sender=scene.trader)
    assert world.cash(scene.account) == 0
    refused(
        "registry: not enough held",
        ledger.withdraw,
        scene.account,
        world.settlement,
        1,
        scene.trader,
        sender=scene.trader,
    )


def test_after_a_tear_up(scene):
    """Indices have moved and a generation has ended: settlement finds the same value."""
    world = scene.world
    holders = crowd(scene, [20, -30])
    scene.price(1_890)
    scene.call()
    accounts = [holder.account for holder in holders] + [scene.book]
    before = equities(world, accounts)
    settle(scene)
    world.clearinghouse.convert_positions(ETH, accounts, sender=scene.stranger)
    for old, account in zip(before, accounts, strict=True):
        assert abs(world.cash(account) - old) <= DUST
    assert world.conservation_error() < BOOK_DUST
