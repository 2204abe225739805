#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Who comes next: proposed roles and guardians
@custom:contract-name proposals
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What is plugged in can take everything from the funds and from accounts. So a proposed
        holder waits for as long as leaving a fund can last, without the time for which exits are
        stopped, and the guardian may double that once. The guardian cannot touch their own
        replacement, nor the owner remove them before a proposal is seen.
"""

from snekmate.auth import ownable
from ..interfaces import IClearinghouseEvents
from .layout import limits
from .layout import role_layout
from . import pauses
from . import registry

uses: ownable
uses: pauses
uses: registry


# From the proposal of a role's new holder to their taking over, seconds: as long as terms of a fund
# can ever make leaving it last. Not the terms in force: an owner would lower them first, and funds
# that were replaced obey the DefaultManager too.
ROLE_DELAY: constant(uint256) = limits.MAX_COOLDOWN + limits.MAX_WINDOW

# How long they may take over then, seconds: a proposal that lies ready would wait for new stakers.
ROLE_WINDOW: constant(uint256) = 7 * 86_400

# From the proposal of another guardian, or of none, to their taking over, seconds: time for a last
# veto.
GUARDIAN_DELAY: constant(uint256) = 2 * 86_400


# ROLES --------------------------------------------------------------------------------------------

@external
def set_role(role: uint256, holder: address):
    """
    @notice Plugs in a contract. The first holder of a role takes over at once, every later one
            `role_delay` after the proposal, by `accept_role`; another proposal begins anew. Owner
            only.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @param holder Address of the contract.
    @custom:reverts ownable: caller is not the owner | proposals: unknown role | proposals: role
                    holder is not a contract
    """
    ownable._check_owner()
    assert role < role_layout.ROLES, "proposals: unknown role"
    assert holder.is_contract, "proposals: role holder is not a contract"
    if registry._role(role) == empty(address):
        self._set_holder(role, holder)
    else:
        self._propose(
            role,
            convert(holder, uint256)
            | block.timestamp << role_layout.PROPOSED_SHIFT
            | pauses._stopped() << role_layout.STOPPED_BEFORE_SHIFT,
        )


@external
def accept_role(role: uint256):
    """
    @notice Lets a proposed holder take over. Anyone, for ROLE_WINDOW once the delay of the proposal
            is over, in which time for which exits are stopped does not count.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @custom:reverts proposals: no role proposed | proposals: role delay is not over |
                    proposals: role proposal has lapsed
    """
    pending: uint256 = self._proposal(role)
    assert block.timestamp >= self._role_ready_at(pending), "proposals: role delay is not over"
    self._require_fresh(pending)
    registry.pending_roles[role] = 0
    self._set_holder(role, self._holder_in(pending))


@external
def delay_role(role: uint256):
    """
    @notice Makes a proposed holder wait for `role_delay` once more. Guardian only, once a proposal.
            Who guards is no role: it is out of their reach.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @custom:reverts proposals: caller is not the guardian | proposals: no role proposed |
                    proposals: role proposal has lapsed | proposals: role is delayed already
    """
    assert msg.sender == registry.guardian, "proposals: caller is not the guardian"
    pending: uint256 = self._proposal(role)
    self._require_fresh(pending)
    assert pending & role_layout.DELAYED == 0, "proposals: role is delayed already"
    self._propose(role, pending | role_layout.DELAYED)


@external
def cancel_role(role: uint256):
    """
    @notice Withdraws the proposal of a role's next holder. Owner only.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @custom:reverts ownable: caller is not the owner | proposals: no role proposed
    """
    ownable._check_owner()
    assert self._proposal(role) != 0  # reverts by itself: "proposals: no role proposed"
    registry.pending_roles[role] = 0
    log IClearinghouseEvents.RoleProposed(role=role, holder=empty(address), ready_at=0)


# GUARDIAN -----------------------------------------------------------------------------------------

@external
def set_guardian(guardian: address):
    """
    @notice Proposes who may pause; they take office by `accept_guardian`, GUARDIAN_DELAY later if
            there is a guardian, so that the owner cannot remove them and propose a role unseen.
            Owner only.
    @param guardian Address of the proposed guardian; the zero address: nobody shall be.
    @custom:reverts ownable: caller is not the owner
    """
    ownable._check_owner()
    ready_at: uint256 = block.timestamp
    if registry.guardian != empty(address):
        ready_at += GUARDIAN_DELAY
    registry.pending_roles[role_layout.GUARDIAN] = (
        convert(guardian, uint256) | ready_at << role_layout.PROPOSED_SHIFT
    )
    log IClearinghouseEvents.GuardianProposed(guardian=guardian, ready_at=ready_at)


@external
def accept_guardian():
    """
    @notice Makes the proposed guardian the guardian. The proposed guardian only; anyone, if nobody
            shall be.
    @custom:reverts proposals: caller is not the proposed guardian | proposals: guardian
                    delay is not over
    """
    pending: uint256 = registry.pending_roles[role_layout.GUARDIAN]
    guardian: address = self._holder_in(pending)
    assert pending != 0 and (
        msg.sender == guardian or guardian == empty(address)
    ), "proposals: caller is not the proposed guardian"
    assert (
        block.timestamp >= pending >> role_layout.PROPOSED_SHIFT
    ), "proposals: guardian delay is not over"
    registry.guardian = guardian
    registry.pending_roles[role_layout.GUARDIAN] = 0
    log IClearinghouseEvents.GuardianSet(guardian=guardian)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def role_delay() -> uint256:
    """
    @notice From the proposal of a role's next holder to their taking over, without the time for
            which exits are stopped. No cooldown and window of a fund are longer. Anyone.
    @return Seconds.
    """
    return ROLE_DELAY


@external
@view
def role_ready_at(role: uint256) -> uint256:
    """
    @notice When the proposed holder of a role may take over, for ROLE_WINDOW. While exits are
            stopped it moves on with the time. Anyone.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @return Unix seconds.
    @custom:reverts proposals: no role proposed
    """
    return self._role_ready_at(self._proposal(role))


@external
@view
def pending_guardian() -> address:
    """
    @notice Who is proposed as the next guardian. Anyone.
    @return Address of the proposed guardian; zero if nobody is, or if the guardian is to be removed
            (`pending_roles` of role 5 tells).
    """
    return self._holder_in(registry.pending_roles[role_layout.GUARDIAN])


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@pure
def _holder_in(pending: uint256) -> address:
    """
    @dev Who is proposed.
    @param pending Word of the proposal (layout: role_layout).
    """
    return convert(pending & role_layout.HOLDER_MASK, address)


@internal
@view
def _proposal(role: uint256) -> uint256:
    """
    @dev Word of a role's proposal (layout: role_layout). Who guards is no role.
    """
    pending: uint256 = registry.pending_roles[role]
    assert role < role_layout.ROLES and pending != 0, "proposals: no role proposed"
    return pending


@internal
@view
def _role_ready_at(pending: uint256) -> uint256:
    """
    @dev When a proposed holder may take over, unix seconds: stops since the proposal do not count.
    @param pending Word of the proposal (layout: role_layout).
    """
    delay: uint256 = ROLE_DELAY
    if pending & role_layout.DELAYED != 0:
        delay += ROLE_DELAY
    proposed_at: uint256 = (pending >> role_layout.PROPOSED_SHIFT) & role_layout.TIME_MASK
    before: uint256 = (pending >> role_layout.STOPPED_BEFORE_SHIFT) & role_layout.TIME_MASK
    return proposed_at + delay + pauses._stopped() - before


@internal
@view
def _require_fresh(pending: uint256):
    """
    @dev A proposal has not lain ready for too long.
    @param pending Word of the proposal (layout: role_layout).
    """
    assert (
        block.timestamp < self._role_ready_at(pending) + ROLE_WINDOW
    ), "proposals: role proposal has lapsed"


@internal
def _propose(role: uint256, pending: uint256):
    """
    @dev Stores the proposal of a role's next holder.
    @param pending Word of the proposal (layout: role_layout).
    """
    registry.pending_roles[role] = pending
    log IClearinghouseEvents.RoleProposed(
        role=role, holder=self._holder_in(pending), ready_at=self._role_ready_at(pending)
    )


@internal
def _set_holder(role: uint256, holder: address):
    """
    @dev Gives a role to a holder; the other fields of its word stay.
    """
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~role_layout.HOLDER_MASK | convert(holder, uint256)
    log IClearinghouseEvents.RoleSet(role=role, holder=holder)
