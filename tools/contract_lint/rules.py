"""Natrix, the linter for Vyper, on every deployable that has changed since it last passed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .memory import Memory
from .sources import Problem, Source, Tree


def problems(tree: Tree) -> Iterator[Problem]:
    """Run natrix where the contract, or a module or interface of it, is new."""
    settings = tree.root / "pyproject.toml"
    tools = [version("natrix"), version("vyper"), version("snekmate")]
    if settings.is_file():
        tools.append(settings.read_text(encoding="utf-8"))
    memory = Memory(tree.root, "natrix", " ".join(tools))
    contracts = [source for source in tree.sources if source.is_contract]
    stale = {
        source: content for source in contracts if not memory.knows(content := _content(source))
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for content, found in zip(stale.values(), pool.map(_run, stale), strict=True):
            if not found:
                memory.keep(content)
            yield from found


def _run(source: Source) -> list[Problem]:
    """Lint one contract."""
    where = source.path.relative_to(source.tree.root)
    command = ["natrix", "lint", "--json", str(where)]
    done = subprocess.run(
        command, cwd=source.tree.root, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return []
    try:
        issues: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr or done.stdout).strip().splitlines() or ["natrix failed"]
        return [Problem(source.path, 0, f"natrix: {last[-1]}")]
    return [
        Problem(
            source.tree.root / issue.get("file", where),
            int(str(issue["position"]).split(":")[0]),  # line:column
            f"{issue['code']} {issue['message']}",
        )
        for issue in issues
    ]


def _content(source: Source) -> str:
    """Return everything that a contract is compiled from, of this project."""
    known: set[Path] = set()

    def visit(path: Path) -> None:
        known.add(path)
        for entry in source.tree.at(path).imports.values():
            target = entry.target
            is_ours = target is not None and target.is_relative_to(source.tree.contracts)
            if target is not None and is_ours and target not in known:
                visit(target)

    visit(source.path)
    return "\0".join(source.tree.at(path).text for path in sorted(known))
