#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Who pays a shortfall
@custom:contract-name waterfall
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Splits shortfalls over tiers 2 to 5 and says what is left for tier 6, market by market.

        1. The owner's own contribution pays what it can (tier 2).
        2. The rest is attributed to markets (modules/attribution.vy).
        3. The reserve and tiers 3 to 5 pay within limits: each market's demand up to its limit, all
           together up to the total limit and to what is there, in proportion.
        4. Reserve, insurance fund, contributions, assessments, each until it is empty.

        Accounts resolved together share 3 in proportion, so that their order does not matter.
@dev    Works in transient storage: copies of such lists in memory would be most of the code.
"""

from ethereum.ercs import IERC4626
from ..interfaces import IClearinghouseRecords
from ..interfaces import IDefaultFund
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import words
from . import attribution
from . import default_rules
from . import draw_limits
from . import wad_math

uses: default_rules
uses: draw_limits


# @notice A shortfall and who pays it, WAD cash.
# @custom:member account The defaulter.
# @custom:member shortfall What they lack.
# @custom:member own Paid by their own contribution.
# @custom:member reserve Paid by the reserve. Likewise tiers 3, 4 and 5.
# @custom:member deferred What of tiers 3 to 5 a fund could not hand over yet.
# @custom:member uncovered What is left for tiers 6 and 7.
# @custom:member legs How many legs they have in `legs`: one at least.
struct Claim:
    account: uint256
    shortfall: uint256
    own: uint256
    reserve: uint256
    insurance: uint256
    contributions: uint256
    assessments: uint256
    deferred: uint256
    uncovered: uint256
    legs: uint256


# @notice What the reserve and tiers 3, 4 and 5 have for the claims at hand, WAD cash.
struct Funds:
    reserve: uint256
    insurance: uint256
    contributions: uint256
    assessments: uint256


# @notice What they pay, WAD cash.
# @custom:member granted All of it.
# @custom:member allowed Sum of what limits allow of each market's demand.
struct Grant:
    granted: uint256
    allowed: uint256


SETTLEMENT_SCALE: immutable(uint256)

# The shortfalls that are split together, and their legs: the weights of each position, then what of
# the shortfall belongs to it, in the end what of that nobody has paid.
count: transient(uint256)
claims: transient(Claim[limits.BATCH])
legs: transient(uint256[limits.MAX_KNOWN][limits.BATCH])
# market -> demand on reserve and funds, what is allowed of it, and what is paid, WAD cash.
demand: transient(HashMap[uint256, uint256])
allowed: transient(HashMap[uint256, uint256])
counted: transient(HashMap[uint256, uint256])
# Owner -> what of their contribution is spoken for, WAD cash.
promised: transient(HashMap[uint256, uint256])
# What the reserve and the funds pay for the claims together, WAD cash.
drawn: transient(uint256)


@deploy
def __init__(settlement_scale: uint256):
    """
    @param settlement_scale WAD per settlement token unit.
    """
    SETTLEMENT_SCALE = settlement_scale


# CLAIMS -------------------------------------------------------------------------------------------

@internal
def _begin():
    """
    @dev Forgets the claims of an earlier call.
    """
    self.count = 0


@internal
def _add(account: uint256, known: DynArray[uint256, limits.MAX_KNOWN], shortfall: uint256):
    """
    @dev Adds a shortfall to those that are split together.
    @param known The account's VALID legs with their weights (layout: leg_layout). Without a
           position among them the shortfall belongs to no market.
    """
    place: uint256 = self.count
    legs: uint256 = 0
    for leg: uint256 in known:
        if leg >> leg_layout.ROW_SHIFT > leg_layout.MARKET_ROW:
            self.legs[place][legs] = leg
            legs += 1
    if legs == 0:
        self.legs[place][0] = 0
        legs = 1
    self.claims[place] = Claim(
        account=account,
        shortfall=shortfall,
        own=0,
        reserve=0,
        insurance=0,
        contributions=0,
        assessments=0,
        deferred=0,
        uncovered=0,
        legs=legs,
    )
    self.count = place + 1


@internal
@view
def _unpaid_legs(place: uint256) -> DynArray[uint256, limits.MAX_KNOWN]:
    """
    @dev The legs of a claim with what of each nobody has paid; none when all is paid.
    """
    legs: DynArray[uint256, limits.MAX_KNOWN] = []
    if self.claims[place].uncovered == 0:
        return legs
    for j: uint256 in range(self.claims[place].legs, bound=limits.MAX_KNOWN):
        legs.append(self.legs[place][j])
    return legs


@internal
def _leave(place: uint256, amount: uint256):
    """
    @dev Leaves an amount (WAD cash) of a claim to tiers 6 and 7, on its first leg.
    """
    self.claims[place].uncovered += amount
    self.legs[place][0] += amount << leg_layout.DETAILS_SHIFT


# SPLIT --------------------------------------------------------------------------------------------

@internal
def _split(is_limited: bool):
    """
    @dev Fills in who pays the claims. Moves nothing and counts nothing yet: see `_book_draws`.
         INV-6.
    @param is_limited False in a wind-down: nobody trades on after it, nothing is saved for later.
    """
    funds: Funds = self._pay_own()
    free: uint256 = funds.reserve + funds.insurance + funds.contributions + funds.assessments
    if free == 0:
        for i: uint256 in range(self.count, bound=limits.BATCH):
            self.promised[self.claims[i].account >> words.OWNER_SHIFT] = 0
            self.claims[i].uncovered = self.claims[i].shortfall - self.claims[i].own
        return
    self._gather_demand()
    self.drawn = self._pay(funds, self._grant(free, is_limited))


@internal
def _pay_own() -> Funds:
    """
    @dev Tier 2, and what of the rest belongs to which market.
    @return What the reserve and tiers 3 to 5 have for the claims.
    """
    funds: Funds = empty(Funds)
    funds.reserve = staticcall IClearinghouseRecords(default_rules.CLEARINGHOUSE).reserve()
    funds.insurance = self._insured()
    spent: uint256 = 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        owner: uint256 = self.claims[i].account >> words.OWNER_SHIFT
        own: uint256 = 0
        own, funds.contributions, funds.assessments = self._pledged(self.claims[i].account)
        own = min(wad_math._zero_floor_sub(own, self.promised[owner]), self.claims[i].shortfall)
        self.claims[i].own = own
        self.promised[owner] += own
        spent += own
        self._attribute(i, self.claims[i].shortfall - own)
    funds.contributions = wad_math._zero_floor_sub(funds.contributions, spent)
    return funds


@internal
def _attribute(place: uint256, amount: uint256):
    """
    @dev Puts what of an amount (WAD cash) belongs to each leg of a claim in place of its weights;
         the last leg gets what roundings have left.
    """
    last: uint256 = self.claims[place].legs - 1
    left: uint256 = amount
    if last != 0:
        losses: uint256 = 0
        maintenance: uint256 = 0
        for j: uint256 in range(last + 1, bound=limits.MAX_KNOWN):
            leg: uint256 = self.legs[place][j]
            losses += attribution._loss_weight(leg)
            maintenance += attribution._maintenance_weight(leg)
        basis: attribution.Basis = attribution._basis(amount, losses, maintenance)
        for j: uint256 in range(last, bound=limits.MAX_KNOWN):
            leg: uint256 = self.legs[place][j]
            part: uint256 = attribution._part(basis, leg)
            left -= part
            self.legs[place][j] = self._with_amount(leg, part)
    self.legs[place][last] = self._with_amount(self.legs[place][last], left)


@internal
def _gather_demand():
    """
    @dev Demand of each market on the reserve and the funds.
    """
    for i: uint256 in range(self.count, bound=limits.BATCH):
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            amount: uint256 = leg_layout._amount(self.legs[i][j])
            if amount != 0:
                self.demand[leg_layout._market_of(self.legs[i][j])] += amount


@internal
def _grant(free: uint256, is_limited: bool) -> Grant:
    """
    @dev What is allowed of each market's demand, and what of all that is there.
    @param free What the reserve and tiers 3 to 5 have for these claims, WAD cash.
    """
    room: uint256 = max_value(uint256)
    market_limit: uint256 = max_value(uint256)
    if is_limited:
        room, market_limit = attribution._room(
            default_rules._waterfall(), free, draw_limits._used(0)
        )
    total: uint256 = 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        self.promised[self.claims[i].account >> words.OWNER_SHIFT] = 0
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            market: uint256 = leg_layout._market_of(self.legs[i][j])
            if self.demand[market] != 0 and self.allowed[market] == 0:
                most: uint256 = market_limit
                if is_limited and market != 0:
                    most = wad_math._zero_floor_sub(market_limit, draw_limits._used(market))
                self.allowed[market] = min(self.demand[market], most)
                total += self.allowed[market]
    return Grant(granted=min(min(total, room), free), allowed=total)


@internal
def _pay(funds: Funds, grant: Grant) -> uint256:
    """
    @dev Each claim's part, market by market, and which tier pays it; what is left stays in the
         legs.
    @return What the reserve and the funds pay for all claims, WAD cash.
    """
    left: Funds = funds
    drawn: uint256 = 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        claim: Claim = self.claims[i]
        paid: uint256 = 0
        for j: uint256 in range(claim.legs, bound=limits.MAX_KNOWN):
            leg: uint256 = self.legs[i][j]
            amount: uint256 = leg_layout._amount(leg)
            if amount == 0:
                continue
            market: uint256 = leg_layout._market_of(leg)
            share: uint256 = 0
            if grant.granted != 0:
                share = (
                    amount
                    * self.allowed[market] // self.demand[market]
                    * grant.granted // grant.allowed
                )
                self.counted[market] += share
            paid += share
            claim.uncovered += amount - share
            self.legs[i][j] = self._with_amount(leg, amount - share)
        drawn += paid
        claim.reserve = min(paid, left.reserve)
        left.reserve -= claim.reserve
        paid -= claim.reserve
        claim.insurance = min(paid, left.insurance)
        left.insurance -= claim.insurance
        paid -= claim.insurance
        claim.contributions = min(paid, left.contributions)
        left.contributions -= claim.contributions
        # granted <= what is there, so the last tier has the rest
        claim.assessments = paid - claim.contributions
        left.assessments -= claim.assessments
        self.claims[i] = claim
    return drawn


@internal
def _book_draws(is_limited: bool):
    """
    @dev Counts what markets draw against their limits, and forgets their demand: the end of every
         split.
    @param is_limited False for a split that is not carried out, and in a wind-down.
    """
    for i: uint256 in range(self.count, bound=limits.BATCH):
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            market: uint256 = leg_layout._market_of(self.legs[i][j])
            self.demand[market] = 0
            self.allowed[market] = 0
            if self.counted[market] != 0:
                if market != 0 and is_limited:
                    draw_limits._use(market, self.counted[market])
                self.counted[market] = 0
    if self.drawn != 0 and is_limited:
        draw_limits._use(0, self.drawn)
    self.drawn = 0


@internal
@pure
def _with_amount(leg: uint256, amount: uint256) -> uint256:
    """
    @dev A leg that carries an amount (WAD cash) in place of its details.
    """
    return leg & leg_layout.WITHOUT_DETAILS | amount << leg_layout.DETAILS_SHIFT


# FUNDS --------------------------------------------------------------------------------------------

@internal
@view
def _insured() -> uint256:
    """
    @dev What the insurance fund holds, WAD cash.
    """
    return (
        staticcall IERC4626(default_rules._role(role_layout.INSURANCE_FUND)).totalAssets()
        * SETTLEMENT_SCALE
    )


@internal
@view
def _pledged(account: uint256) -> (uint256, uint256, uint256):
    """
    @dev The owner's own contribution, all contributions, all assessments, WAD cash.
    """
    own: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    own, contributions, assessments = staticcall IDefaultFund(
        default_rules._role(role_layout.DEFAULT_FUND)
    ).available_for(account)
    return own, contributions, assessments
