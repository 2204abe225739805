"""Lighter, ARC, February 2026: a whale had built up most of a thin market and went under. What the
market's own allocation of the liquidity pool could not take was deleveraged against the winners;
the pool lost that allocation and no more, and other markets did not notice.

Here a market draws on the funds up to its limit. What goes beyond is a charge on the side of that
market that has won, so that a default elsewhere, an hour or a second later, still finds the funds.

Fails without the defence: in waterfall._grant replace `min(self.demand[market], most)` by
`self.demand[market]`.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.procedure import BOOK_DUST, only, parts_of, refused, tear_up
from verification.engine.scenes import DUST, Scene, crowd, equities
from verification.engine.world import BTC, NEVER, WAD

FUND = 100_000
LIMIT = 60_000  # 60 % of it
WHALE = 2_000  # ETH on 200,000
WHALE_LACKS = 202_000  # 200 an ETH and a fee of 2,000, less the margin
NEIGHBOUR_LACKS = 20_200  # 10 BTC by 4,000 and a fee of 200, less 20,000


class Venue(NamedTuple):
    """The scene with the whale, winners in the whale's market, and an account in another."""

    scene: Scene
    winners: list[int]
    neighbour: int


@pytest.fixture
def venue(fast_world) -> Venue:
    scene = Scene.set(fast_world, size=WHALE, cash=200_000)
    fast_world.stake(scene.staker, FUND)
    winners = [holder.account for holder in crowd(scene, [-300, -100, -5])]
    person = fast_world.people["second trader"]
    neighbour = fast_world.open(person, 20_000)
    fast_world.trade((scene.maker, scene.book), (person, neighbour), 10, 40_000, BTC)
    return Venue(scene, [*winners, scene.book], neighbour)


def test_loss_of_one_market_leaves_the_cover_of_another(venue):
    scene, world = venue.scene, venue.scene.world
    scene.price(1_800)
    before = sum(equities(world, venue.winners))
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert parts_of(paid) == tuple(
        part * WAD for part in (0, 0, LIMIT, 0, 0, WHALE_LACKS - LIMIT, 0)
    )
    taken = before - sum(equities(world, venue.winners))
    assert abs(taken - paid.charged) <= DUST, "the side that has won in that market pays the rest"
    world.set_price("BTC", 36_000)
    other = only(tear_up(scene, venue.neighbour), scene.manager.ShortfallPaid)
    assert parts_of(other) == (0, 0, NEIGHBOUR_LACKS * WAD, 0, 0, 0, 0)
    assert world.clearinghouse.hole() == 0
    assert world.conservation_error() < 20 * BOOK_DUST


def test_nobody_in_another_market_is_charged(venue):
    scene, world = venue.scene, venue.scene.world
    before = scene.equity(venue.neighbour)
    scene.price(1_800)
    scene.call()
    assert scene.equity(venue.neighbour) == before
    assert world.market(BTC).interest == (10 * WAD, 10 * WAD)
    assert world.market(BTC).short.generation == 0


def test_both_at_once_share_by_their_limits(venue):
    """In one transaction, too: the whale's market has its limit, and the other its whole loss."""
    scene, world = venue.scene, venue.scene.world
    scene.price(1_800)
    world.set_price("BTC", 36_000)
    receipt = tear_up(scene, scene.account, venue.neighbour)
    parts = {event.account: event for event in receipt.events.filter(scene.manager.ShortfallPaid)}
    assert parts[scene.account].insurance == LIMIT * WAD
    assert parts[venue.neighbour].insurance == NEIGHBOUR_LACKS * WAD
    assert world.clearinghouse.hole() == 0


def test_cap_on_open_interest_bounds_a_whale(venue):
    """And nobody builds a market up beyond what the funds were made for."""
    scene, world = venue.scene, venue.scene.world
    size = 50_000  # 100 million at 2,000, the cap, on top of what is there
    whale = world.open(scene.stranger, 100_000_000)
    other = world.open(scene.staker, 100_000_000)
    world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
    order = world.order(scene.staker, other, -size, 2_000)
    refused(
        "risk engine: open interest cap",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(scene.staker, order),
        size * WAD,
        whale,
        NEVER,
        sender=scene.stranger,
    )
