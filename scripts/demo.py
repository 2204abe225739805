"""`ape run demo`: replay a crash on a local chain and write the report."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click
from ape import accounts, networks, project
from ape.exceptions import ApeException
from ape.logging import logger
from rich.console import Console
from rich.markup import escape

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
INTERRUPTED = 130  # exit code of a program stopped by Ctrl-C


@click.command()
@click.option("--scenario", help=f"One of {', '.join(NAMES)}; black-thursday by default.")
@click.option(
    "--prices", type=click.Path(path_type=Path), help="CSV to replay instead: time,ETH,BTC."
)
@click.option("--step", help="Time between prices of a scenario, e.g. 5m; 2m or 3m by default.")
@click.option("--accounts", "count", default=48, show_default=True, help="Margin accounts.")
@click.option("--seed", default=1, show_default=True, help="Draws the people.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/demo"),
    show_default=True,
    help="Folder of report.json and report.html.",
)
@click.option("--charity", is_flag=True, help="One keeper also takes what does not pay.")
@click.option("--long", "is_long", is_flag=True, help="Replay a file however long it takes.")
def cli(
    scenario: str | None,
    prices: Path | None,
    step: str | None,
    count: int,
    seed: int,
    out: Path,
    charity: bool,
    is_long: bool,
) -> None:
    """Replay a crash through margin accounts, calls, auctions and the waterfall.

    Two scenarios are made up: `waterfall` exhausts every tier that pays for losses and then fills
    the hole again; `wind-down` leaves a hole too deep for that, and pays everybody the same share.
    Nobody takes what does not pay, but with --charity. The more accounts, the more capital.
    """
    sys.path.insert(0, str(ROOT))  # Ape drops the project from the path after loading a script
    from bulkhead.config import ConfigError
    from bulkhead.demo.checks import DemoError
    from bulkhead.demo.story import tell
    from bulkhead.demo.wish import Wish
    from bulkhead.report import failures
    from bulkhead.scenarios import CsvError, ScenarioError

    # A chain of its own: the demo moves the clock, which somebody's running node would not survive.
    os.environ.pop("APE_FOUNDRY_HOST", None)
    logger.set_level(logging.ERROR)
    # A keeper outbid by another one is no news here; it stays to be read in a bot's log.
    logging.getLogger("bulkhead.keeper").addHandler(logging.NullHandler())
    console = Console()
    try:
        wish = Wish(scenario, prices, step, count, seed, out, charity, is_long)
        record = tell(console, networks, project, accounts, wish)
    except (ConfigError, CsvError, DemoError, ScenarioError) as error:
        for line in str(error).splitlines():
            Console(stderr=True).print(f"[red]{escape(line)}", soft_wrap=True, highlight=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        console.print("\nInterrupted: the local chain is gone, no report was written.")
        raise SystemExit(INTERRUPTED) from None
    except (ApeException, OSError) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None
    if failures(record.summary):
        raise SystemExit(1)
