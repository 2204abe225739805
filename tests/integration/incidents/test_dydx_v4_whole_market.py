"""dYdX v4, October 2025: the whole open interest of an isolated market was in one liquidation. What
was left of the market's collateral was moved before the insurance fund had paid, the balance would
have been below 0, and the chain halted, although the fund could have covered it.

Here the one account that is all of a side goes in one call, whether the fund pays or nobody does.
The market's totals are 0 then, and it trades on: a side that is used up begins anew.

Fails without the defence: in tear_up._store_side begin no generation.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, SHORTFALL, fill_funds, only, side_pair, without_limits
from verification.engine.scenes import DUST, INSOLVENT_PRICE, Scene, cash_of
from verification.engine.world import CROSS, ETH, HEALTHY, ISOLATED, WAD, World

AMPLE = 100_000
TAKER_FEE = 0.0005
TRADED = 180  # ETH by the taker, until the price moves


def whole_market(world: World, size: float, mode: int) -> Scene:
    """Let one account be all of one side, and the market maker all of the other."""
    scene = Scene.set(world, size=0, cash=0)
    market = ETH if mode == ISOLATED else 0
    scene.account = world.open(scene.trader, 10_000, mode, market)
    scene.buy(size)
    assert world.market().interest == (abs(size) * WAD, abs(size) * WAD)
    return scene


def trades_on(scene: Scene, price: float) -> None:
    """Both sides open, gain and close again."""
    world = scene.world
    flat, before = scene.equity(scene.book), scene.equity(scene.purse)
    scene.price(price + 10)
    assert scene.equity(scene.book) == flat, "nothing is left of the winner's position either"
    scene.price(price)
    sides = (scene.maker, scene.book), (scene.bidder, scene.purse)
    for size in (40, -70, 30):
        world.trade(*sides, size, price)
    assert world.market().interest == (0, 0)
    world.trade(*sides, 40, price)
    assert world.market().interest == (40 * WAD, 40 * WAD)
    scene.price(price + 10)
    gained = float(cash_of(scene.equity(scene.purse) - before))
    assert gained == pytest.approx(400 - TAKER_FEE * TRADED * price, abs=0.01)
    world.trade(*sides, -40, price + 10)
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("mode", [ISOLATED, CROSS], ids=["isolated", "cross"])
@pytest.mark.parametrize("fund", [AMPLE, 0], ids=["ample", "empty"])
@pytest.mark.parametrize("size", [100, -100], ids=["long", "short"])
def test_a_tear_up_of_the_whole_open_interest_goes_through(fast_world, size, fund, mode):
    scene = whole_market(fast_world, size, mode)
    fill_funds(scene, fund)
    without_limits(fast_world)
    price = INSOLVENT_PRICE if size > 0 else 2_110
    winner = scene.equity(scene.book)
    scene.price(price)
    gained = scene.equity(scene.book) - winner
    paid = only(scene.call(), scene.manager.ShortfallPaid)
    assert paid.shortfall == SHORTFALL * WAD
    assert (paid.insurance, paid.charged) == ((SHORTFALL * WAD, 0) if fund else (0, paid.shortfall))
    assert fast_world.market().interest == (0, 0)
    assert scene.size() == 0
    assert scene.stage() == HEALTHY
    assert fast_world.cash(scene.account) == fast_world.clearinghouse.hole() == 0
    # The winner has what the market has moved, less what nobody else has paid.
    assert abs(scene.equity(scene.book) - winner - gained + paid.charged) <= DUST
    assert fast_world.conservation_error() < BOOK_DUST
    trades_on(scene, price)


@pytest.mark.parametrize("size", [100, -100], ids=["long", "short"])
def test_a_sale_of_the_whole_open_interest_to_the_other_side_goes_through(fast_world, size):
    """The market maker bids for what is opposite to their own position: both are gone."""
    scene = whole_market(fast_world, size, ISOLATED)
    price = 1_905 if size > 0 else 2_095
    scene.auction_at(price)
    scene.finish_ramp()
    scene.bidder, purse = scene.maker, scene.book
    assert scene.bid(purse=purse).fraction == WAD
    assert fast_world.market().interest == (0, 0)
    assert scene.size() == scene.size(scene.book) == 0
    assert scene.stage() == HEALTHY
    assert scene.equity() >= 0
    assert fast_world.conservation_error() < BOOK_DUST
    scene.bidder = fast_world.people["bidder"]
    trades_on(scene, price)


def test_it_goes_through_again_and_again(fast_world):
    """Each time one account is all there is; each time the side that was used up begins anew."""
    scene = whole_market(fast_world, 100, ISOLATED)
    fill_funds(scene, AMPLE)
    without_limits(fast_world)
    for times in range(1, 6):
        scene.price(INSOLVENT_PRICE)
        scene.call()
        assert fast_world.market().interest == (0, 0)
        assert fast_world.market().short.generation == times
        assert side_pair(fast_world, 1) == (WAD, 0)
        scene.price(2_000)
        fast_world.deposit(scene.trader, scene.account, 10_000)
        owed = fast_world.clearinghouse.debts(scene.account)
        assert owed, "what the fund has paid is on record, and keeps nobody else from trading"
        scene.account = fast_world.open(scene.trader, 10_000, ISOLATED, ETH)
        scene.buy(100)
    assert fast_world.conservation_error() < 5 * BOOK_DUST
