#pragma version 0.4.3
"""
@title What a check claims
@custom:contract-name claims
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A claim that does not hold reverts with Panic(1), unlike everything that the code under proof
        may revert with.
"""


@internal
@pure
def _holds(claim: bool):
    """
    @dev Claims something.
    """
    if not claim:
        raw_revert(concat(0x4e487b71, convert(1, bytes32)))
