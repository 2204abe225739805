"""The demo from the first line on the screen to the last."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from bulkhead.config import load_config
from bulkhead.demo.checks import check_series
from bulkhead.demo.large_longs import large_longs
from bulkhead.demo.node import Node
from bulkhead.demo.people import cast
from bulkhead.demo.replay import Replay
from bulkhead.demo.venue import Venue
from bulkhead.demo.waterfall import Waterfall
from bulkhead.demo.wind_down import WindDown
from bulkhead.demo.wish import Wish, run_of, source_of
from bulkhead.deployment import deploy
from bulkhead.deployment.anvil import frugal_anvil
from bulkhead.deployment.ape_chain import ApeChain
from bulkhead.fixed_point import wad
from bulkhead.report import DemoRecord, print_summary, write_report
from bulkhead.report.text import span
from bulkhead.resources import folder_of
from bulkhead.scenarios import (
    CRASH,
    WATERFALL,
    WIND_DOWN,
    PriceSeries,
    load_csv,
    load_scenario,
)

CONFIG = folder_of("config", ".yaml") / "local.yaml"
DEFAULT_SCENARIO = "black-thursday"
MOST_STEPS = 1_500
STEPS = (120, 180, 300, 600, 900, 1_800)  # seconds; feeds report about as often in a crash
REPLAYS = {CRASH: Replay, WATERFALL: Waterfall, WIND_DOWN: WindDown}
LOCAL = "ethereum:local:foundry"


def tell(console: Console, networks: Any, project: Any, accounts: Any, wish: Wish) -> DemoRecord:
    """Deploy, replay, print and write the report; return what was recorded."""
    wish.check()
    config = load_config(CONFIG)
    chosen = None
    if wish.prices:
        console.print(wish.estimate(), highlight=False, soft_wrap=True)
        series = load_csv(wish.prices, list(config.assets))
    else:
        chosen = load_scenario(wish.scenario or DEFAULT_SCENARIO)
        usual = next((s for s in STEPS if chosen.length / s <= MOST_STEPS), STEPS[-1])
        series = chosen.series(wish.step or chosen.step or usual)
    kind = chosen.kind if chosen else CRASH
    check_series(series, config)
    people = (
        cast(wish.count, wish.seed, series.assets)
        if kind == CRASH
        else large_longs(kind, wish.count, wish.seed, series.assets)
    )

    title = chosen.title if chosen else ""
    _introduce(console, title or series.name, series, wish.count)
    with frugal_anvil(traces=False), networks.parse_network_choice(LOCAL) as provider:
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
        with progress_bar(console) as bar:
            task = bar.add_task("opening accounts", total=len(series), news="opening accounts")
            replay = REPLAYS[kind](
                venue, people, series, wish.seed,
                lambda done, news: bar.update(task, completed=done, news=news),
                None if kind == CRASH else _teller(bar.console),
                wish.charity,
            )  # fmt: skip
            record = replay.run()
    record = replace(
        record,
        title=title,
        about=chosen.about if chosen else "",
        source=source_of(series, chosen, wish.prices),
        run=run_of(wish, config, people, series),
        ranges={asset: (min(column), max(column)) for asset, column in series.prices.items()},
    )
    paths = write_report(wish.out, record)
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


def _teller(console: Console) -> Callable[[str], None]:
    """Print a line above the progress bar, uncoloured and unbroken."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def progress_bar(console: Console) -> Progress:
    """Steps done, time left and what is going on, in 80 columns."""
    return Progress(
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("[dim]{task.fields[news]}", table_column=Column(no_wrap=True)),
        console=console,
    )
