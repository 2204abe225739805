#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Units: the one home of scales
@custom:contract-name units
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Cash, base amounts and fractions are WAD. Rates are parts per million (ppm) or basis points.
"""


# Fixed point of cash, base amounts, prices, fractions.
WAD: constant(uint256) = 10**18
IWAD: constant(int256) = 10**18
WAD_DECIMALS: constant(uint8) = 18

# Parts per million and basis points in a whole.
PPM: constant(uint256) = 1_000_000
IPPM: constant(int256) = 1_000_000
BPS: constant(uint256) = 10_000

# A millionth of cash, WAD: what fees, debts, reservations and the details of a leg are kept in.
CASH_UNIT: constant(uint256) = 10**12

# Seconds.
HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 86_400
IDAY: constant(int256) = 86_400
