"""What the unit tests of the Exchange share: a desk with a maker, a taker and a signed order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ape import chain
from ape.api import ReceiptAPI, TestAccountAPI
from ape.contracts import ContractInstance
from eth_abi import encode
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from bulkhead.books import OWNER_SHIFT, Order, sign_order

WAD = 10**18
MARK = 3_000 * WAD
MARKET = 1
CROSS = 2
MODE_SHIFT = 88
TRADE = 1
WITHDRAW = 2
MAKER_FEE_PPM = 200
TAKER_FEE_PPM = 500
BAND_BPS = 500
BPS = 10_000
PPM = 1_000_000
MAX_UINT = 2**256 - 1
HOUR = 3_600
ERC1271_MAGIC = bytes.fromhex("1626ba7e") + bytes(28)

# Order of the secp256k1 group: `s` and `_CURVE_ORDER - s` sign the same message.
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def account_id(owner: Any, index: int = 0) -> int:
    """Return the id of the owner's cross-margin account number `index`."""
    return (int(str(owner), 16) << OWNER_SHIFT) | (CROSS << MODE_SHIFT) | index


def fee_up(size: int, price: int, fee_ppm: int) -> int:
    """Return a fee in WAD of cash, rounded up; the reference for the contract."""
    return -(-abs(size) * price * fee_ppm // (WAD * PPM))


def malleable_twin(signature: bytes) -> bytes:
    """Return the other signature of the same message and key: upper half `s`, flipped `v`."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return r + (_CURVE_ORDER - s).to_bytes(32, "big") + bytes([27 + 28 - v])


def wallet_code(digest: bytes, signature: bytes, answer: bytes) -> bytes:
    """Return the code of a contract wallet that knows one ERC-1271 question and its answer.

    Written by hand because no compiler returns 4 bytes: it reverts unless the calldata is exactly
    `isValidSignature(digest, signature)`, and then returns `answer` as it stands, 32 bytes at most.
    """
    question = ERC1271_MAGIC[:4] + encode(["bytes32", "bytes"], [digest, signature])
    return (
        bytes.fromhex("365f5f37365f207f")  # calldatacopy all; keccak256; push32
        + keccak(question)
        + bytes.fromhex("14602f575f5ffd5b7f")  # eq; jump past the revert; push32
        + answer.ljust(32, b"\x00")
        + bytes.fromhex("5f5260")  # mstore; push1
        + bytes([len(answer)])
        + bytes.fromhex("5ff3")  # return
    )


@dataclass
class Desk:
    """An Exchange on a ledger double, with the actors of a trade and short names for the usual."""

    exchange: ContractInstance
    ledger: ContractInstance
    governor: TestAccountAPI
    maker: TestAccountAPI
    taker: TestAccountAPI
    operator: TestAccountAPI
    stranger: TestAccountAPI

    @property
    def maker_account(self) -> int:
        return account_id(self.maker)

    @property
    def taker_account(self) -> int:
        return account_id(self.taker)

    def order(self, **fields: Any) -> Order:
        """Return the maker's offer to buy 10 at mark within the hour, with `fields` changed."""
        usual = Order(
            account=self.maker_account,
            market=MARKET,
            size=10 * WAD,
            price=MARK,
            expiry=chain.pending_timestamp + HOUR,
            lane=7,
            signer=str(self.maker),
        )
        return replace(usual, **fields)

    def sign(
        self,
        order: Order,
        by: TestAccountAPI | LocalAccount | None = None,
        *,
        chain_id: int | None = None,
        exchange: Any = None,
    ) -> bytes:
        """Sign for this chain and Exchange, by the maker unless told otherwise."""
        return sign_order(
            order,
            (by or self.maker).private_key,
            chain_id or chain.chain_id,
            str(exchange or self.exchange.address),
        )

    def arguments(self, order: Order, signature: bytes | None = None, **changes: Any) -> list[Any]:
        """Return the arguments of `fill` for the whole order at any price, with changes."""
        usual = {
            "size": min(abs(order.size), MAX_UINT),
            "taker_account": self.taker_account,
            "limit_price": 0 if order.size > 0 else MAX_UINT,
            "deadline": MAX_UINT,
            "reduce_only": False,
            "min_size": MAX_UINT,
        }
        assert changes.keys() <= usual.keys()
        signed = self.sign(order) if signature is None else signature
        return [order.as_tuple(), signed, *(usual | changes).values()]

    def fill(
        self,
        order: Order,
        signature: bytes | None = None,
        sender: TestAccountAPI | None = None,
        **changes: Any,
    ) -> ReceiptAPI:
        """Send the fill, from the taker unless told otherwise."""
        return self.exchange.fill(
            *self.arguments(order, signature, **changes), sender=sender or self.taker
        )
