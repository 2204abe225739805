"""RiskEngine.settlement_price: the price at which a market with a dead feed is settled."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.unit.price_oracle.helpers import EATS_GAS, ORDINARY, REVERTS
from tests.unit.risk_engine.conftest import (
    ASSETS,
    COLLATERAL_ROW,
    DECIMALS,
    MARKET_ROW,
    MARKETS,
    PRICE,
    WAD,
    Desk,
    judged,
    market_terms,
)
from tests.unit.risk_engine.helpers import kill, refuses_anyone, report
from verification.engine.evm import Person

HOUR, DAY = 3_600, 86_400
SETTLE_AFTER = 3 * DAY
GRACE = HOUR
NEVER = 2**64
ASSET = ASSETS[0]
ROW = MARKET_ROW + MARKETS[0]  # its asset is ASSET
OTHER_ROW = MARKET_ROW + MARKETS[1]
COLLATERAL = COLLATERAL_ROW  # its asset is ASSET too
NO_ROW = MARKET_ROW + 40
CROSS_ACCOUNT = 2 << 88
STRANGER = Person.number(0)


@pytest.fixture
def sequencer(desk) -> Desk:
    """An engine whose oracle watches a sequencer, up for a day; one asset, one market."""
    chain = desk.chain
    uptime = chain.deploy("TestSequencerFeed", chain.pending_timestamp - DAY)
    oracle = chain.deploy("PriceOracle", uptime.address, GRACE)
    engine = chain.deploy("RiskEngine", desk.ledger.address, oracle.address)
    watched = Desk(chain, engine, oracle, desk.ledger, desk.feeds)
    watched.uptime = uptime
    watched.set_globals(500_000, 50 * WAD)
    engine.set_asset(ASSET, *watched.words(ASSET))
    watched.set_market(MARKETS[0], market_terms(0))
    return watched


def settlement(desk: Desk, row: int = ROW) -> tuple[int, bool]:
    return tuple(desk.engine.settlement_price(row))


def average(desk: Desk) -> int:
    return desk.oracle.average(*desk.words(ASSET))[0]


# Settlement price ---------------------------------------------------------------------------------


def test_a_living_market_settles_at_mark_and_only_by_the_admin(desk):
    desk.set_price(ASSET, 3 * PRICE)
    assert settlement(desk) == (3 * PRICE, False)
    assert settlement(desk, COLLATERAL) == (3 * PRICE, False)
    refuses_anyone("risk table: unknown row", desk.engine.settlement_price, NO_ROW)


def test_a_dead_one_at_the_average_of_its_checkpoints(desk):
    desk.chain.mine(HOUR)
    desk.set_price(ASSET, 2 * PRICE)
    desk.engine.checkpoint(ROW)
    mean = average(desk)
    assert PRICE < mean < PRICE * 3 // 2
    desk.set_price(ASSET, 5 * PRICE, 9 * PRICE)
    assert settlement(desk) == (mean, False)
    kill(desk)
    assert settlement(desk) == (mean, False)


def test_it_becomes_final_three_days_after_the_report(desk):
    assert desk.engine.SETTLE_AFTER() == SETTLE_AFTER
    kill(desk)
    desk.chain.mine(30 * DAY)  # without a report nothing counts
    assert settlement(desk) == (PRICE, False)
    report(desk)
    assert settlement(desk) == (PRICE, False)
    desk.chain.mine(SETTLE_AFTER - 1)
    assert settlement(desk) == (PRICE, False)
    desk.chain.mine(1)
    assert settlement(desk) == (PRICE, True)
    assert settlement(desk, COLLATERAL) == (PRICE, True)
    assert not settlement(desk, OTHER_ROW)[1]


def test_a_feed_that_is_back_is_not_final(desk):
    kill(desk)
    report(desk)
    desk.chain.mine(SETTLE_AFTER)
    desk.set_price(ASSET, 2 * PRICE)
    assert settlement(desk) == (2 * PRICE, False)
    kill(desk)  # nobody took a checkpoint: the outage still stands
    assert settlement(desk) == (PRICE, True)
    desk.set_price(ASSET, 2 * PRICE)
    desk.engine.checkpoint(ROW, sender=STRANGER)
    kill(desk)
    assert settlement(desk) == (average(desk), False)
    report(desk)
    desk.chain.mine(SETTLE_AFTER)
    assert settlement(desk) == (average(desk), True)


def test_new_feeds_begin_anew(desk):
    kill(desk)
    report(desk)
    desk.chain.mine(SETTLE_AFTER)
    assert settlement(desk)[1]
    fresh = desk.chain.deploy("TestFeed", "feed", DECIMALS, 7 * PRICE)
    second = desk.chain.deploy("TestFeed", "feed", DECIMALS, 7 * PRICE)
    words = desk.words(ASSET, primary=int(fresh.address, 16))
    desk.engine.set_asset(ASSET, words[0], int(second.address, 16), words[2])
    assert settlement(desk) == (7 * PRICE, False)
    fresh.set(0)
    assert settlement(desk) == (7 * PRICE, False)


@pytest.mark.parametrize("mode", [REVERTS, EATS_GAS])
def test_no_feed_makes_it_revert(desk, mode):
    odd = desk.chain.deploy("OddFeed", ORDINARY, PRICE)
    desk.engine.set_asset(ASSET, *desk.words(ASSET, primary=int(odd.address, 16)))
    assert settlement(desk) == (PRICE, False)
    odd.set_mode(mode)
    assert settlement(desk) == (PRICE, False)
    report(desk)
    desk.chain.mine(SETTLE_AFTER)
    assert settlement(desk) == (PRICE, True)


def test_without_a_checkpoint_the_middle_of_the_interval(desk):
    """Cannot happen while `set_asset` takes one, so the oracle's memory is wiped by hand."""
    desk.set_price(ASSET, PRICE, 3 * PRICE)
    assert settlement(desk) == (PRICE, False)
    key = keccak(encode(["uint256"] * 3, desk.words(ASSET)))
    for variable in range(2):
        slot = int.from_bytes(keccak(variable.to_bytes(32, "big") + key), "big")
        desk.chain.evm.insert_account_storage(desk.oracle.address, slot, 0)
    assert tuple(desk.oracle.average(*desk.words(ASSET))) == (0, 0)
    assert settlement(desk) == (sum(judged(PRICE, 3 * PRICE)) // 2, False)


# Sequencer ----------------------------------------------------------------------------------------


def test_only_an_engine_with_a_sequencer_asks_for_it(desk, sequencer):
    assert not desk.engine.HAS_SEQUENCER()
    assert sequencer.engine.HAS_SEQUENCER()
    desk.ledger.set_portfolio(WAD, [])
    assert desk.engine.assess(CROSS_ACCOUNT)[0].resumed == 0
    resumed = sequencer.uptime.latestRoundData()[2] + GRACE
    assert sequencer.engine.assess(CROSS_ACCOUNT)[0].resumed == resumed
    sequencer.uptime.set_status(False)
    assert sequencer.engine.assess(CROSS_ACCOUNT)[0].resumed == NEVER
    sequencer.uptime.set_status(True)
    back = sequencer.chain.pending_timestamp
    assert sequencer.engine.assess(CROSS_ACCOUNT)[0].resumed == back + GRACE


def test_a_sequencer_outage_settles_nothing(sequencer):
    """Three days count from its end, grace included: before, nobody could show the feed is back."""
    kill(sequencer)
    report(sequencer)
    sequencer.chain.mine(SETTLE_AFTER)
    assert settlement(sequencer) == (PRICE, True)
    sequencer.uptime.set_status(False)
    assert settlement(sequencer) == (PRICE, False)
    sequencer.chain.mine(SETTLE_AFTER)
    assert settlement(sequencer) == (PRICE, False)
    sequencer.uptime.set_status(True)
    sequencer.chain.mine(GRACE + 1)
    assert settlement(sequencer) == (PRICE, False)
    sequencer.chain.mine(SETTLE_AFTER - 2)
    assert settlement(sequencer) == (PRICE, False)
    sequencer.chain.mine(1)
    assert settlement(sequencer) == (PRICE, True)


def test_while_it_is_down_the_average_is_named_but_not_final(sequencer):
    sequencer.uptime.set_status(False)
    assert settlement(sequencer) == (PRICE, False)
    sequencer.set_price(ASSET, 2 * PRICE)
    assert settlement(sequencer) == (PRICE, False)
    refuses_anyone("price oracle: sequencer outage", sequencer.engine.report_outage, ROW)
    refuses_anyone("price oracle: price not valid", sequencer.engine.checkpoint, ROW)
    assert sequencer.engine.checkpoints([ROW]).return_value == 0
