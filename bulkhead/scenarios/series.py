"""Prices on a time grid: what a demo replays through the feeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

PRICE_PLACES = 8  # decimals of a Chainlink USD feed: a finer price would be lost on chain
_QUANTUM = Decimal(1).scaleb(-PRICE_PLACES)
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_LINE = Context(prec=24, rounding=ROUND_HALF_EVEN)  # of prices between two steps: exact enough

LOWEST_PRICE = _QUANTUM
HIGHEST_PRICE = Decimal(10) ** 10  # the highest bound a configuration may give an asset
EARLIEST_TIME = 1_230_768_000  # 2009-01-01: before the first block of any chain
LATEST_TIME = 4_102_444_800  # 2100-01-01: later "seconds" are milliseconds


def rounded(price: Decimal) -> Decimal:
    """Return the price as a feed with 8 decimals can report it."""
    return price.quantize(_QUANTUM, context=_CONTEXT)


def iso_time(time: int) -> str:
    """Write unix seconds as `2020-03-12T10:30:00Z`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class PriceSeries:
    """Prices of several assets at the same, strictly increasing times.

    Attributes:
        lines: Where in a file each step stands, `prices.csv:3`; empty for prices of no file.
        is_joined: Whether prices move from step to step on straight lines in log price, rather than
            hold until the next step and jump.
    """

    name: str
    times: list[int]
    prices: dict[str, list[Decimal]]
    lines: tuple[str, ...] = field(default=(), compare=False)
    is_joined: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.times) < 2 or not self.prices:
            raise ValueError("a price series needs two times and one asset at least")
        if any(
            later <= earlier for earlier, later in zip(self.times, self.times[1:], strict=False)
        ):
            raise ValueError("times of a price series must increase strictly")
        if any(len(column) != len(self.times) for column in self.prices.values()):
            raise ValueError("every asset of a price series needs one price per time")

    def where(self, index: int) -> str:
        """Name a step for a message: its line in a file, else the series."""
        return self.lines[index] if self.lines else self.name

    def __len__(self) -> int:
        return len(self.times)

    @property
    def assets(self) -> list[str]:
        """Names of the assets, in the order of the source."""
        return list(self.prices)

    def at(self, index: int) -> dict[str, Decimal]:
        """Prices of every asset at one step."""
        return {asset: column[index] for asset, column in self.prices.items()}

    def along(self, index: int, seconds: int) -> dict[str, Decimal]:
        """Prices so many seconds after a step."""
        if not self.is_joined or seconds <= 0 or index + 1 >= len(self):
            return self.at(index)
        share = Decimal(seconds) / (self.times[index + 1] - self.times[index])
        if share >= 1:
            return self.at(index + 1)
        found = {}
        for asset, column in self.prices.items():
            growth = _LINE.power(_LINE.divide(column[index + 1], column[index]), share)
            found[asset] = rounded(_LINE.multiply(column[index], growth))
        return found


def answer(price: Decimal, decimals: int = PRICE_PLACES) -> int:
    """The integer that a feed with so many decimals reports for a price, at least 1."""
    exact = _CONTEXT.scaleb(price, decimals)
    return max(1, int(exact.to_integral_value(ROUND_HALF_EVEN)))
