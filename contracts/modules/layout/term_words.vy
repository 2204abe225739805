#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Words of the DefaultManager's terms
@custom:contract-name term_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice All terms of the procedure in one word, all terms of the waterfall in another (lowest bits
        first; described in IDefaultManagerEvents):

        terms       grace 24 | duration 24 | discount start 20 | discount end 20 | fee 20
                    | target 24 | close-out 20 | reward 20 | reward cap 24 | dust 24
        waterfall   window 24 | charge cap 20 | period 24 | amount a market 32
                    | share a market 20 | total amount 32 | total share 20 | remainder 24
"""

# Widths: seconds and units of cash take 24 bits, rates 20, amounts of the limits 32.
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

# Terms of the waterfall; the window is at 0.
CHARGE_CAP_SHIFT: constant(uint256) = 24
PERIOD_SHIFT: constant(uint256) = 44
MARKET_AMOUNT_SHIFT: constant(uint256) = 68
MARKET_SHARE_SHIFT: constant(uint256) = 100
TOTAL_AMOUNT_SHIFT: constant(uint256) = 120
TOTAL_SHARE_SHIFT: constant(uint256) = 152
REMAINDER_SHIFT: constant(uint256) = 172
