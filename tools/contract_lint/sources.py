"""The Vyper sources as the checks see them: parsed, with imports resolved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import vyper
from vyper.ast import nodes
from vyper.ast.parse import parse_to_ast
from vyper.exceptions import VyperException

VYPER = Path(vyper.__file__).parent
LIBRARIES = VYPER.parent  # where Snekmate is installed too
BUILTIN_INTERFACES = "ethereum.ercs"
FOLDS: dict[type, Callable[[int, int], int]] = {
    nodes.Add: lambda a, b: a + b,
    nodes.Sub: lambda a, b: a - b,
    nodes.Mult: lambda a, b: a * b,
    nodes.FloorDiv: lambda a, b: a // b,
    nodes.Pow: lambda a, b: int(a**b),
    nodes.LShift: lambda a, b: a << b,
    nodes.RShift: lambda a, b: a >> b,
    nodes.BitAnd: lambda a, b: a & b,
    nodes.BitOr: lambda a, b: a | b,
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong in a file."""

    path: Path
    line: int  # 0: the file as a whole
    text: str


@dataclass(frozen=True)
class Import:
    """One imported name."""

    line: int
    end_line: int
    level: int
    module: str
    name: str
    alias: str
    target: Path | None

    @property
    def key(self) -> tuple[str, str]:
        """What imports are sorted by."""
        return self.module, self.name


class Source:
    """One file."""

    def __init__(self, tree: Tree, path: Path) -> None:
        """Read it; parse it when somebody asks."""
        self.tree = tree
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.is_interface = path.suffix == ".vyi"

    def __repr__(self) -> str:
        """Name the file."""
        return f"Source({self.path.name})"

    # Where it is ----------------------------------------------------------------------------------

    @cached_property
    def folder(self) -> str:
        """The folder below `contracts/`; empty outside of it."""
        if not self.path.is_relative_to(self.tree.contracts):
            return ""
        return self.path.parent.relative_to(self.tree.contracts).as_posix()

    @property
    def is_layout(self) -> bool:
        """Whether it is a home of constants."""
        return f"{self.folder}/".startswith("modules/layout/")

    @property
    def is_module(self) -> bool:
        """Whether it is a part of contracts, layout included."""
        return f"{self.folder}/".startswith("modules/")

    @property
    def is_testing(self) -> bool:
        """Whether it never leaves the test suite."""
        return f"{self.folder}/".startswith("testing/")

    @property
    def is_contract(self) -> bool:
        """Whether it is deployed."""
        return not (self.is_interface or self.is_module or self.is_testing)

    # What is in it --------------------------------------------------------------------------------

    @cached_property
    def _parsed(self) -> tuple[nodes.Module, str]:
        """The parsed file, or an empty one and why."""
        try:
            return parse_to_ast(self.text, is_interface=self.is_interface), ""
        except (VyperException, SyntaxError) as error:
            return parse_to_ast(""), str(error).strip().splitlines()[0]

    @property
    def ast(self) -> nodes.Module:
        """The parsed file."""
        return self._parsed[0]

    @property
    def broken(self) -> str:
        """Why it cannot be parsed; empty if it can."""
        return self._parsed[1]

    def top(self, *kinds: type) -> list[Any]:
        """Return nodes of the file's top level."""
        return [node for node in self.ast.body if isinstance(node, kinds)]

    @cached_property
    def imports(self) -> dict[str, Import]:
        """What is imported, by the name it has here."""
        found = {}
        for node in self.top(nodes.Import, nodes.ImportFrom):
            level = getattr(node, "level", 0) or 0
            module = getattr(node, "module", "") or ""
            alias = node.alias or node.name
            target = self.tree.locate(self.path, level, module, node.name)
            entry = Import(node.lineno, node.end_lineno, level, module, node.name, alias, target)
            found[alias] = entry
        return found

    @cached_property
    def functions(self) -> dict[str, nodes.FunctionDef]:
        """Functions by name."""
        return {node.name: node for node in self.top(nodes.FunctionDef)}

    @cached_property
    def variables(self) -> dict[str, nodes.VariableDecl]:
        """Constants, immutables and storage by name."""
        return {node.target.id: node for node in self.top(nodes.VariableDecl)}

    @cached_property
    def constants(self) -> dict[str, nodes.VariableDecl]:
        """Constants by name."""
        return {name: node for name, node in self.variables.items() if node.is_constant}

    @cached_property
    def names_used(self) -> set[str]:
        """Every name that stands in the file, without declarations and imports."""
        declared = {id(node.target) for node in self.top(nodes.VariableDecl)}
        return {
            node.id
            for node in walk(self.ast)
            if isinstance(node, nodes.Name) and id(node) not in declared
        }

    @cached_property
    def attributes(self) -> list[nodes.Attribute]:
        """Every `something.name`."""
        return [node for node in walk(self.ast) if isinstance(node, nodes.Attribute)]

    @cached_property
    def composed(self) -> set[str]:
        """Imports that stand in `uses:`, `initializes:`, `implements:` or `exports:`."""
        kinds = (nodes.UsesDecl, nodes.InitializesDecl, nodes.ImplementsDecl, nodes.ExportsDecl)
        return {
            node.id
            for declaration in self.top(*kinds)
            for node in walk(declaration)
            if isinstance(node, nodes.Name)
        }

    def used_of(self, alias: str) -> set[str]:
        """Return the names `x` of all `alias.x`."""
        return {
            node.attr
            for node in self.attributes
            if isinstance(node.value, nodes.Name) and node.value.id == alias
        }

    def resolve(self, node: Any) -> Source | None:
        """Return the file that `alias` or `alias.alias` stands for."""
        if isinstance(node, nodes.Name):
            entry = self.imports.get(node.id)
            return self.tree.at(entry.target) if entry and entry.target else None
        if isinstance(node, nodes.Attribute):
            owner = self.resolve(node.value)
            entry = owner.imports.get(node.attr) if owner else None
            return self.tree.at(entry.target) if entry and entry.target else None
        return None

    def value_of(self, name: str) -> int | str:
        """Return what a constant is: a number where that can be told, else how it is written."""
        node = self.constants[name].value
        try:
            return self._fold(node)
        except (ValueError, ZeroDivisionError):
            return " ".join(node.node_source_code.split())

    def _fold(self, node: Any) -> int:
        if isinstance(node, nodes.Int):
            return int(node.value)
        if isinstance(node, nodes.UnaryOp) and isinstance(node.op, nodes.USub):
            return -self._fold(node.operand)
        if isinstance(node, nodes.BinOp) and type(node.op) in FOLDS:
            return FOLDS[type(node.op)](self._fold(node.left), self._fold(node.right))
        if isinstance(node, nodes.Name) and node.id in self.constants:
            return self._fold(self.constants[node.id].value)
        if isinstance(node, nodes.Attribute):
            owner = self.resolve(node.value)
            if owner and node.attr in owner.constants:
                return owner._fold(owner.constants[node.attr].value)
        raise ValueError(f"no number: {node}")


class Tree:
    """All files of a project."""

    def __init__(self, root: Path) -> None:
        """Find them."""
        self.root = root
        self.contracts = root / "contracts"
        self._known: dict[Path, Source] = {}

    @cached_property
    def paths(self) -> list[Path]:
        """Where they are."""
        found = [*self.contracts.rglob("*.vy"), *self.contracts.rglob("*.vyi")]
        return sorted(found)

    @cached_property
    def sources(self) -> list[Source]:
        """Those that can be parsed."""
        return [source for path in self.paths if not (source := self.at(path)).broken]

    def at(self, path: Path) -> Source:
        """Return a file, of the project or of a library."""
        if path not in self._known:
            self._known[path] = Source(self, path)
        return self._known[path]

    def locate(self, path: Path, level: int, module: str, name: str) -> Path | None:
        """Return the file that an import names."""
        parts = [*module.split("."), *name.split(".")] if module else name.split(".")
        if module == BUILTIN_INTERFACES:
            bases = [VYPER / "builtins" / "interfaces" / name]
        elif level:
            bases = [path.parents[level - 1].joinpath(*parts)]
        else:
            bases = [folder.joinpath(*parts) for folder in (self.root, LIBRARIES)]
        for base in bases:
            for suffix in (".vy", ".vyi"):
                if (found := base.with_name(base.name + suffix)).is_file():
                    return found
        return None

    def where(self, problem: Problem) -> str:
        """Return `file:line` of a problem."""
        path = problem.path
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return f"{shown}:{problem.line}" if problem.line else str(shown)

    def forget(self) -> None:
        """Read everything anew."""
        self._known.clear()
        for name in ("paths", "sources"):
            self.__dict__.pop(name, None)


# SYNTAX -------------------------------------------------------------------------------------------


def children(node: Any) -> list[Any]:
    """Return the nodes directly below, as they stand in the file."""
    found = []
    for field in node.get_fields():
        value = getattr(node, field, None)
        parts = value if isinstance(value, list) else [value]
        found += [part for part in parts if isinstance(part, nodes.VyperNode)]
    return sorted(found, key=lambda part: (part.lineno or 0, part.col_offset or 0))


def walk(node: Any) -> Iterator[Any]:
    """Give a node and all below it, as they stand in the file."""
    yield node
    for child in children(node):
        yield from walk(child)


def decorators(function: nodes.FunctionDef) -> set[str]:
    """Return the names of a function's decorators."""
    return {node.id for node in function.decorator_list if isinstance(node, nodes.Name)}


def is_external(function: nodes.FunctionDef) -> bool:
    """Whether others can call it."""
    return "external" in decorators(function)


def is_view(function: nodes.FunctionDef) -> bool:
    """Whether it changes nothing."""
    return bool(decorators(function) & {"view", "pure"})


def is_constructor(function: nodes.FunctionDef) -> bool:
    """Whether it runs once."""
    return "deploy" in decorators(function)


def words_of(name: str) -> list[str]:
    """Split a name in CamelCase or snake_case into lower-case words."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)
    return [part.lower() for part in parts]


def house_of(source: Source) -> Path:
    """Return the contract whose name this one extends, or this one if there is none."""
    mine = words_of(source.path.stem)
    best = source.path
    for other in source.tree.paths:
        words = words_of(other.stem)
        is_deployed = other.suffix == ".vy" and other.stem[0].isupper()
        if is_deployed and mine[: len(words)] == words and len(words) < len(words_of(best.stem)):
            best = other
    return best
