"""What tests of the RiskEngine share."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import (
    ASSETS,
    DAY,
    DECIMALS,
    HEARTBEAT,
    MARKET_ROW,
    MARKETS,
    Desk,
)
from verification.engine.evm import Person, Reverted

STRANGER = Person.number(0)
ROW = MARKET_ROW + MARKETS[0]  # its asset is ASSET
ASSET = ASSETS[0]


def refuses(reason: str, function, *args, **options) -> None:
    """Expect a revert with exactly this reason."""
    with pytest.raises(Reverted) as refused:
        function(*args, **options)
    assert refused.value.reason == reason


def refuses_anyone(reason: str, function, *args) -> None:
    """Expect a revert with exactly this reason, of a call by a stranger."""
    with pytest.raises(Reverted) as refused:
        function(*args, sender=STRANGER)
    assert refused.value.reason == reason


def report(desk: Desk) -> int:
    """Put an outage on record; return its time."""
    desk.engine.report_outage(ROW, sender=STRANGER)
    return desk.chain.pending_timestamp


def kill(desk: Desk, asset: int = ASSET) -> None:
    """Let the primary answer nothing from now on."""
    desk.feeds[asset][0].set(0)


def logged(receipt, event) -> list[tuple]:
    """Return what was logged of an event, as plain values."""
    return [tuple(found) for found in receipt.events.filter(event)]


def witness(feed, heartbeat=HEARTBEAT, decimals=DECIMALS, settle_after=3 * DAY) -> int:
    """Return the word of a third feed."""
    return int(feed.address, 16) | heartbeat << 160 | decimals << 192 | settle_after << 200
