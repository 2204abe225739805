"""Exchange.fill: lanes, time, who, band; good and bad side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ape import chain

from bulkhead.orders import (
    MAX_PRICE,
    MAX_SEQUENCE,
    MAX_SIZE,
    order_hash,
)
from tests.reverts import reverts
from tests.unit.exchange.helpers import (
    BAND_BPS,
    BPS,
    HOUR,
    MAKER_FEE_PPM,
    MARK,
    MARKET,
    MAX_UINT,
    TAKER_FEE_PPM,
    TRADE,
    WAD,
    WITHDRAW,
    account_id,
    fee_up,
)

ZERO = "0x" + "00" * 20
UNKNOWN_MARKET = 99
LEAST_INT = -(2**255)


# --------------------------------------------------------------------------------------------------
# fill: what is passed on, logged and returned
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maker_side", [1, -1])
def test_fill_novates_with_the_takers_sign(desk, maker_side):
    order = desk.order(size=maker_side * 10 * WAD)
    desk.fill(order, size=4 * WAD)
    assert tuple(desk.ledger.last_novation()) == (
        MARKET,
        desk.maker_account,
        desk.taker_account,
        -maker_side * 4 * WAD,
        MARK,
        fee_up(4 * WAD, MARK, MAKER_FEE_PPM),
        fee_up(4 * WAD, MARK, TAKER_FEE_PPM),
        0,
    )


@pytest.mark.parametrize("maker_reduces", [False, True])
@pytest.mark.parametrize("taker_reduces", [False, True])
def test_fill_passes_reduce_only_on(desk, maker_reduces, taker_reduces):
    desk.fill(desk.order(reduce_only=maker_reduces), reduce_only=taker_reduces)
    assert desk.ledger.last_novation().flags == maker_reduces + 2 * taker_reduces


def test_fill_logs_all_an_indexer_needs(desk):
    order = desk.order(size=-10 * WAD, sequence=3)
    receipt = desk.fill(order, size=4 * WAD)
    (event,) = receipt.decode_logs(desk.exchange.Fill)
    assert bytes(event.order_hash) == order_hash(order, chain.chain_id, desk.exchange.address)
    assert (event.maker, event.taker) == (desk.maker_account, desk.taker_account)
    assert (event.market, event.size, event.price) == (MARKET, 4 * WAD, MARK)
    assert event.maker_fee == fee_up(4 * WAD, MARK, MAKER_FEE_PPM)
    assert event.taker_fee == fee_up(4 * WAD, MARK, TAKER_FEE_PPM)
    assert (event.lane, event.sequence) == (order.lane, 3)


def test_fill_returns_both_fees(desk):
    fees = desk.exchange.fill.call(*desk.arguments(desk.order()), sender=desk.taker)
    assert tuple(fees) == (
        fee_up(10 * WAD, MARK, MAKER_FEE_PPM),
        fee_up(10 * WAD, MARK, TAKER_FEE_PPM),
    )


def test_fill_rounds_fees_up(desk):
    desk.fill(desk.order(), size=1)
    novation = desk.ledger.last_novation()
    assert (novation.maker_fee, novation.taker_fee) == (1, 2)  # 0.6 and 1.5 wei of cash


def test_fill_charges_nothing_where_nothing_is_due(desk):
    desk.exchange.set_terms(MARKET, 0, 0, BAND_BPS, sender=desk.governor)
    desk.fill(desk.order())
    novation = desk.ledger.last_novation()
    assert (novation.maker_fee, novation.taker_fee) == (0, 0)


def test_fill_at_the_bounds_of_everything(desk):
    desk.exchange.set_terms(MARKET, 10_000, 10_000, 2_000, sender=desk.governor)
    desk.ledger.set_marks(MAX_PRICE, MAX_PRICE, sender=desk.governor)
    order = desk.order(
        size=-MAX_SIZE, price=MAX_PRICE, sequence=MAX_SEQUENCE, lane=MAX_UINT, expiry=MAX_UINT
    )
    desk.fill(order)
    assert desk.ledger.last_novation().taker_fee == fee_up(MAX_SIZE, MAX_PRICE, 10_000)
    assert tuple(desk.exchange.lane_state(desk.maker_account, MAX_UINT)) == (
        MAX_SEQUENCE,
        MAX_SIZE,
    )


def test_fill_without_the_optional_arguments(desk):
    order = desk.order()
    desk.exchange.fill(*desk.arguments(order, size=WAD)[:5], sender=desk.taker)
    desk.exchange.fill(*desk.arguments(order, size=WAD)[:6], sender=desk.taker)
    desk.exchange.fill(*desk.arguments(order, size=WAD)[:7], sender=desk.taker)
    assert desk.ledger.novations() == 3


# --------------------------------------------------------------------------------------------------
# fill: lanes
# --------------------------------------------------------------------------------------------------


def test_fill_in_parts_until_nothing_is_left(desk):
    order = desk.order()
    for part, filled in [(1, 1), (WAD, WAD + 1), (9 * WAD - 1, 10 * WAD)]:
        desk.fill(order, size=part)
        assert tuple(desk.exchange.lane_state(order.account, order.lane)) == (0, filled)
    with reverts("order lanes: order overfilled"):
        desk.fill(order, size=1)


@pytest.mark.parametrize("size", [10 * WAD + 1, 2**128, MAX_UINT])
def test_fill_refuses_more_than_the_order(desk, size):
    with reverts("order lanes: order overfilled"):
        desk.fill(desk.order(), size=size)


@pytest.mark.parametrize("size", [9 * WAD + 1, MAX_UINT - WAD + 1, MAX_UINT])
def test_fill_refuses_more_than_what_is_left(desk, size):
    desk.fill(desk.order(), size=WAD)
    with reverts("order lanes: order overfilled"):
        desk.fill(desk.order(), size=size)
    desk.fill(desk.order(), size=9 * WAD)


@pytest.mark.parametrize("min_size", [0, 1, 9 * WAD])
def test_fill_takes_what_is_left_when_the_taker_accepts_less(desk, min_size):
    """A fill of dust just before does not block a large one."""
    desk.fill(desk.order(), size=WAD)
    receipt = desk.fill(desk.order(), size=10 * WAD, min_size=min_size)
    (event,) = receipt.decode_logs(desk.exchange.Fill)
    assert abs(event.size) == abs(desk.ledger.last_novation().size) == 9 * WAD
    order = desk.order()
    assert tuple(desk.exchange.lane_state(order.account, order.lane)) == (0, 10 * WAD)
    with reverts("order lanes: order overfilled"):
        desk.fill(desk.order(), size=1, min_size=min_size)


def test_fill_refuses_less_than_the_taker_accepts(desk):
    desk.fill(desk.order(), size=WAD)
    with reverts("order lanes: order overfilled"):
        desk.fill(desk.order(), size=10 * WAD, min_size=9 * WAD + 1)
    desk.fill(desk.order(), size=10 * WAD, min_size=9 * WAD)


def test_min_size_does_not_raise_a_smaller_size(desk):
    desk.fill(desk.order(), size=WAD, min_size=5 * WAD)
    assert abs(desk.ledger.last_novation().size) == WAD


def test_fill_refuses_zero(desk):
    with reverts("order lanes: zero size"):
        desk.fill(desk.order(), size=0)


def test_fill_of_a_higher_sequence_voids_the_lower(desk):
    first, second = desk.order(sequence=1), desk.order(sequence=5)
    desk.fill(first, size=4 * WAD)
    desk.fill(second, size=7 * WAD)
    assert tuple(desk.exchange.lane_state(first.account, first.lane)) == (5, 7 * WAD)
    with reverts("order lanes: order superseded"):
        desk.fill(first, size=WAD)
    desk.fill(second, size=3 * WAD)


def test_lanes_are_independent(desk):
    desk.fill(desk.order(sequence=5))
    other_lane = desk.order(sequence=1, lane=8)
    desk.fill(other_lane)
    other_account = replace(other_lane, account=account_id(desk.maker, 1), lane=7)
    desk.fill(other_account)


def test_orders_of_one_sequence_share_one_allowance(desk):
    large, small = desk.order(size=10 * WAD), desk.order(size=-4 * WAD)
    desk.fill(large, size=3 * WAD)
    with reverts("order lanes: order overfilled"):
        desk.fill(small, size=WAD + 1)
    desk.fill(small, size=WAD)
    desk.fill(large, size=6 * WAD)
    with reverts("order lanes: order overfilled"):
        desk.fill(small, size=1)


def test_a_refused_fill_leaves_the_lane_alone(desk):
    desk.ledger.set_marks(1, 1, sender=desk.governor)
    order = desk.order()
    with reverts("market terms: price off band"):
        desk.fill(order)
    assert tuple(desk.exchange.lane_state(order.account, order.lane)) == (0, 0)
    assert desk.ledger.novations() == 0


# --------------------------------------------------------------------------------------------------
# fill: time, named taker, limit, band
# --------------------------------------------------------------------------------------------------


def test_fill_until_the_last_second_of_the_order(desk):
    order = desk.order()
    chain.pending_timestamp = order.expiry
    desk.fill(order, size=WAD)
    chain.pending_timestamp = order.expiry + 1
    with reverts("exchange: order expired"):
        desk.fill(order, size=WAD)


def test_fill_until_the_takers_deadline(desk):
    order = desk.order()
    deadline = order.expiry - HOUR // 2
    chain.pending_timestamp = deadline
    desk.fill(order, size=WAD, deadline=deadline)
    chain.pending_timestamp = deadline + 1
    with reverts("exchange: deadline passed"):
        desk.fill(order, size=WAD, deadline=deadline)
    desk.fill(order, size=WAD)


def test_fill_by_the_named_taker_only(desk):
    order = desk.order(taker=desk.taker_account)
    with reverts("exchange: not the named taker"):
        desk.fill(order, sender=desk.stranger, taker_account=account_id(desk.stranger))
    with reverts("exchange: not the named taker"):
        desk.fill(order, taker_account=account_id(desk.taker, 1))
    desk.fill(order)


def test_fill_refuses_one_account_on_both_sides(desk):
    order = desk.order()
    with reverts("exchange: self fill"):
        desk.fill(order, sender=desk.maker, taker_account=order.account)
    desk.fill(order, sender=desk.maker, taker_account=account_id(desk.maker, 1))


@pytest.mark.parametrize(("maker_size", "bad_limit"), [(10 * WAD, MARK + 1), (-10 * WAD, MARK - 1)])
def test_fill_respects_the_takers_limit(desk, maker_size, bad_limit):
    order = desk.order(size=maker_size)
    with reverts("exchange: price beyond limit"):
        desk.fill(order, size=WAD, limit_price=bad_limit)
    desk.fill(order, size=WAD, limit_price=MARK)


def test_fill_inside_the_band_below_mark(desk):
    lowest = 3 * MARK // 4 * (BPS - BAND_BPS) // BPS
    desk.ledger.set_marks(3 * MARK // 4, MARK, sender=desk.governor)
    with reverts("market terms: price off band"):
        desk.fill(desk.order(price=lowest - 1))
    desk.fill(desk.order(price=lowest))


def test_fill_inside_the_band_above_mark(desk):
    highest = 2 * MARK * (BPS + BAND_BPS) // BPS
    desk.ledger.set_marks(MARK, 2 * MARK, sender=desk.governor)
    with reverts("market terms: price off band"):
        desk.fill(desk.order(price=highest + 1))
    desk.fill(desk.order(price=highest))


def test_fill_refuses_a_market_without_terms(desk):
    order = desk.order(market=UNKNOWN_MARKET)
    with reverts("market terms: unknown market"):
        desk.fill(order)
    desk.exchange.set_terms(UNKNOWN_MARKET, 0, 0, BAND_BPS, sender=desk.governor)
    desk.fill(order)


# --------------------------------------------------------------------------------------------------
# fill: who
# --------------------------------------------------------------------------------------------------


def test_fill_needs_the_taker_or_his_operator(desk):
    order = desk.order()
    with reverts("exchange: not authorised"):
        desk.fill(order, sender=desk.operator, size=WAD)
    desk.ledger.set_permissions(desk.taker_account, desk.operator, WITHDRAW, sender=desk.governor)
    with reverts("exchange: not authorised"):
        desk.fill(order, sender=desk.operator, size=WAD)
    desk.ledger.set_permissions(desk.taker_account, desk.operator, TRADE, sender=desk.governor)
    desk.fill(order, sender=desk.operator, size=WAD)


def test_fill_needs_no_ones_word_about_owners(desk):
    desk.ledger.forbid_asking(True, sender=desk.governor)
    desk.fill(desk.order(), size=WAD)
    with reverts("ledger harness: asked"):
        desk.fill(desk.order(), sender=desk.stranger, size=WAD)
    with reverts("ledger harness: asked"):
        desk.fill(desk.order(signer=str(desk.operator)), size=WAD)


def test_fill_of_an_order_signed_by_an_operator(desk):
    order = desk.order(signer=str(desk.operator))
    signature = desk.sign(order, by=desk.operator)
    with reverts("exchange: signer not authorised"):
        desk.fill(order, signature, size=WAD)
    desk.ledger.set_permissions(order.account, desk.operator, WITHDRAW, sender=desk.governor)
    with reverts("exchange: signer not authorised"):
        desk.fill(order, signature, size=WAD)
    desk.ledger.set_permissions(order.account, desk.operator, TRADE, sender=desk.governor)
    desk.fill(order, signature, size=WAD)
    desk.ledger.set_permissions(order.account, desk.operator, 0, sender=desk.governor)
    with reverts("exchange: signer not authorised"):
        desk.fill(order, signature, size=WAD)


def test_fill_refuses_an_owner_signing_in_an_operators_name(desk):
    desk.ledger.set_permissions(desk.maker_account, desk.operator, TRADE, sender=desk.governor)
    order = desk.order(signer=str(desk.operator))
    with reverts("signatures: invalid signature"):
        desk.fill(order, desk.sign(order, by=desk.maker))


@pytest.mark.parametrize("index", [0, 1, 2**96 - 1])
def test_nobody_trades_for_the_zero_address(desk, index):
    order = desk.order(account=index, signer=ZERO)
    for junk in (b"", bytes(65), b"\x01" * 65):
        with reverts("exchange: signer not authorised"):
            desk.fill(order, junk)
    with reverts("exchange: not authorised"):
        desk.fill(desk.order(), taker_account=index)


# --------------------------------------------------------------------------------------------------
# fill: hostile fields
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"size": 0}, "order lanes: order size out of bounds"),
        ({"size": LEAST_INT}, "order lanes: order size out of bounds"),
        ({"size": 2**255 - 1}, "order lanes: order size out of bounds"),
        ({"size": MAX_SIZE + 1}, "order lanes: order size out of bounds"),
        ({"size": -MAX_SIZE - 1}, "order lanes: order size out of bounds"),
        ({"price": 0}, "market terms: price out of bounds"),
        ({"price": MAX_PRICE + 1}, "market terms: price out of bounds"),
        ({"price": MAX_UINT}, "market terms: price out of bounds"),
        ({"sequence": MAX_SEQUENCE + 1}, "order lanes: sequence out of bounds"),
        ({"sequence": MAX_SEQUENCE + 2}, "order lanes: sequence out of bounds"),
        ({"sequence": MAX_UINT}, "order lanes: sequence out of bounds"),
        ({"epoch": 1}, "order lanes: wrong epoch"),
        ({"epoch": MAX_UINT}, "order lanes: wrong epoch"),
        ({"expiry": 0}, "exchange: order expired"),
        ({"market": MAX_UINT}, "market terms: unknown market"),
        ({"taker": MAX_UINT}, "exchange: not the named taker"),
    ],
)
def test_fill_names_what_is_wrong_with_a_hostile_order(desk, fields, reason):
    order = desk.order(**fields)
    with reverts(reason):
        desk.fill(order, size=1)
    assert desk.exchange.fillable(order.as_tuple()) == (abs(order.size) if "taker" in fields else 0)


# --------------------------------------------------------------------------------------------------
# fill: re-entry
# --------------------------------------------------------------------------------------------------


def test_the_ledger_cannot_re_enter(desk):
    order = desk.order()
    inner = desk.exchange.fill.encode_input(*desk.arguments(order, size=WAD))
    cancel = desk.exchange.cancel.encode_input(order.account, order.lane, 0)
    view = desk.exchange.fillable.encode_input(order.as_tuple())
    for call in (inner, cancel, view):
        desk.ledger.set_reentry(call, sender=desk.governor)
        with reverts():
            desk.fill(order, size=WAD)
    # The hash depends on no state, and the double does call: this one passes.
    harmless = desk.exchange.order_hash.encode_input(order.as_tuple())
    desk.ledger.set_reentry(harmless, sender=desk.governor)
    desk.fill(order, size=WAD)
