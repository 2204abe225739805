"""Exchange.cancel_all: every order of an account is void."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.exchange.helpers import TRADE, WAD, account_id
from verification.engine.reverts import reverts


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
