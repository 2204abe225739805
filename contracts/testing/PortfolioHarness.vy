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


# The admin, read by the risk engine.
owner: public(address)

# The portfolio: header word (layout: words) and legs (layout: leg_layout).
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
    @notice Changes the portfolio.
    @param cash WAD cash, signed.
    @param legs Words, see leg_layout.
    """
    self.header = words._with_cash(words.OPENED, cash)
    self.legs = legs


@external
@view
def portfolio(account: uint256) -> (uint256, DynArray[uint256, limits.MAX_LEGS]):
    """
    @notice The portfolio, of any account.
    @param account Account id, ignored.
    @return header Header word of an account that holds nothing but cash.
    @return legs Words, see leg_layout.
    """
    return self.header, self.legs
