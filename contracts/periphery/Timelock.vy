#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Timelock: owns every parameter
@custom:contract-name Timelock
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Owner of the Clearinghouse and so, since the other contracts ask that one for its owner, of
        every parameter of Bulkhead. Snekmate's timelock controller with a least delay: a proposer
        schedules a call, everybody sees it for at least the delay, then it can be executed; who may
        propose may also cancel until then. The delay and the roles are parameters like any other:
        they change by a call of the Timelock to itself, the delay never below a day.
@dev    Deploy it with the empty address as the one executor, which opens `execute` to anyone, and
        without an admin, who could hand out roles without a delay. docs/decisions.md says why.
        A scheduled call does not expire and is executed when somebody likes: name a predecessor
        where order matters, and cancel what is not wanted any more. It owns parameters only,
        so it takes no tokens, and Ether only to pass it on in an execution: of what snekmate's
        controller can do, the ERC-721 and ERC-1155 receivers, `set_role_admin`, ERC-165 and a
        default function are left out.
        Ownership comes in two steps: `transfer_ownership` to the Timelock by the old owner, then
        `accept_ownership` here, by anyone and at once: what is accepted only binds who had it.
"""

from snekmate.auth import access_control
from snekmate.auth.interfaces import IAccessControl
from snekmate.governance import timelock_controller
from ..interfaces import IClearinghouseAdmin
from ..interfaces import ITimelock
from ..modules.layout import units

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

# Least time between scheduling and execution that can be set, seconds.
MIN_DELAY: constant(uint256) = units.DAY


@deploy
def __init__(
    min_delay: uint256,
    proposers: DynArray[address, MAX_HOLDERS],
    executors: DynArray[address, MAX_HOLDERS],
    admin: address,
):
    """
    @notice Hands out the roles; afterwards they change only by calls of the Timelock to itself.
    @param min_delay Least time between scheduling and execution, seconds: a day or more.
    @param proposers Addresses of those who may schedule and cancel.
    @param executors Addresses of those who may execute; the empty address = anyone.
    @param admin Address of somebody who may change roles without a delay; empty = nobody but the
           Timelock itself.
    @custom:reverts timelock: delay is too short
    """
    self._require_long(min_delay)
    access_control.__init__()
    timelock_controller.__init__(min_delay, proposers, executors, admin)


@external
def accept_ownership(target: address):
    """
    @notice Takes the ownership of a contract that its owner has offered to the Timelock. Anyone.
    @param target Address of the contract, the Clearinghouse.
    """
    extcall IClearinghouseAdmin(target).accept_ownership()


@external
def update_delay(new_delay: uint256):
    """
    @notice Sets the least time between scheduling and execution, for what is scheduled from now on.
            The Timelock only, by a scheduled call to itself.
    @param new_delay Seconds: a day or more.
    @custom:reverts timelock: caller is not the timelock | timelock: delay is too short
    """
    assert msg.sender == self, "timelock: caller is not the timelock"
    self._require_long(new_delay)
    log timelock_controller.MinimumDelayChange(
        old_duration=timelock_controller.get_minimum_delay, new_duration=new_delay
    )
    timelock_controller.get_minimum_delay = new_delay


@internal
@pure
def _require_long(delay: uint256):
    """
    @dev Who would leave has a day at least to see what is coming.
    @param delay Seconds.
    """
    assert delay >= MIN_DELAY, "timelock: delay is too short"
