"""A local Anvil as the demo uses it: batches of requests, a clock, and one block per moment.

Transactions are queued and mined together, each from its sender's own address; nothing but the
clock, the senders' balances of ether and the block gas limit is set by means a real chain lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from eth_abi import decode, encode
from eth_utils import function_signature_to_4byte_selector, keccak, to_checksum_address

GAS = 12_000_000  # of one transaction: above any step of the procedure
BLOCK_GAS_LIMIT = 10**9
ETHER = 10**18
TIMEOUT = 60


class NodeError(Exception):
    """The node refused a request, or a transaction that had to go through reverted."""


@dataclass(frozen=True)
class Log:
    """A decoded event."""

    name: str
    address: str
    time: int
    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """Give fields by name: `log.account`."""
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    def optional(self, name: str) -> int:
        """A number that not every version of the event has: 0 where it is missing."""
        return int(self.fields.get(name, 0))


@dataclass(frozen=True)
class Transaction:
    """A call that waits for its block."""

    sender: str
    to: str
    data: str
    what: str


@dataclass
class Receipt:
    """What became of a transaction."""

    transaction: Transaction
    ok: bool
    logs: list[Log]
    reason: str = ""


class Row:
    """A struct that a view returned; its members by name."""

    def __init__(self, members: dict[str, Any]) -> None:
        """Take the members as attributes."""
        self.__dict__.update(members)


@dataclass
class Contract:
    """An address and an ABI."""

    address: str
    abi: list[dict[str, Any]]
    functions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index functions by name."""
        for entry in self.abi:
            if entry["type"] == "function":
                self.functions.setdefault(entry["name"], []).append(entry)

    def encode(self, function: str, args: Sequence[Any]) -> tuple[str, dict[str, Any]]:
        """Return calldata and the ABI entry of the overload with so many arguments."""
        for entry in self.functions[function]:
            if len(entry["inputs"]) == len(args):
                types = [_type(part) for part in entry["inputs"]]
                signature = f"{function}({','.join(types)})"
                data = function_signature_to_4byte_selector(signature) + encode(types, args)
                return "0x" + data.hex(), entry
        raise NodeError(f"{function} does not take {len(args)} arguments")


@dataclass
class Node:
    """A connection to Anvil."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    events: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    queue: list[Transaction] = field(default_factory=list)
    nonces: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    # Transactions by sender and function.
    sent_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    time: int = 0
    listeners: list[Callable[[Log], None]] = field(default_factory=list)

    def start(self) -> None:
        """Take control of blocks and clock."""
        self.request("evm_setAutomine", False)
        self.request("anvil_autoImpersonateAccount", True)
        self.request("evm_setBlockGasLimit", hex(BLOCK_GAS_LIMIT))
        self.time = int(self.request("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    # Requests -----------------------------------------------------------------------------------

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[dict[str, Any]]:
        """Send several requests at once; return the raw answers in order."""
        if not calls:
            return []
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(calls)
        ]
        response = self.session.post(self.url, json=body, timeout=TIMEOUT)
        response.raise_for_status()
        return sorted(response.json(), key=lambda answer: answer["id"])

    def request(self, method: str, *params: Any) -> Any:
        """Send one request."""
        return _result(self.batch([(method, params)])[0])

    def read_many(self, calls: Sequence[tuple[Contract, str, Sequence[Any]]]) -> list[Any]:
        """Call views in one batch."""
        encoded = [contract.encode(function, args) for contract, function, args in calls]
        answers = self.batch(
            [
                ("eth_call", ({"to": contract.address, "data": data}, "latest"))
                for (contract, _, _), (data, _) in zip(calls, encoded, strict=True)
            ]
        )
        return [
            _decoded(entry["outputs"], _result(answer))
            for (_, entry), answer in zip(encoded, answers, strict=True)
        ]

    def read(self, contract: Contract, function: str, *args: Any) -> Any:
        """Call a view."""
        return self.read_many([(contract, function, args)])[0]

    # Transactions -------------------------------------------------------------------------------

    def give_ether(self, addresses: Sequence[str]) -> None:
        """Let addresses pay for gas."""
        amount = hex(1_000 * ETHER)
        for answer in self.batch([("anvil_setBalance", (a, amount)) for a in addresses]):
            _result(answer)

    def add(self, sender: str, contract: Contract, function: str, *args: Any) -> None:
        """Queue a transaction for the next block."""
        data, _ = contract.encode(function, args)
        self.queue.append(Transaction(sender, contract.address, data, function))

    def mine(self, time: int | None = None, must_pass: bool = False) -> list[Receipt]:
        """Mine the queue in one block at `time`, at least a second after the last one."""
        queue, self.queue = self.queue, []
        self.time = max(self.time + 1, time or 0)
        calls = [("eth_sendTransaction", (self._envelope(t, len(queue) - i),))
                 for i, t in enumerate(queue)]  # fmt: skip
        hashes = [_result(answer) for answer in self.batch(calls)]
        self.request("evm_mine", self.time)
        if not queue:
            return []
        self.sent += len(queue)
        self.sent_by.update((transaction.sender, transaction.what) for transaction in queue)
        found = {r["transactionHash"]: r for r in self.request("eth_getBlockReceipts", "latest")}
        receipts = [
            self._receipt(transaction, found[name])
            for transaction, name in zip(queue, hashes, strict=True)
        ]
        for receipt in receipts:
            if must_pass and not receipt.ok:
                raise NodeError(f"{receipt.transaction.what}: {receipt.reason}")
        return receipts

    def _envelope(self, transaction: Transaction, gas_price: int) -> dict[str, Any]:
        """A transaction as the node takes it. A falling gas price keeps the order of the queue."""
        sender = transaction.sender
        if sender not in self.nonces:
            count = self.request("eth_getTransactionCount", sender, "latest")
            self.nonces[sender] = int(count, 16)
        nonce = self.nonces[sender]
        self.nonces[sender] += 1
        return {
            "from": sender,
            "to": transaction.to,
            "data": transaction.data,
            "nonce": hex(nonce),
            "gas": hex(GAS),
            "gasPrice": hex(gas_price),
        }

    def _receipt(self, transaction: Transaction, raw: dict[str, Any]) -> Receipt:
        ok = raw["status"] == "0x1"
        logs = [log for entry in raw["logs"] if (log := self._log(entry)) is not None]
        for log in logs:
            for listener in self.listeners:
                listener(log)
        return Receipt(transaction, ok, logs, "" if ok else self._reason(transaction))

    def _reason(self, transaction: Transaction) -> str:
        """Ask why a transaction reverted, as of now."""
        call = {"from": transaction.sender, "to": transaction.to, "data": transaction.data}
        answer = self.batch([("eth_call", (call, "latest"))])[0]
        message = str(answer.get("error", {}).get("message", "would go through by now"))
        return message.removeprefix("execution reverted: ")

    # Events -------------------------------------------------------------------------------------

    def know(self, contract: Contract) -> None:
        """Learn to decode a contract's events."""
        for entry in contract.abi:
            if entry["type"] == "event":
                types = ",".join(_type(part) for part in entry["inputs"])
                self.events[keccak(text=f"{entry['name']}({types})")] = entry

    def _log(self, raw: dict[str, Any]) -> Log | None:
        topics = [bytes.fromhex(topic[2:]) for topic in raw["topics"]]
        entry = self.events.get(topics[0]) if topics else None
        if entry is None:
            return None
        indexed = [part for part in entry["inputs"] if part["indexed"]]
        others = [part for part in entry["inputs"] if not part["indexed"]]
        fields = {
            part["name"]: decode([_type(part)], topic)[0]
            for part, topic in zip(indexed, topics[1:], strict=True)
        }
        values = decode([_type(part) for part in others], bytes.fromhex(raw["data"][2:]))
        fields |= {part["name"]: value for part, value in zip(others, values, strict=True)}
        return Log(entry["name"], to_checksum_address(raw["address"]), self.time, fields)


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise NodeError(answer["error"].get("message", str(answer["error"])))
    return answer["result"]


def _type(part: dict[str, Any]) -> str:
    """The canonical type of an ABI part, tuples spelled out."""
    kind = str(part["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type(member) for member in part["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _decoded(outputs: list[dict[str, Any]], data: str) -> Any:
    if len(outputs) == 1 and outputs[0]["type"] == "tuple[]":
        members = outputs[0]["components"]
        if all(_kind(member["type"]) for member in members):
            return _decoded_rows(members, bytes.fromhex(data[2:]))
    values = decode([_type(part) for part in outputs], bytes.fromhex(data[2:]))
    named = [_named(part, value) for part, value in zip(outputs, values, strict=True)]
    return named[0] if len(named) == 1 else tuple(named)


def _kind(name: str) -> str:
    """The family of a type that fills one word and nothing else, or nothing."""
    family = name.rstrip("0123456789")
    return family if family in ("uint", "int", "bool") else ""


def _decoded_rows(members: list[dict[str, Any]], data: bytes) -> list[Row]:
    """Decode an array of structs of numbers, which is most of what is read, word by word."""
    names = [member["name"] for member in members]
    signed = [_kind(member["type"]) == "int" for member in members]
    count = int.from_bytes(data[32:64])
    words = [
        int.from_bytes(data[start : start + 32], signed=signed[place % len(names)])
        for place, start in enumerate(range(64, 64 + count * len(names) * 32, 32))
    ]
    return [
        Row(dict(zip(names, words[start : start + len(names)], strict=True)))
        for start in range(0, len(words), len(names))
    ]


def _named(part: dict[str, Any], value: Any) -> Any:
    """Give structs their member names."""
    if part["type"] == "tuple":
        pairs = zip(part["components"], value, strict=True)
        return Row({member["name"]: _named(member, item) for member, item in pairs})
    if part["type"].startswith("tuple["):
        return [_named({**part, "type": "tuple"}, item) for item in value]
    return list(value) if part["type"].endswith("]") else value
