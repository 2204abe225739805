#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title The registry: who is plugged in, which tokens count, who may act for whom
@custom:contract-name registry
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Storage of the Clearinghouse beside its books. A module of its own because the
        Clearinghouse and its parts share it, slot by slot.
"""

from ethereum.ercs import IERC20Detailed
from ..interfaces import IClearinghouseRecords
from .layout import role_layout
from .layout import units
from .layout import words

CAP_RAMP: constant(uint256) = 30 * 86_400  # seconds in which a collateral's cap grows


# role -> its holder and what is read together with it (layout: role_layout).
role_words: HashMap[uint256, uint256]
# role, or GUARDIAN -> its next holder and since when (layout: role_layout). 0: none is proposed.
pending_roles: public(HashMap[uint256, uint256])
# Who may pause.
guardian: public(address)
# action -> its budget and its last pause (layout: role_layout).
pause_budgets: public(HashMap[uint256, uint256])
# How many accounts an owner has opened: the index of the next one.
account_count: public(HashMap[address, uint256])
# owner -> operator -> permission bits.
operators: public(HashMap[address, HashMap[address, uint256]])
# collateral index -> what is listed there.
collaterals: public(HashMap[uint256, IClearinghouseRecords.Collateral])
# How many collaterals are listed.
collateral_count: public(uint256)
# token -> index + 1. 0: not listed.
collateral_place: HashMap[address, uint256]
# How long negative cash above the threshold is tolerated, seconds.
shortfall_grace: public(uint256)
# Bonus in collateral of those who then pay it, ppm of what they pay.
shortfall_discount: public(uint256)


@internal
@view
def _may(account: uint256, who: address, permission: uint256) -> bool:
    """
    @dev Whether somebody is the owner, or an operator with the permission.
    """
    owner: address = words._owner_of(account)
    return who == owner or self.operators[owner][who] & permission != 0


@internal
@view
def _require_authorised(account: uint256, permission: uint256):
    """
    @dev Only the owner and their operators move an account's money.
    """
    assert self._may(account, msg.sender, permission), "registry: not the account's owner"


@internal
@view
def _role(role: uint256) -> address:
    """
    @dev The holder of a role.
    """
    return convert(self.role_words[role] & role_layout.HOLDER_MASK, address)


@internal
@view
def _require_role(role: uint256):
    """
    @dev The caller holds a role.
    """
    self._require_caller(msg.sender == self._role(role))


@internal
@pure
def _require_caller(allowed: bool):
    """
    @dev The caller is one of the contracts that a function is for.
    """
    assert allowed, "registry: wrong caller"


@internal
@view
def _require_listed(index: uint256):
    """
    @dev The index is that of a listed collateral.
    """
    assert index < self.collateral_count, "registry: unknown token"


@internal
@view
def _require_no_proofs():
    """
    @dev Not while deficits are proven.
    """
    assert self._phase() != role_layout.WINDING_DOWN, "registry: winding down"


@internal
@view
def _phase() -> uint256:
    """
    @dev How far the clearinghouse is wound down: a phase of role_layout.
    """
    return self.role_words[role_layout.RISK_ENGINE] >> role_layout.PHASE_SHIFT


@internal
@view
def _require_running():
    """
    @dev The wind-down has not begun.
    """
    # As `_phase`, without its call: every deposit comes past here.
    assert (
        self.role_words[role_layout.RISK_ENGINE] >> role_layout.PHASE_SHIFT == role_layout.RUNNING
    ), "registry: winding down"


@internal
@view
def _require_withdrawals_open():
    """
    @dev Money may leave accounts: withdrawals are not paused, no pause of liquidations holds them
         up, and the wind-down has not begun.
    """
    self._require_running()
    assert (
        (self.role_words[role_layout.RISK_ENGINE] >> role_layout.FIRST_FIELD)
        & role_layout.ROLE_FIELD_MASK
        <= block.timestamp
    ), "registry: withdrawals are paused"


@internal
@pure
def _require_some(amount: uint256):
    """
    @dev Moving nothing is a mistake of the caller.
    """
    assert amount != 0, "registry: amount is zero"


@internal
@view
def _cap_now(index: uint256) -> uint256:
    """
    @dev What deposits of a collateral may reach now, WAD: a raised cap grows linearly, so that
         little of a new token comes in before its markets and its feeds have been watched for a
         while.
    """
    held: IClearinghouseRecords.Collateral = self.collaterals[index]
    passed: uint256 = min(block.timestamp - held.since, CAP_RAMP)
    return held.base + (held.cap - held.base) * passed // CAP_RAMP


@internal
@pure
def _require_held(enough: bool):
    """
    @dev Only what is held can be taken out.
    """
    assert enough, "registry: not enough held"


@internal
@pure
def _require_valid(valid: bool):
    """
    @dev A collateral that an account is about to count on has a VALID price.
    """
    assert valid, "registry: price not valid"


@internal
@view
def _index_of(token: address) -> uint256:
    """
    @dev Index of a listed collateral token.
    """
    place: uint256 = self.collateral_place[token]
    assert place != 0, "registry: unknown token"
    return place - 1


@internal
@view
def _scale_of(token: address) -> uint256:
    """
    @dev WAD per unit of a token.
    """
    decimals: uint8 = staticcall IERC20Detailed(token).decimals()
    assert decimals <= units.WAD_DECIMALS, "registry: token has more than 18 decimals"
    return 10**convert(units.WAD_DECIMALS - decimals, uint256)
