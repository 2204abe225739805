"""`ape run engines`: calls per second in process and on Anvil, side by side."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click
from ape import accounts, chain, networks, project
from ape.logging import logger
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
LAPS = {"in process": 2_000, "on Anvil through Ape": 50}


@click.command()
def cli() -> None:
    """Time the same calls on both engines."""
    # Ape drops the project from the path after loading a script, and other packages bring `tests`.
    sys.path.insert(0, str(ROOT))
    from benchmarks.engines import rate
    from bulkhead.deployment.anvil import frugal_anvil
    from verification.engine.evm import deploy_world
    from verification.engine.world import World

    logger.set_level(logging.ERROR)
    console, rates = Console(), []
    local = networks.ethereum.local
    with frugal_anvil(), local.use_provider("foundry"), console.status("calling"):
        on_anvil = World.deploy(
            project, accounts.test_accounts, chain, ROOT / "config" / "local.yaml"
        )
        for world, laps in zip((deploy_world(), on_anvil), LAPS.values(), strict=True):
            rates.append(rate(world, laps))
    table = Table("engine", "calls", "calls/s")
    for (name, laps), found in zip(LAPS.items(), rates, strict=True):
        table.add_row(name, f"{4 * laps:,}", f"{found:,.0f}")
    console.print(table)
    console.print(f"{rates[0] / rates[1]:.0f} times as fast in process")
