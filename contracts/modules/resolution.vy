#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Resolution: split shortfalls are paid
@custom:contract-name resolution
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Draws tiers 2 to 5 for the claims of the waterfall; the ledger books the reserve, settles
        what is left in tiers 6 and 7, and records who paid.
"""

from ..interfaces import IClearinghouseTearUps
from ..interfaces import IDefaultFundManager
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IInsuranceFundManager
from .layout import limits
from .layout import role_layout
from . import default_rules
from . import waterfall

uses: default_rules
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
    @dev Counts the draws against the limits, draws tiers 2 to 5 for the claims that were split, and
         lets the ledger charge tier 6, deepen the hole by the rest, record the debts and end the
         insolvency of accounts that have nothing left to sell. INV-6.
    """
    waterfall._book_draws(True)
    is_one: bool = waterfall.count == 1
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        if not is_one and waterfall.claims[i].own != 0:
            self._draw_own(i)
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        self._draw(i, is_one)
    charge_cap: uint256 = default_rules._waterfall().charge_cap
    for i: uint256 in range(waterfall.count, bound=limits.BATCH):
        self._conclude(i, charge_cap)


@internal
def _conclude(place: uint256, charge_cap: uint256):
    """
    @dev Lets the ledger settle a claim, with the stage that follows, and logs who paid it.
    @param charge_cap ppm of the mark.
    """
    claim: waterfall.Claim = waterfall.claims[place]
    from_reserve: uint256 = 0
    charged: uint256 = 0
    to_hole: uint256 = 0
    from_reserve, charged, to_hole = extcall IClearinghouseTearUps(
        default_rules.CLEARINGHOUSE
    ).conclude(
        claim.account,
        waterfall._unpaid_legs(place),
        charge_cap,
        IClearinghouseTearUps.Payments(
            reserve=claim.reserve,
            insurance=claim.insurance,
            contributions=claim.contributions,
            assessments=claim.assessments,
            deferred=claim.deferred,
        ),
    )
    if claim.shortfall != 0:
        log IDefaultManagerEvents.ShortfallPaid(
            account=claim.account,
            shortfall=claim.shortfall,
            own=claim.own,
            reserve=from_reserve,
            insurance=claim.insurance,
            contributions=claim.contributions,
            assessments=claim.assessments,
            charged=charged,
            to_hole=to_hole,
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
    waterfall.claims[place].deferred = deferred
    waterfall.claims[place].contributions += asked - paid


@internal
def _draw(place: uint256, with_own: bool):
    """
    @dev Draws what tiers 2 (unless it has paid), 3, 4 and 5 are to pay for a claim; what a fund
         cannot pay after all stays uncovered, what it cannot hand over now is deferred.
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
        claim.deferred += deferred
        if with_own:
            claim.own = own
    waterfall.claims[place] = claim
    missing: uint256 = wanted - (
        claim.own + claim.insurance + claim.contributions + claim.assessments
    )
    if missing != 0:
        waterfall._leave(place, missing)
