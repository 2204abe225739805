"""Exchange.fill: the first fill of a quarter hour in a market has its price remembered."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.exchange.helpers import BAND_BPS, MAKER_FEE_PPM, MARK, MARKET, TAKER_FEE_PPM, WAD
from verification.engine.reverts import reverts

QUARTER = 900
MARKET_ROW = 8


def quarter(desk) -> int:
    """Let the next transaction be the first of a quarter; return when that is."""
    start = (chain.pending_timestamp // QUARTER + 1) * QUARTER
    chain.pending_timestamp = start
    return start


def trade(desk, sequence, at=None):
    """Fill an order of its own."""
    order = desk.order(sequence=sequence, size=WAD, price=MARK)
    signature = desk.sign(order)
    if at is not None:
        chain.pending_timestamp = at
    return desk.fill(order, signature)


def test_the_first_fill_of_a_quarter_takes_it(desk):
    start = quarter(desk)
    trade(desk, 1, at=start)
    assert desk.ledger.checkpoints() == 1
    assert desk.ledger.last_row() == MARKET_ROW + MARKET
    trade(desk, 2, at=start + QUARTER - 1)
    assert desk.ledger.checkpoints() == 1
    trade(desk, 3, at=start + QUARTER)
    assert desk.ledger.checkpoints() == 2


def test_while_the_price_is_in_doubt_every_fill_tries_again(desk):
    start = quarter(desk)
    desk.ledger.set_doubt(True, sender=desk.stranger)
    trade(desk, 1, at=start + 1)
    trade(desk, 2, at=start + 2)
    assert desk.ledger.checkpoints() == 0
    desk.ledger.set_doubt(False, sender=desk.stranger)
    trade(desk, 3)
    trade(desk, 4)
    assert desk.ledger.checkpoints() == 1


def test_each_market_has_its_own(desk):
    other = MARKET + 1
    desk.exchange.set_terms(other, 0, 0, BAND_BPS, sender=desk.governor)
    start = quarter(desk)
    trade(desk, 1, at=start)
    desk.fill(desk.order(sequence=2, size=WAD, price=MARK, market=other))
    assert desk.ledger.checkpoints() == 2
    assert desk.ledger.last_row() == MARKET_ROW + other


def test_terms_and_checkpoints_leave_each_other_alone(desk):
    start = quarter(desk)
    trade(desk, 1, at=start)
    assert tuple(desk.exchange.terms(MARKET)) == (MAKER_FEE_PPM, TAKER_FEE_PPM, BAND_BPS)
    desk.exchange.set_terms(MARKET, 0, 10_000, 10, sender=desk.governor)
    assert tuple(desk.exchange.terms(MARKET)) == (0, 10_000, 10)
    trade(desk, 2)
    assert desk.ledger.checkpoints() == 1
    trade(desk, 3, at=start + QUARTER)
    assert desk.ledger.checkpoints() == 2
    assert tuple(desk.exchange.terms(MARKET)) == (0, 10_000, 10)


def test_the_band_is_not_widened_by_what_stands_above_it(desk):
    trade(desk, 1)
    far = MARK * (10_000 + BAND_BPS) // 10_000 + 10**12
    with reverts("market terms: price off band"):
        desk.fill(desk.order(sequence=2, size=WAD, price=far))


@pytest.mark.parametrize("refused", ["deadline", "band"])
def test_a_fill_that_reverts_leaves_no_mark(desk, refused):
    start = quarter(desk)
    desk.ledger.set_marks(MARK * 2, MARK * 2, sender=desk.stranger)
    with reverts(
        "market terms: price off band" if refused == "band" else "exchange: deadline passed"
    ):
        desk.fill(
            desk.order(sequence=1, size=WAD, price=MARK),
            **({"deadline": start - 1} if refused == "deadline" else {}),
        )
    assert desk.ledger.checkpoints() == 0
    desk.ledger.set_marks(MARK, MARK, sender=desk.stranger)
    trade(desk, 2)
    assert desk.ledger.checkpoints() == 1
