"""Docstrings of external functions: who may call, every parameter, value and reason, with units."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vyper.ast import nodes
from vyper.ast.natspec import _parse_docstring
from vyper.exceptions import NatSpecSyntaxException

from .docstrings import Tag, doc_of, tags_of
from .reasons import Reasons
from .sources import Problem, Source, Tree, decorators, is_constructor, is_external

LINE_LENGTH = 100
ORDER = ["notice", "dev", "param", "return", "custom:reverts"]
REVERTS = "custom:reverts"

# What tells the unit of a number, or that it has none because it names or counts something.
UNIT = re.compile(
    r"\b(?:WAD|ppm|bps|units?|shares?|wei|gas|decimals?|per.?cent"
    r"|seconds?|days?|unix|time|timestamp|deadline|blocks?"
    r"|bits?|bytes?|words?|flags?|mask|header|selector|signature|hash"
    r"|ids?|index|indices|indexes|numbers?|count|nonces?|sequences?|epochs?|generations?|version"
    r"|lanes?|rows?|tranches?|legs?|sides?|roles?|markets?|assets?|accounts?|positions?|fields?"
    r"|actions?|stages?|phases?|permissions?|status|mode|terms|how (?:many|often))\b"
    r"|\b[01] [a-z]",
    re.IGNORECASE,
)
NUMBER = re.compile(r"u?int\d+")
CALLS = re.compile(r"\b(?:call\w*|for|by)\b", re.IGNORECASE)  # "for members", "the keeper calls"


def problems(tree: Tree) -> Iterator[Problem]:
    """Look at every external function, constructors of deployables, and headers of interfaces."""
    reasons = Reasons(tree)
    for source in tree.sources:
        if source.is_interface:
            yield from _header(source)
            continue
        for name, function in source.functions.items():
            if is_external(function) and source.is_testing:
                if "notice" not in [tag.name for tag in tags_of(function)]:
                    yield Problem(source.path, function.lineno, f"`{name}` has no @notice; add it")
            elif _counts(source, function):
                yield from _function(source, function, reasons)
            elif "internal" in decorators(function):
                yield from _internal(source, function)


def fix(tree: Tree) -> list[Path]:
    """Write the reasons of every function that has a docstring."""
    reasons = Reasons(tree)
    changed = []
    for source in tree.sources:
        if source.is_interface or source.is_testing:
            continue
        lines = list(source.lines)
        for name, function in reversed(source.functions.items()):
            if _counts(source, function) and doc_of(function) is not None:
                wanted = reasons.of(source, name)
                if _written(tags_of(function)) != wanted:
                    _write(lines, function, wanted)
        if lines != source.lines:
            source.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            changed.append(source.path)
    return changed


def _counts(source: Source, function: nodes.FunctionDef) -> bool:
    """Whether a function is documented in full: external ones and constructors of deployables."""
    if source.is_interface or source.is_testing:
        return False
    return is_external(function) or (source.is_contract and is_constructor(function))


# FILES AND INTERNAL FUNCTIONS ---------------------------------------------------------------------


def _header(source: Source) -> Iterator[Problem]:
    tags = {tag.name: tag for tag in tags_of(source.ast)}
    if "notice" not in tags:
        yield Problem(source.path, 0, "the header has no @notice; say who calls these functions")
    elif source.functions and not CALLS.search(" ".join(tag.text for tag in tags.values())):
        yield Problem(source.path, tags["notice"].line, "the header does not say who calls; say it")


def _internal(source: Source, function: nodes.FunctionDef) -> Iterator[Problem]:
    if doc_of(function) is None:
        return
    tags = tags_of(function)
    if not tags or tags[0].name != "dev":
        yield Problem(
            source.path, doc_of(function).lineno, f"`{function.name}` is internal: begin by @dev"
        )


# EXTERNAL FUNCTIONS -------------------------------------------------------------------------------


def _function(source: Source, function: nodes.FunctionDef, reasons: Reasons) -> Iterator[Problem]:
    name, doc = function.name, doc_of(function)
    if doc is None:
        yield Problem(source.path, function.lineno, f"`{name}` has no docstring; write one")
        return
    tags = tags_of(function)
    if refused := _refused(source, function):
        yield Problem(source.path, doc.lineno, f"`{name}`: {refused}")
        return
    if "notice" not in [tag.name for tag in tags]:
        yield Problem(
            source.path, doc.lineno, f"`{name}` has no @notice; say what and who may call"
        )
    once = [tag.name for tag in tags if tag.name not in ("param", "return")]
    for twice in {tag for tag in once if once.count(tag) > 1}:  # the compiler keeps the last @dev
        yield Problem(source.path, doc.lineno, f"`{name}`: @{twice} stands twice; join them")
    places = [ORDER.index(tag.name) for tag in tags if tag.name in ORDER]
    if places != sorted(places):
        yield Problem(
            source.path, doc.lineno, f"`{name}`: tags in another order than @{', @'.join(ORDER)}"
        )
    yield from _parameters(source, function, [tag for tag in tags if tag.name == "param"])
    if name != "__default__":  # what it hands on has no type
        yield from _returns(source, function, [tag for tag in tags if tag.name == "return"])
    yield from _reverts(source, function, tags, reasons.of(source, name))


def _refused(source: Source, function: nodes.FunctionDef) -> str:
    """Return what the compiler has against a docstring."""
    arguments = tuple(argument.arg for argument in function.args.args)
    count = len(_values(function))
    text = doc_of(function).value
    try:
        _parse_docstring(source.text, text, ("title", "license"), arguments, count)
    except NatSpecSyntaxException as error:
        return str(error.message)
    return ""


def _parameters(source: Source, function: nodes.FunctionDef, tags: list[Tag]) -> Iterator[Problem]:
    arguments = {argument.arg: argument.annotation for argument in function.args.args}
    named = [tag.text.split(maxsplit=1)[0] for tag in tags]
    if named != list(arguments):
        missing = [f"@param {name}" for name in arguments if name not in named]
        said = f"add {', '.join(missing)}" if missing else "order them as in the signature"
        yield Problem(
            source.path, function.lineno, f"`{function.name}`: parameters not all in order; {said}"
        )
    for tag, name in zip(tags, named, strict=True):
        if name in arguments and _is_number(arguments[name]) and not _has_unit(tag.text):
            yield Problem(source.path, tag.line, f"@param {name} tells no unit; add it")


def _returns(source: Source, function: nodes.FunctionDef, tags: list[Tag]) -> Iterator[Problem]:
    values = _values(function)
    if len(tags) != len(values):
        yield Problem(
            source.path,
            function.lineno,
            f"`{function.name}` returns {len(values)} values and has {len(tags)} @return lines; "
            "one each",
        )
        return
    for tag, kind in zip(tags, values, strict=True):
        if _is_number(kind) and not _has_unit(tag.text):
            yield Problem(source.path, tag.line, f"@return `{tag.text}` tells no unit; add it")


def _values(function: nodes.FunctionDef) -> list[Any]:
    """Return the types of what a function returns."""
    returns = function.returns
    if returns is None:
        return []
    return list(returns.elements) if isinstance(returns, nodes.Tuple) else [returns]


def _is_number(kind: Any) -> bool:
    """Whether a type is a number or a list of numbers."""
    if isinstance(kind, nodes.Subscript):
        inner = kind.slice.elements[0] if isinstance(kind.slice, nodes.Tuple) else kind.value
        return _is_number(inner)
    return isinstance(kind, nodes.Name) and NUMBER.fullmatch(kind.id) is not None


def _has_unit(text: str) -> bool:
    return UNIT.search(text) is not None


# REASONS ------------------------------------------------------------------------------------------


def _reverts(
    source: Source, function: nodes.FunctionDef, tags: list[Tag], wanted: list[str]
) -> Iterator[Problem]:
    written = _written(tags)
    if written == wanted:
        return
    line = next((tag.line for tag in tags if tag.name == REVERTS), function.lineno)
    less = [reason for reason in wanted if reason not in written]
    more = [reason for reason in written if reason not in wanted]
    said = [f"lacks {' | '.join(less)}"] if less else []
    said += [f"cannot revert with {' | '.join(more)}"] if more else []
    yield Problem(
        source.path,
        line,
        f"`{function.name}`: @{REVERTS} {'; '.join(said) or 'is in another order'}; "
        "`make format` writes it",
    )


def _written(tags: list[Tag]) -> list[str]:
    texts = [tag.text for tag in tags if tag.name == REVERTS]
    return [reason.strip() for reason in texts[0].split(" | ")] if texts else []


def _write(lines: list[str], function: nodes.FunctionDef, wanted: list[str]) -> None:
    """Replace the reasons in the lines of a docstring; they are its last tag."""
    doc = doc_of(function)
    first, last = doc.lineno, doc.end_lineno - 1  # of the text, and of the closing quotes
    if first >= doc.end_lineno:
        return  # a docstring of one line is written by hand
    kept: list[str] = []
    is_ours = False
    for line in lines[first:last]:
        if line.strip().startswith("@"):
            is_ours = line.strip().startswith(f"@{REVERTS}")
        if not is_ours:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    if wanted:
        kept += textwrap.wrap(
            " | ".join(wanted),
            LINE_LENGTH,
            initial_indent=f"    @{REVERTS} ",
            subsequent_indent=" " * len(f"    @{REVERTS} "),
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines[first:last] = kept
