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
        witness        w3  third feed 160 (address; 0 = none) | its heartbeat 32 (seconds) | its
                           decimals 8 | settle after 32 (seconds; the caller's: the oracle does not
                           read it)
        judgement      low 120 (WAD) | high 120 (WAD) | status 8; while VALID the price and the
                       second answer in the place of low and high
        evidence       price 120 (WAD; 0 = none) | age 64 (seconds that widen it) | 69 unused | may
                       be as low as the bounds allow 1 | as high 1 | the answer is fresh 1
        checkpoint     price 128 (WAD) | time 128 (unix seconds); 0 = never
        memory         average of an hour 96 | average of a day 96 (both WAD; 0 = never) | outage
                       since 32 | outage last shown 32 (both unix seconds; 0 = none)
"""

from . import units


# Statuses of a judgement. Their numbers do not rank them.
STATUS_VALID: constant(uint256) = 0
STATUS_STALE: constant(uint256) = 1
STATUS_DIVERGENT: constant(uint256) = 2
STATUS_HALTED: constant(uint256) = 3
STATUS_SEQUENCER: constant(uint256) = 4

# A configuration. A feed's heartbeat and decimals, its terms, are shifted down so that both feeds
# are parsed by the same code.
ADDRESS_MASK: constant(uint256) = 2**160 - 1
PRIMARY_TERMS_SHIFT: constant(uint256) = 160
SECONDARY_TERMS_SHIFT: constant(uint256) = 200
DEVIATION_SHIFT: constant(uint256) = 240
BOUND_MASK: constant(uint256) = 2**128 - 1
BOUND_SHIFT: constant(uint256) = 128

# A witness. Its terms are where the primary's are.
SETTLE_AFTER_SHIFT: constant(uint256) = 200
SETTLE_AFTER_MASK: constant(uint256) = 2**32 - 1  # seconds
FREE_SHIFT: constant(uint256) = 232  # from here on nothing

# The terms of a feed.
HEARTBEAT_MASK: constant(uint256) = 2**32 - 1
DECIMALS_SHIFT: constant(uint256) = 32
DECIMALS_MASK: constant(uint256) = 2**8 - 1

# Decimals of every price here, and the most that a feed may have.
PRICE_DECIMALS: constant(uint256) = 18
MAX_DECIMALS: constant(uint256) = 36

# The greatest price, WAD: bounds beyond it count as it. It is what an average has room for.
GREATEST: constant(uint256) = 2**96 - 1

# A judgement. The mask of its prices is `leg_layout.PRICE_MASK`.
HIGH_SHIFT: constant(uint256) = 120
STATUS_SHIFT: constant(uint256) = 240

# What a price is that a market may be settled at (`RiskEngine.settlement_price`).
IN_DOUBT: constant(uint256) = 0  # nobody settles
MARK: constant(uint256) = 1  # VALID
FINAL: constant(uint256) = 2  # of an outage that has lasted

# Evidence. Its price is masked like that of a judgement.
AGE_SHIFT: constant(uint256) = 120
AGE_MASK: constant(uint256) = 2**64 - 1  # seconds
BELOW: constant(uint256) = 2**253
ABOVE: constant(uint256) = 2**254
FRESH: constant(uint256) = 2**255

# A checkpoint.
REMEMBERED_MASK: constant(uint256) = 2**128 - 1
TIME_SHIFT: constant(uint256) = 128

# Longest time between two reports of one outage, seconds.
SHOW_AGAIN: constant(uint256) = 6 * units.HOUR

# A memory; its averages are masked like the greatest price.
AVERAGES_MASK: constant(uint256) = 2**192 - 1
DAY_AVERAGE_SHIFT: constant(uint256) = 96
OUTAGE_SHIFT: constant(uint256) = 192
OUTAGE_MASK: constant(uint256) = 2**32 - 1
SHOWN_SHIFT: constant(uint256) = 224
