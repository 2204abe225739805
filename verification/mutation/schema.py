"""Many mutants in one build: every mutant sleeps until an address of its own has code.

Compiling takes far longer than testing, so the contracts are compiled once, with all chosen mutants
in them. Where `a < b` was, the build says

    (a <= b if convert(8200, address).is_contract else a < b)

and a mutant is woken by putting a byte of code at its address. The engine's database, which keeps
every account that was ever looked at, tells which mutants a test came past.

Nothing may read state in a pure function, so the build has only views.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import vyper
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings
from vyper.exceptions import VyperException, VyperInternalException

from verification.engine import evm
from verification.engine.patches import copy_sources
from verification.mutation.sites import Mutant

REFUSALS = (VyperException, VyperInternalException)  # the second: it panics
FIRST_ADDRESS = 0x2000
SWITCH = re.compile(r"convert\((\d+), address\)\.is_contract")


def address_of(number: int) -> str:
    """Return the address that wakes a mutant."""
    return f"0x{FIRST_ADDRESS + number:040x}"


def number_at(address: str) -> int | None:
    """Return the mutant that an address wakes, if it is one."""
    value = int(address, 16) - FIRST_ADDRESS
    return value if 0 <= value < 2**16 - FIRST_ADDRESS else None


class Schema:
    """A copy of the contracts with sleeping mutants in them."""

    def __init__(self, contracts: Path, folder: Path, mutants: dict[int, Mutant]) -> None:
        """Choose the mutants; write nothing yet."""
        self.contracts = contracts
        self.folder = folder
        self.mutants = dict(mutants)
        self.failed: dict[int, str] = {}

    def build(self, progress: Callable[[str], None]) -> evm.Artefacts:
        """Write and compile, leaving out what does not compile; return the artefacts."""
        self._read_kept()
        names = [path.stem for path in evm.deployables(self.contracts)]
        names += [path.stem for path in sorted(self.contracts.glob("testing/*.vy"))]
        for name in names:
            while True:
                self._write()
                kept = evm.Artefacts(self.folder / "contracts").kept(name)
                try:
                    if not kept.exists():
                        progress(f"compiling {name} with its mutants")
                        compile_one(self.folder, name, "annotated_ast_dict")
                    break
                except REFUSALS as problem:
                    self._leave_out(name, problem)
        for name in names:
            self._compile(name, progress)
        self._keep()
        artefacts = evm.Artefacts(self.folder / "contracts")
        for name in names:
            artefacts.of(name)
        return artefacts

    def _compile(self, name: str, progress: Callable[[str], None]) -> None:
        while True:
            self._write()
            try:
                progress(f"compiling {name}")
                evm.Artefacts(self.folder / "contracts").of(name)
                return
            except REFUSALS as problem:
                self._leave_out(name, problem)

    # What does not compile ----------------------------------------------------------------------

    def _leave_out(self, name: str, problem: Exception) -> None:
        """Drop the mutants that are to blame for a complaint of the compiler."""
        suspects = self._suspects(problem) or self._search(name)
        reason = str(problem).splitlines()[0][:200]
        guilty = suspects if len(suspects) == 1 else self._guilty(name, suspects)
        for number in guilty or suspects:
            self.failed[number] = reason

    def _suspects(self, problem: Exception) -> list[int]:
        found: list[int] = []
        for node in getattr(problem, "annotations", None) or ():
            module = getattr(node, "module_node", None)
            if module is None:  # a syntax error, or about a whole module
                continue
            lines = Path(module.resolved_path).read_text().split("\n")
            last = getattr(node, "end_lineno", node.lineno)
            text = "\n".join(lines[node.lineno - 1 : last])
            found += [int(n) - FIRST_ADDRESS for n in SWITCH.findall(text)]
        return sorted({number for number in found if number in self.mutants} - self.failed.keys())

    def _search(self, name: str) -> list[int]:
        """Find one guilty mutant by halving, when the complaint does not say where."""
        suspects = [number for number in self.mutants if number not in self.failed]
        while len(suspects) > 1:
            half = suspects[: len(suspects) // 2]
            others = {n for n in self.mutants if n not in half}
            kept, self.failed = self.failed, dict.fromkeys(others, "")
            self._write()
            self.failed = kept
            try:
                compile_one(self.folder, name, "annotated_ast_dict")
                suspects = suspects[len(suspects) // 2 :]
            except REFUSALS:
                suspects = half
        return suspects

    def _guilty(self, name: str, suspects: list[int]) -> list[int]:
        guilty = []
        for number in suspects:
            alone = self.folder.with_name("alone")
            write_mutant(self.contracts, alone, self.mutants[number])
            try:
                compile_one(alone, name, "annotated_ast_dict")
            except REFUSALS:
                guilty.append(number)
        return guilty

    def _kept_path(self) -> Path:
        content = "".join(sorted(mutant.key for mutant in self.mutants.values()))
        return self.folder / f"failed-{hashlib.sha256(content.encode()).hexdigest()[:12]}.txt"

    def _read_kept(self) -> None:
        path = self._kept_path()
        if path.exists():
            known = dict(line.split(" ", 1) for line in path.read_text().splitlines())
            self.failed = {n: known[m.key] for n, m in self.mutants.items() if m.key in known}

    def _keep(self) -> None:
        lines = [f"{self.mutants[n].key} {reason}\n" for n, reason in self.failed.items()]
        self._kept_path().write_text("".join(lines))

    # Text ---------------------------------------------------------------------------------------

    def _write(self) -> None:
        alive = {n: m for n, m in self.mutants.items() if n not in self.failed}
        copy_sources(self.contracts, self.folder)
        by_file: dict[str, dict[int, Mutant]] = {}
        for number, mutant in alive.items():
            by_file.setdefault(mutant.file, {})[number] = mutant
        for file, chosen in by_file.items():
            source = (self.contracts / file).read_bytes()
            text = render(source, chosen)
            (self.folder / "contracts" / file).write_text(text)
        for path in (self.folder / "contracts").rglob("*.vy*"):
            text = path.read_text()
            changed = re.sub(r"^@pure$", "@view", text, flags=re.MULTILINE)
            changed = re.sub(r": pure$", ": view", changed, flags=re.MULTILINE)
            if changed != text:
                path.write_text(changed)


def render(source: bytes, mutants: dict[int, Mutant]) -> str:
    """Return a source with all of these mutants asleep in it."""
    spans: dict[tuple[int, int], list[int]] = {}
    for number, mutant in mutants.items():
        spans.setdefault((mutant.start, mutant.end), []).append(number)
    # Outer spans first; of equal ones there is only one entry.
    order = sorted(spans, key=lambda span: (span[0], -span[1]))

    def text_of(start: int, end: int, inside: list[tuple[int, int]]) -> str:
        parts, at = [], start
        while inside:
            span = inside.pop(0)
            nested = []
            while inside and inside[0][1] <= span[1]:
                nested.append(inside.pop(0))
            parts.append(source[at : span[0]].decode())
            parts.append(wrapped(span, text_of(*span, nested)))
            at = span[1]
        parts.append(source[at:end].decode())
        return "".join(parts)

    def wrapped(span: tuple[int, int], text: str) -> str:
        for number in spans[span]:
            mutant = mutants[number]
            switch = f"convert({FIRST_ADDRESS + number}, address).is_contract"
            if not mutant.is_statement:
                text = f"({mutant.after} if {switch} else {text})"
                continue
            indent = _indent(source, span[0])
            inner = _indented(text)
            if mutant.after is None:
                text = f"if not {switch}:\n{indent}    {inner}"
            else:
                text = (
                    f"if {switch}:\n{indent}    {mutant.after}\n{indent}else:\n{indent}    {inner}"
                )
        return text

    return text_of(0, len(source), order)


def _indent(source: bytes, at: int) -> str:
    line = source[source.rfind(b"\n", 0, at) + 1 : at].decode()
    assert not line.strip(), line
    return line


def _indented(text: str) -> str:
    """Indent a statement's further lines; inside brackets that changes nothing."""
    return text.replace("\n", "\n    ")


def write_mutant(contracts: Path, folder: Path, mutant: Mutant) -> None:
    """Write the contracts with one mutant in the plain: the fault itself, no switch."""
    copy_sources(contracts, folder)
    source = (contracts / mutant.file).read_bytes()
    after = mutant.after if mutant.after is not None else "pass"
    if not mutant.is_statement:
        after = f"({after})"
    text = source[: mutant.start] + after.encode() + source[mutant.end :]
    (folder / "contracts" / mutant.file).write_bytes(text)


def compile_one(folder: Path, name: str, output: str) -> Any:
    """Compile one contract of a build."""
    libraries = Path(vyper.__file__).parent.parent
    bundle = FilesystemInputBundle([libraries, folder])
    path = evm.source_of(folder / "contracts", name)
    return vyper.compile_from_file_input(
        bundle.load_file(path),
        input_bundle=bundle,
        settings=Settings(evm_version=evm.EVM_VERSION),
        output_formats=[output],
    )[output]


def users_of(contracts: Path, file: str) -> Iterable[str]:
    """Yield the deployable contracts that a file's code can be part of."""
    wanted = {Path(file).stem}
    modules = {path.stem: path.read_text() for path in evm.modules(contracts)}
    while True:
        more = {
            name
            for name, text in modules.items()
            if any(re.search(rf"^from .* import {stem}\b", text, re.MULTILINE) for stem in wanted)
        } - wanted
        if not more:
            break
        wanted |= more
    for path in evm.deployables(contracts):
        text = path.read_text()
        if path.stem in wanted or any(
            re.search(rf"^from .* import {stem}\b", text, re.MULTILINE) for stem in wanted
        ):
            yield path.stem
