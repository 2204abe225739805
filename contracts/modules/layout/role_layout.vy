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
        RISK_ENGINE    and withdrawals stopped until 32 | liquidations paused until 32 (both unix
                       seconds) | phase 32
        EXCHANGE       and new risk stopped until 32 (unix seconds) | IM above which an account
                       needs a contribution 32 (whole units of cash; 0: none does)
        proposed role  next holder 160 (address) | proposed at 40 (unix seconds) | stopped till then
                       40 (seconds) | delayed by the guardian 1
        pause          budget as of 40 (unix seconds) | used of it 40 (seconds) | paused until 40
                       (unix seconds) | stopped in all 40 (seconds, counted to the end of the stop)

        Withdrawals and new risk stop for their own pause and for one of liquidations: what
        withdrawals and fills read is the later end, the pause's own word has its own.
"""


# Roles that the owner assigns.
RISK_ENGINE: constant(uint256) = 0
EXCHANGE: constant(uint256) = 1
DEFAULT_MANAGER: constant(uint256) = 2
INSURANCE_FUND: constant(uint256) = 3
DEFAULT_FUND: constant(uint256) = 4
ROLES: constant(uint256) = 5
# Among the proposed only: who may pause.
GUARDIAN: constant(uint256) = 5

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
LIQUIDATIONS: constant(uint256) = 2  # and withdrawals, new risk, exits from the funds; cures go on

# Fields of a role's word. The two fields above the holder are 32 bits wide.
HOLDER_MASK: constant(uint256) = 2**160 - 1
FIRST_FIELD: constant(uint256) = 160
SECOND_FIELD: constant(uint256) = 192
ROLE_FIELD_MASK: constant(uint256) = 2**32 - 1
PHASE_SHIFT: constant(uint256) = 224

# Fields of a pause's word and of a proposed role's, all 40 bits wide.
TIME_MASK: constant(uint256) = 2**40 - 1
USED_SHIFT: constant(uint256) = 40
UNTIL_SHIFT: constant(uint256) = 80
STOPPED_SHIFT: constant(uint256) = 120
PROPOSED_SHIFT: constant(uint256) = 160
STOPPED_BEFORE_SHIFT: constant(uint256) = 200
DELAYED: constant(uint256) = 2**240  # flag

# Time after a pause of liquidations in which accounts can be cured, and none is called or sold,
# seconds. New risk waits as long.
CURE_WINDOW: constant(uint256) = 3_600

# Time after that in which nobody leaves, so that what happened meanwhile is recognised first,
# seconds. Both count as paused time.
FLIGHT: constant(uint256) = 600
