"""Exchange.fill: signatures of keys and of contract wallets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ape import chain

from bulkhead.orders import (
    Order,
    order_hash,
)
from tests.reverts import reverts
from tests.unit.exchange.helpers import (
    BAND_BPS,
    ERC1271_MAGIC,
    MAKER_FEE_PPM,
    MARKET,
    TAKER_FEE_PPM,
    TRADE,
    WAD,
    Desk,
    account_id,
    malleable_twin,
    wallet_code,
)

ODD_WALLET = "0x" + "0d" * 20


# --------------------------------------------------------------------------------------------------
# fill: signatures of keys
# --------------------------------------------------------------------------------------------------


def test_fill_refuses_a_signature_of_another(desk):
    order = desk.order()
    with reverts("signatures: invalid signature"):
        desk.fill(order, desk.sign(order, by=desk.stranger))
    desk.fill(order)


def test_fill_refuses_a_signature_for_another_chain(desk):
    order = desk.order()
    with reverts("signatures: invalid signature"):
        desk.fill(order, desk.sign(order, chain_id=chain.chain_id + 1))
    desk.fill(order, desk.sign(order, chain_id=chain.chain_id))


def test_fill_refuses_a_replay_on_another_deployment(project, desk):
    twin = project.Exchange.deploy(desk.ledger, sender=desk.governor)
    twin.set_terms(MARKET, MAKER_FEE_PPM, TAKER_FEE_PPM, BAND_BPS, sender=desk.governor)
    order = desk.order()
    signature = desk.sign(order)
    desk.fill(order, signature)
    with reverts("signatures: invalid signature"):
        twin.fill(*desk.arguments(order, signature), sender=desk.taker)
    twin.fill(*desk.arguments(order, desk.sign(order, exchange=twin)), sender=desk.taker)


def tampered(field: str, order: Order, desk: Desk) -> Order:
    """Return the order with one field changed to another that is good in itself."""
    return replace(
        order,
        **{
            field: {
                "account": account_id(desk.maker, 1),
                "market": 2,
                "size": -order.size,
                "price": order.price + 1,
                "expiry": order.expiry + 1,
                "lane": order.lane + 1,
                "sequence": order.sequence + 1,
                "epoch": order.epoch + 1,
                "taker": desk.taker_account,
                "reduce_only": not order.reduce_only,
                "signer": str(desk.operator),
            }[field]
        },
    )


@pytest.mark.parametrize(
    "field",
    [
        "account",
        "market",
        "size",
        "price",
        "expiry",
        "lane",
        "sequence",
        "epoch",
        "taker",
        "reduce_only",
        "signer",
    ],
)
def test_fill_refuses_a_tampered_field(desk, field):
    # Everything but the signature is made good for the tampered order.
    desk.exchange.set_terms(2, MAKER_FEE_PPM, TAKER_FEE_PPM, BAND_BPS, sender=desk.governor)
    desk.ledger.set_permissions(desk.maker_account, desk.operator, TRADE, sender=desk.governor)
    order = desk.order()
    changed = tampered(field, order, desk)
    signature = desk.sign(order)
    if field == "epoch":
        desk.exchange.cancel_all(desk.maker_account, sender=desk.maker)
    with reverts("signatures: invalid signature"):
        desk.fill(changed, signature)
    by = desk.operator if field == "signer" else desk.maker
    desk.fill(changed, desk.sign(changed, by=by))


def test_fill_refuses_malformed_signatures(desk):
    order = desk.order()
    good = desk.sign(order)
    compact = good[:32] + (int.from_bytes(good[32:64], "big") | (good[64] - 27) << 255).to_bytes(
        32, "big"
    )
    for bad in (
        b"",
        bytes(65),
        b"\xff" * 65,
        good[:64],
        good + b"\x00",
        good[:64] + b"\x00",
        good[:64] + bytes([good[64] - 27]),
        bytes(32) + good[32:],
        good[:32] + bytes(32) + good[64:],
        compact,
        malleable_twin(good),
        good + bytes(1024 - 65),
    ):
        with reverts("signatures: invalid signature"):
            desk.fill(order, bad)
    desk.fill(order, good)


def test_fill_refuses_a_signature_longer_than_any_wallets(desk):
    with reverts():
        desk.fill(desk.order(), bytes(1025))


# --------------------------------------------------------------------------------------------------
# fill: signatures of contract wallets
# --------------------------------------------------------------------------------------------------


def test_fill_of_a_wallets_order(desk, wallet):
    order = desk.order(account=account_id(wallet), signer=str(wallet))
    with reverts("signatures: invalid signature"):
        desk.fill(order, desk.sign(order, by=desk.stranger), size=WAD)
    signature = desk.sign(order, by=desk.maker)
    desk.fill(order, signature, size=WAD)
    wallet.set_owner(desk.stranger, sender=desk.maker)
    with reverts("signatures: invalid signature"):
        desk.fill(order, signature, size=WAD)


def test_fill_of_an_order_signed_by_a_wallet_as_operator(desk, wallet):
    order = desk.order(signer=str(wallet))
    with reverts("exchange: signer not authorised"):
        desk.fill(order, size=WAD)
    desk.ledger.set_permissions(order.account, wallet, TRADE, sender=desk.governor)
    desk.fill(order, size=WAD)


def test_the_key_of_a_wallet_does_not_trade_for_itself(desk, wallet):
    order = desk.order(account=account_id(wallet), signer=str(desk.maker))
    with reverts("exchange: signer not authorised"):
        desk.fill(order)


@pytest.mark.parametrize("length", [0, 1, 65, 130, 1024])
def test_fill_takes_wallet_signatures_of_any_kind(desk, length):
    order = desk.order(account=account_id(ODD_WALLET), signer=ODD_WALLET)
    digest = order_hash(order, chain.chain_id, desk.exchange.address)
    signature = b"\x07" * length
    chain.provider.set_code(ODD_WALLET, wallet_code(digest, signature, ERC1271_MAGIC))
    desk.fill(order, signature, size=WAD)
    with reverts("signatures: invalid signature"):
        desk.fill(order, signature[:-1] if length else b"\x07", size=WAD)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        ERC1271_MAGIC[:4],  # too short to be a word
        ERC1271_MAGIC[:31],
        bytes(32),
        b"\xff" * 32,
        bytes(28) + ERC1271_MAGIC[:4],  # the right bytes at the wrong end
        ERC1271_MAGIC[:31] + b"\x01",
    ],
)
def test_fill_refuses_any_other_answer_of_a_wallet(desk, answer):
    order = desk.order(account=account_id(ODD_WALLET), signer=ODD_WALLET)
    digest = order_hash(order, chain.chain_id, desk.exchange.address)
    chain.provider.set_code(ODD_WALLET, wallet_code(digest, b"\x07", answer))
    with reverts("signatures: invalid signature"):
        desk.fill(order, b"\x07")


def test_the_key_of_an_account_with_code_still_signs(desk):
    # EIP-7702: the account carries code that knows nothing of its key.
    order = desk.order()
    signature = desk.sign(order)
    chain.provider.set_code(desk.maker.address, wallet_code(bytes(32), b"", ERC1271_MAGIC))
    desk.fill(order, signature, size=WAD)
    with reverts("signatures: invalid signature"):
        desk.fill(order, malleable_twin(signature), size=WAD)


def test_nobody_signs_for_the_zero_address(desk):
    """Which is what a recovery that fails yields: not even where it was made an operator."""
    zero = "0x" + "00" * 20
    order = desk.order(signer=zero)
    desk.ledger.set_permissions(order.account, zero, TRADE, sender=desk.governor)
    with reverts("signatures: invalid signature"):
        desk.fill(order, bytes(65))
