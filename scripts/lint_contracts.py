"""Layout and formatting of the Vyper sources.

    python scripts/lint_contracts.py          report what is wrong
    python scripts/lint_contracts.py --fix    format first

Layout: what a file is can be read from its place and its name. `CamelCase.vy` in a room of
`contracts/` is deployed, `snake_case.vy` in `contracts/modules/` is a part of what is deployed,
`I*.vyi` in
`contracts/interfaces/` is what others may rely on, and `contracts/testing/` never leaves the test
suite. Two files never share a stem, because Ape names a contract by it.

Formatting is mamushi's, but for three things: pragmas keep the form `#pragma` (the only one that
ape-vyper reads an `optimize` pragma in), `transient(...)` is written like every other type, and
comments lined up at the end of consecutive lines stay lined up. Mamushi 0.0.4 can lose a comment
that follows an indented block; see `CarefulIndenter`. A result is only ever used after a check that
neither the meaning nor a comment has changed.
"""

import argparse
import difflib
import functools
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lark import Token
from mamushi.formatting.format import format_tree
from mamushi.parsing.comparator import compare_ast
from mamushi.parsing.indenter import PythonIndenter
from mamushi.parsing.parser import Parser

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
LINE_LENGTH = 100
_MAX_ROUNDS = 4
VERSION_PRAGMA = "#pragma version 0.4.3"
NONREENTRANCY_PRAGMA = "#pragma nonreentrancy on"

CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TRAILING_COMMA = re.compile(r"^(initializes: \w+\[\n(?: {4}.*\n)* {4}.*),\n\]", re.MULTILINE)
INTERFACE = re.compile(r"I[A-Z][A-Za-z0-9]*")

# Folder below `contracts/`: the suffix and the name of its files, and what to say about others.
LAYOUT = {
    **dict.fromkeys(
        ("core", "procedure", "risk", "venue", "funds", "periphery"),
        (".vy", CAMEL_CASE, "a deployed contract is contracts/<room>/CamelCase.vy"),
    ),
    **dict.fromkeys(
        ("modules", "modules/layout"),
        (".vy", SNAKE_CASE, "a module is contracts/modules/snake_case.vy"),
    ),
    "interfaces": (".vyi", INTERFACE, "an interface is contracts/interfaces/IName.vyi"),
    "testing": (".vy", CAMEL_CASE, "a test double is contracts/testing/CamelCase.vy"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Layout and formatting of the Vyper sources.")
    parser.add_argument("--fix", action="store_true", help="format the files, then report the rest")
    parser.add_argument("files", nargs="*", type=Path, help="default: all")
    arguments = parser.parse_args()

    everything = sorted([*CONTRACTS.rglob("*.vy"), *CONTRACTS.rglob("*.vyi")])
    files = [path.resolve() for path in arguments.files] or everything

    problems = []
    with ProcessPoolExecutor() as pool:
        for path, outcome in zip(files, pool.map(format_file, files), strict=True):
            problems += settle_format(path, *outcome, fix=arguments.fix)
    for path in files:
        problems += layout_problems(path)
    problems += stem_problems(everything)

    for problem in problems:
        print(problem)
    print(f"{len(files)} Vyper files, {len(problems)} problem{'' if len(problems) == 1 else 's'}.")
    return 1 if problems else 0


# LAYOUT -------------------------------------------------------------------------------------------


def layout_problems(path: Path) -> list[str]:
    where = path.relative_to(ROOT)
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    problems = []

    folder = path.parent.relative_to(CONTRACTS).as_posix()
    if folder not in LAYOUT:
        problems.append(f"{where}: no such folder in the layout: {', '.join(sorted(LAYOUT))}")
    else:
        suffix, name, rule = LAYOUT[folder]
        if path.suffix != suffix or not name.fullmatch(path.stem):
            problems.append(f"{where}: {rule}")

    if lines[:1] != [VERSION_PRAGMA]:
        problems.append(f"{where}:1: the first line must be `{VERSION_PRAGMA}`")
    is_product = path.suffix == ".vy" and path.parent.name != "testing"
    if is_product and NONREENTRANCY_PRAGMA not in lines:
        problems.append(f"{where}: `{NONREENTRANCY_PRAGMA}` is missing; it holds for one file only")

    problems += [
        f"{where}:{number}: {len(line)} columns, {LINE_LENGTH} at most"
        for number, line in enumerate(lines, start=1)
        if len(line) > LINE_LENGTH
    ]
    return problems


def stem_problems(files: list[Path]) -> list[str]:
    places = defaultdict(list)
    for path in files:
        places[path.stem].append(str(path.relative_to(ROOT)))
    return [
        f"{same[0]}: same name as {', '.join(same[1:])}"
        for same in places.values()
        if len(same) > 1
    ]


# FORMATTING ---------------------------------------------------------------------------------------


class CarefulIndenter(PythonIndenter):
    """Mamushi's indenter, but every comment after an indented block finds its place.

    The lexer hands over, as one token, the end of the block's last line and all blank lines and
    comments up to the next line of code. The original loses a comment among them when two blank
    lines precede it, and adds a blank line when one does.
    """

    def handle_NL(self, token):
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
        """The lines up to the last comment in the leading run that is indented at least `level`."""
        end = 0
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            if len(line) - len(line.lstrip()) < level:
                break
            end = number
        return lines[:end], lines[end:]


class CarefulParser(Parser):
    def _create_lalr_parser(self):
        self.indenter = CarefulIndenter()
        return super()._create_lalr_parser()


@functools.cache
def careful_parser() -> CarefulParser:
    return CarefulParser()


def format_file(path: Path) -> tuple[str | None, str]:
    """The formatted source, or None and why there is none."""
    source = path.read_text(encoding="utf-8")
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
    """A formatted file is one that formatting leaves as it is; one round may not be enough."""
    parser = careful_parser()
    for _ in range(_MAX_ROUNDS):
        result = keep_our_forms(source, format_tree(parser.parse(source), LINE_LENGTH))
        if result == source:
            return result
        source = result
    raise ValueError(f"the format is not stable after {_MAX_ROUNDS} rounds")


def comments(source: str) -> Counter:
    found = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(
        token.string.lstrip("#").strip() for token in found if token.type == tokenize.COMMENT
    )


def keep_our_forms(source: str, result: str) -> str:
    result = re.sub(r"^# pragma ", "#pragma ", result, flags=re.MULTILINE)
    result = re.sub(r"\btransient \(", "transient(", result)
    # A comma that mamushi sets at the end of a list of modules, and cannot read itself.
    result = re.sub(
        r"^(initializes: \w+\[\n(?: {4}.*\n)* {4}.*),\n\]", r"\1\n]", result, flags=re.M
    )

    aligned = defaultdict(list)
    for line in source.splitlines():
        if re.search(r"\S {3,}#", line):
            aligned[_without_alignment(line)].append(line)
    lines = [aligned[line].pop(0) if aligned.get(line) else line for line in result.splitlines()]
    return "\n".join(lines) + "\n"


def _without_alignment(line: str) -> str:
    return re.sub(r"(?<=\S) {3,}#", "  #", line, count=1).rstrip()


def settle_format(path: Path, result: str | None, reason: str, *, fix: bool) -> list[str]:
    where = path.relative_to(ROOT)
    if result is None:
        return [f"{where}: {reason}"]

    source = path.read_text(encoding="utf-8")
    if result == source:
        return []
    if fix:
        path.write_text(result, encoding="utf-8")
        print(f"formatted {where}")
        return []
    diff = difflib.unified_diff(
        source.splitlines(), result.splitlines(), str(where), "formatted", n=1, lineterm=""
    )
    return ["\n".join([f"{where}: not formatted, `make format` does it", *diff])]


if __name__ == "__main__":
    sys.exit(main())
