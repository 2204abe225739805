"""Refused calls, asked of the chain without a transaction: exact, and a hundred times faster.

Ape answers a revert with a trace of the transaction and a search through all of its accounts, about
a second each. Here a call that is expected to fail goes out as `eth_call` on the pending block, at
the time and on the state that a transaction would meet, and the reason is compared letter by
letter. Four forms:

    with reverts("sides: unknown market"):         # in place of ape.reverts
        clearinghouse.accrue_funding(9, sender=keeper)

    assert_reverts("sides: unknown market", clearinghouse.accrue_funding, 9, sender=keeper)

    assert_passes(clearinghouse.accrue_funding, 1, sender=keeper)   # the neighbour that is allowed

    assert_refused(                                 # also sends it: no storage may have changed
        "sides: unknown market", [clearinghouse], clearinghouse.accrue_funding, 9, sender=keeper
    )

`reverts()` without a reason means: reverts and gives none, as Vyper does on overflow, on a bad
argument and on a taken lock. Calls inside `reverts` that do not fail are sent as usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any
from unittest.mock import patch

from ape import chain
from ape.api import AccountAPI
from ape.api.accounts import ImpersonatedAccount
from ape_ethereum.provider import Web3Provider
from eth_abi import decode

ERROR_STRING = bytes.fromhex("08c379a0")  # selector of Error(string)
NO_REASON = ""
BLOCK_GAS = 30_000_000
RECEIPT_POLL = 0.002  # seconds


class Reverted(Exception):
    """A call that the chain refused.

    Attributes:
        reason: What Error(string) says; empty when nothing was returned.
    """

    def __init__(self, data: bytes) -> None:
        """Decode what the call returned."""
        self.reason = NO_REASON
        if data[:4] == ERROR_STRING:
            (self.reason,) = decode(["string"], data[4:])
        elif data:
            self.reason = f"0x{data.hex()}"
        super().__init__(self.reason or "no reason")


def dry_run(
    target: str | None,
    data: bytes,
    sender: Any = None,
    value: int = 0,
    gas: int = BLOCK_GAS,
    block: str = "pending",
) -> bytes:
    """Run a call on a block without a transaction; return its output or raise `Reverted`."""
    call = {"data": "0x" + bytes(data).hex(), "value": hex(value), "gas": hex(gas)}
    if target is not None:
        call["to"] = str(target)
    if sender is not None:
        call["from"] = str(getattr(sender, "address", sender))
    answer = chain.provider.web3.provider.make_request("eth_call", [call, block])
    if "error" not in answer:
        return bytes.fromhex(answer["result"].removeprefix("0x"))
    error = answer["error"]
    # Running out of gas or an invalid opcode is no refusal: those have other messages.
    if not error["message"].startswith("execution reverted"):
        raise RuntimeError(f"eth_call failed: {error}")
    raise Reverted(bytes.fromhex((error.get("data") or "0x").removeprefix("0x")))


def assert_reverts(
    reason: str, function: Any, *args: Any, sender: Any = None, value: int = 0
) -> None:
    """Assert that a contract function refuses these arguments, with exactly this reason."""
    with _expecting(reason):
        dry_run(function.contract.address, function.encode_input(*args), sender, value)


def assert_passes(function: Any, *args: Any, sender: Any = None, value: int = 0) -> bytes:
    """Assert that a contract function takes these arguments; return its output. Nothing is sent."""
    try:
        return dry_run(function.contract.address, function.encode_input(*args), sender, value)
    except Reverted as refused:
        raise AssertionError(f"reverted with {refused.reason!r}, should have passed") from refused


def assert_refused(
    reason: str, contracts: Iterable[Any], function: Any, *args: Any, sender: Any
) -> None:
    """Assert a refusal as `assert_reverts` does, then send it and see that no storage changes.

    Sending mines a block, so time moves on. The sender must be one of Anvil's own accounts or be
    impersonated.
    """
    assert_reverts(reason, function, *args, sender=sender)
    before = storage_roots(contracts)
    assert send(function, *args, sender=sender)["status"] == "0x0", "passed once it was sent"
    assert storage_roots(contracts) == before, "a refused call changed storage"


def storage_roots(contracts: Iterable[Any]) -> list[str]:
    """Return the roots of the contracts' storage: equal exactly when no slot differs."""
    return [
        _request("eth_getProof", str(contract.address), [], "latest")["storageHash"]
        for contract in contracts
    ]


def send(function: Any, *args: Any, sender: Any) -> dict[str, Any]:
    """Send a transaction past Ape, whether it reverts or not; return its raw receipt."""
    transaction = _request(
        "eth_sendTransaction",
        {
            "from": str(getattr(sender, "address", sender)),
            "to": str(function.contract.address),
            "data": "0x" + bytes(function.encode_input(*args)).hex(),
            "gas": hex(BLOCK_GAS // 2),
        },
    )
    while (receipt := _request("eth_getTransactionReceipt", transaction)) is None:
        sleep(RECEIPT_POLL)
    return receipt


def _request(method: str, *parameters: Any) -> Any:
    answer = chain.provider.web3.provider.make_request(method, list(parameters))
    if "error" in answer:
        raise RuntimeError(f"{method} failed: {answer['error']}")
    return answer["result"]


@contextmanager
def reverts(reason: str = NO_REASON) -> Iterator[None]:
    """Expect a call or a deployment in this block to revert with exactly this reason."""
    with _expecting(reason), _dry_runs_first():
        yield


@contextmanager
def _expecting(reason: str) -> Iterator[None]:
    try:
        yield
    except Reverted as refused:
        if refused.reason != reason:
            raise AssertionError(f"reverted with {refused.reason!r}, not {reason!r}") from refused
        return
    raise AssertionError(f"nothing reverted, should have with {reason!r}")


@contextmanager
def _dry_runs_first() -> Iterator[None]:
    send, send_impersonated = AccountAPI.call, ImpersonatedAccount.call
    view = Web3Provider.send_call

    def rehearse(sender: Any, transaction: Any, block: str = "pending") -> None:
        gas = min(transaction.gas_limit or BLOCK_GAS, BLOCK_GAS)
        value = transaction.value or 0
        dry_run(transaction.receiver, transaction.data, sender, value, gas, block)

    def call(self: Any, transaction: Any, *args: Any, **kwargs: Any) -> Any:
        rehearse(self, transaction)
        return send(self, transaction, *args, **kwargs)

    def call_impersonated(self: Any, transaction: Any, *args: Any, **kwargs: Any) -> Any:
        rehearse(self, transaction)
        return send_impersonated(self, transaction, *args, **kwargs)

    def send_call(self: Any, transaction: Any, *args: Any, **kwargs: Any) -> Any:
        rehearse(transaction.sender, transaction, "latest")
        return view(self, transaction, *args, **kwargs)

    with (
        patch.object(AccountAPI, "call", call),
        patch.object(ImpersonatedAccount, "call", call_impersonated),
        patch.object(Web3Provider, "send_call", send_call),
    ):
        yield
