"""The Exchange on a ledger double."""

from __future__ import annotations

import pytest

from tests.unit.exchange.helpers import (
    BAND_BPS,
    MAKER_FEE_PPM,
    MARK,
    MARKET,
    TAKER_FEE_PPM,
    Desk,
)
from verification.engine.people import People


@pytest.fixture(scope="module")
def desk(project, accounts, admin) -> Desk:
    governor, people = admin, People.of(accounts)
    maker, taker, operator, stranger = people.named("maker", "taker", "operator", "stranger")
    ledger = project.LedgerHarness.deploy(MARK, sender=governor)
    exchange = project.Exchange.deploy(ledger, sender=governor)
    exchange.set_terms(MARKET, MAKER_FEE_PPM, TAKER_FEE_PPM, BAND_BPS, sender=governor)
    return Desk(exchange, ledger, governor, maker, taker, operator, stranger)


@pytest.fixture(scope="module")
def wallet(project, desk):
    """A contract wallet whose one key is the maker's."""
    return project.TestSigner.deploy(desk.maker, sender=desk.maker)
