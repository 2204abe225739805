#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Terms of the default fund
@custom:contract-name fund_terms
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the owner of the Clearinghouse sets for the members: how long leaving takes, what share
        of their initial margin accounts ask of their owner, and what each tranche earns.
"""

from ..interfaces import IDefaultFundEvents
from .layout import fund_words
from . import leave_timing
from . import premiums


# CONSTANTS ----------------------------------------------------------------------------------------

MAX_CONTRIBUTION_RATE: constant(uint256) = 500_000  # ppm: half of the initial margin


# STORAGE ------------------------------------------------------------------------------------------

# The terms, packed (layout: fund_words).
packed_terms: uint256


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def terms() -> IDefaultFundEvents.Terms:
    """
    @notice The terms in force. Anyone.
    @return Cooldown and window in seconds, contribution rate in ppm of IM, both premiums in ppm a
            year.
    """
    return self._terms()


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_terms(terms: IDefaultFundEvents.Terms):
    """
    @dev Validates, stores and logs the terms.
    """
    leave_timing._require_timing(terms.cooldown, terms.window)
    assert terms.contribution_rate <= MAX_CONTRIBUTION_RATE, "fund terms: rate out of bounds"
    premiums._require_rate(terms.contribution_premium)
    premiums._require_rate(terms.pledge_premium)
    self.packed_terms = (
        terms.cooldown
        | (terms.window << fund_words.WINDOW_SHIFT)
        | (terms.contribution_rate << fund_words.RATE_SHIFT)
        | (terms.contribution_premium << fund_words.CONTRIBUTION_PREMIUM_SHIFT)
        | (terms.pledge_premium << fund_words.PLEDGE_PREMIUM_SHIFT)
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
        contribution_premium=(
            (word >> fund_words.CONTRIBUTION_PREMIUM_SHIFT) & fund_words.TERM_MASK
        ),
        pledge_premium=word >> fund_words.PLEDGE_PREMIUM_SHIFT,
    )
