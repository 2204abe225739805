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


def exponential(x: int) -> int:
    """e^x for x <= 0, WAD: the approximation that the contracts use (Remco Bloemen's), which
    is within a wei of the exact power."""
    if x <= -41_446_531_673_892_822_313:
        return 0
    log_2 = 54_916_777_467_707_473_351_141_471_128
    x = to_zero(x << 78, 5**18)
    k = (to_zero(x << 96, log_2) + 2**95) >> 96
    x -= k * log_2
    y = ((x + 1_346_386_616_545_796_478_920_950_773_328) * x >> 96) + (
        57_155_421_227_552_351_082_224_309_758_442
    )
    p = ((y + x - 94_201_549_194_550_492_254_356_042_504_812) * y >> 96) + (
        28_719_021_644_029_726_153_956_944_680_412_240
    )
    p = p * x + (4_385_272_521_454_847_904_659_076_985_693_276 << 96)
    q = x - 2_855_989_394_907_223_263_936_484_059_900
    for coefficient in (
        50_020_603_652_535_783_019_961_831_881_945,
        -533_845_033_583_426_703_283_633_433_725_380,
        3_604_857_256_930_695_427_073_651_918_091_429,
        -14_423_608_567_350_463_180_887_372_962_807_573,
        26_449_188_498_355_588_339_934_803_723_976_023,
    ):
        q = (q * x >> 96) + coefficient
    scale = 3_822_833_074_963_236_453_042_738_258_902_158_003_155_416_615_667
    return to_zero(p, q) * scale >> (195 - k)


def clamp(value: int, low: int, high: int) -> int:
    """The value, or the end of the range that it is beyond."""
    return max(low, min(value, high))
