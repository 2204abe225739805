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
    FEED_NOTICE,
    HEARTBEAT,
    MARKET_ROW,
    MARKETS,
    PRICE,
    WAD,
    Desk,
    market_terms,
)
from tests.unit.risk_engine.helpers import kill, refuses_anyone, report
from verification.engine.evm import Person

HOUR, DAY = 3_600, 86_400
IN_DOUBT, MARK, FINAL = range(3)
SETTLE_AFTER = 3 * DAY
SHOW_AGAIN = 6 * HOUR
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


def settlement(desk: Desk, row: int = ROW) -> tuple[int, int]:
    return tuple(desk.engine.settlement_price(row))


def average(desk: Desk) -> int:
    return desk.averages(ASSET)[0]


def show(desk: Desk, seconds: int) -> None:
    """Let time pass, in which the outage is shown every six hours."""
    while seconds > SHOW_AGAIN:
        desk.chain.mine(SHOW_AGAIN)
        report(desk)
        seconds -= SHOW_AGAIN
    desk.chain.mine(seconds)


# Settlement price ---------------------------------------------------------------------------------


def test_a_living_market_settles_at_mark(desk):
    desk.set_price(ASSET, 3 * PRICE)
    assert settlement(desk) == (3 * PRICE, MARK)
    assert settlement(desk, COLLATERAL) == (3 * PRICE, MARK)
    refuses_anyone("risk table: unknown row", desk.engine.settlement_price, NO_ROW)


def test_feeds_apart_for_a_moment_settle_nothing(desk):
    """Whoever sees 2.5 % between two feeds cannot settle at 2,000 what trades at 1,600."""
    desk.set_price(ASSET, PRICE, PRICE * 1_025 // 1_000)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    report(desk)
    assert settlement(desk) == (PRICE, IN_DOUBT)


def test_the_average_of_its_checkpoints_cut_off_at_the_evidence(desk):
    """With both feeds near 4,000, an old average of 2,000 settles nothing at 2,000."""
    desk.chain.mine(HOUR)
    desk.set_price(ASSET, 2 * PRICE)
    desk.engine.checkpoint(ROW)
    mean = average(desk)
    assert PRICE < mean < PRICE * 3 // 2
    for low, high, price in [(5, 9, 5 * PRICE), (1, 2, mean)]:
        desk.set_price(ASSET, low * PRICE, high * PRICE)
        assert settlement(desk) == (price, IN_DOUBT)
    desk.set_price(ASSET, PRICE // 2, PRICE)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    kill(desk)
    assert settlement(desk) == (mean, IN_DOUBT)


def test_a_final_price_is_cut_off_too(desk):
    desk.set_price(ASSET, 3 * PRICE, 4 * PRICE)
    report(desk)
    for _ in range(12):
        desk.chain.mine(SHOW_AGAIN)
        desk.set_price(ASSET, 3 * PRICE, 4 * PRICE)
        report(desk)
    assert average(desk) == PRICE
    assert settlement(desk) == (3 * PRICE, FINAL)


def test_it_becomes_final_three_days_after_the_report_if_shown_again(desk):
    kill(desk)
    desk.chain.mine(30 * DAY)  # without a report nothing counts
    assert settlement(desk) == (PRICE, IN_DOUBT)
    report(desk)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    show(desk, SETTLE_AFTER - 1)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    desk.chain.mine(1)
    assert settlement(desk) == (PRICE, FINAL)
    assert settlement(desk, COLLATERAL) == (PRICE, FINAL)
    assert settlement(desk, OTHER_ROW)[1] != FINAL


def test_it_stays_final_for_six_hours_after_it_was_last_shown(desk):
    kill(desk)
    since = report(desk)
    show(desk, SETTLE_AFTER)
    shown = desk.outage(ASSET)[1]
    assert since + SETTLE_AFTER - SHOW_AGAIN == shown
    assert settlement(desk) == (PRICE, FINAL)  # exactly six hours later
    desk.chain.mine(1)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    report(desk)  # more than six hours later: it begins anew
    assert settlement(desk) == (PRICE, IN_DOUBT)
    show(desk, SETTLE_AFTER)
    assert settlement(desk) == (PRICE, FINAL)


def test_two_short_outages_are_not_a_long_one(desk):
    """Played: 40 seconds of divergence, and again three days later, with nobody in between."""
    desk.set_price(ASSET, PRICE, 2 * PRICE)
    report(desk)
    desk.chain.mine(40)
    desk.set_price(ASSET, PRICE)
    desk.chain.mine(SETTLE_AFTER)
    desk.set_price(ASSET, PRICE, 2 * PRICE)
    assert settlement(desk)[1] == IN_DOUBT
    report(desk)
    assert settlement(desk)[1] == IN_DOUBT


def test_outages_of_a_day_apart_are_not_a_long_one(desk):
    """40 seconds of divergence every day, shown each time, and nobody takes a checkpoint."""
    for _ in range(5):
        desk.set_price(ASSET, PRICE, 2 * PRICE)
        report(desk)
        assert settlement(desk)[1] == IN_DOUBT
        desk.chain.mine(40)
        desk.set_price(ASSET, PRICE)
        desk.chain.mine(DAY - 40)


def test_a_feed_that_is_late_every_hour_makes_no_outage(desk):
    """It may be shown as often as anyone likes: the answers tell when they were given."""
    for _ in range(80):
        since = desk.chain.pending_timestamp
        desk.chain.mine(HEARTBEAT + 40)
        report(desk)
        assert desk.outage(ASSET)[0] >= since + HEARTBEAT
        assert settlement(desk)[1] == IN_DOUBT
        desk.set_price(ASSET, PRICE)


def test_one_checkpoint_between_two_outages_ends_it(desk):
    kill(desk)
    report(desk)
    show(desk, SETTLE_AFTER)
    desk.set_price(ASSET, 2 * PRICE)
    assert settlement(desk) == (2 * PRICE, MARK)
    kill(desk)
    assert settlement(desk) == (PRICE, FINAL)  # nobody took a checkpoint: the outage still stands
    desk.set_price(ASSET, 2 * PRICE)
    desk.engine.checkpoint(ROW, sender=STRANGER)
    desk.set_price(ASSET, PRICE, 3 * PRICE)
    assert settlement(desk) == (average(desk), IN_DOUBT)
    report(desk)
    kill(desk)
    show(desk, SETTLE_AFTER)
    assert settlement(desk) == (average(desk), FINAL)


@pytest.mark.parametrize("settle_after", [DAY, 7 * DAY, 14 * DAY])
def test_market_hours_are_no_outage(desk, settle_after):
    """A feed of shares sleeps over a long weekend: its asset says how long to wait."""
    desk.set_feeds(ASSET, *desk.words(ASSET), settle_after << 200)
    kill(desk)
    report(desk)
    show(desk, settle_after - 1)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    desk.chain.mine(1)
    assert settlement(desk) == (PRICE, FINAL)


def test_new_feeds_begin_anew(desk):
    kill(desk)
    report(desk)
    show(desk, SETTLE_AFTER)
    assert settlement(desk)[1] == FINAL
    fresh, second = (desk.chain.deploy("TestFeed", "feed", DECIMALS, 7 * PRICE) for _ in "12")
    words = desk.words(ASSET, primary=int(fresh.address, 16), secondary=int(second.address, 16))
    desk.engine.set_asset(ASSET, *words)
    desk.chain.mine(FEED_NOTICE)
    for feed in (fresh, second):
        feed.set(7 * PRICE)
    desk.engine.apply_asset(ASSET)
    assert settlement(desk) == (7 * PRICE, MARK)
    fresh.set(0)
    assert settlement(desk) == (7 * PRICE, IN_DOUBT)


@pytest.mark.parametrize("mode", [REVERTS, EATS_GAS])
def test_no_feed_makes_it_revert(desk, mode):
    odd = desk.chain.deploy("OddFeed", ORDINARY, PRICE)
    desk.set_feeds(ASSET, *desk.words(ASSET, primary=int(odd.address, 16)))
    assert settlement(desk) == (PRICE, MARK)
    odd.set_mode(mode)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    report(desk)
    show(desk, SETTLE_AFTER)
    assert settlement(desk) == (PRICE, FINAL)


def test_without_a_checkpoint_the_middle_of_the_interval(desk):
    """Cannot happen while `set_asset` takes one, so the oracle's memory is wiped by hand."""
    desk.set_price(ASSET, PRICE, 3 * PRICE)
    assert settlement(desk) == (PRICE, IN_DOUBT)
    key = keccak(encode(["address"] + ["uint256"] * 3, [desk.engine.address, *desk.words(ASSET)]))
    for variable in range(2):
        slot = int.from_bytes(keccak(variable.to_bytes(32, "big") + key), "big")
        desk.chain.evm.insert_account_storage(desk.oracle.address, slot, 0)
    assert desk.averages(ASSET) == (0, 0, 0)
    assert settlement(desk) == (2 * PRICE, IN_DOUBT)
    assert desk.engine.reference_price(ROW) == 0


# Reference price ----------------------------------------------------------------------------------


def test_the_reference_price_is_the_average_of_a_day(desk):
    assert desk.engine.reference_price(ROW) == PRICE
    for hours in (1, 5):
        desk.chain.mine(hours * HOUR)
        desk.set_price(ASSET, 2 * PRICE)
        assert desk.engine.reference_price(ROW) == desk.averages(ASSET)[1]
        desk.engine.checkpoint(ROW)
        assert desk.engine.reference_price(ROW) == desk.averages(ASSET)[1] > PRICE
    assert desk.engine.reference_price(COLLATERAL) == desk.averages(ASSET)[1] < average(desk)
    refuses_anyone("risk table: unknown row", desk.engine.reference_price, NO_ROW)


def test_no_price_in_doubt_moves_it(desk):
    desk.chain.mine(HOUR)
    desk.set_price(ASSET, PRICE, 9 * PRICE)
    desk.engine.checkpoints([ROW], sender=STRANGER)
    assert desk.engine.reference_price(ROW) == PRICE


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
    show(sequencer, SETTLE_AFTER)
    assert settlement(sequencer) == (PRICE, FINAL)
    sequencer.uptime.set_status(False)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    sequencer.chain.mine(SETTLE_AFTER)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    sequencer.uptime.set_status(True)
    sequencer.chain.mine(GRACE + 1)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    report(sequencer)  # more than six hours after the last: it begins anew
    show(sequencer, SETTLE_AFTER - 1)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    sequencer.chain.mine(1)
    assert settlement(sequencer) == (PRICE, FINAL)


def test_a_short_sequencer_outage_puts_it_off(sequencer):
    """The outage is still the same, but its time runs from when anybody could have ended it."""
    kill(sequencer)
    report(sequencer)
    show(sequencer, SETTLE_AFTER)
    report(sequencer)
    sequencer.uptime.set_status(False)
    sequencer.chain.mine(HOUR)
    sequencer.uptime.set_status(True)
    sequencer.chain.mine(GRACE + 1)
    report(sequencer)
    show(sequencer, SETTLE_AFTER - 2)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    sequencer.chain.mine(1)
    assert settlement(sequencer) == (PRICE, FINAL)


def test_while_it_is_down_the_average_is_named_but_not_final(sequencer):
    sequencer.uptime.set_status(False)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    sequencer.set_price(ASSET, PRICE * 99 // 100)
    assert settlement(sequencer) == (PRICE, IN_DOUBT)
    refuses_anyone("price oracle: sequencer outage", sequencer.engine.report_outage, ROW)
    refuses_anyone("price oracle: price not valid", sequencer.engine.checkpoint, ROW)
    assert sequencer.engine.checkpoints([ROW]).return_value == 0
