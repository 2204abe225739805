#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Words of the funds
@custom:contract-name fund_words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the funds keep packed: field, width in bits and unit, lowest bits first.

        tranche   assets 96 (token units) | total shares 128 | epoch 32 (number)
        stake     shares 128 | epoch 32 (number) | notice given 1
        notice    shares 128 | ready at 32 | lapses at 32 (both unix seconds) | epoch 32 (number)
        request   shares 128 | ready at 64 | lapses at 64 (both unix seconds)
        terms     cooldown 32 | window 32 (both seconds) | contribution rate 32 (ppm)
                  | fee weight 32 (number)
"""


# SHARES AND EPOCHS --------------------------------------------------------------------------------

# Shares that a token unit buys when a fund is new.
PAR: constant(uint256) = 10**6

# The shares of a stake, of a notice and of a request are their word's lowest bits.
SHARES_MASK: constant(uint256) = 2**128 - 1
TIMES_MASK: constant(uint256) = max_value(uint256) - SHARES_MASK  # all above the shares
EPOCH_MASK: constant(uint256) = 2**32 - 1


# TRANCHE ------------------------------------------------------------------------------------------

ASSETS_MASK: constant(uint256) = 2**96 - 1
TOTAL_SHIFT: constant(uint256) = 96
TRANCHE_EPOCH_SHIFT: constant(uint256) = 224


# STAKE --------------------------------------------------------------------------------------------

STAKE_EPOCH_SHIFT: constant(uint256) = 128
NOTICED: constant(uint256) = 2**160  # flag


# NOTICE -------------------------------------------------------------------------------------------

NOTICE_READY_SHIFT: constant(uint256) = 128
NOTICE_LAPSES_SHIFT: constant(uint256) = 160
NOTICE_EPOCH_SHIFT: constant(uint256) = 192
NOTICE_TIME_MASK: constant(uint256) = 2**32 - 1


# REQUEST ------------------------------------------------------------------------------------------

REQUEST_READY_SHIFT: constant(uint256) = 128
REQUEST_LAPSES_SHIFT: constant(uint256) = 192
REQUEST_TIME_MASK: constant(uint256) = 2**64 - 1


# TERMS --------------------------------------------------------------------------------------------

TERM_MASK: constant(uint256) = 2**32 - 1
WINDOW_SHIFT: constant(uint256) = 32
RATE_SHIFT: constant(uint256) = 64
WEIGHT_SHIFT: constant(uint256) = 96
