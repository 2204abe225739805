"""`DefaultManager.tear_up` of several accounts: in any order, netted first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import pytest

from tests.procedure import (
    BOOK_DUST,
    SHORTFALL,
    about,
    fill_funds,
    parts_of,
    side_pair,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import DUST, INSOLVENT_PRICE, Scene, crowd, equities
from verification.engine.world import BTC, INSOLVENT, WAD, World

LONG, SHORT = 0, 1


@dataclass
class Defaulter:
    """An account that will be insolvent at 1,895."""

    account: int
    size: float
    shortfall: int


SIZES = [100, 60, -50, -20]  # LONG from 2,000 on 5 %, SHORT from 1,800


def defaulters(scene: Scene, sizes: list[float], order: tuple[int, ...]) -> list[Defaulter]:
    """Open a position of each size for the person that `order` names, then go to 1,895.

    The order of account ids, in which tear-ups go, is that of the people's addresses.
    """
    world = scene.world
    people = sorted(world.people.crowd()[-8:], key=lambda person: int(person.address, 16))
    opened = {}
    for price, sign in ((2_000, 1), (1_800, -1)):
        scene.price(price)
        for size, place in zip(sizes, order, strict=True):
            if size * sign > 0:
                account = world.open(people[place], abs(size) * (96 if sign > 0 else 92))
                world.trade((scene.maker, scene.book), (people[place], account), size, price)
                opened[size] = account
    scene.price(1_895)
    return [Defaulter(opened[size], size, -scene.equity(opened[size])) for size in sizes]


def torn_up_together(world: World, sizes: list[float], order: tuple[int, ...], funds: float):
    """Tear up all of them in one call; return what everybody is left with."""
    scene = Scene.set(world, size=0)
    holders = crowd(scene, [40, -40, 10, -25])
    if funds:
        world.stake(scene.staker, funds)
    without_limits(world)
    found = defaulters(scene, sizes, order)
    assert all(defaulter.shortfall > 0 for defaulter in found)
    accounts = [holder.account for holder in holders]
    before = equities(world, accounts)
    receipt = tear_up(scene, *[defaulter.account for defaulter in found])
    paid = {e.account: e for e in receipt.events.filter(scene.manager.ShortfallPaid)}
    after = equities(world, accounts)
    assert world.conservation_error() < BOOK_DUST
    return (
        [b - a for a, b in zip(before, after, strict=True)],
        [parts_of(paid[defaulter.account]) for defaulter in found],
        [side_pair(world, LONG), side_pair(world, SHORT)],
        [world.cash(defaulter.account) for defaulter in found],
    )


def near(first, second, dust: int = 10**9) -> bool:
    """Whether two nested results are equal to dust."""
    if isinstance(first, int):
        return abs(first - second) <= dust
    return len(first) == len(second) and all(
        near(a, b, dust) for a, b in zip(first, second, strict=True)
    )


def test_order_does_not_matter(fast_world):
    """Whoever comes first, LONG or SHORT, large or small: the same for all."""
    results = []
    for order in list(permutations(range(4)))[::5]:
        checkpoint = fast_world.chain.snapshot()
        results.append(torn_up_together(fast_world, SIZES, order, 3_000))
        fast_world.chain.restore(checkpoint)
        fast_world.forget()
    assert len(results) == 5
    for result in results[1:]:
        assert near(result, results[0])
    changes, parts, pairs, cash = results[0]
    assert all(-DUST <= change <= 0 for change in changes), "covered: nobody else pays"
    assert all(part[2] == sum(part) for part in parts)
    assert cash == [0, 0, 0, 0]
    assert pairs[LONG] == (WAD, 0), "LONG were closed net: the LONG side keeps its size"
    assert pairs[SHORT][0] < WAD


@pytest.mark.parametrize(
    ("sizes", "shrinks"),
    [([100, -50], SHORT), ([50, -100], LONG), ([70, -70], None), ([10, 20, 40, -70], None)],
)
def test_netted_first(fast_world, sizes, shrinks):
    """Only what LONG and SHORT do not close against each other reaches anybody else."""
    _, _, pairs, _ = torn_up_together(fast_world, sizes, tuple(range(len(sizes))), 10_000)
    for side in (LONG, SHORT):
        assert (pairs[side][0] < WAD) == (side == shrinks)
    if shrinks is None:
        assert pairs == [(WAD, 0), (WAD, 0)]


def test_losses_of_both_sides_are_charged_to_the_other(fast_world):
    """Without a fund both sides have defaulters: one by one, each is charged to the other side."""
    scene = Scene.set(fast_world, size=0)
    holders = crowd(scene, [40, -40])
    found = defaulters(scene, [100, -50], (0, 1))
    before = equities(fast_world, [holder.account for holder in holders])
    for defaulter in found:
        scene.manager.open_auction(defaulter.account, sender=scene.stranger)
    after = equities(fast_world, [holder.account for holder in holders])
    assert after[0] < before[0]
    assert after[1] < before[1]
    assert fast_world.conservation_error() < BOOK_DUST


def test_eight_at_most(fast_world):
    scene = Scene.set(fast_world)
    with pytest.raises(Reverted):
        scene.manager.tear_up(list(range(1, 10)), sender=scene.stranger)


def test_defaulters_who_cancel_out_move_no_side(fast_world):
    world = fast_world
    scene = Scene.set(world, size=0)
    crowd(scene, [40, -40])
    without_limits(world)
    world.stake(scene.staker, 50_000)
    found = defaulters(scene, [20, -20], (0, 1))
    receipt = tear_up(scene, *[defaulter.account for defaulter in found])
    assert len(receipt.events.filter(world.clearinghouse.TornUp)) == 2
    assert not receipt.events.filter(world.clearinghouse.SideMoved)


def half_dead(world: World, *roles: str) -> tuple[Scene, list[int]]:
    """Let several be LONG ETH and BTC; ETH crashes while BTC has no price, and nobody pays."""
    scene = Scene.set(world, size=0)
    accounts = []
    for person in world.people.named(*roles):
        account = world.open(person, 12_000)
        world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
        world.trade((scene.maker, scene.book), (person, account), 0.5, 40_000, BTC)
        accounts.append(account)
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    for account in accounts:
        scene.manager.open_auction(account, sender=scene.stranger)
    return scene, accounts


def test_empty_funds_pay_for_none_of_several(fast_world):
    """What a tear-up of two finds missing is charged to the other side."""
    scene, accounts = half_dead(fast_world, "trader", "second trader")
    assert [fast_world.stage(account) for account in accounts] == [INSOLVENT] * 2
    scene.price(1_850)
    fast_world.set_price("BTC", 38_000)
    paid = tear_up(scene, *accounts).events.filter(scene.manager.ShortfallPaid)
    assert len(paid) == 2
    for event in paid:
        assert event.shortfall > 0
        assert parts_of(event)[:5] == (0, 0, 0, 0, 0)
        assert event.charged + event.to_hole == event.shortfall
    assert [fast_world.cash(account) for account in accounts] == [0, 0]
    assert fast_world.conservation_error() < BOOK_DUST


def test_members_pay_for_several_at_once(fast_world):
    """Who has a contribution of their own pays with it first; the others' is shared out."""
    scene = Scene.set(fast_world)
    fast_world.join(scene.trader, 500, 500)
    fill_funds(scene, 0, 5_000, 5_000)
    without_limits(fast_world)
    person = fast_world.people["second trader"]
    other = fast_world.open(person, 10_000)
    fast_world.trade((scene.maker, scene.book), (person, other), 100, 2_000)
    scene.price(INSOLVENT_PRICE)
    events = tear_up(scene, scene.account, other).events.filter(scene.manager.ShortfallPaid)
    paid = {event.account: event for event in events}
    assert about(paid[scene.account].own, 500)
    assert about(paid[scene.account].contributions, SHORTFALL - 500)
    assert (paid[other].own, about(paid[other].contributions, SHORTFALL)) == (0, True)
    assert fast_world.conservation_error() < BOOK_DUST
