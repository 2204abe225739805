#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultManager: the rulebook
@custom:contract-name DefaultManager
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Margin call, auction, insolvency. Anyone may run every step; nobody can skip one:

            equity < MM            call_margin: a deadline to cure, the account may only reduce
            equity >= MM           cure
            deadline missed, or
            equity < close_out*MM  open_auction: orders void, the discount starts to rise
            equity < MM            bid: a fraction of every priced leg at mark less the discount
            equity <= 0            insolvency: who sees it may take a part at mark, the rest is torn
                                   up, the waterfall pays what is missing, all at once

        The discount is measured in maintenance margin of the slice, so that it grows with the risk
        taken over; discount, fee and reward come out of the defaulter's equity only (INV-4).
@dev    Two contracts share the storage of this one. `cure`, all views and the terms are
        here alone. `call_margin`, `open_auction` and `bid` judge the account here; the half that
        deals with an insolvent one is in DefaultManagerInsolvency, reached by delegatecall with
        what was seen in transient storage (`default_rules.seen`, `known`). `tear_up` and
        `prove_deficit` are there alone: `__default__` has the one table of what is routed.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseSlices
from ..interfaces import IClearinghouseStages
from ..interfaces import IDefaultManager
from ..interfaces import IDefaultManagerAdmin
from ..interfaces import IDefaultManagerCures
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IDefaultManagerViews
from ..interfaces import IHouseContract
from ..interfaces import IRiskEngine
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import units
from ..modules.layout import words
from ..modules import auction_rules
from ..modules import default_rules
from ..modules import draw_limits
from ..modules import remainder_math

implements: IDefaultManager
implements: IDefaultManagerAdmin
implements: IDefaultManagerCures
implements: IDefaultManagerViews
implements: IHouseContract
initializes: default_rules
initializes: auction_rules[default_rules := default_rules]
initializes: draw_limits[default_rules := default_rules]
exports: default_rules.CLEARINGHOUSE

# What DefaultManagerInsolvency alone has: the one table of what is routed there.
TEAR_UP: constant(bytes4) = method_id("tear_up(uint256[])", output_type=bytes4)
TEAR_UP_FOR: constant(bytes4) = method_id("tear_up(uint256[],uint256)", output_type=bytes4)
PROVE_DEFICIT: constant(bytes4) = method_id("prove_deficit(uint256)", output_type=bytes4)
PROVE_DEFICIT_FOR: constant(bytes4) = method_id(
    "prove_deficit(uint256,uint256)", output_type=bytes4
)

# The part of this contract's code for insolvent accounts: same storage, reached by delegatecall.
INSOLVENCY: public(immutable(address))


@deploy
def __init__(
    clearinghouse: address,
    insolvency: address,
    terms: IDefaultManagerEvents.Terms,
    waterfall: IDefaultManagerEvents.Waterfall,
):
    """
    @notice Ties the procedure to one ledger and to its part for insolvent accounts, for ever.
    @param clearinghouse Address of the Clearinghouse; its owner sets the terms.
    @param insolvency Address of a DefaultManagerInsolvency made for the same ledger.
    @param terms First terms, inside the bounds of `set_terms` (units: IDefaultManagerEvents).
    @param waterfall First terms of the waterfall, inside the bounds of `set_waterfall`.
    @custom:reverts default manager: part of another ledger | default rules: terms out of bounds
    """
    assert (
        staticcall IHouseContract(insolvency).CLEARINGHOUSE() == clearinghouse
    ), "default manager: part of another ledger"
    default_rules.__init__(clearinghouse)
    INSOLVENCY = insolvency
    default_rules._set_terms(terms)
    default_rules._set_waterfall(waterfall)


@external
@raw_return
@reentrant
def __default__() -> Bytes[limits.PART_ANSWER_SIZE]:
    """
    @notice Runs `tear_up` and `prove_deficit` in DefaultManagerInsolvency, on this contract's
            storage. Anyone. The part takes the lock and reverts with its own reason.
    @custom:reverts default manager: unknown function
    """
    assert len(msg.data) >= 4, "default manager: unknown function"
    selector: bytes4 = convert(slice(msg.data, 0, 4), bytes4)
    assert (
        selector == TEAR_UP
        or selector == TEAR_UP_FOR
        or selector == PROVE_DEFICIT
        or selector == PROVE_DEFICIT_FOR
    ), "default manager: unknown function"
    return raw_call(
        INSOLVENCY, msg.data, max_outsize=limits.PART_ANSWER_SIZE, is_delegate_call=True
    )


# MARGIN CALL --------------------------------------------------------------------------------------

@external
def call_margin(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice Calls an account whose equity is below MM. Anyone, at VALID prices. The called account
            pays the reward: a part of MM, at most the cap and what equity there is. An insolvent
            account gets no grace: it is torn up instead.
    @param account Account id.
    @param caller_account Account id of who gets the reward, of the call or of the tear-up; 0
           forgoes it.
    @return Deadline to cure, unix seconds; now for an insolvent account.
    @custom:reverts default rules: winding down | default rules: liquidations are paused | default
                    manager: already called | default rules: account is healthy | default rules:
                    price not valid
    """
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    assert seen.stage == stages.UNCALLED, "default manager: already called"
    default_rules._require_unhealthy(seen, len(known))
    if default_rules._better_equity(seen) <= 0:
        self._forward_seen(seen, known)
        return block.timestamp
    terms: IDefaultManagerEvents.Terms = default_rules._terms()
    reward: uint256 = 0
    if caller_account != 0:
        reward = min(
            min(seen.maintenance * terms.reward // units.PPM, terms.reward_cap * units.WAD),
            convert(max(auction_rules._worst_equity(account, seen), 0), uint256),
        )
    deadline: uint256 = block.timestamp + terms.grace
    log IDefaultManagerEvents.MarginCalled(
        account=account,
        caller=msg.sender,
        equity=seen.equity,
        maintenance=seen.maintenance,
        deadline=deadline,
        reward=reward,
    )
    extcall IClearinghouseStages(default_rules.CLEARINGHOUSE).set_stage(
        account, stages.CALL, deadline, reward, caller_account
    )
    return deadline


@external
def cure(account: uint256):
    """
    @notice Ends the call, auction or insolvency of an account whose equity is at MM again. Anyone,
            at any time; prices that are not VALID count at their worse end for the account.
    @param account Account id.
    @custom:reverts default manager: no call to cure | default manager: equity below maintenance
    """
    assert (
        words._stage(staticcall IClearinghouse(default_rules.CLEARINGHOUSE).headers(account))
        != stages.UNCALLED
    ), "default manager: no call to cure"
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(default_rules._engine()).margin(account)
    assert default_rules._meets(
        equity, maintenance, units.PPM
    ), "default manager: equity below maintenance"
    log IDefaultManagerEvents.Cured(account=account, equity=equity, maintenance=maintenance)
    extcall IClearinghouseStages(default_rules.CLEARINGHOUSE).set_stage(
        account, stages.UNCALLED, 0, 0, 0
    )


# AUCTION ------------------------------------------------------------------------------------------

@external
def open_auction(account: uint256):
    """
    @notice Puts an account up for auction: its call has passed the deadline and equity is still
            below MM, or equity is below the close-out margin, called or not, or it was insolvent,
            has positions left that were in doubt, and is not insolvent any more. Anyone, at VALID
            prices. At equity 0 and below it is torn up instead, also when it is in auction.
    @param account Account id.
    @custom:reverts default rules: winding down | default rules: liquidations are paused | default
                    manager: auction is open | default rules: account is healthy | default rules:
                    price not valid | default manager: grace not over
    """
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    is_insolvent: bool = default_rules._better_equity(seen) <= 0
    has_positions: bool = remainder_math._has_positions(known)
    assert (
        seen.stage < stages.AUCTION
        or (is_insolvent and (has_positions or seen.stage == stages.AUCTION))
        or (seen.stage == stages.INSOLVENCY and has_positions)
    ), "default manager: auction is open"
    default_rules._require_unhealthy(seen, len(known))
    if is_insolvent:
        self._forward_seen(seen, known)
        return
    if seen.stage < stages.AUCTION and (
        seen.stage == stages.UNCALLED or block.timestamp <= auction_rules._deadline(word, seen)
    ):
        assert not default_rules._meets(
            default_rules._better_equity(seen),
            seen.maintenance,
            default_rules._terms().close_out,
        ), "default manager: grace not over"
    log IDefaultManagerEvents.AuctionOpened(
        account=account,
        caller=msg.sender,
        equity=seen.equity,
        maintenance=seen.maintenance,
    )
    extcall IClearinghouseStages(default_rules.CLEARINGHOUSE).set_stage(
        account, stages.AUCTION, block.timestamp, 0, 0
    )


@external
def bid(
    account: uint256,
    fraction: uint256,
    bidder_account: uint256,
    min_fraction: uint256 = max_value(uint256),
    min_discount: uint256 = 0,
    deadline: uint256 = max_value(uint256),
) -> (uint256, uint256):
    """
    @notice Takes a fraction of every VALID leg of an account in auction, at mark less the discount,
            into the bidder's account, which must meet IM afterwards. Who: the owner of
            `bidder_account`, or an operator of theirs with TRADE. Of an insolvent account it takes
            the slice at mark, and the rest is torn up; what is left of its collateral is sold at a
            discount of its own.
    @param account Account id of the account in auction.
    @param fraction Part to take, WAD, (0, f*].
    @param bidder_account Account id of the bidder.
    @param min_fraction Takes f* instead when f* has fallen below `fraction`, down to this (WAD), so
           that a deposit of dust cannot block a bid. By default the fraction is all or nothing.
    @param min_discount Least discount accepted, ppm of the slice's MM; of its worth when it is a
           remainder.
    @param deadline Last moment of the bid, unix seconds.
    @return Fraction taken, WAD.
    @return Discount received, WAD cash.
    @custom:reverts default rules: bid expired | default rules: not the bidder's account | default
                    rules: winding down | default rules: liquidations are paused | auction rules: no
                    auction | default rules: account is healthy | default rules: price not valid |
                    default rules: fraction is zero | default rules: fraction above limit | default
                    rules: discount below limit
    """
    default_rules._require_bidder(bidder_account, deadline)
    word: uint256 = default_rules._open_word()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    auction_rules._require_auction(seen.stage)
    if seen.stage != stages.INSOLVENCY:
        default_rules._require_unhealthy(seen, len(known))
    if default_rules._better_equity(seen) <= 0 or seen.stage == stages.INSOLVENCY:
        answer: Bytes[64] = self._forward_seen(seen, known)
        return abi_decode(answer, (uint256, uint256))
    terms: IDefaultManagerEvents.Terms = default_rules._terms()
    rate: uint256 = auction_rules._rate_now(terms, word, seen)
    limit: uint256 = auction_rules._limit(terms, seen, rate)
    taken: uint256 = auction_rules._fraction_taken(fraction, min_fraction, limit)
    quote: IDefaultManagerEvents.Quote = auction_rules._quote(
        terms, seen, auction_rules._worst_equity(account, seen), rate, taken
    )
    # The discount is rounded down by less than 1 wei: a bidder who asks for the rate shown gets it.
    default_rules._require_discount(
        (quote.discount + 1) * units.PPM > min_discount * quote.maintenance_sold
    )
    extcall IClearinghouseSlices(default_rules.CLEARINGHOUSE).slice_account(
        account, bidder_account, taken, known, quote.discount, quote.fee
    )
    ended: bool = (
        seen.stuck == 0
        and taken == limit
        or default_rules._meets(quote.equity_after, quote.maintenance_after, terms.target)
    )
    log IDefaultManagerEvents.Bid(
        account=account,
        bidder=bidder_account,
        fraction=taken,
        discount_rate=rate,
        discount=quote.discount,
        fee=quote.fee,
        equity=seen.equity,
        maintenance=seen.maintenance,
        ended=ended,
    )
    if ended:
        extcall IClearinghouseStages(default_rules.CLEARINGHOUSE).set_stage(
            account, stages.UNCALLED, 0, 0, 0
        )
    return taken, quote.discount


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def auction(account: uint256) -> IDefaultManagerEvents.Auction:
    """
    @notice Stage, clock, discount and f* of an account. Anyone may ask. In stage 3 positions are
            sold at mark; for what is left of collateral see `insolvency`.
    @param account Account id.
    @return Where it stands (units: IDefaultManagerEvents).
    """
    terms: IDefaultManagerEvents.Terms = default_rules._terms()
    word: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).role_word(
        role_layout.RISK_ENGINE
    )
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    rate: uint256 = 0
    limit: uint256 = 0
    if seen.stage == stages.AUCTION:
        rate = auction_rules._rate_now(terms, word, seen)
        sellable: bool = len(known) != 0 or seen.stuck == 0
        if sellable and not default_rules._meets(
            default_rules._better_equity(seen), seen.maintenance, units.PPM
        ):
            limit = auction_rules._limit(terms, seen, rate)
    elif seen.stage == stages.INSOLVENCY and default_rules._better_equity(seen) <= 0:
        if remainder_math._has_positions(known):
            limit = units.WAD  # at mark
    return IDefaultManagerEvents.Auction(
        stage=seen.stage,
        since=auction_rules._clock(word, seen),
        discount=rate,
        equity=seen.equity,
        maintenance=seen.maintenance,
        max_fraction=limit,
    )


@external
@view
def quote(account: uint256, fraction: uint256) -> IDefaultManagerEvents.Quote:
    """
    @notice What a bid for this fraction would do now. Anyone may ask. Reverts as `bid` does: no
            auction, equity at MM again, fraction 0 or above f*.
    @param account Account id of the account in auction.
    @param fraction Part to take, WAD, (0, f*].
    @return What it would do (units: IDefaultManagerEvents).
    @custom:reverts auction rules: no auction | default rules: account is healthy | default rules:
                    price not valid | default rules: fraction is zero | default rules: fraction
                    above limit
    """
    word: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).role_word(
        role_layout.RISK_ENGINE
    )
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    auction_rules._require_auction(seen.stage)
    default_rules._require_unhealthy(seen, len(known))
    terms: IDefaultManagerEvents.Terms = default_rules._terms()
    rate: uint256 = auction_rules._rate_now(terms, word, seen)
    taken: uint256 = auction_rules._fraction_taken(
        fraction, max_value(uint256), auction_rules._limit(terms, seen, rate)
    )
    return auction_rules._quote(
        terms, seen, auction_rules._worst_equity(account, seen), rate, taken
    )


@external
@view
def terms() -> IDefaultManagerEvents.Terms:
    """
    @notice The terms in force. Anyone may ask.
    @return Terms (units: IDefaultManagerEvents).
    """
    return default_rules._terms()


@external
@view
def waterfall() -> IDefaultManagerEvents.Waterfall:
    """
    @notice The terms of the waterfall in force. Anyone may ask.
    @return Terms (units: IDefaultManagerEvents).
    """
    return default_rules._waterfall()


@external
@view
def limit_used(market: uint256) -> uint256:
    """
    @notice What a market has drawn of reserve and tiers 3 to 5 lately, as it counts against its
            limit now. Anyone may ask.
    @param market Market id; 0: all together.
    @return What it has drawn, WAD cash.
    """
    return draw_limits._used(market)


@external
@view
def insolvency(account: uint256) -> IDefaultManagerEvents.Insolvency:
    """
    @notice Where an insolvency stands. Anyone may ask. All but `shortfall` and `positions` is 0
            before it is recognised.
    @param account Account id.
    @return Where it stands (units: IDefaultManagerEvents).
    """
    word: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).role_word(
        role_layout.RISK_ENGINE
    )
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = default_rules._assess(word, account)
    state: IDefaultManagerEvents.Insolvency = empty(IDefaultManagerEvents.Insolvency)
    state.shortfall = convert(max(-seen.equity, 0), uint256)
    state.positions = remainder_math._has_positions(known)
    if seen.stage == stages.INSOLVENCY:
        cash: int256 = words._cash(
            staticcall IClearinghouse(default_rules.CLEARINGHOUSE).headers(account)
        )
        if state.positions:
            state.max_fraction = units.WAD if default_rules._better_equity(seen) <= 0 else 0
        elif cash < 0 and len(known) != 0 and seen.apart == 0:
            state.remainder_discount = remainder_math._rate(
                default_rules._insolvent_since(word, seen), default_rules._waterfall().remainder
            )
            state.max_fraction = remainder_math._limit(
                convert(-cash, uint256), remainder_math._worth(known), state.remainder_discount
            )
    return state


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_terms(terms: IDefaultManagerEvents.Terms):
    """
    @notice Changes the terms, inside hard bounds. The Clearinghouse's owner only. Deadlines already
            given stay; a running auction's discount follows the new terms.
    @param terms New terms (units: IDefaultManagerEvents).
    @custom:reverts default rules: caller is not the admin | default rules: terms out of bounds
    """
    default_rules._require_admin()
    default_rules._set_terms(terms)


@external
def set_waterfall(terms: IDefaultManagerEvents.Waterfall):
    """
    @notice Changes the terms of the waterfall, inside hard bounds. The Clearinghouse's owner only.
    @param terms New terms (units: IDefaultManagerEvents).
    @custom:reverts default rules: caller is not the admin | default rules: terms out of bounds
    """
    default_rules._require_admin()
    default_rules._set_waterfall(terms)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _forward() -> Bytes[64]:
    """
    @dev Runs the called function's half for insolvent accounts, in DefaultManagerInsolvency. The
         lock is held here.
    """
    return raw_call(INSOLVENCY, msg.data, max_outsize=64, is_delegate_call=True)


@internal
def _forward_seen(
    seen: IRiskEngine.Assessment, known: DynArray[uint256, limits.MAX_KNOWN]
) -> Bytes[64]:
    """
    @dev Likewise, with what was seen of the account, so that it need not be judged again.
    @param seen The account as the risk engine sees it.
    @param known Its VALID legs with their details (layout: leg_layout).
    """
    default_rules.seen = seen
    default_rules.known = known
    return self._forward()
