#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Lens: batch views for bots and pages
@custom:contract-name Lens
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Reads many accounts, positions, markets or prices in one call. It keeps nothing, decides
        nothing and is trusted by nobody: it asks the risk engine, which judges, and the
        DefaultManager, which rules. An account that does not exist or cannot be judged leaves a
        gap in the answer and never makes a batch revert. Anyone may call every function.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IDefaultManagerViews
from ..interfaces import IHouseContract
from ..interfaces import ILens
from ..interfaces import IRiskEngine
from ..modules.layout import leg_layout
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import units
from ..modules.layout import words
from ..modules import funding_math
from ..modules import prospects
from ..modules import remainder_math
from ..modules import wad_math

implements: IHouseContract
implements: ILens

MAX_ACCOUNTS: constant(uint256) = 100
MAX_HELD_ACCOUNTS: constant(uint256) = 10  # accounts whose positions are read in one call
MAX_POSITION_VIEWS: constant(uint256) = 320  # 32 for each of them
MAX_ROWS: constant(uint256) = 128


# Actions of `next_step` (ILens).
ACTION_CALL: constant(uint256) = 1
ACTION_OPEN: constant(uint256) = 2
ACTION_BID: constant(uint256) = 3
ACTION_CURE: constant(uint256) = 4
ACTION_TEAR_UP: constant(uint256) = 5
ACTION_REMAINDER: constant(uint256) = 6
ACTION_WAIT: constant(uint256) = 7


# Bytes of the answers that are asked for with a raw call.
MARGIN_SIZE: constant(uint256) = 96  # three words
ASSESS_SIZE: constant(uint256) = 1_664  # ten words, offset, length, 40 words
AUCTION_SIZE: constant(uint256) = 192  # six words
PRICE_SIZE: constant(uint256) = 96  # three words

# The ledger; it names the risk engine and the default manager.
CLEARINGHOUSE: public(immutable(address))


@deploy
def __init__(clearinghouse: address):
    """
    @notice Ties the Lens to one ledger for ever.
    @param clearinghouse Address of the Clearinghouse; it names the risk engine and the
           DefaultManager.
    @custom:reverts lens: no clearinghouse
    """
    assert clearinghouse != empty(address), "lens: no clearinghouse"
    CLEARINGHOUSE = clearinghouse


# ACCOUNTS -----------------------------------------------------------------------------------------

@external
@view
def accounts(ids: DynArray[uint256, MAX_ACCOUNTS]) -> DynArray[ILens.AccountView, MAX_ACCOUNTS]:
    """
    @notice Health, stage and what may be done now with each account. Anyone may ask.
    @param ids Account ids.
    @return One answer for each id, in the order asked for (units: ILens).
    """
    engine: address = self._role(role_layout.RISK_ENGINE)
    manager: address = self._role(role_layout.DEFAULT_MANAGER)
    terms: IDefaultManagerEvents.Terms = staticcall IDefaultManagerViews(manager).terms()
    seen: DynArray[ILens.AccountView, MAX_ACCOUNTS] = []
    for account: uint256 in ids:
        seen.append(self._account(engine, manager, terms, account))
    return seen


@external
@view
def actionable(
    ids: DynArray[uint256, MAX_ACCOUNTS],
) -> (
    DynArray[uint256, MAX_ACCOUNTS],
    DynArray[uint256, MAX_ACCOUNTS],
    DynArray[uint256, MAX_ACCOUNTS],
    DynArray[uint256, MAX_ACCOUNTS],
):
    """
    @notice Which of these accounts may be called, put up for auction, bid for or cured now. Anyone
            may ask.
    @param ids Account ids.
    @return Ids of accounts for which `call_margin` goes through.
    @return Ids of accounts for which `open_auction` goes through.
    @return Ids of accounts for which `bid` goes through, as far as the account is concerned.
    @return Ids of accounts for which `cure` goes through.
    """
    engine: address = self._role(role_layout.RISK_ENGINE)
    manager: address = self._role(role_layout.DEFAULT_MANAGER)
    terms: IDefaultManagerEvents.Terms = staticcall IDefaultManagerViews(manager).terms()
    callable: DynArray[uint256, MAX_ACCOUNTS] = []
    openable: DynArray[uint256, MAX_ACCOUNTS] = []
    biddable: DynArray[uint256, MAX_ACCOUNTS] = []
    curable: DynArray[uint256, MAX_ACCOUNTS] = []
    for account: uint256 in ids:
        seen: ILens.AccountView = self._account(engine, manager, terms, account)
        if seen.callable:
            callable.append(account)
        if seen.openable:
            openable.append(account)
        if seen.biddable:
            biddable.append(account)
        if seen.curable:
            curable.append(account)
    return callable, openable, biddable, curable


@external
@view
def next_step(account: uint256) -> ILens.NextStep:
    """
    @notice What happens next to an account, when, at what discount, and who would pay a shortfall.
            Anyone may ask. Reverts for an account that does not exist or cannot be judged.
    @param account Account id.
    @return The next step (units: ILens).
    """
    manager: address = self._role(role_layout.DEFAULT_MANAGER)
    terms: IDefaultManagerEvents.Terms = staticcall IDefaultManagerViews(manager).terms()
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = staticcall IRiskEngine(self._role(role_layout.RISK_ENGINE)).assess(account)
    auction: IDefaultManagerEvents.Auction = staticcall IDefaultManagerViews(manager).auction(
        account
    )
    insolvency: IDefaultManagerEvents.Insolvency = staticcall IDefaultManagerViews(
        manager
    ).insolvency(account)
    step: ILens.NextStep = empty(ILens.NextStep)
    step.account = account
    step.stage = seen.stage
    step.from_time = block.timestamp
    step.equity = seen.equity
    step.maintenance = seen.maintenance
    step.shortfall = insolvency.shortfall
    step = prospects._prospect(CLEARINGHOUSE, manager, step, known)
    word: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).role_word(role_layout.RISK_ENGINE)
    if word >> role_layout.PHASE_SHIFT != role_layout.RUNNING:
        return step  # a wind-down has proofs and redemption only
    paused_until: uint256 = (word >> role_layout.SECOND_FIELD) & role_layout.ROLE_FIELD_MASK
    if paused_until != 0:
        paused_until += role_layout.CURE_WINDOW

    # Who is called, sold or torn up is so at either of two fresh answers.
    better: int256 = seen.equity + convert(seen.doubt, int256)
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(
        self._role(role_layout.RISK_ENGINE)
    ).margin(account)
    if seen.stage != stages.UNCALLED and self._meets(equity, maintenance, units.PPM):
        step.action = ACTION_CURE
        return step
    if seen.stage == stages.INSOLVENCY and not insolvency.positions:
        step.discount = insolvency.remainder_discount
        step.max_fraction = insolvency.max_fraction
        step.action = ACTION_REMAINDER if insolvency.max_fraction != 0 else ACTION_WAIT
        if len(known) == 0 and seen.stuck == 0:
            step.action = ACTION_TEAR_UP  # only debt is left to resolve
    elif not self._meets(better, seen.maintenance, units.PPM):
        if len(known) == 0 and seen.stuck != 0:
            step.action = ACTION_WAIT
        elif better <= 0:
            step.action = ACTION_TEAR_UP
        elif seen.stage == stages.AUCTION:
            step.action = ACTION_BID
            step.discount = auction.discount
            step.max_fraction = auction.max_fraction
        elif seen.stage == stages.INSOLVENCY or not self._meets(
            better, seen.maintenance, terms.close_out
        ):
            step.action = ACTION_OPEN
        elif seen.stage == stages.UNCALLED:
            step.action = ACTION_CALL
        else:
            step.action = ACTION_OPEN
            step.from_time = max(auction.since + 1, block.timestamp)
    step.from_time = max(step.from_time, paused_until)
    return step


@external
@view
def positions(
    ids: DynArray[uint256, MAX_HELD_ACCOUNTS]
) -> DynArray[ILens.PositionView, MAX_POSITION_VIEWS]:
    """
    @notice Every position of these accounts at mark. Anyone may ask.
    @param ids Account ids.
    @return Positions, account by account; none of an account that does not exist (units: ILens).
    """
    engine: address = self._role(role_layout.RISK_ENGINE)
    found: DynArray[ILens.PositionView, MAX_POSITION_VIEWS] = []
    for account: uint256 in ids:
        if staticcall IClearinghouse(CLEARINGHOUSE).headers(account) == 0:
            continue
        header: uint256 = 0
        legs: DynArray[uint256, limits.MAX_LEGS] = []
        header, legs = staticcall IClearinghouse(CLEARINGHOUSE).portfolio(account)
        i: uint256 = 0
        for _: uint256 in range(limits.MAX_KNOWN):
            if i >= len(legs):
                break
            row: uint256 = legs[i] >> leg_layout.ROW_SHIFT
            if row > leg_layout.MARKET_ROW:
                found.append(self._position(engine, account, row, legs[i + 1]))
            # A collateral is one word; a position and an amount of cash (row 0) are two.
            i += 2 if row > leg_layout.MARKET_ROW or row == 0 else 1
    return found


# MARKETS AND PRICES -------------------------------------------------------------------------------

@external
@view
def markets(
    ids: DynArray[uint256, limits.MAX_MARKET]
) -> DynArray[ILens.MarketView, limits.MAX_MARKET]:
    """
    @notice Mark, funding up to now, open interest and fees of each market. Anyone may ask.
    @param ids Market ids.
    @return One answer for each id, in the order asked for (units: ILens).
    """
    engine: address = self._role(role_layout.RISK_ENGINE)
    seen: DynArray[ILens.MarketView, limits.MAX_MARKET] = []
    for market: uint256 in ids:
        state: uint256 = staticcall IClearinghouseRecords(CLEARINGHOUSE).market_state(market)
        if state == 0:
            unknown: ILens.MarketView = empty(ILens.MarketView)
            unknown.market = market
            seen.append(unknown)
            continue
        price: ILens.PriceView = self._price(engine, leg_layout.MARKET_ROW + market)
        totals: uint256 = staticcall IClearinghouseRecords(CLEARINGHOUSE).market_totals(market)
        seen.append(
            ILens.MarketView(
                market=market,
                exists=True,
                settled=state & words.SETTLED != 0,
                low=price.low,
                high=price.high,
                valid=price.valid,
                funding_index=funding_math._funding_now(state),
                funding_rate=words._rate(state),
                long_interest=self._interest(market, state, totals & words.SIDE_TOTAL_MASK, True),
                short_interest=self._interest(
                    market,
                    state,
                    (totals >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK,
                    False,
                ),
                fees=words._fees(totals),
            )
        )
    return seen


@external
@view
def prices(rows: DynArray[uint256, MAX_ROWS]) -> DynArray[ILens.PriceView, MAX_ROWS]:
    """
    @notice Price of each row of the risk engine's table. Anyone may ask.
    @param rows Rows of the risk engine's table (layout: risk_rows).
    @return One answer for each row, in the order asked for; empty for a row never set.
    """
    engine: address = self._role(role_layout.RISK_ENGINE)
    seen: DynArray[ILens.PriceView, MAX_ROWS] = []
    for row: uint256 in rows:
        seen.append(self._price(engine, row))
    return seen


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _role(role: uint256) -> address:
    """
    @dev A contract plugged into the ledger.
    @param role Which, see role_layout.
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).roles(role)


@internal
@view
def _account(
    engine: address, manager: address, terms: IDefaultManagerEvents.Terms, account: uint256
) -> ILens.AccountView:
    """
    @dev One account. The four answers on what may be done follow the DefaultManager's own
         conditions.
    @param engine Address of the risk engine.
    @param manager Address of the DefaultManager.
    @param terms The DefaultManager's terms.
    @param account Account id.
    """
    seen: ILens.AccountView = empty(ILens.AccountView)
    seen.account = account
    header: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).headers(account)
    if header == 0:
        return seen
    seen.exists = True
    seen.cash = words._cash(header)
    seen.stage = words._stage(header)

    judged: bool = False
    legs_priced: bool = False
    has_positions: bool = False
    judged, seen.equity, seen.initial, seen.maintenance = self._margin(engine, account)
    if judged:
        (
            judged,
            legs_priced,
            has_positions,
            seen.all_valid,
            seen.assessed_equity,
            seen.assessed_maintenance,
        ) = self._assessment(engine, account)
    if judged and seen.stage != stages.UNCALLED:
        judged, seen.since, seen.discount, seen.max_fraction = self._auction(manager, account)
    seen.readable = judged
    if not judged:
        return seen

    sellable: bool = (legs_priced or seen.all_valid) and not self._meets(
        seen.assessed_equity, seen.assessed_maintenance, units.PPM
    )
    seen.callable = sellable and seen.stage == stages.UNCALLED
    if sellable and seen.stage < stages.AUCTION:
        grace_over: bool = seen.stage != stages.UNCALLED and block.timestamp > seen.since
        seen.openable = grace_over or not self._meets(
            seen.assessed_equity, seen.assessed_maintenance, terms.close_out
        )
    elif sellable and seen.stage == stages.AUCTION:
        seen.openable = seen.assessed_equity <= 0
    else:
        seen.openable = sellable and has_positions
    seen.biddable = seen.stage == stages.AUCTION and seen.max_fraction != 0
    seen.curable = seen.stage != stages.UNCALLED and self._meets(
        seen.equity, seen.maintenance, units.PPM
    )
    return seen


@internal
@view
def _margin(engine: address, account: uint256) -> (bool, int256, uint256, uint256):
    """
    @dev RiskEngine.margin, which an account that cannot be judged makes revert.
    @return Whether it answered.
    @return Equity, WAD cash.
    @return IM, WAD cash.
    @return MM, WAD cash.
    """
    success: bool = False
    answer: Bytes[MARGIN_SIZE] = b""
    success, answer = raw_call(
        engine,
        abi_encode(account, method_id=method_id("margin(uint256)")),
        max_outsize=MARGIN_SIZE,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) < MARGIN_SIZE:
        return False, 0, 0, 0
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = abi_decode(answer, (int256, uint256, uint256))
    return True, equity, initial, maintenance


@internal
@view
def _assessment(engine: address, account: uint256) -> (bool, bool, bool, bool, int256, uint256):
    """
    @dev RiskEngine.assess, which an account that cannot be judged makes revert.
    @return Whether it answered.
    @return Whether any leg has a VALID price.
    @return Whether any position has one.
    @return Whether every leg has one.
    @return Equity at the better of two fresh answers, WAD cash.
    @return MM, WAD cash.
    """
    success: bool = False
    answer: Bytes[ASSESS_SIZE] = b""
    success, answer = raw_call(
        engine,
        abi_encode(account, method_id=method_id("assess(uint256)")),
        max_outsize=ASSESS_SIZE,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) == 0:
        return False, False, False, False, 0, 0
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    seen, known = abi_decode(answer, (IRiskEngine.Assessment, DynArray[uint256, limits.MAX_KNOWN]))
    return (
        True,
        len(known) != 0,
        remainder_math._has_positions(known),
        seen.stuck == 0,
        seen.equity + convert(seen.doubt, int256),
        seen.maintenance,
    )


@internal
@view
def _auction(manager: address, account: uint256) -> (bool, uint256, uint256, uint256):
    """
    @dev DefaultManager.auction, which an account that cannot be judged makes revert.
    @return Whether it answered.
    @return The clock, unix seconds.
    @return Discount, ppm of MM.
    @return f*, WAD.
    """
    success: bool = False
    answer: Bytes[AUCTION_SIZE] = b""
    success, answer = raw_call(
        manager,
        abi_encode(account, method_id=method_id("auction(uint256)")),
        max_outsize=AUCTION_SIZE,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) < AUCTION_SIZE:
        return False, 0, 0, 0
    seen: IDefaultManagerEvents.Auction = abi_decode(answer, IDefaultManagerEvents.Auction)
    return True, seen.since, seen.discount, seen.max_fraction


@internal
@view
def _price(engine: address, row: uint256) -> ILens.PriceView:
    """
    @dev A row's price; empty when there is none.
    """
    price: ILens.PriceView = empty(ILens.PriceView)
    price.row = row
    success: bool = False
    answer: Bytes[PRICE_SIZE] = b""
    success, answer = raw_call(
        engine,
        abi_encode(row, method_id=method_id("price(uint256)")),
        max_outsize=PRICE_SIZE,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success and len(answer) == PRICE_SIZE:
        price.low, price.high, price.valid = abi_decode(answer, (uint256, uint256, bool))
    return price


@internal
@view
def _position(engine: address, account: uint256, row: uint256, body: uint256) -> ILens.PositionView:
    """
    @dev A position from the second word of its leg (layout: leg_layout): q << 128 | b, worth
         q * P + b.
    @param engine Address of the risk engine.
    @param account Account id.
    @param row Row of its market.
    @param body Second word of its leg.
    """
    market: uint256 = row - leg_layout.MARKET_ROW
    price: ILens.PriceView = self._price(engine, row)
    size: int256 = words._signed(body) >> leg_layout.SIZE_SHIFT
    worse: uint256 = price.low if size > 0 else price.high
    carry: int256 = words._signed(body << leg_layout.CARRY_LEFT) >> leg_layout.CARRY_LEFT
    return ILens.PositionView(
        account=account,
        market=market,
        size=size,
        cost=words._cost(
            staticcall IClearinghouseRecords(CLEARINGHOUSE).positions(account, market)
        ),
        value=wad_math._mul_floor(size, convert(worse, int256)) + carry,
        notional=wad_math._mul_up(convert(abs(size), uint256), worse),
        low=price.low,
        high=price.high,
        valid=price.valid,
    )


@internal
@view
def _interest(market: uint256, state: uint256, shares: uint256, is_long: bool) -> uint256:
    """
    @dev Open interest of a side, WAD base: shares * A.
    @param market Market id.
    @param state The market's state word (layout: words).
    @param shares Sum of the side's shares.
    @param is_long Whether it is the LONG side.
    """
    moved: uint256 = words.INDEXED_LONG if is_long else words.INDEXED_SHORT
    if state & moved == 0:
        return shares
    side: uint256 = staticcall IClearinghouseRecords(CLEARINGHOUSE).side_index(
        market, 0 if is_long else 1
    )
    return wad_math._mul_down(shares, side & words.SIDE_A_MASK)


@internal
@pure
def _meets(equity: int256, maintenance: uint256, ratio: uint256) -> bool:
    """
    @dev Whether equity is at least a part of MM.
    @param equity WAD cash.
    @param maintenance MM, WAD cash.
    @param ratio The part, ppm.
    """
    return equity * units.IPPM >= convert(maintenance * ratio, int256)
