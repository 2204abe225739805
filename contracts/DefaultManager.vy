#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultManager: the rulebook
@custom:contract-name DefaultManager
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Margin call, auction, insolvency. Anyone may run every step; nobody can skip one:

            equity < MM            call_margin: a deadline to cure, the account may only reduce
            equity >= target * MM  cure
            deadline missed, or
            equity < close_out*MM  open_auction: orders void, the discount starts to rise
            equity < MM            bid: a fraction of every priced leg at mark less the discount
            equity <= 0            the same at mark, without discount; what is then missing comes
                                   from the insurance fund, and what it cannot pay is the hole

        The discount is measured in maintenance margin of the slice, so that it grows with the risk
        taken over; discount, fee and reward come out of the defaulter's equity only (INV-4).
"""

from .interfaces import IClearinghouse
from .interfaces import IDefaultManager
from .interfaces import IInsuranceFund
from .interfaces import IRiskEngine
from .modules import auction_math
from .modules import registry
from .modules import words

implements: IDefaultManager

WAD: constant(uint256) = 10**18
PPM: constant(uint256) = 1_000_000
IPPM: constant(int256) = 1_000_000
MAX_KNOWN: constant(uint256) = 40

STAGE_NONE: constant(uint256) = 0
STAGE_CALL: constant(uint256) = 1
STAGE_AUCTION: constant(uint256) = 2

# Bounds of the terms.
MIN_GRACE: constant(uint256) = 300  # 5 minutes
MAX_GRACE: constant(uint256) = 3 * 86_400
MIN_DURATION: constant(uint256) = 60
MAX_DURATION: constant(uint256) = 86_400
MAX_DISCOUNT: constant(uint256) = 500_000  # half of MM
MAX_FEE: constant(uint256) = 100_000
MIN_TARGET: constant(uint256) = 1_010_000
MAX_TARGET: constant(uint256) = 2_000_000
MIN_CLOSE_OUT: constant(uint256) = 100_000
MAX_CLOSE_OUT: constant(uint256) = 950_000
MAX_REWARD: constant(uint256) = 20_000  # 2 % of MM
MAX_REWARD_CAP: constant(uint256) = 10_000  # units of cash
MAX_DUST: constant(uint256) = 10_000  # units of cash

CLEARINGHOUSE: public(immutable(address))


# All terms in one word: grace 24 | duration 24 | discount start 20 | discount end 20 | fee 20
# | target 24 | close-out 20 | reward 20 | reward cap 24 | dust 24 bits.
packed_terms: uint256


@deploy
def __init__(clearinghouse: address, terms: IDefaultManager.Terms):
    """
    @param clearinghouse The ledger; its owner sets the terms.
    @param terms First terms, inside the bounds of `set_terms`.
    """
    CLEARINGHOUSE = clearinghouse
    self._set_terms(terms)


# MARGIN CALL ------------------------------------------------------------------------------------

@external
def call_margin(account: uint256, caller_account: uint256 = 0) -> uint256:
    """
    @notice Calls an account whose equity is below MM. Anyone, at VALID prices.
    @param caller_account Account that gets the reward, paid by the called account: a part of MM, at
           most the cap and what equity there is; 0 forgoes it.
    @return Deadline to cure, unix seconds.
    """
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = self._assess(account)
    assert seen.stage == STAGE_NONE, "default manager: already called"
    self._require_unhealthy(seen, len(known))
    terms: IDefaultManager.Terms = self._terms()
    reward: uint256 = 0
    if caller_account != 0:
        reward = min(
            min(seen.maintenance * terms.reward // PPM, terms.reward_cap * WAD),
            convert(max(self._worst_equity(account, seen), 0), uint256),
        )
    deadline: uint256 = block.timestamp + terms.grace
    log IDefaultManager.MarginCalled(
        account=account,
        caller=msg.sender,
        equity=seen.equity,
        maintenance=seen.maintenance,
        deadline=deadline,
        reward=reward,
    )
    extcall IClearinghouse(CLEARINGHOUSE).set_stage(
        account, STAGE_CALL, deadline, reward, caller_account
    )
    return deadline


@external
def cure(account: uint256):
    """
    @notice Ends a margin call or an auction of an account whose equity is back at the target.
            Anyone, at any time; prices that are not VALID count at their worse end for the account.
    """
    header: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).headers(account)
    assert words._stage(header) != STAGE_NONE, "default manager: no call to cure"
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(self._engine()).margin(account)
    assert self._meets(
        equity, maintenance, self._terms().target
    ), "default manager: equity below target"
    log IDefaultManager.Cured(account=account, equity=equity, maintenance=maintenance)
    extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, STAGE_NONE, 0, 0, 0)


# AUCTION ----------------------------------------------------------------------------------------

@external
def open_auction(account: uint256):
    """
    @notice Puts an account up for auction: its call has passed the deadline and equity is still
            below MM, or equity is below the close-out margin, called or not. Anyone, at VALID
            prices.
    """
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = self._assess(account)
    assert seen.stage != STAGE_AUCTION, "default manager: auction is open"
    self._require_unhealthy(seen, len(known))
    if seen.stage == STAGE_NONE or block.timestamp <= seen.since:
        assert not self._meets(
            seen.equity, seen.maintenance, self._terms().close_out
        ), "default manager: grace not over"
    log IDefaultManager.AuctionOpened(
        account=account,
        caller=msg.sender,
        equity=seen.equity,
        maintenance=seen.maintenance,
    )
    extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, STAGE_AUCTION, block.timestamp, 0, 0)


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
            into an account of the caller's, which must meet IM afterwards.
    @param fraction WAD, (0, f*].
    @param min_fraction Takes f* instead when f* has fallen below `fraction`, down to this (WAD), so
           that a deposit of dust cannot block a bid. By default the fraction is all or nothing.
    @param min_discount Least discount accepted, ppm of the slice's MM.
    @param deadline Last moment of the bid, unix seconds.
    @return Fraction taken and discount received, WAD.
    """
    assert block.timestamp <= deadline, "default manager: bid expired"
    assert staticcall IClearinghouse(CLEARINGHOUSE).is_authorised(
        bidder_account, msg.sender, registry.TRADE
    ), "default manager: not the bidder's account"
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = self._assess(account)
    self._require_auction(seen.stage)
    self._require_unhealthy(seen, len(known))
    terms: IDefaultManager.Terms = self._terms()
    rate: uint256 = self._rate_now(terms, seen.since)
    limit: uint256 = self._limit(terms, seen, rate)
    taken: uint256 = self._fraction_taken(fraction, min_fraction, limit)
    quote: IDefaultManager.Quote = self._quote(
        terms, seen, self._worst_equity(account, seen), rate, taken
    )
    # The discount was rounded down by less than 1 wei: whoever asks for the rate shown gets it.
    assert (quote.discount + 1) * PPM > min_discount * quote.maintenance_sold, (
        "default manager: discount below limit"
    )
    cash: int256 = extcall IClearinghouse(CLEARINGHOUSE).slice_account(
        account, bidder_account, taken, known, quote.discount, quote.fee
    )
    ended: bool = (
        seen.stuck == 0
        and taken == limit
        or self._meets(quote.equity_after, quote.maintenance_after, terms.target)
    )
    log IDefaultManager.Bid(
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
    if taken == WAD and seen.stuck == 0 and cash < 0:
        self._pay_shortfall(account, convert(-cash, uint256))
    if ended:
        extcall IClearinghouse(CLEARINGHOUSE).set_stage(account, STAGE_NONE, 0, 0, 0)
    return taken, quote.discount


# VIEWS ------------------------------------------------------------------------------------------

@external
@view
def auction(account: uint256) -> IDefaultManager.Auction:
    """
    @notice Stage, clock, discount and f* of an account.
    """
    terms: IDefaultManager.Terms = self._terms()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = self._assess(account)
    rate: uint256 = 0
    limit: uint256 = 0
    if seen.stage == STAGE_AUCTION:
        rate = self._rate_now(terms, seen.since)
        sellable: bool = len(known) != 0 or seen.stuck == 0
        if sellable and not self._meets(seen.equity, seen.maintenance, PPM):
            limit = self._limit(terms, seen, rate)
    return IDefaultManager.Auction(
        stage=seen.stage,
        since=seen.since,
        discount=rate,
        equity=seen.equity,
        maintenance=seen.maintenance,
        max_fraction=limit,
    )


@external
@view
def quote(account: uint256, fraction: uint256) -> IDefaultManager.Quote:
    """
    @notice What a bid for this fraction (WAD) would do now. Reverts as `bid` would: no auction,
            equity at MM again, fraction 0 or above f*.
    """
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = self._assess(account)
    self._require_auction(seen.stage)
    self._require_unhealthy(seen, len(known))
    terms: IDefaultManager.Terms = self._terms()
    rate: uint256 = self._rate_now(terms, seen.since)
    taken: uint256 = self._fraction_taken(
        fraction, max_value(uint256), self._limit(terms, seen, rate)
    )
    return self._quote(terms, seen, self._worst_equity(account, seen), rate, taken)


@external
@view
def terms() -> IDefaultManager.Terms:
    """
    @notice The terms in force.
    """
    return self._terms()


# ADMIN ------------------------------------------------------------------------------------------

@external
def set_terms(terms: IDefaultManager.Terms):
    """
    @notice Changes the terms, inside hard bounds. The Clearinghouse's owner only. Deadlines already
            given stay; a running auction's discount follows the new terms.
    """
    assert (
        msg.sender == staticcall IClearinghouse(CLEARINGHOUSE).owner()
    ), "default manager: caller is not the admin"
    self._set_terms(terms)


# INTERNAL ---------------------------------------------------------------------------------------

@internal
def _pay_shortfall(account: uint256, shortfall: uint256):
    """
    @dev Waterfall of an account that was sold off: the insurance fund, then the hole. INV-6: the
         parts add up to the shortfall.
    """
    fund: address = staticcall IClearinghouse(CLEARINGHOUSE).roles(registry.INSURANCE_FUND)
    paid: uint256 = extcall IInsuranceFund(fund).draw(account, shortfall)
    left: uint256 = shortfall - paid
    if left != 0:
        left = extcall IClearinghouse(CLEARINGHOUSE).resolve_shortfall(account)
    log IDefaultManager.ShortfallPaid(
        account=account, shortfall=shortfall, insurance=paid, hole=left
    )


@internal
@view
def _engine() -> address:
    """
    @dev The risk engine plugged into the ledger.
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).roles(registry.RISK_ENGINE)


@internal
@view
def _assess(account: uint256) -> (IRiskEngine.Assessment, DynArray[uint256, MAX_KNOWN]):
    """
    @dev The account as the engine sees it now.
    """
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, MAX_KNOWN] = []
    seen, known = staticcall IRiskEngine(self._engine()).assess(account)
    return seen, known


@internal
@view
def _worst_equity(account: uint256, seen: IRiskEngine.Assessment) -> int256:
    """
    @dev Equity with every price that is not VALID at its worse end: nobody is paid out of value
         that is in doubt (INV-4). WAD cash.
    """
    if seen.stuck == 0:
        return seen.equity
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(self._engine()).margin(account)
    return min(equity, seen.equity)


@internal
@pure
def _require_unhealthy(seen: IRiskEngine.Assessment, priced: uint256):
    """
    @dev INV-3: a healthy account can neither be called nor sold, nor one without any VALID price.
    """
    assert not self._meets(
        seen.equity, seen.maintenance, PPM
    ), "default manager: account is healthy"
    assert priced != 0 or seen.stuck == 0, "default manager: price not valid"


@internal
@pure
def _meets(equity: int256, maintenance: uint256, ratio: uint256) -> bool:
    """
    @dev Whether equity is at least this part (ppm) of MM.
    """
    return equity * IPPM >= convert(maintenance * ratio, int256)


@internal
@view
def _rate_now(terms: IDefaultManager.Terms, since: uint256) -> uint256:
    """
    @dev Discount of an auction at this block, ppm of MM.
    """
    return auction_math._discount_rate(
        block.timestamp - since, terms.duration, terms.discount_start, terms.discount_end
    )


@internal
@pure
def _limit(terms: IDefaultManager.Terms, seen: IRiskEngine.Assessment, rate: uint256) -> uint256:
    """
    @dev f*.
    """
    return auction_math._max_fraction(
        seen.equity,
        seen.maintenance - seen.linear - seen.quadratic,
        seen.linear,
        seen.quadratic,
        rate + terms.fee,
        terms.target,
        terms.dust * WAD,
    )


@internal
@pure
def _fraction_taken(fraction: uint256, min_fraction: uint256, limit: uint256) -> uint256:
    """
    @dev The fraction asked for, or f* when the bidder accepts less.
    """
    assert fraction != 0, "default manager: fraction is zero"
    if fraction > limit:
        assert min_fraction <= limit, "default manager: fraction above limit"
        return limit
    return fraction


@internal
@pure
def _quote(
    terms: IDefaultManager.Terms,
    seen: IRiskEngine.Assessment,
    worst_equity: int256,
    rate: uint256,
    taken: uint256,
) -> IDefaultManager.Quote:
    """
    @dev What a bid for `taken` does.
    """
    priced: uint256 = seen.linear + seen.quadratic
    discount: uint256 = 0
    fee: uint256 = 0
    discount, fee = auction_math._charges(
        auction_math._spendable(worst_equity, priced, seen.maintenance),
        priced,
        taken,
        rate,
        terms.fee,
    )
    return IDefaultManager.Quote(
        fraction=taken,
        discount=discount,
        fee=fee,
        maintenance_sold=priced * taken // WAD,
        equity_after=seen.equity - convert(discount + fee, int256),
        maintenance_after=auction_math._maintenance_after(
            seen.maintenance - priced, seen.linear, seen.quadratic, WAD - taken
        ),
    )


@internal
@pure
def _require_auction(stage: uint256):
    """
    @dev Slices are sold in an auction only.
    """
    assert stage == STAGE_AUCTION, "default manager: no auction"


@internal
@view
def _terms() -> IDefaultManager.Terms:
    """
    @dev The terms, unpacked.
    """
    word: uint256 = self.packed_terms
    return IDefaultManager.Terms(
        grace=word & (2**24 - 1),
        duration=(word >> 24) & (2**24 - 1),
        discount_start=(word >> 48) & (2**20 - 1),
        discount_end=(word >> 68) & (2**20 - 1),
        fee=(word >> 88) & (2**20 - 1),
        target=(word >> 108) & (2**24 - 1),
        close_out=(word >> 132) & (2**20 - 1),
        reward=(word >> 152) & (2**20 - 1),
        reward_cap=(word >> 172) & (2**24 - 1),
        dust=(word >> 196) & (2**24 - 1),
    )


@internal
def _set_terms(terms: IDefaultManager.Terms):
    """
    @dev Checks the bounds, packs and stores. A full sale must leave a rest of equity whenever it is
         not already below the close-out margin: discount_end + fee < close_out.
    """
    assert (
        terms.grace >= MIN_GRACE
        and terms.grace <= MAX_GRACE
        and terms.duration >= MIN_DURATION
        and terms.duration <= MAX_DURATION
        and terms.discount_start <= terms.discount_end
        and terms.discount_end <= MAX_DISCOUNT
        and terms.fee <= MAX_FEE
        and terms.target >= MIN_TARGET
        and terms.target <= MAX_TARGET
        and terms.close_out >= MIN_CLOSE_OUT
        and terms.close_out <= MAX_CLOSE_OUT
        and terms.discount_end + terms.fee < terms.close_out
        and terms.reward <= MAX_REWARD
        and terms.reward_cap <= MAX_REWARD_CAP
        and terms.dust <= MAX_DUST
    ), "default manager: terms out of bounds"
    self.packed_terms = (
        terms.grace
        | terms.duration << 24
        | terms.discount_start << 48
        | terms.discount_end << 68
        | terms.fee << 88
        | terms.target << 108
        | terms.close_out << 132
        | terms.reward << 152
        | terms.reward_cap << 172
        | terms.dust << 196
    )
    log IDefaultManager.TermsSet(terms=terms)
