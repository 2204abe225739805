"""Rooms of the Python package: what each may import, and no cycles.

    python scripts/lint_package.py

A room is a folder of `bulkhead/`. The first line of its `__init__.py` says what it is for and which
rooms it imports, as in "What the ledger holds. Imports: config, deployment.", or "Imports: none."
Modules beside the rooms are for all of them and import none. Files stay under 400 lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import click

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bulkhead"
MOST_LINES = 400
FIRST_LINE = re.compile(r".+\. Imports: (?P<rooms>none|\w+(, \w+)*)\.")


class Import(NamedTuple):
    """An import of something of the package."""

    path: Path
    line: int
    module: str  # `bulkhead.config.units`

    @property
    def room(self) -> str | None:
        """The first part after the package's name, if there is one."""
        _, *parts = self.module.split(".")
        return parts[0] if parts else None


@click.command()
def cli() -> None:
    """Check the rooms of the package."""
    problems = list(check(PACKAGE))
    for problem in problems:
        click.echo(problem)
    files = len(list(PACKAGE.rglob("*.py")))
    click.echo(f"{files} Python files of the package, {len(problems)} problems.")
    raise SystemExit(bool(problems))


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with a package, a line each."""
    for path in sorted(package.rglob("*.py")):
        if (count := len(path.read_text(encoding="utf-8").splitlines())) >= MOST_LINES:
            yield f"{_shown(path, package)}: has {count} lines: fewer than {MOST_LINES} are read"
    rooms = sorted(path.parent.name for path in package.glob("*/__init__.py"))
    allowed: dict[str, set[str]] = {}
    for room in rooms:
        front = package / room / "__init__.py"
        declared = declaration(front)
        if declared is None:
            yield f"{_shown(front, package)}:1: says no `What it is for. Imports: a, b.`"
        elif unknown := sorted(declared - set(rooms)):
            yield f"{_shown(front, package)}:1: there is no room {', '.join(unknown)}"
        allowed[room] = declared or set()
    used: dict[str, set[str]] = {room: set() for room in rooms}
    for found in imports_of(package):
        home = found.path.relative_to(package).parts[0]
        target = found.room
        if target not in rooms or target == home:
            continue
        where = f"{_shown(found.path, package)}:{found.line}"
        if home not in rooms:
            yield f"{where}: a module for all rooms imports {target}"
            continue
        used[home].add(target)
        if target not in allowed[home]:
            yield f"{where}: {home} may not import {target}"
    for room in rooms:
        for target in sorted((allowed[room] & set(rooms)) - used[room]):
            front = _shown(package / room / "__init__.py", package)
            yield f"{front}:1: says that it imports {target}, which it does not"
    yield from _cycle(used)


def declaration(front: Path) -> set[str] | None:
    """Return the rooms that the first line of a room's front names, or None if it names none."""
    text = ast.get_docstring(ast.parse(front.read_text(encoding="utf-8"))) or ""
    match = FIRST_LINE.fullmatch(text.partition("\n")[0])
    if match is None:
        return None
    return set() if match["rooms"] == "none" else set(match["rooms"].split(", "))


def imports_of(package: Path) -> Iterator[Import]:
    """Yield every import of the package by itself, wherever in a file it stands."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for module in _modules(node, path, package):
                if module.split(".")[0] == package.name:
                    yield Import(path, node.lineno, module)


def _modules(node: ast.AST, path: Path, package: Path) -> Iterator[str]:
    """Yield full names of what a statement imports; of `from a import b` both `a` and `a.b`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            here = (package.name, *path.relative_to(package).parts[:-1])
            base = ".".join([*here[: len(here) - node.level + 1], *filter(None, [base])])
        if base == package.name:
            yield from (f"{base}.{alias.name}" for alias in node.names)
        else:
            yield base


def _cycle(used: Mapping[str, set[str]]) -> Iterator[str]:
    try:
        TopologicalSorter(used).prepare()
    except CycleError as error:
        yield f"rooms import each other: {' <- '.join(error.args[1])}"


def _shown(path: Path, package: Path) -> str:
    return str(path.relative_to(package.parent))


if __name__ == "__main__":
    cli()
