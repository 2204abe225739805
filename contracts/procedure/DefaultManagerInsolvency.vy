#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultManagerInsolvency: the DefaultManager's code for insolvent accounts
@custom:contract-name DefaultManagerInsolvency
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What happens at equity 0 and below. Anyone may run every step, through the DefaultManager:

            recognition  the first call that sees the account reserves tiers 2 to 5 for the
                         shortfall, tears up at once the part that they do not cover, and opens a
                         window for the rest
            window       anyone takes slices at mark, without discount
            tear_up      after the window: positions close at mark against the other side
            remainder    collateral left with negative cash is sold at a discount that rises until
                         it is gone; legs without a VALID price wait for theirs
            waterfall    own contribution, insurance fund, contributions, assessments, a charge on
                         the opposite side, the hole: the parts add up to the shortfall (INV-6)

@dev    Runs by delegatecall on the DefaultManager's storage and has its layout (a test compares
        them). `call_margin`, `open_auction` and `bid` are halves of the functions of that name
        there, which hold the lock and leave what they saw of the account in transient storage
        (`default_rules.seen`, `known`). `tear_up` and `prove_deficit` are here alone and take the
        lock themselves. Cures, `reopen`, views and terms are in the DefaultManager alone.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseProofs
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseSlices
from ..interfaces import IClearinghouseStages
from ..interfaces import IClearinghouseTearUps
from ..interfaces import IDefaultManager
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IDefaultManagerInsolvency
from ..interfaces import IHouseContract
from ..interfaces import IRiskEngine
from ..modules.layout import limits
from ..modules.layout import stages
from ..modules.layout import units
from ..modules.layout import words
from ..modules import default_rules
from ..modules import draw_limits
from ..modules import remainder
from ..modules import remainder_math
from ..modules import reservations
from ..modules import resolution
from ..modules import waterfall

implements: IDefaultManager
implements: IDefaultManagerInsolvency
implements: IHouseContract
initializes: default_rules
initializes: draw_limits[default_rules := default_rules]
initializes: reservations
initializes: waterfall[
    default_rules := default_rules, draw_limits := draw_limits, reservations := reservations
]
initializes: resolution[
    default_rules := default_rules, reservations := reservations, waterfall := waterfall
]
initializes: remainder[default_rules := default_rules, resolution := resolution]
exports: default_rules.CLEARINGHOUSE


@deploy
def __init__(clearinghouse: address):
    """
    @notice Ties the code to one ledger for ever.
    @param clearinghouse Address of the Clearinghouse, the DefaultManager's ledger.
    """
    default_rules.__init__(clearinghouse)
    waterfall.__init__(staticcall IClearinghouseRecords(clearinghouse).SETTLEMENT_SCALE())


# HALVES OF THE DEFAULT MANAGER'S FUNCTIONS --------------------------------------------------------

@external
@reentrant
def call_margin(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice An insolvent account gets no call, and nobody a reward: its insolvency is recognised.
            Anyone, through the DefaultManager.
    @param account Account id.
    @param caller_account Account id, not read: there is no reward.
    @return Now, unix seconds.
    """
    self._recognise_seen(account)
    return block.timestamp


@external
@reentrant
def open_auction(account: uint256):
    """
    @notice An insolvent account gets no auction with a discount: its insolvency is recognised.
            Anyone, through the DefaultManager.
    @param account Account id.
    """
    self._recognise_seen(account)


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
            Through the DefaultManager, which checks who bids, and when.
    @param account Account id of the insolvent account.
    @param fraction Part to take, WAD, above 0; more than a whole is one if `min_fraction` lets it.
    @param bidder_account Account id of the bidder.
    @param min_fraction Takes what may be sold if that is less than `fraction`, down to this, WAD.
    @param min_discount Least discount accepted on a remainder, ppm of the slice's worth; at mark
           there is none.
    @param deadline Last moment of the bid, unix seconds; the DefaultManager checks it.
    @return Fraction taken, WAD.
    @return Discount received, WAD cash.
    @custom:reverts default rules: fraction is zero | default rules: winding down | default rules:
                    liquidations are paused | default rules: price not valid | remainder: nothing to
                    sell | default rules: account is healthy | default rules: discount below limit |
                    default rules: fraction above limit | default manager: account is solvent,
                    reopen its auction
    """
    default_rules._require_some(fraction)
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = default_rules.seen
    known: DynArray[uint256, limits.MAX_KNOWN] = default_rules.known
    if not remainder_math._has_positions(known) and seen.stage == stages.INSOLVENCY:
        # What is in doubt may be worth more than is owed.
        default_rules._require_priced(seen.stuck == 0 or seen.equity <= 0)
        return remainder._sell(
            word,
            seen,
            known,
            remainder.Offer(
                account=account,
                fraction=fraction,
                bidder_account=bidder_account,
                min_fraction=min_fraction,
                min_discount=min_discount,
            ),
        )
    assert seen.equity <= 0, "default manager: account is solvent, reopen its auction"
    default_rules._require_discount(min_discount == 0)
    taken: uint256 = min(fraction, units.WAD)
    default_rules._require_fraction(fraction <= units.WAD or min_fraction <= units.WAD)
    is_whole: bool = taken == units.WAD and seen.stuck == 0
    if is_whole or seen.stage != stages.INSOLVENCY:
        resolution._split_one(account, known, convert(-seen.equity, uint256))
        if not is_whole or waterfall.claims[0].uncovered != 0:
            # What nobody covers meets the opposite side, also when it arose in the window.
            self._recognise(account, seen, known)
            seen, known = default_rules._assess(word, account)
            if not remainder_math._has_positions(known):
                return 0, 0  # torn up at once: nothing covers it
            if is_whole:
                resolution._split_one(account, known, convert(max(-seen.equity, 0), uint256))
    cash: int256 = extcall IClearinghouseSlices(default_rules.CLEARINGHOUSE).slice_account(
        account, bidder_account, taken, known, 0, 0
    )
    log IDefaultManagerEvents.Bid(
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
        waterfall._adjust(0, convert(max(-cash, 0), uint256))
        resolution._execute()
    return taken, 0


# INSOLVENCY ---------------------------------------------------------------------------------------

@external
def tear_up(accounts: DynArray[uint256, limits.BATCH]):
    """
    @notice Closes the positions of insolvent accounts whose window is over, at mark against the
            other sides, netted with each other first; the waterfall pays what is missing. Also
            resolves an insolvent account that has only debt left. Anyone, through the
            DefaultManager.
    @param accounts Account ids in ascending order.
    @custom:reverts default rules: winding down | default rules: liquidations are paused | default
                    manager: no accounts | default manager: accounts out of order | default rules:
                    insolvency not recognised | default manager: account is solvent, reopen its
                    auction | default manager: window is open | default manager: nothing to tear up
    """
    word: uint256 = default_rules._open_word()
    terms: IDefaultManagerEvents.Waterfall = default_rules._waterfall()
    assert len(accounts) != 0, "default manager: no accounts"
    waterfall._begin()
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH] = []
    equities: DynArray[int256, limits.BATCH] = []
    last: uint256 = 0
    for account: uint256 in accounts:
        assert account > last, "default manager: accounts out of order"
        last = account
        seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
        known: DynArray[uint256, limits.MAX_KNOWN] = []
        seen, known = default_rules._assess(word, account)
        default_rules._require_insolvency(seen.stage)
        assert seen.equity <= 0, "default manager: account is solvent, reopen its auction"
        assert block.timestamp >= default_rules._insolvent_since(word, seen) + terms.window, (
            "default manager: window is open"
        )
        assert remainder_math._has_positions(known) or (
            seen.stuck == 0 and len(known) == 0
        ), "default manager: nothing to tear up"
        waterfall._add(account, known, 0)
        closeouts.append(IClearinghouseTearUps.Closeout(account=account, legs=known))
        equities.append(seen.equity)
    cash: DynArray[int256, limits.BATCH] = extcall IClearinghouseTearUps(
        default_rules.CLEARINGHOUSE
    ).tear_up_accounts(closeouts, terms.charge_cap)
    for i: uint256 in range(len(accounts), bound=limits.BATCH):
        waterfall.claims[i].shortfall = self._shortfall(accounts[i], cash[i], equities[i])
    waterfall._split(True)
    resolution._execute()


@external
def prove_deficit(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice In a wind-down: shows that an account ends in deficit. Its collateral goes into the
            pots, tiers 2 to 5 pay what they have, without limits, the rest becomes part of the
            hole. Anyone, through the DefaultManager, while proofs run; every market is settled
            then.
    @param account Account id.
    @param caller_account Account id of who gets the reward; 0 forgoes it.
    @return The reward, WAD cash.
    @custom:reverts default manager: account proves itself
    """
    assert account != caller_account, "default manager: account proves itself"
    reservations._release(account)
    deficit: uint256 = extcall IClearinghouseProofs(default_rules.CLEARINGHOUSE).seize(account)
    waterfall._begin()
    waterfall._add(account, [], deficit)
    waterfall._split(False)
    resolution._draw(0, True)
    loss: uint256 = 0
    reward: uint256 = 0
    loss, reward = extcall IClearinghouseProofs(default_rules.CLEARINGHOUSE).conclude_proof(
        account, caller_account, deficit
    )
    claim: waterfall.Claim = waterfall.claims[0]
    log IDefaultManagerEvents.DeficitPaid(
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


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _recognise_seen(account: uint256):
    """
    @dev Recognition of an account that the DefaultManager has just seen at equity 0 or below.
    @param account Account id.
    """
    seen: IRiskEngine.Assessment = default_rules.seen
    known: DynArray[uint256, limits.MAX_KNOWN] = default_rules.known
    resolution._split_one(account, known, convert(max(-seen.equity, 0), uint256))
    self._recognise(account, seen, known)


@internal
def _recognise(
    account: uint256,
    seen: IRiskEngine.Assessment,
    known: DynArray[uint256, limits.MAX_KNOWN],
):
    """
    @dev Reserves what tiers 2 to 5 pay of a shortfall that was just split, tears up at once the
         part that they do not cover, and opens the window for the rest.
    @param account Account id, that of the first claim.
    @param seen The account as the risk engine sees it.
    @param known Its VALID legs with their details (layout: leg_layout).
    """
    split: waterfall.Claim = waterfall.claims[0]
    since: uint256 = block.timestamp
    if seen.stage == stages.INSOLVENCY:
        since = seen.since  # nobody prolongs a window by bidding in it
    terms: IDefaultManagerEvents.Waterfall = default_rules._waterfall()
    fraction: uint256 = 0
    if split.uncovered != 0 and remainder_math._has_positions(known):
        fraction = (split.uncovered * units.WAD + split.shortfall - 1) // split.shortfall
    log IDefaultManagerEvents.Insolvent(
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
    reservations._release(account)
    if seen.stuck == 0 and len(known) == 0:
        # Only debt is left: nothing to wait for.
        resolution._execute()
        return
    if fraction == 0:
        self._reserve()
        extcall IClearinghouseStages(default_rules.CLEARINGHOUSE).set_stage(
            account, stages.INSOLVENCY, since, 0, 0
        )
        return
    loss: uint256 = 0
    to_hole: uint256 = 0
    loss, to_hole = extcall IClearinghouseTearUps(default_rules.CLEARINGHOUSE).tear_up_account(
        account, fraction, waterfall._legs(0), terms.charge_cap, since
    )
    log IDefaultManagerEvents.ShortfallPaid(
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
    self._reserve()
    header: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).headers(account)
    if words._stage(header) == stages.UNCALLED:
        # Its last position has no shares left: only debt is, and what was reserved pays it now.
        resolution._split_one(account, [], convert(max(-words._cash(header), 0), uint256))
        resolution._execute()


@internal
def _reserve():
    """
    @dev Keeps what tiers 2 to 5 would pay for the first claim.
    """
    claim: waterfall.Claim = waterfall.claims[0]
    reservations._reserve(
        claim.account, claim.own, claim.insurance, claim.contributions, claim.assessments
    )


@internal
@view
def _shortfall(account: uint256, cash: int256, equity: int256) -> uint256:
    """
    @dev What an account lacks after its positions were closed, WAD cash: all it owes when nothing
         else is left; else what the rest, at its better end, does not cover.
    @param account Account id.
    @param cash Its cash after the tear-up, WAD cash.
    @param equity Its equity before, WAD cash.
    """
    if cash >= 0:
        return 0
    header: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).headers(account)
    owed: uint256 = convert(-cash, uint256)
    if words._has_positions(header) or words._collateral_bitmap(header) != 0:
        return min(owed, convert(-equity, uint256))
    return owed
