"""The PriceOracle: every way a feed can fail, beside the adjacent case in which it does not."""

from __future__ import annotations

import pytest

from tests.unit.price_oracle.helpers import (
    BOMB,
    DEAD_MODES,
    DEVIATION_BPS,
    DIVERGENT,
    EATS_GAS,
    FEED_GAS,
    GAS_BEFORE_FEED,
    GREATEST,
    HALTED,
    LEAST,
    MAX_AHEAD,
    MAX_PRICE,
    MAX_UINT,
    PRICE,
    PRIMARY_HEARTBEAT,
    SECONDARY_HEARTBEAT,
    STALE,
    VALID,
    WAD,
    WORKS_HARD,
    ZERO,
    Judgement,
    config,
    enclose,
    judge_with_gas,
    point,
    unknown,
)

UNIT = 10**10  # of a price with eight decimals, WAD


# VALID --------------------------------------------------------------------------------------------


def test_two_fresh_feeds_that_agree_are_valid(desk):
    assert desk.judge() == point(PRICE)


@pytest.mark.parametrize("other", [PRICE + 30 * WAD, PRICE - 30 * WAD])
def test_valid_is_the_primary_and_no_average_and_the_other_answer_is_told(desk, other):
    assert desk.second() == PRICE
    desk.set_secondary(other)
    assert desk.judge() == point(PRICE)
    assert desk.second() == other
    desk.set_secondary(other * 2)
    assert desk.second() == 0


def test_two_answers_without_a_common_bit_agree_like_others(desk):
    desk.set_primary(2**70, decimals=18)
    desk.set_secondary(2**70 - 1, decimals=18)
    assert desk.judge(primary_decimals=18, secondary_decimals=18) == point(2**70)


def test_the_callers_bits_change_nothing(desk):
    assert desk.judge(callers_bits=2**96 - 1) == point(PRICE)


@pytest.mark.parametrize("decimals", [0, 1, 6, 8, 17, 18, 19, 27, 36])
def test_decimals_are_scaled(desk, decimals):
    desk.set_primary(PRICE, decimals=decimals)
    desk.set_secondary(PRICE, decimals=36 - decimals)
    changes = {"primary_decimals": decimals, "secondary_decimals": 36 - decimals}
    assert desk.judge(**changes) == point(PRICE)


def test_more_than_18_decimals_round_down(desk):
    desk.primary.set(PRICE * 10**18 + 10**18 - 1, sender=desk.stranger)
    assert desk.judge(primary_decimals=36) == point(PRICE)


@pytest.mark.parametrize("decimals", [37, 96, 255])
def test_more_than_36_decimals_give_no_answer(desk, decimals):
    assert desk.judge(primary_decimals=decimals) == unknown(HALTED)
    assert desk.judge(secondary_decimals=decimals) == unknown(STALE)


# Freshness ----------------------------------------------------------------------------------------


def test_primary_is_fresh_up_to_its_heartbeat(desk):
    desk.set_secondary(PRICE)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT)
    assert desk.judge().status == VALID
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 1)
    assert desk.judge() == enclose(STALE, (PRICE, 1), (PRICE, 0))


def test_secondary_is_fresh_up_to_its_heartbeat(desk):
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT)
    assert desk.judge().status == VALID
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 1)
    assert desk.judge() == enclose(STALE, (PRICE, 0), (PRICE, 1))


def test_heartbeats_are_not_mixed_up(desk):
    desk.set_secondary(PRICE)
    desk.set_primary(PRICE, age=SECONDARY_HEARTBEAT)
    assert desk.judge().status == STALE
    changes = {
        "primary_heartbeat": SECONDARY_HEARTBEAT,
        "secondary_heartbeat": PRIMARY_HEARTBEAT,
    }
    assert desk.judge(**changes).status == VALID


def test_an_answer_a_few_seconds_ahead_is_fresh_and_one_further_ahead_is_none(desk):
    """Whoever pushes a feed cannot stop the procedure by dating each answer a second ahead."""
    for ahead in (0, 1, MAX_AHEAD):
        desk.set_secondary(PRICE + WAD)
        desk.set_primary(PRICE, age=-ahead)
        assert desk.judge(primary_heartbeat=1) == point(PRICE)
        desk.set_primary(PRICE)
        desk.set_secondary(PRICE + WAD, age=-ahead)
        assert desk.judge(secondary_heartbeat=1) == point(PRICE)
    for ahead in (MAX_AHEAD + 1, MAX_AHEAD + 2, 2**63):
        desk.set_secondary(PRICE + WAD)
        desk.set_primary(PRICE, age=-ahead)
        assert desk.judge() == unknown(HALTED)
        desk.set_primary(PRICE)
        desk.set_secondary(PRICE + WAD, age=-ahead)
        assert desk.judge() == unknown(STALE)


def test_an_answer_ahead_of_the_block_has_age_0(desk):
    """It does not become stale later than one of this second plus what it was ahead."""
    desk.set_secondary(PRICE)
    desk.set_primary(PRICE, age=-MAX_AHEAD)
    stamp = desk.now + MAX_AHEAD
    desk.wait_until(stamp + PRIMARY_HEARTBEAT)
    assert desk.judge().status == VALID
    desk.wait_until(stamp + PRIMARY_HEARTBEAT + 1)
    assert desk.judge().status == STALE


@pytest.mark.parametrize("updated_at", [0, 2**63, MAX_UINT])
def test_absurd_times_are_no_answer(desk, updated_at):
    desk.primary.set_answer(2_000 * 10**8, updated_at, sender=desk.stranger)
    changes = {"primary_heartbeat": 2**32 - 1}
    assert desk.judge(**changes) == unknown(HALTED)


# Bounds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bound", "inward"), [(LEAST, UNIT), (GREATEST, -UNIT)])
def test_at_a_bound_is_out(desk, bound, inward):
    desk.set_secondary(bound + inward)
    desk.set_primary(bound + inward)
    assert desk.judge() == point(bound + inward)
    desk.set_primary(bound)
    assert desk.judge() == unknown(HALTED)
    desk.set_primary(bound - inward)
    assert desk.judge() == unknown(HALTED)


@pytest.mark.parametrize(("bound", "inward"), [(LEAST, UNIT), (GREATEST, -UNIT)])
def test_a_secondary_at_a_bound_is_out(desk, bound, inward):
    desk.set_primary(bound + inward)
    desk.set_secondary(bound)
    assert desk.judge() == unknown(STALE)


@pytest.mark.parametrize("answer", [0, -1, -(2**255), 2**255 - 1, 2**180, 2**180 - 1, 2**120])
@pytest.mark.parametrize("decimals", [0, 8, 18, 36])
def test_absurd_answers_neither_revert_nor_count(desk, answer, decimals):
    desk.primary.set(answer, sender=desk.stranger)
    assert desk.judge(primary_decimals=decimals) == unknown(HALTED)
    desk.set_primary(PRICE)
    desk.secondary.set(answer, sender=desk.stranger)
    assert desk.judge(secondary_decimals=decimals) == unknown(STALE)


def test_answers_that_wrap_into_the_bounds_do_not_count(desk):
    """An answer whose product with 10**10 is PRICE modulo 2**256."""
    inverse = pow(5**10, -1, 2**246)
    answer = PRICE // 2**10 * inverse % 2**246
    assert answer * 10**10 % 2**256 == PRICE
    answer += 2**246 if answer < 2**180 else 0
    desk.primary.set(answer, sender=desk.stranger)
    assert desk.judge() == unknown(HALTED)


def test_bounds_wider_than_a_judgement_are_clamped(desk):
    changes = {"greatest": 2**128 - 1, "primary_decimals": 18, "secondary_decimals": 18}
    for feed in (desk.primary, desk.secondary):
        feed.set(MAX_PRICE - 1, sender=desk.stranger)
    assert desk.judge(**changes) == point(MAX_PRICE - 1)
    for feed in (desk.primary, desk.secondary):
        feed.set(MAX_PRICE, sender=desk.stranger)
    assert desk.judge(**changes) == Judgement(LEAST, MAX_PRICE, HALTED)


@pytest.mark.parametrize(
    ("least", "greatest", "expected"),
    [
        (0, 2**128 - 1, (1, MAX_PRICE)),
        (0, 0, (1, 2)),
        (7, 7, (7, 8)),
        (7, 5, (7, 8)),
        (MAX_PRICE, 2**128 - 1, (MAX_PRICE - 1, MAX_PRICE)),
        (2**128 - 1, 2**128 - 1, (MAX_PRICE - 1, MAX_PRICE)),
        (2**128 - 1, 0, (MAX_PRICE - 1, MAX_PRICE)),
    ],
)
def test_no_bounds_make_a_point_or_a_revert(desk, least, greatest, expected):
    words = config(ZERO, ZERO, least=least, greatest=greatest)
    assert desk.judge(words) == Judgement(*expected, HALTED)


# Deviation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_above", [True, False])
def test_deviation_is_a_share_of_the_lower_answer(desk, is_above):
    limit = PRICE * DEVIATION_BPS // 10_000
    near, far = PRICE + limit, PRICE + limit + UNIT
    set_low, set_high = desk.set_secondary, desk.set_primary
    if is_above:
        set_low, set_high = set_high, set_low
    set_low(PRICE)
    set_high(near)
    assert desk.judge().status == VALID
    set_high(far)
    assert desk.judge() == Judgement(PRICE, far, DIVERGENT)


def test_a_limit_of_zero_asks_for_equal_answers(desk):
    assert desk.judge(deviation_bps=0) == point(PRICE)
    desk.set_secondary(PRICE + UNIT)
    assert desk.judge(deviation_bps=0).status == DIVERGENT


def test_one_source_a_thousand_times_off_halts(desk):
    """Synthetix, sKRW 2019: no averaging."""
    desk.set_secondary(PRICE * 1_000)
    judgement = desk.judge(greatest=GREATEST * 10_000)
    assert judgement == Judgement(PRICE, PRICE * 1_000, DIVERGENT)


# Dead feeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_primary_halts(desk, odd, mode):
    words = config(odd, desk.secondary)
    assert desk.judge(words) == point(PRICE)
    odd.set_mode(mode, sender=desk.stranger)
    assert desk.judge(words) == unknown(HALTED)


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_secondary_is_stale(desk, odd, mode):
    words = config(desk.primary, odd)
    assert desk.judge(words) == point(PRICE)
    odd.set_mode(mode, sender=desk.stranger)
    assert desk.judge(words) == unknown(STALE)


@pytest.mark.parametrize("mode", [BOMB, WORKS_HARD])
def test_a_wasteful_feed_still_counts(desk, odd, mode):
    odd.set_mode(mode, sender=desk.stranger)
    assert desk.judge(config(odd, odd)) == point(PRICE)


@pytest.mark.parametrize("address", [ZERO, "0x" + "ee" * 20, "0x" + "00" * 19 + "02"])
def test_an_address_without_a_feed_is_dead(desk, address):
    assert desk.judge(config(address, desk.secondary)) == unknown(HALTED)
    assert desk.judge(config(desk.primary, address)) == unknown(STALE)


def test_with_no_evidence_the_bounds_are_all_there_is(desk):
    assert desk.judge(config(ZERO, ZERO)) == unknown(HALTED)


# Gas ----------------------------------------------------------------------------------------------


@pytest.mark.node
def test_too_little_gas_reverts_instead_of_faking_a_dead_feed(desk, odd):
    """Whatever the caller sends, a healthy feed is never judged dead."""
    odd.set_mode(WORKS_HARD, sender=desk.stranger)
    words = config(odd, odd)
    outcomes = {judge_with_gas(desk, words, gas) for gas in range(20_000, 500_000, 10_000)}
    assert outcomes == {None, point(PRICE)}


@pytest.mark.node
def test_enough_gas_for_one_feed_is_not_enough_for_two(desk, odd):
    odd.set_mode(EATS_GAS, sender=desk.stranger)
    words = config(odd, desk.secondary)
    assert judge_with_gas(desk, words, GAS_BEFORE_FEED + FEED_GAS) is None
    enough = GAS_BEFORE_FEED + FEED_GAS + 10_000
    assert judge_with_gas(desk, words, enough) == unknown(HALTED)
