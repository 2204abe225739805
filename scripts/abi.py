"""`make abi`: write what every deployed contract answers to abi/, for programs and for TypeScript.

Of a contract in several parts the surface is what its address answers: the entry's own interface,
and what its parts add. Parts get no file: nobody should call them at their own addresses.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from eth_typing import ABI, ABIElement
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "abi"
TYPES = ("constructor", "fallback", "function", "event")  # in this order, each as declared
KEYS = ("type", "name", "stateMutability", "anonymous", "inputs", "outputs")
FIELDS = ("name", "type", "indexed", "components")  # of an input or output
NOTICE = "// Written by `make abi`. Do not edit.\n"


@click.command()
def cli() -> None:
    """Compile the contracts and write their interfaces to abi/."""
    surfaces = compile_surfaces()
    write(render(surfaces))
    table = Table("contract", "functions", "events", title="Interfaces")
    for name, abi in surfaces.items():
        kinds = [element["type"] for element in abi]
        table.add_row(name, str(kinds.count("function")), str(kinds.count("event")))
    Console().print(table)


def compile_surfaces() -> dict[str, list[ABIElement]]:
    """Return the surface of every contract that is called at its own address, by name."""
    sys.path.insert(0, str(ROOT))  # Ape drops the project from the path after loading a script
    from bulkhead.abi import combined
    from bulkhead.deployment import PARTS
    from verification.engine.evm import Artefacts, deployables

    compiled = Artefacts()
    parts = {part for names in PARTS.values() for part in names}
    entries = [path.stem for path in deployables() if path.stem not in parts]
    return {
        name: sorted(
            combined(*(compiled.of(part)[0] for part in (name, *PARTS.get(name, ())))),
            key=lambda element: TYPES.index(element["type"]),
        )
        for name in entries
    }


def render(surfaces: Mapping[str, ABI]) -> dict[str, str]:
    """Return the files by name: JSON and TypeScript of each contract, and an index."""
    files = {}
    for name, abi in surfaces.items():
        text = _json(abi)
        files[f"{name}.json"] = f"{text}\n"
        files[f"{name}.ts"] = f"{NOTICE}export const {_constant(name)} = {text} as const;\n"
    index = (f'export {{ {_constant(name)} }} from "./{name}.js";\n' for name in surfaces)
    files["index.ts"] = NOTICE + "".join(index)
    return files


def write(files: Mapping[str, str], target: Path = TARGET) -> None:
    """Write the files, and remove what is none of them."""
    target.mkdir(exist_ok=True)
    for path in target.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")


def _json(abi: ABI) -> str:
    """One line an element: a change of the interface is a change of its line."""
    lines = (json.dumps(_plain(element, KEYS)) for element in abi)
    return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]"


def _plain(item: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The same item, whichever compiler front end wrote it: keys in one order, none too many."""
    plain = {key: item[key] for key in keys if item.get(key) is not None}
    if plain["type"] == "constructor":
        plain.pop("outputs", None)
    for key in ("inputs", "outputs", "components"):
        if key in plain:
            plain[key] = [_plain(field, FIELDS) for field in plain[key]]
    return plain


def _constant(name: str) -> str:
    """`clearinghouseAbi` of `Clearinghouse`."""
    return f"{name[0].lower()}{name[1:]}Abi"


if __name__ == "__main__":
    cli()
