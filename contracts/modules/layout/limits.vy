#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Limits that several contracts share
@custom:contract-name limits
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice How many, how much, how long: each bound once.
"""

MAX_POSITIONS: constant(uint256) = 32  # of an account
MAX_COLLATERALS: constant(uint256) = 8
MAX_MARKET: constant(uint256) = 120  # market ids are 1 to this: rows of the risk table
MAX_LEGS: constant(uint256) = 72  # words: 8 collaterals and two for each of 32 positions
MAX_KNOWN: constant(uint256) = 40  # legs with a price: 8 collaterals and 32 positions
PART_ANSWER_SIZE: constant(uint256) = 1_024  # longest answer of a function in a part, bytes
BATCH: constant(uint256) = 8  # accounts torn up together

SIZE_LIMIT: constant(int256) = 2**100  # base units a fill may trade, WAD (1.2e12 whole units)
PRICE_LIMIT: constant(uint256) = 2**95  # WAD cash per base unit (3.9e10 of cash)
MAX_CHARGE: constant(uint256) = 500_000  # on the opposite side in tier 6, ppm of the mark
