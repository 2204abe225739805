"""What an account has won too lately to take it out (docs/specification.md, 7.3).

Amounts are kept as floats, 7 bits times a power of 8, in hundredths of cash, rounded up: of the
current window of 300 s and of the one before. Out of a stage everything counts as won just now.
"""

from __future__ import annotations

from verification.reference.rounding import down, up
from verification.reference.state import HEALTHY, Account, State

WINDOW = 300
NUMBERS = 1_024
UNIT = 10**16
GREATEST = 127 * 8**15


def rounded(amount: int) -> int:
    """The least float that is not below an amount, hundredths of cash."""
    power = 1
    while up(amount, power) > 127 and power < 8**15:
        power *= 8
    return min(up(amount, power) * power, GREATEST)


def won(w: State, account: Account) -> tuple[int, int]:
    """Won in the current window and in the one before, hundredths of cash."""
    number, current, previous = account.won
    age = (w.now // WINDOW - number) % NUMBERS
    return [(current, previous), (0, current)][age] if age < 2 else (0, 0)


def locked(w: State, account: Account) -> int:
    """What counts for nothing in what may leave, WAD cash."""
    return 0 if account.stage != HEALTHY else sum(won(w, account)) * UNIT


def free(w: State, account: Account) -> int:
    """Cash that may go to somebody else, WAD cash."""
    return max(account.cash - locked(w, account), 0)


def note(w: State, account: Account, change: int) -> None:
    """A realised profit or loss, fees in. In a stage nothing is noted."""
    if account.stage != HEALTHY:
        return
    current, previous = won(w, account)
    if change < 0:
        lost = down(-change, UNIT)
        taken = min(lost, current)
        _keep(w, account, current - taken, previous - min(lost - taken, previous))
    elif change >= UNIT or current <= 127:
        _keep(w, account, current + up(change, UNIT), previous)


def carry(w: State, giver: Account, getter: Account, excess: int) -> None:
    """Cash beyond what is free goes to another account of the owner, and the wins in it."""
    current, previous = won(w, giver)
    fresh = min(excess, current * UNIT)
    older = min(excess - fresh, previous * UNIT)
    _keep(w, giver, current - down(fresh, UNIT), previous - down(older, UNIT))
    if getter.stage == HEALTHY:
        current, previous = won(w, getter)
        _keep(w, getter, current + up(fresh, UNIT), previous + up(older, UNIT))


def leave_procedure(w: State, account: Account) -> None:
    """Nothing was noted meanwhile: everything counts as won just now."""
    account.stage, account.since = HEALTHY, 0
    account.won = (w.now // WINDOW % NUMBERS, GREATEST, 0)


def _keep(w: State, account: Account, current: int, previous: int) -> None:
    account.won = (w.now // WINDOW % NUMBERS, rounded(current), rounded(previous))
