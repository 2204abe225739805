"""The eighth collateral is one like the first, although its row of the risk table is the last one
before those of the markets: a default is worked off the same way with either."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import UNIT, fill_funds, only, parts_of, tear_up, without_limits
from verification.engine.scenes import PPM, Scene
from verification.engine.world import ETH, WAD

FIRST, LAST = "WETH", "OCTO"
PLACES = {FIRST: 0, LAST: 7}
DAY = 86_400


@pytest.fixture
def full_world(fast_world, monkeypatch) -> Any:
    """Eight collaterals, the most there can be; the last has price and haircuts of the first."""
    world, ledger = fast_world, fast_world.clearinghouse
    terms = next(c for c in world.deployment.config.collateral if c.symbol == FIRST)
    haircuts = terms.haircut_initial.ppm, terms.haircut_maintenance.ppm
    for place in range(len(world.deployment.collaterals), 8):
        token = world.chain.deploy("TestToken", f"Collateral {place}", f"C{place}", 18)
        ledger.list_collateral(token, 10**6 * WAD, sender=world.admin)
        asset = world.deployment.assets["ETH"]
        world.risk_engine.set_collateral(place, asset, *haircuts, sender=world.admin)
    monkeypatch.setitem(world.deployment.tokens, LAST, token)
    return world


def worked_off(world: Any, symbol: str) -> list[Any]:
    """Let a default on 5 of a collateral be worked off; return all that can be seen of it."""
    scene = Scene.set(world, cash=0, size=0, **{symbol: 5})
    fill_funds(scene, 1_500, 200, 400)
    without_limits(world)
    world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    seen: list[Any] = [scene.margin()]
    lens, manager = world.lens, scene.manager

    def look() -> None:
        """Note what the views say."""
        (row,) = lens.accounts([scene.account])
        at_place = world.clearinghouse.collateral(scene.account, PLACES[symbol])
        views = row, lens.next_step(scene.account), *lens.positions([scene.account])
        seen.extend([at_place, *(tuple(view) for view in views)])
        seen.append(tuple(manager.insolvency(scene.account)))

    look()
    scene.price(1_840)
    look()
    scene.open_auction()
    world.wait(40)
    look()
    bid = scene.bid(WAD // 10)
    seen.append((bid.fraction, bid.discount, bid.fee, bid.equity, bid.maintenance))
    scene.price(1_790)
    look()
    seen.append(parts_of(only(tear_up(scene), manager.ShortfallPaid)))
    seen.append([manager.limit_used(market) for market in (0, ETH)])
    world.wait(DAY // 4)
    look()
    assert manager.insolvency(scene.account).max_fraction > 0
    receipt = manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder)
    sold = only(receipt, manager.RemainderSold)
    seen.append((sold.fraction, sold.discount_rate, sold.discount, sold.cash))
    look()
    return seen


def test_a_default_is_worked_off_alike(full_world):
    world, found = full_world, []
    for symbol in (FIRST, LAST):
        checkpoint = world.chain.snapshot()
        found.append(worked_off(world, symbol))
        world.chain.restore(checkpoint)
        world.forget()
    first, last = found
    assert first == last
    assert any(part[2] > 100 * UNIT for part in first if isinstance(part, tuple) and len(part) == 7)


def test_it_is_collateral_and_no_position(full_world):
    """IM and MM are its haircuts, and views of positions pass over it."""
    person = full_world.people["owner"]
    account = full_world.open(person, **{LAST: 3})
    terms = next(c for c in full_world.deployment.config.collateral if c.symbol == FIRST)
    worth = 6_000 * WAD
    haircuts = terms.haircut_initial.ppm, terms.haircut_maintenance.ppm
    assert full_world.risk_engine.margin(account) == (
        worth,
        *(worth * haircut // PPM for haircut in haircuts),
    )
    assert full_world.lens.positions([account]) == ()
    (price,) = full_world.lens.prices([8])
    assert (price.row, price.low, price.high, price.valid) == (8, 2_000 * WAD, 2_000 * WAD, True)
