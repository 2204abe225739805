#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What accounts ask of their owners' contributions
@custom:contract-name requirements
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Risk asks for a contribution: what the accounts of an owner have of initial margin is noted
        and summed up, and once the sum is large enough the owner must have contributed a share of
        all of it. They cannot take that out again before accounts have become smaller and are
        released. Accounts of less than a part of the threshold are not looked at: it takes more
        than that part of accounts on the edge to hide the threshold (see limits.NOTED_PART).
@dev    Invariant: `noted[owner]` is the sum of `noted_of` over the owner's accounts.
"""

from snekmate.utils import math
from ..interfaces import IClearinghouse
from ..interfaces import IDefaultFundEvents
from ..interfaces import IRiskEngine
from .layout import limits
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

# Account -> its initial margin when it last took on risk or was released, WAD cash; 0 if small.
noted_of: public(HashMap[uint256, uint256])

# Owner -> sum of `noted_of` over their accounts, WAD cash.
noted: public(HashMap[address, uint256])

# Owner -> contribution that is asked of them, WAD cash: as the terms were when this last changed.
required: public(HashMap[address, uint256])


# REQUIREMENTS -------------------------------------------------------------------------------------

@external
def require_contribution(account: uint256, initial: uint256, threshold: uint256):
    """
    @notice Notes the initial margin of an account that has taken on risk, and reverts if its owner
            is asked for more than before and has not contributed enough for all of their accounts.
            Only the Clearinghouse.
    @param account Id of the account.
    @param initial Its initial margin, WAD cash.
    @param threshold Initial margin up to which nothing is asked of an owner, whole units of cash.
    @custom:reverts fund: only the clearinghouse | requirements: contribution too small
    """
    fund._require_clearinghouse()
    owner: address = words._owner_of(account)
    before: uint256 = self.required[owner]
    requirement: uint256 = self._set_noted(account, owner, initial, threshold)
    if requirement > before:
        self._require_contribution(owner, requirement)


@external
def release_requirement(account: uint256):
    """
    @notice Lowers what is noted of an account to its initial margin now, and what is asked of its
            owner with it. Anyone, for anyone.
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
    threshold: uint256 = self._threshold()
    if initial * limits.NOTED_PART <= threshold * units.WAD or threshold == 0:
        initial = 0
    assert initial < self.noted_of[account], "requirements: not lower"
    requirement: uint256 = self._set_noted(account, words._owner_of(account), initial, threshold)


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
def _set_noted(account: uint256, owner: address, initial: uint256, threshold: uint256) -> uint256:
    """
    @dev Stores and logs the initial margin of an account, and what is asked of its owner: a part of
         all that is noted, rounded up, or nothing up to the threshold.
    @param initial WAD cash.
    @param threshold Whole units of cash; 0: nothing is asked of anybody.
    @return What is asked of the owner, WAD cash.
    """
    total: uint256 = self.noted[owner] - self.noted_of[account] + initial
    requirement: uint256 = 0
    if threshold != 0 and total > threshold * units.WAD:
        requirement = math._ceil_div(total * fund_terms._terms().contribution_rate, units.PPM)
    self.noted_of[account] = initial
    self.noted[owner] = total
    self.required[owner] = requirement
    log IDefaultFundEvents.SetRequirement(
        account=account,
        owner=owner,
        account_initial=initial,
        owner_initial=total,
        requirement=requirement,
    )
    return requirement


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
