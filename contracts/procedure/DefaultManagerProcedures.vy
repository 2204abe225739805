#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultManagerProcedures: insolvency, the second half of the DefaultManager's code
@custom:contract-name DefaultManagerProcedures
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What happens at equity 0 and below. It has the DefaultManager's storage layout (a test
        compares them) and works only through it, by delegatecall.

        recognition  the first call that sees it reserves tiers 2 to 5 for the shortfall, tears up
        at
                     once the part that they do not cover, and opens a window for the rest
        window       anyone takes slices at mark, without discount
        tear_up      after the window: positions closed at mark against the other side
        remainder    collateral left with negative cash is sold at a discount that rises until it is
                     gone; legs without a VALID price wait for theirs
        waterfall    own contribution, insurance fund, contributions, assessments, a charge on the
                     opposite side, the hole: the parts add up to the shortfall (INV-6)

        Functions that share their name with one of the DefaultManager's are its half for insolvent
        accounts and run under the lock that it holds.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IDefaultFundManager
from ..interfaces import IDefaultManager
from ..interfaces import IInsuranceFundManager
from ..interfaces import IRiskEngine
from ..modules.layout import leg_layout
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import units
from ..modules.layout import words
from ..modules import default_rules
from ..modules import waterfall as tiers

initializes: default_rules
initializes: tiers[default_rules := default_rules]


# Greatest discount on a remainder, ppm of its worth: what no congestion of a chain is worth.
REMAINDER_DISCOUNT: constant(uint256) = 500_000
# Equity that roundings may leave after a tear-up has brought it to 0, WAD cash.
EQUITY_DUST: constant(int256) = 10**12

CLEARINGHOUSE: public(immutable(address))


@deploy
def __init__(clearinghouse: address):
    """
    @param clearinghouse The ledger of the DefaultManager.
    """
    default_rules.__init__(clearinghouse)
    tiers.__init__(staticcall IClearinghouse(clearinghouse).SETTLEMENT_SCALE())
    CLEARINGHOUSE = clearinghouse


# HALVES OF THE DEFAULT MANAGER'S FUNCTIONS --------------------------------------------------------

@external
@reentrant
def call_margin(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice An insolvent account gets no call: its insolvency is recognised. No reward either.
    @return Now, unix seconds.
    """
    self._recognise_seen(account)
    return block.timestamp


@external
@reentrant
def open_auction(account: uint256):
    """
    @notice An insolvent account gets no auction with a discount: its insolvency is recognised.
    """
    self._recognise_seen(account)


@external
@reentrant
def cure(account: uint256):
    """
    @notice Ends the insolvency of an account that is back at the target; frees its reservation. The
            DefaultManager has checked that.
    """
    self._require_stage(words._stage(staticcall IClearinghouse(CLEARINGHOUSE).headers(account)))
    # Only reached through the DefaultManager, which has seen equity at the target; on its own this
    # contract may not touch the ledger.
    tiers._release(account)
    extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, stages.UNCALLED, 0, 0, 0)


@external
@reentrant
def bid(
    account: uint256,
    fraction: uint256,
    bidder_account: uint256,
    min_fraction: uint256 = max_value(uint256),
    min_discount: uint256 = 0,
    deadline: uint256 = max_value(uint256),
) -> (uint256, uint256):
    """
    @notice Takes a fraction of every VALID leg of an insolvent account at mark; or, when no
            position with a VALID price is left, of its collateral, less the remainder's discount.
    @param min_discount Least discount accepted on a remainder, ppm of the slice's worth; at mark
           there is none.
    @return Fraction taken (WAD) and discount (WAD cash).
    """
    assert fraction != 0, "default manager: fraction is zero"
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = default_rules.seen
    known: DynArray[uint256, limits.MAX_KNOWN] = default_rules.known
    if not self._has_positions(known) and seen.stage == stages.INSOLVENCY:
        # What is in doubt may be worth more than is owed.
        assert seen.stuck == 0 or seen.equity <= 0, "default manager: price not valid"
        return self._sell_remainder(
            word, seen, known, account, fraction, bidder_account, min_fraction, min_discount
        )
    assert seen.equity <= 0, "default manager: account is solvent, reopen its auction"
    assert min_discount == 0, "default manager: discount below limit"
    taken: uint256 = min(fraction, units.WAD)
    assert (
        fraction <= units.WAD or min_fraction <= units.WAD
    ), "default manager: fraction above limit"
    is_whole: bool = taken == units.WAD and seen.stuck == 0
    if is_whole or seen.stage != stages.INSOLVENCY:
        self._split_one(account, known, convert(-seen.equity, uint256))
        if not is_whole or tiers.claims[0].uncovered != 0:
            # What nobody covers meets the opposite side, also when it arose in the window.
            self._recognise(account, seen, known)
            seen, known = default_rules._assess(word, account)
            if not self._has_positions(known):
                return 0, 0  # torn up at once: nothing covers it
            if is_whole:
                self._split_one(account, known, convert(max(-seen.equity, 0), uint256))
    cash: int256 = extcall IClearinghouse(CLEARINGHOUSE).slice_account(
        account, bidder_account, taken, known, 0, 0
    )
    log IDefaultManager.Bid(
        account=account,
        bidder=bidder_account,
        fraction=taken,
        discount_rate=0,
        discount=0,
        fee=0,
        equity=seen.equity,
        maintenance=seen.maintenance,
        ended=is_whole,
    )
    if is_whole:
        tiers._adjust(0, convert(max(-cash, 0), uint256))
        self._execute()
    return taken, 0


# INSOLVENCY -------------------------------------------------------------------------------------

@external
def tear_up(accounts: DynArray[uint256, limits.BATCH]):
    """
    @notice Closes the positions of insolvent accounts whose window is over, at mark against the
            other sides, netted with each other first, and pays what is missing out of the
            waterfall. Also resolves an insolvent account that has nothing left but debt. Anyone.
    @param accounts Account ids in ascending order.
    """
    word: uint256 = default_rules._open_word()
    terms: IDefaultManager.Waterfall = default_rules._waterfall()
    assert len(accounts) != 0, "default manager: no accounts"
    tiers._begin()
    closeouts: DynArray[IClearinghouse.Closeout, limits.BATCH] = []
    equities: DynArray[int256, limits.BATCH] = []
    last: uint256 = 0
    for account: uint256 in accounts:
        assert account > last, "default manager: accounts out of order"
        last = account
        seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
        known: DynArray[uint256, limits.MAX_KNOWN] = []
        seen, known = default_rules._assess(word, account)
        self._require_stage(seen.stage)
        assert seen.equity <= 0, "default manager: account is solvent, reopen its auction"
        assert block.timestamp >= self._clock(word, seen) + terms.window, (
            "default manager: window is open"
        )
        assert self._has_positions(known) or (
            seen.stuck == 0 and len(known) == 0
        ), "default manager: nothing to tear up"
        tiers._add(account, known, 0)
        closeouts.append(IClearinghouse.Closeout(account=account, legs=known))
        equities.append(seen.equity)
    cash: DynArray[int256, limits.BATCH] = extcall IClearinghouse(CLEARINGHOUSE).tear_up_accounts(
        closeouts, terms.charge_cap
    )
    for i: uint256 in range(len(accounts), bound=limits.BATCH):
        tiers.claims[i].shortfall = self._shortfall(accounts[i], cash[i], equities[i])
    tiers._split(True)
    self._execute()


@external
def reopen(account: uint256):
    """
    @notice Puts an account whose equity is above 0 again back into the auction and frees its
            reservation. Anyone.
    """
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    self._require_stage(seen.stage)
    assert seen.equity > 0, "default manager: account is insolvent"
    assert self._has_positions(known), "default manager: price not valid"
    tiers._release(account)
    log IDefaultManager.Reopened(account=account, equity=seen.equity)
    extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, stages.AUCTION, block.timestamp, 0, 0)


@external
def prove_deficit(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice In a wind-down: shows that an account ends in deficit. Its collateral goes into the
            pots, tiers 2 to 5 pay what they have, without limits, the rest becomes part of the
            hole. Anyone, while proofs run; every market is settled then.
    @param caller_account Account that gets the reward; 0 forgoes it.
    @return The reward, WAD cash.
    """
    assert account != caller_account, "default manager: account proves itself"
    tiers._release(account)
    deficit: uint256 = extcall IClearinghouse(CLEARINGHOUSE).seize(account)
    tiers._begin()
    tiers._add(account, [], deficit)
    tiers._split(False)
    self._draw(0, True)
    loss: uint256 = 0
    reward: uint256 = 0
    loss, reward = extcall IClearinghouse(CLEARINGHOUSE).conclude_proof(
        account, caller_account, deficit
    )
    claim: tiers.Claim = tiers.claims[0]
    log IDefaultManager.DeficitPaid(
        account=account,
        deficit=deficit,
        own=claim.own,
        insurance=claim.insurance,
        contributions=claim.contributions,
        assessments=claim.assessments,
        to_hole=loss,
        reward=reward,
    )
    return reward


# VIEWS ------------------------------------------------------------------------------------------

@external
@view
def waterfall() -> IDefaultManager.Waterfall:
    """
    @notice The terms of the waterfall in force.
    """
    return default_rules._waterfall()


@external
@view
def reservation(account: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice What is reserved for an account of its owner's contribution, of the insurance fund, of
            contributions and of assessments, WAD cash.
    """
    word: uint256 = default_rules.reservations[account]
    return (
        tiers._field(word, 0), tiers._field(word, 1), tiers._field(word, 2), tiers._field(word, 3)
    )


@external
@view
def limit_used(market: uint256) -> uint256:
    """
    @notice What a market (0: all together) has drawn of tiers 3 to 5 lately, as it counts now, WAD
            cash.
    """
    return tiers._used(market)


@external
@view
def reserved() -> (uint256, uint256, uint256, uint256):
    """
    @notice Likewise the sums over all accounts.
    """
    word: uint256 = default_rules.reserved_total
    return (
        tiers._field(word, 0), tiers._field(word, 1), tiers._field(word, 2), tiers._field(word, 3)
    )


@external
@view
def insolvency(account: uint256) -> IDefaultManager.Insolvency:
    """
    @notice Where an insolvency stands; all but `shortfall` and `positions` is 0 before it was
            recognised.
    """
    word: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).role_word(role_layout.RISK_ENGINE)
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    state: IDefaultManager.Insolvency = empty(IDefaultManager.Insolvency)
    state.shortfall = convert(max(-seen.equity, 0), uint256)
    state.positions = self._has_positions(known)
    if seen.stage == stages.INSOLVENCY:
        state.window_end = self._clock(word, seen) + default_rules._waterfall().window
        cash: int256 = words._cash(staticcall IClearinghouse(CLEARINGHOUSE).headers(account))
        if state.positions:
            state.max_fraction = units.WAD if seen.equity <= 0 else 0
        elif cash < 0 and len(known) != 0:
            state.remainder_discount = self._remainder_rate(word, seen)
            state.max_fraction = self._remainder_limit(
                convert(-cash, uint256), self._worth(known), state.remainder_discount
            )
    return state


# ADMIN ------------------------------------------------------------------------------------------

@external
def set_waterfall(terms: IDefaultManager.Waterfall):
    """
    @notice Changes the terms of the waterfall, inside hard bounds. The Clearinghouse's owner only.
    """
    default_rules._require_admin()
    default_rules._set_waterfall(terms)


# INTERNAL ---------------------------------------------------------------------------------------

@internal
def _recognise_seen(account: uint256):
    """
    @dev Recognition of an account that the DefaultManager has just seen at equity 0 or below.
    """
    seen: IRiskEngine.Assessment = default_rules.seen
    known: DynArray[uint256, limits.MAX_KNOWN] = default_rules.known
    self._split_one(account, known, convert(max(-seen.equity, 0), uint256))
    self._recognise(account, seen, known)


@internal
def _split_one(account: uint256, known: DynArray[uint256, limits.MAX_KNOWN], shortfall: uint256):
    """
    @dev Splits one shortfall alone; the result is `tiers.claims[0]`.
    """
    tiers._begin()
    tiers._add(account, known, shortfall)
    tiers._split(True)


@internal
def _recognise(
    account: uint256,
    seen: IRiskEngine.Assessment,
    known: DynArray[uint256, limits.MAX_KNOWN],
):
    """
    @dev Reserves what tiers 2 to 5 pay of a shortfall that was just split, tears up at once the
         part that they do not cover, and opens the window for the rest.
    """
    split: tiers.Claim = tiers.claims[0]
    since: uint256 = block.timestamp
    if seen.stage == stages.INSOLVENCY:
        since = seen.since  # nobody prolongs a window by bidding in it
    terms: IDefaultManager.Waterfall = default_rules._waterfall()
    fraction: uint256 = 0
    if split.uncovered != 0 and self._has_positions(known):
        fraction = (split.uncovered * units.WAD + split.shortfall - 1) // split.shortfall
    log IDefaultManager.Insolvent(
        account=account,
        caller=msg.sender,
        equity=seen.equity,
        torn_up=fraction,
        own=split.own,
        insurance=split.insurance,
        contributions=split.contributions,
        assessments=split.assessments,
        window_end=since + terms.window,
    )
    tiers._release(account)
    if seen.stuck == 0 and len(known) == 0:
        # Only debt is left: nothing to wait for.
        self._execute()
        return
    if fraction == 0:
        tiers._reserve(0)
        extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, stages.INSOLVENCY, since, 0, 0)
        return
    loss: uint256 = 0
    to_hole: uint256 = 0
    loss, to_hole = extcall IClearinghouse(CLEARINGHOUSE).tear_up_account(
        account, fraction, tiers._legs(0), terms.charge_cap, since
    )
    log IDefaultManager.ShortfallPaid(
        account=account,
        shortfall=loss,
        own=0,
        insurance=0,
        contributions=0,
        assessments=0,
        charged=loss - to_hole,
        to_hole=to_hole,
    )
    if fraction == units.WAD:
        return
    tiers._reserve(0)
    header: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).headers(account)
    if words._stage(header) == stages.UNCALLED:
        # Its last position had no shares left: only debt is, and what was reserved pays it now.
        self._split_one(account, [], convert(max(-words._cash(header), 0), uint256))
        self._execute()


@internal
def _sell_remainder(
    word: uint256,
    seen: IRiskEngine.Assessment,
    known: DynArray[uint256, limits.MAX_KNOWN],
    account: uint256,
    fraction: uint256,
    bidder_account: uint256,
    min_fraction: uint256,
    min_discount: uint256,
) -> (uint256, uint256):
    """
    @dev Sells collateral of an account that owes cash and has no position that could be closed: no
         more than what it owes, at a discount on its worth that rises until somebody takes it.
    @return Fraction taken (WAD) and discount (WAD cash).
    """
    header: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).headers(account)
    assert words._cash(header) < 0 and len(known) != 0, "default manager: nothing to sell"
    default_rules._require_unhealthy(seen, len(known))
    rate: uint256 = self._remainder_rate(word, seen)
    assert rate >= min_discount, "default manager: discount below limit"
    worth: uint256 = self._worth(known)
    limit: uint256 = self._remainder_limit(convert(-words._cash(header), uint256), worth, rate)
    taken: uint256 = fraction
    if fraction > limit:
        assert min_fraction <= limit, "default manager: fraction above limit"
        taken = limit
    discount: uint256 = worth * taken // units.WAD * rate // units.PPM
    if seen.equity > EQUITY_DUST:
        # Not at the price of making it insolvent (INV-4).
        discount = min(discount, convert(seen.equity - EQUITY_DUST, uint256) * taken // units.WAD)
        assert discount * units.PPM >= min_discount * (worth * taken // units.WAD), (
            "default manager: discount below limit"
        )
    cash: int256 = extcall IClearinghouse(CLEARINGHOUSE).slice_account(
        account, bidder_account, taken, known, discount, 0
    )
    log IDefaultManager.RemainderSold(
        account=account,
        bidder=bidder_account,
        fraction=taken,
        discount_rate=rate,
        discount=discount,
        cash=cash,
    )
    if seen.stuck == 0 and (taken == units.WAD or cash >= 0):
        shortfall: uint256 = convert(max(-cash, 0), uint256)
        self._split_one(account, [], shortfall)
        self._execute()
    return taken, discount


@internal
def _execute():
    """
    @dev Draws tiers 2 to 5 for the claims that were split, charges tier 6, deepens the hole by the
         rest, records the debts and ends the insolvency of accounts that have nothing left to sell.
         INV-6.
    """
    for i: uint256 in range(tiers.count, bound=limits.BATCH):
        tiers._release(tiers.claims[i].account)
        if tiers.count != 1 and tiers.claims[i].own != 0:
            self._draw_own(i)
    for i: uint256 in range(tiers.count, bound=limits.BATCH):
        self._draw(i, tiers.count == 1)
    for i: uint256 in range(tiers.count, bound=limits.BATCH):
        to_hole: uint256 = 0
        if tiers.claims[i].uncovered != 0:
            to_hole = extcall IClearinghouse(CLEARINGHOUSE).settle_loss(
                tiers.claims[i].account, tiers._legs(i)
            )
        self._conclude(tiers.claims[i], to_hole)


@internal
def _conclude(claim: tiers.Claim, to_hole: uint256):
    """
    @dev Logs who paid a shortfall and lets the ledger record it, with the stage that follows.
    """
    if claim.shortfall != 0:
        log IDefaultManager.ShortfallPaid(
            account=claim.account,
            shortfall=claim.shortfall,
            own=claim.own,
            insurance=claim.insurance,
            contributions=claim.contributions,
            assessments=claim.assessments,
            charged=claim.uncovered - to_hole,
            to_hole=to_hole,
        )
    extcall IClearinghouse(CLEARINGHOUSE).conclude(
        claim.account,
        claim.own,
        claim.insurance,
        claim.contributions,
        claim.assessments,
        to_hole,
    )


@internal
def _draw_own(place: uint256):
    """
    @dev Tier 2 of one claim among several: before tier 4 pays for any of them, since that makes
         every contribution worth less. What roundings take from it, the pool pays.
    """
    account: uint256 = tiers.claims[place].account
    asked: uint256 = tiers.claims[place].own
    paid: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    paid, contributions, assessments = extcall IDefaultFundManager(
        tiers._role(role_layout.DEFAULT_FUND)
    ).draw(account, asked, 0, 0)
    tiers.claims[place].own = paid
    tiers.claims[place].contributions += asked - paid


@internal
def _draw(place: uint256, with_own: bool):
    """
    @dev Draws what tiers 2 (unless it has paid), 3, 4 and 5 are to pay for a claim; what a fund
         cannot pay after all stays uncovered.
    """
    claim: tiers.Claim = tiers.claims[place]
    own: uint256 = claim.own if with_own else 0
    members: uint256 = own + claim.contributions + claim.assessments
    wanted: uint256 = claim.own + claim.insurance + claim.contributions + claim.assessments
    if claim.insurance != 0:
        claim.insurance = extcall IInsuranceFundManager(
            tiers._role(role_layout.INSURANCE_FUND)
        ).draw(claim.account, claim.insurance)
    if members != 0:
        own, claim.contributions, claim.assessments = extcall IDefaultFundManager(
            tiers._role(role_layout.DEFAULT_FUND)
        ).draw(claim.account, own, claim.contributions, claim.assessments)
        if with_own:
            claim.own = own
    missing: uint256 = wanted - (
        claim.own + claim.insurance + claim.contributions + claim.assessments
    )
    if missing != 0:
        claim.uncovered += missing
        tiers.legs[place][0] += missing << leg_layout.DETAILS_SHIFT
    tiers.claims[place] = claim


@internal
@view
def _shortfall(account: uint256, cash: int256, equity: int256) -> uint256:
    """
    @dev What an account lacks after its positions were closed, WAD cash: all it owes when nothing
         else is left; else what the rest, at its better end, does not cover.
    """
    if cash >= 0:
        return 0
    header: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).headers(account)
    owed: uint256 = convert(-cash, uint256)
    if words._has_positions(header) or words._collateral_bitmap(header) != 0:
        return min(owed, convert(-equity, uint256))
    return owed


@internal
@view
def _clock(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev Start of the insolvency as it counts, unix seconds: after a pause or an outage, anew.
    """
    return max(seen.since, default_rules._resumed(word, seen))


@internal
@view
def _remainder_rate(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev Discount on a remainder now, ppm of its worth.
    """
    passed: uint256 = block.timestamp - min(self._clock(word, seen), block.timestamp)
    duration: uint256 = default_rules._waterfall().remainder
    return min(passed, duration) * REMAINDER_DISCOUNT // duration


@internal
@pure
def _remainder_limit(owed: uint256, worth: uint256, rate: uint256) -> uint256:
    """
    @dev What of a remainder has to be sold to pay what is owed, WAD, rounded up; all of it at most.
    """
    brings: uint256 = worth * (units.PPM - rate) // units.PPM
    if brings <= owed:
        return units.WAD
    return min((owed * units.WAD + brings - 1) // brings, units.WAD)


@internal
@pure
def _worth(known: DynArray[uint256, limits.MAX_KNOWN]) -> uint256:
    """
    @dev Collateral of VALID price, WAD cash (layout: IRiskEngine).
    """
    worth: uint256 = 0
    for leg: uint256 in known:
        if leg >> leg_layout.ROW_SHIFT <= leg_layout.MARKET_ROW:
            worth += ((leg >> leg_layout.DETAILS_SHIFT) & leg_layout.DETAILS_MASK) * units.CASH_UNIT
    return worth


@internal
@pure
def _has_positions(known: DynArray[uint256, limits.MAX_KNOWN]) -> bool:
    """
    @dev Whether a position is among the legs of VALID price. Collateral comes first.
    """
    return len(known) != 0 and known[len(known) - 1] >> leg_layout.ROW_SHIFT > leg_layout.MARKET_ROW


@internal
@pure
def _require_stage(stage: uint256):
    """
    @dev Its insolvency was recognised.
    """
    assert stage == stages.INSOLVENCY, "default manager: insolvency not recognised"
