#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Stages of the default procedure
@custom:contract-name stages
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The stage field of an account's header word takes these values.
"""

UNCALLED: constant(uint256) = 0
CALL: constant(uint256) = 1
AUCTION: constant(uint256) = 2
INSOLVENCY: constant(uint256) = 3
