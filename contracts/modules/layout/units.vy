#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Units
@custom:contract-name units
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The scales of all numbers. Cash, base amounts, prices and fractions are WAD; rates are parts
        per million (ppm) or basis points (bps).
"""


# One, in fixed point.
WAD: constant(uint256) = 10**18
IWAD: constant(int256) = 10**18
WAD_DECIMALS: constant(uint8) = 18

# One, in parts per million and in basis points.
PPM: constant(uint256) = 1_000_000
IPPM: constant(int256) = 1_000_000
BPS: constant(uint256) = 10_000

# A millionth of cash, WAD: what fees, debts, reservations and the details of a leg are kept in.
CASH_UNIT: constant(uint256) = 10**12

# Seconds.
HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 86_400
YEAR: constant(uint256) = 365 * DAY
IDAY: constant(int256) = 86_400
