"""Exchange.set_terms: fees and band of a market, inside hard bounds, by the ledger's owner."""

from __future__ import annotations

import pytest

from tests.unit.exchange.helpers import BAND_BPS, MAKER_FEE_PPM, MARKET, MAX_UINT, TAKER_FEE_PPM
from verification.engine.reverts import reverts

UNKNOWN_MARKET = 99


def test_set_terms_opens_a_market(desk):
    receipt = desk.exchange.set_terms(2, 1, 10_000, 2_000, sender=desk.governor)
    assert tuple(desk.exchange.terms(2)) == (1, 10_000, 2_000)
    (event,) = receipt.decode_logs(desk.exchange.TermsSet)
    assert (event.market, event.maker_fee_ppm, event.taker_fee_ppm, event.band_bps) == (
        2,
        1,
        10_000,
        2_000,
    )


def test_set_terms_changes_one_market_only(desk):
    desk.exchange.set_terms(2, 0, 0, 10, sender=desk.governor)
    assert tuple(desk.exchange.terms(MARKET)) == (MAKER_FEE_PPM, TAKER_FEE_PPM, BAND_BPS)


def test_terms_of_an_unknown_market_are_zero(desk):
    assert tuple(desk.exchange.terms(UNKNOWN_MARKET)) == (0, 0, 0)


def test_set_terms_follows_the_owner_of_the_ledger(desk):
    with reverts("exchange: not the owner"):
        desk.exchange.set_terms(MARKET, 0, 0, BAND_BPS, sender=desk.stranger)
    desk.ledger.set_owner(desk.stranger, sender=desk.governor)
    desk.exchange.set_terms(MARKET, 0, 0, BAND_BPS, sender=desk.stranger)
    with reverts("exchange: not the owner"):
        desk.exchange.set_terms(MARKET, 0, 0, BAND_BPS, sender=desk.governor)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((10_001, 0, BAND_BPS), "market terms: fee out of bounds"),
        ((0, 10_001, BAND_BPS), "market terms: fee out of bounds"),
        ((2**32, 0, BAND_BPS), "market terms: fee out of bounds"),
        ((0, MAX_UINT, BAND_BPS), "market terms: fee out of bounds"),
        ((0, 0, 9), "market terms: band out of bounds"),
        ((0, 0, 0), "market terms: band out of bounds"),
        ((0, 0, 2_001), "market terms: band out of bounds"),
        ((0, 0, MAX_UINT), "market terms: band out of bounds"),
    ],
)
def test_set_terms_refuses_what_is_out_of_bounds(desk, terms, reason):
    with reverts(reason):
        desk.exchange.set_terms(MARKET, *terms, sender=desk.governor)


@pytest.mark.parametrize("terms", [(10_000, 10_000, 2_000), (0, 0, 10)])
def test_set_terms_accepts_the_bounds(desk, terms):
    desk.exchange.set_terms(MARKET, *terms, sender=desk.governor)
    assert tuple(desk.exchange.terms(MARKET)) == terms
