"""PriceOracle.report_outage: put on record once, ended by the next checkpoint."""

from __future__ import annotations

import pytest
from ape import chain
from eth_abi import encode
from eth_utils import keccak

from tests.unit.price_oracle.helpers import (
    DAY,
    DIVERGENT,
    HALTED,
    HOUR,
    PRICE,
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
