"""`python scripts/lint_contracts.py`: run the checks, print what is wrong and how to mend it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from . import dialect, docs, formatting, graph, layout, natspec, rules, size
from .sources import Problem, Tree

ROOT = Path(__file__).resolve().parents[2]
CHECKS: dict[str, Callable[[Tree], Iterable[Problem]]] = {
    "layout": layout.problems,
    "format": formatting.problems,
    "graph": graph.problems,
    "dialect": dialect.problems,
    "natspec": natspec.problems,
    "size": size.problems,
    "docs": docs.problems,
    "natrix": rules.problems,
}
# In this order: formatting has the last word on a file.
FIXES: dict[str, Callable[[Tree], list[Path]]] = {
    "natspec": natspec.fix,
    "format": formatting.fix,
    "docs": docs.fix,
}


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Return 1 if anything is wrong."""
    options = _parser().parse_args(arguments)
    tree = Tree(root)
    if options.graph:
        print(graph.mermaid(tree), end="")
        return 0
    if options.fix:
        for name, fix in FIXES.items():
            if name in options.only:
                for path in fix(tree):
                    print(f"rewrote {path.relative_to(root)}")
                tree.forget()

    chosen = {path.resolve() for path in options.files}
    total = 0
    for name in options.only:
        found = [problem for problem in CHECKS[name](tree) if not chosen or problem.path in chosen]
        for problem in sorted(found, key=lambda problem: (problem.path, problem.line)):
            print(f"{tree.where(problem)}: {problem.text}")
        if found:
            print(f"{name}: {_count(len(found), 'problem')}", file=sys.stderr)
        total += len(found)
    print(f"{_count(len(tree.paths), 'Vyper file')}, {_count(total, 'problem')}.")
    return 1 if total else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _checks(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in CHECKS]:
        raise argparse.ArgumentTypeError(f"no check {', '.join(unknown)}: {', '.join(CHECKS)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lint_contracts.py",
        description="Checks of the Vyper sources.",
        epilog="Checks: " + "; ".join(f"{name}: {_about(name)}" for name in CHECKS),
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be, report the rest")
    parser.add_argument("--only", type=_checks, default=list(CHECKS), metavar="CHECK,CHECK")
    parser.add_argument("--graph", action="store_true", help="print the import graph as mermaid")
    parser.add_argument("files", nargs="*", type=Path, help="report on these only")
    return parser


def _about(name: str) -> str:
    about = sys.modules[CHECKS[name].__module__].__doc__ or ""
    return about.splitlines()[0].rstrip(".")
