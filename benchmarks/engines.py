"""State-changing protocol calls per second: in process, and on Anvil through Ape.

Both play the same laps: a deposit, a fill of an order that was signed before, a withdrawal, an
accrual of funding. Only the calls are timed, by the clock on the wall.
"""

from __future__ import annotations

import time
from typing import Any

from verification.engine.world import ETH, NEVER, WAD, World

CASH = 100_000
UNITS = 10**6


def rate(world: World, laps: int) -> float:
    """Return calls per second."""
    maker, taker = world.people.named("maker", "taker")
    book, account = (world.open(person, CASH) for person in (maker, taker))
    world.fund(taker, "USDC", laps)
    orders = [_signed(world, maker, book, 1 if lap % 2 else -1) for lap in range(laps)]
    began = time.perf_counter()
    for order, signature in orders:
        _lap(world, taker, account, order, signature)
    return 4 * laps / (time.perf_counter() - began)


def _signed(world: World, maker: Any, book: int, size: int) -> tuple[Any, bytes]:
    order = world.order(maker, book, size, 2_000, expiry=NEVER)
    return order, world.sign(maker, order)


def _lap(world: World, taker: Any, account: int, order: Any, signature: bytes) -> None:
    ledger, by = world.clearinghouse, {"sender": taker}
    ledger.deposit(account, world.settlement, UNITS, **by)
    limit = NEVER if order.size < 0 else 0
    world.exchange.fill(order.as_tuple(), signature, WAD, account, limit, **by)
    ledger.withdraw(account, world.settlement, UNITS, taker, **by)
    ledger.accrue_funding(ETH, **by)
