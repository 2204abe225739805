"""One way to write a file: header, imports, order, banners, names, shifts, revert reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from vyper.ast import nodes
from vyper.ast.parse import parse_to_ast

from .docstrings import doc_of, tags_of
from .sources import (
    BUILTIN_INTERFACES,
    VYPER,
    Import,
    Problem,
    Source,
    Tree,
    decorators,
    house_of,
    is_constructor,
    is_view,
    walk,
    words_of,
)

LINE_LENGTH = 100
VERSION_PRAGMA = "#pragma version 0.4.3"
NONREENTRANCY_PRAGMA = "#pragma nonreentrancy on"
FIELDS = ["title", "custom:contract-name", "license", "author", "notice", "dev"]
OPTIONAL_FIELDS = {"dev"}
LICENSE = "GNU Affero General Public License v3.0 only"
AUTHOR = "Bulkhead"
EXPLAINED = "reverts by itself"  # in the comment of an assertion without a reason

UPPER_CASE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
INTERNAL = re.compile(r"_[a-z][a-z0-9]*(_[a-z0-9]+)*")
REASON = re.compile(r"(?P<prefix>[a-z0-9]+(?: [a-z0-9]+)*): \S(?:.*[^\s.])?")
BANNER_LIKE = re.compile(r"#.*-{4,}\s*$")
BANNER = re.compile(r"# [A-Z0-9][^a-z]* -+")
IMPORT_FORM = re.compile(r"from [\w.]+ import \w+(?: as \w+)?")


def problems(tree: Tree) -> Iterator[Problem]:
    """Read every file."""
    for source in tree.sources:
        yield from _header(source)
        yield from _imports(source)
        yield from _order(source)
        yield from _banners(source)
        if not source.is_interface:
            yield from _names(source)
            if not source.is_layout:
                yield from _literals(source)
            if not source.is_testing:
                yield from _reasons(source)


# HEADER -------------------------------------------------------------------------------------------


def _header(source: Source) -> Iterator[Problem]:
    pragmas = [VERSION_PRAGMA]
    if not (source.is_interface or source.is_testing):
        pragmas.append(NONREENTRANCY_PRAGMA)
    for number, pragma in enumerate(pragmas, start=1):
        if source.lines[number - 1 : number] != [pragma]:
            yield Problem(source.path, number, f"line {number} must be `{pragma}`")
    if doc_of(source.ast) is None:
        yield Problem(source.path, 0, f"no docstring; write one with @{', @'.join(FIELDS)}")
        return
    tags = tags_of(source.ast)
    names = [tag.name for tag in tags]
    optional = OPTIONAL_FIELDS | ({"custom:contract-name"} if source.is_interface else set())
    line = doc_of(source.ast).lineno
    missing = [f"@{field}" for field in FIELDS if field not in names and field not in optional]
    if missing:
        yield Problem(source.path, line, f"the docstring lacks {', '.join(missing)}")
    places = [FIELDS.index(name) for name in names if name in FIELDS]
    if places != sorted(places):
        yield Problem(source.path, line, f"docstring in another order than @{', @'.join(FIELDS)}")
    fixed = {"custom:contract-name": source.path.stem, "license": LICENSE, "author": AUTHOR}
    for tag in tags:
        if tag.name in fixed and tag.text != fixed[tag.name]:
            yield Problem(source.path, tag.line, f"@{tag.name} must be `{fixed[tag.name]}`")


# IMPORTS ------------------------------------------------------------------------------------------

BLOCKS = ["ethereum", "snekmate", "interfaces", "layout", "modules"]


def _imports(source: Source) -> Iterator[Problem]:
    entries = list(source.imports.values())
    for entry in entries:
        text = source.lines[entry.line - 1].split("#")[0].rstrip()
        if entry.line != entry.end_line or not IMPORT_FORM.fullmatch(text):
            yield Problem(source.path, entry.line, "one name a line: `from <module> import <name>`")
        target = entry.target
        if entry.level == 0 and target and target.is_relative_to(source.tree.contracts):
            yield Problem(
                source.path, entry.line, f"`{entry.name}` is ours: import it relative, `from ..`"
            )
    for before, after in pairwise(entries):
        if _place(source, after) < _place(source, before):
            yield Problem(
                source.path,
                after.line,
                f"`{after.alias}` goes before `{before.alias}`: {', '.join(BLOCKS)}, each by name",
            )
        if after.line != before.end_line + 1:
            yield Problem(
                source.path, after.line, "imports stand together, without anything between them"
            )


def _place(source: Source, entry: Import) -> tuple[int, tuple[str, str]]:
    """Return where an import belongs."""
    target = source.tree.at(entry.target) if entry.target else None
    if entry.module.startswith(BUILTIN_INTERFACES.split(".")[0]):
        block = "ethereum"
    elif target is None or not target.folder:
        block = "snekmate"
    elif target.is_interface:
        block = "interfaces"
    else:
        block = "layout" if target.is_layout else "modules"
    return BLOCKS.index(block), entry.key


# ORDER --------------------------------------------------------------------------------------------

SECTIONS = [
    "imports",
    "implements",
    "uses and initializes",
    "exports",
    "constants",
    "structs and events",
    "immutables",
    "storage",
    "transient storage",
    "the constructor",
    "external functions",
    "external views",
    "admin functions",
    "internal functions",
]


def _order(source: Source) -> Iterator[Problem]:
    reached, last = 0, ""
    banners = {
        number: line
        for number, line in enumerate(source.lines, start=1)
        if BANNER_LIKE.fullmatch(line)
    }
    for node in source.ast.body:
        above = [text for number, text in banners.items() if number < node.lineno]
        place = _section(source, node, above[-1] if above else "")
        if place is None:
            continue
        if SECTIONS.index(place) < reached:
            text = f"{_title(node)} stands too low: first {place}, then {last}"
            if place == "external functions" and last == "external views":
                text += ", unless the admin calls them: then under a banner with ADMIN in it"
            yield Problem(source.path, node.lineno, text)
        else:
            reached, last = SECTIONS.index(place), place


def _section(source: Source, node: Any, banner: str) -> str | None:
    """Return where something of the top level belongs, None if anywhere."""
    kinds = {
        nodes.Import: "imports",
        nodes.ImportFrom: "imports",
        nodes.ImplementsDecl: "implements",
        nodes.UsesDecl: "uses and initializes",
        nodes.InitializesDecl: "uses and initializes",
        nodes.ExportsDecl: "exports",
        nodes.StructDef: "structs and events",
        nodes.EventDef: "structs and events",
        nodes.FlagDef: "structs and events",
        nodes.InterfaceDef: "structs and events",
    }
    if type(node) in kinds:
        return kinds[type(node)]
    if isinstance(node, nodes.VariableDecl):
        if node.is_constant:
            return "constants"
        if node.is_immutable:
            return "immutables"
        return "transient storage" if node.is_transient else "storage"
    if not isinstance(node, nodes.FunctionDef):
        return None
    if is_constructor(node):
        return "the constructor"
    if "internal" in decorators(node):
        return "internal functions"
    if source.is_interface:
        return "external functions"
    if "ADMIN" in banner:
        return "admin functions"
    return "external views" if is_view(node) else "external functions"


def _title(node: Any) -> str:
    target = getattr(node, "target", None)
    name = getattr(node, "name", None) or getattr(target, "id", None)
    return f"`{name}`" if name else "this"


# BANNERS ------------------------------------------------------------------------------------------


def _banners(source: Source) -> Iterator[Problem]:
    lines = source.lines
    doc = doc_of(source.ast)
    for number, line in enumerate(lines, start=1):
        is_in_header = doc is not None and doc.lineno <= number <= doc.end_lineno
        if is_in_header or not BANNER_LIKE.fullmatch(line):
            continue
        if not BANNER.fullmatch(line) or len(line) != LINE_LENGTH:
            yield Problem(
                source.path,
                number,
                f"a banner is one line `# TITLE IN CAPITALS ---`, {LINE_LENGTH} columns",
            )
            continue
        before, after = lines[max(number - 4, 0) : number - 1], lines[number : number + 2]
        blanks = [not text.strip() for text in before]
        if blanks[-3:] != [False, True, True] or [not text.strip() for text in after] != [
            True,
            False,
        ]:
            yield Problem(source.path, number, "two blank lines before a banner, one after")


# NAMES --------------------------------------------------------------------------------------------


@cache
def _standard_names() -> frozenset[str]:
    """Return names of functions that ERCs prescribe."""
    return frozenset(
        node.name
        for path in (VYPER / "builtins" / "interfaces").glob("*.vyi")
        for node in parse_to_ast(path.read_text(encoding="utf-8"), is_interface=True).body
        if isinstance(node, nodes.FunctionDef)
    )


def _names(source: Source) -> Iterator[Problem]:
    for name, node in source.variables.items():
        if node.is_public and name in _standard_names():
            continue
        if node.is_constant or node.is_immutable:
            if not UPPER_CASE.fullmatch(name):
                kind = "a constant" if node.is_constant else "an immutable"
                text = f"`{name}`: {kind} is UPPER_CASE, no underscore first"
                yield Problem(source.path, node.lineno, text)
        elif not SNAKE_CASE.fullmatch(name):
            yield Problem(
                source.path, node.lineno, f"`{name}`: storage is snake_case, no underscore first"
            )
    for name, function in source.functions.items():
        if "internal" in decorators(function) and not INTERNAL.fullmatch(name):
            yield Problem(
                source.path, function.lineno, f"`{name}`: an internal function is _snake_case"
            )


# SHIFTS AND MASKS ---------------------------------------------------------------------------------

SHIFTS = (nodes.LShift, nodes.RShift)
MASKS = (nodes.BitAnd, nodes.BitOr, nodes.BitXor)


def _literals(source: Source) -> Iterator[Problem]:
    for node in source.ast.body:
        if isinstance(node, nodes.VariableDecl) and node.is_constant:
            continue
        seen: set[int] = set()
        for part in walk(node):
            text = _literal(part)
            if text and part.lineno not in seen:
                seen.add(part.lineno)
                yield Problem(
                    source.path,
                    part.lineno,
                    f"{text} `{' '.join(part.node_source_code.split())}`; name it, best in "
                    "contracts/modules/layout/",
                )


def _literal(node: Any) -> str:
    """Return what kind of number without a name an operation has."""
    if isinstance(node, nodes.AugAssign):
        if isinstance(node.op, SHIFTS) and _has_number(node.value):
            return "shift by a number"
        return "mask of a number" if isinstance(node.op, MASKS) and _is_number(node.value) else ""
    if not isinstance(node, nodes.BinOp):
        return ""
    if isinstance(node.op, SHIFTS) and _has_number(node.right):
        return "shift by a number"
    if isinstance(node.op, MASKS) and (_is_number(node.left) or _is_number(node.right)):
        return "mask of a number"
    is_power = isinstance(node.op, nodes.Pow) and isinstance(node.left, nodes.Int)
    if is_power and node.left.value == 2 and isinstance(node.right, nodes.Int):
        return "power of two"
    return ""


def _is_number(node: Any) -> bool:
    """Whether an expression is made of literals alone."""
    parts = [part for part in walk(node) if isinstance(part, nodes.ExprNode)]
    leaves = [part for part in parts if isinstance(part, nodes.Int | nodes.Hex | nodes.Name)]
    return bool(leaves) and all(not isinstance(part, nodes.Name) for part in leaves)


def _has_number(node: Any) -> bool:
    """Whether a literal is, or goes into, the places to shift by; `field + 1` is no place."""
    if isinstance(node, nodes.Int):
        return True
    return any(isinstance(part, nodes.Int) and part.value > 1 for part in walk(node))


# REASONS ------------------------------------------------------------------------------------------


def prefix_of(source: Source) -> str:
    """Return what the reasons of a file begin with."""
    owner = source.path if source.is_module else house_of(source)
    return " ".join(words_of(owner.stem))


def _reasons(source: Source) -> Iterator[Problem]:
    prefix = prefix_of(source)
    for node in walk(source.ast):
        if not isinstance(node, nodes.Assert | nodes.Raise):
            continue
        reason = node.msg if isinstance(node, nodes.Assert) else node.exc
        if reason is None:
            text = "\n".join(source.lines[node.lineno - 1 : node.end_lineno])
            if EXPLAINED not in text:
                yield Problem(
                    source.path,
                    node.lineno,
                    f'no reason; write "{prefix}: ..." or the comment `# {EXPLAINED}: ...`',
                )
        elif not isinstance(reason, nodes.Str):
            yield Problem(source.path, node.lineno, f'the reason is no text; "{prefix}: ..."')
        elif not (match := REASON.fullmatch(reason.value)):
            yield Problem(
                source.path,
                reason.lineno,
                f'"{reason.value}" is not of the form "{prefix}: reason"',
            )
        elif match["prefix"] != prefix:
            yield Problem(
                source.path, reason.lineno, f'"{reason.value}" must begin with "{prefix}: "'
            )
