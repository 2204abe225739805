"""What can be read in one sitting: lengths of functions and files."""

from __future__ import annotations

from collections.abc import Iterator

from .sources import Problem, Tree

FUNCTION_LINES = 80  # from `def` to the last line, docstring included
FILE_LINES = 600


def problems(tree: Tree) -> Iterator[Problem]:
    """Find what is too long."""
    for source in tree.sources:
        if len(source.lines) > FILE_LINES:
            yield Problem(
                source.path, 0, f"{len(source.lines)} lines, {FILE_LINES} at most; split the file"
            )
        for name, function in source.functions.items():
            length = function.end_lineno - function.lineno + 1
            if length > FUNCTION_LINES:
                yield Problem(
                    source.path,
                    function.lineno,
                    f"`{name}` has {length} lines, {FUNCTION_LINES} at most; split it",
                )
