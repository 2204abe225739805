#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Words of what leaves the clearinghouse
@custom:contract-name exit_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What modules/exits.vy keeps packed: field, width in bits and unit, lowest bits first.

        fresh money   amount 128 (WAD cash) | shrink 64 (WAD, at most 1) | epoch 64 (number)
        right         amount 128 (WAD cash) | shrink when it was written 64 (WAD)
                      | epoch 64 (number)
        outflow       cash held when the window began 128 (WAD cash) | window began at 40
                      (unix seconds) | share 24 (ppm; 0: no limit) | least 40 (whole units of cash)
                      | a hole was opened 1
"""


# Fresh money, and a right to it.
FRESH_MASK: constant(uint256) = 2**128 - 1
SHRINK_SHIFT: constant(uint256) = 128
SHRINK_MASK: constant(uint256) = 2**64 - 1
EPOCH_SHIFT: constant(uint256) = 192

# Outflow.
REFERENCE_MASK: constant(uint256) = 2**128 - 1
BEGAN_SHIFT: constant(uint256) = 128
BEGAN_MASK: constant(uint256) = 2**40 - 1
SHARE_SHIFT: constant(uint256) = 168
SHARE_MASK: constant(uint256) = 2**24 - 1
LEAST_SHIFT: constant(uint256) = 192
LEAST_LIMIT: constant(uint256) = 2**40  # whole units of cash, exclusive
LEAST_MASK: constant(uint256) = 2**40 - 1
HOLE_OPENED: constant(uint256) = 2**232  # flag: read the hole
OUTFLOW_KEPT_MASK: constant(uint256) = (2**65 - 1) * 2**168  # share, least, flag


@internal
@pure
def _pack_fresh(amount: uint256, shrink: uint256, epoch: uint256) -> uint256:
    """
    @dev A word of fresh money or of a right.
    @param amount WAD cash, below 2**128.
    @param shrink WAD, at most 1.
    """
    return amount | shrink << SHRINK_SHIFT | epoch << EPOCH_SHIFT


@internal
@pure
def _shrink(word: uint256) -> uint256:
    """
    @dev The shrink of fresh money or of a right, WAD.
    """
    return (word >> SHRINK_SHIFT) & SHRINK_MASK
