#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Rows of the risk table
@custom:contract-name risk_rows
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A page is 32 rows of 128 bytes behind one STOP byte. Row 0 holds the globals, rows 1 to 8
        the collaterals, row 8 + m market m. Field, width in bits and unit, lowest bits first:

        words 0 to 2   the configuration of the feeds (feed_words), with in word 1, from bit 160 on,
                       asset id 7
        word 3         of a market     base rate 32 (ppm) | maintenance ratio 32 (ppm) | slope 48
                       | load 48 (both WAD of rate per unit of cash) | funding cap 24 (ppm of mark
                       per day) | isolated only 8 | open interest cap 64 (whole units of cash)
                       of a collateral   haircut IM 32 (ppm) | haircut MM 32 (ppm)
                       of the globals    profit weight 32 (ppm) | minimum equity 128 (WAD cash)
"""

ROWS_PER_PAGE: constant(uint256) = 32
ROW_SIZE: constant(uint256) = 128  # bytes
STOP: constant(uint256) = 1  # bytes in front of row 0
PAGE_SIZE: constant(uint256) = 4_097  # bytes: STOP and 32 rows
PAGE_WORDS: constant(uint256) = 128  # words of 32 rows
RISK_OFFSET: constant(uint256) = 96  # bytes of a row in front of word 3
GLOBALS_ROW: constant(uint256) = 0

# Word 1, above the feed; the feeds' own fields are in feed_words.
ASSET_SHIFT: constant(uint256) = 160
ASSET_MASK: constant(uint256) = 127

# Word 3.
RATE_MASK: constant(uint256) = 2**32 - 1  # every rate, ratio, haircut and weight
RATIO_SHIFT: constant(uint256) = 32
SLOPE_SHIFT: constant(uint256) = 64
LOAD_SHIFT: constant(uint256) = 112
FACTOR_MASK: constant(uint256) = 2**48 - 1  # slope and load
FUNDING_CAP_SHIFT: constant(uint256) = 160
FUNDING_CAP_MASK: constant(uint256) = 2**24 - 1
ISOLATED_ONLY_SHIFT: constant(uint256) = 184
ISOLATED_ONLY_MASK: constant(uint256) = 1
INTEREST_CAP_SHIFT: constant(uint256) = 192
INTEREST_CAP_LIMIT: constant(uint256) = 2**64  # whole units of cash, exclusive
