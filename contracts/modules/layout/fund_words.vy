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
                  | seconds that exits had been stopped for 32
        request   shares 128 | ready at 40 | lapses at 40 (both unix seconds)
                  | seconds that exits had been stopped for 40
        terms     cooldown 32 | window 32 (both seconds) | contribution rate 32 (ppm)
                  | premium of contributions 32 | premium of pledges 32 (both ppm a year)
        premium   noted at 64 (unix seconds) | due 128 (token units)
        loss      tokens 128 | lost before for the same account 128 (both token units)
        record    shares of all 128 | generation 64 (number) | tranche 64 (index)
        past      shares of one 128 | generation 64 | draw 64 (both numbers)
        account   lost 128 | recovered 128 (both token units)
"""


# SHARES AND EPOCHS --------------------------------------------------------------------------------

# Shares that a token unit buys when a fund is new.
PAR: constant(uint256) = 10**6

# Units of the token that virtual shares stand for.
VIRTUAL_UNITS: constant(uint256) = 1

# The one tranche of a fund that has no others.
ONLY_TRANCHE: constant(uint256) = 0

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
NOTICE_STOPPED_SHIFT: constant(uint256) = 224
NOTICE_TIME_MASK: constant(uint256) = 2**32 - 1


# REQUEST ------------------------------------------------------------------------------------------

REQUEST_READY_SHIFT: constant(uint256) = 128
REQUEST_LAPSES_SHIFT: constant(uint256) = 168
REQUEST_STOPPED_SHIFT: constant(uint256) = 208
REQUEST_TIME_MASK: constant(uint256) = 2**40 - 1


# TERMS --------------------------------------------------------------------------------------------

TERM_MASK: constant(uint256) = 2**32 - 1
WINDOW_SHIFT: constant(uint256) = 32
RATE_SHIFT: constant(uint256) = 64
CONTRIBUTION_PREMIUM_SHIFT: constant(uint256) = 96
PLEDGE_PREMIUM_SHIFT: constant(uint256) = 128


# PREMIUM ------------------------------------------------------------------------------------------

NOTED_AT_MASK: constant(uint256) = 2**64 - 1
DUE_SHIFT: constant(uint256) = 64
DUE_MASK: constant(uint256) = 2**128 - 1


# RECORDS ------------------------------------------------------------------------------------------

# Two amounts of tokens in a word: the first is the lowest bits.
TOKENS_MASK: constant(uint256) = 2**128 - 1
SECOND_TOKENS_SHIFT: constant(uint256) = 128

# Of a record and of a past balance.
HALVINGS_SHIFT: constant(uint256) = 128
HALVINGS_MASK: constant(uint256) = 2**64 - 1
LAST_SHIFT: constant(uint256) = 192  # tranche of a record, draw of a past balance
