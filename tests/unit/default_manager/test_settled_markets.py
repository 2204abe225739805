"""Bids on, and tear-ups of, accounts with a position in a settled market that is not cash yet."""

from __future__ import annotations

import pytest

from tests.procedure import (
    BOOK_DUST,
    INSOLVENT,
    about,
    only,
    refused,
    settle,
    tear_up,
    without_limits,
)
from verification.engine.scenes import DUST, Scene
from verification.engine.world import AUCTION, BTC, ETH, HEALTHY, WAD


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def two_markets(scene: Scene) -> Scene:
    """The trader holds 2 BTC too, and ETH is settled at a loss."""
    scene.world.stake(scene.staker, 20_000)
    without_limits(scene.world)
    scene.buy(1, 40_000, BTC)
    return scene


def test_bid_on_an_account_with_an_unconverted_position(scene):
    two_markets(scene)
    world = scene.world
    scene.price(1_915)
    settle(scene)
    assert scene.equity() == (10_000 - 100 - 20 - 8_500) * WAD
    world.set_price("BTC", 39_050)  # 430 left, MM about 950
    scene.open_auction()
    assert scene.stage() == AUCTION
    event = scene.bid()
    assert event.ended
    assert scene.size(market=ETH) == 0
    assert world.header(scene.account).markets in ((), (BTC,))
    assert scene.size(scene.purse) == 0, "nobody takes over what is settled"
    assert scene.size(scene.purse, BTC) > 0
    assert world.conservation_error() < BOOK_DUST


def test_tear_up_of_an_account_with_an_unconverted_position(scene):
    two_markets(scene)
    world = scene.world
    scene.price(1_895)
    settle(scene)
    world.set_price("BTC", 39_000)
    shortfall = -scene.equity()
    assert shortfall > 0
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert abs(paid.shortfall - shortfall) <= DUST
    assert paid.insurance == paid.shortfall
    assert world.header(scene.account).markets == ()
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() < BOOK_DUST


def test_only_a_settled_loss_is_left(scene):
    """Nothing can be sold: recognition resolves it at once, the funds pay."""
    world = scene.world
    world.stake(scene.staker, 3_000)
    without_limits(world)
    scene.price(1_890)
    settle(scene)
    receipt = scene.call()
    paid = only(receipt, scene.manager.ShortfallPaid)
    assert about(paid.insurance, 1_100)
    assert world.conservation_error() < BOOK_DUST
    assert scene.world.stage(scene.account) in (HEALTHY, INSOLVENT)


def test_a_healthy_holder_of_a_settled_market_is_left_alone(scene):
    scene.price(1_950)
    settle(scene)
    for function in (scene.manager.call_margin, scene.manager.open_auction):
        args = (scene.account, 0) if function is scene.manager.call_margin else (scene.account,)
        refused("default rules: account is healthy", function, *args, sender=scene.stranger)
