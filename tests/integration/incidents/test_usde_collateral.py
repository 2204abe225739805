"""USDe, October 2025: a venue valued what its customers had posted by its own order book. There the
token fell to about two thirds of a dollar for a while, nearly nowhere else, and positions that had
nothing to do with it were sold out from under it.

What the disagreement itself stops is in test_october_venue.py. Here is who is sold while it lasts,
when another leg of the account has a price at which it could be: only an account that is unhealthy
at both fresh answers. And its collateral, whose price is in doubt, is not sold with it.

Fails without the defence: in portfolio_margin._collateral do not take `quote.high`.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, refused
from verification.engine.scenes import Scene
from verification.engine.world import BTC, ETH, HEALTHY, NEVER, WAD

FALLEN = 1_300  # of 2,000: 65 %, as USDe was
BOOKS = {"primary": (FALLEN, 2_000), "secondary": (2_000, FALLEN)}


@pytest.fixture
def scene(fast_world) -> Scene:
    """8 BTC on 10 WETH and nothing else; BTC has fallen by 2.5 %. MM is near, but not reached."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=10)
    scene.buy(8, 40_000, BTC)
    fast_world.set_price("BTC", 39_000)
    assert 1 < scene.ratio() < 1.3
    return scene


def nobody_sells(scene: Scene) -> None:
    for action in (scene.manager.call_margin, scene.manager.open_auction):
        refused("default rules: account is healthy", action, scene.account, sender=scene.stranger)
    refused(
        "default manager: account is solvent",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    assert scene.stage() == HEALTHY


@pytest.mark.parametrize("venue", BOOKS)
def test_collateral_that_fell_on_one_venue_sells_nobody(scene, venue):
    """BTC has a price, so that BTC could be sold; at the one answer for WETH it would be."""
    scene.world.set_price("ETH", *BOOKS[venue])
    assert scene.world.risk_engine.price(8 + BTC)[2]
    assert not scene.world.risk_engine.price(8 + ETH)[2]
    assert scene.ratio() < 0.8, "at the fallen book's price it would not even get a grace"
    nobody_sells(scene)


@pytest.mark.parametrize("venue", BOOKS)
def test_running_auction_waits(scene, venue):
    """Opened at a price of all, then one book falls further and the other recovers."""
    world = scene.world
    world.set_price("ETH", FALLEN)
    scene.open_auction()
    scene.finish_ramp()
    world.set_price("ETH", *BOOKS[venue])
    refused(
        "default rules: account is healthy",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    assert scene.size(market=BTC) == 8 * WAD


@pytest.mark.parametrize("answers", [(1_300, 1_500), (1_500, 1_300)])
def test_unhealthy_at_both_answers_is_sold_but_not_its_collateral(scene, answers):
    """The neighbour that must work: no doubt keeps an account that neither answer saves."""
    world = scene.world
    world.set_price("ETH", *answers)
    assert not world.risk_engine.price(8 + ETH)[2]
    scene.open_auction()
    scene.finish_ramp()
    before = scene.size(scene.purse, BTC)
    assert scene.bid().fraction > 0
    assert scene.size(scene.purse, BTC) > before
    assert world.clearinghouse.collateral(scene.account, 0) == 10 * WAD
    assert scene.equity() > 0
    assert world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("second", [2_030, 2_039])
def test_answers_that_agree_still_spare_who_is_healthy_at_one(scene, second):
    """Within the limit of 2 % there is a price, but no sale that half of the evidence forbids."""
    world = scene.world
    btc = 38_900
    while True:  # down to just below MM at the first answer
        world.set_price("BTC", btc)
        if scene.ratio() < 1:
            break
        btc -= 10
    world.set_price("ETH", 2_000, secondary=second)
    assert world.risk_engine.price(8 + ETH)[2]
    nobody_sells(scene)
    world.set_price("ETH", 2_000)
    scene.call()


def test_the_higher_book_lets_nobody_borrow(scene):
    """The other side of the same coin: what counts for the owner in a sale does not count for new
    risk, nor for a withdrawal of collateral."""
    world = scene.world
    world.set_price("ETH", 4_000, secondary=2_000)
    order = world.order(scene.maker, scene.book, -1, 39_000, market=BTC)
    refused(
        "risk engine: price not valid",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(scene.maker, order),
        WAD,
        scene.account,
        NEVER,
        sender=scene.trader,
    )
    refused(
        "risk engine: price not valid",
        world.clearinghouse.withdraw,
        scene.account,
        world.deployment.tokens["WETH"],
        WAD,
        scene.trader,
        sender=scene.trader,
    )
