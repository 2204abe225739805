#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Novation and slices: the two ways a position changes hands
@custom:contract-name trading
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A fill puts the clearinghouse between maker and taker; a slice moves the same fraction of
        every priced leg of a defaulter to a bidder at mark. Both first book, then show the risk
        engine the books as they stand, and revert as a whole when it objects.
"""

from ..interfaces import IClearinghouseEvents
from ..interfaces import IDefaultFundManager
from ..interfaces import IRiskEngine
from .layout import leg_layout
from .layout import levels
from .layout import limits
from .layout import role_layout
from .layout import stages
from .layout import units
from .layout import words
from . import funding_math
from . import ledger
from . import registry
from . import sides
from . import wad_math

uses: ledger
uses: sides
uses: registry

MAKER_REDUCE_ONLY: constant(uint256) = 1
TAKER_REDUCE_ONLY: constant(uint256) = 2


@internal
def _novate(
    engine: address,
    terms: uint256,
    market: uint256,
    maker: uint256,
    taker: uint256,
    size: int256,
    price: uint256,
    maker_fee: uint256,
    taker_fee: uint256,
    flags: uint256,
) -> (uint256, uint256):
    """
    @dev Trades `size` (the taker's, signed, WAD base) between two accounts at `price`.
    @param terms Word of the EXCHANGE role (registry): pause of trading, contribution threshold.
    @return The ends of the mark, WAD.
    """
    assert size != 0 and abs(size) < limits.SIZE_LIMIT, "ledger: bad size"
    assert price != 0 and price < limits.PRICE_LIMIT, "ledger: bad price"

    # Books. Fees are charged in whole millionths of cash, rounded up.
    state: uint256 = sides._state(market)
    maker_charge: uint256 = self._fee_up(maker_fee)
    taker_charge: uint256 = self._fee_up(taker_fee)
    maker_header: uint256 = ledger._header(maker)
    taker_header: uint256 = ledger._header(taker)
    reduces: uint256 = 0
    long_change: int256 = 0
    short_change: int256 = 0
    maker_position: uint256 = 0
    taker_position: uint256 = 0
    (
        maker_header,
        taker_header,
        maker_position,
        taker_position,
        reduces,
        long_change,
        short_change,
    ) = self._book_fill(
        market,
        state,
        maker,
        maker_header,
        maker_charge,
        taker,
        taker_header,
        taker_charge,
        size,
        price,
    )
    funding: int256 = funding_math._funding_now(state)
    old_state: uint256 = state
    state = sides._book_totals(
        market, state, long_change, short_change, maker_charge + taker_charge
    )
    # Margin is judged with the open interest that this fill leaves (INV-8).
    interest: uint256 = words._interest(state)
    sides.market_state[market] = state
    ledger.headers[maker] = maker_header
    ledger.headers[taker] = taker_header
    assert flags & ~reduces == 0, "ledger: order would not reduce"
    if (terms >> role_layout.FIRST_FIELD) & role_layout.ROLE_FIELD_MASK > block.timestamp:
        # Positions can be reduced at any time; somebody has to take them over (INV-10).
        assert reduces != 0, "clearinghouse: trading is paused"
    self._require_stage_allows(maker_header, reduces & MAKER_REDUCE_ONLY != 0)
    self._require_stage_allows(taker_header, reduces & TAKER_REDUCE_ONLY != 0)

    # Judgement of both accounts as they now stand.
    mark_low: uint256 = 0
    mark_high: uint256 = 0
    target_rate: int256 = 0
    weight: uint256 = 0
    maker_initial: uint256 = 0
    taker_initial: uint256 = 0
    (
        mark_low, mark_high, target_rate, weight, maker_initial, taker_initial
    ) = staticcall IRiskEngine(engine).require_fill(
        IRiskEngine.Fill(
            market=market,
            size=size,
            price=price,
            reduces=reduces,
            interest=interest,
            opened=long_change > 0,
        ),
        maker,
        words._cash(maker_header),
        ledger._legs(maker, maker_header),
        taker,
        words._cash(taker_header),
        ledger._legs(taker, taker_header),
    )

    # A reduction at mark or better is free; a worse one is as voluntary as an opening.
    if price > mark_low:
        self._require_under_cap(words._cash(taker_header if size > 0 else maker_header))
    if price < mark_high:
        self._require_under_cap(words._cash(maker_header if size > 0 else taker_header))

    state = words._pack_state(
        state,
        funding,
        funding_math._next_rate(old_state, interest, target_rate, weight),
    )
    sides.market_state[market] = state
    log IClearinghouseEvents.Novated(
        market=market,
        maker=maker,
        taker=taker,
        size=size,
        price=price,
        maker_fee=maker_charge,
        taker_fee=taker_charge,
        maker_position=maker_position,
        taker_position=taker_position,
        maker_cash=words._cash(maker_header),
        taker_cash=words._cash(taker_header),
        funding_index=funding,
        funding_rate=words._rate(state),
    )

    threshold: uint256 = terms >> role_layout.SECOND_FIELD
    if threshold != 0:
        if reduces & MAKER_REDUCE_ONLY == 0 and maker_initial > threshold * units.WAD:
            self._require_contribution(maker, maker_initial)
        if reduces & TAKER_REDUCE_ONLY == 0 and taker_initial > threshold * units.WAD:
            self._require_contribution(taker, taker_initial)
    return mark_low, mark_high


@internal
def _require_contribution(account: uint256, initial: uint256):
    """
    @dev Whoever adds to a large risk answers for a part of it in the default fund.
    @param initial IM of the account, WAD cash.
    """
    extcall IDefaultFundManager(registry._role(role_layout.DEFAULT_FUND)).require_contribution(
        account, initial
    )


@internal
def _slice(
    engine: address,
    account: uint256,
    bidder: uint256,
    fraction: uint256,
    known: DynArray[uint256, 40],
    discount: uint256,
    fee: uint256,
) -> int256:
    """
    @dev Moves `fraction` (WAD) of every leg in `known` from a defaulter to a bidder at the known
         prices, then the discount to the bidder and the fee to the protocol. The bidder must meet
         IM with what he has then.
    @return Cash of the defaulter afterwards, WAD.
    """
    account_header: uint256 = ledger._convert_settled(account, ledger._header(account))
    bidder_header: uint256 = ledger._header(bidder)
    self._require_stage_allows(bidder_header, False)
    reduces: uint256 = 0
    long_change: int256 = 0
    short_change: int256 = 0
    account_position: uint256 = 0
    bidder_position: uint256 = 0
    paid: int256 = -convert(discount, int256)  # by the bidder to the defaulter
    for leg: uint256 in known:
        row: uint256 = leg >> leg_layout.ROW_SHIFT
        price: uint256 = leg & leg_layout.PRICE_MASK
        if row <= leg_layout.MARKET_ROW:
            index: uint256 = row - leg_layout.COLLATERAL_ROW
            held: uint256 = ledger.collateral[account][index]
            # Whole token units, since less could never leave the clearinghouse; rounded up, so that
            # what is charged for is sold (INV-5). What is held is a multiple of the scale.
            scale: uint256 = registry.collaterals[index].scale
            amount: uint256 = (wad_math._mul_up(held, fraction) + scale - 1) // scale * scale
            account_header = ledger._book_collateral(account, account_header, index, held - amount)
            bidder_header = ledger._book_collateral(
                bidder, bidder_header, index, ledger.collateral[bidder][index] + amount
            )
            paid += convert(wad_math._mul_down(amount, price), int256)
            log IClearinghouseEvents.CollateralSliced(
                index=index, account=account, bidder=bidder, amount=amount, price=price
            )
        else:
            market: uint256 = row - leg_layout.MARKET_ROW
            state: uint256 = sides._state(market)
            size: int256 = self._slice_size(account, market, state, fraction)
            if size == 0:
                continue
            (
                account_header,
                bidder_header,
                account_position,
                bidder_position,
                reduces,
                long_change,
                short_change,
            ) = self._book_fill(
                market, state, account, account_header, 0, bidder, bidder_header, 0, size, price
            )
            if long_change != 0 or short_change != 0:
                sides.market_state[market] = sides._book_totals(
                    market, state, long_change, short_change, 0
                )
            log IClearinghouseEvents.PositionSliced(
                market=market,
                account=account,
                bidder=bidder,
                size=size,
                price=price,
                account_position=account_position,
                bidder_position=bidder_position,
                funding_index=funding_math._funding_now(state),
            )
    account_cash: int256 = words._cash(account_header) + paid - convert(fee, int256)
    bidder_cash: int256 = words._cash(bidder_header) - paid
    bidder_header = ledger._book_cash(bidder, bidder_header, bidder_cash)
    ledger.headers[account] = ledger._book_cash(account, account_header, account_cash)
    ledger.headers[bidder] = bidder_header
    ledger.protocol_fees += fee
    self._require_under_cap(bidder_cash)
    self._require_margin(engine, bidder, bidder_header, levels.INITIAL, known)
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
@view
def _slice_size(account: uint256, market: uint256, state: uint256, fraction: uint256) -> int256:
    """
    @dev The signed base amount that is a fraction of a position, rounded towards 0, so that a
         bidder never gets more than he asked for; the whole of it includes the rounding of A.
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


@internal
def _book_fill(
    market: uint256,
    state: uint256,
    giver: uint256,
    giver_header: uint256,
    giver_charge: uint256,
    getter: uint256,
    getter_header: uint256,
    getter_charge: uint256,
    size: int256,
    price: uint256,
) -> (uint256, uint256, uint256, uint256, uint256, int256, int256):
    """
    @dev Both halves of a trade of `size` (signed, what the getter gains). INV-2: both sides change
         by the same base amount.
    @return Both headers (not stored), both position words, who only reduced (bit 0 giver, bit 1
            getter), the changes of LONG and SHORT shares (WAD base).
    """
    assert giver != getter, "ledger: account trades with itself"
    giver_after: uint256 = 0
    getter_after: uint256 = 0
    giver_position: uint256 = 0
    getter_position: uint256 = 0
    old: int256 = 0
    giver_after, old, giver_position = self._book_half(
        market, state, giver, giver_header, giver_charge, -size, price
    )
    new: int256 = words._shares(giver_position)
    reduces: uint256 = self._reduces(old, new)
    long_change: int256 = max(new, 0) - max(old, 0)
    short_change: int256 = min(old, 0) - min(new, 0)
    getter_after, old, getter_position = self._book_half(
        market, state, getter, getter_header, getter_charge, size, price
    )
    new = words._shares(getter_position)
    return (
        giver_after,
        getter_after,
        giver_position,
        getter_position,
        reduces | self._reduces(old, new) << 1,
        long_change + max(new, 0) - max(old, 0),
        short_change + min(old, 0) - min(new, 0),
    )


@internal
@pure
def _reduces(old: int256, new: int256) -> uint256:
    """
    @dev 1 when a position only shrank, else 0.
    """
    if abs(new) < abs(old) and (new == 0 or (new ^ old) >= 0):
        return 1
    return 0


@internal
def _book_half(
    market: uint256,
    state: uint256,
    account: uint256,
    header: uint256,
    charge: uint256,
    delta: int256,
    price: uint256,
) -> (uint256, int256, uint256):
    """
    @dev One account's half of a trade: position, realised cash less the charge.
    @return The header (not stored), shares before, the position word after.
    """
    if words._is_isolated(account):
        assert words._isolated_market(account) == market, "ledger: isolated to another market"
    before: int256 = 0
    position: uint256 = 0
    realised: int256 = 0
    header_after: uint256 = 0
    header_after, before, position, realised = ledger._trade(
        account, header, market, state, delta, price
    )
    change: int256 = realised - convert(charge, int256)
    if change != 0:
        header_after = ledger._book_cash(account, header_after, words._cash(header_after) + change)
    return header_after, before, position


@internal
@view
def _require_margin(
    engine: address,
    account: uint256,
    header: uint256,
    level: uint256,
    known: DynArray[uint256, 40],
):
    """
    @dev INV-8: what an account must meet after it took on risk, paid out or was covered.
    """
    equity: int256 = staticcall IRiskEngine(engine).require_margin(
        account, words._cash(header), level, ledger._legs(account, header), known
    )


@internal
@view
def _require_stage_allows(header: uint256, reduces: bool):
    """
    @dev Under a margin call an account may only reduce; in an auction its orders are void. Taking
         on risk with negative cash needs the total of negative cash under its cap.
    """
    if reduces:
        assert words._stage(header) < stages.AUCTION, "ledger: account is in auction"
    else:
        self._require_no_call(header)
        self._require_under_cap(words._cash(header))


@internal
@pure
def _require_no_call(header: uint256):
    """
    @dev Only accounts outside the default procedure, and that owe nothing for a past default, take
         on risk or pay out.
    """
    if header & words.BARRED != 0:
        assert words._stage(header) == stages.UNCALLED, "ledger: account under a call"
        raise "ledger: account is indebted"


@internal
@view
def _require_under_cap(cash: int256):
    """
    @dev Voluntary actions may not push the total of negative cash above its cap.
    """
    if cash < 0:
        assert ledger.negative_cash <= ledger.negative_cash_cap, "ledger: negative cash cap"


@internal
@pure
def _fee_up(fee: uint256) -> uint256:
    """
    @dev A charge rounded up to a whole FEE_UNIT.
    """
    return (fee + units.CASH_UNIT - 1) // units.CASH_UNIT * units.CASH_UNIT
