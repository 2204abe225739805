#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Prospects: who would pay a shortfall
@custom:contract-name prospects
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What the Lens foresees of the waterfall, by the waterfall's own attribution and limits.
"""

from ethereum.ercs import IERC4626
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IDefaultFund
from ..interfaces import IDefaultManagerViews
from ..interfaces import ILens
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from . import attribution


@internal
@view
def _prospect(
    clearinghouse: address,
    manager: address,
    before: ILens.NextStep,
    known: DynArray[uint256, limits.MAX_KNOWN],
) -> ILens.NextStep:
    """
    @dev Who would pay a shortfall if it were resolved alone now, as the waterfall splits it;
         without one, what each tier has for the account.
    @param clearinghouse Address of the ledger.
    @param manager Address of the DefaultManager.
    @param before The step as far as it is known: account and shortfall (WAD cash).
    @param known The account's VALID legs with their details (layout: leg_layout).
    """
    step: ILens.NextStep = before
    held: uint256[4] = self._tiers(clearinghouse, manager, step.account)
    step.own = held[0]
    if step.shortfall != 0:
        step.own = min(held[0], step.shortfall)
    step.insurance = held[1]
    step.contributions = held[2] - min(step.own, held[2])
    step.assessments = held[3]
    if step.shortfall == 0:
        return step

    rest: uint256 = step.shortfall - step.own
    if rest == 0:
        step.insurance = 0
        step.contributions = 0
        step.assessments = 0
        return step
    free: uint256 = step.insurance + step.contributions + step.assessments
    guaranteed: uint256 = min(min(self._reserved_for(manager, step.account), rest), free)
    used: uint256 = staticcall IDefaultManagerViews(manager).limit_used(0)
    room: uint256 = 0
    limit: uint256 = 0
    room, limit = attribution._room(
        staticcall IDefaultManagerViews(manager).waterfall(), free, used
    )
    granted: uint256 = self._allowed(manager, known, rest, guaranteed, limit)
    paid: uint256 = guaranteed + min(min(granted, room), free - guaranteed)
    step.uncovered = rest - min(paid, rest)
    step.insurance = min(step.insurance, paid)
    paid -= step.insurance
    step.contributions = min(step.contributions, paid)
    paid -= step.contributions
    step.assessments = min(step.assessments, paid)
    return step


@internal
@view
def _allowed(
    manager: address,
    known: DynArray[uint256, limits.MAX_KNOWN],
    amount: uint256,
    guaranteed: uint256,
    limit: uint256,
) -> uint256:
    """
    @dev What the limits of markets allow of a shortfall beyond reservations, WAD cash.
    @param amount The shortfall without tier 2, WAD cash.
    @param guaranteed What of it is reserved, WAD cash.
    @param limit Limit of one market, WAD cash.
    """
    losses: uint256 = 0
    maintenance: uint256 = 0
    for leg: uint256 in known:
        if leg_layout._market_of(leg) != 0:
            losses += attribution._loss_weight(leg)
            maintenance += attribution._maintenance_weight(leg)
    if losses + maintenance == 0:
        return min(amount - guaranteed, limit)
    basis: attribution.Basis = attribution._basis(amount, losses, maintenance)
    allowed: uint256 = 0
    for leg: uint256 in known:
        market: uint256 = leg_layout._market_of(leg)
        if market == 0:
            continue
        part: uint256 = attribution._part(basis, leg)
        part -= part * guaranteed // amount
        drawn: uint256 = staticcall IDefaultManagerViews(manager).limit_used(market)
        allowed += min(part, limit - min(drawn, limit))
    return allowed


@internal
@view
def _tiers(clearinghouse: address, manager: address, account: uint256) -> uint256[4]:
    """
    @dev What tiers 2 to 5 have for an account, WAD cash: what is reserved for others is not theirs
         to give. The owner's own contribution is part of the third; what of it is reserved for
         the owner's other accounts is not taken off here, as it is in a default.
    """
    mine: uint256[4] = empty(uint256[4])
    all: uint256[4] = empty(uint256[4])
    held: uint256[4] = empty(uint256[4])
    mine[0], mine[1], mine[2], mine[3] = staticcall IDefaultManagerViews(manager).reservation(
        account
    )
    all[0], all[1], all[2], all[3] = staticcall IDefaultManagerViews(manager).reserved()
    held[0], held[2], held[3] = staticcall IDefaultFund(
        staticcall IClearinghouse(clearinghouse).roles(role_layout.DEFAULT_FUND)
    ).available_for(account)
    held[1] = (
        staticcall IERC4626(
            staticcall IClearinghouse(clearinghouse).roles(role_layout.INSURANCE_FUND)
        ).totalAssets()
        * staticcall IClearinghouseRecords(clearinghouse).SETTLEMENT_SCALE()
    )
    all[2] += all[0]
    mine[2] += mine[0]
    for tier: uint256 in range(1, 4):
        held[tier] -= min(all[tier] - mine[tier], held[tier])
    return held


@internal
@view
def _reserved_for(manager: address, account: uint256) -> uint256:
    """
    @dev What is reserved of tiers 3 to 5 for an account, WAD cash.
    """
    own: uint256 = 0
    insurance: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    own, insurance, contributions, assessments = staticcall IDefaultManagerViews(
        manager
    ).reservation(account)
    return insurance + contributions + assessments
