"""The tables of external functions in docs/specification.md: names and types from the compiler.

A house, which is a contract with its parts, has a region in the page:

    <!-- functions Clearinghouse -->
    <!-- /functions -->

What changes something is a row `function | who | checks | moves | logs`; the first cell is made
anew, the others are written by people and kept by the function's name. What only reads is a row
`view | gives` made from docstrings and from the comments above storage. A `?` is a text that
somebody has yet to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyper.ast import nodes

from .docstrings import tags_of
from .sources import Problem, Source, decorators, house_of, is_external
from .surface import Entry, Surfaces, functions_of

PAGE = Path("docs", "specification.md")
REGION = re.compile(r"(<!-- functions (\w+) -->\n)(.*?)(<!-- /functions -->)", re.DOTALL)
COLUMNS = ["who", "checks", "moves", "logs"]
MISSING, NOTHING = "?", "–"
NAMED = re.compile(r"`(?:(\w+)\.)?(\w+)(?=[`(])")

Texts = dict[str, dict[str, str]]  # by function: its cells by column


@dataclass(frozen=True)
class Offer:
    """A function of a house and where it is written."""

    entry: Entry
    contract: Source  # the first part that has it
    source: Source
    node: Any  # a function, or a variable with a getter

    @property
    def is_view(self) -> bool:
        """Whether it changes nothing."""
        return self.entry["stateMutability"] in ("view", "pure")


class Tables:
    """The regions of the page."""

    def __init__(self, surfaces: Surfaces) -> None:
        """Read the page."""
        self.surfaces = surfaces
        self.page = surfaces.tree.root / PAGE
        self.text = self.page.read_text(encoding="utf-8")

    @property
    def houses(self) -> list[str]:
        """Contracts that callers know, without parts."""
        return sorted({house_of(source).stem for source in self.surfaces.deployed})

    def problems(self) -> Iterator[Problem]:
        """Compare the page with the contracts."""
        regions = {match[2]: match for match in REGION.finditer(self.text)}
        for house in self.houses:
            if house not in regions:
                yield Problem(self.page, 0, f"no `<!-- functions {house} -->`; add the region")
        for house, match in regions.items():
            line = self.text.count("\n", 0, match.start()) + 1
            if house not in self.houses:
                yield Problem(self.page, line, f"`{house}` is no contract; remove the region")
                continue
            wanted = self.region(house, match[3])
            if wanted != match[3]:
                rows = set(wanted.splitlines()) ^ set(match[3].splitlines())
                names = sorted(
                    {found[2] for row in rows for found in NAMED.finditer(row.split(" | ")[0])}
                )
                text = f"functions of {house} differ from the contract: {', '.join(names)}"
                yield Problem(self.page, line, f"{text}; `python scripts/spec_tables.py --fix`")
            for row in match[3].splitlines():
                if MISSING in _cells(row):
                    yield Problem(self.page, line, f"write what is missing in {row}")

    def fix(self) -> bool:
        """Write the regions; tell whether anything has changed."""

        def renew(match: re.Match[str]) -> str:
            known = match[2] in self.houses
            return match[1] + (self.region(match[2], match[3]) if known else match[3]) + match[4]

        text = REGION.sub(renew, self.text)
        changed = text != self.text
        if changed:
            self.page.write_text(text, encoding="utf-8")
            self.text = text
        return changed

    def region(self, house: str, old: str = "") -> str:
        """Return the tables of a house, with the texts of the old ones."""
        offers = self.offers(house)
        texts = texts_of(old, house)
        actions = {name: offer for name, offer in offers.items() if not offer.is_view}
        order = [name for name in texts if name in actions or not name.isidentifier()]
        order += [name for name in actions if name not in texts]
        lines = []
        if order:
            lines += ["", _row(["function", *COLUMNS]), _rule(1 + len(COLUMNS))]
            for name in order:
                cells = texts.get(name) or _first_texts(actions[name])
                title = self.title(house, actions[name]) if name in actions else name.rstrip()
                lines.append(_row([title, *(cells.get(column, NOTHING) for column in COLUMNS)]))
        views = [offer for offer in offers.values() if offer.is_view]
        if views:
            lines += ["", _row(["view", "gives"]), _rule(2)]
            lines += [_row([self.title(house, offer), gives(offer)]) for offer in views]
        return "\n".join([*lines, "", ""])

    def offers(self, house: str) -> dict[str, Offer]:
        """Return the functions of a house by name, each from the first part that has it."""
        found: dict[str, Offer] = {}
        for source in self.surfaces.deployed:
            if house_of(source).stem != house:
                continue
            abi = self.surfaces.artefacts.of(source.path.stem)[0]
            for entry in functions_of(abi).values():
                if entry["name"] not in found:
                    where, node = definition(source, entry["name"])
                    found[entry["name"]] = Offer(entry, source, where, node)
        return found

    def title(self, house: str, offer: Offer) -> str:
        """Return a function with the types of its arguments and values, and its part."""
        arguments = ", ".join(_arguments(offer))
        values = _values(offer)
        shown = f"{offer.entry['name']}({arguments})"
        if values:
            joined = ", ".join(values)
            shown += f" → {joined if len(values) == 1 else f'({joined})'}"
        part = offer.contract.path.stem.removeprefix(house)
        free = isinstance(offer.node, nodes.FunctionDef) and decorators(offer.node) & {
            "reentrant",
            "pure",
        }
        return f"`{shown}`" + (f" ({part})" if part else "") + (" ↻" if free else "")


# DEFINITIONS --------------------------------------------------------------------------------------


def definition(source: Source, name: str) -> tuple[Source, Any]:
    """Return where an external function of a contract is written."""
    node: Any = source.functions.get(name)
    if node is not None and is_external(node):
        return source, node
    node = source.variables.get(name)
    if node is not None and node.is_public:
        return source, node
    for exported in source.top(nodes.ExportsDecl):
        told = exported.annotation
        for one in told.elements if isinstance(told, nodes.Tuple) else [told]:
            owner = source.resolve(one.value)
            if owner is not None and one.attr in (name, "__interface__"):
                try:
                    return definition(owner, name)
                except LookupError:
                    continue
    raise LookupError(f"{source.path.name} has no `{name}`")


def gives(offer: Offer) -> str:
    """Return what a view gives: its values as documented, or the comment above a variable."""
    if isinstance(offer.node, nodes.FunctionDef):
        tags = tags_of(offer.node)
        told = [_without_type(tag.text) for tag in tags if tag.name == "return"]
        if not told:
            told = [_sentence(tag.text) for tag in tags if tag.name in ("notice", "dev")][:1]
        return "; ".join(text.rstrip(".") for text in told) or MISSING
    return _sentence(_comment(offer.source, offer.node)).rstrip(".") or MISSING


def _comment(source: Source, node: Any) -> str:
    """Return the comment at the end of a declaration, or above it and its neighbours."""
    _, _, behind = source.lines[node.end_lineno - 1].partition("#")
    if behind:
        return str(behind.strip())
    number = node.lineno - 1
    declared = {other.lineno for other in source.variables.values()}
    while number and number in declared:  # variables that share a comment
        number -= 1
    above: list[str] = []
    while number and source.lines[number - 1].startswith("#"):
        above.insert(0, source.lines[number - 1].lstrip("# ").rstrip())
        number -= 1
    if above and above[-1].endswith("-----"):  # a banner
        return ""
    return " ".join(above).split("@notice")[0].removeprefix("@dev ").strip()


def _without_type(text: str) -> str:
    """Return what a value is, without the type or name that may stand before it."""
    return re.sub(r"^(?:[a-z]\w*|String|Bytes|[A-Z][a-z]+[A-Z]?[a-z]*) (?=[A-Z])", "", text)


def _sentence(text: str) -> str:
    return re.split(r"(?<=[.:]) (?=[A-Z`])", text, maxsplit=1)[0]


def _arguments(offer: Offer) -> list[str]:
    inputs = offer.entry["inputs"]
    if not isinstance(offer.node, nodes.FunctionDef):
        return [part["type"] for part in inputs]
    arguments = offer.node.args.args
    defaults = [None] * (len(arguments) - len(offer.node.args.defaults))
    defaults += [node.node_source_code for node in offer.node.args.defaults]
    return [
        f"{part['name']}: {_type(part, argument.annotation)}"
        + (f" = {default}" if default is not None else "")
        for part, argument, default in zip(inputs, arguments, defaults, strict=True)
    ]


def _values(offer: Offer) -> list[str]:
    outputs = offer.entry["outputs"]
    if not isinstance(offer.node, nodes.FunctionDef):
        kind = _value_type(offer.node.annotation)
        return [_type(outputs[0], kind)] if len(outputs) == 1 else [_struct(kind)]
    returns = offer.node.returns
    kinds = returns.elements if isinstance(returns, nodes.Tuple) else [returns]
    return [_type(part, kind) for part, kind in zip(outputs, kinds, strict=True)] if outputs else []


def _value_type(annotation: Any) -> Any:
    """Return the type that a getter gives: without `public(...)` and keys."""
    while isinstance(annotation, nodes.Call):
        annotation = annotation.args[0]
    while isinstance(annotation, nodes.Subscript):
        is_map = isinstance(annotation.value, nodes.Name) and annotation.value.id == "HashMap"
        annotation = annotation.slice.elements[1] if is_map else annotation.value
    return annotation


def _type(part: Entry, kind: Any) -> str:
    """Return an ABI type, a struct by its name."""
    told = str(part["type"])
    return told.replace("tuple", _struct(kind)) if told.startswith("tuple") else told


def _struct(kind: Any) -> str:
    if isinstance(kind, nodes.Subscript):
        is_list = isinstance(kind.value, nodes.Name) and kind.value.id == "DynArray"
        return _struct(kind.slice.elements[0] if is_list else kind.value)
    name: str = kind.attr if isinstance(kind, nodes.Attribute) else kind.id
    return name


# ROWS ---------------------------------------------------------------------------------------------


def texts_of(old: str, house: str) -> Texts:
    """Return the texts that people wrote; a row may be about several functions, or about none."""
    texts: Texts = {}
    columns: list[str] = []
    for line in old.splitlines():
        cells = _cells(line)
        if not cells:
            columns = []
        elif cells[0].startswith(("function", "view")):
            columns = cells[1:]
        elif "who" in columns and cells[0].strip("-: "):
            kept = dict(zip(columns, cells[1:], strict=False))
            qualifier = ""
            for owner, name in NAMED.findall(cells[0]):
                qualifier = owner or qualifier
                if qualifier in ("", house):
                    texts[name] = kept
            if not NAMED.search(cells[0]):  # about no function: it stays as it is
                texts[f"{cells[0]} "] = kept
    return texts


def _first_texts(offer: Offer) -> dict[str, str]:
    """Return the texts of a row that nobody has written yet: a library's speak for themselves."""
    if offer.source.folder:
        return dict.fromkeys(COLUMNS, MISSING)
    return {"who": f"as in Snekmate's `{offer.source.path.stem}`"}


def _cells(line: str) -> list[str]:
    if not line.startswith("|"):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\|", cell) for cell in cells) + " |"


def _rule(count: int) -> str:
    return "|" + "---|" * count
