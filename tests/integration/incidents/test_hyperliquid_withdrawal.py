"""Hyperliquid ETH, March 2025: margin withdrawn until liquidation, the backstop inherits the loss.

A whale in profit took the margin out, so that the vault had to take over a position too large to
close without loss. Here a withdrawal leaves initial margin without counting profit, larger
positions need more of it, and default is never better than closing the position oneself.
"""

from __future__ import annotations

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import WAD


def test_margin_cannot_be_withdrawn_to_force_a_liquidation(world):
    scene = Scene.set(world, size=2_000, cash=400_000)
    scene.price(2_100)  # a profit of 200,000
    equity, initial, maintenance = scene.margin()
    ledger, token = world.clearinghouse, world.settlement
    # Whatever is tried, what remains covers IM with no profit counted, far above MM.
    assert_reverts(
        "risk engine: below initial margin",
        ledger.withdraw,
        scene.account,
        token,
        (equity - maintenance) // 10**12 - 200_000 * 10**6,
        scene.trader,
        sender=scene.trader,
    )
    ledger.withdraw(scene.account, token, 100_000 * 10**6, scene.trader, sender=scene.trader)
    assert scene.equity() > scene.margin()[1] > scene.margin()[2]
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.call_margin,
        scene.account,
        sender=scene.trader,
    )
    assert initial > maintenance


def test_large_positions_need_more_margin_a_unit(world):
    """Concentration: ten times the size needs more than ten times the margin."""
    world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
    small = Scene.set(world, size=100, cash=100_000).margin()[1]
    maker, whale = world.people.named("maker", "whale")
    account = world.open(whale, 3_000_000)
    world.deposit(maker, world.opened[0], 10_000_000)
    world.trade((maker, world.opened[0]), (whale, account), 5_000, 2_000)
    large = world.risk_engine.margin(account)[1]
    assert large > 50 * small * 14 // 10


def test_default_is_never_better_than_closing_oneself(world):
    """The same account twice: one closes at mark while it is called, one lets itself be sold."""
    scene = Scene.set(world)
    other = world.open(scene.stranger, 10_000)
    world.trade((scene.maker, scene.book), (scene.stranger, other), 100, 2_000)
    scene.price(1_906)
    assert scene.equity() == scene.equity(other) > 0
    scene.buy(-100, 1_906)  # closes the position, at the taker's fee
    scene.manager.open_auction(other, sender=scene.bidder)
    scene.finish_ramp()
    scene.manager.bid(other, WAD, scene.purse, 1, sender=scene.bidder)
    assert scene.equity(other) < scene.equity()
