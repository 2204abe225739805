"""The import graph that docs/architecture.md shows is the one of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .graph import mermaid
from .sources import Problem, Tree

PAGE = Path("docs", "architecture.md")
BEGIN, END = "<!-- graph -->", "<!-- /graph -->"


def problems(tree: Tree) -> Iterator[Problem]:
    """Compare the page with the sources; a page without markers shows no graph."""
    page = tree.root / PAGE
    if (parts := _parts(page)) is None:
        return
    before, shown, _ = parts
    if shown != _wanted(tree):
        line = before.count("\n") + 1
        yield Problem(page, line, "the graph is not that of the sources; `make format` renews it")


def fix(tree: Tree) -> list[Path]:
    """Renew the graph."""
    page = tree.root / PAGE
    if (parts := _parts(page)) is None or parts[1] == _wanted(tree):
        return []
    before, _, after = parts
    page.write_text(before + _wanted(tree) + after, encoding="utf-8")
    return [page]


def _wanted(tree: Tree) -> str:
    return f"\n```mermaid\n{mermaid(tree)}```\n"


def _parts(page: Path) -> tuple[str, str, str] | None:
    """Return the page up to the end of the first marker, what is between, and the rest."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    shown, end, after = rest.partition(END)
    return (before + begin, shown, end + after) if begin and end else None
