#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Auction maths: how much of a defaulter is sold, and at what discount
@custom:contract-name auction_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Pure maths of a bid. With equity E, maintenance margin M = S + L + Q (S: legs that cannot be
        sold now; L linear, Q quadratic in what is kept), discount d, fee p, target t and
        k = (d + p) * (L + Q), selling the fraction f leaves

            E' = E - f * k,   M' = S + L * x + Q * x**2   with x = 1 - f,

        and E' = t * M' is a quadratic in x with exactly one root in (0, 1) while
        k + t * S < E < t * M:

            x = 2 * n / (b + sqrt(b**2 + 4 * t * Q * n)),   n = E - k - t * S,   b = t * L - k

        (the form that also holds for Q = 0). Units: cash WAD, d, p and t ppm, f WAD.
"""

from .layout import units

# Equity that a full sale leaves untouched, wei: the legs' roundings (at most a few wei each).
ROUNDING_RESERVE: constant(int256) = 1_000


@internal
@pure
def _discount_rate(elapsed: uint256, duration: uint256, start: uint256, end: uint256) -> uint256:
    """
    @dev Discount at a time of an auction: rises linearly, then stays.
    @param elapsed Since the auction opened, seconds.
    @param duration Of the rise, seconds, not 0.
    @param start First discount, ppm of MM.
    @param end Last discount, ppm of MM, not below `start`.
    @return ppm of MM.
    """
    return start + (end - start) * min(elapsed, duration) // duration


@internal
@pure
def _max_fraction(
    equity: int256,
    stuck: uint256,
    linear: uint256,
    quadratic: uint256,
    take: uint256,
    target: uint256,
    dust: uint256,
) -> uint256:
    """
    @dev f*, rounded up: what restores the target ratio, everything when that cannot be done or when
         less than `dust` of MM would remain.
    @param equity E, WAD cash.
    @param stuck S, WAD cash.
    @param linear L, WAD cash.
    @param quadratic Q, WAD cash.
    @param take d + p, ppm of MM.
    @param target t, ppm of MM.
    @param dust WAD cash.
    @return Fraction of every leg that can be sold, WAD.
    """
    k: int256 = convert((linear + quadratic) * take // units.PPM, int256)
    t: int256 = convert(target, int256)
    n: int256 = equity - k - t * convert(stuck, int256) // units.IPPM
    if n <= 0:
        return units.WAD
    tq: uint256 = target * quadratic // units.PPM
    b: int256 = t * convert(linear, int256) // units.IPPM - k
    # One more than the floor of the root, so that x rounds down and f* up.
    root: uint256 = isqrt(convert(b * b, uint256) + 4 * tq * convert(n, uint256)) + 1
    x: uint256 = convert(2 * n, uint256) * units.WAD // convert(b + convert(root, int256), uint256)
    if self._maintenance_after(stuck, linear, quadratic, x) < dust:
        return units.WAD
    # x < 1 because E < M < t * M; the floor only matters to callers who did not check that.
    return units.WAD - min(x, units.WAD)


@internal
@pure
def _maintenance_after(
    stuck: uint256, linear: uint256, quadratic: uint256, kept: uint256
) -> uint256:
    """
    @dev MM when a part of every VALID leg remains.
    @param stuck S, WAD cash.
    @param linear L, WAD cash.
    @param quadratic Q, WAD cash.
    @param kept x, the fraction that remains, WAD.
    @return WAD cash.
    """
    return stuck + (linear + quadratic * kept // units.WAD) * kept // units.WAD


@internal
@pure
def _charges(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> (uint256, uint256):
    """
    @dev Discount and fee of a bid, rounded down. Together never more than the same fraction of what
         may be spent (INV-4, INV-5).
    @param spendable From `_spendable`, WAD cash.
    @param priced MM of the VALID legs, WAD cash.
    @param fraction f, what is sold of them, WAD.
    @param discount d, ppm of MM.
    @param fee p, ppm of MM.
    @return discount WAD cash.
    @return fee WAD cash.
    """
    take: uint256 = discount + fee
    if take == 0:
        return 0, 0
    base: uint256 = min(spendable * units.PPM // take, priced) * fraction // units.WAD
    return base * discount // units.PPM, base * fee // units.PPM


@internal
@pure
def _spendable(equity: int256, priced: uint256, maintenance: uint256) -> uint256:
    """
    @dev What discount and fee may come out of: equity, but only the part that belongs to the legs
         that can be sold, by their share of MM; nothing when there is no equity.
    @param equity E, WAD cash.
    @param priced MM of the VALID legs, WAD cash.
    @param maintenance MM of all legs, WAD cash.
    @return WAD cash.
    """
    spendable: uint256 = convert(max(equity - ROUNDING_RESERVE, 0), uint256)
    if priced == maintenance:
        return spendable
    return spendable * priced // maintenance
