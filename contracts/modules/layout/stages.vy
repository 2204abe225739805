#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Stages of the default procedure
@custom:contract-name stages
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The values of the stage field in an account's header (layout: words).
"""

UNCALLED: constant(uint256) = 0  # outside the procedure
CALL: constant(uint256) = 1  # under a margin call
AUCTION: constant(uint256) = 2
INSOLVENCY: constant(uint256) = 3
