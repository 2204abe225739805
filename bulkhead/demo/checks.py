"""What the demo refuses before it starts a chain."""

from __future__ import annotations

from itertools import pairwise

from bulkhead.config import DeploymentConfig
from bulkhead.config.units import plain
from bulkhead.report.text import span
from bulkhead.scenarios import PriceSeries, iso_time

LONGEST_STEP = 7 * 86_400


class DemoError(Exception):
    """A replay that cannot be run as asked."""


def check_series(series: PriceSeries, config: DeploymentConfig) -> None:
    """Refuse prices that cannot be replayed: outside the feeds' bounds, or too far apart."""
    for name, prices in series.prices.items():
        asset = config.assets[name]
        for step, (time, price) in enumerate(zip(series.times, prices, strict=True)):
            if not asset.min_price < price < asset.max_price:
                raise DemoError(
                    f"{series.where(step)}: {name} {price:f} at {iso_time(time)} is outside the"
                    f" bounds in which its feeds count: {plain(asset.min_price)} to"
                    f" {plain(asset.max_price)}"
                )
    for step, (earlier, later) in enumerate(pairwise(series.times), 1):
        if later - earlier > LONGEST_STEP:
            raise DemoError(
                f"{series.where(step)}: {span(later - earlier)} without a price after"
                f" {iso_time(earlier)}; allowed: {span(LONGEST_STEP)} at most"
            )
