"""Who brings a tear-up about is paid out of the reserve: half of the fees that trades of what is
closed pay, and no more than the cap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import BOOK_DUST, INSOLVENT, SHORTFALL, give, only, refused, sunk, tear_up, two
from verification.engine.scenes import INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import ETH, HEALTHY, WAD, World

FEES = 600  # ppm: 0.01 % of the maker and 0.05 % of the taker
CAP = 50
RESERVE = 120  # of the trader's first fill


def collected(scene: Scene) -> Scene:
    """Let the fees of the scene's fill become the reserve."""
    scene.world.clearinghouse.collect_fees(ETH, sender=scene.stranger)
    assert scene.world.clearinghouse.reserve() == RESERVE * WAD
    return scene


def small(world: World, size: float = 10) -> Scene:
    """An insolvent trader LONG so much, and a reserve of 500."""
    scene = Scene.set(world, size=size, cash=100 * size)
    world.stake(scene.staker, 3_000)
    give(scene, 500)
    scene.price(INSOLVENT_PRICE)
    return scene


def rewarded(scene: Scene, receipt: Any) -> int:
    """Return what the purse got, WAD; the event, the account and the reserve agree."""
    event = only(receipt, scene.world.clearinghouse.TearUpRewarded)
    assert event.caller_account == scene.purse
    assert event.cash == scene.world.cash(scene.purse) == 1_000_000 * WAD + event.reward
    return event.reward


def test_half_of_the_fees_of_what_is_closed(fast_world):
    """10 ETH at 1,890: half of 0.06 % of 18,900."""
    scene = small(fast_world)
    reserve = fast_world.clearinghouse.reserve()
    assert rewarded(scene, tear_up(scene, reward=scene.purse)) == 18_900 * WAD * FEES // 10**6 // 2
    paid = 5_670_000 * 10**12
    assert fast_world.clearinghouse.reserve() < reserve - paid  # it pays the shortfall too
    assert fast_world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize(("cap", "reward"), [(CAP, 50), (56, 56), (57, "56.7"), (0, 0)])
def test_no_more_than_the_cap(fast_world, cap, reward):
    """100 ETH at 1,890 would be worth 56.70."""
    set_waterfall(fast_world, reward_cap=cap)
    scene = collected(sunk(fast_world))
    receipt = tear_up(scene, reward=scene.purse)
    if cap:
        assert rewarded(scene, receipt) == round(float(reward) * 10) * WAD // 10
    else:
        assert not receipt.events.filter(fast_world.clearinghouse.TearUpRewarded)


def test_an_account_each(fast_world):
    """Two of 100 ETH: twice the cap, out of what is there."""
    both = two(fast_world)
    scene = both.scene
    fast_world.clearinghouse.collect_fees(ETH, sender=scene.stranger)
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene, both.first, both.second, reward=scene.purse)
    assert rewarded(scene, receipt) == 2 * CAP * WAD


def test_no_more_than_the_reserve(fast_world):
    """Nobody else pays for it: nothing was collected, nothing is paid."""
    scene = sunk(fast_world)
    before = fast_world.insurance_fund.totalAssets()
    assert rewarded(scene, tear_up(scene, reward=scene.purse)) == 0
    assert before - fast_world.insurance_fund.totalAssets() == SHORTFALL * 10**6
    assert fast_world.clearinghouse.hole() == 0


def test_who_calls_an_insolvent_account_gets_it_too(fast_world):
    scene = collected(Scene.set(fast_world))
    scene.price(INSOLVENT_PRICE)
    assert rewarded(scene, scene.call(scene.purse)) == CAP * WAD


@pytest.mark.parametrize("step", ["tear_up", "call", "open", "bid"])
def test_who_names_no_account_forgoes_it(fast_world, step):
    scene = collected(Scene.set(fast_world))
    if step == "bid":
        scene.auction_at(1_920)
    scene.price(INSOLVENT_PRICE)
    reserve = fast_world.clearinghouse.reserve()
    if step == "bid":
        receipt = scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.bidder)
    else:
        receipt = {"tear_up": tear_up, "call": Scene.call, "open": Scene.open_auction}[step](scene)
    assert not receipt.events.filter(fast_world.clearinghouse.TearUpRewarded)
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert fast_world.clearinghouse.reserve() == reserve - paid.reserve


def test_nobody_is_rewarded_for_themselves(fast_world):
    scene = collected(sunk(fast_world))
    reason, by = "tear up: account rewards itself", {"sender": scene.trader}
    refused(reason, scene.manager.tear_up, [scene.account], scene.account, **by)
    unknown = scene.account + 7
    refused("ledger: unknown account", scene.manager.tear_up, [scene.account], unknown, **by)


def test_nobody_opens_positions_to_have_them_torn_up(fast_world):
    """Both sides are one's own, the LONG defaults, and the reward goes to a third account of
    theirs: the fills have cost twice as much as the reward, and what was lost is owed on top."""
    world, scene = fast_world, small(fast_world)
    tear_up(scene)  # out of the way
    scene.price(2_000)
    person = world.people["buyer"]
    long, short, third = world.open(person, 1_000), world.open(person, 20_000), world.open(person)
    assert world.clearinghouse.reserve() > CAP * WAD
    held = sum(world.cash(account) for account in (long, short))
    world.trade((person, short), (person, long), 10, 2_000)
    fees = held - sum(world.cash(account) for account in (long, short))
    assert fees == 12 * WAD
    scene.price(INSOLVENT_PRICE)
    receipt = tear_up(scene, long, reward=third)
    reward = only(receipt, world.clearinghouse.TearUpRewarded).reward
    assert 0 < reward == world.cash(third) < fees // 2


def test_nothing_closed_nothing_paid(fast_world):
    """What is left is debt, or a position in a settled market: no trade, no fee, no reward."""
    scene = collected(Scene.set(fast_world))
    scene.price(INSOLVENT_PRICE)
    fast_world.clearinghouse.settle_market(ETH, sender=fast_world.admin)
    receipt = tear_up(scene, reward=scene.purse)
    assert not receipt.events.filter(fast_world.clearinghouse.TearUpRewarded)
    assert fast_world.stage(scene.account) == HEALTHY != INSOLVENT
