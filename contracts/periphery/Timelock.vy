#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Timelock: owns every parameter
@custom:contract-name Timelock
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Owner of the Clearinghouse and so, since the other contracts ask that one for its owner, of
        every parameter of Bulkhead. Snekmate's timelock controller as it is: a proposer schedules a
        call, everybody sees it for at least the delay, then it can be executed; who may propose may
        also cancel until then. The delay and the roles are parameters like any other: they
        change by a call of the Timelock to itself.
@dev    Deploy it with the empty address as the one executor, which opens `execute` to anyone, and
        without an admin, who could hand out roles without a delay. docs/decisions.md says why.
        A scheduled call does not expire and is executed when somebody likes: name a predecessor
        where order matters, and cancel what is not wanted any more. It owns parameters only,
        so it takes no tokens, and Ether only to pass it on in an execution: of what snekmate's
        controller can do, the ERC-721 and ERC-1155 receivers, `set_role_admin`, ERC-165 and a
        default function are left out.
        Ownership comes in two steps: `transfer_ownership` to the Timelock by the old owner, then
        `accept_ownership` as a scheduled call of the Timelock.
"""

from snekmate.auth import access_control
from snekmate.auth.interfaces import IAccessControl
from snekmate.governance import timelock_controller
from ..interfaces import ITimelock

implements: IAccessControl
implements: ITimelock

initializes: access_control
initializes: timelock_controller[access_control := access_control]

exports: (
    timelock_controller.schedule,
    timelock_controller.schedule_batch,
    timelock_controller.execute,
    timelock_controller.execute_batch,
    timelock_controller.cancel,
    timelock_controller.update_delay,
    timelock_controller.get_minimum_delay,
    timelock_controller.get_timestamp,
    timelock_controller.get_operation_state,
    timelock_controller.is_operation,
    timelock_controller.is_operation_pending,
    timelock_controller.is_operation_ready,
    timelock_controller.is_operation_done,
    timelock_controller.hash_operation,
    timelock_controller.hash_operation_batch,
    timelock_controller.PROPOSER_ROLE,
    timelock_controller.EXECUTOR_ROLE,
    timelock_controller.CANCELLER_ROLE,
    timelock_controller.DEFAULT_ADMIN_ROLE,
    timelock_controller.hasRole,
    timelock_controller.getRoleAdmin,
    timelock_controller.grantRole,
    timelock_controller.revokeRole,
    timelock_controller.renounceRole,
)

# Proposers or executors at deployment, as in Snekmate.
MAX_HOLDERS: constant(uint8) = max_value(uint8)


@deploy
def __init__(
    min_delay: uint256,
    proposers: DynArray[address, MAX_HOLDERS],
    executors: DynArray[address, MAX_HOLDERS],
    admin: address,
):
    """
    @notice Hands out the roles; afterwards they change only by calls of the Timelock to itself.
    @param min_delay Least time between scheduling and execution, seconds.
    @param proposers Addresses of those who may schedule and cancel.
    @param executors Addresses of those who may execute; the empty address = anyone.
    @param admin Address of somebody who may change roles without a delay; empty = nobody but the
           Timelock itself.
    """
    access_control.__init__()
    timelock_controller.__init__(min_delay, proposers, executors, admin)
