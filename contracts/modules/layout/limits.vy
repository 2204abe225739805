#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Limits that several contracts share
@custom:contract-name limits
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Bounds on numbers, amounts and sizes, each with its unit.
"""

MAX_POSITIONS: constant(uint256) = 32  # positions of an account
MAX_COLLATERALS: constant(uint256) = 8  # tokens that can be listed
MAX_MARKET: constant(uint256) = 120  # greatest market id, by the rows of the risk table; least is 1
MAX_LEGS: constant(uint256) = 72  # words: 8 collaterals and two for each of 32 positions
MAX_KNOWN: constant(uint256) = 40  # legs with a price: 8 collaterals and 32 positions
PART_ANSWER_SIZE: constant(uint256) = 1_024  # longest answer of a function in a part, bytes
BATCH: constant(uint256) = 8  # accounts torn up together
CALLED_TIME: constant(uint256) = 604_800  # debts that are called in stay due for this, seconds

SIZE_LIMIT: constant(int256) = 2**100  # size of a fill, WAD base (1.2e12 base units), exclusive
PRICE_LIMIT: constant(uint256) = 2**95  # WAD cash per base unit (3.9e10 of cash), exclusive
MAX_CHARGE: constant(uint256) = 100_000  # beyond what a market has moved, tier 6, ppm of the mark
MAX_COOLDOWN: constant(uint256) = 30 * 86_400  # before somebody leaves a fund, seconds
MAX_WINDOW: constant(uint256) = 7 * 86_400  # in which they may then leave, seconds
NOTED_PART: constant(uint256) = 16  # an account counts for its owner from threshold / 16 on
