"""Prices in doubt: what encloses the evidence, and when it ends at the bounds."""

from __future__ import annotations

import pytest

from tests.unit.price_oracle.helpers import (
    DAY,
    DIVERGENT,
    GREATEST,
    HALTED,
    HOUR,
    LEAST,
    MAX_PRICE,
    PRICE,
    PRIMARY_HEARTBEAT,
    SECONDARY_HEARTBEAT,
    SEQUENCER,
    STALE,
    WAD,
    Judgement,
    enclose,
    unknown,
)

GRACE = HOUR
UNIT = 10**10  # of a price with eight decimals, WAD


@pytest.mark.parametrize("lower", [True, False])
def test_two_fresh_answers_apart_are_the_ends(desk, lower):
    """An end that neither feed answers would be nobody's price."""
    desk.set_both(*((1_500 * WAD, 2_000 * WAD) if lower else (2_000 * WAD, 1_500 * WAD)))
    assert desk.judge() == Judgement(1_500 * WAD, 2_000 * WAD, DIVERGENT)
    assert desk.judge(deviation_bps=500) == Judgement(1_500 * WAD, 2_000 * WAD, DIVERGENT)
    desk.set_both(1_500 * WAD, 2_000 * WAD)
    desk.wait_until(desk.now + PRIMARY_HEARTBEAT)
    assert desk.judge().status == STALE
    assert desk.judge().low < 1_470 * WAD


def test_an_answer_widens_from_the_end_of_its_heartbeat(desk):
    """1 % an hour: ten hours too late, the primary is good for 1,800 to 2,200."""
    desk.set_secondary(PRICE)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 10 * HOUR)
    assert desk.judge() == Judgement(1_764 * WAD, 2_244 * WAD, STALE)
    desk.set_secondary(1_000 * WAD, age=SECONDARY_HEARTBEAT + 50 * HOUR)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 10 * HOUR)
    assert desk.judge() == enclose(STALE, (PRICE, 10 * HOUR), (1_000 * WAD, 50 * HOUR + 1))


def test_a_fresh_answer_inside_a_wide_one_adds_nothing(desk):
    desk.set_primary(PRICE + 100 * WAD)
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 10 * HOUR)
    assert desk.judge() == Judgement(1_764 * WAD, 2_244 * WAD, STALE)
    desk.set_primary(PRICE + 300 * WAD)
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 10 * HOUR)
    assert desk.judge() == Judgement(1_764 * WAD, 2_346 * WAD, STALE)


@pytest.mark.parametrize("age", [100 * HOUR, 100 * HOUR + 1, 40 * 365 * DAY])
def test_answers_from_long_ago_end_at_the_bounds(desk, age):
    desk.set_secondary(PRICE)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + age)
    judgement = desk.judge()
    assert judgement == enclose(STALE, (PRICE, age), (PRICE, 0))
    assert judgement.low == LEAST
    assert (judgement.high == GREATEST) == (age > 400 * HOUR)


def test_the_deviation_ends_at_the_bounds(desk):
    desk.set_secondary(9_900 * WAD)
    desk.set_primary(101 * WAD, age=PRIMARY_HEARTBEAT + 1)
    assert desk.judge() == unknown(STALE)
    desk.set_secondary(9_800 * WAD)
    desk.set_primary(103 * WAD, age=PRIMARY_HEARTBEAT + 1)
    assert desk.judge() == enclose(STALE, (103 * WAD, 1), (9_800 * WAD, 0))
    assert LEAST < desk.judge().low < 101 * WAD
    assert desk.judge().high == 9_996 * WAD


@pytest.mark.parametrize(
    ("deviation", "low"), [(5_000, 999_997_222_222_222_222_222), (9_500, LEAST), (65_535, LEAST)]
)
def test_a_large_limit_reaches_down_to_the_bound(desk, deviation, low):
    desk.set_both(PRICE, 9_000 * WAD)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 1)
    assert desk.judge(deviation_bps=deviation).low == low


@pytest.mark.parametrize("feed", ["primary", "secondary"])
def test_a_lone_answer_without_a_checkpoint_says_nothing(desk, feed):
    desk.kill(getattr(desk, feed))
    assert desk.judge() == unknown(HALTED if feed == "primary" else STALE)


@pytest.mark.parametrize("dead", ["primary", "secondary"])
@pytest.mark.parametrize("lone", [1_400, 2_000, 8_000])
def test_a_lone_answer_and_the_checkpoint_are_enclosed(desk, dead, lone):
    """A checkpoint of 2,000, ten hours old: 1,800 to 2,200, whatever the lone answer says."""
    time = desk.checkpoint()
    desk.kill(getattr(desk, dead))
    desk.wait_until(time + 10 * HOUR - 1)
    (desk.set_secondary if dead == "primary" else desk.set_primary)(lone * WAD)
    low, high = min(lone, 1_800) * 98 * WAD // 100, max(lone, 2_200) * 102 * WAD // 100
    assert desk.judge() == Judgement(low, high, HALTED if dead == "primary" else STALE)


def test_a_lone_answer_widens_like_any_other(desk):
    """An answer of 90 hours ago does not outweigh a checkpoint of this minute."""
    desk.set_both(3_000 * WAD, 3_000 * WAD)
    time = desk.checkpoint()
    desk.kill(desk.secondary)
    desk.set_primary(PRICE, age=90 * HOUR)
    expected = enclose(STALE, (PRICE, 89 * HOUR), (3_000 * WAD, desk.now - time))
    assert desk.judge() == expected
    assert expected == Judgement(215_600_000_000_000_000_000, 3_855_600_000_000_000_000_000, STALE)


def test_a_lone_answer_equal_to_the_checkpoint_is_no_point(desk):
    time = desk.checkpoint()
    desk.kill(desk.primary)
    expected = enclose(HALTED, (PRICE, desk.now - time))
    assert desk.judge() == expected
    assert expected.low <= 1_960 * WAD
    assert expected.high >= 2_040 * WAD


def test_the_checkpoint_does_not_count_while_both_feeds_answer(desk):
    desk.checkpoint()
    desk.set_both(5_000 * WAD, 4_000 * WAD)
    assert desk.judge() == Judgement(4_000 * WAD, 5_000 * WAD, DIVERGENT)


@pytest.mark.parametrize("hours", [1, 10, 30])
def test_checkpoint_widens_by_one_percent_an_hour(desk, hours):
    time = desk.checkpoint()
    desk.kill(desk.primary, desk.secondary)
    desk.wait_until(time + hours * HOUR)
    spread = 20 * hours
    low, high = (2_000 - spread) * 98 * WAD // 100, (2_000 + spread) * 102 * WAD // 100
    assert desk.judge() == Judgement(low, high, HALTED)
    assert desk.judge(callers_bits=9) == Judgement(low, high, HALTED)
    desk.wait_until(time + hours * HOUR + 1)
    assert desk.judge() == enclose(HALTED, (PRICE, hours * HOUR + 1))


def test_an_old_checkpoint_says_no_more_than_the_bounds(desk):
    time = desk.checkpoint()
    desk.kill(desk.primary, desk.secondary)
    desk.wait_until(time + 10_000 * HOUR)
    assert desk.judge() == unknown(HALTED)


@pytest.mark.parametrize("dead", ["primary", "secondary"])
def test_an_answer_at_a_bound_opens_that_side(desk, dead):
    """A feed that fell through its floor says less than a number, and more than a dead one."""
    time = desk.checkpoint()
    desk.wait_until(time + 10 * HOUR - 3)
    desk.set_both(PRICE, PRICE)
    set_feed = desk.set_primary if dead == "primary" else desk.set_secondary
    status = HALTED if dead == "primary" else STALE
    set_feed(LEAST)
    assert desk.judge() == Judgement(LEAST, 2_244 * WAD, status)
    set_feed(GREATEST)
    assert desk.judge() == enclose(status, (PRICE, 10 * HOUR + 1))._replace(high=GREATEST)
    set_feed(LEAST + UNIT)
    assert desk.judge() == Judgement(LEAST + UNIT, PRICE, DIVERGENT)
    set_feed(0)
    assert desk.judge() == enclose(status, (PRICE, 10 * HOUR + 3))


def test_two_answers_beyond_opposite_bounds_say_nothing(desk):
    desk.checkpoint()
    desk.set_both(LEAST, GREATEST)
    assert desk.judge() == unknown(HALTED)


def test_two_answers_below_the_floor_leave_the_checkpoint_above(desk):
    time = desk.checkpoint()
    desk.set_both(LEAST - UNIT, LEAST)
    high = enclose(HALTED, (PRICE, desk.now - time)).high
    assert desk.judge() == Judgement(LEAST, high, HALTED)


@pytest.mark.parametrize(
    ("price", "low", "high"),
    [(1, 1, 2), (2, 1, 3), (10_000, 9_995, 10_005), (10_001, 9_995, 10_007)],
)
def test_roundings_go_outwards(desk, uptime, price, low, high):
    """Even a few wei have two ends."""
    uptime.set_status(False, sender=desk.stranger)
    for feed in (desk.primary, desk.secondary):
        feed.set(price, sender=desk.stranger)
    changes = {"least": 0, "primary_decimals": 18, "secondary_decimals": 18, "deviation_bps": 5}
    assert desk.judge(**changes) == Judgement(low, high, SEQUENCER)


def test_without_a_deviation_there_are_still_two_ends(desk, uptime):
    uptime.set_status(False, sender=desk.stranger)
    assert desk.judge(deviation_bps=0) == Judgement(PRICE, PRICE + 1, SEQUENCER)
    changes = {"greatest": MAX_PRICE, "primary_decimals": 18, "secondary_decimals": 18}
    for feed in (desk.primary, desk.secondary):
        feed.set(MAX_PRICE - 1, sender=desk.stranger)
    judgement = desk.judge(deviation_bps=0, **changes)
    assert judgement == Judgement(MAX_PRICE - 1, MAX_PRICE, SEQUENCER)


@pytest.mark.parametrize("answers", [(1, MAX_PRICE - 1), (MAX_PRICE - 1, 1)])
@pytest.mark.parametrize("deviation", [0, 5, 2**16 - 1])
@pytest.mark.parametrize("updated_at", [1, 10**9])
def test_no_numbers_revert(desk, answers, deviation, updated_at):
    for feed, answer in zip((desk.primary, desk.secondary), answers, strict=True):
        feed.set_answer(answer, updated_at, sender=desk.stranger)
    words = desk.config(
        primary_decimals=18,
        secondary_decimals=18,
        least=0,
        greatest=2**128 - 1,
        deviation_bps=deviation,
        primary_heartbeat=0,
        secondary_heartbeat=2**32 - 1,
    )
    judgement = desk.judge(words)
    assert judgement.status in (STALE, DIVERGENT)
    assert 0 < judgement.low < judgement.high
    assert judgement.high >= MAX_PRICE - 1
