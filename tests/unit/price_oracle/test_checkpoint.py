"""PriceOracle.checkpoint: a valid price and its time, remembered for one configuration."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.unit.price_oracle.helpers import (
    DIVERGENT,
    HALTED,
    PRICE,
    SECONDARY_HEARTBEAT,
    STALE,
    WAD,
    config,
    unknown,
)
from verification.engine.reverts import reverts


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
    with reverts("price oracle: price not valid"):
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
