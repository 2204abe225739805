#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Attribution: which market a shortfall belongs to, and what limits leave of it
@custom:contract-name attribution
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the waterfall computes and the Lens foresees, in one place. An amount is attributed to
        each leg of an account by its unrealised loss, and what exceeds the sum of these by
        maintenance margin; when losses exceed the amount, in proportion to them.
"""

from ..interfaces import IDefaultManagerEvents
from .layout import leg_layout
from .layout import units


# @notice An amount and the sums of the weights that it is attributed by.
# @custom:member amount What is attributed, WAD cash.
# @custom:member by_loss The part of it that follows unrealised losses, WAD cash.
# @custom:member losses Sum of the legs' unrealised losses, millionths of cash.
# @custom:member maintenance Sum of the legs' MM, millionths of cash.
struct Basis:
    amount: uint256
    by_loss: uint256
    losses: uint256
    maintenance: uint256


@internal
@pure
def _basis(amount: uint256, losses: uint256, maintenance: uint256) -> Basis:
    """
    @dev What an amount (WAD cash) is attributed by, from the sums of the weights.
    """
    by_loss: uint256 = amount
    if maintenance != 0:
        by_loss = min(amount, losses * units.CASH_UNIT)
    return Basis(amount=amount, by_loss=by_loss, losses=losses, maintenance=maintenance)


@internal
@pure
def _part(basis: Basis, leg: uint256) -> uint256:
    """
    @dev What of an amount belongs to a leg, WAD cash, rounded down.
    @param leg A known leg with its details (layout: leg_layout).
    """
    part: uint256 = 0
    if basis.losses != 0:
        part = basis.by_loss * self._loss_weight(leg) // basis.losses
    if basis.maintenance != 0:
        part += (
            (basis.amount - basis.by_loss) * self._maintenance_weight(leg) // basis.maintenance
        )
    return part


@internal
@pure
def _loss_weight(leg: uint256) -> uint256:
    """
    @dev Unrealised loss of a leg, millionths of cash.
    """
    return (leg >> leg_layout.DETAILS_SHIFT) & leg_layout.WEIGHT_MASK


@internal
@pure
def _maintenance_weight(leg: uint256) -> uint256:
    """
    @dev MM of a leg, millionths of cash.
    """
    return (leg >> leg_layout.MAINTENANCE_SHIFT) & leg_layout.WEIGHT_MASK


@internal
@pure
def _room(
    terms: IDefaultManagerEvents.Waterfall, held: uint256, used: uint256
) -> (uint256, uint256):
    """
    @dev What limits allow.
    @param held What the reserve and tiers 3 to 5 hold, WAD cash.
    @param used What all markets have drawn lately, WAD cash.
    @return What may still be drawn in total, and the limit of one market, WAD cash.
    """
    whole: uint256 = held + used
    total: uint256 = min(terms.total_amount * units.WAD, whole * terms.total_share // units.PPM)
    market: uint256 = min(terms.market_amount * units.WAD, whole * terms.market_share // units.PPM)
    return total - min(used, total), market
