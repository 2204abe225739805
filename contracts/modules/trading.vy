#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Fills and slices: the two ways a position changes hands
@custom:contract-name trading
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A fill puts the clearinghouse between maker and taker; a slice moves the same fraction of
        every priced leg of a defaulter to a bidder at mark. Both book first, then show the risk
        engine the books as they stand, and revert as a whole when it objects.
"""

from ..interfaces import IClearinghouseEvents
from ..interfaces import IDefaultFundManager
from ..interfaces import IRiskEngine
from .layout import fresh_wins
from .layout import leg_layout
from .layout import levels
from .layout import limits
from .layout import order_words
from .layout import role_layout
from .layout import stages
from .layout import units
from .layout import words
from . import currency
from . import funding_math
from . import ledger
from . import registry
from . import sides
from . import vault
from . import wad_math

uses: currency
uses: ledger
uses: sides
uses: registry


# @notice A fill to book.
# @custom:member market Market id.
# @custom:member maker Account id of the maker.
# @custom:member taker Account id of the taker.
# @custom:member size What the taker gains, signed, WAD base.
# @custom:member price WAD cash per base unit.
# @custom:member maker_fee Charge on the maker, WAD cash.
# @custom:member taker_fee Charge on the taker, WAD cash.
# @custom:member flags Bit 0: the maker's order is reduce-only, bit 1: the taker's.
struct Fill:
    market: uint256
    maker: uint256
    taker: uint256
    size: int256
    price: uint256
    maker_fee: uint256
    taker_fee: uint256
    flags: uint256


# @notice An account that trades.
# @custom:member account Account id.
# @custom:member header Header word as it stands (layout: words), perhaps not stored.
# @custom:member charge What it pays for the trade, WAD cash.
struct Half:
    account: uint256
    header: uint256
    charge: uint256


# @notice What a trade makes of both accounts.
# @custom:member giver_header Header of the account that gives (layout: words), not stored.
# @custom:member getter_header Header of the account that gains, not stored.
# @custom:member giver_position Position word of the account that gives (layout: words), stored.
# @custom:member getter_position Position word of the account that gains, stored.
# @custom:member reduces Who only reduced: bit 0 the giver, bit 1 the getter.
# @custom:member long_change Change of LONG shares, WAD base.
# @custom:member short_change Change of SHORT shares, WAD base.
struct Halves:
    giver_header: uint256
    getter_header: uint256
    giver_position: uint256
    getter_position: uint256
    reduces: uint256
    long_change: int256
    short_change: int256


# @notice What the risk engine says of a fill.
# @custom:member low Lower end of the mark, WAD cash per base unit.
# @custom:member high Upper end of the mark, WAD cash per base unit.
# @custom:member rate Funding rate that the fill argues for, wei of cash per base unit and second.
# @custom:member weight How much that rate counts, WAD, at most 1.
# @custom:member maker_initial IM of the maker, WAD cash.
# @custom:member taker_initial IM of the taker, WAD cash.
struct Judgement:
    low: uint256
    high: uint256
    rate: int256
    weight: uint256
    maker_initial: uint256
    taker_initial: uint256


# NOVATION -----------------------------------------------------------------------------------------

@internal
def _novate(engine: address, terms: uint256, fill: Fill) -> (uint256, uint256):
    """
    @dev Trades between two accounts: books first, then judges both as they stand.
    @param engine Address of the risk engine.
    @param terms Word of the EXCHANGE role (layout: role_layout).
    @return The lower and the upper end of the mark, WAD cash per base unit.
    """
    assert fill.size != 0 and abs(fill.size) < limits.SIZE_LIMIT, "trading: bad size"
    assert fill.price != 0 and fill.price < limits.PRICE_LIMIT, "trading: bad price"
    state: uint256 = sides._state(fill.market)
    # Fees are charged in whole millionths of cash, rounded up.
    maker_charge: uint256 = self._fee_up(fill.maker_fee)
    taker_charge: uint256 = self._fee_up(fill.taker_fee)
    after: Halves = self._book_trade(
        fill.market,
        state,
        Half(account=fill.maker, header=ledger._header(fill.maker), charge=maker_charge),
        Half(account=fill.taker, header=ledger._header(fill.taker), charge=taker_charge),
        fill.size,
        fill.price,
    )
    funding: int256 = funding_math._funding_now(state)
    booked: uint256 = sides._book_totals(
        fill.market, state, after.long_change, after.short_change, maker_charge + taker_charge
    )
    sides.market_state[fill.market] = booked
    ledger.headers[fill.maker] = after.giver_header
    ledger.headers[fill.taker] = after.getter_header
    self._require_orders_allow(terms, fill.flags, after)
    # Margin is judged with the open interest that this fill leaves (INV-8).
    interest: uint256 = words._interest(booked)
    seen: Judgement = self._judge(engine, fill, after, interest)
    booked = words._pack_state(
        booked, funding, funding_math._next_rate(state, interest, seen.rate, seen.weight)
    )
    sides.market_state[fill.market] = booked
    log IClearinghouseEvents.Novated(
        market=fill.market,
        maker=fill.maker,
        taker=fill.taker,
        size=fill.size,
        price=fill.price,
        maker_fee=maker_charge,
        taker_fee=taker_charge,
        maker_position=after.giver_position,
        taker_position=after.getter_position,
        maker_cash=words._cash(after.giver_header),
        taker_cash=words._cash(after.getter_header),
        funding_index=funding,
        funding_rate=words._rate(booked),
    )
    threshold: uint256 = terms >> role_layout.SECOND_FIELD
    if threshold != 0:
        if (
            after.reduces & order_words.MAKER_REDUCES == 0
            and seen.maker_initial * limits.NOTED_PART > threshold * units.WAD
        ):
            self._require_contribution(fill.maker, seen.maker_initial, threshold)
        if (
            after.reduces & order_words.TAKER_REDUCES == 0
            and seen.taker_initial * limits.NOTED_PART > threshold * units.WAD
        ):
            self._require_contribution(fill.taker, seen.taker_initial, threshold)
    return seen.low, seen.high


@internal
@view
def _require_orders_allow(terms: uint256, flags: uint256, after: Halves):
    """
    @dev Orders that must reduce do; a pause of trading and the stages of both accounts allow the
         fill.
    @param terms Word of the EXCHANGE role (layout: role_layout).
    @param flags Which orders are reduce-only, bits as in `Halves.reduces`.
    """
    assert flags & ~after.reduces == 0, "trading: order would not reduce"
    if (terms >> role_layout.FIRST_FIELD) & role_layout.ROLE_FIELD_MASK > block.timestamp:
        # Positions can be reduced at any time: one account that reduces is enough (INV-10).
        assert after.reduces != 0, "trading: trading is paused"
    self._require_stage_allows(after.giver_header, after.reduces & order_words.MAKER_REDUCES != 0)
    self._require_stage_allows(after.getter_header, after.reduces & order_words.TAKER_REDUCES != 0)


@internal
@view
def _judge(engine: address, fill: Fill, after: Halves, interest: uint256) -> Judgement:
    """
    @dev The risk engine's judgement of both accounts as they now stand; a price worse than mark
         keeps the total of negative cash under its cap.
    @param interest Open interest that the fill leaves, WAD base.
    """
    seen: Judgement = empty(Judgement)
    (
        seen.low, seen.high, seen.rate, seen.weight, seen.maker_initial, seen.taker_initial
    ) = staticcall IRiskEngine(engine).require_fill(
        IRiskEngine.Fill(
            market=fill.market,
            size=fill.size,
            price=fill.price,
            reduces=after.reduces,
            interest=interest,
            opened=after.long_change > 0,
        ),
        fill.maker,
        words._cash(after.giver_header),
        ledger._legs(fill.maker, after.giver_header),
        fill.taker,
        words._cash(after.getter_header),
        ledger._legs(fill.taker, after.getter_header),
    )
    # A reduction at mark or better is free; a worse one is as voluntary as an opening.
    bought: uint256 = after.getter_header if fill.size > 0 else after.giver_header
    sold: uint256 = after.giver_header if fill.size > 0 else after.getter_header
    if fill.price > seen.low:
        self._require_under_cap(words._cash(bought))
    if fill.price < seen.high:
        self._require_under_cap(words._cash(sold))
    return seen


@internal
def _require_contribution(account: uint256, initial: uint256, threshold: uint256):
    """
    @dev The owner of an account that adds to a large risk answers for a part of all they have in
         the default fund.
    @param initial IM of the account, WAD cash.
    @param threshold IM of an owner up to which nothing is asked, whole units of cash.
    """
    extcall IDefaultFundManager(registry._role(role_layout.DEFAULT_FUND)).require_contribution(
        account, initial, threshold
    )


# SLICES -------------------------------------------------------------------------------------------

@internal
def _slice(
    engine: address,
    account: uint256,
    bidder: uint256,
    fraction: uint256,
    known: DynArray[uint256, limits.MAX_KNOWN],
    discount: uint256,
    fee: uint256,
) -> int256:
    """
    @dev Moves a fraction of every leg in `known` from a defaulter to a bidder at the known prices,
         then the discount to the bidder and the fee to the protocol. The bidder must meet IM with
         what they have then.
    @param fraction WAD, above 0, at most 1.
    @param known Known prices of legs (layout: leg_layout).
    @param discount WAD cash.
    @param fee WAD cash.
    @return Cash of the defaulter afterwards, WAD.
    """
    account_header: uint256 = ledger._convert_settled(account, ledger._header(account))
    bidder_header: uint256 = ledger._header(bidder)
    self._require_stage_allows(bidder_header, False)
    paid: int256 = 0  # by the bidder to the defaulter, for collateral
    for leg: uint256 in known:
        row: uint256 = leg >> leg_layout.ROW_SHIFT
        price: uint256 = leg & leg_layout.PRICE_MASK
        if row <= leg_layout.MARKET_ROW:
            worth: uint256 = 0
            account_header, bidder_header, worth = self._slice_collateral(
                row - leg_layout.COLLATERAL_ROW,
                account,
                account_header,
                bidder,
                bidder_header,
                fraction,
                price,
            )
            paid += convert(worth, int256)
        else:
            account_header, bidder_header = self._slice_position(
                row - leg_layout.MARKET_ROW,
                account,
                account_header,
                bidder,
                bidder_header,
                fraction,
                price,
            )
    account_cash: int256 = (
        words._cash(account_header) + paid - convert(discount, int256) - convert(fee, int256)
    )
    # The discount is a win. What is paid for collateral is no loss: it makes room for none.
    if discount != 0:
        bidder_header = fresh_wins._after(bidder_header, convert(discount, int256))
    bidder_cash: int256 = words._cash(bidder_header) + convert(discount, int256) - paid
    bidder_header = ledger._book_cash(bidder, bidder_header, bidder_cash)
    ledger.headers[account] = ledger._book_cash(account, account_header, account_cash)
    ledger.headers[bidder] = bidder_header
    ledger.reserve += fee
    self._require_under_cap(bidder_cash)
    self._require_margin(engine, bidder, bidder_cash, bidder_header, levels.INITIAL, known)
    log IClearinghouseEvents.Sliced(
        account=account,
        bidder=bidder,
        discount=discount,
        fee=fee,
        account_cash=account_cash,
        bidder_cash=bidder_cash,
    )
    return account_cash


@internal
def _slice_collateral(
    index: uint256,
    account: uint256,
    account_header: uint256,
    bidder: uint256,
    bidder_header: uint256,
    fraction: uint256,
    price: uint256,
) -> (uint256, uint256, uint256):
    """
    @dev Moves a fraction of a collateral: whole token units, since less could never leave the
         clearinghouse; rounded up, so that what is charged for is sold (INV-5).
    @param fraction WAD.
    @param price WAD cash per token.
    @return Both headers (not stored), and what the bidder owes for it, WAD cash.
    """
    held: uint256 = ledger.collateral[account][index]
    # What is held is a multiple of the scale.
    scale: uint256 = registry.collaterals[index].scale
    amount: uint256 = (wad_math._mul_up(held, fraction) + scale - 1) // scale * scale
    log IClearinghouseEvents.CollateralSliced(
        index=index, account=account, bidder=bidder, amount=amount, price=price
    )
    return (
        ledger._book_collateral(account, account_header, index, held - amount),
        ledger._book_collateral(
            bidder, bidder_header, index, ledger.collateral[bidder][index] + amount
        ),
        wad_math._mul_down(amount, price),
    )


@internal
def _slice_position(
    market: uint256,
    account: uint256,
    account_header: uint256,
    bidder: uint256,
    bidder_header: uint256,
    fraction: uint256,
    price: uint256,
) -> (uint256, uint256):
    """
    @dev Moves a fraction of a position at a price.
    @param fraction WAD.
    @param price WAD cash per base unit.
    @return Both headers (not stored).
    """
    state: uint256 = sides._state(market)
    size: int256 = self._slice_size(account, market, state, fraction)
    if size == 0:
        return account_header, bidder_header
    after: Halves = self._book_trade(
        market,
        state,
        Half(account=account, header=account_header, charge=0),
        Half(account=bidder, header=bidder_header, charge=0),
        size,
        price,
    )
    if after.long_change != 0 or after.short_change != 0:
        sides.market_state[market] = sides._book_totals(
            market, state, after.long_change, after.short_change, 0
        )
    log IClearinghouseEvents.PositionSliced(
        market=market,
        account=account,
        bidder=bidder,
        size=size,
        price=price,
        account_position=after.giver_position,
        bidder_position=after.getter_position,
        funding_index=funding_math._funding_now(state),
    )
    return after.giver_header, after.getter_header


@internal
@view
def _slice_size(account: uint256, market: uint256, state: uint256, fraction: uint256) -> int256:
    """
    @dev The base amount that is a fraction of a position, rounded towards 0, so that a bidder never
         gets more than they asked for; the whole of it includes the rounding of A.
    @param fraction WAD.
    @return Signed, WAD base.
    """
    position: uint256 = ledger.positions[account][market]
    shares: int256 = words._shares(position)
    size: int256 = abs(shares)
    if state & words.INDEXED_SIDES != 0:
        a: int256 = 0
        k: int256 = 0
        shares, k = sides._present(market, state, position)
        size = abs(shares)
        a, k = sides._side(market, state, shares > 0)
        size = wad_math._mul_ceil(size, a)
    # |shares| < 2**119 and fraction <= WAD < 2**60; WAD is not 0.
    size = unsafe_div(unsafe_mul(size, convert(fraction, int256)), units.IWAD)
    if shares < 0:
        return -size
    return size


# TRADES -------------------------------------------------------------------------------------------

@internal
def _book_trade(
    market: uint256, state: uint256, giver: Half, getter: Half, size: int256, price: uint256
) -> Halves:
    """
    @dev Books both halves of a trade. INV-2: both sides change by the same base amount.
    @param size What the getter gains, signed, WAD base.
    @param price WAD cash per base unit.
    """
    assert giver.account != getter.account, "trading: account trades with itself"
    after: Halves = empty(Halves)
    old: int256 = 0
    after.giver_header, old, after.giver_position = self._book_half(
        market, state, giver, -size, price
    )
    new: int256 = words._shares(after.giver_position)
    after.reduces = self._reduces(old, new)
    after.long_change = max(new, 0) - max(old, 0)
    after.short_change = min(old, 0) - min(new, 0)
    after.getter_header, old, after.getter_position = self._book_half(
        market, state, getter, size, price
    )
    new = words._shares(after.getter_position)
    after.reduces |= self._reduces(old, new) << order_words.TAKER_REDUCES_SHIFT
    after.long_change += max(new, 0) - max(old, 0)
    after.short_change += min(old, 0) - min(new, 0)
    return after


@internal
@pure
def _reduces(old: int256, new: int256) -> uint256:
    """
    @dev Whether a position only shrank.
    @param old Signed shares before.
    @param new Signed shares afterwards.
    @return 1 if it did, else 0.
    """
    if abs(new) < abs(old) and (new == 0 or (new ^ old) >= 0):
        return 1
    return 0


@internal
def _book_half(
    market: uint256, state: uint256, half: Half, delta: int256, price: uint256
) -> (uint256, int256, uint256):
    """
    @dev Books one account's half of a trade: position, and realised cash less the charge.
    @param delta What the account gains, signed, WAD base.
    @param price WAD cash per base unit.
    @return The header (not stored), signed shares before, the position word afterwards.
    """
    if words._is_isolated(half.account):
        assert (
            words._isolated_market(half.account) == market
        ), "trading: isolated to another market"
    before: int256 = 0
    position: uint256 = 0
    realised: int256 = 0
    header: uint256 = 0
    header, before, position, realised = ledger._trade(
        half.account, half.header, market, state, delta, price
    )
    change: int256 = realised - convert(half.charge, int256)
    if change != 0:
        header = ledger._book_result(half.account, header, change)
    return header, before, position


# CONDITIONS ---------------------------------------------------------------------------------------

@internal
@view
def _require_margin(
    engine: address,
    account: uint256,
    cash: int256,
    header: uint256,
    level: uint256,
    known: DynArray[uint256, 40],
):
    """
    @dev INV-8: what an account must meet after it took on risk, paid out or was covered.
    @param cash Cash that counts, WAD.
    @param level One of modules/layout/levels.
    @param known Known prices of legs (layout: leg_layout) that the engine need not read again.
    """
    equity: int256 = staticcall IRiskEngine(engine).require_margin(
        account, cash, level, ledger._legs(account, header), known
    )


@internal
@view
def _require_stage_allows(header: uint256, reduces: bool):
    """
    @dev Under a margin call an account may only reduce; in an auction its orders are void. Taking
         on risk with negative cash needs the total of negative cash under its cap.
    """
    if reduces:
        assert words._stage(header) < stages.AUCTION, "trading: account is in auction"
    else:
        self._require_no_call(header)
        self._require_under_cap(words._cash(header))


@internal
@pure
def _require_no_call(header: uint256):
    """
    @dev Only accounts that are outside the default procedure, and owe nothing for a past default,
         take on risk or pay out.
    """
    if header & words.BARRED != 0:
        ledger._require_uncalled(header)
        raise "trading: account is indebted"


@internal
@view
def _require_under_cap(cash: int256):
    """
    @dev Voluntary actions may not push the total of negative cash above its cap, which is also a
         part of the cash held: most of what savers have is always there.
    """
    if cash < 0:
        assert ledger.negative_cash <= ledger._debt_cap(
            vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
        ), "trading: negative cash cap"


@internal
@pure
def _fee_up(fee: uint256) -> uint256:
    """
    @dev A charge rounded up to a whole CASH_UNIT.
    @param fee WAD cash.
    """
    return (fee + units.CASH_UNIT - 1) // units.CASH_UNIT * units.CASH_UNIT
