"""Black Thursday, March 2020: blocks are full, no keeper bids, and positions fall deeper until zero
bids win them.

With no bidder at all an insolvency still ends: one transaction that gets through closes the
position at mark against the other side and pays what is missing. It needs nobody's money.

Fails without the defence: in DefaultManager.open_auction require `seen.stage < STAGE_AUCTION`
alone, and in DefaultManagerInsolvency.tear_up a stage: an auction nobody bids in then stays open
for ever.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, parts_of, refused, tear_up
from verification.engine.scenes import CLOSE_OUT_PRICE, Scene
from verification.engine.world import AUCTION, HEALTHY


@pytest.mark.parametrize("funds", [0, 1_000, 100_000])
@pytest.mark.parametrize("was_in_auction", [False, True])
@pytest.mark.parametrize("step", [Scene.open_auction, tear_up])
def test_closed_without_a_bid(fast_world, funds, was_in_auction, step):
    scene = Scene.set(fast_world)
    if funds:
        fast_world.stake(scene.staker, funds)
    if was_in_auction:
        scene.auction_at(CLOSE_OUT_PRICE)
    for price in (1_900, 1_885, 1_870):
        fast_world.wait(6 * 3_600)
        scene.price(price)
    paid = only(step(scene), scene.manager.ShortfallPaid)
    assert sum(parts_of(paid)) == paid.shortfall
    assert (scene.stage(), scene.size(), fast_world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert fast_world.clearinghouse.hole() == 0
    assert fast_world.conservation_error() < BOOK_DUST


def test_a_solvent_account_in_auction_waits_for_bidders(fast_world):
    """The neighbour: nobody with equity is torn up, nor is their auction opened again."""
    scene = Scene.set(fast_world)
    scene.auction_at(CLOSE_OUT_PRICE)
    fast_world.wait(86_400)
    refused(
        "default manager: auction is open",
        scene.manager.open_auction,
        scene.account,
        sender=scene.stranger,
    )
    refused(
        "default manager: account is solvent",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    assert scene.stage() == AUCTION


def test_nobody_gets_it_for_nothing(fast_world):
    """A lone bidder takes an insolvent account at mark."""
    scene = Scene.set(fast_world)
    fast_world.stake(scene.staker, 100_000)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(1_870)
    wealth = scene.equity(scene.purse)
    receipt = scene.manager.bid(scene.account, 10**18, scene.purse, sender=scene.bidder)
    assert only(receipt, scene.manager.Bid).discount == 0
    assert scene.equity(scene.purse) == wealth
