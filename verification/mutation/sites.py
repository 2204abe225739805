"""Where a contract can be changed by a small fault, and how: the mutation operators.

Every site is found in Vyper's syntax tree and written down as a piece of source text and the text
that takes its place. Types are not looked at: what does not compile is sorted out later.

| operator | change |
|---|---|
| boundary | `<` and `<=`, `>` and `>=` |
| negation | a comparison or a condition into its opposite |
| arithmetic | `+` and `-`, `*` and `//`, `%` into `//`, `&` and `|`, `<<` and `>>` |
| connective | `and` and `or` |
| rounding | `_mul_down` and `_mul_up` and the like, a rounded-up division into a plain one |
| extreme | `min` and `max` |
| number | a literal plus one, a literal minus one |
| constant | a named constant plus one, at one place of its use |
| truth | `True` and `False` |
| sign | a minus left out |
| statement | an assignment, a call or an early exit left out |
| check | an assertion left out |
| event | a log left out |
"""

from __future__ import annotations

import hashlib
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyper import ast as vy
from vyper.ast import parse_to_ast

from verification.engine.evm import deployables, modules

COMPARISONS = {
    "<": (("boundary", "<="), ("negation", ">=")),
    "<=": (("boundary", "<"), ("negation", ">")),
    ">": (("boundary", ">="), ("negation", "<=")),
    ">=": (("boundary", ">"), ("negation", "<")),
    "==": (("negation", "!="),),
    "!=": (("negation", "=="),),
    "in": (("negation", "not in"),),
    "not in": (("negation", "in"),),
}
ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "//",
    "//": "*",
    "%": "//",
    "&": "|",
    "|": "&",
    "^": "|",
    "<<": ">>",
    ">>": "<<",
}
TWINS = {
    "_mul_down": "_mul_up",
    "_mul_floor": "_mul_ceil",
    "_mul_floor_unchecked": "_mul_ceil_unchecked",
    "_shares_down": "_shares_up",
    "min": "max",
}
TWINS |= {second: first for first, second in TWINS.items()}
DIVISION_UP = ("_div_up", "ceil_div")
# Arguments that must be literals or types, by place; of all others the compiler decides.
FIXED_ARGUMENTS = {
    "convert": {1},
    "slice": {1, 2},
    "extract32": {1},
    "abi_decode": {1},
    "empty": {0},
    "max_value": {0},
    "min_value": {0},
    "method_id": {0},
    "range": set(),
}
KEYWORDS = {"log": "yield", "extcall": "await", "staticcall": "await"}
SIMPLE = (vy.Assign, vy.AugAssign, vy.Expr, vy.Assert, vy.Log, vy.Return, vy.Continue, vy.Break)


@dataclass(frozen=True)
class Mutant:
    """One small fault.

    Attributes:
        key: Stays the same while its function's text does not change at this place.
        file: Path below contracts/.
        start: Where the changed text begins, in bytes.
        end: Where it ends.
        after: What takes its place; None leaves a statement out.
        is_statement: A whole statement, not an expression.
        is_unread: A variable's first value, which is overwritten before anything reads it.
    """

    key: str
    file: str
    function: str
    line: int
    operator: str
    start: int
    end: int
    before: str
    after: str | None
    is_statement: bool
    is_unread: bool = False


class Finder:
    """Finds the mutants of one file."""

    def __init__(self, contracts: Path, file: str) -> None:
        """Parse a file."""
        self.file = file
        self.contracts = contracts
        self.source = (contracts / file).read_bytes()
        text = self.source.decode()
        path = str(contracts / file)
        self.tree = parse_to_ast(text, source_id=0, module_path=path, resolved_path=path)
        self.starts = [0]
        for line in self.source.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.ends = _token_ends(text)
        self.constants = _constants(self.tree)
        self.imported = {
            alias: _constants(tree) for alias, tree in _imports(contracts, self.tree, file).items()
        }
        self.seen: Counter[str] = Counter()
        self.function = ""
        self.is_unread = False

    def find(self) -> Iterator[Mutant]:
        """Yield the mutants in the order of the text."""
        for function in self.tree.get_children(vy.FunctionDef):
            self.function = function.name
            yield from self._block(function.body)

    def _make(
        self, node: Any, operator: str, after: str | None, is_statement: bool = False
    ) -> Mutant:
        start, end = self._span(node)
        before = self.source[start:end].decode()
        plain = re.sub(r"\s+", " ", f"{before} -> {after}")
        name = f"{self.file} {self.function} {operator} {plain}"
        self.seen[name] += 1
        key = hashlib.sha256(f"{name} {self.seen[name]}".encode()).hexdigest()[:10]
        place = self.file, self.function, node.lineno, operator
        return Mutant(key, *place, start, end, before, after, is_statement, self.is_unread)

    def _span(self, node: Any) -> tuple[int, int]:
        column = node.end_col_offset
        column = self.ends.get((node.end_lineno, column), column)
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + column,
        )

    def _text(self, node: Any) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    # Statements ---------------------------------------------------------------------------------

    def _block(self, statements: list[Any]) -> Iterator[Mutant]:
        for place, statement in enumerate(statements):
            self.is_unread = _is_unread(statement, statements[place + 1 :])
            yield from self._statement(statement)
            self.is_unread = False

    def _statement(self, node: Any) -> Iterator[Mutant]:
        if not self._is_addressed(node):
            return
        if isinstance(node, vy.Expr) and isinstance(node.value, vy.Str):
            return
        if isinstance(node, SIMPLE) and not (isinstance(node, vy.Return) and node.value):
            kind = {vy.Assert: "check", vy.Log: "event"}.get(type(node), "statement")
            yield self._make(node, kind, None, is_statement=True)
        if isinstance(node, vy.AugAssign):
            sign = _operator(self, node.target, node.value, suffix="=")
            if sign in ARITHMETIC:
                target, value = self._text(node.target), self._text(node.value)
                after = f"{target} {ARITHMETIC[sign]}= {value}"
                yield self._make(node, "arithmetic", after, is_statement=True)
        if isinstance(node, vy.If):
            yield from self._condition(node.test)
            yield from self._block(node.body)
            yield from self._block(node.orelse)
        elif isinstance(node, vy.For):
            yield from self._expression(node.iter)
            yield from self._block(node.body)
        elif isinstance(node, vy.Assert):
            yield from self._condition(node.test)
        elif getattr(node, "value", None) is not None:
            yield from self._expression(node.value)

    def _is_addressed(self, node: Any) -> bool:
        """Whether the parser's positions are those of the text: around some loops they are not."""
        parts = (node.test,) if isinstance(node, vy.If) else (node,)
        parts = (node.iter,) if isinstance(node, vy.For) else parts
        names = [
            name for part in parts for name in part.get_descendants(vy.Name, include_self=True)
        ]
        return all(self._text(name) == name.id for name in names)

    def _condition(self, node: Any) -> Iterator[Mutant]:
        if not isinstance(node, vy.Compare | vy.UnaryOp):
            yield self._make(node, "negation", f"not ({self._text(node)})")
        yield from self._expression(node)

    # Expressions --------------------------------------------------------------------------------

    def _expression(self, node: Any) -> Iterator[Mutant]:
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is not None:
            yield from handler(node)
        elif isinstance(node, vy.List | vy.Tuple):
            for part in node.elements:
                yield from self._expression(part)

    def _compare(self, node: Any) -> Iterator[Mutant]:
        left, right = self._text(node.left), self._text(node.right)
        for operator, sign in COMPARISONS.get(_operator(self, node.left, node.right), ()):
            yield self._make(node, operator, f"({left}) {sign} ({right})")
        yield from self._expression(node.left)
        yield from self._expression(node.right)

    def _binop(self, node: Any) -> Iterator[Mutant]:
        left, right = self._text(node.left), self._text(node.right)
        sign = _operator(self, node.left, node.right)
        if sign in ARITHMETIC:
            yield self._make(node, "arithmetic", f"({left}) {ARITHMETIC[sign]} ({right})")
        yield from self._expression(node.left)
        yield from self._expression(node.right)

    def _boolop(self, node: Any) -> Iterator[Mutant]:
        word = "or" if isinstance(node.op, vy.And) else "and"
        after = f" {word} ".join(f"({self._text(value)})" for value in node.values)
        yield self._make(node, "connective", after)
        for value in node.values:
            yield from self._expression(value)

    def _unaryop(self, node: Any) -> Iterator[Mutant]:
        operator = "negation" if isinstance(node.op, vy.Not) else "sign"
        yield self._make(node, operator, self._text(node.operand))
        if not isinstance(node.operand, vy.Int):
            yield from self._expression(node.operand)

    def _int(self, node: Any) -> Iterator[Mutant]:
        if self._text(node)[:2] == "0x":
            return
        yield self._make(node, "number", str(node.value + 1))
        if node.value > 0:
            yield self._make(node, "number", str(node.value - 1))

    def _nameconstant(self, node: Any) -> Iterator[Mutant]:
        if node.value is not None:
            yield self._make(node, "truth", str(not node.value))

    def _name(self, node: Any) -> Iterator[Mutant]:
        if node.id in self.constants:
            yield self._make(node, "constant", f"{node.id} + 1")

    def _attribute(self, node: Any) -> Iterator[Mutant]:
        module = node.value.id if isinstance(node.value, vy.Name) else ""
        if node.attr in self.imported.get(module, ()):
            yield self._make(node, "constant", f"{module}.{node.attr} + 1")
        elif not isinstance(node.value, vy.Name):
            yield from self._expression(node.value)

    def _subscript(self, node: Any) -> Iterator[Mutant]:
        yield from self._expression(node.value)
        yield from self._expression(node.slice)

    def _ifexp(self, node: Any) -> Iterator[Mutant]:
        yield from self._condition(node.test)
        yield from self._expression(node.body)
        yield from self._expression(node.orelse)

    def _staticcall(self, node: Any) -> Iterator[Mutant]:
        yield from self._call(node.value)

    def _extcall(self, node: Any) -> Iterator[Mutant]:
        yield from self._call(node.value)

    def _call(self, node: Any) -> Iterator[Mutant]:
        name = self._text(node.func).rpartition(".")[2]
        arguments = [self._text(argument) for argument in node.args]
        if name in TWINS and self.function not in TWINS:  # one of them may call the other
            function = self._text(node.func)[: -len(name)] + TWINS[name]
            operator = "extreme" if name in ("min", "max") else "rounding"
            yield self._make(node, operator, f"{function}({', '.join(arguments)})")
        if name in DIVISION_UP:
            yield self._make(node, "rounding", "({}) // ({})".format(*arguments))
        for place, argument in enumerate(node.args):
            is_literal_bound = name == "range" and isinstance(argument, vy.Int)
            if place not in FIXED_ARGUMENTS.get(name, ()) and not is_literal_bound:
                yield from self._expression(argument)
        if isinstance(node.func, vy.Attribute):
            yield from self._expression(node.func.value)
        if name[:1].isupper():  # fields of a struct or an event
            for keyword in node.keywords:
                yield from self._expression(keyword.value)


def _is_unread(node: Any, following: list[Any]) -> bool:
    """Whether a declaration's literal is overwritten before anything reads it: of the statements
    that follow in its block, the first to name the variable assigns to it."""
    if not isinstance(node, vy.AnnAssign) or not isinstance(node.value, vy.Int | vy.NameConstant):
        return False
    for statement in following:
        names = statement.get_descendants(vy.Name, {"id": node.target.id}, include_self=True)
        if not names:
            continue
        if not isinstance(statement, vy.Assign) or len(names) > 1:
            return False
        target = statement.target
        return names[0] in (target.elements if isinstance(target, vy.Tuple) else [target])
    return True


def _token_ends(text: str) -> dict[tuple[int, int], int]:
    """Return where tokens end in the text, by where Vyper's tree says they end.

    Vyper parses a text in which its own keywords are replaced by Python's, and moves positions back
    afterwards: starts always, ends only where another token follows at once.
    """
    shift: Counter[int] = Counter()
    ends, exact = {}, set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        (line, start), (last, end) = token.start, token.end
        exact.add((line, start))
        replacement = KEYWORDS.get(token.string) if token.type == tokenize.NAME else None
        if replacement is not None:
            shift[line] += len(token.string) - len(replacement)
        ends[last, end - shift[last]] = end
    return {place: end for place, end in ends.items() if place not in exact or place[1] == end}


def _operator(finder: Finder, left: Any, right: Any, suffix: str = "") -> str:
    """Return the operator that is written between two operands."""
    gap = finder.source[finder._span(left)[1] : finder._span(right)[0]].decode()
    gap = re.sub(r"#.*", "", gap)
    return re.sub(r"[()\\\s]+", " ", gap).strip().removesuffix(suffix)


def _constants(tree: Any) -> set[str]:
    """Return the names of a module's whole-number constants."""
    return {
        declaration.target.id
        for declaration in tree.get_children(vy.VariableDecl)
        if declaration.is_constant
        and re.match(r"u?int\d+$", declaration.annotation.node_source_code)
    }


def _imports(contracts: Path, tree: Any, file: str) -> dict[str, Any]:
    """Return the trees of the project's modules that a file imports, by their names there."""
    found = {}
    for node in tree.get_children(vy.ImportFrom):
        name = node.name
        path = next((contracts / "modules").rglob(f"{name}.vy"), None)
        if path is not None and path != contracts / file:
            text = path.read_text()
            parsed = parse_to_ast(text, source_id=0, module_path=str(path), resolved_path=str(path))
            found[node.alias or name] = parsed
    return found


def find_all(contracts: Path) -> list[Mutant]:
    """Return all mutants of the contracts that are deployed and of their modules."""
    files = deployables(contracts) + modules(contracts)
    names = [path.relative_to(contracts).as_posix() for path in files]
    return [mutant for name in names for mutant in Finder(contracts, name).find()]
