"""Black Thursday, March 2020: gas prices kept keepers away, and bids of zero won whole vaults.

MakerDAO's auctions accepted any bid when nobody else came. Here a slice has one price, mark less a
discount on a curve: being alone does not make it cheaper, and neither does waiting for ever.
"""

from __future__ import annotations

from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, PPM, Scene
from verification.engine.world import HEALTHY, WAD


def test_the_only_bidder_pays_the_price_of_the_curve(world):
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    world.wait(30 * 86_400)  # a month without a keeper
    maintenance, equity = scene.margin()[2], scene.equity()
    wealth = scene.equity(scene.purse)
    event = scene.bid()
    assert event.discount_rate == scene.terms.discount_end
    assert event.discount <= maintenance * scene.terms.discount_end // PPM
    assert abs(scene.equity(scene.purse) - wealth - event.discount) < 100
    assert scene.equity() > 0
    assert equity - scene.equity() - event.discount - event.fee < 100
    assert scene.stage() == HEALTHY


def test_no_bid_for_free_collateral(world):
    """A vault of ETH is paid for at mark, not taken for nothing."""
    scene = Scene.set(world, cash=0, WETH=6)
    scene.auction_at(1_900)
    world.wait(86_400)
    before, wealth = world.cash(scene.purse), scene.equity(scene.purse)
    event = scene.bid()
    taken = world.clearinghouse.collateral(scene.purse, 0)
    assert taken > 0
    assert before - world.cash(scene.purse) >= taken * 1_900 // WAD - event.discount - 100
    assert scene.equity(scene.purse) - wealth <= event.discount


def test_late_keepers_find_the_auction_open(world):
    """Nothing has to be started again after an hour in which no transaction got through."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    world.wait(6 * 3_600, refresh=False)  # feeds were stuck in the same traffic
    assert_reverts(  # its price may have risen unseen
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.refresh()
    assert scene.bid().ended
