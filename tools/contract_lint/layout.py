"""What a file is can be read from its place and its name; no two files share a name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from .sources import Problem, Tree

LINE_LENGTH = 100

CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
INTERFACE = re.compile(r"I[A-Z][A-Za-z0-9]*")

# Folder below `contracts/`: suffix and name of its files, and what to say about others.
FOLDERS = {
    **dict.fromkeys(
        ("core", "procedure", "risk", "venue", "funds", "periphery"),
        (".vy", CAMEL_CASE, "a deployed contract is contracts/<room>/CamelCase.vy"),
    ),
    **dict.fromkeys(
        ("modules", "modules/layout"),
        (".vy", SNAKE_CASE, "a module is contracts/modules/snake_case.vy"),
    ),
    "interfaces": (".vyi", INTERFACE, "an interface is contracts/interfaces/IName.vyi"),
    "testing": (".vy", CAMEL_CASE, "a test double is contracts/testing/CamelCase.vy"),
}


def problems(tree: Tree) -> Iterator[Problem]:
    """Look at places, names and columns; report what cannot be parsed."""
    stems: dict[str, list[Path]] = defaultdict(list)
    for path in tree.paths:
        stems[path.stem].append(path)
        folder = path.parent.relative_to(tree.contracts).as_posix()
        if folder not in FOLDERS:
            yield Problem(path, 0, f"no such folder in the layout: {', '.join(sorted(FOLDERS))}")
        else:
            suffix, name, rule = FOLDERS[folder]
            if path.suffix != suffix or not name.fullmatch(path.stem):
                yield Problem(path, 0, rule)
        source = tree.at(path)
        if source.broken:
            yield Problem(path, 0, f"cannot be parsed: {source.broken}")
        for number, line in enumerate(source.lines, start=1):
            if len(line) > LINE_LENGTH:
                yield Problem(path, number, f"{len(line)} columns, {LINE_LENGTH} at most")
    for same in stems.values():
        for path in same[1:]:
            first = same[0].relative_to(tree.root)
            yield Problem(path, 0, f"same name as {first}, and Ape names contracts by it; rename")
