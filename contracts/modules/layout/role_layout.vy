#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Roles, permissions, phases, and the words of the roles
@custom:contract-name role_layout
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A role's word carries what is read together with its holder (lowest bits first):

        every role    holder, address
        RISK_ENGINE   withdrawals paused until 32 | liquidations paused until 32 | phase 2
        EXCHANGE      trading paused until 32 | IM above which an account needs a contribution 32
                      (whole units of cash; 0: none does)
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
TRADING: constant(uint256) = 0
WITHDRAWALS: constant(uint256) = 1
LIQUIDATIONS: constant(uint256) = 2

# Fields of a role's word. The two fields above the holder are 32 bits wide.
HOLDER_MASK: constant(uint256) = 2**160 - 1
FIRST_FIELD: constant(uint256) = 160
SECOND_FIELD: constant(uint256) = 192
ROLE_FIELD_MASK: constant(uint256) = 2**32 - 1
PHASE_SHIFT: constant(uint256) = 224

# After a pause of liquidations nothing is called or sold for so long, and accounts can be cured,
# seconds. It counts as paused time.
CURE_WINDOW: constant(uint256) = 3_600
