#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Who pays a shortfall
@custom:contract-name waterfall
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Splits shortfalls over tiers 2 to 5 and says what is left for tier 6, market by market.

        1. The owner's own contribution pays what it can (tier 2).
        2. The rest is attributed to markets: to each its unrealised loss, and what exceeds their
           sum by maintenance margin; when losses exceed the rest, in proportion to them.
        3. Tiers 3 to 5 pay within limits: each market's demand up to its limit, all together up to
           the total limit and to what is there, in proportion. What is reserved for an account is
           its own and has counted before.
        4. Insurance fund, then contributions, then assessments, each until it is empty.

        Accounts resolved together share 3 in proportion, so that their order does not matter.
"""

from ethereum.ercs import IERC4626
from ..interfaces import IClearinghouse
from ..interfaces import IDefaultFund
from ..interfaces import IDefaultManager
from ..interfaces import IFundManager
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import tier_layout
from .layout import units
from .layout import words
from . import default_rules

uses: default_rules


# @notice A shortfall and who pays it, WAD cash.
# @custom:member account The defaulter.
# @custom:member shortfall What he lacks.
# @custom:member reserved His reservation.
# @custom:member own Paid by tier 2. Likewise tiers 3, 4 and 5.
# @custom:member uncovered What is left for tiers 6 and 7.
# @custom:member legs How many legs he has in `legs`: one at least.
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


SETTLEMENT_SCALE: immutable(uint256)

# The shortfalls that are split together, and their legs: the weights of each position, then what of
# the shortfall belongs to it, in the end what of that nobody has paid. In transient storage, since
# copies of such lists in memory would be most of the code.
count: transient(uint256)
claims: transient(Claim[limits.BATCH])
legs: transient(uint256[limits.MAX_KNOWN][limits.BATCH])
# market -> demand on tiers 3 to 5, what is allowed of it, and what is paid, WAD cash.
demand: transient(HashMap[uint256, uint256])
allowed: transient(HashMap[uint256, uint256])
counted: transient(HashMap[uint256, uint256])
# Owner -> what of his contribution is spoken for, WAD cash.
promised: transient(HashMap[uint256, uint256])


@deploy
def __init__(settlement_scale: uint256):
    """
    @param settlement_scale WAD per settlement token unit.
    """
    SETTLEMENT_SCALE = settlement_scale


# CLAIMS -----------------------------------------------------------------------------------------

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
    @param known The account's VALID legs with their weights (layout: IRiskEngine). Without a
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
        reserved=default_rules._reservation(account),
        own=0,
        insurance=0,
        contributions=0,
        assessments=0,
        uncovered=0,
        legs=legs,
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
    claim: Claim = self.claims[place]
    if shortfall >= claim.shortfall:
        more: uint256 = shortfall - claim.shortfall
        if claim.uncovered != 0 or claim.shortfall == 0:
            claim.uncovered += more
            self.legs[place][0] += more << leg_layout.DETAILS_SHIFT
        elif claim.assessments != 0:
            claim.assessments += more
        elif claim.contributions != 0:
            claim.contributions += more
        elif claim.insurance != 0:
            claim.insurance += more
        else:
            claim.own += more
    else:
        less: uint256 = claim.shortfall - shortfall
        for j: uint256 in range(claim.legs, bound=limits.MAX_KNOWN):
            part: uint256 = min(min(less, self._amount(self.legs[place][j])), claim.uncovered)
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
    claim.shortfall = shortfall
    self.claims[place] = claim


# SPLIT ------------------------------------------------------------------------------------------

@internal
def _split(is_limited: bool):
    """
    @dev Fills in who pays the claims, and counts it against the limits. Moves nothing. INV-6.
    @param is_limited False in a wind-down: nobody trades on after it, nothing is saved for later.
    """
    count: uint256 = self.count
    total_kept: uint256 = default_rules.reserved_total
    kept: uint256 = total_kept
    for i: uint256 in range(count, bound=limits.BATCH):
        owner: uint256 = self.claims[i].account >> words.OWNER_SHIFT
        kept -= self.claims[i].reserved  # field by field: sums contain their parts
        if total_kept != 0:
            self.promised[owner] = default_rules.own_reserved[owner] * units.CASH_UNIT
    if total_kept != 0:
        for i: uint256 in range(count, bound=limits.BATCH):
            self.promised[self.claims[i].account >> words.OWNER_SHIFT] -= self._field(
                self.claims[i].reserved, 0
            )
    insurance: uint256 = self._less(self._insured(), self._field(kept, 1))
    contributions: uint256 = 0
    assessments: uint256 = 0

    # Tier 2, and what of the rest belongs to which market. What is reserved comes first.
    guaranteed: uint256 = 0
    spent: uint256 = 0
    for i: uint256 in range(count, bound=limits.BATCH):
        owner: uint256 = self.claims[i].account >> words.OWNER_SHIFT
        own: uint256 = 0
        own, contributions, assessments = self._pledged(self.claims[i].account)
        own = min(self._less(own, self.promised[owner]), self.claims[i].shortfall)
        self.claims[i].own = own
        self.promised[owner] += own
        spent += own
        rest: uint256 = self.claims[i].shortfall - own
        self._attribute(i, rest)
        guaranteed += min(self._reserved_sum(self.claims[i].reserved), rest)
    contributions = self._less(contributions, spent + self._field(kept, 0) + self._field(kept, 2))
    assessments = self._less(assessments, self._field(kept, 3))
    free: uint256 = insurance + contributions + assessments
    if free == 0:
        for i: uint256 in range(count, bound=limits.BATCH):
            self.promised[self.claims[i].account >> words.OWNER_SHIFT] = 0
            self.claims[i].uncovered = self.claims[i].shortfall - self.claims[i].own
        return

    # Demand of each market beyond what is reserved for its accounts.
    for i: uint256 in range(count, bound=limits.BATCH):
        rest: uint256 = self.claims[i].shortfall - self.claims[i].own
        reserved: uint256 = min(self._reserved_sum(self.claims[i].reserved), rest)
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            amount: uint256 = self._amount(self.legs[i][j])
            if amount != 0:
                self.demand[self._market(self.legs[i][j])] += amount - amount * reserved // rest

    # What is allowed of each market's demand.
    room: uint256 = max_value(uint256)
    market_limit: uint256 = max_value(uint256)
    if is_limited:
        room, market_limit = self._limits(free)
    free = self._less(free, guaranteed)
    total: uint256 = 0
    for i: uint256 in range(count, bound=limits.BATCH):
        self.promised[self.claims[i].account >> words.OWNER_SHIFT] = 0
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            market: uint256 = self._market(self.legs[i][j])
            if self.demand[market] != 0 and self.allowed[market] == 0:
                most: uint256 = market_limit
                if is_limited and market != 0:
                    most = self._less(market_limit, self._used(market))
                self.allowed[market] = min(self.demand[market], most)
                total += self.allowed[market]
    granted: uint256 = min(min(total, room), free)

    # Each claim's part, market by market; what is left stays in the legs.
    drawn: uint256 = 0
    for i: uint256 in range(count, bound=limits.BATCH):
        claim: Claim = self.claims[i]
        rest: uint256 = claim.shortfall - claim.own
        reserved: uint256 = min(self._reserved_sum(claim.reserved), rest)
        paid: uint256 = 0
        for j: uint256 in range(claim.legs, bound=limits.MAX_KNOWN):
            leg: uint256 = self.legs[i][j]
            amount: uint256 = self._amount(leg)
            if amount == 0:
                continue
            market: uint256 = self._market(leg)
            share: uint256 = amount * reserved // rest
            if share != amount and granted != 0:
                part: uint256 = (
                    (amount - share)
                    * self.allowed[market] // self.demand[market]
                    * granted // total
                )
                self.counted[market] += part
                drawn += part
                share += part
            paid += share
            claim.uncovered += amount - share
            self.legs[i][j] = (
                leg & leg_layout.WITHOUT_DETAILS | (amount - share) << leg_layout.DETAILS_SHIFT
            )
        claim.insurance = min(paid, insurance)
        insurance -= claim.insurance
        paid -= claim.insurance
        claim.contributions = min(paid, contributions)
        contributions -= claim.contributions
        paid -= claim.contributions
        claim.assessments = min(paid, assessments)
        assessments -= claim.assessments
        paid -= claim.assessments
        # Reserved money that a fund does not have after all.
        claim.uncovered += paid
        self.legs[i][0] += paid << leg_layout.DETAILS_SHIFT
        self.claims[i] = claim

    for i: uint256 in range(count, bound=limits.BATCH):
        for j: uint256 in range(self.claims[i].legs, bound=limits.MAX_KNOWN):
            market: uint256 = self._market(self.legs[i][j])
            self.demand[market] = 0
            self.allowed[market] = 0
            if self.counted[market] != 0:
                if market != 0 and is_limited:
                    self._use(market, self.counted[market])
                self.counted[market] = 0
    if drawn != 0 and is_limited:
        self._use(0, drawn)


@internal
def _attribute(place: uint256, amount: uint256):
    """
    @dev Puts what of an amount (WAD cash) belongs to each leg of a claim in place of its weights:
         its unrealised loss, and what exceeds the sum of these by maintenance margin; the last leg
         gets what roundings have left.
    """
    last: uint256 = self.claims[place].legs - 1
    if last == 0:
        self.legs[place][0] = (
            self.legs[place][0] & leg_layout.WITHOUT_DETAILS | amount << leg_layout.DETAILS_SHIFT
        )
        return
    losses: uint256 = 0
    maintenance: uint256 = 0
    for j: uint256 in range(last + 1, bound=limits.MAX_KNOWN):
        leg: uint256 = self.legs[place][j]
        losses += self._loss_weight(leg)
        maintenance += self._maintenance_weight(leg)
    by_loss: uint256 = amount
    if maintenance != 0:
        by_loss = min(amount, losses * units.CASH_UNIT)
    left: uint256 = amount
    for j: uint256 in range(last + 1, bound=limits.MAX_KNOWN):
        leg: uint256 = self.legs[place][j]
        part: uint256 = left
        if j != last:
            part = 0
            if losses != 0:
                part = by_loss * self._loss_weight(leg) // losses
            if maintenance != 0:
                part += (amount - by_loss) * self._maintenance_weight(leg) // maintenance
        left -= part
        self.legs[place][j] = leg & leg_layout.WITHOUT_DETAILS | part << leg_layout.DETAILS_SHIFT


@internal
@pure
def _loss_weight(leg: uint256) -> uint256:
    """
    @dev Unrealised loss of a leg, millionths of cash.
    """
    return (leg >> leg_layout.DETAILS_SHIFT) & leg_layout.WEIGHT_MASK


@internal
@pure
def _maintenance_weight(leg: uint256) -> uint256:
    """
    @dev MM of a leg, millionths of cash.
    """
    return (leg >> leg_layout.MAINTENANCE_SHIFT) & leg_layout.WEIGHT_MASK


@internal
@view
def _insured() -> uint256:
    """
    @dev What the insurance fund holds, WAD cash.
    """
    return (
        staticcall IERC4626(self._role(role_layout.INSURANCE_FUND)).totalAssets() * SETTLEMENT_SCALE
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
        self._role(role_layout.DEFAULT_FUND)
    ).available_for(account)
    return own, contributions, assessments


# LIMITS -----------------------------------------------------------------------------------------

@internal
@view
def _limits(held: uint256) -> (uint256, uint256):
    """
    @dev What may still be drawn in total, and the limit of one market, WAD cash.
    @param held What tiers 3 to 5 hold for these claims, WAD cash.
    """
    terms: IDefaultManager.Waterfall = default_rules._waterfall()
    used: uint256 = self._used(0)
    whole: uint256 = held + used
    total: uint256 = min(terms.total_amount * units.WAD, whole * terms.total_share // units.PPM)
    market: uint256 = min(terms.market_amount * units.WAD, whole * terms.market_share // units.PPM)
    return self._less(total, used), market


@internal
@view
def _used(market: uint256) -> uint256:
    """
    @dev What a market (0: all of them) has drawn lately, WAD cash: fades in proportion to time.
    """
    word: uint256 = default_rules.limit_usage[market // tier_layout.USAGE_FIELDS]
    return self._faded(word, market % tier_layout.USAGE_FIELDS) * units.WAD


@internal
@view
def _faded(word: uint256, field: uint256) -> uint256:
    """
    @dev A field of a usage word as of now, whole units of cash, rounded up.
    """
    period: uint256 = (default_rules.packed_waterfall >> 44) & (2**24 - 1)
    passed: uint256 = min(block.timestamp - (word & tier_layout.USAGE_MASK), period)
    used: uint256 = (word >> (tier_layout.USAGE_BITS * (field + 1))) & tier_layout.USAGE_MASK
    return (used * (period - passed) + period - 1) // period


@internal
def _use(market: uint256, amount: uint256):
    """
    @dev Adds an amount (WAD cash) to a field of a usage word, and lets the others fade.
    """
    place: uint256 = market // tier_layout.USAGE_FIELDS
    word: uint256 = default_rules.limit_usage[place]
    used: uint256 = 0
    next: uint256 = block.timestamp & tier_layout.USAGE_MASK
    for field: uint256 in range(tier_layout.USAGE_FIELDS):
        value: uint256 = self._faded(word, field)
        if field == market % tier_layout.USAGE_FIELDS:
            value = min(value + (amount + units.WAD - 1) // units.WAD, tier_layout.USAGE_MASK)
            used = value
        next |= value << (tier_layout.USAGE_BITS * (field + 1))
    default_rules.limit_usage[place] = next
    log IDefaultManager.LimitUsed(market=market, used=used)


# RESERVATIONS -----------------------------------------------------------------------------------

@internal
def _reserve(place: uint256):
    """
    @dev Keeps what tiers 2 to 5 would pay for a claim, and closes the funds' exits while anything
         is kept.
    """
    claim: Claim = self.claims[place]
    word: uint256 = (
        self._units(claim.own)
        | self._units(claim.insurance) << tier_layout.RESERVED_BITS
        | self._units(claim.contributions) << (2 * tier_layout.RESERVED_BITS)
        | self._units(claim.assessments) << (3 * tier_layout.RESERVED_BITS)
    )
    if word != 0:
        default_rules.reservations[claim.account] = word
        default_rules.own_reserved[claim.account >> words.OWNER_SHIFT] += (
            word & tier_layout.RESERVED_MASK
        )
        self._set_reserved(default_rules.reserved_total + word)


@internal
def _release(account: uint256):
    """
    @dev Frees what is kept for an account.
    """
    word: uint256 = default_rules._reservation(account)
    if word != 0:
        default_rules.reservations[account] = 0
        default_rules.own_reserved[account >> words.OWNER_SHIFT] -= word & tier_layout.RESERVED_MASK
        self._set_reserved(default_rules.reserved_total - word)
        log IDefaultManager.ReservationReleased(account=account)


@internal
def _set_reserved(word: uint256):
    """
    @dev Stores the sums and tells the funds.
    """
    old: uint256 = default_rules.reserved_total
    default_rules.reserved_total = word
    if self._field(old, 1) != self._field(word, 1):
        extcall IFundManager(self._role(role_layout.INSURANCE_FUND)).reserve(self._field(word, 1))
    before: uint256 = self._field(old, 0) + self._field(old, 2) + self._field(old, 3)
    now: uint256 = self._field(word, 0) + self._field(word, 2) + self._field(word, 3)
    if before != now:
        extcall IFundManager(self._role(role_layout.DEFAULT_FUND)).reserve(now)


@internal
@pure
def _units(amount: uint256) -> uint256:
    """
    @dev WAD cash in millionths, rounded up, as wide as a field that leaves room for the sums.
    """
    return min((amount + units.CASH_UNIT - 1) // units.CASH_UNIT, 2**56 - 1)


@internal
@pure
def _field(word: uint256, place: uint256) -> uint256:
    """
    @dev A field of a reservation, WAD cash.
    """
    return (
        (word >> (place * tier_layout.RESERVED_BITS)) & tier_layout.RESERVED_MASK
    ) * units.CASH_UNIT


@internal
@pure
def _reserved_sum(word: uint256) -> uint256:
    """
    @dev What is reserved of tiers 3 to 5, WAD cash.
    """
    return self._field(word, 1) + self._field(word, 2) + self._field(word, 3)


@internal
@pure
def _amount(leg: uint256) -> uint256:
    """
    @dev What a leg carries, WAD cash.
    """
    return (leg >> leg_layout.DETAILS_SHIFT) & leg_layout.DETAILS_MASK


@internal
@pure
def _market(leg: uint256) -> uint256:
    """
    @dev Market of a leg, 0 for none.
    """
    row: uint256 = leg >> leg_layout.ROW_SHIFT
    return row - leg_layout.MARKET_ROW if row > leg_layout.MARKET_ROW else 0


@internal
@pure
def _less(amount: uint256, taken: uint256) -> uint256:
    """
    @dev What is left, never below 0.
    """
    return amount - min(taken, amount)


@internal
@view
def _role(role: uint256) -> address:
    """
    @dev A contract plugged into the ledger.
    """
    return staticcall IClearinghouse(default_rules.CLEARINGHOUSE).roles(role)
