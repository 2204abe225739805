"""Exchange.fillable: what is left of an order."""

from __future__ import annotations

from dataclasses import replace

from ape import chain

from tests.unit.exchange.helpers import TRADE, WAD

ZERO = "0x" + "00" * 20


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
