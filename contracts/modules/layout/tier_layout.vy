#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tiers: who is owed what, and the default fund's tranches
@custom:contract-name tier_layout
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What tiers paid and have drawn: field, width in bits and unit, lowest bits first.

        debt record   hole 51 | assessments 51 | contributions 51 | insurance fund 51
                      | reserve 51 (all millionths of cash)
        usage         time of the last draw 32 (unix seconds) | seven fields of 32 (whole units of
                      cash, rounded up)
        charges       charged to a base unit of a side lately 128 (WAD cash) | time 128 (unix
                      seconds)

        Fields of a debt record stand in the order of repayment: the hole before the funds, and the
        last tier to pay before the first.
"""


# Fields of a debt record, by index.
DEBT_HOLE: constant(uint256) = 0
DEBT_ASSESSMENTS: constant(uint256) = 1
DEBT_CONTRIBUTIONS: constant(uint256) = 2
DEBT_INSURANCE: constant(uint256) = 3
DEBT_RESERVE: constant(uint256) = 4
DEBT_FIELDS: constant(uint256) = 5
DEBT_BITS: constant(uint256) = 51  # each
DEBT_MASK: constant(uint256) = 2**51 - 1

# Tranches of the default fund, by index.
CONTRIBUTIONS: constant(uint256) = 0
ASSESSMENTS: constant(uint256) = 1
TRANCHES: constant(uint256) = 2

# Fields of a usage word.
USAGE_FIELDS: constant(uint256) = 7
USAGE_BITS: constant(uint256) = 32  # each, and the time
USAGE_MASK: constant(uint256) = 2**32 - 1

# Charges of a side.
CHARGED_MASK: constant(uint256) = 2**128 - 1
CHARGED_TIME_SHIFT: constant(uint256) = 128
