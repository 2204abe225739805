#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Arithmetic of a hole
@custom:contract-name exit_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What leaving costs while a hole stands, and what a new loss makes of fresh money
        (modules/exits.vy). Amounts are WAD cash, below 2**120.
"""


@internal
@pure
def _gross(rest: uint256, old: uint256, hole: uint256) -> uint256:
    """
    @dev The debit for old money that leaves, rounded up. What is kept beyond `rest` is at most the
         hole, as the rest is at most what is held of old money.
    @param rest What leaves, at most `old`.
    @param old What is held of old money.
    @param hole The hole.
    """
    if rest == 0:
        return 0
    return (rest * (old + hole) + (old - 1)) // old


@internal
@pure
def _shrunk(fresh: uint256, held: uint256, loss: uint256) -> uint256:
    """
    @dev Fresh money after a loss that falls on all that is held, rounded up.
    @param fresh Fresh money, at most `held`.
    @param held Cash held.
    @param loss The loss, above 0.
    """
    return (fresh * held + (held + loss - 1)) // (held + loss)
