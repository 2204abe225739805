"""Exchange.order_hash: what an order hashes to, and who signs it."""

from __future__ import annotations

import pytest
from ape import chain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkhead.books import Order, order_hash, owner_of, sign_order
from tests.unit.exchange.helpers import MAX_UINT

LEAST_INT = -(2**255)
uints = st.integers(0, MAX_UINT)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    numbers=st.lists(uints, min_size=8, max_size=8),
    size=st.integers(LEAST_INT, 2**255 - 1),
    reduce_only=st.booleans(),
    signer=st.binary(min_size=20, max_size=20),
)
def test_order_hash_is_the_one_of_the_python_package(desk, numbers, size, reduce_only, signer):
    account, market, price, expiry, lane, sequence, epoch, taker = numbers
    order = Order(
        account=account,
        market=market,
        size=size,
        price=price,
        expiry=expiry,
        lane=lane,
        sequence=sequence,
        epoch=epoch,
        taker=taker,
        reduce_only=reduce_only,
        signer="0x" + signer.hex(),
    )
    expected = order_hash(order, chain.chain_id, desk.exchange.address)
    assert bytes(desk.exchange.order_hash(order.as_tuple())) == expected


def test_owner_of_an_account(desk):
    assert owner_of(desk.maker_account) == desk.maker.address


@pytest.mark.node
def test_sign_order_takes_keys_and_accounts(desk):
    from eth_account import Account

    order = desk.order()
    key = desk.maker.private_key
    where = (chain.chain_id, desk.exchange.address)
    signature = sign_order(order, key, *where)
    assert signature == sign_order(order, Account.from_key(key), *where)
    assert len(signature) == 65
    desk.fill(order, signature)
