"""Plays with debts that do not end: many small loans, a short hole, feeds apart for a moment."""

from __future__ import annotations

import pytest

from tests.procedure import WINS_COUNT, let_all_leave, long_after, refused
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import WAD

DAY = 86_400
GRACE = DAY


@pytest.fixture
def scene(fast_world) -> Scene:
    """Savers with 200,000 in all, and a counterparty."""
    scene = Scene.set(fast_world, size=0, cash=0)
    ledger = fast_world.clearinghouse
    let_all_leave(fast_world)
    for account, person in ((scene.book, scene.maker), (scene.purse, scene.bidder)):
        units = fast_world.cash(account) // 10**12 - 100_000 * 10**6
        ledger.withdraw(account, fast_world.settlement, units, person, sender=person)
    return scene


def without_share(scene: Scene) -> None:
    """Let debts grow to all the cash that is held: nothing stops them but the cap in cash."""
    terms = 5_000_000 * WAD, 10**6, GRACE, 10_000
    scene.world.clearinghouse.set_shortfall_terms(*terms, sender=scene.world.admin)


def loan(scene: Scene) -> int:
    """Let a new account lose 9,800 against WETH to the book: a loan, if the book withdraws it."""
    world, people = scene.world, scene.world.people.crowd()
    person = people[len(world.opened) % len(people)]
    account = world.open(person, WETH=100)
    scene.price(2_000)
    world.trade((scene.maker, scene.book), (person, account), 98, 2_000)
    scene.price(1_900)
    world.trade((scene.maker, scene.book), (person, account), -98, 1_900)
    return account


def test_many_small_loans_are_all_covered(scene):
    """Ten loans of 9,800 and more empty the vault; a saver is paid after the grace time."""
    world, ledger = scene.world, scene.world.clearinghouse
    without_share(scene)
    debtors = [loan(scene) for _ in range(10)]
    token = world.settlement
    world.wait(WINS_COUNT)
    ledger.withdraw(
        scene.book, token, world.cash(scene.book) // 10**12, scene.maker, sender=scene.maker
    )
    saver = (scene.purse, token, 100_000 * 10**6, scene.bidder)
    with pytest.raises(Reverted):
        ledger.withdraw(*saver, sender=scene.bidder)
    world.wait(GRACE)
    world.fund(scene.stranger, "USDC", 200_000)
    for account in debtors:
        units = -(world.cash(account) // 10**12)
        weth = world.tokens["WETH"]
        ledger.cover_shortfall(account, weth, units, 0, scene.stranger, sender=scene.stranger)
    ledger.withdraw(*saver, sender=scene.bidder)
    assert ledger.negative_cash() == 0


def test_loans_stop_at_a_share_of_the_cash_held(scene):
    """20 % of 200,000, whatever the cap in cash: who has nothing but a debt takes on no risk."""
    ledger = scene.world.clearinghouse
    for _ in range(4):
        loan(scene)
    assert 39_000 * WAD < ledger.negative_cash() < 40_000 * WAD
    with pytest.raises(Reverted) as refusal:
        loan(scene)
    assert refusal.value.reason == "trading: negative cash cap"


def test_a_hole_of_wei_ends_nothing(scene):
    """The vault is lent out, and a hole of a few wei is far above a share of the cash held; it is
    below the floor and below that share of all that is owed."""
    world, ledger = scene.world, scene.world.clearinghouse
    without_share(scene)
    for _ in range(10):
        loan(scene)
    token = world.settlement
    world.wait(WINS_COUNT)
    units = world.cash(scene.book) // 10**12
    ledger.withdraw(scene.book, token, units, scene.maker, sender=scene.maker)
    set_waterfall(world, charge_cap=0)
    victim = world.open(scene.trader, 1_000)
    scene.price(2_000)
    world.trade((scene.bidder, scene.purse), (scene.trader, victim), 10, 2_000)
    scene.price(1_850)
    long_after(world)
    world.default_manager.call_margin(victim, 0, sender=scene.stranger)
    hole = ledger.hole()
    assert 0 < hole < 1_000 * WAD
    reason = "wind down: hole is too small to wind down"
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
