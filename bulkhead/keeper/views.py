"""What a keeper reads of the chain: structs of the contracts, with the members that it uses.

Amounts are WAD cash, discounts PPM, times unix seconds.
"""

from __future__ import annotations

from typing import Protocol


class AccountView(Protocol):
    """A row of `Lens.accounts`."""

    account: int
    exists: bool
    readable: bool
    all_valid: bool
    cash: int
    equity: int
    initial: int
    maintenance: int
    assessed_equity: int
    assessed_maintenance: int
    stage: int
    since: int
    discount: int
    max_fraction: int
    callable: bool
    openable: bool
    biddable: bool
    curable: bool


class PositionView(Protocol):
    """A row of `Lens.positions`."""

    account: int
    market: int
    size: int
    value: int
    notional: int
    low: int


class MarketView(Protocol):
    """A row of `Lens.markets`."""

    market: int
    settled: bool
    low: int
    funding_index: int
    long_interest: int
    short_interest: int


class PriceView(Protocol):
    """A row of `Lens.prices`."""

    row: int
    valid: bool


class Insolvency(Protocol):
    """What `DefaultManager.insolvency` answers."""

    positions: bool
    remainder_discount: int
    max_fraction: int
