"""The Exchange: what it is tied to, what it charges, what an order hashes to."""

from __future__ import annotations

import pytest
from ape import chain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkhead.orders import (
    Order,
    order_hash,
    order_typed_data,
    owner_of,
    sign_order,
)
from tests.reverts import reverts
from tests.unit.exchange.helpers import (
    BAND_BPS,
    MAKER_FEE_PPM,
    MARKET,
    MAX_UINT,
    TAKER_FEE_PPM,
)

ZERO = "0x" + "00" * 20
UNKNOWN_MARKET = 99
LEAST_INT = -(2**255)
uints = st.integers(0, MAX_UINT)


# --------------------------------------------------------------------------------------------------
# Constructor
# --------------------------------------------------------------------------------------------------


def test_constructor_ties_the_exchange_to_one_ledger(desk):
    assert desk.exchange.CLEARINGHOUSE() == desk.ledger.address


def test_constructor_refuses_no_clearinghouse(project, accounts):
    with reverts("exchange: no clearinghouse"):
        project.Exchange.deploy(ZERO, sender=accounts[0])


def test_domain_is_published(desk):
    fields, name, version, chain_id, contract, _, extensions = desk.exchange.eip712Domain()
    domain = order_typed_data(desk.order(), chain.chain_id, desk.exchange.address)["domain"]
    assert bytes(fields) == b"\x0f"
    assert domain == {
        "name": name,
        "version": version,
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    assert list(extensions) == []


# --------------------------------------------------------------------------------------------------
# order_hash
# --------------------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------------------
# set_terms, terms
# --------------------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------------------
# The Python package
# --------------------------------------------------------------------------------------------------


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
