#pragma version 0.4.3
"""
@title Rounding, f*, discount, charges, sides and the hole
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Checks of wad_math, auction_math, charge_math and exit_math (docs/audit/proofs.md).
"""

from contracts.modules import auction_math
from contracts.modules import charge_math
from contracts.modules import exit_math
from . import claims
from contracts.modules import wad_math

WAD: constant(uint256) = 10**18
IWAD: constant(int256) = 10**18
PPM: constant(uint256) = 1_000_000
DAY: constant(uint256) = 86_400

# Bounds of the terms, as in default_rules.
MIN_DURATION: constant(uint256) = 60
MAX_DURATION: constant(uint256) = 86_400
MAX_DISCOUNT: constant(uint256) = 500_000
MAX_FEE: constant(uint256) = 100_000
MIN_TARGET: constant(uint256) = 1_010_000
MAX_TARGET: constant(uint256) = 2_000_000

# Greatest equity and margin that the checks go to, WAD cash: 10**20 units of cash and more.
AMOUNT: constant(uint256) = 2**128


# CHARGES OF A SIDE --------------------------------------------------------------------------------

@external
@pure
def check_charge_fades(charged: uint256, passed: uint256, later: uint256) -> bool:
    """
    @notice A charge of a unit below 2**128 fades over a day: all of it at once, nothing after the
            day, never more than before.
    """
    if charged >= 2**128 or passed > later or later >= 2**40:
        return False
    now: uint256 = charge_math._faded(charged, passed, DAY)
    then: uint256 = charge_math._faded(charged, later, DAY)
    claims._holds(then <= now and now <= charged)
    claims._holds(passed != 0 or now == charged)
    claims._holds(later < DAY or then == 0)
    claims._holds(passed >= DAY or now * DAY >= charged * (DAY - passed))
    return True


@external
@pure
def check_base_answers_for_a_charge(
    amount: uint256, free: uint256, taken: uint256, left: uint256
) -> bool:
    """
    @notice A charge within its room: no more base answers than there is, no unit that is left is
            charged more than it may be, and what both answer for is at least the charge.
    """
    if amount >= 2**128 or free >= 2**121 or taken >= 2**102 or left >= 2**102 or free == 0:
        return False
    if amount * WAD > (taken + left) * free:
        return False
    gone: uint256 = 0
    by_unit: uint256 = 0
    gone, by_unit = charge_math._answered(amount, free, taken, left)
    claims._holds(gone <= taken and by_unit <= free)
    claims._holds(gone * free + by_unit * left >= amount * WAD)
    return True


# THE HOLE -----------------------------------------------------------------------------------------

@external
@pure
def check_haircut(rest: uint256, old: uint256, hole: uint256) -> bool:
    """
    @notice What leaves of old money held below 2**120, with a hole below 2**120: the debit is at
            least what leaves, what is kept is at most the hole, and the factor old / (old + hole)
            does not fall by it.
    """
    if old >= 2**120 or hole >= 2**120 or rest == 0 or rest > old:
        return False
    debit: uint256 = exit_math._gross(rest, old, hole)
    claims._holds(debit >= rest)
    kept: uint256 = debit - rest
    claims._holds(kept <= hole)
    # (old - rest) / (old - rest + hole - kept) >= old / (old + hole)
    claims._holds((old - rest) * hole >= old * (hole - kept))
    return True


@external
@pure
def check_par_rights(
    first: uint256, second: uint256, shrink: uint256, held: uint256, loss: uint256
) -> bool:
    """
    @notice Two rights of one epoch, written at its first shrink, and a loss: together they are at
            most the fresh money, before and after it.
    """
    if first >= 2**100 or second >= 2**100 or held >= 2**120 or loss >= 2**120:
        return False
    if shrink == 0 or shrink > WAD or held == 0 or loss == 0 or first + second > held:
        return False
    after: uint256 = shrink * held // (held + loss)
    fresh: uint256 = exit_math._shrunk(first + second, held, loss)
    claims._holds(first * after // shrink + second * after // shrink <= fresh)
    claims._holds(fresh <= held)
    return True


# ROUNDING -----------------------------------------------------------------------------------------

@external
@pure
def check_mul_down(a: uint256, b: uint256) -> bool:
    """
    @notice a, b < 2**127: _mul_down does not revert and is the floor of a * b / WAD.
    """
    if a >= 2**127 or b >= 2**127:
        return False
    found: uint256 = wad_math._mul_down(a, b)
    claims._holds(found * WAD <= a * b)
    claims._holds(a * b - found * WAD < WAD)
    return True


@external
@pure
def check_mul_up(a: uint256, b: uint256) -> bool:
    """
    @notice a, b < 2**127: _mul_up does not revert and is the ceiling of a * b / WAD.
    """
    if a >= 2**127 or b >= 2**127:
        return False
    found: uint256 = wad_math._mul_up(a, b)
    claims._holds(found * WAD >= a * b)
    claims._holds(found * WAD - a * b < WAD)
    return True


@external
@pure
def check_mul_floor(a: int256, b: int256) -> bool:
    """
    @notice |a|, |b| < 2**127: _mul_floor does not revert and is the floor of a * b / WAD.
    """
    if a <= -2**127 or a >= 2**127 or b <= -2**127 or b >= 2**127:
        return False
    found: int256 = wad_math._mul_floor(a, b)
    claims._holds(found * IWAD <= a * b)
    claims._holds(a * b - found * IWAD < IWAD)
    return True


@external
@pure
def check_mul_ceil(a: int256, b: int256) -> bool:
    """
    @notice |a|, |b| < 2**127: _mul_ceil does not revert and is the ceiling of a * b / WAD.
    """
    if a <= -2**127 or a >= 2**127 or b <= -2**127 or b >= 2**127:
        return False
    found: int256 = wad_math._mul_ceil(a, b)
    claims._holds(found * IWAD >= a * b)
    claims._holds(found * IWAD - a * b < IWAD)
    return True


@external
@pure
def check_mul_floor_unchecked(a: int256, b: int256) -> bool:
    """
    @notice |a|, |b| < 2**127: _mul_floor_unchecked is the floor of a * b / WAD.
    """
    if a <= -2**127 or a >= 2**127 or b <= -2**127 or b >= 2**127:
        return False
    found: int256 = wad_math._mul_floor_unchecked(a, b)
    claims._holds(found * IWAD <= a * b)
    claims._holds(a * b - found * IWAD < IWAD)
    return True


@external
@pure
def check_mul_ceil_unchecked(a: int256, b: int256) -> bool:
    """
    @notice |a|, |b| < 2**127: _mul_ceil_unchecked is the ceiling of a * b / WAD.
    """
    if a <= -2**127 or a >= 2**127 or b <= -2**127 or b >= 2**127:
        return False
    found: int256 = wad_math._mul_ceil_unchecked(a, b)
    claims._holds(found * IWAD >= a * b)
    claims._holds(found * IWAD - a * b < IWAD)
    return True


@external
@pure
def check_mul_floor_of_a_closing(a: int256, b: int256) -> bool:
    """
    @notice |a| < 2**119, |b| < 2**131, as when a position is closed: likewise.
    """
    if a <= -2**119 or a >= 2**119 or b <= -2**131 or b >= 2**131:
        return False
    found: int256 = wad_math._mul_floor_unchecked(a, b)
    claims._holds(found * IWAD <= a * b)
    claims._holds(a * b - found * IWAD < IWAD)
    return True


@external
@pure
def check_magnitude(a: int256) -> bool:
    """
    @notice Every a but the least int256: _magnitude is |a|.
    """
    if a == min_value(int256):
        return False
    found: uint256 = wad_math._magnitude(a)
    claims._holds(found < 2**255)
    claims._holds(convert(found, int256) == a or convert(found, int256) == -a)
    return True


# DISCOUNT -----------------------------------------------------------------------------------------

@external
@pure
def check_discount_rate(elapsed: uint256, duration: uint256, start: uint256, end: uint256) -> bool:
    """
    @notice Terms within their bounds, any elapsed time: start <= discount <= end <= half of MM.
    """
    if duration < MIN_DURATION or duration > MAX_DURATION:
        return False
    if start > end or end > MAX_DISCOUNT:
        return False
    rate: uint256 = auction_math._discount_rate(elapsed, duration, start, end)
    claims._holds(rate >= start)
    claims._holds(rate <= end)
    return True


@external
@pure
def check_discount_rate_never_falls(
    elapsed: uint256, later: uint256, duration: uint256, start: uint256, end: uint256
) -> bool:
    """
    @notice Terms within their bounds, any two times: the discount at the later one is no smaller.
    """
    if duration < MIN_DURATION or duration > MAX_DURATION:
        return False
    if start > end or end > MAX_DISCOUNT or later < elapsed:
        return False
    claims._holds(
        auction_math._discount_rate(elapsed, duration, start, end)
        <= auction_math._discount_rate(later, duration, start, end)
    )
    return True


# F* -----------------------------------------------------------------------------------------------

@external
@pure
def partial_max_fraction_is_at_most_one(
    equity: int256,
    stuck: uint256,
    linear: uint256,
    quadratic: uint256,
    take: uint256,
    target: uint256,
    dust: uint256,
) -> bool:
    """
    @notice Every equity, MM and term of 256 bits: f* is in [0, 1].
    """
    claims._holds(
        auction_math._max_fraction(equity, stuck, linear, quadratic, take, target, dust) <= WAD
    )
    return True


@external
@pure
def check_the_insolvent_are_sold_whole(
    equity: int256, stuck: uint256, linear: uint256, quadratic: uint256, take: uint256
) -> bool:
    """
    @notice -2**128 < equity <= 0, MM < 2**128 a part: f* does not revert and is 1.
    """
    if equity > 0 or equity <= -convert(AMOUNT, int256):
        return False
    if stuck >= AMOUNT or linear >= AMOUNT or quadratic >= AMOUNT:
        return False
    if take > MAX_DISCOUNT + MAX_FEE:
        return False
    claims._holds(
        auction_math._max_fraction(equity, stuck, linear, quadratic, take, MAX_TARGET, 0) == WAD
    )
    return True


@external
@pure
def check_maintenance_after(
    stuck: uint256, linear: uint256, quadratic: uint256, fraction: uint256
) -> bool:
    """
    @notice MM < 2**128 a part: after selling f of the rest, MM has fallen by f of it at least.
    """
    if stuck >= AMOUNT or linear >= AMOUNT or quadratic >= AMOUNT or fraction > WAD:
        return False
    left: uint256 = auction_math._maintenance_after(stuck, linear, quadratic, WAD - fraction)
    claims._holds(left >= stuck)
    claims._holds((left - stuck) * WAD <= (linear + quadratic) * (WAD - fraction))
    return True


# CHARGES ------------------------------------------------------------------------------------------

@external
@pure
def check_charges(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> bool:
    """
    @notice Amounts < 2**128, terms within their bounds: no revert, and discount and fee together
            are at most the fraction sold of what may be spent (INV-4, INV-5).
    """
    if spendable >= AMOUNT or priced >= AMOUNT or fraction > WAD:
        return False
    if discount > MAX_DISCOUNT or fee > MAX_FEE:
        return False
    paid: uint256 = 0
    kept: uint256 = 0
    paid, kept = auction_math._charges(spendable, priced, fraction, discount, fee)
    claims._holds((paid + kept) * WAD <= spendable * fraction)
    return True


@external
@pure
def check_discount_bound(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> bool:
    """
    @notice Amounts < 2**128, terms within their bounds: the discount is at most its rate of the MM
            that is sold, so never above half of it, and the fee at most its rate.
    """
    if spendable >= AMOUNT or priced >= AMOUNT or fraction > WAD:
        return False
    if discount > MAX_DISCOUNT or fee > MAX_FEE:
        return False
    paid: uint256 = 0
    kept: uint256 = 0
    paid, kept = auction_math._charges(spendable, priced, fraction, discount, fee)
    claims._holds(paid * WAD * PPM <= priced * fraction * discount)
    claims._holds(kept * WAD * PPM <= priced * fraction * fee)
    return True


@external
@pure
def check_spendable(equity: int256, priced: uint256, maintenance: uint256) -> bool:
    """
    @notice |equity|, MM < 2**127, 0 < priced MM <= MM: no revert; what may be spent is at most the
            priced legs' share of equity, and nothing when there is none (INV-4).
    """
    if equity <= -2**127 or equity >= 2**127:
        return False
    if maintenance >= 2**127 or priced > maintenance or priced == 0:
        return False
    found: uint256 = auction_math._spendable(equity, priced, maintenance)
    if equity <= 0:
        claims._holds(found == 0)
    else:
        claims._holds(found * maintenance <= convert(equity, uint256) * priced)
    return True


# MACHINERY ----------------------------------------------------------------------------------------

@external
@pure
def false_mul_down_is_exact(a: uint256, b: uint256) -> bool:
    """
    @notice Deliberately wrong: a, b < 2**127: _mul_down loses nothing.
    """
    if a >= 2**127 or b >= 2**127:
        return False
    claims._holds(wad_math._mul_down(a, b) * WAD == a * b)
    return True


@external
@pure
def false_charges_are_free(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> bool:
    """
    @notice Deliberately wrong: a bid never costs more than a thousandth of what may be spent.
    """
    if spendable >= AMOUNT or priced >= AMOUNT or fraction > WAD:
        return False
    if discount > MAX_DISCOUNT or fee > MAX_FEE:
        return False
    paid: uint256 = 0
    kept: uint256 = 0
    paid, kept = auction_math._charges(spendable, priced, fraction, discount, fee)
    claims._holds((paid + kept) * 1_000 <= spendable)
    return True
