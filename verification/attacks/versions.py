"""Where versions of the contracts differ, as far as plays, referee and search must know: here, and
nowhere else, so that the same play runs on all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

WAD = 10**18


def window(world: Any) -> int:
    """Return the seconds between recognition and tear-up; 0 where recognition does both."""
    return getattr(world.default_manager.waterfall(), "window", 0)


def reserved(world: Any) -> Decimal:
    """Return what is kept for accounts in default, cash; 0 where nothing is."""
    if not hasattr(world.default_manager, "reserved"):
        return Decimal(0)
    return Decimal(sum(world.default_manager.reserved())) / WAD


def limit_used(world: Any) -> Decimal:
    """Return what counts as drawn of the limit of all markets, cash."""
    return Decimal(world.default_manager.limit_used(0)) / WAD


def claimable(world: Any, person: Any) -> int:
    """Return what a holder of record of past draws may claim of recoveries, token units."""
    total = 0
    for fund in (world.insurance_fund, world.default_fund):
        if hasattr(fund, "draw_count"):
            draws = range(1, fund.draw_count() + 1)
            total += sum(fund.claimable(draw, person) for draw in draws)
    return total
