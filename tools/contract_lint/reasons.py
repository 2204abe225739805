"""The reasons that a function can revert with by itself: through internal calls, not external."""

from __future__ import annotations

from typing import Any

from vyper.ast import nodes

from .sources import Source, Tree, children

ARITHMETIC = "snekmate/utils/math.vy"  # its reasons are about numbers out of range


class Reasons:
    """Reasons of functions, in the order in which they stand on the way through the code."""

    def __init__(self, tree: Tree) -> None:
        """Know nothing yet."""
        self.tree = tree
        self._known: dict[tuple[Source, str], list[str]] = {}

    def of(self, source: Source, name: str) -> list[str]:
        """Return the reasons of a function, each once."""
        key = (source, name)
        if key not in self._known:
            self._known[key] = []  # a recursion, which Vyper refuses, ends here
            found: list[str] = []
            for statement in source.functions[name].body:
                self._collect(source, statement, found)
            self._known[key] = list(dict.fromkeys(found))
        return self._known[key]

    def _collect(self, source: Source, node: Any, found: list[str]) -> None:
        if isinstance(node, nodes.ExtCall | nodes.StaticCall):
            call = node.value
            for part in [*children(call.func), *call.args, *call.keywords]:
                self._collect(source, part, found)
            return
        for child in children(node):
            self._collect(source, child, found)
        if isinstance(node, nodes.Assert | nodes.Raise):
            reason = node.msg if isinstance(node, nodes.Assert) else node.exc
            if isinstance(reason, nodes.Str):
                found.append(reason.value)
        if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
            owner = self._owner(source, node.func.value)
            if owner is not None and node.func.attr in owner.functions:
                found += self.of(owner, node.func.attr)

    @staticmethod
    def _owner(source: Source, node: Any) -> Source | None:
        """Return the file whose function `node.function` is."""
        if isinstance(node, nodes.Name) and node.id == "self":
            return source
        owner = source.resolve(node)
        if owner is None or owner.is_interface or owner.path.match(ARITHMETIC):
            return None
        return owner
