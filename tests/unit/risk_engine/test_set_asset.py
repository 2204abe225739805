"""RiskEngine.set_asset: two feeds that agree, for every row of the asset."""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import (
    DAY,
    FEED_NOTICE,
    GREATEST,
    LEAST,
    NO_WITNESS,
    PRICE,
    WAD,
)
from tests.unit.risk_engine.helpers import logged, refuses, witness

BOUNDS = "risk parameters: parameter out of bounds"
NEVER = 2**256 - 1


@pytest.mark.parametrize(
    "change",
    [
        {"heartbeat": 1},
        {"heartbeat": 3 * 86_400},
        {"second_heartbeat": 3 * 86_400},
        {"deviation": 5},
        {"deviation": 2_000},
        {"least": 1},
        {"greatest": 2**95 - 1},
        {"least": PRICE - 1, "greatest": PRICE + 1},
    ],
)
def test_bounds_of_assets_are_inside(desk, change):
    desk.engine.set_asset(3, *desk.words(1, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"heartbeat": 0},
        {"heartbeat": 3 * 86_400 + 1},
        {"second_heartbeat": 0},
        {"second_heartbeat": 3 * 86_400 + 1},
        {"decimals": 37},
        {"second_decimals": 37},
        {"deviation": 4},
        {"deviation": 2_001},
        {"least": 0},
        {"least": PRICE, "greatest": PRICE},
        {"least": GREATEST, "greatest": LEAST},
        {"greatest": 2**95},
        {"secondary": 2**160},
    ],
)
def test_bounds_of_assets(desk, change):
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1, **change))


def test_two_feeds_are_two(desk):
    primary = int(desk.feeds[1][0].address, 16)
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1, secondary=primary))


@pytest.mark.parametrize("asset", [0, 128, NEVER])
def test_asset_ids(desk, asset):
    refuses(BOUNDS, desk.engine.set_asset, asset, *desk.words(1))


def test_an_asset_starts_with_a_valid_price_which_is_its_first_checkpoint(desk):
    words = desk.words(1, deviation=6)
    desk.set_price(1, PRICE, PRICE + WAD)
    refuses("price oracle: price not valid", desk.engine.set_asset, 3, *words)
    desk.set_price(1, PRICE)
    desk.engine.set_asset(3, *words)
    assert desk.last_valid(1, deviation=6) == (PRICE, desk.chain.pending_timestamp)


# Notice -------------------------------------------------------------------------------------------


def test_other_feeds_are_announced(desk):
    """At any price: what counts is the price at which they are applied."""
    words = desk.words(1, deviation=6)
    before = tuple(desk.engine.row_words(9))
    desk.set_price(1, PRICE, 2 * PRICE)
    receipt = desk.engine.set_asset(1, *words)
    due = desk.chain.pending_timestamp + FEED_NOTICE
    assert logged(receipt, desk.engine.AssetAnnounced) == [(1, *words, NO_WITNESS, due)]
    assert not logged(receipt, desk.engine.AssetSet)
    assert tuple(desk.engine.feed_notices(1)) == (*words, NO_WITNESS, due)
    assert desk.engine.FEED_NOTICE() == FEED_NOTICE
    assert tuple(desk.engine.row_words(9)) == before
    assert desk.last_valid(1, deviation=6) == (0, 0)


def test_a_witness_is_announced_like_a_feed(desk, third):
    """Nobody is judged by a feed they could not know."""
    desk.engine.set_asset(1, *desk.words(1), witness(third))
    assert desk.engine.feed_notices(1)[3] == witness(third)
    assert desk.engine.witness_words(1) == NO_WITNESS
    desk.feeds[1][0].set(0)
    assert not desk.engine.price(9)[2]


# Witness ------------------------------------------------------------------------------------------


def test_without_a_word_there_is_no_witness_and_three_days(desk):
    assert desk.engine.witness_words(1) == NO_WITNESS
    assert desk.engine.witness_words(3) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"settle_after": DAY},
        {"settle_after": 14 * DAY},
        {"heartbeat": 1},
        {"heartbeat": 3 * DAY},
        {"decimals": 36},
    ],
)
def test_bounds_of_witnesses_are_inside(desk, third, change):
    desk.engine.set_asset(3, *desk.words(1), witness(third, **change))
    assert desk.engine.witness_words(3) == witness(third, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"settle_after": 0},
        {"settle_after": DAY - 1},
        {"settle_after": 14 * DAY + 1},
        {"settle_after": 3 * DAY + 2**32},
        {"heartbeat": 0},
        {"heartbeat": 3 * DAY + 1},
        {"decimals": 37},
    ],
)
def test_bounds_of_witnesses(desk, third, change):
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1), witness(third, **change))


@pytest.mark.parametrize("place", [0, 1])
def test_a_witness_is_none_of_the_two(desk, place):
    refuses(BOUNDS, desk.engine.set_asset, 3, *desk.words(1), witness(desk.feeds[1][place]))


@pytest.mark.parametrize("silent", [0, 1])
def test_with_a_witness_one_dead_feed_stops_nothing(desk, third, silent):
    """Checkpoints, margin and settlement go on at the answer of the one left."""
    desk.set_feeds(1, *desk.words(1), witness(third))
    third.set(PRICE + WAD)
    desk.feeds[1][silent].set(0)
    assert tuple(desk.engine.price(9)) == (PRICE, PRICE, True)
    assert tuple(desk.engine.settlement_price(9)) == (PRICE, 1)
    assert desk.engine.checkpoints([9]).return_value == 1
    refuses("price oracle: price is valid", desk.engine.report_outage, 9)
    third.set(PRICE * 2)
    assert not desk.engine.price(9)[2]
    refuses("price oracle: price not valid", desk.engine.checkpoint, 9)
    desk.engine.report_outage(9)
