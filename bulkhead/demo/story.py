"""The demo from the first line on the screen to the last."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ape_foundry.provider import FoundryProvider
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bulkhead.ape_chain import ApeChain
from bulkhead.config import load_config
from bulkhead.demo.node import Node
from bulkhead.demo.people import FEWEST_ACCOUNTS, MOST_ACCOUNTS, cast
from bulkhead.demo.replay import DemoError, Replay, check_series
from bulkhead.demo.venue import Venue, wad
from bulkhead.deployment import deploy
from bulkhead.prices import PriceSeries
from bulkhead.report import DemoRecord, print_summary, write_report
from bulkhead.report.text import span
from bulkhead.scenarios import load_csv, load_scenario

CONFIG = Path(__file__).resolve().parents[2] / "config" / "local.yaml"
DEFAULT_SCENARIO = "black-thursday"
MOST_STEPS = 1_500
STEPS = (120, 180, 300, 600, 900, 1_800)  # seconds; feeds report about as often in a crash
LOCAL = "ethereum:local:foundry"


@contextmanager
def _untraced() -> Iterator[None]:
    """Start Anvil without the traces that Ape asks for: thousands of them take gigabytes."""
    command = FoundryProvider.build_command

    def build_command(self: FoundryProvider) -> list[str]:
        return [word for word in command(self) if word != "--steps-tracing"]

    with patch.object(FoundryProvider, "build_command", build_command):
        yield


def tell(
    console: Console,
    networks: Any,
    project: Any,
    accounts: Any,
    scenario: str | None,
    prices: Path | None,
    step: str | None,
    count: int,
    seed: int,
    out: Path,
) -> DemoRecord:
    """Deploy, replay, print and write the report; return what was recorded."""
    if scenario and prices:
        raise DemoError("--scenario and --prices: give one of them")
    if prices and step:
        raise DemoError("--step: a CSV has its own steps, one row each")
    if not FEWEST_ACCOUNTS <= count <= MOST_ACCOUNTS:
        raise DemoError(f"--accounts: {count}; allowed: {FEWEST_ACCOUNTS} to {MOST_ACCOUNTS}")
    config = load_config(CONFIG)
    assets = list(config.assets)
    title = about = source = ""
    if prices:
        series = load_csv(prices, assets)
        source = prices.name
    else:
        chosen = load_scenario(scenario or DEFAULT_SCENARIO)
        usual = next((s for s in STEPS if chosen.length / s <= MOST_STEPS), STEPS[-1])
        series = chosen.series(step or usual)
        title, about, source = chosen.title, chosen.about, chosen.source
    check_series(series, config)
    people = cast(count, seed, series.assets)

    _introduce(console, title or series.name, series, count)
    with _untraced(), networks.parse_network_choice(LOCAL) as provider:
        # Ape would end the program on the spot, without a word.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with console.status("compiling and deploying the clearinghouse to a local chain"):
            deployer = accounts.test_accounts[0]
            first = {asset: wad(price) for asset, price in series.at(0).items()}
            chain = ApeChain(project, deployer)
            deployment = deploy(chain, config, str(deployer.address), first)
            node = Node(provider.uri)
            node.start()
            venue = Venue(node, deployment, str(deployer.address))
        with _progress(console) as bar:
            task = bar.add_task("opening accounts", total=len(series), news="")
            replay = Replay(
                venue, people, series, seed,
                lambda done, news: bar.update(
                    task, completed=done, description="replaying", news=news
                ),
            )  # fmt: skip
            record = replay.run()
    record = replace(record, title=title, about=about, source=source)
    paths = write_report(out, record)
    console.print()
    print_summary(console, record)
    console.print(f"Report: {paths[1]} (open it in a browser) and {paths[0]}", soft_wrap=True)
    return record


def _introduce(console: Console, title: str, series: PriceSeries, count: int) -> None:
    length = span(series.times[-1] - series.times[0])
    console.print(
        f"[bold]{title}[/]: {length} of prices in {len(series):,} steps, {count} margin accounts",
        highlight=False,
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[news]}"),
        console=console,
    )
