"""PriceOracle.average: checkpoints, weighed by the time since the last."""

from __future__ import annotations

from math import exp

import pytest
from ape import chain

from tests.unit.price_oracle.helpers import HOUR, MAX_PRICE, PRICE, WAD, Desk, answer, average

WINDOW = HOUR
DAY_WINDOW = 24 * HOUR


def checkpoint_after(desk: Desk, price: int, seconds: int) -> int:
    """Take a checkpoint at a price this long after the last one; return the average it makes."""
    last = desk.last_valid()[1]
    if desk.now < last + seconds - 3:
        chain.mine(timestamp=last + seconds - 3)
    answer(desk, price)
    chain.pending_timestamp = last + seconds
    assert desk.checkpoint() == last + seconds
    return average(desk)


def expected(old: int, last: int, new: int, seconds: int, window: int = WINDOW) -> float:
    """Return the average by the formula in the natspec."""
    weight = 1 - exp(-seconds / window)
    return old + ((last + new) / 2 - old) * weight


def test_without_a_checkpoint_there_is_no_average(desk):
    assert desk.averages() == (0, 0, 0)
    time = desk.checkpoint()
    assert desk.averages() == (PRICE, PRICE, time)
    assert desk.averages(desk.config(callers_bits=9)) == (PRICE, PRICE, time)
    assert desk.averages(desk.config(deviation_bps=1)) == (0, 0, 0)


@pytest.mark.parametrize("seconds", [60, 600, WINDOW, 3 * WINDOW, 100 * WINDOW])
@pytest.mark.parametrize("price", [1_000 * WAD, 3_000 * WAD])
def test_a_checkpoint_weighs_by_the_time_since_the_last(desk, seconds, price):
    desk.checkpoint()
    found = checkpoint_after(desk, price, seconds)
    assert found == pytest.approx(expected(PRICE, PRICE, price, seconds), rel=1e-12)
    second = checkpoint_after(desk, PRICE, WINDOW)
    assert second == pytest.approx(expected(found, price, PRICE, WINDOW), rel=1e-12)


@pytest.mark.parametrize("seconds", [60, 900, HOUR, 24 * HOUR, 100 * 24 * HOUR])
def test_the_average_of_a_day_forgets_a_day_as_the_other_an_hour(desk, seconds):
    desk.checkpoint()
    checkpoint_after(desk, 1_000 * WAD, seconds)
    found = desk.averages()[1]
    once = expected(PRICE, PRICE, 1_000 * WAD, seconds, DAY_WINDOW)
    assert found == pytest.approx(once, rel=1e-12)
    checkpoint_after(desk, PRICE, HOUR)
    twice = expected(found, 1_000 * WAD, PRICE, HOUR, DAY_WINDOW)
    assert desk.averages()[1] == pytest.approx(twice, rel=1e-12)
    assert desk.oracle.AVERAGE_WINDOW() == WINDOW
    assert desk.oracle.DAY_WINDOW() == DAY_WINDOW


def test_a_crash_of_an_hour_moves_the_average_of_a_day_by_little(desk):
    """What a side is charged is measured from it, so who crashes a price must not move it along."""
    desk.checkpoint()
    checkpoint_after(desk, PRICE, 24 * HOUR)
    for _ in range(4):
        checkpoint_after(desk, PRICE // 2, 900)
    assert desk.averages()[1] > PRICE * 97 // 100
    assert average(desk) < PRICE * 72 // 100


def test_the_event_says_the_average(desk):
    desk.checkpoint()
    answer(desk, 1_000 * WAD)
    receipt = desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    assert receipt.events == [
        desk.oracle.Checkpoint(
            config=desk.key(),
            price=1_000 * WAD,
            average=average(desk),
            day_average=desk.averages()[1],
            time=receipt.timestamp,
        )
    ]


@pytest.mark.node
def test_checkpoints_of_one_block_have_no_weight(desk):
    desk.checkpoint()
    before = average(desk)
    checkpoint = desk.oracle.checkpoint.encode_input(*desk.config(), 0)
    chain.provider.make_request("evm_setAutomine", [False])
    try:
        for feed in (desk.primary, desk.secondary):
            send(desk, feed, feed.set.encode_input(4_000 * 10**8))
        send(desk, desk.oracle, checkpoint)
        for feed in (desk.primary, desk.secondary):
            send(desk, feed, feed.set.encode_input(9_000 * 10**8))
        send(desk, desk.oracle, checkpoint)
        # A second after the first checkpoint: its price counts for that, the other one not at all.
        chain.provider.make_request("evm_setNextBlockTimestamp", [desk.now + 1])
        chain.provider.make_request("evm_mine", [])
    finally:
        chain.provider.make_request("evm_setAutomine", [True])
    assert desk.last_valid()[0] == 9_000 * WAD
    assert average(desk) == pytest.approx(expected(before, PRICE, 4_000 * WAD, 1), rel=1e-12)


def send(desk: Desk, contract, data) -> None:
    """Put a transaction into the block to come."""
    call = {
        "from": str(desk.stranger),
        "to": str(contract),
        "data": "0x" + bytes(data).hex(),
        "gas": hex(1_000_000),
    }
    chain.provider.make_request("eth_sendTransaction", [call])


def test_while_the_price_stands_still_their_number_makes_no_difference(desk):
    desk.checkpoint()
    start = checkpoint_after(desk, 1_000 * WAD, WINDOW)
    at_once = expected(start, 1_000 * WAD, 1_000 * WAD, WINDOW)
    for _ in range(6):
        in_steps = checkpoint_after(desk, 1_000 * WAD, WINDOW // 6)
    assert in_steps == pytest.approx(at_once, rel=1e-12)


def test_a_steady_price_is_its_own_average(desk):
    price = 1_234 * WAD + 56_789 * 10**10
    answer(desk, price)
    desk.checkpoint()
    for seconds in (3, 600, WINDOW, 50 * WINDOW):
        assert checkpoint_after(desk, price, seconds) == price


def test_the_last_checkpoint_of_an_hourly_series_does_not_decide(desk):
    """The last print before a feed dies, at half the price: an hour or a minute after the last."""
    desk.checkpoint()
    for _ in range(3):
        checkpoint_after(desk, PRICE, HOUR)
    snapshot = chain.snapshot()
    assert checkpoint_after(desk, PRICE // 2, HOUR) > PRICE * 84 // 100
    chain.restore(snapshot)
    assert checkpoint_after(desk, PRICE // 2, 60) > PRICE * 99 // 100


def test_not_even_the_only_checkpoint_in_ages_weighs_more_than_half(desk):
    desk.checkpoint()
    assert checkpoint_after(desk, PRICE // 2, 10_000 * HOUR) == PRICE * 3 // 4


def test_the_greatest_price_does_not_overflow(desk):
    words = desk.config(greatest=2**128 - 1, primary_decimals=18, secondary_decimals=18)
    for feed in (desk.primary, desk.secondary):
        feed.set(MAX_PRICE - 1, sender=desk.stranger)
    for _ in range(2):
        desk.oracle.checkpoint(*words, 0, sender=desk.stranger)
        assert desk.averages(words)[:2] == (MAX_PRICE - 1, MAX_PRICE - 1)
