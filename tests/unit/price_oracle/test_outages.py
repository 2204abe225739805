"""The PriceOracle's memory: average of checkpoints, outages on record, the sequencer's return."""

from __future__ import annotations

from math import exp

import pytest
from ape import chain
from eth_abi import encode
from eth_utils import keccak

from tests.reverts import reverts
from tests.unit.oracle_helpers import (
    DAY,
    DEAD_MODES,
    DIVERGENT,
    HALTED,
    HOUR,
    MAX_PRICE,
    MAX_UINT,
    ORDINARY,
    PRICE,
    SECONDARY_HEARTBEAT,
    SEQUENCER,
    STALE,
    VALID,
    WAD,
    ZERO,
    Desk,
    config,
)

WINDOW = HOUR
GRACE = 2 * HOUR
NEVER = 2**64  # what `resumed_at` says of a sequencer that is down


@pytest.fixture
def odd(project, desk):
    """A sequencer feed that misbehaves; its ordinary answer is up, since now."""
    return project.OddFeed.deploy(ORDINARY, 0, sender=desk.stranger)


def answer(desk: Desk, price: int) -> None:
    """Let both feeds agree on a price, now."""
    desk.set_both(price, price)


def checkpoint_after(desk: Desk, price: int, seconds: int) -> int:
    """Take a checkpoint at a price this long after the last one; return the average it makes."""
    last = desk.oracle.last_valid(*desk.config())[1]
    if desk.now < last + seconds - 3:
        chain.mine(timestamp=last + seconds - 3)
    answer(desk, price)
    chain.pending_timestamp = last + seconds
    assert desk.checkpoint() == last + seconds
    return average(desk)


def average(desk: Desk) -> int:
    return desk.oracle.average(*desk.config())[0]


def expected(old: int, last: int, new: int, seconds: int) -> float:
    """Return the average by the formula in the natspec."""
    weight = 1 - exp(-seconds / WINDOW)
    return old + ((last + new) / 2 - old) * weight


# Average ------------------------------------------------------------------------------------------


def test_without_a_checkpoint_there_is_no_average(desk):
    assert tuple(desk.oracle.average(*desk.config())) == (0, 0)
    time = desk.checkpoint()
    assert tuple(desk.oracle.average(*desk.config())) == (PRICE, time)
    assert tuple(desk.oracle.average(*desk.config(callers_bits=9))) == (PRICE, time)
    assert tuple(desk.oracle.average(*desk.config(deviation_bps=1))) == (0, 0)


@pytest.mark.parametrize("seconds", [60, 600, WINDOW, 3 * WINDOW, 100 * WINDOW])
@pytest.mark.parametrize("price", [1_000 * WAD, 3_000 * WAD])
def test_a_checkpoint_weighs_by_the_time_since_the_last(desk, seconds, price):
    desk.checkpoint()
    found = checkpoint_after(desk, price, seconds)
    assert found == pytest.approx(expected(PRICE, PRICE, price, seconds), rel=1e-12)
    second = checkpoint_after(desk, PRICE, WINDOW)
    assert second == pytest.approx(expected(found, price, PRICE, WINDOW), rel=1e-12)


def test_the_event_says_the_average(desk):
    desk.checkpoint()
    answer(desk, 1_000 * WAD)
    receipt = desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    assert receipt.events == [
        desk.oracle.Checkpoint(
            config=keccak(encode(["uint256"] * 3, desk.config())),
            price=1_000 * WAD,
            average=average(desk),
            time=receipt.timestamp,
        )
    ]


@pytest.mark.node
def test_checkpoints_of_one_block_have_no_weight(desk):
    desk.checkpoint()
    before = average(desk)
    checkpoint = desk.oracle.checkpoint.encode_input(*desk.config())
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
    assert desk.oracle.last_valid(*desk.config())[0] == 9_000 * WAD
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
        desk.oracle.checkpoint(*words, sender=desk.stranger)
        assert desk.oracle.average(*words)[0] == MAX_PRICE - 1


# Outages ------------------------------------------------------------------------------------------


def spoil(desk: Desk, status: int) -> None:
    """Give the price a status."""
    if status == STALE:
        desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 100)
    elif status == DIVERGENT:
        desk.set_secondary(PRICE * 2)
    else:
        desk.kill(desk.primary)
    assert desk.judge().status == status


@pytest.mark.parametrize("status", [STALE, DIVERGENT, HALTED])
def test_an_outage_is_put_on_record(desk, status):
    words = desk.config(callers_bits=5)
    desk.checkpoint()
    spoil(desk, status)
    assert desk.oracle.outage(*words) == 0
    receipt = desk.oracle.report_outage(*words, sender=desk.stranger)
    assert desk.oracle.outage(*words) == receipt.timestamp
    assert receipt.events == [
        desk.oracle.OutageReported(
            config=keccak(encode(["uint256"] * 3, desk.config())),
            status=status,
            since=receipt.timestamp,
        )
    ]
    assert average(desk) == PRICE


def test_a_valid_price_is_no_outage(desk):
    assert desk.judge().status == VALID
    with reverts("price oracle: price is valid"):
        desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    assert desk.oracle.outage(*desk.config()) == 0


def test_an_outage_is_reported_once(desk):
    spoil(desk, HALTED)
    since = desk.oracle.report_outage(*desk.config(), sender=desk.stranger).timestamp
    chain.mine(deltatime=DAY)
    with reverts("price memory: outage already reported"):
        desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    assert desk.oracle.outage(*desk.config()) == since


def test_a_checkpoint_ends_it_and_it_begins_anew(desk):
    desk.checkpoint()
    spoil(desk, HALTED)
    since = desk.oracle.report_outage(*desk.config(), sender=desk.stranger).timestamp
    with reverts("price oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    assert desk.oracle.outage(*desk.config()) == since
    answer(desk, PRICE)
    assert desk.oracle.outage(*desk.config()) == since  # nobody has shown it yet
    receipt = desk.oracle.checkpoint(*desk.config(), sender=desk.stranger)
    (ended,) = receipt.events.filter(desk.oracle.OutageEnded)
    assert ended == desk.oracle.OutageEnded(
        config=keccak(encode(["uint256"] * 3, desk.config())), since=since
    )
    assert desk.oracle.outage(*desk.config()) == 0
    assert average(desk) == PRICE
    spoil(desk, DIVERGENT)
    again = desk.oracle.report_outage(*desk.config(), sender=desk.stranger).timestamp
    assert desk.oracle.outage(*desk.config()) == again > since


def test_an_outage_before_the_first_checkpoint_ends_too(desk):
    spoil(desk, HALTED)
    desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    answer(desk, PRICE)
    desk.checkpoint()
    assert desk.oracle.outage(*desk.config()) == 0
    assert average(desk) == PRICE


def test_an_outage_belongs_to_its_configuration(desk):
    dead = config(ZERO, ZERO)
    desk.oracle.report_outage(*dead, sender=desk.stranger)
    assert desk.oracle.outage(*dead) > 0
    assert desk.oracle.outage(*desk.config()) == 0


def test_a_sequencer_outage_is_none_of_the_feeds(desk, uptime):
    spoil(desk, HALTED)
    snapshot = chain.snapshot()
    desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    chain.restore(snapshot)
    uptime.set_status(False, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER
    with reverts("price oracle: sequencer outage"):
        desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    back = uptime.set_status(True, sender=desk.stranger).timestamp
    chain.pending_timestamp = back + GRACE
    with reverts("price oracle: sequencer outage"):
        desk.oracle.report_outage(*desk.config(), sender=desk.stranger)
    chain.pending_timestamp = back + GRACE + 1
    desk.oracle.report_outage(*desk.config(), sender=desk.stranger)


@pytest.mark.node
def test_too_little_gas_is_no_outage(desk):
    """A caller cannot starve a good feed into an outage."""
    data = desk.oracle.report_outage.encode_input(*desk.config())
    reasons = set()
    for gas in range(40_000, 500_000, 20_000):
        call = {"to": str(desk.oracle), "data": "0x" + bytes(data).hex(), "gas": hex(gas)}
        answered = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
        reasons.add(answered["error"]["message"].partition(": ")[2])
    assert reasons == {"price oracle: not enough gas for a feed", "price oracle: price is valid"}


# The sequencer's return ---------------------------------------------------------------------------


def test_without_a_sequencer_nothing_was_ever_resumed(desk):
    assert desk.oracle.resumed_at() == 0


def test_resumed_when_the_grace_is_over(desk, uptime):
    assert desk.oracle.resumed_at() == uptime.latestRoundData()[2] + GRACE < desk.now
    uptime.set_status(False, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER
    back = uptime.set_status(True, sender=desk.stranger).timestamp
    assert desk.oracle.resumed_at() == back + GRACE > desk.now
    for late, is_up in [(0, False), (1, True)]:
        chain.mine(timestamp=back + GRACE + late)
        assert desk.oracle.is_sequencer_up() is is_up
        assert desk.oracle.resumed_at() == back + GRACE


@pytest.mark.parametrize(("status", "started_at"), [(0, 0), (0, 2**64), (0, MAX_UINT), (1, 1)])
def test_what_is_not_up_resumes_never(desk, uptime, status, started_at):
    uptime.set_answer(status, started_at, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_sequencer_feed_resumes_never(project, desk, odd, mode):
    desk.oracle = project.PriceOracle.deploy(odd, 0, sender=desk.stranger)
    assert desk.oracle.resumed_at() <= desk.now
    odd.set_mode(mode, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER


def test_no_grace_time_overflows(project, desk, uptime):
    oracle = project.PriceOracle.deploy(uptime, MAX_UINT, sender=desk.stranger)
    assert NEVER <= oracle.resumed_at() <= 2 * NEVER
    assert not oracle.is_sequencer_up()
