"""Exchange.cancel: a lane's orders up to a sequence are void."""

from __future__ import annotations

from bulkhead.books import MAX_SEQUENCE
from tests.unit.exchange.helpers import MAX_UINT, TRADE, WAD, WITHDRAW, account_id
from verification.engine.reverts import reverts


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
