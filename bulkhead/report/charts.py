"""The report's pictures: inline SVG whose colours are the page's CSS variables.

matplotlib draws with stand-in colours; they are replaced by `var(--…)` afterwards, so that one
picture serves light and dark pages. Text stays text and takes the page's font. The same record
always gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.typing import RcKeyType

from bulkhead.report.record import TIERS, EventKind, EventRecord, Number, StepRecord
from bulkhead.report.text import short_usd
from bulkhead.report.words import TIER_WORDS

INK, MUTED, GRID = "#010101", "#020202", "#030303"
SERIES = tuple(f"#0a0a{index:02x}" for index in range(1, 7))  # var(--series-1) to 6
CALL, CURE, AUCTION, BID, DRAW = (f"#0b0b{index:02x}" for index in range(1, 6))

_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    **{color: f"--series-{index}" for index, color in enumerate(SERIES, 1)},
    **dict(
        zip(
            (CALL, CURE, AUCTION, BID, DRAW),
            ("--call", "--cure", "--auction", "--bid", "--draw"),
            strict=True,
        )
    ),
}

_COLORS = {variable: color for color, variable in _VARIABLES.items()}

# One lane per kind under the prices: label, kinds with their marks, colour.
LANES: tuple[tuple[str, dict[EventKind, str], str], ...] = (
    ("called", {EventKind.MARGIN_CALL: "v"}, CALL),
    ("topped up", {EventKind.TOP_UP: "^"}, CURE),
    ("cured", {EventKind.CURE: "o"}, CURE),
    ("auctions", {EventKind.AUCTION: "D"}, AUCTION),
    ("bids, part", {EventKind.BID_PARTIAL: "s"}, BID),
    ("bids, full", {EventKind.BID_FULL: "s"}, BID),
    ("insolvent", {EventKind.INSOLVENT: "x"}, DRAW),
    ("torn up", {EventKind.TEAR_UP: "P"}, DRAW),
    ("shortfalls paid", {EventKind.DRAW: "X"}, DRAW),
)

_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bulkhead",
    "text.parse_math": False,
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.4,
    "lines.solid_joinstyle": "round",
}

HALF_PAGE, THIRD_OF_PAGE = (4.3, 2.0), (3.6, 1.75)  # inches: the page scales pictures
_LEFT, _LANES_LEFT, _RIGHT, _TOP, _BOTTOM = 0.5, 1.1, 0.16, 0.06, 0.26  # margins, inches

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_TICK_STEPS = (
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 5, 10, 30, 90, 365)),
)


def price_timeline(
    steps: Sequence[StepRecord], events: Sequence[EventRecord], width: float, name: str
) -> str:
    """Prices as percent of their start, and under them a lane per kind of event."""
    times = [step.time for step in steps]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
        for color, asset in zip(cycle(SERIES), steps[0].prices, strict=False):
            start = float(steps[0].prices[asset])
            upper.plot(times, [100 * float(s.prices[asset]) / start for s in steps], color=color)
        upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}%"))
        upper.tick_params(axis="x", length=0)
        _draw_lanes(lower, events, times[-1])
        _time_axis(lower, times, ticks=9 if width > 6 else 5)

    return _svg(draw, (width, 4.6 if width > 6 else 4.2), name)


def area(
    times: Sequence[int],
    values: Sequence[Number],
    color: str,
    name: str,
    beside: Sequence[Number] = (),
) -> str:
    """One value over time, filled down to zero; a dashed line for what it is compared with."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        numbers = [float(value) for value in values]
        axes.fill_between(times, numbers, color=color, alpha=0.16, linewidth=0)
        axes.plot(times, numbers, color=color)
        others = [float(value) for value in beside]
        if others:
            axes.step(times, others, color=MUTED, where="post", linestyle=(0, (3, 2)), linewidth=1)
        _money_axis(axes, numbers + others)
        _time_axis(axes, times, ticks=5)

    return _svg(draw, THIRD_OF_PAGE, name)


def lines(
    times: Sequence[int], series: dict[str, list[Number]], name: str, from_zero: bool = True
) -> str:
    """Several values over time; colours in the order of the series."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for color, values in zip(cycle(SERIES), series.values(), strict=False):
            axes.plot(times, [float(value) for value in values], color=color)
        numbers = [float(value) for values in series.values() for value in values]
        _money_axis(axes, numbers, from_zero)
        _time_axis(axes, times, ticks=6)

    return _svg(draw, HALF_PAGE, name)


def balance(steps: Sequence[StepRecord], events: Sequence[EventRecord], name: str) -> str:
    """The insurance fund, with a mark at each draw, and unpaid losses if there ever were any."""
    times = [step.time for step in steps]
    values = [float(step.insurance_balance) for step in steps]
    holes = [float(step.hole) for step in steps]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _money_axis(axes, values + holes if any(holes) else values, any(holes))
        axes.fill_between(times, values, axes.get_ylim()[0], color=CURE, alpha=0.14, linewidth=0)
        axes.plot(times, values, color=CURE)
        drawn = sorted(
            {min(e.time, times[-1]) for e in events if e.kind is EventKind.DRAW and _insured(e)}
        )
        at = [
            next((v for t, v in zip(times, values, strict=True) if t >= d), values[-1])
            for d in drawn
        ]
        axes.plot(drawn, at, linestyle="none", marker="X", markersize=5, color=DRAW)
        if any(holes):
            axes.plot(times, holes, color=DRAW, linestyle=(0, (3, 2)))
        _time_axis(axes, times, ticks=6)

    return _svg(draw, HALF_PAGE, name)


def tiers(steps: Sequence[StepRecord], name: str) -> str:
    """What each tier of the waterfall has paid up to each moment, one on top of the other."""
    times = [step.time for step in steps]
    paid = [[float(step.tiers.get(tier, 0)) for step in steps] for tier in TIERS]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        below = [0.0] * len(times)
        for tier, values in zip(TIERS, paid, strict=True):
            color = _COLORS[TIER_WORDS[tier][1]]
            above = [low + value for low, value in zip(below, values, strict=True)]
            if any(values):
                axes.fill_between(
                    times, below, above, color=color, alpha=0.55, linewidth=0, step="post"
                )
                axes.step(times, above, color=color, where="post", linewidth=0.9)
            below = above
        _money_axis(axes, below)
        _time_axis(axes, times, ticks=6)

    return _svg(draw, HALF_PAGE, name)


def _insured(event: EventRecord) -> bool:
    """Whether the insurance fund paid a part, or all, of it."""
    return "insurance" in event.amounts or not event.amounts.keys() & set(TIERS)


def _draw_lanes(axes: Axes, events: Sequence[EventRecord], end: int) -> None:
    labels = []
    for row, (label, marks, color) in enumerate(LANES):
        count = 0
        for kind, marker in marks.items():
            # What was settled after the last price is drawn at the edge.
            at = [min(event.time, end) for event in events if event.kind is kind]
            count += len(at)
            face = "none" if kind is EventKind.BID_PARTIAL else color
            axes.plot(
                at, [row] * len(at), linestyle="none", marker=marker, markersize=4, alpha=0.8,
                color=color, markerfacecolor=face, markeredgewidth=0.9, clip_on=False,
            )  # fmt: skip
        labels.append(f"{label} {count}")
    axes.set_yticks(range(len(LANES)), labels)
    axes.set_ylim(len(LANES) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=INK)


def _money_axis(axes: Axes, values: Sequence[float], from_zero: bool = True) -> None:
    """Dollars; without a zero the axis shows how little a large amount has moved."""
    low, high = min(values), max(values)
    if from_zero or low < (high - low):
        low, high = min(0.0, low), max(0.0, high)
    span = high - low or abs(high) / 50 or 1
    axes.set_ylim(low - (0 if low == 0 else span * 0.08), high + span * 0.08)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_usd(value)))
    if low < 0:
        axes.axhline(0, color=MUTED, linewidth=0.8)


def _time_axis(axes: Axes, times: Sequence[int], ticks: int) -> None:
    """Round distances from the start: a newcomer asks `how long in`, not for a time of day."""
    start, length = times[0], max(times[-1] - times[0], 1)
    step = next((s for s in _TICK_STEPS if length / s < ticks), _TICK_STEPS[-1])
    unit, letter = next(
        (size, mark) for size, mark in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))
        if step >= size and (size < _DAY or length > 4 * _DAY)
    )  # fmt: skip
    positions = range(0, length + 1, step)
    labels = [f"{offset / unit:g} {letter}" for offset in positions]
    axes.set_xticks([start + offset for offset in positions], labels)
    axes.set_xlim(start, start + length)
    axes.grid(visible=True, axis="both")


def _svg(draw: Callable[[Figure], None], size: tuple[float, float], name: str) -> str:
    """Render to an `<svg>` element: CSS colours, page font, ids that no other picture has."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # not what a matplotlibrc of this machine says
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=size, facecolor="none")
        canvas = FigureCanvasSVG(figure)
        draw(figure)
        for axes in figure.axes:
            axes.set_facecolor("none")
        # Fixed margins: pictures of one column line up, and no layout depends on a font.
        width, height = size
        left = _LEFT if len(figure.axes) == 1 else _LANES_LEFT
        figure.subplots_adjust(
            left / width, _BOTTOM / height, 1 - _RIGHT / width, 1 - _TOP / height, hspace=0.07
        )
        out = io.StringIO()
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        rf'<svg viewBox="\1" role="img" aria-label="{name}">',
        text,
        count=1,
    )
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:)?href="#([^"]+)"', rf'href="#{name}-\2"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", text)
    return re.sub("#0[0-9a-b]0[0-9a-b]0[0-9]", lambda m: f"var({_VARIABLES[m[0]]})", text)
