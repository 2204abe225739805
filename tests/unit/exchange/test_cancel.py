"""Exchange.cancel, cancel_all and fillable."""

from __future__ import annotations

from dataclasses import replace

from ape import chain

from bulkhead.orders import (
    MAX_SEQUENCE,
)
from tests.reverts import reverts
from tests.unit.exchange.helpers import (
    MAX_UINT,
    TRADE,
    WAD,
    WITHDRAW,
    account_id,
)

ZERO = "0x" + "00" * 20


# --------------------------------------------------------------------------------------------------
# cancel
# --------------------------------------------------------------------------------------------------


def test_cancel_voids_up_to_and_including_the_sequence(desk):
    orders = [desk.order(sequence=sequence) for sequence in range(4)]
    desk.fill(orders[0], size=WAD)
    receipt = desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.maker)
    (event,) = receipt.decode_logs(desk.exchange.Cancelled)
    assert (event.account, event.lane, event.sequence) == (desk.maker_account, 7, 2)
    assert event.sender == desk.maker
    assert tuple(desk.exchange.lane_state(desk.maker_account, 7)) == (3, 0)
    for order in orders[:3]:
        with reverts("order lanes: order superseded"):
            desk.fill(order)
    desk.fill(orders[3])


def test_cancel_of_a_part_filled_order(desk):
    order = desk.order(sequence=4)
    desk.fill(order, size=WAD)
    desk.exchange.cancel(order.account, order.lane, 4, sender=desk.maker)
    with reverts("order lanes: order superseded"):
        desk.fill(order, size=WAD)
    desk.fill(desk.order(sequence=5))


def test_cancel_leaves_other_lanes_and_accounts(desk):
    desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.maker)
    desk.fill(desk.order(lane=8))
    desk.fill(desk.order(account=account_id(desk.maker, 1)))


def test_cancel_of_what_is_void_already(desk):
    desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.maker)
    for sequence in (0, 2):
        with reverts("order lanes: order superseded"):
            desk.exchange.cancel(desk.maker_account, 7, sequence, sender=desk.maker)
    desk.exchange.cancel(desk.maker_account, 7, 3, sender=desk.maker)


def test_cancel_can_retire_a_lane(desk):
    for beyond in (MAX_SEQUENCE + 1, MAX_UINT):
        with reverts("order lanes: sequence out of bounds"):
            desk.exchange.cancel(desk.maker_account, 7, beyond, sender=desk.maker)
    desk.exchange.cancel(desk.maker_account, 7, MAX_SEQUENCE, sender=desk.maker)
    with reverts("order lanes: order superseded"):
        desk.fill(desk.order(sequence=MAX_SEQUENCE))
    assert tuple(desk.exchange.lane_state(desk.maker_account, 7)) == (MAX_SEQUENCE + 1, 0)


def test_cancel_by_owner_or_operator_only(desk):
    with reverts("exchange: not authorised"):
        desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.operator)
    desk.ledger.set_permissions(desk.maker_account, desk.operator, WITHDRAW, sender=desk.governor)
    with reverts("exchange: not authorised"):
        desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.operator)
    desk.ledger.set_permissions(desk.maker_account, desk.operator, TRADE, sender=desk.governor)
    receipt = desk.exchange.cancel(desk.maker_account, 7, 2, sender=desk.operator)
    assert receipt.decode_logs(desk.exchange.Cancelled)[0].sender == desk.operator


# --------------------------------------------------------------------------------------------------
# cancel_all, epochs
# --------------------------------------------------------------------------------------------------


def test_cancel_all_voids_every_lane(desk):
    orders = [desk.order(lane=lane, sequence=lane) for lane in range(3)]
    receipt = desk.exchange.cancel_all(desk.maker_account, sender=desk.maker)
    (event,) = receipt.decode_logs(desk.exchange.AllCancelled)
    assert (event.account, event.epoch, event.sender) == (desk.maker_account, 1, desk.maker)
    assert desk.exchange.epochs(desk.maker_account) == 1
    for order in orders:
        with reverts("order lanes: wrong epoch"):
            desk.fill(order)
    desk.fill(replace(orders[0], epoch=1))


def test_cancel_all_keeps_what_was_filled(desk):
    order = desk.order()
    desk.fill(order, size=4 * WAD)
    desk.exchange.cancel_all(order.account, sender=desk.maker)
    renewed = replace(order, epoch=1)
    with reverts("order lanes: order overfilled"):
        desk.fill(renewed, size=6 * WAD + 1)
    desk.fill(renewed, size=6 * WAD)


def test_cancel_all_leaves_other_accounts(desk):
    desk.exchange.cancel_all(desk.maker_account, sender=desk.maker)
    desk.fill(desk.order(account=account_id(desk.maker, 1)))


def test_cancel_all_returns_the_new_epoch(desk):
    assert desk.exchange.cancel_all.call(desk.maker_account, sender=desk.maker) == 1
    desk.exchange.cancel_all(desk.maker_account, sender=desk.maker)
    assert desk.exchange.cancel_all.call(desk.maker_account, sender=desk.maker) == 2


def test_cancel_all_by_owner_or_operator_only(desk):
    with reverts("exchange: not authorised"):
        desk.exchange.cancel_all(desk.maker_account, sender=desk.operator)
    desk.ledger.set_permissions(desk.maker_account, desk.operator, TRADE, sender=desk.governor)
    desk.exchange.cancel_all(desk.maker_account, sender=desk.operator)
    assert desk.exchange.epochs(desk.maker_account) == 1


# --------------------------------------------------------------------------------------------------
# fillable
# --------------------------------------------------------------------------------------------------


def test_fillable_is_what_is_left(desk):
    order = desk.order(size=-10 * WAD)
    assert desk.exchange.fillable(order.as_tuple()) == 10 * WAD
    desk.fill(order, size=4 * WAD)
    assert desk.exchange.fillable(order.as_tuple()) == 6 * WAD
    desk.fill(order, size=6 * WAD)
    assert desk.exchange.fillable(order.as_tuple()) == 0


def test_fillable_of_a_smaller_order_of_the_same_sequence(desk):
    desk.fill(desk.order(), size=5 * WAD)
    assert desk.exchange.fillable(desk.order(size=4 * WAD).as_tuple()) == 0
    assert desk.exchange.fillable(desk.order(size=6 * WAD).as_tuple()) == WAD


def test_fillable_of_void_orders(desk):
    order = desk.order(sequence=1)
    desk.fill(desk.order(sequence=2), size=WAD)
    assert desk.exchange.fillable(order.as_tuple()) == 0
    assert desk.exchange.fillable(replace(order, sequence=2).as_tuple()) == 9 * WAD
    desk.exchange.cancel_all(order.account, sender=desk.maker)
    assert desk.exchange.fillable(replace(order, sequence=2).as_tuple()) == 0
    assert desk.exchange.fillable(replace(order, sequence=2, epoch=1).as_tuple()) == 9 * WAD


def test_fillable_asks_about_the_signer(desk):
    order = desk.order(signer=str(desk.operator))
    assert desk.exchange.fillable(order.as_tuple()) == 0
    desk.ledger.set_permissions(order.account, desk.operator, TRADE, sender=desk.governor)
    assert desk.exchange.fillable(order.as_tuple()) == 10 * WAD
    assert desk.exchange.fillable(desk.order(account=5, signer=ZERO).as_tuple()) == 0


def test_fillable_of_an_expired_order(desk):
    order = desk.order()
    chain.mine(timestamp=order.expiry)
    assert desk.exchange.fillable(order.as_tuple()) == 10 * WAD
    chain.mine(timestamp=order.expiry + 1)
    assert desk.exchange.fillable(order.as_tuple()) == 0
