"""Lens: the batch views agree with the contracts they ask, and one bad account spoils no batch."""

from __future__ import annotations

import pytest

from verification.engine.world import AUCTION, BTC, CALLED, CROSS, ETH, HEALTHY, ISOLATED, WAD, wad

UNKNOWN = 12_345
COLLATERAL_WETH, MARKET_ETH, MARKET_BTC, NO_ROW = 1, 9, 10, 100
GRACE = 3_600


@pytest.fixture
def lens(world):
    return world.lens


@pytest.fixture
def maker(world):
    person = world.people["maker"]
    return person, world.open(person, cash=10_000_000)


@pytest.fixture
def trader(world, maker):
    """Long 10 ETH at 2,000 with a margin of 1,200."""
    person = world.people["trader"]
    account = world.open(person, cash=1_200)
    world.trade(maker, (person, account), 10, 2_000)
    return person, account


def fall_below_maintenance(world) -> None:
    """MM of the trader is about 461 then, equity about 430."""
    world.set_price("ETH", 1_924)


def actionable(lens, *accounts: int) -> tuple[list[int], ...]:
    return tuple(list(ids) for ids in lens.actionable(list(accounts)))


# accounts ---------------------------------------------------------------------------------------


def test_accounts_agree_with_the_risk_engine(world, lens, maker, trader):
    ids = [maker[1], trader[1]]
    for seen, account in zip(lens.accounts(ids), ids, strict=True):
        assert (seen.equity, seen.initial, seen.maintenance) == tuple(
            world.risk_engine.margin(account)
        )
        assert seen.account == account
        assert seen.exists
        assert seen.readable
        assert seen.all_valid
        assert seen.cash == world.cash(account)
        assert (seen.assessed_equity, seen.assessed_maintenance) == (seen.equity, seen.maintenance)
        assert (seen.stage, seen.since, seen.discount, seen.max_fraction) == (HEALTHY, 0, 0, 0)


def test_accounts_of_nobody(lens):
    assert lens.accounts([]) == []


def test_unknown_account_is_an_empty_row(lens, trader):
    unknown, known = lens.accounts([UNKNOWN, trader[1]])
    assert unknown.account == UNKNOWN
    assert not unknown.exists
    assert not unknown.readable
    assert known.readable


def test_an_auction_is_seen_as_the_default_manager_sees_it(world, lens, trader):
    fall_below_maintenance(world)
    world.default_manager.call_margin(trader[1], sender=world.people["keeper"])
    world.wait(GRACE + 1)
    world.default_manager.open_auction(trader[1], sender=world.people["keeper"])
    world.wait(600)
    seen = lens.accounts([trader[1]])[0]
    auction = world.default_manager.auction(trader[1])
    assert (seen.stage, seen.since) == (AUCTION, auction.since)
    assert seen.discount == auction.discount > 0
    assert seen.max_fraction == auction.max_fraction > 0


def test_equity_is_given_at_both_ends_when_feeds_disagree(world, lens, trader):
    world.set_price("ETH", 2_000, secondary=2_200)
    seen = lens.accounts([trader[1]])[0]
    assert seen.readable
    assert not seen.all_valid
    assert seen.equity < seen.assessed_equity


def test_dead_feed_leaves_the_others_readable(world, lens, maker, trader):
    other = world.people["second trader"]
    account = world.open(other, cash=5_000)
    world.trade(maker, (other, account), 0.1, 40_000, market=BTC)
    world.set_price("ETH", 0)
    seen = lens.accounts([trader[1], account])
    assert [row.all_valid for row in seen] == [False, True]
    assert seen[1].equity == world.risk_engine.margin(account)[0]


def test_a_hundred_accounts_fit_one_call(world, lens, trader):
    assert len(lens.accounts([trader[1], UNKNOWN] * 50)) == 100


def test_silent_engine_leaves_cash_and_stage(world, lens, trader, project):
    mute = world.admin.deploy(project.TestSequencerFeed, 0)
    world.clearinghouse.set_role(0, mute, sender=world.admin)
    world.wait(world.clearinghouse.role_delay())
    world.clearinghouse.accept_role(0, sender=world.admin)
    seen = lens.accounts([trader[1]])[0]
    assert seen.exists
    assert not seen.readable
    assert seen.cash == world.cash(trader[1])
    assert not any((seen.callable, seen.openable, seen.biddable, seen.curable))


# actionable -------------------------------------------------------------------------------------


def test_nothing_to_do_with_healthy_accounts(lens, maker, trader):
    assert actionable(lens, maker[1], trader[1], UNKNOWN) == ([], [], [], [])


def test_every_step_is_announced_and_goes_through(world, lens, maker, trader):
    keeper, bidder = world.people.named("keeper", "bidder")
    account = trader[1]
    inventory = world.open(bidder, cash=100_000)
    fall_below_maintenance(world)
    assert actionable(lens, maker[1], account) == ([account], [], [], [])

    world.default_manager.call_margin(account, sender=keeper)
    assert actionable(lens, maker[1], account) == ([], [], [], [])

    world.wait(GRACE + 1)
    assert actionable(lens, maker[1], account) == ([], [account], [], [])

    world.default_manager.open_auction(account, sender=keeper)
    assert actionable(lens, maker[1], account) == ([], [], [account], [])

    world.default_manager.bid(account, WAD, inventory, 1, sender=bidder)
    assert world.stage(account) == HEALTHY
    assert actionable(lens, maker[1], account) == ([], [], [], [])


def test_too_deep_for_grace_may_be_opened_without_a_call(world, lens, trader):
    world.set_price("ETH", 1_895)
    assert actionable(lens, trader[1]) == ([trader[1]], [trader[1]], [], [])
    world.default_manager.open_auction(trader[1], sender=world.people["keeper"])


def test_topped_up_account_is_curable(world, lens, trader):
    fall_below_maintenance(world)
    world.default_manager.call_margin(trader[1], sender=world.people["keeper"])
    assert world.stage(trader[1]) == CALLED
    world.deposit(*trader, 1_000)
    assert actionable(lens, trader[1]) == ([], [], [], [trader[1]])
    world.default_manager.cure(trader[1], sender=world.people["keeper"])


def test_nobody_is_callable_while_the_only_feed_is_in_doubt(world, lens, trader):
    world.set_price("ETH", 1_200, secondary=1_924)  # solvent at one of the two
    assert actionable(lens, trader[1]) == ([], [], [], [])


# positions --------------------------------------------------------------------------------------


def test_positions_at_mark(world, lens, maker, trader):
    world.set_price("ETH", 2_010)
    long, short = lens.positions([trader[1], UNKNOWN, maker[1]])
    assert (long.account, long.market, long.size) == (trader[1], ETH, wad(10))
    assert (long.value, long.notional) == (wad(100), wad(20_100))
    assert long.cost == world.position(trader[1])[1]
    assert (long.low, long.high, long.valid) == (wad(2_010), wad(2_010), True)
    assert (short.account, short.size, short.value) == (maker[1], wad(-10), wad(-100))


def test_positions_take_the_worse_end_for_each_side(world, lens, maker, trader):
    world.set_price("ETH", 2_000, secondary=2_200)
    long, short = lens.positions([trader[1], maker[1]])
    assert not long.valid
    assert long.notional == wad(10) * long.low // WAD
    assert short.notional == wad(10) * short.high // WAD
    assert long.low < short.high


def test_collateral_is_no_position(world, lens):
    person = world.people["owner"]
    account = world.open(person, cash=10, WETH=1, WBTC=0.1)
    assert lens.positions([account]) == []


# markets ----------------------------------------------------------------------------------------


def test_markets_show_funding_up_to_now(world, lens, maker):
    person = world.people["taker"]
    account = world.open(person, cash=50_000, mode=ISOLATED, market=ETH)
    world.trade(maker, (person, account), 10, 2_010)
    world.wait(3_600)
    world.trade(maker, (person, account), 1, 2_010)
    world.wait(3_600)
    eth, btc, unknown = lens.markets([ETH, BTC, 77])
    assert eth.exists
    assert not eth.settled
    assert (eth.low, eth.high, eth.valid) == (wad(2_000), wad(2_000), True)
    assert eth.funding_rate > 0
    assert eth.long_interest == eth.short_interest == wad(11)
    assert eth.fees > 0
    world.clearinghouse.accrue_funding(ETH, sender=world.admin)
    stored = world.clearinghouse.market_state(ETH) & (2**96 - 1)
    assert 0 < eth.funding_index <= stored <= eth.funding_index + eth.funding_rate * 60
    assert (btc.exists, btc.long_interest, btc.fees) == (True, 0, 0)
    assert (unknown.market, unknown.exists, unknown.high) == (77, False, 0)


# prices -----------------------------------------------------------------------------------------


def test_prices_by_row(world, lens):
    weth, eth, btc, nothing = lens.prices([COLLATERAL_WETH, MARKET_ETH, MARKET_BTC, NO_ROW])
    assert (weth.low, weth.high, weth.valid) == (wad(2_000), wad(2_000), True)
    assert (eth.row, eth.low) == (MARKET_ETH, wad(2_000))
    assert btc.low == wad(40_000)
    assert (nothing.row, nothing.low, nothing.high, nothing.valid) == (NO_ROW, 0, 0, False)


def test_modes_make_no_difference(world, lens, maker):
    person = world.people["taker"]
    ids = []
    for mode, market in ((CROSS, 0), (ISOLATED, ETH)):
        account = world.open(person, cash=5_000, mode=mode, market=market)
        world.trade(maker, (person, account), 2, 2_000)
        ids.append(account)
    first, second = lens.accounts(ids)
    assert (first.equity, first.maintenance) == (second.equity, second.maintenance)
