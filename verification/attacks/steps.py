"""Steps that plays share. A step tries: what is refused is left out, and the play goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from verification.attacks.arena import Arena
from verification.attacks.referee import attempt, take_most
from verification.attacks.versions import convert_position, reserved, window
from verification.engine.world import BTC, CROSS, ETH, NEVER, WAD, wad

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PART = Decimal("0.049")  # of the mark: a hair inside the band of 5 %
TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)  # what a guardian pauses


# The procedure ------------------------------------------------------------------------------------


def recognise(arena: Arena, account: int, by: Any, purse: int = 0) -> bool:
    """Let somebody call what makes an insolvency known."""
    manager = arena.default_manager
    return bool(
        attempt(manager.call_margin, account, purse, sender=by)
        or attempt(manager.open_auction, account, sender=by)
    )


def tear_up(arena: Arena, by: Any, *accounts: int) -> bool:
    """Tear up what is left of accounts."""
    return bool(attempt(arena.default_manager.tear_up, sorted(accounts), sender=by))


def resolve(arena: Arena, by: Any, *accounts: int) -> None:
    """Let somebody do all that can be done about insolvent accounts, one after the other."""
    for account in accounts:
        recognise(arena, account, by)
    if window(arena):
        arena.wait(window(arena))
    for account in accounts:
        tear_up(arena, by, account)


def keep(arena: Arena, account: int, bidder: Any, purse: int) -> None:
    """Let an attentive keeper do what is due for an account now: call, auction, bid."""
    manager = arena.default_manager
    attempt(manager.call_margin, account, 0, sender=bidder)
    attempt(manager.open_auction, account, sender=bidder)
    attempt(manager.bid, account, WAD, purse, 1, sender=bidder)


# Accounts -----------------------------------------------------------------------------------------


def close(arena: Arena, person: Any, account: int, other: tuple[Any, int], price: float) -> bool:
    """Close an account's positions in ETH with somebody."""
    size = arena.size(account)
    if not size:
        return True
    return bool(attempt(arena.trade, other, (person, account), -size, price))


def withdraw(arena: Arena, person: Any, account: int, amount: float | Decimal | None = None) -> int:
    """Take cash out: so much, or all that is let out; return token units."""
    units = max(arena.cash(account), 0) // arena.clearinghouse.SETTLEMENT_SCALE()
    if amount is not None:
        units = min(units, arena.units("USDC", float(amount)))
    return take_most(arena, account, arena.settlement, units, person)


def lose(arena: Arena, loser: tuple[Any, int], winner: tuple[Any, int], amount: float) -> None:
    """Move cash from an account to its twin: buy high and sell low in BTC, inside the band."""
    mark = float(arena.real["BTC"])
    high, low = mark * (1 + float(PART)), mark * (1 - float(PART))
    size = Decimal(str(amount)) / Decimal(str(high - low))
    size = size.quantize(Decimal("0.000001"))
    if attempt(arena.trade, winner, loser, size, high, BTC):
        attempt(arena.trade, winner, loser, -size, low, BTC)


def borrow(arena: Arena, person: Any, purse: int, owed: float, **collateral: float) -> int:
    """Open an account that owes cash against collateral; the cash is in the purse."""
    account = arena.open(person, **collateral)
    lose(arena, (person, account), (person, purse), owed)
    return account


def gap(arena: Arena, price: float, asset: str = "ETH") -> None:
    """Let a price jump; nobody can act in between."""
    arena.set_price(asset, price)


def pair(arena: Arena, person: Any, cash: float, size: float, price: float = 2_000) -> tuple:
    """Open twins: the first LONG, the second SHORT, from each other."""
    long, short = arena.open(person, cash), arena.open(person, cash)
    arena.trade((person, short), (person, long), size, price)
    return long, short


def convert(arena: Arena, market: int, account: int, by: Any) -> bool:
    """Turn a position in a settled market into cash."""
    return bool(attempt(convert_position, arena, market, account, by))


# Funds --------------------------------------------------------------------------------------------


def request(arena: Arena, person: Any) -> None:
    """Ask to leave the insurance fund with everything."""
    fund = arena.insurance_fund
    attempt(fund.request_redeem, fund.balanceOf(person), sender=person)


def redeem(arena: Arena, person: Any) -> bool:
    """Leave the insurance fund with what was asked for."""
    fund = arena.insurance_fund
    shares = fund.locked_shares(person)
    return bool(attempt(fund.redeem, shares, person, person, sender=person))


def repay(arena: Arena, person: Any, account: int, amount: float) -> Any:
    """Mint cash and repay what others paid for an account."""
    units = arena.fund(person, "USDC", amount)
    return attempt(arena.clearinghouse.repay, account, units, sender=person)


def name_guardian(arena: Arena, person: Any) -> None:
    """Let the owner give somebody the guardian's role."""
    arena.clearinghouse.set_guardian(person, sender=arena.admin)
    arena.clearinghouse.accept_guardian(sender=person)


__all__ = [
    "BTC",
    "CROSS",
    "DAY",
    "ETH",
    "HOUR",
    "LIQUIDATIONS",
    "MINUTE",
    "NEVER",
    "TRADING",
    "WAD",
    "WITHDRAWALS",
    "attempt",
    "borrow",
    "close",
    "convert",
    "gap",
    "keep",
    "lose",
    "name_guardian",
    "pair",
    "recognise",
    "redeem",
    "repay",
    "request",
    "reserved",
    "resolve",
    "tear_up",
    "wad",
    "window",
    "withdraw",
]
