#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Roles, permissions, phases, and the words of the roles
@custom:contract-name role_layout
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A role's word carries what is read together with its holder: field, width in bits and unit,
        lowest bits first.

        every role     holder 160 (address)
        RISK_ENGINE    and withdrawals paused until 32 | liquidations paused until 32 (both unix
                       seconds) | phase 32
        EXCHANGE       and trading paused until 32 (unix seconds) | IM above which an account needs
                       a contribution 32 (whole units of cash; 0: none does)
        proposed role  next holder 160 (address) | when they may take over 96 (unix seconds)
"""


# Roles that the owner assigns.
RISK_ENGINE: constant(uint256) = 0
EXCHANGE: constant(uint256) = 1
DEFAULT_MANAGER: constant(uint256) = 2
INSURANCE_FUND: constant(uint256) = 3
DEFAULT_FUND: constant(uint256) = 4
ROLES: constant(uint256) = 5

# Permissions of an operator, bits.
TRADE: constant(uint256) = 1
WITHDRAW: constant(uint256) = 2

# Phases of the Clearinghouse.
RUNNING: constant(uint256) = 0
WINDING_DOWN: constant(uint256) = 1  # markets are settled, deficits proven
REDEMPTION: constant(uint256) = 2

# What the guardian may pause.
TRADING: constant(uint256) = 0  # reductions go on
WITHDRAWALS: constant(uint256) = 1
LIQUIDATIONS: constant(uint256) = 2  # cures go on

# Fields of a role's word. The two fields above the holder are 32 bits wide.
HOLDER_MASK: constant(uint256) = 2**160 - 1
FIRST_FIELD: constant(uint256) = 160
SECOND_FIELD: constant(uint256) = 192
ROLE_FIELD_MASK: constant(uint256) = 2**32 - 1
PHASE_SHIFT: constant(uint256) = 224

# A pause budget: start of its window (unix seconds), above it the seconds paused in it.
BUDGET_BITS: constant(uint256) = 40
BUDGET_MASK: constant(uint256) = 2**40 - 1

# Time after a pause of liquidations in which accounts can be cured, and none is called or sold,
# seconds. It counts as paused time.
CURE_WINDOW: constant(uint256) = 3_600
