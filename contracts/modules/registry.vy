#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title The registry: who is plugged in, which tokens count, who may act for whom
@custom:contract-name registry
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Storage of the clearinghouse beside its books. Kept in a module of its own because the
        Clearinghouse and its ClearinghouseSlices share it, slot by slot.
"""

from ethereum.ercs import IERC20Detailed
from ..interfaces import IClearinghouseRecords
from .layout import role_layout
from .layout import units
from .layout import words

CAP_RAMP: constant(uint256) = 30 * 86_400  # seconds in which a collateral's cap grows


# Who judges, who trades, who runs defaults, who insures (layout above).
role_words: HashMap[uint256, uint256]
# role -> its next holder and, from bit 160 on, when he may take over (unix seconds). 0: none.
pending_roles: public(HashMap[uint256, uint256])
# Who may pause, and who may take that over.
guardian: public(address)
pending_guardian: public(address)
# action -> start of its window 40 | seconds paused in it 40.
pause_budgets: public(HashMap[uint256, uint256])
# How many accounts an owner has opened: the index of the next one.
account_count: public(HashMap[address, uint256])
# owner -> operator -> permission bits.
operators: public(HashMap[address, HashMap[address, uint256]])
# Listed collateral, by index; total = sum over accounts.
collaterals: public(HashMap[uint256, IClearinghouseRecords.Collateral])
collateral_count: public(uint256)
# token -> index + 1. 0: not listed.
collateral_place: HashMap[address, uint256]
# How long negative cash above the threshold is tolerated (seconds) and what whoever then pays it
# gets on top in collateral (ppm).
shortfall_grace: public(uint256)
shortfall_discount: public(uint256)
# Part of the fees that goes to the default fund, the rest to the insurance fund, ppm.
default_fund_share: public(uint256)


@internal
@view
def _may(account: uint256, who: address, permission: uint256) -> bool:
    """
    @dev Owner, or operator with the permission.
    """
    owner: address = words._owner_of(account)
    return who == owner or self.operators[owner][who] & permission != 0


@internal
@view
def _require_authorised(account: uint256, permission: uint256):
    """
    @dev Section "who may do what": only the owner and his operators move an account's money.
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
    @dev One of the plugged-in contracts.
    """
    self._require_caller(msg.sender == self._role(role))


@internal
@pure
def _require_caller(allowed: bool):
    """
    @dev One of the contracts that a function is for.
    """
    assert allowed, "registry: wrong caller"


@internal
@view
def _require_listed(index: uint256):
    """
    @dev A collateral that was listed.
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
    @dev How far the clearinghouse has been wound down.
    """
    return self.role_words[role_layout.RISK_ENGINE] >> role_layout.PHASE_SHIFT


@internal
@view
def _require_running():
    """
    @dev Not in wind-down.
    """
    # As `_phase`, without its call: every deposit comes past here.
    assert (
        self.role_words[role_layout.RISK_ENGINE] >> role_layout.PHASE_SHIFT == role_layout.RUNNING
    ), "registry: winding down"


@internal
@view
def _require_withdrawals_open():
    """
    @dev Money leaves accounts: neither paused nor in wind-down.
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
    @dev Moving nothing is a mistake of the caller's.
    """
    assert amount != 0, "registry: amount is zero"


@internal
@view
def _cap_now(index: uint256) -> uint256:
    """
    @dev What deposits of a collateral may reach now, WAD: a cap that was raised grows linearly, so
         that nobody can bring in much of a new token before people have looked at it.
    """
    held: IClearinghouseRecords.Collateral = self.collaterals[index]
    passed: uint256 = min(block.timestamp - held.since, CAP_RAMP)
    return held.base + (held.cap - held.base) * passed // CAP_RAMP


@internal
@pure
def _require_held(enough: bool):
    """
    @dev Nobody takes out what he has not.
    """
    assert enough, "registry: not enough held"


@internal
@pure
def _require_valid(valid: bool):
    """
    @dev Of a collateral whose value the account is about to count on.
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
