"""Where versions of the contracts differ, as far as plays, referee and search must know: here, and
nowhere else, so that the same play runs on all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

WAD = 10**18
NEVER = 2**256 - 1


def window(world: Any) -> int:
    """Return the seconds between recognition and tear-up; 0 where recognition does both."""
    return getattr(world.default_manager.waterfall(), "window", 0)


def reserved(world: Any) -> Decimal:
    """Return what is kept for accounts in default, cash; 0 where nothing is."""
    if not hasattr(world.default_manager, "reserved"):
        return Decimal(0)
    return Decimal(sum(world.default_manager.reserved())) / WAD


def locked(world: Any, account: int) -> int:
    """Return what an account has won too lately to take it out, WAD; 0 where nothing is."""
    ledger = world.clearinghouse
    return int(ledger.locked_cash(account)) if hasattr(ledger, "locked_cash") else 0


def limit_used(world: Any) -> Decimal:
    """Return what counts as drawn of the limit of all markets, cash."""
    return Decimal(world.default_manager.limit_used(0)) / WAD


def rewards(world: Any) -> list[Any]:
    """Return the events that pay somebody for work out of the house."""
    ledger, names = world.clearinghouse, ("RewardPaid", "TearUpRewarded")
    return [getattr(ledger, name) for name in names if hasattr(ledger, name)]


def counts_allowances(world: Any) -> bool:
    """Return whether gains are counted beyond what the rules leave open: gaps and tolerances."""
    return not window(world)


def charge_allowed(world: Any, moved: float, price: float) -> float:
    """Return what a base unit of a side may be charged in a day, cash: what its market has moved in
    its favour, and a part of the price."""
    if window(world):
        return price * 0.055  # one charge, and a little
    return moved + price * world.default_manager.waterfall().charge_cap / 10**6


def day_average(world: Any, market: int) -> float:
    """Return the average of a day that moves are measured from; 0 where there is none."""
    engine = world.risk_engine
    return engine.reference_price(8 + market) / WAD if hasattr(engine, "reference_price") else 0.0


def premiums(world: Any) -> None:
    """Let the funds ask for the premiums that are due, where there are any."""
    for fund in (world.insurance_fund, world.default_fund):
        if hasattr(fund, "accrue"):
            fund.accrue()


def take(world: Any, owner: Any, account: int, token: Any, units: int) -> Any:
    """Withdraw token units to the owner, at whatever factor there is."""
    function = world.clearinghouse.withdraw
    allowed = (NEVER,) if len(function.arities) > 1 else ()
    return function(account, token, units, owner, *allowed, sender=owner)


def convert_position(world: Any, market: int, account: int, by: Any) -> Any:
    """Turn a position in a settled market into cash; nobody is paid for it."""
    function = world.clearinghouse.convert_positions
    nobody = (0,) if 3 in function.arities else ()
    return function(market, [account], *nobody, sender=by)


def claimable(world: Any, person: Any) -> int:
    """Return what a holder of record of past draws may claim of recoveries, token units."""
    total = 0
    for fund in (world.insurance_fund, world.default_fund):
        if hasattr(fund, "draw_count"):
            draws = range(1, fund.draw_count() + 1)
            total += sum(fund.claimable(draw, person) for draw in draws)
    return total
