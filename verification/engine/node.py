"""Ape's `chain`, `accounts` and `project` on the EVM in process, so that no test needs a node.

The unit tests are written against Ape and Anvil. Here the same tests act on
`verification.engine.evm`, at many
times the speed: in `make test`, and thousands of times in mutation testing. As on Anvil every
transaction has a block of its own, a second after the one before. The few tests that need more of a
node than this (they measure gas or build blocks) are marked `node`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any

import ape
import pyrevm
import pytest

from verification.engine import evm, reverts
from verification.engine import world as tests_world
from verification.engine.abi import checksummed, encoder_of, named, struct_of
from verification.engine.evm import (
    ADMIN,
    Contract,
    Event,
    Function,
    Person,
    PyrevmChain,
    Receipt,
    Reverted,
)
from verification.engine.people import People, admin_of
from verification.engine.world import World

FIRST_PERSON = 1_000
EMPTY = b"\0"  # the engine's idea of an account without code
PEOPLE = 60  # as in ape-config.yaml


def _plain(value: Any) -> Any:
    """Return the address of a person or a contract, anything else as it is."""
    return str(value.address) if hasattr(value, "address") else value


class NodeReceipt(Receipt):
    """A receipt that also knows when it was."""

    def __init__(self, receipt: Receipt, chain: NodeChain) -> None:
        """Note the time of the chain's last block."""
        super().__init__(receipt._form, receipt._answer, receipt.raw_logs)
        self.timestamp, self.chain = chain.head, chain

    @property
    def events(self) -> NodeEvents:
        """Every event of a known contract, decoded."""
        return NodeEvents(self.filter, self._decoded())

    def decode_logs(self, event: Event) -> list[Any]:
        """Return the events of a kind, of any contract."""
        logs = [log for log in self.logs if log[1] and log[1][0] == event.topic]
        return [event.read(topics, data) for _, topics, data in logs]

    def _decoded(self) -> Iterator[Any]:
        for address, topics, data in self.logs:
            for event in self.chain.known[address].events():
                if topics and topics[0] == event.topic:
                    yield event.read(topics, data)


class NodeEvents(list):
    """Events in the order of their logs."""

    def __init__(self, choose: Callable[[Event], list[Any]], events: Iterator[Any]) -> None:
        """Keep the events and how to choose among them."""
        super().__init__(events)
        self.filter = choose


@cache
def _with_name(struct: type, name: str) -> Any:
    """Return the type of a struct with the name of an event."""
    return type("Struct", (struct,), {"event_name": name})


class NodeEvent(Event):
    """An event that can be made up, to compare with, and whose logs know its name."""

    def __init__(self, contract: Contract, entry: dict[str, Any]) -> None:
        """Note the name too."""
        super().__init__(contract, entry)
        self.name = entry["name"]

    def read(self, topics: list[bytes], data: bytes) -> Any:
        """Decode a log."""
        return _with_name(type(plain := super().read(topics, data)), self.name)(*plain)

    def __call__(self, **values: Any) -> Any:
        """Return the struct that `read` would return."""
        return struct_of(self.names)(**{name: _plain(value) for name, value in values.items()})


def _listed(entry: dict[str, Any], value: Any) -> Any:
    """Return an array as the list that Ape makes of it, with structs' fields by name."""
    if not entry["type"].endswith("]"):
        return value
    inner = entry | {"type": entry["type"].rpartition("[")[0]}
    return [_listed(inner, named(inner, part)) for part in value]


class NodeFunction(Function):
    """A function whose receipts have a time, and that can be tried without sending."""

    def __init__(self, contract: Contract, entries: list[dict[str, Any]]) -> None:
        """Note the types of answers too."""
        super().__init__(contract, entries)
        self.outputs = {len(entry["inputs"]): entry["outputs"] for entry in entries}

    def __call__(self, *args: Any, sender: Any = ADMIN) -> Any:
        """Call it as `Function` does."""
        result = super().__call__(*args, sender=sender)
        if isinstance(result, Receipt):
            return NodeReceipt(result, self.contract.chain)
        outputs = self.outputs[len(args)]
        if len(outputs) == 1:
            return _listed(outputs[0], result)
        return tuple(map(_listed, outputs, result))

    def call(self, *args: Any, sender: Any = ADMIN) -> Any:
        """Return what a transaction would return."""
        chain = self.contract.chain
        with chain.rehearsal():
            answer = self(*args, sender=sender)
        return answer.return_value if isinstance(answer, Receipt) else answer


class ByAddress:
    """What is its address when it is compared, hashed or printed."""

    address: str

    def __eq__(self, other: object) -> bool:
        """Compare addresses."""
        return str(getattr(other, "address", other)).lower() == self.address.lower()

    def __hash__(self) -> int:
        """Agree with `__eq__`."""
        return hash(self.address.lower())

    def __str__(self) -> str:
        """Be the address in arithmetic and in messages."""
        return self.address


class NodeContract(ByAddress, Contract):
    """A handle that equals its address, as Ape's do."""

    def __init__(self, chain: NodeChain, address: str, abi: list[dict[str, Any]]) -> None:
        """Attach an interface to an address; the chain knows it from now on."""
        super().__init__(chain, address, abi)
        if len(abi) >= len(chain.known.get(self.address, self).abi):
            chain.known[self.address] = self

    def events(self) -> list[NodeEvent]:
        """Return the kinds of events it knows."""
        return [NodeEvent(self, entry) for entry in self.abi if entry["type"] == "event"]

    def __getattr__(self, name: str) -> Any:
        """Give functions with receipts that have a time."""
        made = super().__getattr__(name)
        entries = [entry for entry in self.abi if entry.get("name") == name]
        made = (
            NodeFunction(self, entries) if type(made) is Function else NodeEvent(self, entries[0])
        )
        setattr(self, name, made)
        return made


class Signer(ByAddress, Person):
    """An account of Ape's: it deploys, and equals its address."""

    def deploy(self, container: Container, *args: Any) -> NodeContract:
        """Deploy a contract of the project."""
        return container.deploy(*args, sender=self)


class NodeChain(PyrevmChain):
    """The chain in process with a node's clock."""

    head = evm.FIRST_TIME
    rehearsing = False

    def __init__(self) -> None:
        """Start an empty chain."""
        self.known: dict[str, NodeContract] = {}
        self.given_code: list[str] = []
        self.deployed: list[str] = []
        super().__init__()
        self.blocks = SimpleNamespace(head=_Head(self))
        self.provider = _Provider(self)

    def deploy(self, name: str, *args: Any, sender: Any = ADMIN) -> NodeContract:
        """Deploy a contract of the project."""
        abi, code = self.artefacts.of(name)
        inputs = next((e["inputs"] for e in abi if e["type"] == "constructor"), [])
        code += encoder_of(inputs)(args)
        self._show(self.pending_timestamp)
        address = self._run(lambda: self.evm.deploy(_plain(sender), code))
        self.deployed.append(address)
        self._tick()
        return NodeContract(self, address, abi)

    def attach(self, name: str, address: str) -> NodeContract:
        """Return a handle of a contract that is there already."""
        return NodeContract(self, address, self.artefacts.of(name)[0])

    def combine(self, contract: Contract, *names: str) -> NodeContract:
        """Return a handle that also knows the functions and events of other contracts."""
        combined = super().combine(contract, *names)
        return NodeContract(self, combined.address, combined.abi)

    def call(self, sender: str, to: str, data: bytes, is_view: bool, value: int = 0) -> bytes:
        """Run calldata: a view on the last block, anything else in a block of its own."""
        self._show(self.head if is_view else self.pending_timestamp)
        code = self.evm.basic(sender).code
        code = None if code == EMPTY else code
        if code:  # an impersonated contract, from which the engine takes no transactions
            self._put_code(sender, b"")
        try:
            answer = super().call(sender, to, data, is_view, value)
        finally:
            if code:
                self._put_code(sender, code)
        if not is_view:
            self._tick()
        return answer

    def mine(self, deltatime: int | None = None, timestamp: int | None = None) -> None:
        """Mine a block, by default a second after the last."""
        if timestamp is not None:
            self.head = timestamp
        elif deltatime is not None and "head" in self.__dict__:
            self.head += deltatime
        else:
            self.head = self.pending_timestamp
        self.pending_timestamp = self.head + 1

    def snapshot(self) -> tuple[Any, int, int, int]:
        """Remember this state."""
        return self.evm.snapshot(), self.pending_timestamp, self.head, len(self.deployed)

    def restore(self, snapshot: tuple[Any, int, int, int]) -> None:
        """Go back to a state; the snapshot is used up, take a new one to come back again."""
        checkpoint, self.pending_timestamp, self.head, count = snapshot
        self.evm.revert(checkpoint)
        # The engine does not undo code that was put somewhere, be it where a contract had been.
        gone, self.deployed[count:] = self.deployed[count:], []
        for address in gone:
            self.evm.insert_account_info(address, pyrevm.AccountInfo())
            self.known.pop(checksummed(address), None)  # another contract may come to be there
        while self.given_code and not self.rehearsing:  # its transactions count, code or not
            self._put_code(self.given_code.pop(), b"")

    def dry_run(self, target: str | None, data: bytes, sender: Any = None, *_: Any) -> bytes:
        """Stand in for `reverts.dry_run`."""
        del _
        with self.rehearsal():
            return self.call(_plain(sender or ADMIN), _plain(target), bytes(data), False)

    def rehearsal(self) -> _Rehearsal:
        """Undo what happens in this block."""
        return _Rehearsal(self)

    def _put_code(self, address: str, code: bytes) -> None:
        nonce = self.evm.basic(address).nonce
        self.evm.insert_account_info(address, pyrevm.AccountInfo(nonce=nonce, code=code))

    def _tick(self) -> None:
        if not self.rehearsing:
            self.mine()

    def _show(self, timestamp: int) -> None:
        if self.__dict__.get("shown") != timestamp:
            self.__dict__["shown"] = timestamp
            self.evm.set_block_env(pyrevm.BlockEnv(number=1, timestamp=timestamp))


class _Rehearsal:
    """A block of calls that is undone."""

    def __init__(self, chain: NodeChain) -> None:
        self.chain = chain

    def __enter__(self) -> None:
        self.before, self.chain.rehearsing = self.chain.snapshot(), True

    def __exit__(self, *_: object) -> None:
        self.chain.restore(self.before)
        self.chain.rehearsing = False


class _Head:
    """The last block."""

    def __init__(self, chain: NodeChain) -> None:
        self.chain = chain

    @property
    def timestamp(self) -> int:
        return self.chain.head


class _Provider:
    """What tests ask of Anvil itself."""

    def __init__(self, chain: NodeChain) -> None:
        self.chain = chain

    def get_code(self, address: str) -> bytes:
        return self.chain.evm.basic(address).code or b""

    def set_code(self, address: str, code: bytes) -> None:
        self.chain._put_code(address, bytes(code))
        self.chain.given_code.append(address)

    def set_balance(self, address: str, balance: int) -> None:
        """Nothing costs anything here."""

    def make_request(self, method: str, parameters: list[Any]) -> None:
        if method != "anvil_setStorageAt":
            raise NotImplementedError(method)
        address, slot, value = parameters
        numbers = [int(n, 16) if isinstance(n, str) else n for n in (slot, value)]
        self.chain.evm.insert_account_storage(str(address), *numbers)


class Container:
    """A contract of the project, not yet deployed."""

    def __init__(self, chain: NodeChain, name: str) -> None:
        """Note the name."""
        self.chain, self.name = chain, name

    def deploy(self, *args: Any, sender: Any) -> NodeContract:
        """Deploy it."""
        return self.chain.deploy(self.name, *args, sender=sender)

    def at(self, address: str) -> NodeContract:
        """Return a handle of a contract that is there already."""
        return self.chain.attach(self.name, address)


class Project:
    """The project's contracts by name."""

    def __init__(self, chain: NodeChain) -> None:
        """Note the chain."""
        self._chain = chain

    def __getattr__(self, name: str) -> Container:
        """Give a contract."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Container(self._chain, name)

    def get_contract(self, name: str) -> Container:
        """Give a contract."""
        return Container(self._chain, name)


class Accounts(list):
    """Test accounts."""

    def impersonate_account(self, address: Any) -> Signer:
        """Return an account without a key."""
        return Signer(checksummed(str(address)), None)


def deploy_on_node(chain: NodeChain, people: Accounts) -> World:
    """Deploy config/local.yaml as `World.deploy` does."""
    config = evm.load_config(evm.ROOT / "config" / "local.yaml")
    admin = admin_of(people)
    done = evm.deploy(chain, config, admin.address, evm.FIRST_PRICES)
    return World(done, chain, admin, People.of(people))


def take_the_place_of_ape(chain: NodeChain) -> None:
    """Let test modules that are imported from now on find this chain in place of a node."""
    ape.chain = chain

    def assert_refused(reason: str, contracts: Any, function: Any, *args: Any, sender: Any) -> None:
        del contracts  # a reverted transaction cannot change storage here
        reverts.assert_reverts(reason, function, *args, sender=sender)
        chain.mine()

    reverts.chain = chain
    reverts.Reverted = Reverted
    reverts.dry_run = chain.dry_run
    reverts.assert_refused = tests_world.assert_refused = assert_refused
    reverts._dry_runs_first = nullcontext


def make_accounts() -> Accounts:
    """Return as many accounts as Ape is configured to have, the deployer first."""
    people = [Person.number(FIRST_PERSON + i) for i in range(PEOPLE - 1)]
    signers = [Signer(person.address, person.private_key) for person in people]
    return Accounts([Signer(checksummed(ADMIN), None), *signers])


class StandIns:
    """The fixtures of Ape's pytest plugin, which is not loaded."""

    def __init__(self, chain: NodeChain, people: Accounts) -> None:
        """Note what stands in for what."""
        self.node, self.people = chain, people

    @pytest.fixture(scope="session")
    def chain(self) -> NodeChain:
        """The chain in process."""
        return self.node

    @pytest.fixture(scope="session")
    def accounts(self) -> Accounts:
        """Its accounts."""
        return self.people

    @pytest.fixture(scope="session")
    def project(self) -> Project:
        """The project's contracts."""
        return Project(self.node)
