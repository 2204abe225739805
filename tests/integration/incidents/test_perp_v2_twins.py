"""Perpetual Protocol v2: one account takes the profit, its twin leaves the bad debt behind.

By trades with themselves far from the mark attackers moved money from an account that then could
not pay into one that could withdraw. Here fills stay in a band around mark, a loss beyond margin
cannot be traded, and the sum over an owner's accounts never rises at constant prices (INV-9).
"""

from __future__ import annotations

import pytest

from tests.procedure import WINS_COUNT
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import ETH, NEVER, WAD, wad


def fill_arguments(scene: Scene, giver: int, getter: int, size: float, price: float) -> tuple:
    """Return a self-trade's arguments."""
    world = scene.world
    order = world.order(scene.trader, giver, -size, price)
    signature = world.sign(scene.trader, order)
    return order.as_tuple(), signature, wad(size), getter, NEVER if size > 0 else 0


@pytest.fixture
def twins(world) -> tuple[Scene, int]:
    """An attacker with two accounts of 10,000."""
    scene = Scene.set(world, size=0)
    return scene, world.open(scene.trader, 10_000)


@pytest.mark.parametrize("price", [1_800, 2_200])
def test_no_fill_far_from_mark(twins, price):
    scene, twin = twins
    assert_reverts(
        "market terms: price off band",
        scene.world.exchange.fill,
        *fill_arguments(scene, scene.account, twin, 1, price),
        sender=scene.trader,
    )


@pytest.mark.parametrize("price", [1_901, 1_960, 2_000, 2_040, 2_099])
def test_sum_over_both_accounts_never_rises(twins, price):
    """There and back at two prices of the band: fees are all that is lost, nothing is gained."""
    scene, twin = twins
    world = scene.world
    wealth = scene.equity() + scene.equity(twin)
    for giver, getter, at in ((scene.account, twin, price), (twin, scene.account, 2_000)):
        world.exchange.fill(*fill_arguments(scene, giver, getter, 10, at), sender=scene.trader)
        assert scene.equity() + scene.equity(twin) < wealth
        wealth = scene.equity() + scene.equity(twin)
    assert world.conservation_error() < 1e-12


def test_no_loss_beyond_margin_can_be_handed_over(twins):
    """One account would lose more than it has: the fill is refused, whoever the other side is."""
    scene, twin = twins
    assert_reverts(
        "risk engine: below initial margin",
        scene.world.exchange.fill,
        *fill_arguments(scene, scene.account, twin, 90, 1_905),
        sender=scene.trader,
    )


def test_profit_of_one_twin_is_at_most_the_loss_of_the_other(twins):
    """After a fall, the winner takes out only what was paid in, and not before it is settled."""
    scene, twin = twins
    world = scene.world
    world.trade((scene.trader, scene.account), (scene.trader, twin), 60, 2_000)
    scene.price(1_850)  # the twin has lost 9,000 of 10,000
    world.trade((scene.trader, twin), (scene.trader, scene.account), 60, 1_850)
    assert scene.size(twin) == scene.size() == 0
    ledger, token = world.clearinghouse, world.settlement
    assert_reverts(
        "margin moves: won too lately",
        ledger.withdraw,
        scene.account,
        token,
        world.cash(scene.account) // 10**12,
        scene.trader,
        sender=scene.trader,
    )
    world.wait(WINS_COUNT)
    for account in (scene.account, twin):
        units = world.cash(account) // 10**12
        ledger.withdraw(account, token, units, scene.trader, sender=scene.trader)
    assert token.balanceOf(scene.trader) < 20_000 * 10**6
    assert world.clearinghouse.hole() == 0
    assert ETH in world.deployment.markets.values()
    assert world.cash(twin) < WAD
