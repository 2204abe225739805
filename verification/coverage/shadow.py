"""An EVM in process that does again what Anvil is asked to do, on the instrumented code.

Every request that Ape sends to a node is answered by the node; transactions, calls, snapshots and
changes of storage are then repeated here, at the same time and from the same sender, so that tests
on Anvil count as those in process do. What the two engines do must agree: success, answer, logs.
Only a call that is given little gas is repeated without being compared, since markers cost gas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any

import pyrevm
from eth_utils import to_checksum_address

from verification.engine.evm import EVM_VERSION, Artefacts

Request = Callable[[str, list[Any]], dict[str, Any]]
RICH = 10**30  # wei
POLL = 0.002  # seconds
CREATE_EMPTY = b""
ENOUGH_GAS = 10**7  # for any call, with markers


class Shadow:
    """What one node's chain would be with the instrumented contracts.

    Attributes:
        evm: The engine.
        counts: Transactions and calls that were repeated.
        disagreements: One line each, for what the engines did not do alike.
    """

    def __init__(self, ask: Request, plain: Artefacts, instrumented: Any) -> None:
        """Begin where the node begins: with nothing deployed."""
        self.ask = ask
        self.counts: Counter[str] = Counter()
        self.disagreements: list[str] = []
        chain_id = int(ask("eth_chainId", [])["result"], 16)
        limits = pyrevm.CfgEnv(chain_id=chain_id, limit_contract_code_size=instrumented.code_limit)
        self.evm = pyrevm.EVM(pyrevm.Env(cfg=limits), spec_id=EVM_VERSION.upper())
        self.replaced = {plain.of(name)[1]: instrumented.of(name)[1] for name in instrumented.names}
        self.snapshots: dict[str, Any] = {}
        self.mines_at_once = True
        self.waiting: list[str] = []

    def follow(self, method: str, params: list[Any], answer: dict[str, Any]) -> None:
        """Repeat what the node has just done."""
        if method in ("eth_sendTransaction", "eth_sendRawTransaction") and "result" in answer:
            self.waiting.append(answer["result"])
            if self.mines_at_once:
                self._mined()
        elif method == "evm_setAutomine":
            self.mines_at_once = params[0]
        elif method == "evm_mine":
            self._mined()
        elif method == "eth_call":
            self._call(*params[:2], answer=answer)
        elif method == "evm_snapshot":
            self.snapshots[answer["result"]] = self.evm.snapshot()
        elif method == "evm_revert" and answer.get("result"):
            self.evm.revert(self.snapshots.pop(params[0]))
        elif method == "anvil_setStorageAt":
            address, slot, value = params
            self.evm.insert_account_storage(address, int(str(slot), 16), int(value, 16))

    def _mined(self) -> None:
        """Repeat the transactions that are in a block now, in their order."""
        receipts = [self._receipt(number) for number in self.waiting]
        self.waiting = []
        for receipt in sorted(receipts, key=_position):
            self._transaction(receipt)

    def _receipt(self, number: str) -> dict[str, Any]:
        while (receipt := self.ask("eth_getTransactionReceipt", [number])["result"]) is None:
            sleep(POLL)
        return receipt

    def _transaction(self, receipt: dict[str, Any]) -> None:
        number = receipt["transactionHash"]
        sent = self.ask("eth_getTransactionByHash", [number])["result"]
        self._at(receipt["blockNumber"])
        sender = to_checksum_address(sent["from"])
        data = bytes.fromhex(sent["input"][2:])
        value = int(sent["value"], 16)
        if value:
            self.evm.set_balance(sender, RICH)
        self.counts["transactions"] += 1
        try:
            if sent["to"] is None:
                address = self.evm.deploy(sender, self._instrumented(data))
                same = address.lower() == receipt["contractAddress"].lower()
            else:
                with self._codeless(sender):
                    self.evm.message_call(sender, to_checksum_address(sent["to"]), data, value)
                same = True
            same &= receipt["status"] == "0x1" and self._logs() == _logs_of(receipt)
        except RuntimeError:
            same = receipt["status"] == "0x0"
        self.evm.reset_transient_storage()
        if sent["to"] is not None and not self.evm.get_code(sender):
            self.evm.deploy(sender, CREATE_EMPTY)  # the sender's nonce moves as on the node
        if not same:
            self.disagreements.append(f"transaction {sent['input'][:10]} to {sent['to']}")

    def _call(self, call: dict[str, Any], block: Any = "latest", *, answer: Any) -> None:
        if call.get("to") is None:
            self._deployment_call(call, block)
            return
        self._at(block)
        sender = to_checksum_address(call.get("from") or "0x" + "00" * 20)
        data = bytes.fromhex((call.get("data") or call.get("input") or "").removeprefix("0x"))
        gas = int(call["gas"], 16) if "gas" in call else None
        before = self.evm.snapshot()
        self.counts["calls"] += 1
        try:
            with self._codeless(sender):
                to = to_checksum_address(call["to"])
                output = self.evm.message_call(sender, to, data, gas=gas)
            same = answer.get("result") == "0x" + bytes(output).hex()
        except RuntimeError:
            same = "error" in answer
        self.evm.revert(before)
        self.evm.reset_transient_storage()
        if not same and (gas is None or gas >= ENOUGH_GAS):
            self.disagreements.append(f"call {data[:4].hex()} to {call['to']}")

    def _deployment_call(self, call: dict[str, Any], block: Any) -> None:
        self._at(block)
        data = bytes.fromhex((call.get("data") or call.get("input")).removeprefix("0x"))
        before = self.evm.snapshot()
        with suppress(RuntimeError):  # what it reached is on record either way
            self.evm.deploy(to_checksum_address(call["from"]), self._instrumented(data))
        self.evm.revert(before)

    @contextmanager
    def _codeless(self, sender: str) -> Iterator[None]:
        """Take an impersonated contract's code away: the engine takes no transactions of it."""
        if not (code := self.evm.get_code(sender)):
            yield
            return
        self._put_code(sender, b"")
        try:
            yield
        finally:
            self._put_code(sender, bytes(code))

    def _put_code(self, address: str, code: bytes) -> None:
        known = self.evm.basic(address)
        made = pyrevm.AccountInfo(balance=known.balance, nonce=known.nonce, code=code)
        self.evm.insert_account_info(address, made)

    def _instrumented(self, code: bytes) -> bytes:
        for plain, instrumented in self.replaced.items():
            if code.startswith(plain):
                return instrumented + code[len(plain) :]
        return code

    def _at(self, block: Any) -> None:
        found = self.ask("eth_getBlockByNumber", [block, False])["result"]
        number, time = int(found["number"], 16), int(found["timestamp"], 16)
        self.evm.set_block_env(pyrevm.BlockEnv(number=number, timestamp=time))

    def _logs(self) -> list[tuple[str, list[str], str]]:
        logs = []
        for log in self.evm.result.logs:
            topics, data = log.data
            logs.append((log.address.lower(), [_hex(t) for t in topics], _hex(data)))
        return logs


def _position(receipt: dict[str, Any]) -> tuple[int, int]:
    """Return block and place in it."""
    return int(receipt["blockNumber"], 16), int(receipt["transactionIndex"], 16)


def _logs_of(receipt: dict[str, Any]) -> list[tuple[str, list[str], str]]:
    return [(log["address"].lower(), log["topics"], log["data"]) for log in receipt["logs"]]


def _hex(data: bytes) -> str:
    return "0x" + bytes(data).hex()
