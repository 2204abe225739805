#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What accounts ask of their owners' contributions
@custom:contract-name requirements
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Risk asks for a contribution: once the initial margin of an account is large enough for the
        Clearinghouse to ask, its owner must have contributed a share of it, and cannot take that
        out again before the account has become smaller and the requirement is released.
@dev    Invariant: `required[owner]` is the sum of `required_of` over the owner's accounts.
"""

from snekmate.utils import math
from ..interfaces import IClearinghouse
from ..interfaces import IDefaultFundEvents
from ..interfaces import IRiskEngine
from .layout import role_layout
from .layout import tier_layout
from .layout import units
from .layout import words
from . import fund
from . import fund_terms
from . import loss_tranches

uses: fund
uses: fund_terms
uses: loss_tranches


# STORAGE ------------------------------------------------------------------------------------------

# Account -> contribution it asks of its owner, WAD cash.
required_of: public(HashMap[uint256, uint256])

# Owner -> sum of `required_of` over their accounts, WAD cash.
required: public(HashMap[address, uint256])


# REQUIREMENTS -------------------------------------------------------------------------------------

@external
def require_contribution(account: uint256, initial: uint256):
    """
    @notice Notes what an account that has taken on risk asks of its owner's contribution, and
            reverts if that is more than before and they have not contributed enough for all of
            their accounts. Only the Clearinghouse.
    @param account Id of the account.
    @param initial Its initial margin, WAD cash.
    @custom:reverts fund: only the clearinghouse | requirements: contribution too small
    """
    fund._require_clearinghouse()
    before: uint256 = self.required_of[account]
    requirement: uint256 = self._requirement(initial)
    if requirement == before:
        return
    total: uint256 = self._set_requirement(account, before, requirement)
    if requirement > before:
        self._require_contribution(words._owner_of(account), total)


@external
def release_requirement(account: uint256):
    """
    @notice Lowers what an account asks of its owner's contribution to what its initial margin asks
            now. Anyone, for anyone.
    @param account Id of the account.
    @custom:reverts requirements: not lower
    """
    engine: address = staticcall IClearinghouse(fund.CLEARINGHOUSE).roles(
        role_layout.RISK_ENGINE, skip_contract_check=True
    )
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(engine).margin(account)
    before: uint256 = self.required_of[account]
    requirement: uint256 = 0
    threshold: uint256 = self._threshold()
    if threshold != 0 and initial > threshold * units.WAD:
        requirement = self._requirement(initial)
    assert requirement < before, "requirements: not lower"
    self._set_requirement(account, before, requirement)


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
@view
def _require_contribution(member: address, requirement: uint256):
    """
    @dev Reverts unless a member has contributed what their accounts ask.
    @param member Address of the member.
    @param requirement WAD cash.
    @custom:reverts requirements: contribution too small
    """
    assert (
        loss_tranches._value_of(member, tier_layout.CONTRIBUTIONS) >= requirement
    ), "requirements: contribution too small"


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_requirement(account: uint256, before: uint256, requirement: uint256) -> uint256:
    """
    @dev Stores and logs what an account asks of its owner, `before` until now.
    @return What all the owner's accounts ask, WAD cash.
    """
    owner: address = words._owner_of(account)
    total: uint256 = self.required[owner] - before + requirement
    self.required_of[account] = requirement
    self.required[owner] = total
    log IDefaultFundEvents.SetRequirement(
        account=account,
        owner=owner,
        account_requirement=requirement,
        owner_requirement=total,
    )
    return total


@internal
@view
def _requirement(initial: uint256) -> uint256:
    """
    @dev Contribution that an initial margin asks for, WAD cash, rounded up.
    """
    return math._ceil_div(initial * fund_terms._terms().contribution_rate, units.PPM)


@internal
@view
def _threshold() -> uint256:
    """
    @dev IM up to which nothing is asked of an owner, whole units of cash (layout: role_layout).
    """
    word: uint256 = staticcall IClearinghouse(fund.CLEARINGHOUSE).role_word(
        role_layout.EXCHANGE, skip_contract_check=True
    )
    return (word >> role_layout.SECOND_FIELD) & role_layout.ROLE_FIELD_MASK
