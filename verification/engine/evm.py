"""The same bytecode in an EVM inside this process: thousands of calls a second, for property tests.

`PyrevmChain` is a `bulkhead.deployment.Chain`, and its contract handles are called as Ape's are
(`contract.function(*args, sender=person)`), so that `verification.engine.world.World` acts on
either engine.
Differences from Anvil: time stands still until `mine`, gas is free, and a revert raises `Reverted`.

    world = deploy_world()
    checkpoint = world.chain.snapshot()
    ...
    world.chain.restore(checkpoint)
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyrevm
import vyper
from eth_abi import decode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.settings import Settings

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from verification.engine.abi import checksummed, decoder_of, encoder_of, signature_of, struct_of
from verification.engine.people import People
from verification.engine.world import FIRST_PRICES, World

ROOT = Path(__file__).parents[2]
EVM_VERSION = "cancun"  # as in ape-config.yaml
IMPORT = re.compile(r"^from (\.*)([\w.]*) import ([\w, ]+)", re.MULTILINE)
FIRST_TIME = 1_700_000_000
ERROR_SELECTOR = "0x08c379a0"  # Error(string)
PEOPLE = 60
ADMIN = "0x" + "ad" * 20

Log = tuple[str, list[bytes], bytes]  # address, topics, data


class Reverted(Exception):
    """A call reverted; `reason` is its string, or empty."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason or "no reason")
        self.reason = reason


@dataclass(frozen=True)
class Person:
    """Somebody with a key (in the form that signs fastest)."""

    address: str
    private_key: LocalAccount

    @classmethod
    def number(cls, index: int) -> Person:
        """Return the same person for the same number."""
        signer = Account.from_key(keccak(b"bulkhead test person %d" % index))
        return cls(signer.address, signer)


@cache
def everybody() -> People:
    """Return the people of a deployment in process."""
    return People([Person.number(i) for i in range(PEOPLE)])


# CONTRACTS ----------------------------------------------------------------------------------------


def _address(value: Any) -> str:
    """Return the address of a contract, a person or an address."""
    return value if isinstance(value, str) else value.address


class Arity:
    """One form of a function: its selector, and how arguments and answers are written."""

    def __init__(self, entry: dict[str, Any]) -> None:
        """Prepare everything that does not depend on the arguments."""
        self.selector = keccak(signature_of(entry).encode())[:4]
        self.encode = encoder_of(entry["inputs"])
        self.decode = decoder_of(entry["outputs"]) if entry["outputs"] else None
        self.is_view = entry["stateMutability"] in ("view", "pure")

    def value(self, answer: bytes) -> Any:
        """Return what an answer says."""
        values = self.decode(answer) if self.decode else ()
        return values[0] if len(values) == 1 else values


class Function:
    """A function of a contract, all its arities."""

    def __init__(self, contract: Contract, entries: list[dict[str, Any]]) -> None:
        """Prepare selectors and types."""
        self.contract = contract
        self.arities = {len(entry["inputs"]): Arity(entry) for entry in entries}

    def __call__(self, *args: Any, sender: Any = ADMIN) -> Any:
        """Call it: a view gives its value, anything else a receipt."""
        form, chain = self.arities[len(args)], self.contract.chain
        data = form.selector + form.encode(args)
        answer = chain.call(_address(sender), self.contract.address, data, form.is_view)
        return form.value(answer) if form.is_view else Receipt(form, answer, chain.raw_logs())

    def encode_input(self, *args: Any) -> bytes:
        """Return the calldata of a call."""
        form = self.arities[len(args)]
        return form.selector + form.encode(args)


class Contract:
    """A deployed contract."""

    def __init__(self, chain: PyrevmChain, address: str, abi: list[dict[str, Any]]) -> None:
        """Attach an interface to an address."""
        self.chain = chain
        self.address = checksummed(address)
        self.abi = abi

    def __getattr__(self, name: str) -> Any:
        """Give functions and events by name."""
        entries = [entry for entry in self.__dict__["abi"] if entry.get("name") == name]
        if not entries:
            raise AttributeError(name)
        is_event = entries[0]["type"] == "event"
        made = Event(self, entries[0]) if is_event else Function(self, entries)
        setattr(self, name, made)
        return made


class Event:
    """An event of a contract."""

    def __init__(self, contract: Contract, entry: dict[str, Any]) -> None:
        """Prepare topic and types."""
        self.emitter = contract.address
        self.topic = keccak(signature_of(entry).encode())
        inputs = entry["inputs"]
        self.names = tuple(part["name"] for part in inputs)
        self.is_indexed = [part["indexed"] for part in inputs]
        self.read_topics = [decoder_of([part]) for part in inputs if part["indexed"]]
        self.read_data = decoder_of([part for part in inputs if not part["indexed"]])

    def read(self, topics: list[bytes], data: bytes) -> Any:
        """Decode a log."""
        pairs = zip(self.read_topics, topics[1:], strict=True)
        indexed = iter([read(topic)[0] for read, topic in pairs])
        rest = iter(self.read_data(data))
        values = [next(indexed if is_indexed else rest) for is_indexed in self.is_indexed]
        return struct_of(self.names)(*values)


class Receipt:
    """What a transaction did. Nothing is decoded before somebody asks."""

    def __init__(self, form: Arity, answer: bytes, raw_logs: list[Any]) -> None:
        """Keep what the engine gave."""
        self._form, self._answer, self.raw_logs = form, answer, raw_logs

    @property
    def return_value(self) -> Any:
        """What the function returned."""
        return self._form.value(self._answer)

    @cached_property
    def logs(self) -> list[Log]:
        """Address, topics and data of every log."""
        return _readable(self.raw_logs)

    @property
    def events(self) -> Receipt:
        """As Ape has it: `receipt.events.filter(contract.Event)`."""
        return self

    def filter(self, event: Event) -> list[Any]:
        """Return the events of a kind."""
        return [
            event.read(topics, data)
            for address, topics, data in self.logs
            if topics and topics[0] == event.topic and address == event.emitter
        ]


def _readable(raw_logs: list[Any]) -> list[Log]:
    """Read logs of the engine."""
    logs = []
    for log in raw_logs:
        topics, data = log.data
        logs.append((checksummed(log.address), list(topics), bytes(data)))
    return logs


# COMPILER -----------------------------------------------------------------------------------------


def source_of(contracts: Path, name: str) -> Path:
    """Return the source of a contract or module by its name, which no other has."""
    found = next(contracts.rglob(name if "." in name else f"{name}.vy"), None)
    if found is None:
        raise FileNotFoundError(f"no {name} in {contracts}")
    return found


def deployables(contracts: Path = ROOT / "contracts") -> list[Path]:
    """Return the sources of what is deployed, by name."""
    return sorted(
        (
            path
            for path in contracts.rglob("*.vy")
            if path.stem[0].isupper() and path.parent.name != "testing"
        ),
        key=lambda path: path.name,
    )


def modules(contracts: Path = ROOT / "contracts") -> list[Path]:
    """Return the sources of the modules that they are made of, by name."""
    found = (contracts / "modules").rglob("*.vy")
    return sorted(found, key=lambda path: path.name)


class Artefacts:
    """ABI and initcode of the project's contracts, kept in `.cache/` until a source of theirs
    changes."""

    code_limit: int | None = None  # bytes; the chain's own

    def __init__(self, contracts: Path = ROOT / "contracts") -> None:
        """Look at nothing yet."""
        self.contracts = contracts

    @cache  # noqa: B019  (one instance for the whole run)
    def of(self, name: str) -> tuple[list[dict[str, Any]], bytes]:
        """Return ABI and initcode of a contract."""
        kept = self.kept(name)
        if not kept.exists():
            made = self._compile(name)
            self._keep(name, made["abi"], made["bytecode"])
        read = json.loads(kept.read_text())
        return read["abi"], bytes.fromhex(read["bytecode"].removeprefix("0x"))

    def adopt(self, build: Path) -> None:
        """Keep what Ape has just compiled: the same compiler and settings make the same code."""
        for name, made in json.loads(build.read_text())["contractTypes"].items():
            if any(self.contracts.rglob(f"{name}.vy")):
                self._keep(name, made["abi"], made["deploymentBytecode"]["bytecode"])

    def _keep(self, name: str, abi: list[dict[str, Any]], bytecode: str) -> None:
        """Write whole or not at all."""
        kept = self.kept(name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps({"abi": abi, "bytecode": bytecode}))
        partial.replace(kept)

    def kept(self, name: str) -> Path:
        """Return where a contract is kept: under a key of all that it imports."""
        digest = hashlib.sha256(f"{vyper.__version__} {EVM_VERSION}".encode())
        for path in sorted(self.sources(source_of(self.contracts, name))):
            digest.update(path.name.encode() + path.read_bytes())
        return ROOT / ".cache" / "evm" / digest.hexdigest()[:16] / f"{name}.json"

    def sources(self, path: Path, known: frozenset[Path] = frozenset()) -> frozenset[Path]:
        """Return a source and everything of the project that it imports."""
        known |= {path}
        for dots, folder, names in IMPORT.findall(path.read_text()):
            root = path.parents[len(dots) - 1] if dots else self.contracts.parent
            base = root.joinpath(*folder.split("."))
            for imported in names.split(","):
                stem = base / imported.split()[0]  # without "as ..."
                for source in (stem.with_suffix(".vy"), stem.with_suffix(".vyi")):
                    if source.exists() and source not in known:
                        known = self.sources(source, known)
        return known

    def _compile(self, name: str) -> dict[str, Any]:
        source, bundle, settings = self._inputs(name)
        return vyper.compile_from_file_input(
            source, input_bundle=bundle, settings=settings, output_formats=["abi", "bytecode"]
        )

    def _inputs(self, name: str) -> tuple[FileInput, FilesystemInputBundle, Settings]:
        """Return what the compiler takes: source, where imports are, settings."""
        path = source_of(self.contracts, name)
        libraries = Path(vyper.__file__).parent.parent  # where Snekmate is installed too
        bundle = FilesystemInputBundle([libraries, self.contracts.parent])
        return bundle.load_file(path), bundle, Settings(evm_version=EVM_VERSION)


# CHAIN --------------------------------------------------------------------------------------------


class PyrevmChain:
    """A `bulkhead.deployment.Chain` in process, with a clock."""

    def __init__(
        self, artefacts: Artefacts | None = None, deployer: str = ADMIN, chain_id: int = 1
    ) -> None:
        """Start an empty chain."""
        self.artefacts = artefacts or Artefacts()
        self.deployer = deployer
        self.chain_id = chain_id
        limit = self.artefacts.code_limit
        limits = pyrevm.CfgEnv(chain_id=chain_id, limit_contract_code_size=limit)
        self.evm = pyrevm.EVM(pyrevm.Env(cfg=limits), spec_id=EVM_VERSION.upper())
        self.pending_timestamp = FIRST_TIME
        self.mine(0)

    def deploy(self, name: str, *args: Any) -> Contract:
        """Deploy a contract of the project."""
        abi, code = self.artefacts.of(name)
        inputs = next((e["inputs"] for e in abi if e["type"] == "constructor"), [])
        code += encoder_of(inputs)(args)
        return Contract(self, self._run(lambda: self.evm.deploy(self.deployer, code)), abi)

    def attach(self, name: str, address: str) -> Contract:
        """Return a handle of a contract that is there already."""
        return Contract(self, address, self.artefacts.of(name)[0])

    def combine(self, contract: Contract, *names: str) -> Contract:
        """Return a handle that also knows the functions and events of other contracts."""
        abi = [entry for entry in contract.abi if entry["type"] in ("function", "event")]
        known = {(entry["type"], signature_of(entry)) for entry in abi}
        for name in names:
            for entry in self.artefacts.of(name)[0]:
                if entry["type"] not in ("function", "event"):
                    continue
                if (key := (entry["type"], signature_of(entry))) not in known:
                    known.add(key)
                    abi.append(entry)
        return Contract(self, contract.address, abi)

    def encode(self, contract: Contract, function: str, *args: Any) -> bytes:
        """Return the calldata of a call."""
        return getattr(contract, function).encode_input(*args)

    def send(self, contract: Contract, function: str, *args: Any) -> Receipt:
        """Call a function in a transaction of the deployer."""
        return getattr(contract, function)(*args, sender=self.deployer)

    def read(self, contract: Contract, function: str, *args: Any) -> Any:
        """Call a view."""
        return getattr(contract, function)(*args)

    def call(self, sender: str, to: str, data: bytes, is_view: bool, value: int = 0) -> bytes:
        """Run calldata; raise `Reverted` with the reason."""
        return self._run(
            lambda: self.evm.message_call(sender, to, data, value=value, is_static=is_view)
        )

    def raw_logs(self) -> list[Any]:
        """Return the last call's logs, as the engine has them."""
        return self.evm.result.logs

    def logs(self) -> list[Log]:
        """Return address, topics and data of the last call's logs."""
        return _readable(self.raw_logs())

    def mine(self, deltatime: int) -> None:
        """Let time pass."""
        self.pending_timestamp += deltatime
        self.evm.set_block_env(pyrevm.BlockEnv(number=1, timestamp=self.pending_timestamp))

    def snapshot(self) -> tuple[Any, int]:
        """Remember this state."""
        return self.evm.snapshot(), self.pending_timestamp

    def restore(self, snapshot: tuple[Any, int]) -> None:
        """Go back to a state; the snapshot is used up, take a new one to come back again."""
        checkpoint, timestamp = snapshot
        self.evm.revert(checkpoint)
        self.mine(timestamp - self.pending_timestamp)

    def _run(self, step: Callable[[], Any]) -> Any:
        try:
            answer = step()
        except RuntimeError as problem:
            raise Reverted(_reason(str(problem))) from None
        self.evm.reset_transient_storage()
        return answer


def _reason(report: str) -> str:
    """Return the string of `Error(string)` in the engine's report of a revert."""
    at = report.find(ERROR_SELECTOR)
    if at < 0:
        return "" if report.startswith("Revert") else report
    data = report[at + len(ERROR_SELECTOR) :].split(" ")[0]
    return decode(["string"], bytes.fromhex(data))[0]


def deploy_world(artefacts: Artefacts | None = None) -> World:
    """Deploy config/local.yaml in process, with `PEOPLE` people."""
    chain = PyrevmChain(artefacts)
    config = load_config(ROOT / "config" / "local.yaml")
    done = deploy(chain, config, ADMIN, FIRST_PRICES)
    return World(done, chain, ADMIN, everybody())


@cache
def world_in_process() -> World:
    """Return the deployment that tests share: they put it back as they found it."""
    return deploy_world()


if __name__ == "__main__":  # `make build`, after Ape
    Artefacts().adopt(ROOT / ".build" / "__local__.json")
