"""What contracts and interfaces offer to callers, as the compiler sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import vyper
from vyper.ast import nodes
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from verification.engine.abi import signature_of
from verification.engine.evm import EVM_VERSION, Artefacts

from .sources import LIBRARIES, Source, Tree, house_of, is_external

# Signatures that may stand in several interfaces, each with the reason.
SHARED: dict[str, str] = {
    "deposit(uint256,address,uint256)": "a deposit of margin, and ERC-5143's of a stake",
}

Entry = dict[str, Any]  # a function of an ABI


@dataclass(frozen=True)
class Surface:
    """The functions of a contract or an interface, by signature."""

    name: str
    functions: dict[str, Entry]
    implements: frozenset[str] = frozenset()  # interfaces of the project
    standard: frozenset[str] = field(default=frozenset())  # functions of others' interfaces


def functions_of(abi: Iterable[Entry]) -> dict[str, Entry]:
    """Return the functions of an ABI by signature; one with default arguments counts once."""
    longest: dict[str, Entry] = {}
    for entry in abi:
        if entry["type"] == "function":
            known = longest.get(entry["name"])
            if known is None or len(entry["inputs"]) > len(known["inputs"]):
                longest[entry["name"]] = entry
    return {signature_of(entry): entry for entry in longest.values()}


class Surfaces:
    """Those of a project."""

    def __init__(self, tree: Tree, artefacts: Artefacts | None = None) -> None:
        """Compile when somebody asks."""
        self.tree = tree
        self.artefacts = artefacts or Artefacts(tree.contracts)

    @cached_property
    def deployed(self) -> list[Source]:
        """Sources of what is deployed, the entry of a house before its parts."""
        found = [source for source in self.tree.sources if source.is_contract]
        return sorted(found, key=lambda source: (house_of(source).stem, source.path.stem))

    @cached_property
    def contracts(self) -> list[Surface]:
        """What is deployed."""
        return [self._contract(source) for source in self.deployed]

    @cached_property
    def interfaces(self) -> list[Surface]:
        """What the project publishes."""
        return [
            Surface(source.path.stem, functions_of(self._abi_of_interface(source.path)))
            for source in self.tree.sources
            if source.is_interface
        ]

    def _contract(self, source: Source) -> Surface:
        ours, standard = set(), set()
        functions = functions_of(self.artefacts.of(source.path.stem)[0])
        for node in source.top(nodes.ImplementsDecl):
            told = node.annotation
            is_module = isinstance(told, nodes.Attribute) and told.attr == "__interface__"
            target = source.resolve(told.value if is_module else told)
            if target is None:
                continue
            if target.folder and not is_module:
                ours.add(target.path.stem)
            elif is_module:
                names = set(external_names(target))
                standard |= {sign for sign, entry in functions.items() if entry["name"] in names}
            else:
                standard |= set(functions_of(self._abi_of_interface(target.path)))
        return Surface(source.path.stem, functions, frozenset(ours), frozenset(standard))

    def _abi_of_interface(self, path: Path) -> list[Entry]:
        bundle = FilesystemInputBundle([LIBRARIES, self.tree.root])
        made = vyper.compile_from_file_input(
            bundle.load_file(path),
            input_bundle=bundle,
            settings=Settings(evm_version=EVM_VERSION),
            output_formats=["abi"],
        )
        abi: list[Entry] = made["abi"]
        return abi


def external_names(source: Source) -> list[str]:
    """Return the names of a file's external functions and getters."""
    functions = [name for name, function in source.functions.items() if is_external(function)]
    return functions + [name for name, node in source.variables.items() if node.is_public]


# RULES --------------------------------------------------------------------------------------------


def interface_problems(contracts: list[Surface], interfaces: list[Surface]) -> Iterator[str]:
    """Find functions without a published home or with two, and interfaces nobody keeps.

    A function is the same in two places if name, argument types and returned values are.
    """
    homes: dict[str, list[Surface]] = {}
    for interface in interfaces:
        for signature in interface.functions:
            homes.setdefault(signature, []).append(interface)
    yield from _two_homes(homes)

    offered: set[tuple[str, str]] = set()
    for contract in contracts:
        for signature, entry in contract.functions.items():
            offered.add((signature, _returned(entry)))
            yield from _homeless(contract, signature, homes.get(signature, []))
        for interface in interfaces:
            keeps = interface.functions and all(
                _same(entry, contract.functions.get(signature))
                for signature, entry in interface.functions.items()
            )
            if keeps and interface.name not in contract.implements:
                yield f"{contract.name}: has all of {interface.name}; add `implements:`"
    for interface in interfaces:
        for signature, entry in interface.functions.items():
            if (signature, _returned(entry)) not in offered:
                yield f"{interface.name}: no contract has `{signature}`; remove it"


def _two_homes(homes: dict[str, list[Surface]]) -> Iterator[str]:
    for signature, found in homes.items():
        same: dict[str, list[str]] = {}
        for interface in found:
            returned = _returned(interface.functions[signature])
            same.setdefault(returned, []).append(interface.name)
        for names in same.values():
            if len(names) > 1 and signature not in SHARED:
                yield f"`{signature}` stands in {', '.join(names)}; leave it in one"


def _homeless(contract: Surface, signature: str, found: list[Surface]) -> Iterator[str]:
    entry = contract.functions[signature]
    mine = [home for home in found if _same(entry, home.functions[signature])]
    if signature in contract.standard:
        if mine:
            yield f"{contract.name}: `{signature}` is of a standard; not in {mine[0].name} too"
    elif not mine:
        others = f", with other values in {found[0].name}" if found else ""
        yield f"{contract.name}: `{signature}` stands in no interface{others}"
    for home in mine:
        if signature in SHARED:
            continue
        if difference := _difference(entry, home.functions[signature]):
            yield f"{contract.name}: `{signature}`: {difference} in {home.name}"


def _same(mine: Entry, other: Entry | None) -> bool:
    """Whether two functions of one signature return the same."""
    return other is not None and _returned(mine) == _returned(other)


def _difference(mine: Entry, published: Entry) -> str:
    """Return what is otherwise than published; the arguments of a getter have no names."""
    names = [[part["name"] for part in entry["inputs"]] for entry in (mine, published)]
    if names[0] != names[1] and names[0] != [f"arg{number}" for number in range(len(names[0]))]:
        return f"arguments are {', '.join(names[0])} here and {', '.join(names[1])}"
    states = [entry["stateMutability"].replace("pure", "view") for entry in (mine, published)]
    return "" if states[0] == states[1] else f"{states[0]} here and {states[1]}"


def _returned(entry: Entry) -> str:
    return ", ".join(_shape(part) for part in entry["outputs"])


def _shape(part: Entry) -> str:
    """Return a type with the names of a struct's fields."""
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    fields = ", ".join(f"{_shape(one)} {one['name']}" for one in part["components"])
    return f"({fields}){part['type'].removeprefix('tuple')}"
