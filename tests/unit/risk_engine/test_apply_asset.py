"""RiskEngine.apply_asset: announced feeds take force, for every row of the asset."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import (
    DECIMALS,
    DEVIATION_BPS,
    FEED_NOTICE,
    MARKETS,
    NO_WITNESS,
    PRICE,
    WAD,
)
from tests.unit.risk_engine.helpers import STRANGER, logged, refuses, report, witness

NOTHING = "risk parameters: nothing announced"
NOT_OVER = "risk parameters: notice not over"
NOT_VALID = "price oracle: price not valid"
NEVER = 2**256 - 1


def test_new_feeds_reach_every_row_of_the_asset(desk):
    feeds = [desk.chain.deploy("TestFeed", "new", DECIMALS, 5 * WAD) for _ in range(2)]
    rows = [1 + index for index in range(8)] + [8 + market for market in MARKETS]
    before = {row: tuple(desk.engine.row_words(row)) for row in rows}
    words = desk.words(
        2,
        primary=int(feeds[0].address, 16),
        secondary=int(feeds[1].address, 16),
        heartbeat=60,
        deviation=5,
        least=WAD,
        greatest=10 * WAD,
    )
    desk.engine.set_asset(2, *words)
    assert {row: tuple(desk.engine.row_words(row)) for row in rows} == before
    desk.wait(FEED_NOTICE)
    for feed in feeds:
        feed.set(5 * WAD)
    receipt = desk.engine.apply_asset(2, sender=STRANGER)
    (event,) = receipt.events.filter(desk.engine.AssetSet)
    assert tuple(event) == (2, *words, NO_WITNESS)
    changed = 0
    for row in rows:
        found = tuple(desk.engine.row_words(row))
        if before[row][1] >> 160 == 2:
            changed += 1
            assert found == (words[0], words[1] | 2 << 160, words[2], before[row][3])
            assert tuple(desk.engine.price(row)) == (5 * WAD, 5 * WAD, True)
        else:
            assert found == before[row]
            assert tuple(desk.engine.price(row)) == (PRICE, PRICE, True)
    assert changed == 12


def test_anyone_applies_them_when_the_notice_is_over(desk):
    """Not a second before; once; and they begin with a checkpoint of their own."""
    desk.engine.set_asset(1, *desk.words(1, deviation=6))
    desk.wait(FEED_NOTICE - 1)
    refuses(NOT_OVER, desk.engine.apply_asset, 1, sender=STRANGER)
    desk.chain.mine(1)
    assert desk.last_valid(1, deviation=6) == (0, 0)
    receipt = desk.engine.apply_asset(1, sender=STRANGER)
    time = desk.chain.pending_timestamp
    assert desk.last_valid(1, deviation=6) == (PRICE, time)
    (checkpoint,) = receipt.events.filter(desk.oracle.Checkpoint)
    assert tuple(checkpoint)[1:] == (PRICE, PRICE, PRICE, time)
    assert tuple(desk.engine.feed_notices(1)) == (0, 0, 0, 0, 0)
    refuses(NOTHING, desk.engine.apply_asset, 1, sender=STRANGER)


@pytest.mark.parametrize("asset", [0, 1, 3, 128, NEVER])
def test_without_an_announcement_there_is_nothing_to_apply(desk, asset):
    """Neither for assets that have feeds nor for those that have none, nor for what is none."""
    desk.engine.set_asset(2, *desk.words(2, deviation=6))
    desk.wait(FEED_NOTICE)
    refuses(NOTHING, desk.engine.apply_asset, asset, sender=STRANGER)


def test_at_a_valid_price_only(desk):
    """As the new feeds say it; the announcement waits for that."""
    words = desk.words(1, deviation=6)
    desk.engine.set_asset(1, *words)
    desk.wait(FEED_NOTICE)
    before, notice = tuple(desk.engine.row_words(9)), tuple(desk.engine.feed_notices(1))
    desk.set_price(1, PRICE, PRICE + WAD)
    assert desk.engine.price(1 + 8)[2]
    refuses(NOT_VALID, desk.engine.apply_asset, 1, sender=STRANGER)
    assert tuple(desk.engine.row_words(9)) == before
    assert tuple(desk.engine.feed_notices(1)) == notice
    desk.wait(FEED_NOTICE)
    desk.set_price(1, PRICE)
    desk.engine.apply_asset(1, sender=STRANGER)
    assert tuple(desk.engine.row_words(9)) == (words[0], words[1] | 1 << 160, words[2], before[3])


def test_another_announcement_replaces_it_and_begins_its_notice_anew(desk):
    desk.engine.set_asset(1, *desk.words(1, deviation=6))
    desk.wait(FEED_NOTICE)
    desk.engine.set_asset(1, *desk.words(1, deviation=7))
    refuses(NOT_OVER, desk.engine.apply_asset, 1, sender=STRANGER)
    desk.wait(FEED_NOTICE)
    desk.engine.apply_asset(1, sender=STRANGER)
    assert desk.engine.row_words(9)[0] >> 240 == 7


def test_a_row_that_comes_in_between_gets_them_too(desk):
    desk.engine.set_asset(1, *desk.words(1, deviation=6))
    desk.engine.set_market(31, 1, 40_000, 600_000, 0, 0, 0, False, 0)
    assert desk.engine.row_words(8 + 31)[0] >> 240 == DEVIATION_BPS
    desk.wait(FEED_NOTICE)
    desk.engine.apply_asset(1)
    assert desk.engine.row_words(8 + 31)[0] >> 240 == 6


def test_other_feeds_have_no_outage(desk):
    """They are another configuration: what the old ones have missed is no longer of interest."""
    desk.engine.set_asset(1, *desk.words(1, deviation=6))
    desk.wait(FEED_NOTICE)
    desk.set_price(1, PRICE, 2 * PRICE)
    since = report(desk)
    desk.set_price(1, PRICE)
    desk.engine.apply_asset(1, sender=STRANGER)
    assert desk.outage(1) == (since, since)
    words = desk.words(1, deviation=6)
    assert tuple(desk.oracle.outage(desk.engine.address, *words)) == (0, 0)


def test_a_witness_counts_once_it_is_applied(desk, third):
    """It leaves the feeds what they were: their checkpoint is taken anew, their outage over."""
    words = desk.words(1)
    desk.engine.set_asset(1, *words, witness(third))
    desk.wait(FEED_NOTICE)
    receipt = desk.engine.apply_asset(1, sender=STRANGER)
    assert logged(receipt, desk.engine.AssetSet) == [(1, *words, witness(third))]
    assert desk.engine.witness_words(1) == witness(third)
    assert desk.last_valid(1) == (PRICE, desk.chain.pending_timestamp)
    desk.feeds[1][0].set(0)
    assert not desk.engine.price(9)[2]  # it is a week old
    third.set(PRICE)
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
