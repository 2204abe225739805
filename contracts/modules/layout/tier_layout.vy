#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tiers: who is owed what, and the default fund's tranches
@custom:contract-name tier_layout
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A debt record is five fields of 51 bits in millionths of cash, one for each tier that can
        pay, lowest bits first in the order of repayment: the hole before the funds, the last to pay
        before the first. A reservation is four fields of 64 bits in millionths of cash: own
        contribution, insurance fund, contributions, assessments. A usage word counts draws: time
        32, then seven fields of 32 bits in whole units of cash.
"""


# Fields of a debt record.
DEBT_HOLE: constant(uint256) = 0
DEBT_ASSESSMENTS: constant(uint256) = 1
DEBT_CONTRIBUTIONS: constant(uint256) = 2
DEBT_INSURANCE: constant(uint256) = 3
DEBT_OWN: constant(uint256) = 4
DEBT_FIELDS: constant(uint256) = 5
DEBT_BITS: constant(uint256) = 51
DEBT_MASK: constant(uint256) = 2**51 - 1

# Tranches of the default fund.
CONTRIBUTIONS: constant(uint256) = 0
ASSESSMENTS: constant(uint256) = 1
TRANCHES: constant(uint256) = 2

# Fields of a reservation.
RESERVED_BITS: constant(uint256) = 64
INSURANCE_SHIFT: constant(uint256) = 64
CONTRIBUTIONS_SHIFT: constant(uint256) = 128
ASSESSMENTS_SHIFT: constant(uint256) = 192
RESERVED_MASK: constant(uint256) = 2**64 - 1

# Fields of a usage word.
USAGE_FIELDS: constant(uint256) = 7
USAGE_BITS: constant(uint256) = 32
USAGE_MASK: constant(uint256) = 2**32 - 1
