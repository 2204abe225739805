"""Orders of the Exchange: build, hash and sign them off-chain.

A maker signs an `Order` as EIP-712 typed data; a taker hands order and signature to
`Exchange.fill`. The hash here and `Exchange.order_hash` are the same number, which the tests hold.

    order = Order(account=..., market=1, size=-2 * WAD, price=3_000 * WAD, expiry=..., signer=...)
    signature = sign_order(order, private_key, chain_id, exchange)
    exchange.fill(order.as_tuple(), signature, ...)
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, Final

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils import keccak, to_checksum_address

DOMAIN_NAME: Final = "Bulkhead Exchange"
DOMAIN_VERSION: Final = "1"

# Name and type of every field, in the order of the contract's struct. The type hash depends on it.
ORDER_FIELDS: Final = (
    ("account", "uint256"),
    ("market", "uint256"),
    ("size", "int256"),
    ("price", "uint256"),
    ("expiry", "uint256"),
    ("lane", "uint256"),
    ("sequence", "uint256"),
    ("epoch", "uint256"),
    ("taker", "uint256"),
    ("reduce_only", "bool"),
    ("signer", "address"),
)

# What the Exchange accepts: base and cash per base in WAD, and a place in a lane.
MAX_SIZE: Final = 2**120 - 1
MAX_PRICE: Final = 2**120 - 1
MAX_SEQUENCE: Final = 2**64 - 2

# The upper 160 bits of an account id are its owner.
OWNER_SHIFT: Final = 96


@dataclass(frozen=True, kw_only=True)
class Order:
    """A maker's offer, field by field what the contract's `Order` is.

    Nothing is checked here: the Exchange judges an order, and tests must be able to build bad ones.

    Attributes:
        account: Maker account id.
        market: Market id.
        size: Base, WAD; the maker buys when positive, sells when negative.
        price: Cash per unit of base, WAD; the exact price of every fill.
        expiry: Last second at which the order may be filled, unix seconds.
        signer: Who signs: the owner of `account`, or an operator of theirs with TRADE.
        lane: The maker's order slot, any number; it holds one sequence at a time.
        sequence: Place in the lane; filling a higher one voids every lower one. Two orders of one
            lane and sequence share one allowance.
        epoch: Must equal `Exchange.epochs(account)`, which `cancel_all` raises.
        taker: The only account that may fill; 0 means any.
        reduce_only: Whether the maker's position may only shrink.
    """

    account: int
    market: int
    size: int
    price: int
    expiry: int
    lane: int = 0
    sequence: int = 0
    epoch: int = 0
    taker: int = 0
    reduce_only: bool = False
    signer: str

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the fields in the order of the contract's struct, as contract calls take them."""
        return astuple(self)


def owner_of(account: int) -> str:
    """Return the checksummed address of an account's owner."""
    return to_checksum_address((account >> OWNER_SHIFT).to_bytes(20, "big"))


def order_typed_data(order: Order, chain_id: int, exchange: str) -> dict[str, Any]:
    """Return an order as EIP-712 typed data, the JSON that wallets show and sign.

    Args:
        order: The order.
        chain_id: EIP-155 id of the chain that the Exchange is on.
        exchange: Address of the Exchange.
    """
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Order": [{"name": name, "type": kind} for name, kind in ORDER_FIELDS],
        },
        "primaryType": "Order",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": exchange,
        },
        "message": {name: getattr(order, name) for name, _ in ORDER_FIELDS},
    }


def order_hash(order: Order, chain_id: int, exchange: str) -> bytes:
    """Return the 32 bytes that are signed, equal to `Exchange.order_hash`.

    Args:
        order: The order.
        chain_id: EIP-155 id of the chain that the Exchange is on.
        exchange: Address of the Exchange.
    """
    message = _signable(order, chain_id, exchange)
    return keccak(b"\x19" + message.version + message.header + message.body)


def sign_order(
    order: Order, signer: LocalAccount | str | bytes, chain_id: int, exchange: str
) -> bytes:
    """Sign an order with a key and return the signature as the Exchange takes it.

    The key should be the one of `order.signer`; that is not checked, because a contract wallet may
    name itself as signer and accept the signature of one of its keys.

    Args:
        order: The order.
        signer: An `eth_account` account, or a private key as bytes or hex.
        chain_id: EIP-155 id of the chain that the Exchange is on.
        exchange: Address of the Exchange.

    Returns:
        65 bytes: r, s (lower half), v (27 or 28).
    """
    account = signer if isinstance(signer, LocalAccount) else Account.from_key(signer)
    return bytes(account.sign_message(_signable(order, chain_id, exchange)).signature)


def _signable(order: Order, chain_id: int, exchange: str) -> SignableMessage:
    return encode_typed_data(full_message=order_typed_data(order, chain_id, exchange))
