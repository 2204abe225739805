#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Arithmetic of charges
@custom:contract-name charge_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What a base unit of a side remembers of what it was charged, and which base answers for a
        charge (modules/tear_up.vy). Amounts are WAD cash below 2**128, base is WAD base below
        2**102, cash per base unit WAD and below 2**121.
"""

from .layout import units


@internal
@pure
def _faded(charged: uint256, passed: uint256, period: uint256) -> uint256:
    """
    @dev What is left of a charge after a while, in proportion to time, rounded up.
    @param charged WAD cash per base unit.
    @param passed Seconds.
    @param period Seconds in which it fades to nothing, above 0.
    """
    elapsed: uint256 = min(passed, period)
    return (charged * (period - elapsed) + period - 1) // period


@internal
@pure
def _answered(amount: uint256, free: uint256, taken: uint256, left: uint256) -> (uint256, uint256):
    """
    @dev Which base answers for a charge of at most floor((taken + left) * free): first what a
         tear-up took off the side, which nobody can charge again, then what it left.
    @param amount The charge.
    @param free What a base unit may still be charged, above 0.
    @param taken Base taken off that has not answered yet.
    @param left Base left.
    @return Base of `taken` that has answered now, and what a unit of `left` was charged; both
            rounded up, 0 if nothing is left.
    """
    base: uint256 = (amount * units.WAD + (free - 1)) // free
    gone: uint256 = min(base, taken)
    if base == gone or left == 0:
        return gone, 0
    return gone, ((base - gone) * free + (left - 1)) // left
