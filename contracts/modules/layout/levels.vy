#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Margin levels that an account is held against
@custom:contract-name levels
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The levels that `RiskEngine.require_margin` takes, from 0 on.
"""

INITIAL: constant(uint256) = 0  # IM
WITHDRAWAL: constant(uint256) = 1  # IM without any unrealised profit
MAINTENANCE: constant(uint256) = 2  # MM
