"""Statements and decisions of the Vyper sources, under names that survive edits above them.

A *statement* is a line of code in the body of a function. A *decision* is what a source-level
condition does: an `if`, an `assert`, an operand of `and` or `or`, a conditional expression, a loop.
Checks that the compiler adds (overflow, array bounds, the answers of calls) are none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from vyper import ast as vy_ast

TRUE, FALSE = "true", "false"
LOOP = SOME, NONE, AGAIN, END = "a pass", "no pass", "another pass", "no other pass"

STATEMENTS = (
    vy_ast.AnnAssign,
    vy_ast.Assert,
    vy_ast.Assign,
    vy_ast.AugAssign,
    vy_ast.Break,
    vy_ast.Continue,
    vy_ast.Expr,
    vy_ast.For,
    vy_ast.If,
    vy_ast.Log,
    vy_ast.Pass,
    vy_ast.Raise,
    vy_ast.Return,
)


class Place(NamedTuple):
    """Where a node of the syntax tree stands; `operand` counts the parts of `and` and `or`."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    operand: int = 0


@dataclass(frozen=True)
class Site:
    """A statement or decision as people name it.

    Attributes:
        file: Path from the root of the project.
        function: The function it stands in.
        text: Its source on one line; the condition alone, for a decision.
        turn: Counts sites of the same text within the function, from 1.
        line: Where it stands today; no part of its name.
    """

    file: str
    function: str
    text: str
    turn: int
    line: int

    @property
    def name(self) -> tuple[str, str, str, int]:
        """What tells it from all others, whatever is added above it."""
        return self.file, self.function, self.text, self.turn


def place_of(node: Any, root: Path, operand: int = 0) -> Place | None:
    """Return the place of a node, or nothing outside the project's contracts."""
    path = Path(node.module_node.resolved_path)
    if not path.is_relative_to(root / "contracts"):
        return None
    span = node.lineno, node.col_offset, node.end_lineno, node.end_col_offset
    return Place(str(path.relative_to(root)), *span, operand)


class Sites(NamedTuple):
    """All that a source file has: statements by place, decisions by place with their outcomes."""

    statements: dict[Place, Site]
    decisions: dict[Place, tuple[Site, tuple[str, ...]]]


@cache
def sites_of(path: Path, root: Path) -> Sites:
    """Read the statements and decisions of a file."""
    source = path.read_text()
    tree = vy_ast.parse_to_ast(source, module_path=str(path), resolved_path=str(path))
    lines = source.splitlines()
    found = Sites({}, {})
    for function in tree.get_children(vy_ast.FunctionDef):
        turns: Counter[tuple[bool, str]] = Counter()
        for node in _body(function):
            if isinstance(node, STATEMENTS) and not _is_loop_variable(node):
                place = place_of(node, root)
                found.statements[place] = _site(turns, place, function, lines[node.lineno - 1])
            for place, text, outcomes in _decisions(node, root):
                site = _site(turns, place, function, text, decides=True)
                found.decisions[place] = site, outcomes
    return found


def _body(function: Any) -> list[Any]:
    """Return the nodes of a function's body in the order of the source."""
    nodes = [n for part in function.body for n in [part, *part.get_descendants()]]
    return sorted(nodes, key=lambda node: (node.lineno, node.col_offset))


def _is_loop_variable(node: Any) -> bool:
    """Whether a node is the declaration in the head of a loop, which counts with the loop."""
    parent = node.get_ancestor()
    return isinstance(parent, vy_ast.For) and node is parent.target


def _decisions(node: Any, root: Path) -> list[tuple[Place, str, tuple[str, ...]]]:
    """Return what a node decides: place, source of the condition, outcomes."""
    if isinstance(node, vy_ast.If | vy_ast.Assert | vy_ast.IfExp):
        return [(place_of(node, root), _text_of(node.test), (TRUE, FALSE))]
    if isinstance(node, vy_ast.BoolOp):
        return [
            (place_of(node, root, number), _text_of(part), (TRUE, FALSE))
            for number, part in enumerate(node.values, 1)
        ]
    if isinstance(node, vy_ast.For):
        text = f"for {_text_of(node.iter)}"
        can_be_empty = not _is_fixed(node.iter)
        return [(place_of(node, root), text, LOOP if can_be_empty else LOOP[2:])]
    return []


def _is_fixed(iterated: Any) -> bool:
    """Whether a loop runs a number of times that the compiler knows: a list that is written out,
    or `range` without a bound."""
    if isinstance(iterated, vy_ast.List):
        return True
    return isinstance(iterated, vy_ast.Call) and not iterated.keywords


def _text_of(condition: Any) -> str:
    """Return the source of a condition. Where a name ends is not always known to the parser."""
    return condition.id if isinstance(condition, vy_ast.Name) else condition.node_source_code


def _site(
    turns: Counter[tuple[bool, str]], place: Place, function: Any, text: str, decides: bool = False
) -> Site:
    line = " ".join(text.split())
    turns[decides, line] += 1
    return Site(place.file, function.name, line, turns[decides, line], place.line)
