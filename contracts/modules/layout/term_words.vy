#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Words of the DefaultManager's terms
@custom:contract-name term_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice All terms of the procedure in one word, all terms of the waterfall in another (described in
        IDefaultManagerEvents): field, width in bits and unit, lowest bits first. "Cash" stands for
        whole units of cash.

        terms       grace 24 (seconds) | duration 24 (seconds) | discount start 20 (ppm of MM)
                    | discount end 20 (ppm of MM) | fee 20 (ppm of MM) | target 24 (ppm of MM)
                    | close-out 20 (ppm of MM) | reward 20 (ppm of MM) | reward cap 24 (cash)
                    | dust 24 (cash)
        waterfall   reward cap 24 (cash) | charge cap 20 (ppm of mark) | period 24 (seconds)
                    | amount a market 32 (cash) | share a market 20 (ppm) | total amount 32 (cash)
                    | total share 20 (ppm) | remainder 24 (seconds)
"""

# Masks of fields of 20, 24 and 32 bits.
BITS_20: constant(uint256) = 2**20 - 1
BITS_24: constant(uint256) = 2**24 - 1
BITS_32: constant(uint256) = 2**32 - 1

# Terms of the procedure; grace is at 0.
DURATION_SHIFT: constant(uint256) = 24
DISCOUNT_START_SHIFT: constant(uint256) = 48
DISCOUNT_END_SHIFT: constant(uint256) = 68
LIQUIDATION_FEE_SHIFT: constant(uint256) = 88
TARGET_SHIFT: constant(uint256) = 108
CLOSE_OUT_SHIFT: constant(uint256) = 132
REWARD_SHIFT: constant(uint256) = 152
REWARD_CAP_SHIFT: constant(uint256) = 172
DUST_SHIFT: constant(uint256) = 196

# Terms of the waterfall; the reward cap is at 0.
CHARGE_CAP_SHIFT: constant(uint256) = 24
PERIOD_SHIFT: constant(uint256) = 44
MARKET_AMOUNT_SHIFT: constant(uint256) = 68
MARKET_SHARE_SHIFT: constant(uint256) = 100
TOTAL_AMOUNT_SHIFT: constant(uint256) = 120
TOTAL_SHARE_SHIFT: constant(uint256) = 152
REMAINDER_SHIFT: constant(uint256) = 172
