"""More positions than the header names: ids beyond the tenth go to a word of their own and back."""

from __future__ import annotations

import pytest

from tests.unit.clearinghouse.helpers import list_markets
from verification.engine.world import ETH, WAD, World

COUNT = 12
ROW = 8
PRICE = 2_000
HEADER_IDS = 10
MORE_MARKETS = 254  # the header's bit that says there is another word


@pytest.fixture
def markets(world) -> list[int]:
    """Twelve markets."""
    return list_markets(world, COUNT)


@pytest.fixture
def holder(world, trader, maker, markets) -> int:
    """An account with a position in each of them."""
    account = world.open(trader, 100_000)
    for market in markets:
        world.trade(maker, (trader, account), 1, PRICE, market)
    return account


def leg(market: int) -> int:
    """Return the leg of a LONG position without a loss (layout: IRiskEngine)."""
    return (ROW + market) << 240 | PRICE * WAD


def held(world: World, account: int) -> list[int]:
    """Return the markets that the ledger names, each of which has a position and no other has."""
    named = list(world.header(account).markets)
    assert len(set(named)) == len(named)
    for market in range(1, 2 + COUNT):
        assert (world.clearinghouse.positions(account, market) != 0) == (market in named)
    is_more = len(named) > HEADER_IDS
    assert (world.clearinghouse.more_markets(account) != 0) == is_more
    assert world.clearinghouse.headers(account) >> MORE_MARKETS & 1 == is_more
    return named


def test_closing_one_by_one_brings_the_ids_back_into_the_header(
    world, trader, maker, holder, markets
):
    assert held(world, holder) == markets
    for count, market in reversed(list(enumerate(markets))):
        world.trade(maker, (trader, holder), -1, PRICE, market)
        assert held(world, holder) == markets[:count]


def test_the_last_takes_the_place_of_one_that_is_closed(world, trader, maker, holder, markets):
    world.trade(maker, (trader, holder), -1, PRICE, markets[1])
    assert held(world, holder) == [markets[0], markets[-1], *markets[2:-1]]


@pytest.mark.parametrize("closed", [1, 2, 3, COUNT])
def test_a_tear_up_of_some_keeps_the_others_in_order(
    world, ledger, manager, holder, markets, closed
):
    """Of twelve: eleven, ten, nine and none are left."""
    closeouts = [(holder, [leg(market) for market in markets[:closed]])]
    ledger.tear_up_accounts(closeouts, 0, 0, sender=manager)
    assert held(world, holder) == markets[closed:]


@pytest.mark.parametrize("count", [HEADER_IDS, COUNT])
def test_all_positions_of_one_account_are_torn_up(
    world, ledger, manager, trader, maker, holder, markets, count
):
    """With ten the header names them all, and nothing follows in the other word."""
    for market in markets[count:]:
        world.trade(maker, (trader, holder), -1, PRICE, market)
    legs = [leg(market) for market in markets[:count]]
    cash = world.cash(holder)
    ledger.tear_up_accounts([(holder, legs)], 0, 0, sender=manager)
    assert held(world, holder) == []
    assert world.cash(holder) == cash  # what they were bought for


def test_the_lens_shows_every_position_of_the_largest_account(fast_world):
    """32 positions, behind eight collaterals."""
    world = fast_world
    maker, trader = world.people.named("maker", "trader")
    numbers = list_markets(world, 32)
    book, account = world.open(maker, 10**6), world.open(trader, 10**6, WETH=1, WBTC=1)
    for index in range(2, 8):
        token = world.chain.deploy("TestToken", f"Token {index}", f"T{index}", 18)
        world.risk_engine.set_collateral(index, ETH, 200_000, 100_000)
        world.clearinghouse.list_collateral(token, 10 * WAD)
        token.mint(trader, WAD)
        token.approve(world.clearinghouse, WAD, sender=trader)
        world.clearinghouse.deposit(account, token, WAD, sender=trader)
    for market in numbers:
        world.trade((maker, book), (trader, account), 1, PRICE, market)
    legs = world.clearinghouse.portfolio(account)[1]
    assert len(legs) == 8 + 2 * 32
    seen = world.lens.positions([account])
    assert [position.market for position in seen] == numbers
    assert {position.size for position in seen} == {WAD}
