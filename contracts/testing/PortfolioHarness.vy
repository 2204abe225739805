#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title PortfolioHarness
@custom:contract-name PortfolioHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A ledger with one portfolio, which anyone may set, for a risk engine to
        judge.
"""

from ..modules.layout import limits
from ..modules.layout import words

owner: public(address)

header: uint256
legs: DynArray[uint256, limits.MAX_LEGS]


@deploy
def __init__():
    """
    @notice The deployer is the admin.
    """
    self.owner = msg.sender


@external
def set_portfolio(cash: int256, legs: DynArray[uint256, limits.MAX_LEGS]):
    """
    @notice Changes the portfolio. Anyone.
    @param cash WAD cash.
    @param legs Bits (layout: leg_layout).
    """
    self.header = words._with_cash(words.OPENED, cash)
    self.legs = legs


@external
@view
def portfolio(account: uint256) -> (uint256, DynArray[uint256, limits.MAX_LEGS]):
    """
    @notice The portfolio, the same for every account. Anyone.
    @param account Account id.
    @return header Bits (layout: words).
    @return legs Bits (layout: leg_layout).
    """
    return self.header, self.legs
