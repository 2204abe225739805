#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Order lanes and market terms as words
@custom:contract-name order_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the Exchange remembers of orders and markets, and the flags that it hands the ledger,
        and the ledger the risk engine, with a fill. Lowest bits first:

        lane   sequence 64 (number) | filled 128 (WAD base)
        terms  maker fee 32 | taker fee 32 (both ppm of notional) | band 16 (bps of mark) | last
               quarter of an hour with a checkpoint 176 (number); 0 = not traded
        flags  the maker reduces | the taker reduces
"""


# A lane.
SEQUENCE_MASK: constant(uint256) = 2**64 - 1
FILLED_SHIFT: constant(uint256) = 64

# The terms of a market.
FEE_MASK: constant(uint256) = 2**32 - 1
TAKER_FEE_SHIFT: constant(uint256) = 32
BAND_SHIFT: constant(uint256) = 64
BAND_MASK: constant(uint256) = 2**16 - 1
QUARTER_SHIFT: constant(uint256) = 80
TERMS_MASK: constant(uint256) = 2**80 - 1  # all below it

# Who only reduces, or may only reduce: flags of `novate`, bits of `IRiskEngine.Fill.reduces`.
MAKER_REDUCES: constant(uint256) = 1
TAKER_REDUCES_SHIFT: constant(uint256) = 1
TAKER_REDUCES: constant(uint256) = 1 << TAKER_REDUCES_SHIFT


@internal
@pure
def _reduce_flags(maker_reduces: bool, taker_reduces: bool) -> uint256:
    """
    @dev Flags of `novate`.
    @param maker_reduces Whether the maker may only reduce.
    @param taker_reduces Whether the taker may only reduce.
    @return Bits, see above.
    """
    return convert(maker_reduces, uint256) | convert(taker_reduces, uint256) << TAKER_REDUCES_SHIFT
