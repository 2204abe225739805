"""Units and roundings (docs/specification.md, section 1), and what a refused call raises.

All amounts are exact integers. A rounding happens only where one of these functions is called, and
its name says which way.
"""

from __future__ import annotations

WAD = 10**18
PPM = 10**6
BPS = 10**4
MILLIONTH = 10**12  # WAD in a millionth of cash: the unit of fees, debts and reservations


class Refusal(Exception):
    """The protocol refuses a call; `reason` is what it says."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class NotModelled(Exception):
    """The call is outside what the reference model knows (new code plugged in, foreign feeds)."""


def require(holds: bool, reason: str) -> None:
    """Refuse with a reason unless something holds."""
    if not holds:
        raise Refusal(reason)


def down(numerator: int, denominator: int) -> int:
    """Divide, rounded towards minus infinity."""
    return numerator // denominator


def up(numerator: int, denominator: int) -> int:
    """Divide, rounded towards plus infinity."""
    return -(-numerator // denominator)


def to_zero(numerator: int, denominator: int) -> int:
    """Divide, rounded towards 0."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def just_above(numerator: int, denominator: int) -> int:
    """Divide, rounded up to the next whole number even from a whole one: a bound that is never
    attained, which costs the account a wei more than `up` in the exact case."""
    return numerator // denominator + 1


def just_below(numerator: int, denominator: int) -> int:
    """Divide, rounded down to the next whole number even from a whole one."""
    return -just_above(-numerator, denominator)


def up_to(amount: int, unit: int) -> int:
    """Round up to a multiple of a unit."""
    return up(amount, unit) * unit


def less(amount: int, taken: int) -> int:
    """What is left of an amount, never below 0."""
    return max(amount - taken, 0)


def clamp(value: int, low: int, high: int) -> int:
    """The value, or the end of the range that it is beyond."""
    return max(low, min(value, high))
