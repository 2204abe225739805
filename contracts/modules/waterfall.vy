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
        3. Tiers 3 to 5 pay within limits: each market's demand up to its limit, all together up to
           the total limit and to what is there, in proportion. What is reserved for an account is
           its own and has counted before.
        4. Insurance fund, then contributions, then assessments, each until it is empty.

        Accounts resolved together share 3 in proportion, so that their order does not matter.
@dev    Works in transient storage: copies of such lists in memory would be most of the code.
"""

from ethereum.ercs import IERC4626
from ..interfaces import IDefaultFund
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import units
from .layout import words
from . import attribution
from . import default_rules
from . import draw_limits
from . import reservations
from . import wad_math

uses: default_rules
uses: draw_limits
uses: reservations


# @notice A shortfall and who pays it, WAD cash.
# @custom:member account The defaulter.
# @custom:member shortfall What they lack.
# @custom:member reserved Their reservation.
# @custom:member own Paid by tier 2. Likewise tiers 3, 4 and 5.
# @custom:member uncovered What is left for tiers 6 and 7.
# @custom:member legs How many legs they have in `legs`: one at least.
# @custom:member deferred What of tiers 2 to 5 could not be handed over.
struct Claim:
    account: uint256
    shortfall: uint256
    reserved: uint256
    own: uint256
    insurance: uint256
    contributions: uint256
    assessments: uint256
    uncovered: uint256
    legs: uint256
    deferred: uint256


# @notice What tiers 3, 4 and 5 have for the claims at hand, WAD cash.
struct Funds:
    insurance: uint256
    contributions: uint256
    assessments: uint256


# @notice What tiers 3 to 5 pay beyond reservations, WAD cash.
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
# market -> demand on tiers 3 to 5, what is allowed of it, and what is paid, WAD cash.
demand: transient(HashMap[uint256, uint256])
allowed: transient(HashMap[uint256, uint256])
counted: transient(HashMap[uint256, uint256])
# Owner -> what of their contribution is spoken for, WAD cash.
promised: transient(HashMap[uint256, uint256])


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
        reserved=reservations._of(account),
        own=0,
        insurance=0,
        contributions=0,
        assessments=0,
        uncovered=0,
        legs=legs,
        deferred=0,
    )
    self.count = place + 1


@internal
@view
def _legs(place: uint256) -> DynArray[uint256, limits.MAX_KNOWN]:
    """
    @dev The legs of a claim with what of each nobody has paid.
    """
    legs: DynArray[uint256, limits.MAX_KNOWN] = []
    for j: uint256 in range(self.claims[place].legs, bound=limits.MAX_KNOWN):
        legs.append(self.legs[place][j])
    return legs


@internal
def _adjust(place: uint256, shortfall: uint256):
    """
    @dev Turns the split of an estimated shortfall into that of the exact one, which roundings of
         the closing make different: the last to pay pays the difference.
    """
    if shortfall >= self.claims[place].shortfall:
        self._raise(place, shortfall - self.claims[place].shortfall)
    else:
        self._lower(place, self.claims[place].shortfall - shortfall)
    self.claims[place].shortfall = shortfall


@internal
def _raise(place: uint256, more: uint256):
    """
    @dev Lets the last tier that pays for a claim pay more, WAD cash.
    """
    claim: Claim = self.claims[place]
    if claim.uncovered != 0 or claim.shortfall == 0:
        self._leave(place, more)
    elif claim.assessments != 0:
        self.claims[place].assessments += more
    elif claim.contributions != 0:
        self.claims[place].contributions += more
    elif claim.insurance != 0:
        self.claims[place].insurance += more
    else:
        self.claims[place].own += more


@internal
def _lower(place: uint256, amount: uint256):
    """
    @dev Lets tiers pay less for a claim, the last to pay first, WAD cash.
    """
    claim: Claim = self.claims[place]
    less: uint256 = amount
    for j: uint256 in range(claim.legs, bound=limits.MAX_KNOWN):
        part: uint256 = min(min(less, leg_layout._amount(self.legs[place][j])), claim.uncovered)
        if part != 0:
            self.legs[place][j] -= part << leg_layout.DETAILS_SHIFT
            claim.uncovered -= part
            less -= part
    part: uint256 = min(less, claim.assessments)
    claim.assessments -= part
    less -= part
    part = min(less, claim.contributions)
    claim.contributions -= part
    less -= part
    part = min(less, claim.insurance)
    claim.insurance -= part
    claim.own -= min(less - part, claim.own)
    self.claims[place] = claim


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
    @dev Fills in who pays the claims, and counts it against the limits. Moves nothing. INV-6.
    @param is_limited False in a wind-down: nobody trades on after it, nothing is saved for later.
    """
    funds: Funds = empty(Funds)
    guaranteed: uint256 = 0
    funds, guaranteed = self._pay_own(self._promise())
    free: uint256 = funds.insurance + funds.contributions + funds.assessments
    if free == 0:
        for i: uint256 in range(self.count, bound=limits.BATCH):
            self.promised[self.claims[i].account >> words.OWNER_SHIFT] = 0
            self.claims[i].uncovered = self.claims[i].shortfall - self.claims[i].own
        return
    self._gather_demand()
    grant: Grant = self._grant(free, guaranteed, is_limited)
    drawn: uint256 = self._pay(funds, grant)
    self._count(is_limited)
    if drawn != 0 and is_limited:
        draw_limits._use(0, drawn)


@internal
def _promise() -> uint256:
    """
    @dev Notes what of each owner's contribution is kept for accounts that are not split now.
    @return What is kept for these accounts in all, field by field (layout: tier_layout).
    """
    kept: uint256 = reservations.kept_in_all
    if kept == 0:
        return 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        owner: uint256 = self.claims[i].account >> words.OWNER_SHIFT
        kept -= self.claims[i].reserved  # field by field: sums contain their parts
        self.promised[owner] = reservations.own_reserved[owner] * units.CASH_UNIT
    for i: uint256 in range(self.count, bound=limits.BATCH):
        self.promised[self.claims[i].account >> words.OWNER_SHIFT] -= reservations._field(
            self.claims[i].reserved, 0
        )
    return kept


@internal
def _pay_own(kept: uint256) -> (Funds, uint256):
    """
    @dev Tier 2, and what of the rest belongs to which market. What is reserved comes first.
    @param kept What is kept for other accounts (layout: tier_layout).
    @return What tiers 3 to 5 have for the claims, and what of the claims they have reserved.
    """
    funds: Funds = empty(Funds)
    funds.insurance = wad_math._zero_floor_sub(self._insured(), reservations._field(kept, 1))
    guaranteed: uint256 = 0
    spent: uint256 = 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        owner: uint256 = self.claims[i].account >> words.OWNER_SHIFT
        own: uint256 = 0
        own, funds.contributions, funds.assessments = self._pledged(self.claims[i].account)
        own = min(wad_math._zero_floor_sub(own, self.promised[owner]), self.claims[i].shortfall)
        self.claims[i].own = own
        self.promised[owner] += own
        spent += own
        rest: uint256 = self.claims[i].shortfall - own
        self._attribute(i, rest)
        guaranteed += min(reservations._of_funds(self.claims[i].reserved), rest)
    funds.contributions = wad_math._zero_floor_sub(
        funds.contributions,
        spent + reservations._field(kept, 0) + reservations._field(kept, 2),
    )
    funds.assessments = wad_math._zero_floor_sub(funds.assessments, reservations._field(kept, 3))
    return funds, guaranteed


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
    @dev Demand of each market beyond what is reserved for its accounts.
    """
    for i: uint256 in range(self.count, bound=limits.BATCH):
        rest: uint256 = self.claims[i].shortfall - self.claims[i].own
        reserved: uint256 = min(reservations._of_funds(self.claims[i].reserved), rest)
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            amount: uint256 = leg_layout._amount(self.legs[i][j])
            if amount != 0:
                self.demand[leg_layout._market_of(self.legs[i][j])] += (
                    amount - amount * reserved // rest
                )


@internal
def _grant(free: uint256, guaranteed: uint256, is_limited: bool) -> Grant:
    """
    @dev What is allowed of each market's demand, and what of all that is there.
    @param free What tiers 3 to 5 have for these claims, WAD cash.
    @param guaranteed What of it is reserved for them, WAD cash.
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
    return Grant(
        granted=min(min(total, room), wad_math._zero_floor_sub(free, guaranteed)), allowed=total
    )


@internal
def _pay(funds: Funds, grant: Grant) -> uint256:
    """
    @dev Each claim's part, market by market, and which tier pays it; what is left stays in the
         legs.
    @return What is drawn beyond reservations, WAD cash.
    """
    left: Funds = funds
    drawn: uint256 = 0
    for i: uint256 in range(self.count, bound=limits.BATCH):
        claim: Claim = self.claims[i]
        rest: uint256 = claim.shortfall - claim.own
        reserved: uint256 = min(reservations._of_funds(claim.reserved), rest)
        paid: uint256 = 0
        for j: uint256 in range(claim.legs, bound=limits.MAX_KNOWN):
            leg: uint256 = self.legs[i][j]
            amount: uint256 = leg_layout._amount(leg)
            if amount == 0:
                continue
            market: uint256 = leg_layout._market_of(leg)
            share: uint256 = amount * reserved // rest
            if share != amount and grant.granted != 0:
                part: uint256 = (
                    (amount - share)
                    * self.allowed[market] // self.demand[market]
                    * grant.granted // grant.allowed
                )
                self.counted[market] += part
                drawn += part
                share += part
            paid += share
            claim.uncovered += amount - share
            self.legs[i][j] = self._with_amount(leg, amount - share)
        claim.insurance = min(paid, left.insurance)
        left.insurance -= claim.insurance
        paid -= claim.insurance
        claim.contributions = min(paid, left.contributions)
        left.contributions -= claim.contributions
        paid -= claim.contributions
        claim.assessments = min(paid, left.assessments)
        left.assessments -= claim.assessments
        self.claims[i] = claim
        # Reserved money that a fund does not have after all.
        if paid != claim.assessments:
            self._leave(i, paid - claim.assessments)
    return drawn


@internal
def _count(is_limited: bool):
    """
    @dev Counts what markets draw against their limits, and forgets their demand.
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
