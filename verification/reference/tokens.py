"""The test tokens: plain ERC-20 tokens that anyone may mint."""

from __future__ import annotations

from verification.reference.rounding import require
from verification.reference.state import CLEARINGHOUSE, State, zero_table


def add(w: State, symbol: str) -> None:
    """Begin with a token that nobody has."""
    w.balances[symbol] = zero_table()
    w.allowances[symbol] = zero_table()


def balance(w: State, symbol: str, holder: str) -> int:
    """Token units of a holder."""
    return w.balances[symbol][holder]


def mint(w: State, symbol: str, to: str, amount: int) -> None:
    """Create tokens."""
    w.balances[symbol][to] += amount


def approve(w: State, symbol: str, owner: str, spender: str, amount: int) -> bool:
    """Set an allowance."""
    w.allowances[symbol][owner, spender] = amount
    return True


def move(w: State, symbol: str, owner: str, to: str, amount: int) -> bool:
    """Move tokens of their owner's own will."""
    held = w.balances[symbol]
    require(amount <= held[owner], "test token: balance too low")
    held[owner] -= amount
    held[to] += amount
    return True


def pull(w: State, symbol: str, spender: str, owner: str, to: str, amount: int) -> bool:
    """Move tokens on an allowance."""
    allowed = w.allowances[symbol]
    require(amount <= allowed[owner, spender], "test token: allowance too low")
    allowed[owner, spender] -= amount
    return move(w, symbol, owner, to, amount)


def take(w: State, symbol: str, payer: str, amount: int) -> None:
    """The clearinghouse takes tokens of a payer, who has approved them."""
    pull(w, symbol, CLEARINGHOUSE, payer, CLEARINGHOUSE, amount)


def give(w: State, symbol: str, recipient: str, amount: int) -> None:
    """The clearinghouse pays tokens out; to itself, nothing would leave."""
    require(amount == 0 or recipient != CLEARINGHOUSE, "vault: token transfer failed")
    move(w, symbol, CLEARINGHOUSE, recipient, amount)
