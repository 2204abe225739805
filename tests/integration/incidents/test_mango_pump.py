"""Mango Markets, October 2022: a perpetual matched with oneself, the thin spot market pumped, and
the unrealised profit borrowed out.

Withdrawals here count no unrealised profit at all (INV-8): what leaves is at most what was paid in
and profit that somebody has really paid, minutes ago.
"""

from __future__ import annotations

import pytest

from tests.procedure import WINS_COUNT
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import NEVER, WAD


@pytest.fixture
def pumped(world) -> tuple[Scene, int]:
    """The attacker is long 400 ETH in one account and short in another; ETH has doubled."""
    scene = Scene.set(world, size=0, cash=50_000)
    short = world.open(scene.trader, 50_000)
    world.trade((scene.trader, short), (scene.trader, scene.account), 400, 2_000)
    scene.price(4_000)
    return scene, short


def test_unrealised_profit_stays_inside(pumped):
    scene, _ = pumped
    assert scene.equity() > 800_000 * 10**18
    ledger, token = scene.world.clearinghouse, scene.world.settlement
    twin = scene.world.open(scene.trader)
    assert_reverts(
        "registry: not enough held",
        ledger.withdraw,
        scene.account,
        token,
        50_001 * 10**6,
        scene.trader,
        sender=scene.trader,
    )
    assert_reverts(
        "risk engine: below initial margin",
        ledger.withdraw,
        scene.account,
        token,
        30_000 * 10**6,
        scene.trader,
        sender=scene.trader,
    )
    assert_reverts(
        "risk engine: below initial margin",
        ledger.transfer,
        scene.account,
        twin,
        token,
        30_000 * 10**6,
        sender=scene.trader,
    )


def test_profit_cannot_be_realised_against_an_empty_twin(pumped):
    """The short account is insolvent: it cannot close, so the long one finds no own money."""
    scene, short = pumped
    world = scene.world
    order = world.order(scene.trader, short, 400, 4_000)
    assert_reverts(
        "risk engine: insolvent account",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(scene.trader, order),
        400 * 10**18,
        scene.account,
        0,
        sender=scene.trader,
    )


def test_half_of_the_profit_carries_no_new_risk(pumped):
    """The weight w bounds what a paper profit of 800,000 supports: with it, 7 million, not 20."""
    scene, _ = pumped
    world = scene.world
    order = world.order(scene.maker, scene.book, -4_000, 4_000)
    assert_reverts(
        "risk engine: below initial margin",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(scene.maker, order),
        4_000 * 10**18,
        scene.account,
        NEVER,
        sender=scene.trader,
    )


def test_realised_profit_leaves(world):
    """The neighbour that must work: a profit that a solvent maker has paid."""
    scene = Scene.set(world, cash=50_000)
    scene.price(2_080)
    scene.buy(-100, 2_080)
    ledger, token = world.clearinghouse, world.settlement
    account, owner = scene.account, scene.trader
    # What was paid in leaves at once. The win of 8,000, less a fee of 104, stays for minutes.
    held, won = world.cash(account) // 10**12, ledger.locked_cash(account)
    assert 7_896 <= won / WAD <= 7_896 * 17 / 16  # noted as a float, rounded up
    free = held - -(-won // 10**12)
    assert_reverts(
        "margin moves: won too lately",
        ledger.withdraw,
        account,
        token,
        free + 1,
        owner,
        sender=owner,
    )
    ledger.withdraw(account, token, free, owner, sender=owner)
    world.wait(WINS_COUNT)
    ledger.withdraw(account, token, held - free, owner, sender=owner)
    assert token.balanceOf(owner) == (50_000 - 100 + 8_000 - 104) * 10**6
