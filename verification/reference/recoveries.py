"""Debts that are repaid (docs/specification.md, 8.10)."""

from __future__ import annotations

from verification.reference import clearinghouse, exits, ledger, members, tokens
from verification.reference.rounding import MILLIONTH, down, require, up
from verification.reference.state import (
    CLEARINGHOUSE,
    CONTRIBUTIONS,
    HEALTHY,
    HOLE,
    INSURANCE,
    TO_ASSESSMENTS,
    TO_CONTRIBUTIONS,
    TO_INSURANCE,
    TO_OWNER,
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
    left = distribute(w, account, amount)
    w.reserve += left * w.scale
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
    left = distribute(w, account, given)
    w.reserve += left * w.scale
    return account.owed


def distribute(w: State, account: Account, units: int) -> int:
    """Give token units to the tiers in the order of the record. Return what is left over."""
    left, given = units, [0] * 5
    for tier, owed in enumerate(account.debts):
        given[tier] = min(up(owed * MILLIONTH, w.scale), left)
        left -= given[tier]
        account.debts[tier] -= min(down(given[tier] * w.scale, MILLIONTH), owed)
    if not any(account.debts):
        account.is_indebted = False
    # Fees may have repaid the hole before: then its part belongs where they would have gone.
    to_hole = min(given[HOLE] * w.scale, w.hole)
    w.hole -= to_hole
    w.reserve += given[HOLE] * w.scale - to_hole
    for tier, place in ((TO_CONTRIBUTIONS, CONTRIBUTIONS), (TO_ASSESSMENTS, 1)):
        if w.members.tranches[place].total == 0:
            given[TO_INSURANCE] += given[tier]
            given[tier] = 0
    tokens.give(w, w.settlement, INSURANCE, given[TO_INSURANCE])
    parts = given[TO_OWNER], given[TO_CONTRIBUTIONS], given[TO_ASSESSMENTS]
    if any(parts):
        tokens.approve(w, w.settlement, CLEARINGHOUSE, members.FUND, sum(parts))
        members.restore(w, account.id, *parts)
    return left
