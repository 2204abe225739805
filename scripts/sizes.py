"""`ape run sizes`: write the runtime code size of every deployable to benchmarks/sizes.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from ape import project
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "benchmarks" / "sizes.json"
LIMIT = 24_576  # bytes, EIP-170


@click.command()
def cli() -> None:
    """Measure code sizes and write benchmarks/sizes.json."""
    # Ape drops the project from the path after loading a script.
    sys.path.insert(0, str(ROOT))
    from verification.engine.evm import deployables

    names = [path.stem for path in deployables()]
    # Vyper appends its immutables to the code at deployment; the artefact leaves their place out.
    sizes = {
        name: len(bytes(project.get_contract(name).contract_type.get_runtime_bytecode()))
        for name in names
    }
    TARGET.write_text(json.dumps(sizes, indent=2) + "\n")
    table = Table("contract", "bytes", "of the limit", title="Runtime code sizes")
    for name, size in sizes.items():
        table.add_row(name, f"{size:,}", f"{size / LIMIT:.0%}")
    Console().print(table)
    too_big = [name for name, size in sizes.items() if size > LIMIT]
    if too_big:
        raise click.ClickException(f"above {LIMIT:,} bytes: {', '.join(too_big)}")
