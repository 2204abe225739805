"""Historical crashes as control points, interpolated in log price.

    series = load_scenario("black-thursday").series(step="10m")

Between two control points a price moves by the same percentage every second. Control points are
hit exactly: a step that would jump over one of them, and so miss a low, is refused.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

from bulkhead.config.units import UnitError, duration, parse_duration, parse_number
from bulkhead.config.yaml_source import FieldPath, SourceError, YamlSource
from bulkhead.resources import folder_of
from bulkhead.scenarios.series import (
    HIGHEST_PRICE,
    LOWEST_PRICE,
    PRICE_PLACES,
    PriceSeries,
    rounded,
)

DEFAULT_STEP = 600  # seconds; divides the half hours at which lows stand
SCENARIOS = folder_of("scenarios", ".yaml")
FIELDS = ("title", "about", "source", "start", "hours", "prices")
OPTIONAL = ("kind", "step")
# What a scenario is played by: the usual people, or a cast and an end of its own.
CRASH, WATERFALL, WIND_DOWN = KINDS = ("crash", "waterfall", "wind-down")
SECONDS_PER_HOUR = 3_600

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class ScenarioError(Exception):
    """A scenario that is unknown, malformed or asked for at an unusable step."""


@dataclass(frozen=True)
class Scenario:
    """Control points per asset: seconds after the start, and the price there."""

    name: str
    title: str
    about: str
    source: str
    start: int
    length: int
    points: dict[str, list[tuple[int, Decimal]]]
    kind: str = CRASH
    step: int | None = None  # seconds between prices unless somebody asks for others

    def series(self, step: int | str = DEFAULT_STEP) -> PriceSeries:
        """Interpolate at every `step` (seconds or e.g. `10m`), first and last hour included."""
        seconds = self._check_step(step)
        grid = range(0, self.length + 1, seconds)
        prices = {asset: _interpolate(points, grid) for asset, points in self.points.items()}
        times = [self.start + offset for offset in grid]
        # A gap within a step is what the made-up scenarios are about.
        return PriceSeries(self.name, times, prices, is_joined=self.kind == CRASH)

    @property
    def controls(self) -> int:
        """How many control points there are, of all assets."""
        return sum(len(points) for points in self.points.values())

    def _check_step(self, step: int | str) -> int:
        try:
            seconds = parse_duration(step)
        except UnitError as error:
            raise ScenarioError(f"step {step!r} {error}") from None
        if seconds < 1:
            raise ScenarioError(f"step {step!r} is too short: use one second or more")
        for asset, points in self.points.items():
            for offset, price in points:
                if offset % seconds:
                    raise ScenarioError(
                        f"step {duration(seconds)} skips the control point of {asset} at hour"
                        f" {offset / SECONDS_PER_HOUR:g} ({price} USD) in {self.name}:"
                        f" use {self._usable_steps()}"
                    )
        return seconds

    def _usable_steps(self) -> str:
        longest = math.gcd(*(offset for points in self.points.values() for offset, _ in points))
        usual = [s for s in (60, 300, 600, 900, 1_800, 3_600) if longest % s == 0]
        examples = f", for example {', '.join(map(duration, usual))}" if usual else ""
        return f"a step that divides {duration(longest)}{examples}"


def scenario_names(directory: Path = SCENARIOS) -> list[str]:
    """Names that `load_scenario` knows."""
    return sorted(path.stem for path in directory.glob("*.yaml"))


def load_scenario(name: str, directory: Path = SCENARIOS) -> Scenario:
    """Load a scenario by name; an unknown name is answered with the names there are."""
    names = scenario_names(directory)
    if name not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ScenarioError(f"unknown scenario {name!r}{hint}; known: {', '.join(names) or 'none'}")
    try:
        return _Reader(YamlSource(directory / f"{name}.yaml")).read(name)
    except SourceError as error:
        raise ScenarioError(str(error)) from None


def _interpolate(points: list[tuple[int, Decimal]], grid: range) -> list[Decimal]:
    """Prices on the grid; both ends of the grid must be control points."""
    prices: list[Decimal] = []
    segment = 0
    for offset in grid:
        while points[segment + 1][0] < offset:
            segment += 1
        (t0, p0), (t1, p1) = points[segment], points[segment + 1]
        if offset in (t0, t1):
            prices.append(p0 if offset == t0 else p1)
            continue
        share = _CONTEXT.divide(Decimal(offset - t0), Decimal(t1 - t0))
        growth = _CONTEXT.power(_CONTEXT.divide(p1, p0), share)
        prices.append(rounded(_CONTEXT.multiply(p0, growth)))
    return prices


class _Reader:
    """Turns a scenario file into a `Scenario`, naming file, line and field of a mistake."""

    def __init__(self, source: YamlSource) -> None:
        self.source = source

    def read(self, name: str) -> Scenario:
        data = self.source.data
        for field in data:
            if field not in (*FIELDS, *OPTIONAL):
                allowed = ", ".join((*FIELDS, *OPTIONAL))
                raise self._error((field,), f"is not a known field; allowed: {allowed}")
        for field in FIELDS:
            if data.get(field) in (None, "", {}):
                raise self._error((field,), "is missing")
        length = self._seconds(data["hours"], ("hours",))
        if not isinstance(data["prices"], dict):
            raise self._error(("prices",), "must map each asset to its hour: price points")
        points = {asset: self._points(asset, raw, length) for asset, raw in data["prices"].items()}
        title, about, source = (str(data[field]) for field in FIELDS[:3])
        kind = data.get("kind", CRASH)
        if kind not in KINDS:
            raise self._error(("kind",), f"{kind} is not a kind; allowed: {', '.join(KINDS)}")
        step = self._step(data["step"]) if "step" in data else None
        start = self._start(data["start"])
        return Scenario(name, title, about, source, start, length, points, kind, step)

    def _step(self, value: object) -> int:
        try:
            seconds = parse_duration(value)
        except UnitError as error:
            raise self._error(("step",), f"{value} {error}") from None
        if seconds < 1:
            raise self._error(("step",), f"{value} is too short: one second or more")
        return seconds

    def _error(self, path: FieldPath, reason: str) -> ScenarioError:
        return ScenarioError(f"{self.source.where(path)} {reason}")

    def _start(self, value: object) -> int:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise self._error(("start",), f"{value} is not an ISO-8601 time") from None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def _seconds(self, hours: object, path: FieldPath) -> int:
        try:
            seconds = parse_number(hours) * SECONDS_PER_HOUR
        except UnitError as error:
            raise self._error(path, f"{hours} {error}: hours are needed, e.g. 23.5") from None
        if seconds < 0 or seconds != int(seconds):
            raise self._error(path, f"{hours} is not a whole number of seconds after the start")
        return int(seconds)

    def _points(self, asset: str, raw: Any, length: int) -> list[tuple[int, Decimal]]:
        path = ("prices", asset)
        if not isinstance(raw, dict) or len(raw) < 2:
            raise self._error(path, "needs two hour: price points at least")
        points: list[tuple[int, Decimal]] = []
        for hour, text in raw.items():
            offset = self._seconds(hour, (*path, hour))
            if points and offset <= points[-1][0]:
                raise self._error((*path, hour), "is not later than the point before it")
            points.append((offset, self._price(text, (*path, hour))))
        if points[0][0] != 0 or points[-1][0] != length:
            ends = f"must begin at hour 0 and end at hour {length / SECONDS_PER_HOUR:g}"
            raise self._error(path, ends)
        return points

    def _price(self, text: object, path: FieldPath) -> Decimal:
        try:
            price = parse_number(text)
        except UnitError as error:
            raise self._error(path, f"{text} {error}") from None
        if not LOWEST_PRICE <= price <= HIGHEST_PRICE or rounded(price) != price:
            limits = f"{LOWEST_PRICE:f} to {HIGHEST_PRICE:,f}"
            raise self._error(
                path, f"{text} is not a price; allowed: {limits}, {PRICE_PLACES} decimals"
            )
        return price
