"""What somebody asks the demo for, whether it makes sense, and what the report says of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkhead.config import DeploymentConfig
from bulkhead.config.sections import Section
from bulkhead.config.units import Amount, Rate, duration, percent, plain
from bulkhead.demo.checks import DemoError
from bulkhead.demo.people import FEWEST_ACCOUNTS, KEEPERS, MOST_ACCOUNTS, Cast
from bulkhead.demo.replay import BLOCK, GAS_COST, REPORT_AT
from bulkhead.keeper import HedgeModel
from bulkhead.report import Run
from bulkhead.report.text import span
from bulkhead.resources import folder_of
from bulkhead.scenarios import PriceSeries, Scenario, count_rows, scenario_names

# Seconds of work for a row, measured on two cores with 48 and 200 accounts in a crash.
WORK_A_ROW, WORK_AN_ACCOUNT = 0.05, 0.0008
LONG_ROWS = 20_000  # which nobody replays by mistake
SENSIBLE_ROWS = 2_000  # to which a file is thinned
DURATIONS = ("grace", "auction_duration", "limit_period", "remainder_duration", "window")


@dataclass(frozen=True)
class Wish:
    """The options of the command."""

    scenario: str | None = None
    prices: Path | None = None
    step: str | None = None
    count: int = 48
    seed: int = 1
    out: Path = Path("out/demo")
    charity: bool = False
    is_long: bool = False

    def check(self) -> None:
        """Refuse what makes no sense, before anything is read."""
        if self.scenario is not None and self.prices:
            raise DemoError("--scenario and --prices: give one of them")
        if self.prices and self.step:
            raise DemoError("--step: a CSV has its own steps, one row each")
        if not FEWEST_ACCOUNTS <= self.count <= MOST_ACCOUNTS:
            allowed = f"{FEWEST_ACCOUNTS} to {MOST_ACCOUNTS}"
            raise DemoError(f"--accounts: {self.count}; allowed: {allowed}")
        if self.scenario is not None and not self.scenario:
            raise DemoError(f"--scenario: is empty; known: {', '.join(scenario_names())}")

    def estimate(self) -> str:
        """How long a file will take; refuse one that takes for ever, unless that is asked for."""
        assert self.prices is not None
        rows = count_rows(self.prices)
        seconds = rows * (WORK_A_ROW + WORK_AN_ACCOUNT * self.count)
        text = f"{self.prices}: {rows:,} rows, about {_rough(seconds)} with {self.count} accounts"
        if rows <= LONG_ROWS or self.is_long:
            return text
        nth = -(-rows // SENSIBLE_ROWS)
        thin = self.prices.with_name(f"{self.prices.stem}-thin.csv")
        raise DemoError(
            f"{text}.\nKeep every {nth}th row:"
            f" awk 'NR == 1 || NR % {nth} == 2' {self.prices} > {thin}\n"
            "Lows between the rows kept are lost. --long replays all of them all the same."
        )

    @property
    def command(self) -> str:
        """The command that makes the same report, defaults left out."""
        words = ["make demo"]
        if self.prices:
            words.append(f"PRICES={self.prices}")
        elif self.scenario:
            words.append(f"SCENARIO={self.scenario}")
        args = [f"--step {self.step}"] if self.step else []
        args += [f"--accounts {self.count}", f"--seed {self.seed}"]
        args += ["--charity"] if self.charity else []
        args += ["--long"] if self.is_long else []
        return " ".join([*words, f'ARGS="{" ".join(args)}"'])


def source_of(series: PriceSeries, scenario: Scenario | None, path: Path | None) -> str:
    """What the prices of a report are, in a line."""
    if scenario is None:
        return f"{len(series):,} rows of {path and path.name}, each held until the next one"
    joined = "joined by straight lines in log price"
    return f"{scenario.controls} control points, {joined} ({scenario.source})"


def run_of(wish: Wish, config: DeploymentConfig, cast: Cast, series: PriceSeries) -> Run:
    """How to get the same page again: command, commit and what the result depends on."""
    model = HedgeModel()
    keepers = ", ".join(percent(rate) for _, rate in KEEPERS)
    deposits = sum(stake for _, stake in cast.stakers)
    pledged = sum(amount for _, amount in cast.members)
    makers = sum(maker.margin for maker in cast.makers)
    parameters = {
        "Terms of a default": ", ".join(_terms(config.default_procedure)),
        "Waterfall": ", ".join(_terms(config.waterfall)),
        "Capital": f"makers ${makers:,.0f}, insurance fund ${deposits:,.0f}, members"
        f" ${pledged:,.0f} and as much pledged, reserve ${cast.reserve:,.0f}",
        "Keepers": ("the last one takes what does not pay" if wish.charity else "no charity")
        + f"; beyond hedge and gas they ask for {keepers} of notional; gas ${GAS_COST} a"
        " transaction",
        "Hedging": f"fee {model.fee:.2%}, half spread {model.calm_spread:.2%} or"
        f" {model.spread_share:g} of a minute’s volatility, impact by the square-root law on"
        f" {model.turnover / model.market_share:g} times the open interest a day",
        "Time": f"{len(series):,} steps of {span(series.times[1] - series.times[0])}, blocks of"
        f" {BLOCK} seconds; between steps feeds report when a price has moved by"
        f" {percent(REPORT_AT)}",
    }
    return Run(wish.command, _commit(), wish.seed, parameters)


def _terms(section: Section) -> Iterator[str]:
    """`grace 1h`, `fee 1%`, …"""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Rate):
            text = percent(value)
        elif isinstance(value, Amount):
            text = plain(value)
        else:
            text = duration(value) if name in DURATIONS else str(value)
        yield f"{name.replace('_', ' ')} {text}"


def _commit() -> str:
    """The commit of the working copy, or that there is none."""
    git = ("git", "-C", str(folder_of("config", ".yaml")))
    try:
        head = _said(*git, "rev-parse", "--short=12", "HEAD")
        changed = _said(*git, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git working copy"
    return f"{head}, with changes" if changed else head


def _said(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _rough(seconds: float) -> str:
    """`2 minutes`, `3 hours`, `12 days`."""
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{max(1, seconds):.0f} seconds"
