"""A hole, and at what price and how fast cash leaves (docs/specification.md, 7.3).

debit = par + (a - par) (A + hole) / A,   A = held - fresh money
"""

from __future__ import annotations

from verification.reference import tokens
from verification.reference.rounding import PPM, WAD, down, require, up
from verification.reference.state import CLEARINGHOUSE, Account, State
from verification.reference.terms import HOUR

LEAST_SHRINK = 10**9


def held(w: State) -> int:
    """Cash held, WAD."""
    return tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale


def deepen(w: State, loss: int) -> None:
    """A loss that nobody pays; it falls on fresh money too."""
    if loss == 0:
        return
    before = w.hole
    w.hole += loss
    if before == 0:
        begin_epoch(w)
    net_reserve(w)
    growth = w.hole - before
    if growth <= 0 or w.fresh_money == 0:
        return
    have = held(w)
    shrink = down(w.shrink * have, have + growth)
    if shrink < LEAST_SHRINK:
        begin_epoch(w)
    else:
        w.shrink, w.fresh_money = shrink, up(w.fresh_money * have, have + growth)


def begin_epoch(w: State) -> None:
    """No money is fresh; older rights end."""
    w.fresh_money, w.shrink = 0, WAD
    w.rights.clear()


def net_reserve(w: State) -> None:
    """The reserve repays the hole."""
    paid = min(w.hole, w.reserve)
    w.hole -= paid
    w.reserve -= paid


def right(w: State, number: int) -> int:
    """What an account may take out at par."""
    amount, shrink = w.rights.get(number, (0, WAD))
    return down(amount * w.shrink, shrink)


def note_fresh(w: State, account: Account, amount: int) -> None:
    """Cash that comes in while a hole stands, beyond what pays negative cash."""
    if w.hole != 0:
        fresh = min(amount, max(account.cash, 0))
        w.rights[account.id] = right(w, account.id) + fresh, w.shrink
        w.fresh_money += fresh


def leave(w: State, account: Account, amount: int, cash: int, max_debit: int) -> int:
    """What taking cash out costs. Return the debit."""
    if w.hole == 0:
        return amount
    net_reserve(w)
    if w.hole == 0:
        return amount
    par = min(right(w, account.id), cash, amount)
    par -= par % w.scale
    debit = amount
    if amount != par:
        old = held(w) - w.fresh_money
        require(amount - par <= old, "registry: not enough held")
        debit = par + up((amount - par) * (old + w.hole), old)
    agreed = debit <= max(max_debit, amount + w.scale)
    require(agreed, "exits: a hole stands, allow a larger debit")
    require(debit <= cash, "registry: not enough held")
    if par:
        w.rights[account.id] = right(w, account.id) - par, w.shrink
        w.fresh_money -= par
    w.hole -= debit - amount
    return debit


def require_outflow(w: State, amount: int) -> None:
    """Not too much leaves within an hour, net of what comes in."""
    if w.terms.outflow_share == 0:
        return
    have = held(w)
    if w.now >= w.outflow_began + HOUR:
        w.outflow_reference, w.outflow_began = have, w.now
    allowed = max(
        down(w.outflow_reference * w.terms.outflow_share, PPM), w.terms.outflow_least * WAD
    )
    require(have - amount + allowed >= w.outflow_reference, "exits: outflow limit")
