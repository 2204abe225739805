"""`ape run gas`: measure gas on Anvil and write benchmarks/gas.json."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click
from ape import accounts, chain, networks, project
from ape.logging import logger
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "benchmarks" / "gas.json"


@click.command()
def cli() -> None:
    """Measure gas on a fresh Anvil and write benchmarks/gas.json."""
    # Ape drops the project from the path after loading a script, and other packages bring `tests`.
    sys.path.insert(0, str(ROOT))
    from benchmarks.gas import GOALS, measure
    from bulkhead.deployment.anvil import frugal_anvil

    logger.set_level(logging.ERROR)
    console = Console()
    local = networks.ethereum.local
    with frugal_anvil(), local.use_provider("foundry"), console.status("measuring gas") as status:
        figures = measure(
            project, accounts.test_accounts, chain, lambda step: status.update(f"gas: {step}")
        )
    TARGET.write_text(json.dumps(figures, indent=2) + "\n")
    table = Table("operation", "gas", "goal", "of goal", title="Gas, one transaction each, cold")
    missed = []
    for key, gas in figures.items():
        goal = GOALS.get(key)
        share = f"{gas / goal:.0%}" if goal else ""
        table.add_row(key, f"{gas:,}", f"{goal:,}" if goal else "", share)
        if goal and gas > goal:
            missed.append(key)
    console.print(table)
    if missed:
        console.print(f"[red]above goal: {', '.join(missed)}")
        raise SystemExit(1)
