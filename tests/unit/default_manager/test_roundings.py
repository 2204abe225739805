"""Sums to the last wei: what closing a position rounds off, shortfalls of hardly anything, and a
part that does not divide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    fill_funds,
    finish_window,
    join,
    only,
    parts_of,
    side_pair,
    tear_up,
    without_limits,
)
from verification.engine.scenes import Scene
from verification.engine.world import HEALTHY, INSOLVENT, WAD, World

OWN = 200
NO_EQUITY_AT = 1_724.84615389  # of `shrunk` less so many wei
WEI_TOO_MANY = 478_260_873_088
LACKING = 2_529_932_836_861  # divides 10**30 + 1
SOLD = 470_067_153_738  # of `in_debt`: leaves that


def shrunk(world: World, wei: int = 0) -> Scene:
    """A trader LONG 100 ETH of a side that has shrunk to 130/230 without paying anything: at 2,130
    his equity is 22,900, less some wei and two fees of a token unit."""
    scene = Scene.set(world)
    without_limits(world)
    # A SHORT who will have nothing left at 2,130, and is torn up at once.
    buyer, seller = world.people.named("buyer", "second trader")
    long, short = world.open(buyer, 100_000), world.open(seller, 13_100)
    world.trade((scene.maker, scene.book), (buyer, long), 130, 2_000)
    world.trade((scene.maker, scene.book), (seller, short), -100, 2_000)
    if wei:
        scene.buy(wei / WAD, 2_000)
        scene.buy(-wei / WAD, 1_999)
    scene.price(2_130)
    scene.manager.open_auction(short, sender=scene.stranger)
    assert side_pair(world, 0)[0] == WAD * 130 // 230
    assert scene.equity() == 22_900 * WAD - (wei + 2 * UNIT if wei else 0)
    return scene


def bid_for_all(scene: Scene, price: float) -> tuple[int, Any]:
    """Let somebody take all at this price, from the auction; return the equity before it and who
    paid."""
    scene.auction_at(1_735)
    scene.price(price)
    equity = scene.equity()
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    return equity, only(receipt, scene.manager.ShortfallPaid)


@pytest.mark.parametrize(
    ("funds", "last"),
    [
        ((1_000, 0, 0, 0), 0),
        ((OWN, 3_000, 0, 0), 1),
        ((OWN, 300, 2_000, 2_000), 2),
        ((OWN, 300, 200, 2_000), 3),
    ],
    ids=["own", "insurance", "contributions", "assessments"],
)
def test_what_closing_rounds_off_is_paid_by_the_last_to_pay(fast_world, funds, last):  # INV-6
    """A few wei more than the position was worth before: no tier but the last pays more for it."""
    world = fast_world
    scene = shrunk(world)
    join(world, scene.trader, funds[0], funds[0])
    fill_funds(scene, *funds[1:])
    equity, paid = bid_for_all(scene, 1_710.12345678)
    left, wanted = -equity, []
    for most in funds:
        wanted.append(min(left, most * WAD))
        left -= wanted[-1]
    assert left == 0 < wanted[last]
    rounded_off = paid.shortfall + equity
    assert rounded_off > 0
    wanted[last] += rounded_off
    assert parts_of(paid) == (*wanted, 0, 0)
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() < BOOK_DUST


def test_what_closing_rounds_off_an_equity_of_nothing_is_the_hole(fast_world):  # INV-6
    """There was no shortfall for any tier to pay: a few wei are nobody's but the hole's."""
    world = fast_world
    scene = shrunk(world, WEI_TOO_MANY)
    join(world, scene.trader, OWN, OWN)
    fill_funds(scene, 3_000)
    equity, paid = bid_for_all(scene, NO_EQUITY_AT)
    assert equity == 0 < paid.shortfall
    assert parts_of(paid) == (0, 0, 0, 0, 0, paid.shortfall)
    assert world.clearinghouse.hole() == paid.shortfall
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.insurance_fund.totalAssets() == 3_000 * 10**6


def in_debt(world: World, sold: int, price: float) -> Scene:
    """A trader who has nothing at 1,901 but what some wei fetch there that are sold for 1
    more each; it costs a fee of a token unit."""
    scene = Scene.set(world)
    without_limits(world)
    scene.price(1_902)
    scene.buy(-sold / WAD, 1_902)
    scene.price(price)
    return scene


@pytest.mark.parametrize("is_member", [False, True])
def test_a_wei_is_a_shortfall(fast_world, is_member):  # INV-6
    """It is reserved, as a token unit; what is lacking in the end finds all of the contribution."""
    world = fast_world
    scene = in_debt(world, UNIT - 1, 1_901)
    if is_member:
        join(world, scene.trader, OWN, OWN)
    fill_funds(scene, 3_000)
    assert scene.equity() == -1
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert (event.torn_up, event.own, event.insurance) == (0, int(is_member), int(not is_member))
    kept = (UNIT, 0, 0, 0) if is_member else (0, UNIT, 0, 0)
    assert tuple(scene.manager.reservation(scene.account)) == kept
    assert tuple(scene.manager.reserved()) == kept
    assert world.default_fund.reserved() == kept[0]
    assert world.insurance_fund.reserved() == kept[1]
    finish_window(world)
    scene.price(1_897)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.shortfall > 399 * WAD
    own = OWN * WAD if is_member else 0
    assert parts_of(paid) == (own, paid.shortfall - own, 0, 0, 0, 0)
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)


def test_what_is_torn_up_at_once_is_rounded_up(fast_world):
    """A token unit of a shortfall is covered; of its rest, a hair more than so many 10**-18."""
    scene = in_debt(fast_world, SOLD, 1_900.99999998)
    fast_world.stake(scene.staker, UNIT / WAD)
    assert scene.equity() == -LACKING
    uncovered = LACKING - UNIT
    assert uncovered * WAD % LACKING == 1
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert event.insurance == UNIT
    assert event.torn_up == uncovered * WAD // LACKING + 1
    assert scene.stage() == INSOLVENT
