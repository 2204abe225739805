#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title PortfolioHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A ledger with one portfolio, which anyone may set, for a risk engine to
        judge.
"""

from ..modules.layout import words

owner: public(address)

_header: uint256
_legs: DynArray[uint256, 72]


@deploy
def __init__():
    """
    @notice The deployer is the admin.
    """
    self.owner = msg.sender


@external
def set_portfolio(cash: int256, legs: DynArray[uint256, 72]):
    """
    @notice Changes the portfolio.
    @param cash WAD.
    @param legs Layout: IRiskEngine.
    """
    self._header = words._with_cash(words.OPENED, cash)
    self._legs = legs


@external
@view
def portfolio(account: uint256) -> (uint256, DynArray[uint256, 72]):
    """
    @notice The portfolio, whatever the account.
    """
    return self._header, self._legs
