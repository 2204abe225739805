"""One feed dead, the other wrong: the last answer standing is not the price.

A pair of accounts that settles at a wrong price turns the loser's collateral, valued at the same
wrong price, into the winner's cash. And an account whose leg is priced by a lone wrong feed looks
bankrupt, so that everything else it holds is sold. Both need a point to stand on. Here a price that
no second source confirms is an interval that encloses the last price on which both agreed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from verification.engine.reverts import assert_passes, assert_reverts
from verification.engine.scenes import Scene
from verification.engine.world import BTC, ETH, HEALTHY, NEVER, WAD, World

HOUR = 3_600
HAIRCUT_LEFT = 0.8  # what of WETH counts for IM


class Pair(NamedTuple):
    """An attacker's two accounts on the two sides of 100 ETH at 2,000."""

    world: World
    owner: Any
    long: int
    short: int

    @classmethod
    def set(cls, world: World) -> Pair:
        """Let somebody else's cash lie in the vault, too: what there is to take."""
        world.open(world.people["whale"], 10_000_000)
        owner = world.people["attacker"]
        pair = cls(world, owner, world.open(owner, 20_000), world.open(owner, WETH=100))
        world.trade((owner, pair.short), (owner, pair.long), 100, 2_000)
        return pair

    def settlement(self, price: float, size: float = 100) -> tuple:
        """Return the arguments by which the short buys from the long."""
        order = self.world.order(self.owner, self.long, -size, price)
        signature = self.world.sign(self.owner, order)
        return order.as_tuple(), signature, int(size * WAD), self.short, NEVER


@pytest.fixture
def pair(world) -> Pair:
    return Pair.set(world)


def lie(world: World, dead: str, answer: float) -> None:
    """One feed of ETH answers 0, the other something."""
    world.set_price("ETH", *((0, answer) if dead == "primary" else (answer, 0)))


# MONEY --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dead", ["primary", "secondary"])
@pytest.mark.parametrize("price", [38_000, 40_000, 42_000])
@pytest.mark.parametrize("size", [100, 50, 6])
def test_pair_cannot_settle_at_a_lone_wrong_answer(pair, dead, price, size):
    """The short's WETH would pay for it at 40,000. It counts at what both sources last said."""
    lie(pair.world, dead, 40_000)
    assert_reverts(
        "risk engine: insolvent account",
        pair.world.exchange.fill,
        *pair.settlement(price, size),
        sender=pair.owner,
    )


@pytest.mark.parametrize("hours", [1, 99, 500])
def test_nor_when_the_last_checkpoint_is_old(pair, hours):
    pair.world.wait(hours * HOUR)
    lie(pair.world, "primary", 40_000)
    assert_reverts(
        "risk engine: insolvent account",
        pair.world.exchange.fill,
        *pair.settlement(40_000),
        sender=pair.owner,
    )


@pytest.mark.parametrize("silent", [HOUR + 1, 10 * 24 * HOUR])
def test_nor_at_an_answer_from_before_the_silence(pair, silent):
    """Both sources say 6,000, then one dies and the other says no more. ETH may be anywhere since,
    so 6,000 is not mark for the loser, and their WETH does not count at it."""
    pair.world.set_price("ETH", 6_000)
    pair.world.wait(2 * HOUR + silent, refresh=False)
    pair.world.deployment.feeds["ETH"][1].set(0, sender=pair.world.admin)
    assert_reverts(
        "risk engine: insolvent account",
        pair.world.exchange.fill,
        *pair.settlement(6_000),
        sender=pair.owner,
    )


def test_no_price_is_mark_or_better_for_both(pair):
    """Between the ends nobody is; so whoever trades there must meet IM at his worse end."""
    lie(pair.world, "primary", 40_000)
    pair.world.wait(1, refresh=False)  # what is remembered is trusted less with every second
    low, high, valid = pair.world.risk_engine.price(8 + ETH)
    assert not valid
    assert low < 1_960 * WAD
    assert high == 40_800 * WAD
    # 100 WETH and the loss: solvent at the lower end, below IM by a little.
    worth = 100 * low / WAD
    for loss, passes in ((worth * HAIRCUT_LEFT - 500, True), (worth * HAIRCUT_LEFT + 500, False)):
        arguments = pair.settlement(round(2_000 + loss / 100, 2))
        if passes:
            assert_passes(pair.world.exchange.fill, *arguments, sender=pair.owner)
        else:
            assert_reverts(
                "risk engine: worse than mark",
                pair.world.exchange.fill,
                *arguments,
                sender=pair.owner,
            )


@pytest.mark.parametrize("dead", ["primary", "secondary"])
def test_honest_reduction_still_works_on_one_feed(pair, dead):
    """INV-10: who can afford the worse end closes where they like, and leaves with the rest."""
    world = pair.world
    lie(world, dead, 2_000)
    world.exchange.fill(*pair.settlement(2_000), sender=pair.owner)
    assert world.position(pair.long)[0] == world.position(pair.short)[0] == 0
    units = world.cash(pair.long) // 10**12
    world.clearinghouse.withdraw(pair.long, world.settlement, units, pair.owner, sender=pair.owner)
    assert world.conservation_error() < 1e-12


# SALES --------------------------------------------------------------------------------------------


@pytest.fixture
def diversified(world) -> Scene:
    """28 ETH long, half a WBTC (20,000) and 2,000 of cash: far above MM, but not at 1,220."""
    scene = Scene.set(world, size=28, cash=2_000, WBTC="0.5")
    assert scene.ratio() > 6
    return scene


@pytest.mark.parametrize("dead", ["primary", "secondary"])
@pytest.mark.parametrize("hours", [0, 50, 500])
def test_healthy_account_is_not_sold_on_a_lone_wrong_answer(diversified, dead, hours):
    """INV-3. BTC is VALID, so that WBTC could be sold; ETH says 1,220 and is alone with it."""
    scene = diversified
    scene.world.wait(hours * HOUR)
    lie(scene.world, dead, 1_220)
    assert scene.world.risk_engine.price(8 + BTC)[2]
    for action in (scene.manager.call_margin, scene.manager.open_auction):
        assert_reverts(
            "default rules: account is healthy", action, scene.account, sender=scene.stranger
        )
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize("dead", ["primary", "secondary"])
def test_running_auction_waits_for_the_other_source(diversified, dead):
    """INV-3. At 1,220 both sources agree, the auction opens; then one dies and one says 1,220."""
    scene = diversified
    scene.auction_at(1_220)
    lie(scene.world, dead, 1_220)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )


def test_a_second_source_makes_it_a_price(diversified):
    scene = diversified
    scene.auction_at(1_220)
    scene.bid()
    assert scene.world.clearinghouse.collateral(scene.account, 1) < WAD // 2


def test_checkpoint_of_the_fall_lets_a_sale_go_on(diversified):
    """INV-13. What both sources confirmed an hour ago is evidence enough against the owner."""
    scene = diversified
    scene.auction_at(1_220)
    scene.world.risk_engine.checkpoint(8 + ETH, sender=scene.stranger)
    scene.world.wait(HOUR // 2)
    lie(scene.world, "primary", 1_220)
    event = scene.bid()
    assert event.fraction > 0
    assert scene.size() == 28 * WAD
    assert scene.world.clearinghouse.collateral(scene.account, 1) < WAD // 2


def test_checkpoint_of_a_stranger_is_no_evidence(diversified):
    """Memory belongs to the caller: what somebody else had noted is not the risk engine's."""
    scene = diversified
    scene.auction_at(1_220)
    words = scene.world.risk_engine.row_words(8 + ETH)
    scene.world.price_oracle.checkpoint(*words, sender=scene.stranger)
    scene.world.wait(HOUR // 2)
    lie(scene.world, "primary", 1_220)
    assert_reverts(
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
