"""YAML that keeps what was written: exact text of every scalar and the line it stands on.

PyYAML turns `0.1` into a binary float and an unquoted `0xabc…` address into an integer. Here every
scalar stays the text that was typed (except `null`, `true` and `false`), so that numbers are
parsed as exact decimals, and errors can name the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

FieldPath = tuple[str | int, ...]

_CONSTANTS = {"null": None, "~": None, "": None, "true": True, "false": False}


class SourceError(Exception):
    """A file that cannot be read as YAML; `str()` is one line with file, line and reason."""


def join_path(path: Iterable[str | int]) -> str:
    """Write a field path as people do: `markets[0].taker_fee`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


class YamlSource:
    """The data of one YAML file and the line on which each field stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[FieldPath, int] = {}
        self._open_nodes: set[int] = set()
        try:
            root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SourceError(f"{path}: is not UTF-8 text") from None
        except yaml.YAMLError as error:
            raise SourceError(_syntax_error(path, error)) from None
        if not isinstance(root, yaml.MappingNode):
            raise SourceError(f"{path}: must be a mapping of fields (name: value)")
        self.data: dict[str, Any] = self._read(root, ())

    def line(self, path: FieldPath) -> int:
        """Line of a field, or of the nearest parent when the field itself is missing."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def where(self, path: FieldPath) -> str:
        """`file:line: field.path`, the beginning of every message about a field."""
        field = join_path(path)
        return f"{self.path}:{self.line(path)}:" + (f" {field}:" if field else "")

    def _read(self, node: yaml.Node, path: FieldPath) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._open_nodes:
            raise SourceError(f"{self.where(path)} an alias may not contain itself")
        self._open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._read_mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._read(item, (*path, i)) for i, item in enumerate(node.value)]
            quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
            return node.value if quoted else _CONSTANTS.get(node.value, node.value)
        finally:
            self._open_nodes.discard(id(node))

    def _read_mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SourceError(f"{self.where(path)} a field name must be plain text")
            inner = (*path, key.value)
            if key.value in result:
                line = key.start_mark.line + 1
                raise SourceError(
                    f"{self.path}:{line}: {join_path(inner)}: is given twice;"
                    f" the first is on line {self._lines[inner]}"
                )
            self._lines[inner] = key.start_mark.line + 1
            result[key.value] = self._read(value, inner)
        return result


def _syntax_error(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    line = f":{mark.line + 1}" if mark else ""
    return f"{path}{line}: is not valid YAML: {problem}"
