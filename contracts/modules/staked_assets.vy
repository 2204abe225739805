#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What the shares of the insurance fund are worth
@custom:contract-name staked_assets
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The assets as they were booked, the premium that they earn, and ERC-4626's conversions
        between assets and shares.

        Previews of stakes count the premium that is due, those of leaving do not: so a stake mints
        at least, and a leaver gets at least, what was shown.
"""

from snekmate.tokens import erc20
from snekmate.utils import math
from ..interfaces import IInsuranceFundEvents
from .layout import fund_words
from . import fund
from . import premiums

uses: erc20
uses: fund
uses: premiums


# STORAGE ------------------------------------------------------------------------------------------

# What shares are worth together, token units; <= tokens held - deferred - kept for claims.
booked: uint256

# What shares earn, ppm of the assets a year; at most premiums.MAX_PREMIUM.
premium: public(uint256)


# PREMIUM ------------------------------------------------------------------------------------------

@external
def accrue() -> uint256:
    """
    @notice Asks the Clearinghouse's reserve for the premium that has accrued, and books what it
            pays. Anyone.
    @return Token units booked.
    """
    return self._accrue()


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def asset() -> address:
    """
    @notice The settlement token. Anyone.
    @return Address of the token.
    """
    return fund.SETTLEMENT_TOKEN


@external
@view
def totalAssets() -> uint256:
    """
    @notice What shares are worth together, and can be drawn: stakes and premium, without what is
            deferred or kept for claims. Anyone.
    @return Token units.
    """
    return self.booked


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares worth `assets`, rounded down. Anyone.
    @param assets Token units.
    @return Shares.
    """
    return self._to_shares(assets, self.booked, False)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, rounded down. Anyone.
    @param shares Shares.
    @return Token units.
    """
    return self._to_assets(shares, self.booked, False)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice What `deposit` would mint, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded down.
    """
    return self._to_shares(assets, self._with_premium(), False)


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice What `mint` would take, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded up.
    """
    return self._to_assets(shares, self._with_premium(), True)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice What `withdraw` would burn at most, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded up.
    """
    return self._to_shares(assets, self.booked, True)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice What `redeem` would pay at least, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded down.
    """
    return self._to_assets(shares, self.booked, False)


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_premium(rate: uint256):
    """
    @notice Sets what shares earn from now on; what has accrued is asked for at the rate before.
            Only the owner of the Clearinghouse.
    @param rate ppm of the assets a year, 500,000 at most.
    @custom:reverts fund: only the owner | premiums: rate out of bounds
    """
    fund._require_owner()
    self._accrue()
    self._set_premium(rate)


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
@view
def _to_shares(assets: uint256, total: uint256, roundup: bool) -> uint256:
    """
    @dev Shares for `assets` when all are worth `total` (both token units).
    """
    return math._mul_div(
        assets, erc20.totalSupply + fund_words.PAR, total + fund_words.VIRTUAL_UNITS, roundup
    )


@internal
@view
def _to_assets(shares: uint256, total: uint256, roundup: bool) -> uint256:
    """
    @dev Token units for `shares` when all are worth `total` (token units).
    """
    return math._mul_div(
        shares, total + fund_words.VIRTUAL_UNITS, erc20.totalSupply + fund_words.PAR, roundup
    )


@internal
def _accrue() -> uint256:
    """
    @dev Asks for what has accrued and books what is paid, token units.
    """
    tokens: uint256 = premiums._collect([self._cover(), 0], [self.premium, 0])[
        fund_words.ONLY_TRANCHE
    ]
    if tokens != 0:
        self.booked += tokens
    return tokens


@internal
@view
def _cover() -> uint256:
    """
    @dev What premium accrues on, token units: nothing while nobody holds shares.
    """
    return self.booked if erc20.totalSupply != 0 else 0


@internal
@view
def _with_premium() -> uint256:
    """
    @dev Assets with the premium that would be paid now, token units.
    """
    return self.booked + min(
        premiums._due(fund_words.ONLY_TRANCHE, self._cover(), self.premium),
        fund._premium_at_hand(),
    )


@internal
def _set_premium(rate: uint256):
    """
    @dev Validates, stores and logs the rate, ppm a year.
    """
    premiums._require_rate(rate)
    self.premium = rate
    log IInsuranceFundEvents.SetPremium(rate=rate)
