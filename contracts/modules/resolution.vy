#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Resolution: split shortfalls are paid
@custom:contract-name resolution
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Draws tiers 2 to 5 for the claims of the waterfall, settles what is left in tiers 6 and 7,
        and lets the ledger record who paid.
"""

from ..interfaces import IClearinghouseTearUps
from ..interfaces import IDefaultFundManager
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IInsuranceFundManager
from .layout import limits
from .layout import role_layout
from . import default_rules
from . import reservations
from . import waterfall

uses: default_rules
uses: reservations
uses: waterfall


@internal
def _split_one(account: uint256, known: DynArray[uint256, limits.MAX_KNOWN], shortfall: uint256):
    """
    @dev Splits one shortfall (WAD cash) alone; the result is `waterfall.claims[0]`.
    """
    waterfall._begin()
    waterfall._add(account, known, shortfall)
    waterfall._split(True)


@internal
def _execute():
    """
    @dev Draws tiers 2 to 5 for the claims that were split, charges tier 6, deepens the hole by the
         rest, records the debts and ends the insolvency of accounts that have nothing left to sell.
         INV-6.
    """
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        reservations._release(waterfall.claims[i].account)
        if waterfall.count != 1 and waterfall.claims[i].own != 0:
            self._draw_own(i)
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        self._draw(i, waterfall.count == 1)
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        to_hole: uint256 = 0
        if waterfall.claims[i].uncovered != 0:
            to_hole = extcall IClearinghouseTearUps(default_rules.CLEARINGHOUSE).settle_loss(
                waterfall.claims[i].account, waterfall._legs(i)
            )
        self._conclude(waterfall.claims[i], to_hole)


@internal
def _conclude(claim: waterfall.Claim, to_hole: uint256):
    """
    @dev Logs who paid a shortfall and lets the ledger record it, with the stage that follows.
    """
    if claim.shortfall != 0:
        log IDefaultManagerEvents.ShortfallPaid(
            account=claim.account,
            shortfall=claim.shortfall,
            own=claim.own,
            insurance=claim.insurance,
            contributions=claim.contributions,
            assessments=claim.assessments,
            charged=claim.uncovered - to_hole,
            to_hole=to_hole,
        )
    extcall IClearinghouseTearUps(default_rules.CLEARINGHOUSE).conclude(
        claim.account,
        claim.own,
        claim.insurance,
        claim.contributions,
        claim.assessments,
        to_hole,
        claim.deferred,
    )


@internal
def _draw_own(place: uint256):
    """
    @dev Tier 2 of one claim among several: before tier 4 pays for any of them, since that makes
         every contribution worth less. What roundings take from it, the pool pays.
    """
    account: uint256 = waterfall.claims[place].account
    asked: uint256 = waterfall.claims[place].own
    paid: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    deferred: uint256 = 0
    paid, contributions, assessments, deferred = extcall IDefaultFundManager(
        default_rules._role(role_layout.DEFAULT_FUND)
    ).draw(account, asked, 0, 0)
    waterfall.claims[place].own = paid
    waterfall.claims[place].deferred += deferred
    waterfall.claims[place].contributions += asked - paid


@internal
def _draw(place: uint256, with_own: bool):
    """
    @dev Draws what tiers 2 (unless it has paid), 3, 4 and 5 are to pay for a claim; what a fund
         cannot pay after all stays uncovered.
    """
    claim: waterfall.Claim = waterfall.claims[place]
    own: uint256 = claim.own if with_own else 0
    members: uint256 = own + claim.contributions + claim.assessments
    wanted: uint256 = claim.own + claim.insurance + claim.contributions + claim.assessments
    deferred: uint256 = 0
    if claim.insurance != 0:
        claim.insurance, deferred = extcall IInsuranceFundManager(
            default_rules._role(role_layout.INSURANCE_FUND)
        ).draw(claim.account, claim.insurance)
        claim.deferred += deferred
    if members != 0:
        own, claim.contributions, claim.assessments, deferred = extcall IDefaultFundManager(
            default_rules._role(role_layout.DEFAULT_FUND)
        ).draw(claim.account, own, claim.contributions, claim.assessments)
        if with_own:
            claim.own = own
        claim.deferred += deferred
    waterfall.claims[place] = claim
    missing: uint256 = wanted - (
        claim.own + claim.insurance + claim.contributions + claim.assessments
    )
    if missing != 0:
        waterfall._leave(place, missing)
