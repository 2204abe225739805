"""A check contract, compiled by Vyper and explored by halmos path by path.

halmos starts from what Foundry leaves behind, and looks for the failed assertions of Solidity. Here
it is given what Vyper compiles, and every way in which a check can end is handed on.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import halmos.__main__ as halmos_main
import vyper
import z3
from halmos.calldata import FunctionInfo, get_abi, mk_calldata
from halmos.mapper import BuildOut
from halmos.sevm import (
    FOUNDRY_CALLER,
    FOUNDRY_ORIGIN,
    FOUNDRY_TEST,
    SEVM,
    CallContext,
    Exec,
    Message,
)
from halmos.solve import ContractContext, FunctionContext
from halmos.traces import config_context
from halmos.utils import EVM
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from verification.proofs.terms import concrete

ROOT = Path(__file__).parent.parent.parent
EVM_VERSION = "cancun"  # as in ape-config.yaml

# Panic(1): what `_holds` of a check contract reverts with.
PANIC = bytes.fromhex("4e487b71") + (1).to_bytes(32, "big")

# Any time that a clock of the protocol's words can tell.
CLOCK_BITS = 32

# Loops whose end depends on the inputs are followed for so many rounds; more is an error.
ROUNDS = 64


class End(Enum):
    """How a path ends."""

    PROVED = "returns True: inside the bounds, and all that was claimed holds"
    OUTSIDE = "returns False: outside the bounds"
    BROKEN = "a claim does not hold"
    REVERTED = "reverts otherwise"


@dataclass(frozen=True)
class Way:
    """One path through a check: its conditions, and how it ends."""

    end: End
    abstract: list[z3.BoolRef]  # products and quotients without a meaning
    conditions: list[z3.BoolRef]


class Incomplete(Exception):
    """Not every path could be followed."""


class CheckContract:
    """A contract of checks, deployed in halmos."""

    def __init__(self, path: Path) -> None:
        """Compile and deploy."""
        self.name = path.stem
        made = _compile(path)
        self.selectors = {
            signature: selector.removeprefix("0x").rjust(8, "0")
            for signature, selector in made["method_identifiers"].items()
        }
        self.claims = {
            signature.partition("(")[0]: entry.get("notice", "")
            for signature, entry in made["userdoc"].get("methods", {}).items()
        }
        self.config = halmos_main.load_config(
            ["--storage-layout", "generic", "--no-status", "--loop", str(ROUNDS)]
        )
        config_context.set(self.config)
        artefact = {
            "abi": made["abi"],
            "methodIdentifiers": self.selectors,
            "metadata": {},
        }
        self.context = ContractContext(
            args=self.config,
            name=self.name,
            funsigs=list(self.selectors),
            creation_hexcode=made["bytecode"].removeprefix("0x"),
            deployed_hexcode=made["bytecode_runtime"].removeprefix("0x"),
            abi=get_abi(artefact),
            method_identifiers=self.selectors,
            contract_json=artefact,
            libs={},
            build_out_map={},
        )
        BuildOut().set_build_out({})
        deployment = self._function(halmos_main.extract_setup(self.context), None)
        deployed = halmos_main.setup(deployment)
        deployed.path_slice()
        # halmos's clock stands still at 1.
        deployed.block.timestamp = z3.ZeroExt(256 - CLOCK_BITS, z3.BitVec("clock", CLOCK_BITS))
        self.context.frontier_states[0] = [deployed]
        self.deployed = deployed

    def explore(self, name: str) -> Iterator[Way]:
        """Follow every path of a check.

        Raises:
            Incomplete: A path leads where halmos cannot follow, or a loop does not end.
        """
        signature = next(s for s in self.selectors if s.partition("(")[0] == name)
        info = FunctionInfo(self.name, name, signature, self.selectors[signature])
        machine = SEVM(self.config, info)
        data, parameters = mk_calldata(self.context.abi, info, self.config)
        message = Message(
            target=FOUNDRY_TEST,
            caller=FOUNDRY_CALLER,
            origin=FOUNDRY_ORIGIN,
            value=0,
            data=data,
            call_scheme=EVM.CALL,
            fun_info=info,
        )
        function = self._function(info, self.deployed)
        for state in halmos_main.run_message(function, machine, message, parameters):
            if state.context.is_stuck():
                raise Incomplete(str(state.context.get_stuck_reason()))
            abstract = [c for c in state.path.conditions if _is_about_words(c)]
            done: dict[int, z3.ExprRef] = {}
            yield Way(_end(state), abstract, [concrete(c, done) for c in abstract])
        if machine.logs.bounded_loops:
            raise Incomplete(f"a loop goes on after {ROUNDS} rounds")

    def _function(self, info: FunctionInfo, deployed: Exec | None) -> FunctionContext:
        """Return what halmos wants to know for one call."""
        return FunctionContext(
            args=self.config,
            info=info,
            solver=halmos_main.mk_solver(self.config),
            contract_ctx=self.context,
            setup_ex=deployed,
        )


def _compile(path: Path) -> dict[str, Any]:
    """Return what Vyper makes of a contract, compiled as the deployed ones are."""
    libraries = Path(vyper.__file__).parent.parent  # where Snekmate is installed too
    bundle = FilesystemInputBundle([libraries, ROOT])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return vyper.compile_from_file_input(
            bundle.load_file(path),
            input_bundle=bundle,
            settings=Settings(evm_version=EVM_VERSION),
            output_formats=["abi", "bytecode", "bytecode_runtime", "method_identifiers", "userdoc"],
        )


def _end(state: Exec) -> End:
    """Return how a path has ended."""
    output: CallContext = state.context.output
    data = output.data.unwrap() if output.data is not None else b""
    if output.error is not None:
        return End.BROKEN if data == PANIC else End.REVERTED
    if not isinstance(data, bytes):
        raise Incomplete("a check must return a constant")
    return End.PROVED if int.from_bytes(data, "big") else End.OUTSIDE


def _is_about_words(condition: z3.BoolRef) -> bool:
    """Return whether a condition is about words alone.

    The others say what halmos assumes of balances and hashes. To leave a condition out can only
    add paths.
    """
    stack, seen = [condition], set()
    while stack:
        term = stack.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        is_function = z3.is_app_of(term, z3.Z3_OP_UNINTERPRETED) and term.num_args()
        if is_function and not term.decl().name().startswith("f_evm_bv"):
            return False
        if not (z3.is_bv(term) or z3.is_bool(term)):
            return False
        stack.extend(term.children())
    return True
