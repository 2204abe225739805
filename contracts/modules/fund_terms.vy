#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Terms of the default fund
@custom:contract-name fund_terms
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the owner of the Clearinghouse sets for the members: how long leaving takes, what share
        of its initial margin an account asks of its owner, and how fees are shared out.
"""

from ..interfaces import IDefaultFundEvents
from .layout import fund_words
from . import fund
from . import leave_timing

uses: fund


# CONSTANTS ----------------------------------------------------------------------------------------

MAX_CONTRIBUTION_RATE: constant(uint256) = 500_000  # ppm: half of the initial margin
MAX_FEE_WEIGHT: constant(uint256) = 10


# STORAGE ------------------------------------------------------------------------------------------

# The terms, packed (layout: fund_words).
packed_terms: uint256


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def terms() -> IDefaultFundEvents.Terms:
    """
    @notice The terms in force. Anyone.
    @return Cooldown and window in seconds, contribution rate in ppm, fee weight as a number.
    """
    return self._terms()


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_terms(terms: IDefaultFundEvents.Terms):
    """
    @notice Sets the terms from now on; notices already given keep their times, and requirements
            already noted stay until their account next takes on risk or they are released. Only
            the owner of the Clearinghouse.
    @param terms Cooldown 1 hour to 30 days; window 20 minutes to 7 days, at most a third of the
           cooldown (both seconds); contribution rate at most 500,000 ppm; fee weight 1 to 10.
    @custom:reverts fund: only the owner | leave timing: cooldown out of bounds | leave timing:
                    window out of bounds | fund terms: rate out of bounds | fund terms: weight out
                    of bounds
    """
    fund._require_owner()
    self._set_terms(terms)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_terms(terms: IDefaultFundEvents.Terms):
    """
    @dev Validates, stores and logs the terms.
    """
    leave_timing._require_timing(terms.cooldown, terms.window)
    assert terms.contribution_rate <= MAX_CONTRIBUTION_RATE, "fund terms: rate out of bounds"
    assert (
        terms.fee_weight != 0 and terms.fee_weight <= MAX_FEE_WEIGHT
    ), "fund terms: weight out of bounds"
    self.packed_terms = (
        terms.cooldown
        | (terms.window << fund_words.WINDOW_SHIFT)
        | (terms.contribution_rate << fund_words.RATE_SHIFT)
        | (terms.fee_weight << fund_words.WEIGHT_SHIFT)
    )
    log IDefaultFundEvents.SetTerms(terms=terms)


@internal
@view
def _terms() -> IDefaultFundEvents.Terms:
    """
    @dev The terms, unpacked.
    """
    word: uint256 = self.packed_terms
    return IDefaultFundEvents.Terms(
        cooldown=word & fund_words.TERM_MASK,
        window=(word >> fund_words.WINDOW_SHIFT) & fund_words.TERM_MASK,
        contribution_rate=(word >> fund_words.RATE_SHIFT) & fund_words.TERM_MASK,
        fee_weight=word >> fund_words.WEIGHT_SHIFT,
    )
