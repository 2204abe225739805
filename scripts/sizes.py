"""`ape run sizes`: write the size of every contract's deployed code to benchmarks/sizes.json."""

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
TARGET = ROOT / "benchmarks" / "sizes.json"
LOCAL = ROOT / "config" / "local.yaml"

# Bytes. Chains take 24,576 (EIP-170); what is left between is room for repairs. The entry has the
# routing to its parts on top of what it does itself, so it gets more.
LIMIT = 22_100
ENTRY_LIMITS = {"Clearinghouse": 23_300}

DELAY = 172_800  # seconds; any delay makes a deployment one with a Timelock


@click.command()
def cli() -> None:
    """Deploy everything to Anvil, measure the code there and write benchmarks/sizes.json."""
    # Ape drops the project from the path after loading a script, and other packages bring `tests`.
    sys.path.insert(0, str(ROOT))
    from bulkhead.config import DeploymentConfig, load_config
    from bulkhead.deployment.anvil import frugal_anvil
    from verification.engine.evm import deployables
    from verification.engine.world import World

    logger.set_level(logging.ERROR)
    console = Console()
    people = accounts.test_accounts
    data = load_config(LOCAL).model_dump(mode="json")
    data["governance"] |= {"timelock_delay": DELAY, "proposer": str(people[0].address)}
    config = DeploymentConfig.model_validate(data)
    local = networks.ethereum.local
    with frugal_anvil(), local.use_provider("foundry"), console.status("measuring code"):
        deployed = World.deploy(project, people, chain, config).deployment.contracts
        names = [path.stem for path in deployables()]
        missing = [name for name in names if name not in deployed]
        if missing:
            raise click.ClickException(f"not deployed with {LOCAL.name}: {', '.join(missing)}")
        # Read from the chain: Vyper appends immutables to the code when it is deployed.
        sizes = {name: len(chain.provider.get_code(deployed[name].address)) for name in names}
    TARGET.write_text(json.dumps(sizes, indent=2) + "\n")
    table = Table("contract", "bytes", "limit", "of the limit", title="Deployed code")
    too_big = []
    for name, size in sizes.items():
        limit = ENTRY_LIMITS.get(name, LIMIT)
        table.add_row(name, f"{size:,}", f"{limit:,}", f"{size / limit:.1%}")
        if size > limit:
            too_big.append(f"{name} ({size:,} bytes, limit {limit:,})")
    console.print(table)
    if too_big:
        raise click.ClickException(f"above its limit: {', '.join(too_big)}")
