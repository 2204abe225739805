"""The contracts with a marker before every statement and on both ways out of every condition.

A marker is `PUSH3 number BALANCE POP`: it changes nothing that a contract can see but gas, works in
static calls and under DELEGATECALL, and leaves the account with that number among those the EVM has
loaded, even if the call reverts afterwards. Numbers are unique over all contracts.

Statements and conditions are marked in the compiler's intermediate code, before its optimiser may
merge the ones or turn the others round; loops in the assembly. Everything else is what the compiler
makes for production, except that its assembly optimiser, which would merge the ways out of a loop
with what follows, does not run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import vyper
from vyper import ast as vy_ast
from vyper.codegen import module, stmt
from vyper.codegen.core import reset_names
from vyper.codegen.ir_node import IRnode
from vyper.compiler.output import build_abi_output
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import OptimizationLevel, anchor_settings
from vyper.ir import compile_ir, optimizer

from verification.coverage.sites import (
    AGAIN,
    END,
    FALSE,
    NONE,
    SOME,
    TRUE,
    Place,
    place_of,
)
from verification.engine.evm import EVM_VERSION, ROOT, Artefacts, deployables

CONTRACT_SHIFT = 16  # of a marker's number: the contract above, the place in it below
CODE_LIMIT = 2**16 - 1  # bytes; what the compiler's two-byte labels reach
INSTRUMENTED = ("instrument.py", "sites.py")
ROUNDS = ("range_ix", "for_list_ix")  # how the compiler names the counters of loops in the source

Mark = tuple[Place, str]  # an empty outcome: a statement was reached


class InstrumentedArtefacts(Artefacts):
    """The project's contracts with markers; what tests need beside them, as it is."""

    code_limit = CODE_LIMIT

    def __init__(self, contracts: Path = ROOT / "contracts") -> None:
        """Look at the sources, those of the instrumentation too."""
        super().__init__(contracts)
        self.names = [path.stem for path in deployables(contracts)]
        digest = hashlib.sha256(f"{vyper.__version__} {EVM_VERSION}".encode())
        for path in sorted(contracts.rglob("*.vy*")):
            digest.update(path.name.encode() + path.read_bytes())
        for name in INSTRUMENTED:
            digest.update((Path(__file__).parent / name).read_bytes())
        self.folder = ROOT / ".cache" / "coverage" / digest.hexdigest()[:16]

    def kept(self, name: str) -> Path:
        """Return where a contract is kept: all sources share one key, and marker numbers."""
        return self.folder / f"{name}.json"

    def marks(self, name: str) -> dict[int, Mark]:
        """Return what each marker of a contract stands for."""
        self.of(name)
        read = json.loads((self.folder / f"{name}.marks.json").read_text())
        return {int(number): (Place(*place), out) for number, (place, out) in read.items()}

    def _compile(self, name: str) -> dict[str, Any]:
        if name not in self.names:
            return super()._compile(name)
        data = CompilerData(*self._inputs(name))
        made = _Instrumented(data, (self.names.index(name) + 1) << CONTRACT_SHIFT)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{name}.marks.{os.getpid()}.partial"
        partial.write_text(json.dumps(made.marks))
        partial.replace(self.folder / f"{name}.marks.json")
        return {"abi": build_abi_output(data), "bytecode": made.code.hex()}


class _Instrumented:
    """One contract's code and what its markers stand for."""

    def __init__(self, data: CompilerData, first: int) -> None:
        self.first = first
        self.marks: dict[int, Mark] = {}
        with anchor_settings(data.settings):
            reset_names()
            compile_ir.reset_symbols()
            with patch.object(stmt, "parse_stmt", self._marked_statement):
                nodes, _ = module.generate_ir_for_module(data.global_ctx)
            self._mark_conditions(nodes, set())
            nodes = optimizer.optimize(nodes)
            assembly = compile_ir.compile_to_assembly(nodes, optimize=OptimizationLevel.NONE)
            self._mark_loops(assembly)
            self.code, _ = compile_ir.assembly_to_evm(assembly)

    # Statements -------------------------------------------------------------------------------

    def _marked_statement(self, node: Any, context: Any) -> IRnode:
        """Stand in for the compiler's `parse_stmt`: the code of a statement, after its marker."""
        made = stmt.Stmt(node, context).ir_node
        if made.value == "assert":  # without a reason
            made = IRnode.from_list(["if", ["iszero", made.args[0]], ["revert", 0, 0]])
            made.ast_source = node
        if isinstance(node, vy_ast.For):
            _name_loop(made, node)
        is_in_source = node.get_ancestor() is not None  # not the return that ends every function
        place = place_of(node.get_original_node(), ROOT) if is_in_source else None
        if place is None:
            return made
        return IRnode.from_list(["seq", self._mark((place, "")), made])

    # Conditions -------------------------------------------------------------------------------

    def _mark_conditions(self, node: IRnode, seen: set[int]) -> None:
        """Mark both ways out of each `if` that stands in the source."""
        if id(node) in seen:
            return
        seen.add(id(node))
        for part in node.args:
            self._mark_conditions(part, seen)
        if node.value != "if" or node.ast_source is None:
            return
        source = node.ast_source.get_original_node()
        if isinstance(source, vy_ast.BoolOp):
            self._mark_operands(node, source)
        elif isinstance(source, vy_ast.Assert):
            self._mark_ways(node, source, (FALSE, TRUE))
        elif isinstance(source, vy_ast.If | vy_ast.IfExp):
            self._mark_ways(node, source, (TRUE, FALSE))

    def _mark_operands(self, node: IRnode, source: Any) -> None:
        """Mark the nested `if`s of an `and` or `or`, and make one of its last operand."""
        way = 1 if isinstance(source.op, vy_ast.And) else 2
        for number in range(1, len(source.values)):
            inner = node.args[way]
            if number == len(source.values) - 1:
                inner = node.args[way] = IRnode.from_list(["if", inner, 1, 0], typ=node.typ)
                self._mark_ways(inner, source, (TRUE, FALSE), number + 1)
            self._mark_ways(node, source, (TRUE, FALSE), number)
            node = inner

    def _mark_ways(
        self, node: IRnode, source: Any, outcomes: tuple[str, str], operand: int = 0
    ) -> None:
        place = place_of(source, ROOT, operand)
        if place is None:
            return
        ways = [*node.args[1:], None][:2]
        for position, (way, outcome) in enumerate(zip(ways, outcomes, strict=True), 1):
            mark = self._mark((place, outcome))
            marked = IRnode.from_list(["seq", mark] if way is None else ["seq", mark, way])
            node.args[position : position + 1] = [marked]

    # Loops ------------------------------------------------------------------------------------

    def _mark_loops(self, assembly: list[Any]) -> None:
        """Mark the ways in and out of loops."""
        marked: list[Any] = []
        detours: list[Any] = []
        nested = [item for item in assembly if isinstance(item, list)]
        items = [item for item in assembly if not isinstance(item, list)]
        for block in _blocks(items):
            marked += block
            for taken, fallen in _loop_ways(block):
                label = compile_ir.mksymbol("mark")
                target, marked[-2] = marked[-2], label
                detours += [label, "JUMPDEST", *_marker(self._number(taken)), target, "JUMP"]
                marked += _marker(self._number(fallen))
        for part in nested:
            if isinstance(part[0], compile_ir.RuntimeHeader):
                runtime = part[1:]
                self._mark_loops(runtime)
                part[1:] = runtime
        assembly[:] = [*marked, "STOP", *detours, *nested]

    def _mark(self, mark: Mark) -> list[Any]:
        return ["pop", ["balance", self._number(mark)]]

    def _number(self, mark: Mark) -> int:
        number = self.first + len(self.marks)
        self.marks[number] = mark
        return number


def _name_loop(made: IRnode, loop: Any) -> None:
    """Note the loop of the source at the one in its code; those inside have theirs already."""
    is_loop = made.value == "repeat" and str(made.args[0].value).startswith(ROUNDS)
    if is_loop and made.ast_source is None:
        made.ast_source = loop
    for part in made.args:
        _name_loop(part, loop)


def _marker(number: int) -> list[Any]:
    return ["PUSH3", *number.to_bytes(3, "big"), "BALANCE", "POP"]


def _blocks(items: list[Any]) -> Iterator[list[Any]]:
    """Give runs of code that are entered at their start only: up to a label, or after a JUMPI."""
    block: list[Any] = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        if following == "JUMPDEST":
            if block:
                yield block
            block = []
        block.append(item)
        if item == "JUMPI":
            yield block
            block = []
    if block:
        yield block


def _loop_ways(block: list[Any]) -> Iterator[tuple[Mark, Mark]]:
    """Give what it means that the jump of a loop at the end of a block is taken, or is not."""
    if block[-1] != "JUMPI":
        return
    source = getattr(block[-1], "ast_source", None)
    node = None if source is None else source.get_original_node()
    place = place_of(node, ROOT) if isinstance(node, vy_ast.For) else None
    if place is None:
        return
    if block[-2].startswith("_sym_loop_exit"):
        yield (place, NONE), (place, SOME)
    elif block[-2].startswith("_sym_loop_start"):
        yield (place, AGAIN), (place, END)
