#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultManagerInsolvency: the DefaultManager's code for insolvent accounts
@custom:contract-name DefaultManagerInsolvency
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What happens at equity 0 and below. Anyone may run every step, through the DefaultManager:

            recognition  the first call that sees the account ends the matter in its transaction:
                         a bidder may take a part at mark, without discount, if the funds cover what
                         is missing; the rest is torn up, closed at mark against the other side;
                         the waterfall pays
            remainder    collateral left with negative cash is sold at a discount that rises until
                         it is gone; legs without a VALID price wait for theirs
            waterfall    own contribution, reserve, insurance fund, contributions, assessments, a
                         charge on the opposite side, the hole: the parts add up to the shortfall
                         (INV-6)

@dev    Runs by delegatecall on the DefaultManager's storage and has its layout (a test compares
        them). `call_margin`, `open_auction` and `bid` are halves of the functions of that name
        there, which hold the lock and leave what they saw of the account in transient storage
        (`default_rules.seen`, `known`). `tear_up` and `prove_deficit` are here alone and take the
        lock themselves. Cures, views and terms are in the DefaultManager alone.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseProofs
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseSlices
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
from ..modules import resolution
from ..modules import waterfall

implements: IDefaultManager
implements: IDefaultManagerInsolvency
implements: IHouseContract
initializes: default_rules
initializes: draw_limits[default_rules := default_rules]
initializes: waterfall[default_rules := default_rules, draw_limits := draw_limits]
initializes: resolution[default_rules := default_rules, waterfall := waterfall]
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
    @notice An insolvent account gets no call: it is torn up and its shortfall paid. Anyone, through
            the DefaultManager.
    @param account Account id.
    @param caller_account Account id of who gets the reward for the tear-up; 0 forgoes it.
    @return Now, unix seconds.
    """
    self._resolve_seen(account, caller_account, default_rules.seen, default_rules.known)
    return block.timestamp


@external
@reentrant
def open_auction(account: uint256):
    """
    @notice An insolvent account gets no auction with a discount: it is torn up and its shortfall
            paid. Anyone, through the DefaultManager.
    @param account Account id.
    """
    self._resolve_seen(account, 0, default_rules.seen, default_rules.known)


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
    @notice Takes a fraction of every VALID leg of an insolvent account at mark; the rest is torn up
            and the shortfall paid in the same transaction. Nothing is sold when the funds do not
            cover the shortfall: then the sides that won answer for a part of it, and a bidder
            cannot take their positions out of that. When no position with a VALID price is left,
            takes collateral less the remainder's discount. Through the DefaultManager, which
            checks who bids, and when.
    @param account Account id of the insolvent account.
    @param fraction Part to take, WAD, above 0; more than a whole is one if `min_fraction` lets it.
    @param bidder_account Account id of the bidder.
    @param min_fraction Takes what may be sold if that is less than `fraction`, down to this, WAD.
    @param min_discount Least discount accepted on a remainder, ppm of the slice's worth; at mark
           there is none.
    @param deadline Last moment of the bid, unix seconds; the DefaultManager checks it.
    @return Fraction taken, WAD.
    @return Discount received, WAD cash.
    @custom:reverts default rules: fraction is zero | default rules: price not valid | default
                    rules: winding down | default rules: liquidations are paused | remainder:
                    nothing to sell | default rules: account is healthy | default rules: discount
                    below limit | default rules: fraction above limit | default manager: account is
                    solvent
    """
    default_rules._require_some(fraction)
    seen: IRiskEngine.Assessment = default_rules.seen
    known: DynArray[uint256, limits.MAX_KNOWN] = default_rules.known
    if not remainder_math._has_positions(known) and seen.stage == stages.INSOLVENCY:
        # What is in doubt may be worth more than is owed; and at a price on which two fresh feeds
        # disagree nobody buys, nor meets IM.
        default_rules._require_priced(seen.apart == 0 and (seen.stuck == 0 or seen.equity <= 0))
        return remainder._sell(
            default_rules._open_word(),
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
    self._require_insolvent(seen)
    default_rules._require_discount(min_discount == 0)
    taken: uint256 = min(fraction, units.WAD)
    default_rules._require_fraction(fraction <= units.WAD or min_fraction <= units.WAD)
    # At a price on which two fresh feeds disagree nobody buys: it is the better end for the
    # account.
    if seen.apart != 0 or not self._is_covered(account, seen, known):
        taken = 0
    if taken != 0:
        extcall IClearinghouseSlices(default_rules.CLEARINGHOUSE).slice_account(
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
            ended=True,
        )
    self._resolve_seen(account, 0, seen, known)
    return taken, 0


# INSOLVENCY ---------------------------------------------------------------------------------------

@external
def tear_up(accounts: DynArray[uint256, limits.BATCH], caller_account: uint256 = 0):
    """
    @notice Closes the positions of insolvent accounts at mark against the other sides, netted with
            each other first; the waterfall pays what is missing. Also resolves an insolvent account
            that has only debt left. Anyone, through the DefaultManager.
    @param accounts Account ids in ascending order.
    @param caller_account Account id of who gets the rewards, out of the reserve; 0 forgoes them.
    @custom:reverts default rules: winding down | default rules: liquidations are paused | default
                    manager: no accounts | default manager: accounts out of order | default
                    manager: account is solvent | default rules: account is healthy | default
                    rules: price not valid | default manager: nothing to tear up
    """
    word: uint256 = default_rules._open_word()
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
        self._require_insolvent(seen)
        # Nor is an empty account one to be torn up.
        default_rules._require_unhealthy(seen, len(known))
        assert remainder_math._has_positions(known) or (
            seen.stage != stages.INSOLVENCY or (seen.stuck == 0 and len(known) == 0)
        ), "default manager: nothing to tear up"
        log IDefaultManagerEvents.Insolvent(account=account, caller=msg.sender, equity=seen.equity)
        waterfall._add(account, known, 0)
        closeouts.append(IClearinghouseTearUps.Closeout(account=account, legs=known))
        equities.append(seen.equity)
    self._resolve(closeouts, equities, caller_account)


@external
def prove_deficit(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice In a wind-down: shows that an account ends in deficit. Its collateral goes into the
            pots, tiers 2 to 5 pay what they have, without limits, the reserve and the hole bear the
            rest. The reward is paid by the account's collateral, or what the funds pay. Anyone,
            through the DefaultManager, at any time once every market is settled.
    @param account Account id.
    @param caller_account Account id of who gets the reward; 0 forgoes it.
    @return The reward, WAD cash.
    @custom:reverts default manager: account proves itself
    """
    assert account != caller_account, "default manager: account proves itself"
    deficit: uint256 = 0
    in_kind: uint256 = 0
    deficit, in_kind = extcall IClearinghouseProofs(default_rules.CLEARINGHOUSE).seize(
        account, caller_account
    )
    waterfall._begin()
    waterfall._add(account, [], deficit)
    waterfall._split(False)
    waterfall._book_draws(False)
    resolution._draw(0, True)
    loss: uint256 = 0
    reward: uint256 = 0
    loss, reward = extcall IClearinghouseProofs(default_rules.CLEARINGHOUSE).conclude_proof(
        account, caller_account, deficit, in_kind
    )
    reward += in_kind
    claim: waterfall.Claim = waterfall.claims[0]
    log IDefaultManagerEvents.DeficitPaid(
        account=account,
        deficit=deficit,
        own=claim.own,
        reserve=claim.reserve,
        insurance=claim.insurance,
        contributions=claim.contributions,
        assessments=claim.assessments,
        to_hole=loss - min(claim.reserve, loss),
        reward=reward,
    )
    return reward


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@pure
def _require_insolvent(seen: IRiskEngine.Assessment):
    """
    @dev Equity is at 0 or below at either of two fresh answers.
    """
    assert default_rules._better_equity(seen) <= 0, "default manager: account is solvent"


@internal
def _is_covered(
    account: uint256, seen: IRiskEngine.Assessment, known: DynArray[uint256, limits.MAX_KNOWN]
) -> bool:
    """
    @dev Whether tiers 2 to 5 would pay all that an account lacks now.
    @param seen The account as the risk engine sees it.
    @param known Its VALID legs with their details (layout: leg_layout).
    """
    resolution._split_one(account, known, convert(max(-seen.equity, 0), uint256))
    waterfall._book_draws(False)
    return waterfall.claims[0].uncovered == 0


@internal
def _resolve_seen(
    account: uint256,
    caller_account: uint256,
    seen: IRiskEngine.Assessment,
    known: DynArray[uint256, limits.MAX_KNOWN],
):
    """
    @dev Ends an insolvency that was just seen: tears up what is left of the account, and pays.
    @param caller_account Account id of who gets the reward; 0: nobody.
    @param seen The account as the risk engine sees it.
    @param known Its VALID legs with their details (layout: leg_layout).
    """
    log IDefaultManagerEvents.Insolvent(account=account, caller=msg.sender, equity=seen.equity)
    waterfall._begin()
    waterfall._add(account, known, 0)
    self._resolve(
        [IClearinghouseTearUps.Closeout(account=account, legs=known)],
        [seen.equity],
        caller_account,
    )


@internal
def _resolve(
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH],
    equities: DynArray[int256, limits.BATCH],
    caller_account: uint256,
):
    """
    @dev Closes the positions of accounts that are claims of the waterfall already, and pays what
         they then lack.
    @param equities Equity of each before, WAD cash.
    @param caller_account Account id of who gets the rewards; 0: nobody.
    """
    cash: DynArray[int256, limits.BATCH] = extcall IClearinghouseTearUps(
        default_rules.CLEARINGHOUSE
    ).tear_up_accounts(closeouts, caller_account, default_rules._waterfall().reward_cap)
    for i: uint256 in range(len(closeouts), bound=limits.BATCH):
        waterfall.claims[i].shortfall = self._shortfall(closeouts[i].account, cash[i], equities[i])
    waterfall._split(True)
    resolution._execute()


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
