#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Legs: a portfolio as words
@custom:contract-name leg_layout
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice How the ledger shows an account to the risk engine, and the engine its prices to the default
        procedure: field, width in bits and unit, lowest bits first.

        collateral   amount 128 (WAD) | 112 unused | row 16
        position     open interest 128 (WAD base) | 112 unused | row 16; then a second word
                     carry b int128 (WAD cash) | size q int128 (WAD base): it is worth q * P + b
        cash         0; then a second word, int256 (WAD cash), that counts as cash and needs no
                     margin, such as what a position in a settled market is worth
        known price  price 120 (WAD cash) | details 112 | asset id 7 | SHORT 1 | row 16
        details      of a position     loss max(-value, 0) 56 | MM 56 (both millionths of cash),
                                       or an amount 112 (WAD cash)
                     of a collateral   worth 112 (millionths of cash)

        Row 1 + i is collateral i, row 8 + m is market m. Details are rounded down and cut off at
        the greatest number that fits. Known prices that `RiskEngine.assess` returns have them, and
        the flag for a SHORT position; otherwise they are 0. A function that takes known prices
        looks at asset and price only, where it does not say more.
"""


# Rows of the risk table.
CASH_ROW: constant(uint256) = 0  # no row of the table: a leg that is an amount of cash
COLLATERAL_ROW: constant(uint256) = 1  # row of collateral 0
MARKET_ROW: constant(uint256) = 8  # row of market 0 (market ids start at 1)
ROW_SHIFT: constant(uint256) = 240

# A leg.
AMOUNT_MASK: constant(uint256) = 2**128 - 1  # amount, open interest
SIZE_SHIFT: constant(uint256) = 128
SIGN_SHIFT: constant(uint256) = 255  # sign bit of the size
CARRY_LEFT: constant(uint256) = 128  # shifted left by this, the carry ends at the top bit
CARRY_MASK: constant(uint256) = 2**128 - 1
CARRY_LIMIT: constant(int256) = 2**127  # WAD cash, exclusive

# A known price and its details.
PRICE_MASK: constant(uint256) = 2**120 - 1
DETAILS_SHIFT: constant(uint256) = 120
DETAILS_MASK: constant(uint256) = 2**112 - 1
WITHOUT_DETAILS: constant(uint256) = max_value(uint256) - (2**112 - 1) * 2**120
MAINTENANCE_SHIFT: constant(uint256) = 176  # in the word, not in the details
WEIGHT_MASK: constant(uint256) = 2**56 - 1  # loss or MM, millionths of cash
KNOWN_ASSET_SHIFT: constant(uint256) = 232
SHORT_SHIFT: constant(uint256) = 239
IS_SHORT: constant(uint256) = 2**239

# A known price inside the engine has its upper end or, while VALID, its second answer (112 bits,
# WAD cash) in the place of details, and above a row of 8 bits its status (8 bits, feed_words): 0,
# VALID, in all that leave the engine.
KNOWN_HIGH_SHIFT: constant(uint256) = 120
KNOWN_HIGH_MASK: constant(uint256) = 2**112 - 1
KNOWN_STATUS_SHIFT: constant(uint256) = 248


@internal
@pure
def _market_of(leg: uint256) -> uint256:
    """
    @dev Market id of a leg; 0 for one that belongs to none.
    """
    row: uint256 = leg >> ROW_SHIFT
    return row - MARKET_ROW if row > MARKET_ROW else 0


@internal
@pure
def _amount(leg: uint256) -> uint256:
    """
    @dev The amount that a known leg carries in place of its details, WAD cash.
    """
    return (leg >> DETAILS_SHIFT) & DETAILS_MASK
