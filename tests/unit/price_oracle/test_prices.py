"""The PriceOracle: every way a feed can fail, beside the adjacent case in which it does not."""

from __future__ import annotations

import ape
import pytest
from ape import chain
from eth_abi import decode, encode
from eth_utils import keccak

from tests.reverts import reverts
from tests.unit.oracle_helpers import (
    BOMB,
    DAY,
    DEVIATION_BPS,
    DIVERGENT,
    EATS_GAS,
    EMPTY,
    FEED_GAS,
    GARBAGE,
    GAS_BEFORE_FEED,
    GREATEST,
    HALTED,
    HOUR,
    LEAST,
    MAX_PRICE,
    MAX_UINT,
    ORDINARY,
    PRICE,
    PRIMARY_HEARTBEAT,
    REVERTS,
    SECONDARY_HEARTBEAT,
    SEQUENCER,
    SHORT,
    STALE,
    VALID,
    WAD,
    WORKS_HARD,
    ZERO,
    Judgement,
    config,
    enclose,
    point,
    unknown,
    unpack,
)

GRACE = HOUR
DEAD_MODES = [REVERTS, EATS_GAS, SHORT, GARBAGE, EMPTY]
UNIT = 10**10  # of a price with eight decimals, WAD


@pytest.fixture
def odd(project, desk):
    """A feed that misbehaves; its ordinary answer is PRICE, now."""
    return project.OddFeed.deploy(ORDINARY, 2_000 * 10**8, sender=desk.stranger)


# VALID --------------------------------------------------------------------------------------------


def test_two_fresh_feeds_that_agree_are_valid(desk):
    assert desk.judge() == point(PRICE)


def test_valid_is_the_primary_and_no_average(desk):
    desk.set_secondary(PRICE + 30 * WAD)
    assert desk.judge() == point(PRICE)


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


def test_an_answer_of_this_second_counts_and_one_of_the_next_does_not(desk):
    desk.set_secondary(PRICE + WAD)
    desk.set_primary(PRICE, age=0)
    assert desk.judge() == point(PRICE)
    desk.set_primary(PRICE, age=-1)
    assert desk.judge() == unknown(HALTED)
    desk.set_primary(PRICE)
    desk.set_secondary(PRICE + WAD, age=-1)
    assert desk.judge() == unknown(STALE)


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
    assert desk.judge() == enclose(DIVERGENT, (PRICE, 0), (far, 0))


def test_a_limit_of_zero_asks_for_equal_answers(desk):
    assert desk.judge(deviation_bps=0) == point(PRICE)
    desk.set_secondary(PRICE + UNIT)
    assert desk.judge(deviation_bps=0).status == DIVERGENT


def test_one_source_a_thousand_times_off_halts(desk):
    """Synthetix, sKRW 2019: no averaging."""
    desk.set_secondary(PRICE * 1_000)
    judgement = desk.judge(greatest=GREATEST * 10_000)
    assert judgement == Judgement(1_960 * WAD, 2_040_000 * WAD, DIVERGENT)


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


@pytest.mark.node
def test_seventy_two_gas_eaters_do_not_stop_a_read(desk, odd):
    odd.set_mode(EATS_GAS, sender=desk.stranger)
    words = config(odd, odd) * 72
    results = desk.oracle.read(words, gas=29_000_000)
    assert {unpack(word) for word in results} == {unknown(HALTED)}


# Gas ----------------------------------------------------------------------------------------------


NOT_ENOUGH_GAS = "oracle: not enough gas for a feed"


def judge_with_gas(desk, words, gas):
    """Judge one asset in a call that starts with `gas`, intrinsic gas aside; None = it reverted."""
    data = desk.oracle.read.encode_input(words)
    intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
    call = {"to": str(desk.oracle), "data": data.hex(), "gas": hex(intrinsic + gas)}
    try:
        result = chain.provider.make_request("eth_call", [call, "latest"])
    except ape.exceptions.ProviderError as error:
        if NOT_ENOUGH_GAS in str(error):
            return None
        raise
    ((word,),) = decode(["uint256[]"], bytes.fromhex(result.removeprefix("0x")))
    return unpack(word)


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


# read ---------------------------------------------------------------------------------------------


def test_read_judges_each_asset_on_its_own(desk, odd):
    odd.set_mode(REVERTS, sender=desk.stranger)
    rows = [
        desk.config(),
        config(odd, desk.secondary),
        config(desk.primary, odd),
        desk.config(greatest=PRICE),
    ]
    results = desk.oracle.read([word for row in rows for word in row])
    assert [unpack(word).status for word in results] == [VALID, HALTED, STALE, HALTED]


def test_read_of_nothing_is_nothing(desk):
    assert desk.oracle.read([]) == []


def test_read_takes_72_assets_and_not_more(desk):
    assert [unpack(word) for word in desk.oracle.read(desk.config() * 72)] == [point(PRICE)] * 72
    with reverts():
        desk.oracle.read(desk.config() * 73)


@pytest.mark.parametrize("length", [1, 2, 4, 5])
def test_read_wants_whole_configurations(desk, length):
    with reverts("oracle: three words per asset"):
        desk.oracle.read((desk.config() * 2)[:length])


# Checkpoints --------------------------------------------------------------------------------------


def test_checkpoint_remembers_price_and_time(desk):
    words = desk.config(callers_bits=5)
    assert tuple(desk.oracle.last_valid(*words)) == (0, 0)
    receipt = desk.oracle.checkpoint(*words, sender=desk.stranger)
    assert tuple(desk.oracle.last_valid(*words)) == (PRICE, receipt.timestamp)
    key = keccak(encode(["uint256"] * 3, desk.config()))
    assert receipt.events == [
        desk.oracle.Checkpoint(config=key, price=PRICE, average=PRICE, time=receipt.timestamp)
    ]


def test_checkpoint_of_today_replaces_yesterdays(desk):
    desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    desk.set_primary(PRICE + WAD)
    receipt = desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    assert tuple(desk.oracle.last_valid(*desk.config())) == (PRICE + WAD, receipt.timestamp)


@pytest.mark.parametrize("status", [STALE, DIVERGENT, HALTED])
def test_checkpoint_needs_a_valid_price(desk, status):
    desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    before = tuple(desk.oracle.last_valid(*desk.config()))
    spoil = {
        STALE: lambda: desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 100),
        DIVERGENT: lambda: desk.set_secondary(PRICE * 2),
        HALTED: lambda: desk.primary.set(0, sender=desk.stranger),
    }
    spoil[status]()
    assert desk.judge().status == status
    with reverts("oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    assert tuple(desk.oracle.last_valid(*desk.config())) == before


def test_checkpoint_belongs_to_its_configuration(desk, project):
    """A stranger's feeds cannot write anybody else's checkpoint."""
    fake = project.TestFeed.deploy("fake", 8, 9_000 * 10**8, sender=desk.stranger)
    desk.oracle.checkpoint(*config(fake, fake), sender=desk.stranger)
    for feed in (desk.primary, desk.secondary):
        feed.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(HALTED)
    assert tuple(desk.oracle.last_valid(*desk.config())) == (0, 0)


# Prices in doubt ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [True, False])
def test_two_answers_are_enclosed_with_the_deviation_on_both_sides(desk, lower):
    desk.set_both(*((1_500 * WAD, 2_000 * WAD) if lower else (2_000 * WAD, 1_500 * WAD)))
    assert desk.judge() == Judgement(1_470 * WAD, 2_040 * WAD, DIVERGENT)
    assert desk.judge(deviation_bps=500) == Judgement(1_425 * WAD, 2_100 * WAD, DIVERGENT)


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
    desk.set_both(101 * WAD, 9_900 * WAD)
    assert desk.judge() == unknown(DIVERGENT)
    desk.set_both(103 * WAD, 9_800 * WAD)
    assert desk.judge() == Judgement(100_940_000_000_000_000_000, 9_996 * WAD, DIVERGENT)


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
    assert desk.judge() == Judgement(3_920 * WAD, 5_100 * WAD, DIVERGENT)


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
    assert desk.judge() == enclose(DIVERGENT, (LEAST + UNIT, 0), (PRICE, 0))
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


# Sequencer ----------------------------------------------------------------------------------------


def test_without_a_sequencer_feed_it_is_up(desk):
    assert desk.oracle.sequencer_feed() == ZERO
    assert desk.oracle.is_sequencer_up()


def test_a_sequencer_that_is_up_changes_nothing(desk, uptime):
    assert desk.oracle.sequencer_feed() == uptime.address
    assert desk.oracle.sequencer_grace() == GRACE
    assert desk.oracle.is_sequencer_up()
    assert desk.judge() == point(PRICE)


def test_a_sequencer_that_is_down_outranks_everything(desk, uptime):
    uptime.set_status(False, sender=desk.stranger)
    assert not desk.oracle.is_sequencer_up()
    assert desk.judge() == Judgement(1_960 * WAD, 2_040 * WAD, SEQUENCER)
    desk.primary.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(SEQUENCER)
    desk.secondary.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(SEQUENCER)
    with reverts("oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)


def test_prices_count_only_after_the_grace_time(desk, uptime):
    receipt = uptime.set_status(True, sender=desk.stranger)
    words = desk.config(primary_heartbeat=DAY)
    assert desk.judge(words).status == SEQUENCER
    chain.mine(timestamp=receipt.timestamp + GRACE)
    assert desk.judge(words).status == SEQUENCER
    chain.mine(timestamp=receipt.timestamp + GRACE + 1)
    assert desk.judge(words) == point(PRICE)


@pytest.mark.parametrize("started_at", [0, 2**64, MAX_UINT])
def test_a_sequencer_that_never_or_not_yet_started_is_down(desk, uptime, started_at):
    uptime.set_answer(0, started_at, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER


@pytest.mark.parametrize("answer", [1, 2, -1])
def test_any_answer_but_zero_is_down(desk, uptime, answer):
    uptime.set_answer(answer, desk.now - DAY, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_sequencer_feed_is_down(project, desk, odd, mode):
    odd.set_mode(mode, sender=desk.stranger)
    desk.oracle = project.PriceOracle.deploy(odd, 0, sender=desk.stranger)
    assert desk.judge() == enclose(SEQUENCER, (PRICE, 0))


@pytest.mark.node
def test_too_little_gas_is_no_sequencer_outage(desk, uptime):
    assert judge_with_gas(desk, desk.config(), GAS_BEFORE_FEED - 10_000) is None
    assert judge_with_gas(desk, desk.config(), GAS_BEFORE_FEED + 50_000) == point(PRICE)
