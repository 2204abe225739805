#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title WAD arithmetic with the rounding direction in the name
@custom:contract-name wad_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Signed and unsigned fixed-point numbers with 18 decimals. Vyper's signed division truncates
        towards zero; `_floor` rounds towards minus infinity and `_ceil` towards plus infinity, so
        that a credit rounded with `_floor` and a charge rounded with `_ceil` never favour the
        account against the vault (docs/invariants.md, INV-1).
"""

from .layout import units


@internal
@pure
def _mul_down(a: uint256, b: uint256) -> uint256:
    """
    @dev a * b / WAD, rounded down. Reverts when a * b overflows 256 bits.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return a * b // units.WAD


@internal
@pure
def _mul_up(a: uint256, b: uint256) -> uint256:
    """
    @dev a * b / WAD, rounded up. Reverts when a * b + WAD overflows 256 bits.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return (a * b + (units.WAD - 1)) // units.WAD


@internal
@pure
def _mul_floor(a: int256, b: int256) -> int256:
    """
    @dev a * b / WAD, rounded towards minus infinity. Reverts when a * b overflows.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    product: int256 = a * b
    if product < 0:
        # Truncation of (x - (WAD - 1)) / WAD is the floor of x / WAD for every negative x.
        return (product - (units.IWAD - 1)) // units.IWAD
    return unsafe_div(product, units.IWAD)  # the divisor is a non-zero constant


@internal
@pure
def _mul_ceil(a: int256, b: int256) -> int256:
    """
    @dev a * b / WAD, rounded towards plus infinity. Reverts when a * b overflows.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return -self._mul_floor(-a, b)


@internal
@pure
def _mul_floor_unchecked(a: int256, b: int256) -> int256:
    """
    @dev As `_mul_floor`, for callers whose bounds prove |a * b| + WAD < 2**255.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    product: int256 = unsafe_mul(a, b)
    if product < 0:
        product = unsafe_sub(product, units.IWAD - 1)
    return unsafe_div(product, units.IWAD)  # IWAD is not 0


@internal
@pure
def _mul_ceil_unchecked(a: int256, b: int256) -> int256:
    """
    @dev As `_mul_ceil`, for callers whose bounds prove |a * b| + WAD < 2**255.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    product: int256 = unsafe_mul(a, b)
    if product > 0:
        product = unsafe_add(product, units.IWAD - 1)
    return unsafe_div(product, units.IWAD)  # IWAD is not 0


@internal
@pure
def _magnitude(a: int256) -> uint256:
    """
    @dev |a|. Reverts for the one value that has none, the least int256.
    @param a Any number.
    @return Its distance from 0.
    """
    return convert(abs(a), uint256)


@internal
@pure
def _zero_floor_sub(a: uint256, b: uint256) -> uint256:
    """
    @dev a - b, or 0 when b is greater.
    """
    return a - min(a, b)
