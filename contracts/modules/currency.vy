#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title The settlement token and its scale
@custom:contract-name currency
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Cash is WAD of the settlement token. The Clearinghouse and each of its parts are made for
        one token, once.
"""

from . import registry

# Address of the settlement token.
SETTLEMENT_TOKEN: public(immutable(address))
# WAD per token unit of it.
SETTLEMENT_SCALE: public(immutable(uint256))


@deploy
def __init__(settlement_token: address):
    """
    @param settlement_token Address of an ERC-20 token of 18 decimals at most.
    """
    SETTLEMENT_TOKEN = settlement_token
    SETTLEMENT_SCALE = registry._scale_of(settlement_token)
