"""`ape run deploy`: deploy the clearinghouse of a configuration and write its manifest."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from ape import accounts, networks, project
from ape.api import AccountAPI
from ape.exceptions import ApeException
from ape.logging import logger
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bulkhead.config import DeploymentConfig
    from bulkhead.deployment import Deployment

ROOT = Path(__file__).resolve().parent.parent
LOCAL_NETWORK = "ethereum:local:foundry"


@click.command()
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=ROOT / "config" / "local.yaml",
    help="Deployment file; config/local.yaml by default.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where addresses and parameters go; out/deployments/<chain id>.json by default.",
)
@click.option(
    "--network",
    "choice",
    default=LOCAL_NETWORK,
    show_default=True,
    help="Ape's name of a network, e.g. ethereum:sepolia:node. The local one starts an Anvil of its"
    " own, unless APE_FOUNDRY_HOST=http://127.0.0.1:8545 names one that runs already.",
)
@click.option("--account", "alias", help="Ape account to deploy from; asked for on a live network.")
def cli(path: Path, manifest: Path | None, choice: str, alias: str | None) -> None:
    """Deploy the clearinghouse, check its wiring, write its manifest."""
    sys.path.insert(0, str(ROOT))  # Ape drops the project from the path after loading a script
    from bulkhead.config import ConfigError, load_config
    from bulkhead.deployment import WiringError
    from bulkhead.deployment.anvil import frugal_anvil

    console = Console()
    errors = Console(stderr=True)
    logger.set_level(logging.ERROR)
    try:
        config = load_config(path)
    except ConfigError as error:
        for line in str(error).splitlines():
            errors.print(f"[red]{escape(line)}", soft_wrap=True, highlight=False)
        raise SystemExit(1) from None
    try:
        with frugal_anvil(), networks.parse_network_choice(choice) as provider:
            chain_id = provider.chain_id
            if chain_id != config.chain_id:
                raise click.ClickException(
                    f"{path}: chain_id: {config.chain_id} is configured, but {choice} is chain"
                    f" {chain_id}; nothing was sent"
                )
            done = _deploy(console, config, _deployer(alias, config.is_local))
            target = manifest or ROOT / "out" / "deployments" / f"{chain_id}.json"
            _finish(console, done, chain_id, target)
    except WiringError as error:
        raise click.ClickException(f"the deployment is not wired as configured: {error}") from None
    except (ApeException, OSError) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None


def _deployer(alias: str | None, is_local: bool) -> AccountAPI:
    """Return the account that pays: a test account locally, a named one anywhere else."""
    if is_local and alias is None:
        return accounts.test_accounts[0]
    known = sorted(accounts.aliases)
    if alias is None:
        names = f" ({', '.join(known)})" if known else ""
        alias = click.prompt(f"Account to deploy from{names}")
    if alias not in known:
        names = ", ".join(known) or "none; `ape accounts import NAME` makes one"
        raise click.ClickException(f"unknown account {alias!r}; known: {names}")
    return accounts.load(alias)


def _deploy(console: Console, config: DeploymentConfig, deployer: AccountAPI) -> Deployment:
    """Deploy with a line of progress per step."""
    from bulkhead.deployment import deploy
    from bulkhead.deployment.ape_chain import ApeChain

    console.print(f"Deploying to chain {config.chain_id} from {deployer.address}", highlight=False)
    count = 0
    with console.status("compiling") as status:

        def progress(step: str) -> None:
            nonlocal count
            count += 1
            console.print(f"  [dim]{count}[/] {step}")
            status.update(step)

        return deploy(ApeChain(project, deployer), config, str(deployer.address), progress=progress)


def _finish(console: Console, done: Deployment, chain_id: int, target: Path) -> None:
    """Write the manifest and show the addresses."""
    from bulkhead.deployment import Manifest

    Manifest.of(done, chain_id).write(target)
    title = f"Bulkhead on chain {chain_id}"
    table = Table(title=title, title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Contract", style="bold", no_wrap=True)
    table.add_column("Address", no_wrap=True)
    for name, contract in done.contracts.items():
        table.add_row(name, str(contract.address))
    table.add_section()
    for symbol, token in done.tokens.items():
        role = "cash" if symbol == done.config.settlement.symbol else "collateral"
        table.add_row(f"{symbol}, {role}", str(token.address))
    table.add_section()
    for name, feeds in done.feeds.items():
        for role, feed in zip(("primary", "secondary"), feeds, strict=True):
            table.add_row(f"{name} / USD, {role}", str(feed.address))
    console.print(table)
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    markets = ", ".join(f"{name} is market {number}" for name, number in done.markets.items())
    console.print(f"{markets}. Wiring checked. Manifest: {shown}", soft_wrap=True, highlight=False)
