"""Docstrings as tags with their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# As vyper.ast.natspec has it.
TAG = re.compile(r"(?:^|\n)\s*@(\S+)\s*([\s\S]*?)(?=\n\s*@\S|\s*$)")


@dataclass(frozen=True)
class Tag:
    """`@name text`."""

    name: str
    text: str  # in one line
    line: int


def doc_of(node: Any) -> Any:
    """Return the docstring of a function or file, None if it has none."""
    return getattr(node, "doc_string", None)


def tags_of(node: Any) -> list[Tag]:
    """Return the tags of a function's or file's docstring, none if it has no docstring."""
    doc = doc_of(node)
    if doc is None:
        return []
    found = []
    for match in TAG.finditer(doc.value):
        line = doc.lineno + doc.value.count("\n", 0, match.start(1))
        found.append(Tag(match[1], " ".join(match[2].split()), line))
    return found
