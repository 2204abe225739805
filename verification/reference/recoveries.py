"""Debts that are repaid (docs/specification.md, 8.10)."""

from __future__ import annotations

from verification.reference import clearinghouse, exits, insurance, ledger, members, tokens
from verification.reference.rounding import MILLIONTH, down, require, up
from verification.reference.state import (
    CLEARINGHOUSE,
    HEALTHY,
    HOLE,
    INSURANCE,
    TO_ASSESSMENTS,
    TO_CONTRIBUTIONS,
    TO_INSURANCE,
    Account,
    State,
)


def repay(w: State, sender: str, number: int, amount: int) -> int:
    """Anyone pays what an account owes. Return what is still owed."""
    require(amount != 0, "registry: amount is zero")
    clearinghouse.require_running(w)
    account = ledger.account_of(w, number)
    require(account.owed != 0, "clearinghouse: owes nothing")
    require(amount * w.scale < account.owed + w.scale, "clearinghouse: owes less")
    tokens.take(w, w.settlement, sender, amount)
    distribute(w, account, amount)
    return account.owed


def recover(w: State, sender: str, number: int) -> int:
    """An account without positions and stage pays out of its own cash. Return what it still
    owes."""
    clearinghouse.require_running(w)
    account = ledger.account_of(w, number)
    ledger.convert_settled(w, account)
    require(account.is_indebted, "clearinghouse: owes nothing")
    require(account.stage == HEALTHY, "ledger: account under a call")
    require(not account.positions, "clearinghouse: account still has legs")
    held = down(max(account.cash, 0), w.scale)
    require(held != 0, "registry: not enough held")
    owed = account.owed
    exits.net_reserve(w)
    if w.hole >= w.scale:  # nothing leaves at par while a hole stands
        owed = account.debts[HOLE] * MILLIONTH
        require(owed != 0, "clearinghouse: a hole stands")
    given = min(held, up(owed, w.scale))
    ledger.add_cash(w, account, -given * w.scale)
    distribute(w, account, given)
    return account.owed


def distribute(w: State, account: Account, units: int) -> None:
    """Give token units to the tiers in the order of the record. The hole's part and the reserve's,
    what no fund can take and what is left over fill the hole, whoever has made it, then the
    reserve."""
    restored = restore(w, account, pay_record(w, account, units))
    clearinghouse.fill(w, (units - restored) * w.scale)


def pay_record(w: State, account: Account, units: int) -> list[int]:
    """Take a payment off the record, in its order. Return the token units that each tier gets."""
    left, given = units, [0] * len(account.debts)
    for tier, owed in enumerate(account.debts):
        given[tier] = min(up(owed * MILLIONTH, w.scale), left)
        left -= given[tier]
        account.debts[tier] -= min(down(given[tier] * w.scale, MILLIONTH), owed)
    account.is_indebted = any(account.debts)
    return given


def restore(w: State, account: Account, given: list[int]) -> int:
    """Hand the funds their parts. Return the token units that they took."""
    if given[TO_INSURANCE]:
        tokens.approve(w, w.settlement, CLEARINGHOUSE, INSURANCE, given[TO_INSURANCE])
        insurance.restore(w, account.id, given[TO_INSURANCE])
    parts = given[TO_CONTRIBUTIONS], given[TO_ASSESSMENTS]
    if any(parts):
        tokens.approve(w, w.settlement, CLEARINGHOUSE, members.FUND, sum(parts))
        members.restore(w, account.id, *parts)
    return given[TO_INSURANCE] + sum(parts)
