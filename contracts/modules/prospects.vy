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
    step = self._tiers(clearinghouse, step)
    if step.shortfall == 0:
        return step

    rest: uint256 = step.shortfall - step.own
    if rest == 0:
        step.reserve = 0
        step.insurance = 0
        step.contributions = 0
        step.assessments = 0
        return step
    free: uint256 = step.reserve + step.insurance + step.contributions + step.assessments
    used: uint256 = staticcall IDefaultManagerViews(manager).limit_used(0)
    room: uint256 = 0
    limit: uint256 = 0
    room, limit = attribution._room(
        staticcall IDefaultManagerViews(manager).waterfall(), free, used
    )
    paid: uint256 = min(min(self._allowed(manager, known, rest, limit), room), free)
    step.uncovered = rest - min(paid, rest)
    step.reserve = min(step.reserve, paid)
    paid -= step.reserve
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
    limit: uint256,
) -> uint256:
    """
    @dev What the limits of markets allow of a shortfall, WAD cash.
    @param amount The shortfall without tier 2, WAD cash.
    @param limit Limit of one market, WAD cash.
    """
    losses: uint256 = 0
    maintenance: uint256 = 0
    for leg: uint256 in known:
        if leg_layout._market_of(leg) != 0:
            losses += attribution._loss_weight(leg)
            maintenance += attribution._maintenance_weight(leg)
    if losses + maintenance == 0:
        return min(amount, limit)
    basis: attribution.Basis = attribution._basis(amount, losses, maintenance)
    allowed: uint256 = 0
    for leg: uint256 in known:
        market: uint256 = leg_layout._market_of(leg)
        if market == 0:
            continue
        part: uint256 = attribution._part(basis, leg)
        drawn: uint256 = staticcall IDefaultManagerViews(manager).limit_used(market)
        allowed += min(part, limit - min(drawn, limit))
    return allowed


@internal
@view
def _tiers(clearinghouse: address, before: ILens.NextStep) -> ILens.NextStep:
    """
    @dev What the reserve and tiers 2 to 5 have for an account, WAD cash; of a shortfall tier 2
         pays first, out of the third.
    @param clearinghouse Address of the ledger.
    @param before The step as far as it is known: account and shortfall (WAD cash).
    """
    step: ILens.NextStep = before
    step.own, step.contributions, step.assessments = staticcall IDefaultFund(
        staticcall IClearinghouse(clearinghouse).roles(role_layout.DEFAULT_FUND)
    ).available_for(step.account)
    if step.shortfall != 0:
        step.own = min(step.own, step.shortfall)
    step.contributions -= min(step.own, step.contributions)
    step.reserve = staticcall IClearinghouseRecords(clearinghouse).reserve()
    step.insurance = (
        staticcall IERC4626(
            staticcall IClearinghouse(clearinghouse).roles(role_layout.INSURANCE_FUND)
        ).totalAssets()
        * staticcall IClearinghouseRecords(clearinghouse).SETTLEMENT_SCALE()
    )
    return step
