#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Feeds and prices as words
@custom:contract-name feed_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the PriceOracle takes, answers and remembers (described in IPriceOracle): field, width
        in bits and unit, lowest bits first.

        configuration  w0  primary feed 160 (address) | its heartbeat 32 (seconds) | its decimals 8
                           | secondary's heartbeat 32 (seconds) | its decimals 8
                           | deviation limit 16 (bps)
                       w1  secondary feed 160 (address) | 96 bits of the caller
                       w2  min price 128 (WAD) | max price 128 (WAD), both exclusive
        judgement      low 120 (WAD) | high 120 (WAD) | status 8
        evidence       price 120 (WAD; 0 = none) | age 64 (seconds that widen it) | 69 unused | may
                       be as low as the bounds allow 1 | as high 1 | the answer is fresh 1
        checkpoint     price 128 (WAD) | time 128 (unix seconds); 0 = never
        memory         average 128 (WAD) | outage since 128 (unix seconds; 0 = none); 0 = never
"""


# Statuses of a judgement. Their numbers do not rank them.
STATUS_VALID: constant(uint256) = 0
STATUS_STALE: constant(uint256) = 1
STATUS_DIVERGENT: constant(uint256) = 2
STATUS_HALTED: constant(uint256) = 3
STATUS_SEQUENCER: constant(uint256) = 4

# A configuration. A feed's heartbeat and decimals, its terms, are shifted down so that both feeds
# are parsed by the same code.
WORDS_PER_ASSET: constant(uint256) = 3
ADDRESS_MASK: constant(uint256) = 2**160 - 1
PRIMARY_TERMS_SHIFT: constant(uint256) = 160
SECONDARY_TERMS_SHIFT: constant(uint256) = 200
DEVIATION_SHIFT: constant(uint256) = 240
BOUND_MASK: constant(uint256) = 2**128 - 1
BOUND_SHIFT: constant(uint256) = 128

# The terms of a feed.
HEARTBEAT_MASK: constant(uint256) = 2**32 - 1
DECIMALS_SHIFT: constant(uint256) = 32
DECIMALS_MASK: constant(uint256) = 2**8 - 1

# Decimals of every price here, and the most that a feed may have.
PRICE_DECIMALS: constant(uint256) = 18
MAX_DECIMALS: constant(uint256) = 36

# A judgement. The mask of its prices, `leg_layout.PRICE_MASK`, is also the greatest price, WAD:
# bounds beyond it count as it.
HIGH_SHIFT: constant(uint256) = 120
STATUS_SHIFT: constant(uint256) = 240

# Evidence. Its price is masked like that of a judgement.
AGE_SHIFT: constant(uint256) = 120
AGE_MASK: constant(uint256) = 2**64 - 1  # seconds
BELOW: constant(uint256) = 2**253
ABOVE: constant(uint256) = 2**254
FRESH: constant(uint256) = 2**255

# A checkpoint and a memory: price or average in the lower half, a time in the upper.
REMEMBERED_MASK: constant(uint256) = 2**128 - 1
TIME_SHIFT: constant(uint256) = 128
