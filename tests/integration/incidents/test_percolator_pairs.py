"""Percolator, 2026, as reported to its author: one person opens many pairs of LONG and SHORT with
themselves, waits for the feed to fall silent and to come back far away, and lets the insurance fund
pay for the losers, one by one, while the winners take the profit out.

What the fund loses on one market is limited over all accounts together and over a day, however many
pairs there are and in whatever order they are closed; the rest comes off the winners. And what was
won just now does not leave before somebody could look.

Fails without the defence: in waterfall._book_draws do not count what a market has drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.procedure import BOOK_DUST, only, refused, tear_up
from verification.engine.evm import Reverted
from verification.engine.scenes import Scene, cash_of
from verification.engine.world import WAD

FUND = 100_000
PAIRS = 8
MARGIN = 10_000
BEFORE, AFTER = 2_000, 1_500
SILENCE = 3_600 + 600  # beyond the heartbeat of the primary
LACKING = 40_100  # a pair's loser: 100 ETH by 500 and a fee of 100, less the margin
LIMIT = 60_000  # 60 % of the funds


class Pairs(NamedTuple):
    """The scene, and the attacker's accounts: winners (SHORT) and losers (LONG)."""

    scene: Scene
    winners: list[int]
    losers: list[int]

    def worth(self) -> float:
        """Return what the attacker's accounts are worth beyond what was paid into them."""
        held = sum(max(self.scene.equity(account), 0) for account in self.winners + self.losers)
        return float(cash_of(held)) - 2 * PAIRS * MARGIN


@pytest.fixture
def pairs(fast_world) -> Pairs:
    """The feeds have been silent, and have come back a quarter lower."""
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, FUND)
    attacker, winners, losers = fast_world.people["attacker"], [], []
    for _ in range(PAIRS):
        winners.append(fast_world.open(attacker, MARGIN))
        losers.append(fast_world.open(attacker, MARGIN))
        fast_world.trade((attacker, winners[-1]), (attacker, losers[-1]), 100, BEFORE)
    fast_world.wait(SILENCE, refresh=False)
    scene.price(AFTER)
    return Pairs(scene, winners, losers)


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_fund_loses_no_more_than_the_limit_of_the_market(pairs, together):
    scene, world = pairs.scene, pairs.scene.world
    for group in [pairs.losers] if together else [[loser] for loser in pairs.losers]:
        tear_up(scene, *group)
    lost = FUND - world.insurance_fund.totalAssets() / 10**6
    assert LIMIT - PAIRS <= lost <= LIMIT + PAIRS
    assert world.clearinghouse.hole() == 0, "the winners pay the rest"
    assert lost - 1_000 < pairs.worth() < lost, "never more than the fund has lost, and fees less"
    assert world.conservation_error() < 20 * BOOK_DUST


def test_pairs_on_the_same_day_find_nothing_left(pairs):
    """The limit fades over a day: a second gap an hour later draws an hour's part of it."""
    scene, world = pairs.scene, pairs.scene.world
    tear_up(scene, *pairs.losers)
    world.wait(3_600)
    attacker = world.people["attacker"]
    winner, loser = world.open(attacker, MARGIN), world.open(attacker, MARGIN)
    world.trade((attacker, winner), (attacker, loser), 100, AFTER)
    scene.price(1_000)
    paid = only(tear_up(scene, loser), scene.manager.ShortfallPaid)
    assert paid.insurance <= (LIMIT // 24 + 2) * WAD
    assert paid.insurance + paid.charged == paid.shortfall


def test_what_the_gap_has_won_does_not_leave_at_once(pairs):
    """The winners close against the market maker before anybody looks. The cash stays, while the
    losers are closed for all to see."""
    scene, world = pairs.scene, pairs.scene.world
    attacker = world.people["attacker"]
    winner = pairs.winners[0]
    world.trade((scene.maker, scene.book), (attacker, winner), 100, AFTER)
    assert world.cash(winner) > 59_000 * WAD
    leave, token = world.clearinghouse.withdraw, world.settlement
    for units in (world.cash(winner) // 10**12, 10_000 * 10**6):
        refused(
            "margin moves: won too lately", leave, winner, token, units, attacker, sender=attacker
        )
    leave(winner, token, 7_000 * 10**6, attacker, sender=attacker)  # of what was theirs before


def test_silence_itself_sells_nobody(fast_world):
    """While the feeds are silent nothing is drawn, however far the last answer is away."""
    scene = Scene.set(fast_world)
    fast_world.stake(scene.staker, FUND)
    scene.price(1_890)
    fast_world.wait(2 * 3_600 + SILENCE, refresh=False)
    for step in (scene.manager.call_margin, scene.manager.open_auction):
        with pytest.raises(Reverted, match=r"price not valid|account is healthy"):
            step(scene.account, sender=scene.stranger)
    assert fast_world.insurance_fund.totalAssets() == FUND * 10**6


def test_an_honest_default_is_paid_whole(pairs):
    """The neighbour that must work: one loser is below the limit, and no winner is charged."""
    scene = pairs.scene
    paid = only(tear_up(scene, pairs.losers[0]), scene.manager.ShortfallPaid)
    assert (paid.insurance, paid.charged) == (LACKING * WAD, 0)
