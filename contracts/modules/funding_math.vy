#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Funding: what a market's state word says of it
@custom:contract-name funding_math
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The funding index F grows by a rate that fades out while a market does not trade. Functions
        of the state word alone (layout: words).
"""

from .layout import units
from .layout import words

# Time in which a rate fades out, and for which it counts at most while the market is untouched,
# seconds.
FUNDING_PERIOD: constant(uint256) = 8 * 3600


@internal
@view
def _held_time(state: uint256) -> uint256:
    """
    @dev Time that the stored rate counts for, seconds: since it was stored, FUNDING_PERIOD at most.
    """
    # The stored time is a past block's.
    return min(unsafe_sub(block.timestamp, words._time(state)), FUNDING_PERIOD)


@internal
@view
def _funding_now(state: uint256) -> int256:
    """
    @dev The funding index F at this block, WAD cash per base unit.
    """
    word: bytes32 = convert(state << words.FUNDING_LEFT, bytes32)
    funding: int256 = convert(word, int256) >> words.FUNDING_LEFT
    rate: int256 = words._rate(state)
    if rate == 0:
        return funding
    # |rate| < 2**105 and at most FUNDING_PERIOD < 2**15 seconds
    return unsafe_add(funding, unsafe_mul(rate, convert(self._held_time(state), int256)))


@internal
@view
def _next_rate(state: uint256, interest: uint256, target: int256, weight: uint256) -> int256:
    """
    @dev The funding rate from now on, wei of cash per base unit and second: the stored rate fades
         out over FUNDING_PERIOD, is diluted by new open interest, then moves towards `target` by
         `weight`. Weight comes from traded size alone, so that neither dust nor
         the first touch of a block counts; dilution keeps a rate that little open interest argued
         for from being paid by much (docs/decisions.md).
    @param state The state word as it was.
    @param interest Open interest from now on, WAD base.
    @param target Wei of cash per base unit and second.
    @param weight WAD, at most 1.
    """
    if interest == 0:
        return 0
    rate: int256 = words._rate(state)
    if rate != 0:
        held: int256 = convert(self._held_time(state), int256)
        rate -= rate * held // convert(FUNDING_PERIOD, int256)
        before: uint256 = words._interest(state)
        if interest > before:
            # |rate| < 2**105, open interest below 2**105
            rate = rate * convert(before, int256) // convert(interest, int256)
    return rate + (target - rate) * convert(weight, int256) // units.IWAD
