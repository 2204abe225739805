"""The contracts' numbers: fractions and cash with 18 decimals (WAD), rates in millionths (PPM)."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

WAD = 10**18
PPM = 10**6


def wad(amount: Decimal) -> int:
    """Return an amount as WAD, rounded down."""
    return int((amount * WAD).to_integral_value(ROUND_DOWN))


def cash(amount: int) -> Decimal:
    """Return WAD as an amount."""
    return Decimal(amount) / WAD


fraction = cash  # a WAD fraction reads the same way
