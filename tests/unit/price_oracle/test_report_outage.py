"""PriceOracle.report_outage: put on record, shown again, ended by the next checkpoint."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.price_oracle.helpers import (
    DIVERGENT,
    HALTED,
    HOUR,
    PRICE,
    PRIMARY_HEARTBEAT,
    SECONDARY_HEARTBEAT,
    SEQUENCER,
    STALE,
    VALID,
    ZERO,
    Desk,
    answer,
    average,
    config,
)
from verification.engine.reverts import reverts

GRACE = 2 * HOUR


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
    assert desk.outage(words)[0] == 0
    receipt = desk.oracle.report_outage(*words, 0, sender=desk.stranger)
    assert desk.outage(words)[0] == receipt.timestamp
    assert receipt.events == [
        desk.oracle.OutageReported(
            config=desk.key(),
            status=status,
            since=receipt.timestamp,
            shown=receipt.timestamp,
        )
    ]
    assert average(desk) == PRICE


def test_a_valid_price_is_no_outage(desk):
    assert desk.judge().status == VALID
    with reverts("price oracle: price is valid"):
        desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    assert desk.outage()[0] == 0


def test_an_outage_is_shown_again_but_not_in_the_same_block(desk):
    spoil(desk, HALTED)
    since = desk.report()
    assert desk.outage() == (since, since)
    chain.pending_timestamp = since
    with reverts("price memory: outage already shown"):
        desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    chain.pending_timestamp = since + 1
    receipt = desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    assert desk.outage() == (since, since + 1)
    assert receipt.events == [
        desk.oracle.OutageReported(
            config=desk.key(), status=HALTED, since=since, shown=receipt.timestamp
        )
    ]


def test_an_outage_that_is_not_shown_for_six_hours_begins_anew(desk):
    """Two outages of a moment, days apart, are not one of days."""
    spoil(desk, HALTED)
    since = desk.report()
    chain.pending_timestamp = since + 6 * HOUR
    assert desk.report() == since + 6 * HOUR
    assert desk.outage() == (since, since + 6 * HOUR)
    chain.pending_timestamp = since + 12 * HOUR + 1
    desk.report()
    assert desk.outage() == (since + 12 * HOUR + 1, since + 12 * HOUR + 1)


@pytest.mark.parametrize("silent", ["primary", "secondary", "both"])
def test_an_outage_of_silence_is_as_old_as_the_silence(desk, silent):
    """Late, on time again, late again: the second silence is another outage, though nobody took a
    checkpoint between."""
    late = {"primary": PRIMARY_HEARTBEAT, "secondary": SECONDARY_HEARTBEAT}
    names = list(late) if silent == "both" else [silent]
    desk.set_both(PRICE, PRICE)
    for name in names:
        getattr(desk, f"set_{name}")(PRICE, age=late[name] + 100)
    first = desk.report()
    since = desk.outage()[0]
    assert since == first
    desk.wait_until(first + HOUR)
    desk.report()
    assert desk.outage()[0] == first, "it is still the same silence"
    desk.set_both(PRICE, PRICE)
    for name in names:
        getattr(desk, f"set_{name}")(PRICE, age=late[name] + 40)
    again = desk.report()
    assert first < desk.outage()[0] <= again - 40


def test_one_feed_may_fall_silent_after_the_other(desk):
    """The outage is as old as the older silence that still lasts."""
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 3_000)
    first = desk.report()
    desk.wait_until(first + HOUR)
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 60)
    desk.report()
    assert desk.outage()[0] == first
    desk.set_secondary(PRICE)
    again = desk.report()
    assert again - 70 < desk.outage()[0] <= again - 60


def test_a_dead_feed_says_nothing_about_the_others_silence(desk):
    """One that answers nothing has no time: the record is what counts."""
    desk.kill(desk.secondary)
    first = desk.report()
    desk.set_primary(PRICE, age=PRIMARY_HEARTBEAT + 60)
    desk.report()
    assert desk.outage()[0] == first


def test_reports_leave_the_averages_alone(desk):
    desk.checkpoint()
    answer(desk, PRICE * 2)
    desk.checkpoint()
    before = desk.averages()
    assert before[0] > before[1] > PRICE
    spoil(desk, HALTED)
    for _ in range(2):
        desk.report()
    assert desk.averages() == before


def test_a_checkpoint_ends_it_and_it_begins_anew(desk):
    desk.checkpoint()
    spoil(desk, HALTED)
    since = desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger).timestamp
    with reverts("price oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    assert desk.outage()[0] == since
    answer(desk, PRICE)
    assert desk.outage()[0] == since  # nobody has shown it yet
    receipt = desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    (ended,) = receipt.events.filter(desk.oracle.OutageEnded)
    assert ended == desk.oracle.OutageEnded(config=desk.key(), since=since)
    assert desk.outage()[0] == 0
    assert average(desk) == PRICE
    spoil(desk, DIVERGENT)
    again = desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger).timestamp
    assert desk.outage()[0] == again > since


def test_an_outage_before_the_first_checkpoint_ends_too(desk):
    spoil(desk, HALTED)
    desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    answer(desk, PRICE)
    desk.checkpoint()
    assert desk.outage()[0] == 0
    assert average(desk) == PRICE


def test_an_outage_belongs_to_its_configuration(desk):
    dead = config(ZERO, ZERO)
    desk.oracle.report_outage(*dead, 0, sender=desk.stranger)
    assert desk.outage(dead)[0] > 0
    assert desk.outage()[0] == 0


def test_a_sequencer_outage_is_none_of_the_feeds(desk, uptime):
    spoil(desk, HALTED)
    snapshot = chain.snapshot()
    desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    chain.restore(snapshot)
    uptime.set_status(False, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER
    with reverts("price oracle: sequencer outage"):
        desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    back = uptime.set_status(True, sender=desk.stranger).timestamp
    chain.pending_timestamp = back + GRACE
    with reverts("price oracle: sequencer outage"):
        desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)
    chain.pending_timestamp = back + GRACE + 1
    desk.oracle.report_outage(*desk.config(), 0, sender=desk.stranger)


@pytest.mark.node
def test_too_little_gas_is_no_outage(desk):
    """A caller cannot starve a good feed into an outage."""
    data = desk.oracle.report_outage.encode_input(*desk.config(), 0)
    reasons = set()
    for gas in range(40_000, 500_000, 20_000):
        call = {"to": str(desk.oracle), "data": "0x" + bytes(data).hex(), "gas": hex(gas)}
        answered = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
        reasons.add(answered["error"]["message"].partition(": ")[2])
    assert reasons == {"price oracle: not enough gas for a feed", "price oracle: price is valid"}
