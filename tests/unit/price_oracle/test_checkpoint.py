"""PriceOracle.checkpoint: a valid price and its time, remembered for one configuration."""

from __future__ import annotations

import pytest

from tests.unit.price_oracle.helpers import (
    DIVERGENT,
    HALTED,
    PRICE,
    SECONDARY_HEARTBEAT,
    STALE,
    WAD,
    config,
    unknown,
    witness,
)
from verification.engine.reverts import reverts


def test_checkpoint_remembers_price_and_time(desk):
    words = desk.config(callers_bits=5)
    assert desk.last_valid(words) == (0, 0)
    receipt = desk.oracle.checkpoint(*words, 0, sender=desk.stranger)
    assert desk.last_valid(words) == (PRICE, receipt.timestamp)
    key = desk.key()
    assert receipt.events == [
        desk.oracle.Checkpoint(
            config=key, price=PRICE, average=PRICE, day_average=PRICE, time=receipt.timestamp
        )
    ]


def test_checkpoint_of_today_replaces_yesterdays(desk):
    desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    desk.set_primary(PRICE + WAD)
    receipt = desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    assert desk.last_valid() == (PRICE + WAD, receipt.timestamp)


@pytest.mark.parametrize("status", [STALE, DIVERGENT, HALTED])
def test_checkpoint_needs_a_valid_price(desk, status):
    desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    before = desk.last_valid()
    spoil = {
        STALE: lambda: desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 100),
        DIVERGENT: lambda: desk.set_secondary(PRICE * 2),
        HALTED: lambda: desk.primary.set(0, sender=desk.stranger),
    }
    spoil[status]()
    assert desk.judge().status == status
    with reverts("price oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)
    assert desk.last_valid() == before


def test_checkpoint_belongs_to_its_configuration(desk, project):
    """A stranger's feeds cannot write anybody else's checkpoint."""
    fake = project.TestFeed.deploy("fake", 8, 9_000 * 10**8, sender=desk.stranger)
    desk.oracle.checkpoint(*config(fake, fake), 0, sender=desk.stranger)
    for feed in (desk.primary, desk.secondary):
        feed.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(HALTED)
    assert desk.last_valid() == (0, 0)


def test_what_is_remembered_belongs_to_who_asked(desk, project, people):
    """Else a stranger's witness could put a price into somebody's memory while one feed is dead."""
    liar = project.TestFeed.deploy("liar", 8, 2_100 * 10**8, sender=desk.stranger)
    other = people["trader"]
    desk.checkpoint()
    before = desk.last_valid(), desk.averages(), desk.outage()
    desk.kill(desk.primary)
    desk.set_secondary(2_110 * WAD)
    desk.oracle.checkpoint(*desk.config(), witness(liar), sender=other)
    price, _ = desk.oracle.last_valid(other, *desk.config())
    assert price == 2_110 * WAD
    desk.oracle.report_outage(*desk.config(), 0, sender=other)
    assert (desk.last_valid(), desk.averages(), desk.outage()) == before
    desk.oracle.checkpoint(*desk.config(), witness(liar), sender=desk.stranger)
    assert desk.last_valid()[0] == 2_110 * WAD


def test_evidence_is_what_the_caller_remembers(desk, people):
    desk.checkpoint()
    desk.kill(desk.primary, desk.secondary)
    assert desk.judge() != unknown(HALTED)
    judged = desk.oracle.price(*desk.config(), sender=people["trader"])
    assert tuple(judged)[:3] == unknown(HALTED)
