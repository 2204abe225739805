"""Formatting by mamushi, as far as it is safe; files that were found in form are not read again.

Three things differ from mamushi: pragmas keep the form `#pragma` (the only one that ape-vyper reads
an `optimize` pragma in), `transient(...)` is written like every other type, and comments lined up
at the end of consecutive lines stay lined up. Mamushi 0.0.4 can lose a comment that follows an
indented block; see `CarefulIndenter`. A result is only ever used after a check that neither the
meaning nor a comment has changed.
"""

from __future__ import annotations

import difflib
import functools
import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lark import Token
from mamushi.formatting.format import format_tree
from mamushi.parsing.comparator import compare_ast
from mamushi.parsing.indenter import PythonIndenter
from mamushi.parsing.parser import Parser

from .memory import Memory
from .sources import Problem, Tree

TRAILING_COMMA = re.compile(r"^(initializes: \w+\[\n(?: {4}.*\n)* {4}.*),\n\]", re.MULTILINE)
LINE_LENGTH = 100
_MAX_ROUNDS = 4

Outcome = tuple[str | None, str]


def problems(tree: Tree) -> Iterator[Problem]:
    """Find files that are not formatted."""
    for path, source, (result, reason) in _outcomes(tree):
        if result is None:
            yield Problem(path, 0, reason)
        elif result != source:
            diff = difflib.unified_diff(
                source.splitlines(), result.splitlines(), "here", "formatted", n=1, lineterm=""
            )
            yield Problem(path, 0, "\n".join(["not formatted, `make format` does it", *diff]))


def fix(tree: Tree) -> list[Path]:
    """Format them."""
    changed = []
    for path, source, (result, _) in _outcomes(tree):
        if result not in (None, source):
            path.write_text(str(result), encoding="utf-8")
            changed.append(path)
    return changed


def _outcomes(tree: Tree) -> list[tuple[Path, str, Outcome]]:
    """Format in memory whatever is not known to be in form."""
    code = Path(__file__).read_text(encoding="utf-8")
    memory = Memory(tree.root, "formatted", f"{version('mamushi')} {version('vyper')} {code}")
    texts = {path: path.read_text(encoding="utf-8") for path in tree.paths}
    open_ones = {path: text for path, text in texts.items() if not memory.knows(text)}
    if not open_ones:
        return []
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(format_text, open_ones.values()))
    found = list(zip(open_ones, open_ones.values(), outcomes, strict=True))
    for _, source, (result, _reason) in found:
        if result == source:
            memory.keep(source)
    return found


class CarefulIndenter(PythonIndenter):
    """Mamushi's indenter, but every comment after an indented block finds its place.

    The lexer hands over, as one token, the end of the block's last line and all blank lines and
    comments up to the next line of code. The original loses a comment among them when two blank
    lines precede it, and adds a blank line when one does.
    """

    def handle_NL(self, token: Token) -> Iterator[Token]:
        """Give the tokens for the end of a line and what follows it."""
        if self.paren_level > 0 or self._get_indent(token) >= self.indent_level[-1]:
            yield from super().handle_NL(token)
            return

        self.processed_newlines.append(token)
        target = self._get_indent(token)
        *lines, indentation = token.split("\n")[1:]

        # Comments as deep as the block belong to it.
        inside, lines = self._split_at_level(lines, self.indent_level[-1])
        yield Token.new_borrow_pos(self.NL_type, "\n".join(["", *inside]) if inside else "", token)

        while target < self.indent_level[-1]:
            self.indent_level.pop()
            if target < self.indent_level[-1]:
                inside, lines = self._split_at_level(lines, self.indent_level[-1])
                caption = "\n".join(["", *inside, ""]) if inside else ""
            else:
                caption = "\n".join(["", *lines, indentation])
            yield self.create_dent_on_next_line(self.DEDENT_type, caption, token, 1)

    @staticmethod
    def _split_at_level(lines: list[str], level: int) -> tuple[list[str], list[str]]:
        """Split after the last comment of the leading run that is indented at least `level`."""
        end = 0
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            if len(line) - len(line.lstrip()) < level:
                break
            end = number
        return lines[:end], lines[end:]


class CarefulParser(Parser):
    """Mamushi's parser with that indenter."""

    def _create_lalr_parser(self) -> Any:
        self.indenter = CarefulIndenter()
        return super()._create_lalr_parser()


@functools.cache
def careful_parser() -> CarefulParser:
    """Return the one parser of this process."""
    return CarefulParser()


def format_text(source: str) -> tuple[str | None, str]:
    """Return the formatted source, or None and why there is none."""
    try:
        result = format_source(source)
        if result != source and not compare_ast(source, result):
            return None, "mamushi would change the meaning"
    except Exception as error:
        return None, f"mamushi cannot format it: {str(error).strip().splitlines()[0]}"
    if comments(source) != comments(result):
        return None, "mamushi would change a comment"
    return result, ""


def format_source(source: str) -> str:
    """Format until nothing changes: a formatted file is one that formatting leaves as it is."""
    parser = careful_parser()
    for _ in range(_MAX_ROUNDS):
        result = keep_our_forms(source, format_tree(parser.parse(source), LINE_LENGTH))
        if result == source:
            return result
        source = result
    raise ValueError(f"the format is not stable after {_MAX_ROUNDS} rounds")


def comments(source: str) -> Counter[str]:
    """Count the comments of a source."""
    found = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(
        token.string.lstrip("#").strip() for token in found if token.type == tokenize.COMMENT
    )


def keep_our_forms(source: str, result: str) -> str:
    """Take back what mamushi would write otherwise."""
    result = re.sub(r"^# pragma ", "#pragma ", result, flags=re.MULTILINE)
    result = re.sub(r"\btransient \(", "transient(", result)
    # A comma that mamushi sets at the end of a list of modules, and cannot read itself.
    result = TRAILING_COMMA.sub(r"\1\n]", result)

    aligned: dict[str, list[str]] = defaultdict(list)
    for line in source.splitlines():
        if re.search(r"\S {3,}#", line):
            aligned[_without_alignment(line)].append(line)
    lines = [aligned[line].pop(0) if aligned.get(line) else line for line in result.splitlines()]
    return "\n".join(lines) + "\n"


def _without_alignment(line: str) -> str:
    return re.sub(r"(?<=\S) {3,}#", "  #", line, count=1).rstrip()
