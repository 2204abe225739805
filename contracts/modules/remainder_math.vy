#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What a remainder is worth and what of it has to be sold
@custom:contract-name remainder_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Computed here for the sale and for the view of an insolvency.
"""

from .layout import leg_layout
from .layout import limits
from .layout import units

# Greatest discount on a remainder, ppm of its worth: more than a bid costs on a congested chain.
REMAINDER_DISCOUNT: constant(uint256) = 500_000


@internal
@view
def _rate(since: uint256, duration: uint256) -> uint256:
    """
    @dev Discount on a remainder now, ppm of its worth.
    @param since Start of the insolvency as it counts, unix seconds; perhaps in the future.
    @param duration Seconds in which the discount rises to its greatest.
    """
    passed: uint256 = block.timestamp - min(since, block.timestamp)
    return min(passed, duration) * REMAINDER_DISCOUNT // duration


@internal
@pure
def _limit(owed: uint256, worth: uint256, rate: uint256) -> uint256:
    """
    @dev What of a remainder has to be sold to pay what is owed, WAD, rounded up; all of it at most.
    @param owed WAD cash.
    @param worth WAD cash.
    @param rate Discount, ppm.
    """
    brings: uint256 = worth * (units.PPM - rate) // units.PPM
    if brings <= owed:
        return units.WAD
    return min((owed * units.WAD + brings - 1) // brings, units.WAD)


@internal
@pure
def _worth(known: DynArray[uint256, limits.MAX_KNOWN]) -> uint256:
    """
    @dev Collateral of VALID price, WAD cash.
    @param known Known legs with their details (layout: leg_layout).
    """
    worth: uint256 = 0
    for leg: uint256 in known:
        if leg >> leg_layout.ROW_SHIFT <= leg_layout.MARKET_ROW:
            worth += leg_layout._amount(leg) * units.CASH_UNIT
    return worth


@internal
@pure
def _has_positions(known: DynArray[uint256, limits.MAX_KNOWN]) -> bool:
    """
    @dev Whether a position is among the legs of VALID price. Collateral comes first.
    """
    return len(known) != 0 and (
        known[len(known) - 1] >> leg_layout.ROW_SHIFT > leg_layout.MARKET_ROW
    )
