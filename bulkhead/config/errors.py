"""What went wrong in a configuration file, in words an operator can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bulkhead.config.units import Range
from bulkhead.config.yaml_source import FieldPath, YamlSource

LONGEST_VALUE = 60  # characters of an offending value that a message repeats
_ABSENT = object()  # in place of a value, when there is none to show


class ConfigError(Exception):
    """A configuration that must not be deployed; `lines` holds one message per mistake."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


class Problem(NamedTuple):
    """A mistake found by comparing fields; `path` is relative to the section that found it."""

    path: FieldPath
    value: object
    reason: str


class ProblemsError(ValueError):
    """Carries problems out of a pydantic validator."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.reason for problem in problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no known word is near."""
    names = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    return f" (did you mean {names[found[0]]!r}?)" if found else ""


def explain(error: ValidationError, source: YamlSource, model: type[BaseModel]) -> list[str]:
    """One line per mistake, in the order of the file."""
    problems = [problem for item in error.errors() for problem in _problems(item, model)]
    problems.sort(key=lambda problem: source.line(problem.path))
    lines = []
    for path, value, reason in problems:
        shown = "" if value is _ABSENT else f"{_show(value)} "
        lines.append(f"{source.where(path)} {shown}{reason}")
    return lines


def _show(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).replace("\n", " ")
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _problems(item: Any, model: type[BaseModel]) -> Iterator[Problem]:
    path: FieldPath = tuple(part for part in item["loc"] if part != "[key]")
    kind, context, value = item["type"], item.get("ctx", {}), item["input"]
    if kind == "missing":
        yield Problem(path, _ABSENT, f"is missing{_needs(model, path)}")
    elif kind == "extra_forbidden":
        known = list(_section(model, path[:-1]).model_fields)
        reason = f"is not a known field{nearest(str(path[-1]), known)}"
        yield Problem(path, _ABSENT, f"{reason}; allowed: {', '.join(known)}")
    elif isinstance(context.get("error"), ProblemsError):
        for problem in context["error"].problems:
            yield Problem(path + problem.path, problem.value, problem.reason)
    elif kind == "value_error":
        yield Problem(path, value, str(context["error"]))
    elif kind in ("too_long", "too_short"):
        low, high = _length_bounds(model, path)
        reason = f"has {context['actual_length']} entries; allowed: {low} to {high}"
        yield Problem(path, _ABSENT, reason)
    elif kind in ("model_type", "dict_type", "list_type"):
        wanted = "a list" if kind == "list_type" else "a mapping of fields"
        shown = _ABSENT if isinstance(value, dict | list) else value
        yield Problem(path, shown, f"must be {wanted}")
    else:
        yield Problem(path, value, item["msg"])


def _length_bounds(model: type[BaseModel], path: FieldPath) -> tuple[int, int]:
    low, high = 0, 0
    for note in model.model_fields[str(path[0])].metadata:
        low, high = getattr(note, "min_length", low), getattr(note, "max_length", high)
    return low, high


def _section(model: type[BaseModel], path: FieldPath) -> type[BaseModel]:
    """The section at `path`, found by walking the models and what their lists and maps hold."""
    kind: Any = model
    for part in path:
        if get_origin(kind) in (list, dict):
            kind = get_args(kind)[-1]
        else:
            kind = kind.model_fields[str(part)].annotation
    return cast(type[BaseModel], kind)


def _needs(model: type[BaseModel], path: FieldPath) -> str:
    """What a missing field would need: its range, or the fields of a missing section."""
    field = _section(model, path[:-1]).model_fields[str(path[-1])]
    for note in field.metadata:
        if isinstance(note, Range):
            return f"; allowed: {note}"
    section = field.annotation
    if isinstance(section, type) and issubclass(section, BaseModel):
        return f"; needed: a section with {', '.join(section.model_fields)}"
    return ""
