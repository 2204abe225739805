#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Premiums of the funds
@custom:contract-name premiums
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What bears losses earns a published rate per unit of cover and year, out of the
        Clearinghouse's reserve and no other: fees are the reserve's. The premium accrues on the
        assets between two changes of them and is asked for before every change, so a stake earns
        for the time that it bore losses, no more and nobody else's. What the reserve does not pay
        when it is asked is lost; nothing accrues while nobody holds shares.

        A draw changes the assets in the middle of a default, where the reserve must stay as the
        waterfall found it: what has accrued by then is noted and asked for with the next change.
@dev    due = assets * rate * seconds / (PPM * YEAR), rounded down.
"""

from ..interfaces import IFund
from .layout import fund_words
from .layout import role_layout
from .layout import tier_layout
from .layout import units
from . import fund

uses: fund


# CONSTANTS ----------------------------------------------------------------------------------------

MAX_PREMIUM: constant(uint256) = 500_000  # ppm of the assets a year


# STORAGE ------------------------------------------------------------------------------------------

# What has accrued on each tranche and until when, packed (layout: fund_words).
accrued: uint256[tier_layout.TRANCHES]


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
@pure
def _require_rate(rate: uint256):
    """
    @dev Reverts unless a rate (ppm a year) is within its bound.
    @custom:reverts premiums: rate out of bounds
    """
    assert rate <= MAX_PREMIUM, "premiums: rate out of bounds"


@internal
@view
def _due(tranche: uint256, cover: uint256, rate: uint256) -> uint256:
    """
    @dev What has accrued and was not asked for yet, token units.
    @param cover Assets that shares bear losses with since the last change, token units.
    @param rate ppm a year.
    """
    word: uint256 = self.accrued[tranche]
    if cover == 0:
        return 0
    passed: uint256 = block.timestamp - (word & fund_words.NOTED_AT_MASK)
    return min(
        (word >> fund_words.DUE_SHIFT) + cover * rate * passed // (units.PPM * units.YEAR),
        fund_words.DUE_MASK,
    )


@internal
def _note(tranche: uint256, cover: uint256, rate: uint256):
    """
    @dev Notes what has accrued; it stays to be asked for.
    """
    self.accrued[tranche] = (
        block.timestamp | self._due(tranche, cover, rate) << fund_words.DUE_SHIFT
    )


@internal
def _collect(
    covers: uint256[tier_layout.TRANCHES], rates: uint256[tier_layout.TRANCHES]
) -> uint256[tier_layout.TRANCHES]:
    """
    @dev Asks for what has accrued, while the clearinghouse runs; in either case it is settled. When
         less is paid, the tranches get it in proportion.
    @return What each tranche has got, token units. The caller books it.
    """
    due: uint256[tier_layout.TRANCHES] = empty(uint256[tier_layout.TRANCHES])
    asked: uint256 = 0
    for tranche: uint256 in range(tier_layout.TRANCHES):
        due[tranche] = self._due(tranche, covers[tranche], rates[tranche])
        asked += due[tranche]
        self.accrued[tranche] = block.timestamp
    if asked == 0 or fund._phase() != role_layout.RUNNING:
        return empty(uint256[tier_layout.TRANCHES])
    paid: uint256 = fund._ask_premium(asked)
    log IFund.Accrue(asked=asked, paid=paid)
    first: uint256 = paid * due[0] // asked
    return [first, paid - first]
