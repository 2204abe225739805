#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Order lanes and market terms as words
@custom:contract-name order_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the Exchange remembers of orders and markets, and the flags that it hands the ledger
        with a fill: field, width in bits and unit, lowest bits first.

        lane   sequence 64 (number) | filled 128 (WAD base)
        terms  maker fee 32 | taker fee 32 (both ppm of notional) | band 16 (bps of mark);
               0 = not traded
        flags  the maker may only reduce 1 | the taker may only reduce 1
"""


# A lane.
SEQUENCE_MASK: constant(uint256) = 2**64 - 1
FILLED_SHIFT: constant(uint256) = 64

# The terms of a market.
FEE_MASK: constant(uint256) = 2**32 - 1
TAKER_FEE_SHIFT: constant(uint256) = 32
BAND_SHIFT: constant(uint256) = 64

# Flags of `novate`; the maker's is bit 0.
TAKER_REDUCE_ONLY_SHIFT: constant(uint256) = 1
