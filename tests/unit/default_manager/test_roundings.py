"""Sums to the last wei: what closing a position rounds off, and shortfalls of hardly anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    fill_funds,
    join,
    only,
    parts_of,
    side_pair,
    tear_up,
    without_limits,
)
from verification.engine.scenes import CLOSE_OUT_PRICE, Scene
from verification.engine.world import HEALTHY, WAD, World

OWN = 200
NO_EQUITY_AT = 1_724.84615389  # of `shrunk` less so many wei
WEI_TOO_MANY = 478_260_873_088


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
    assert parts_of(paid) == (wanted[0], 0, *wanted[1:], 0, 0)
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() < BOOK_DUST


def test_what_closing_rounds_off_an_equity_of_nothing_is_paid_like_any_shortfall(fast_world):
    """INV-6: a few wei that closing has rounded off; the owner's contribution pays them."""
    world = fast_world
    scene = shrunk(world, WEI_TOO_MANY)
    join(world, scene.trader, OWN, OWN)
    fill_funds(scene, 3_000)
    equity, paid = bid_for_all(scene, NO_EQUITY_AT)
    assert equity == 0 < paid.shortfall
    assert parts_of(paid) == (paid.shortfall, 0, 0, 0, 0, 0, 0)
    assert world.clearinghouse.hole() == 0
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
    """One wei is paid, in a whole token unit of which the rest becomes reserve."""
    world = fast_world
    scene = in_debt(world, UNIT - 1, 1_901)
    if is_member:
        join(world, scene.trader, OWN, OWN)
    fill_funds(scene, 3_000)
    assert scene.equity() == -1
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert parts_of(paid) == (int(is_member), 0, int(not is_member), 0, 0, 0, 0)
    assert world.insurance_fund.totalAssets() == 3_000 * 10**6 - int(not is_member)
    assert world.clearinghouse.reserve() == UNIT - 1
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)


@pytest.mark.parametrize("lacking", [1, 10**12 - 1, 10**12, 10**12 + 1])
def test_a_bid_on_a_shortfall_of_hardly_anything(fast_world, lacking):
    """Covered by one token unit, or not covered by it: sold, or torn up and the rest charged."""
    world = fast_world
    scene = in_debt(world, UNIT - lacking, 1_901) if lacking < UNIT else in_debt(world, 1, 1_901)
    world.stake(scene.staker, UNIT / WAD)
    if lacking >= UNIT:
        lacking = -scene.equity()
    scene.price(CLOSE_OUT_PRICE)
    scene.open_auction()
    scene.price(1_901)
    assert scene.equity() == -lacking
    receipt = scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    is_covered = lacking <= UNIT
    assert receipt.return_value == (WAD if is_covered else 0, 0)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert paid.insurance == min(lacking, UNIT)
    assert paid.shortfall == lacking
