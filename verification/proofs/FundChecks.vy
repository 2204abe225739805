#pragma version 0.4.3
"""
@title Shares and money of the funds
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Checks of loss_tranches: conversions between shares and token units. Bounds are those that the
        module states: assets < 2**96, total shares < 2**128, stakes within the total.
"""

from . import claims
from contracts.modules import loss_tranches

MAX_ASSETS: constant(uint256) = 2**96
MAX_SHARES: constant(uint256) = 2**128
VIRTUAL_SHARES: constant(uint256) = 10**6


@internal
@pure
def _pool(assets: uint256, total: uint256) -> loss_tranches.Tranche:
    """
    @dev A tranche.
    """
    return loss_tranches.Tranche(assets=assets, total_shares=total, epoch=0)


@external
@pure
def check_worth_is_covered(assets: uint256, total: uint256, shares: uint256) -> bool:
    """
    @notice assets < 2**96, shares <= total < 2**128: no revert; what shares are worth is rounded
            down and never above the assets.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or shares > total:
        return False
    units: uint256 = loss_tranches._units_down(self._pool(assets, total), shares)
    claims._holds(units <= assets)
    claims._holds(units * (total + VIRTUAL_SHARES) <= shares * (assets + 1))
    return True


@external
@pure
def check_worths_add_up(assets: uint256, total: uint256, mine: uint256, others: uint256) -> bool:
    """
    @notice assets < 2**96, mine + others <= total < 2**128: two members together are never worth
            more than the assets.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or mine > total or others > total - mine:
        return False
    pool: loss_tranches.Tranche = self._pool(assets, total)
    claims._holds(
        loss_tranches._units_down(pool, mine) + loss_tranches._units_down(pool, others) <= assets
    )
    return True


@external
@pure
def check_mint_rounds_down(assets: uint256, total: uint256, units: uint256) -> bool:
    """
    @notice assets, units < 2**96, 0 < total < 2**128: no revert; shares minted cost at least what
            they are worth.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or total == 0 or units >= MAX_ASSETS:
        return False
    shares: uint256 = loss_tranches._shares_down(self._pool(assets, total), units)
    claims._holds(shares * (assets + 1) <= units * (total + VIRTUAL_SHARES))
    return True


@external
@pure
def check_burn_rounds_up(assets: uint256, total: uint256, units: uint256) -> bool:
    """
    @notice assets, units < 2**96, total < 2**128: no revert; shares burnt are worth at least what
            is paid out.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or units >= MAX_ASSETS:
        return False
    shares: uint256 = loss_tranches._shares_up(self._pool(assets, total), units)
    claims._holds(shares * (assets + 1) >= units * (total + VIRTUAL_SHARES))
    return True


@external
@pure
def check_payout_burns_no_more_than_held(assets: uint256, total: uint256, shares: uint256) -> bool:
    """
    @notice assets < 2**96, shares <= total < 2**128: to be paid all that shares are worth burns no
            more than these shares.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or shares > total:
        return False
    pool: loss_tranches.Tranche = self._pool(assets, total)
    units: uint256 = loss_tranches._units_down(pool, shares)
    claims._holds(loss_tranches._shares_up(pool, units) <= shares)
    return True


@external
@pure
def check_round_trip_at_one_rate(assets: uint256, total: uint256, units: uint256) -> bool:
    """
    @notice assets, units < 2**96, 0 < total < 2**128: shares that units buy are worth no more than
            these units at the same rate.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or total == 0 or units >= MAX_ASSETS:
        return False
    pool: loss_tranches.Tranche = self._pool(assets, total)
    shares: uint256 = loss_tranches._shares_down(pool, units)
    if shares >= MAX_SHARES:
        return False
    claims._holds(loss_tranches._units_down(pool, shares) <= units)
    return True


@external
@pure
def check_deposit_and_withdrawal(assets: uint256, total: uint256, units: uint256) -> bool:
    """
    @notice assets + units < 2**96, 0 < total, total with new shares < 2**128: who deposits and
            withdraws at once gets back no more than was paid.
    """
    if assets >= MAX_ASSETS or units >= MAX_ASSETS - assets or total >= MAX_SHARES or total == 0:
        return False
    shares: uint256 = loss_tranches._shares_down(self._pool(assets, total), units)
    if shares >= MAX_SHARES - total:
        return False
    after: loss_tranches.Tranche = self._pool(assets + units, total + shares)
    claims._holds(loss_tranches._units_down(after, shares) <= units)
    return True


@external
@pure
def false_burn_is_exact(assets: uint256, total: uint256, units: uint256) -> bool:
    """
    @notice Deliberately wrong: shares burnt are worth what is paid out, to the wei.
    """
    if assets >= MAX_ASSETS or total >= MAX_SHARES or units >= MAX_ASSETS:
        return False
    shares: uint256 = loss_tranches._shares_up(self._pool(assets, total), units)
    claims._holds(shares * (assets + 1) == units * (total + VIRTUAL_SHARES))
    return True
