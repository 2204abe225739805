#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title The ledger: accounts, positions, markets
@custom:contract-name ledger
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The only storage of margin. This module keeps the books and nothing else: it checks no
        caller and reads no price. A position is a number of shares of a side and what they have
        cost; what a share is worth, the side says (modules/sides.vy).
"""

from ..interfaces import IClearinghouseEvents
from .layout import fresh_wins
from .layout import leg_layout
from .layout import limits
from .layout import stages
from .layout import units
from .layout import words
from . import funding_math
from . import sides
from . import wad_math

uses: sides

# A repayment ends an account's grace clock if its cash stays at 0 or above for so long, seconds.
REST: constant(uint256) = 86_400


# account -> header word (layout: words). 0: never opened.
headers: public(HashMap[uint256, uint256])
# account -> word of market ids 11 to 32 (layout: words).
more_markets: public(HashMap[uint256, uint256])
# account -> market -> position word (layout: words). 0: no position.
positions: public(HashMap[uint256, HashMap[uint256, uint256]])
# account -> collateral index -> amount, WAD. Non-zero exactly when the header's bit is set.
collateral: public(HashMap[uint256, HashMap[uint256, uint256]])
# Sum of negative cash over all accounts, WAD: the total of debt shares (index 1).
negative_cash: public(uint256)
# Greatest total of negative cash that voluntary actions may reach, WAD ...
negative_cash_cap: public(uint256)
# ... and as a part of the cash held, ppm.
negative_cash_share: public(uint256)
# account -> grace clock (layout: words). 0: its cash was never negative.
shortfall_clocks: public(HashMap[uint256, uint256])
# When all negative cash was last called in, unix seconds. 0: never.
debts_called_at: public(uint256)
# Recognised losses that are not paid yet, WAD.
hole: public(uint256)
# account -> debt record of what others paid for it (layout: tier_layout).
debts: public(HashMap[uint256, uint256])
# The protocol's own capital: fees that were collected, liquidation fees, gifts, roundings, WAD.
reserve: public(uint256)


# ACCOUNTS -----------------------------------------------------------------------------------------

@internal
@view
def _header(account: uint256) -> uint256:
    """
    @dev The header of an account that was opened.
    """
    header: uint256 = self.headers[account]
    assert header != 0, "ledger: unknown account"
    return header


@internal
def _book_cash(account: uint256, header: uint256, cash: int256) -> uint256:
    """
    @dev The header with new cash; keeps the total of negative cash and the grace clock.
    @param cash WAD cash.
    @return The header; the caller stores it.
    """
    old: int256 = words._cash(header)
    if cash < 0 or old < 0:
        self._book_negative_cash(account, old, cash)
    return words._with_cash(header, cash)


@internal
def _book_result(account: uint256, header: uint256, change: int256) -> uint256:
    """
    @dev The header after a realised profit or loss, fees in: of a fill, a slice, or a conversion.
         Profit may not leave for a while (layout: fresh_wins).
    @param change WAD cash.
    @return The header; the caller stores it.
    """
    return self._book_cash(account, fresh_wins._after(header, change), words._cash(header) + change)


@internal
def _book_negative_cash(account: uint256, old: int256, cash: int256):
    """
    @dev Moves the total of negative cash from an account's old to its new cash, and keeps its grace
         clock: it runs on until cash has stayed at 0 or above for REST, so that a short repayment
         gains no new grace.
    @param old Cash before, WAD cash.
    @param cash Cash afterwards, WAD cash.
    """
    before: uint256 = convert(max(-old, 0), uint256)
    after: uint256 = convert(max(-cash, 0), uint256)
    self.negative_cash = self.negative_cash + after - before
    if (before == 0) == (after == 0):
        return
    clock: uint256 = self.shortfall_clocks[account] & words.SINCE_MASK
    if after == 0:
        self.shortfall_clocks[account] = clock | block.timestamp << words.CLEARED_SHIFT
    elif block.timestamp < (self.shortfall_clocks[account] >> words.CLEARED_SHIFT) + REST:
        self.shortfall_clocks[account] = clock
    else:
        self.shortfall_clocks[account] = block.timestamp


@internal
@view
def _debt_cap(held: uint256) -> uint256:
    """
    @dev Greatest total of negative cash that voluntary actions may reach, WAD cash.
    @param held Cash held, WAD.
    """
    return min(self.negative_cash_cap, held * self.negative_cash_share // units.PPM)


@internal
def _book_collateral(account: uint256, header: uint256, index: uint256, amount: uint256) -> uint256:
    """
    @dev Stores a new collateral amount, and keeps the header's bit in step.
    @param amount WAD of the collateral.
    @return The header; the caller stores it.
    """
    words._require_fits(amount <= leg_layout.AMOUNT_MASK)
    self.collateral[account][index] = amount
    bit: uint256 = 1 << (words.COLLATERAL_SHIFT + index)
    if amount == 0:
        return header & ~bit
    return header | bit


@internal
@view
def _markets_of(account: uint256, header: uint256) -> DynArray[uint256, limits.MAX_POSITIONS]:
    """
    @dev Ids of the markets an account holds, in the order in which they were opened (a closed one
         leaves its place to the last).
    """
    markets: DynArray[uint256, limits.MAX_POSITIONS] = []
    ids: uint256 = header >> words.CASH_BITS
    for i: uint256 in range(limits.MAX_POSITIONS):
        if i == words.HEADER_IDS:
            if header & words.MORE_MARKETS == 0:
                break
            ids = self.more_markets[account]
        market: uint256 = ids & words.ID_MASK
        # After 10 ids the header's other fields follow, but the loop has switched words by then.
        if market == 0:
            break
        markets.append(market)
        ids = ids >> words.ID_BITS
    return markets


@internal
def _add_market(account: uint256, header: uint256, market: uint256) -> uint256:
    """
    @dev Appends a market id.
    @return The header; the caller stores it.
    """
    # Ids have no gaps: go to the first empty place.
    ids: uint256 = header >> words.CASH_BITS
    for i: uint256 in range(words.HEADER_IDS):
        if ids & words.ID_MASK == 0:
            return header | market << unsafe_add(words.CASH_BITS, unsafe_mul(words.ID_BITS, i))
        ids = ids >> words.ID_BITS
    ids = self.more_markets[account]
    for i: uint256 in range(limits.MAX_POSITIONS - words.HEADER_IDS):
        place: uint256 = market << unsafe_mul(words.ID_BITS, i)
        if (ids >> unsafe_mul(words.ID_BITS, i)) & words.ID_MASK == 0:
            self.more_markets[account] = ids | place
            return header | words.MORE_MARKETS
    raise "ledger: 32 positions at most"


@internal
def _remove_market(account: uint256, header: uint256, market: uint256) -> uint256:
    """
    @dev Takes a market id out and moves the last one into its place.
    @return The header; the caller stores it.
    """
    markets: DynArray[uint256, limits.MAX_POSITIONS] = self._markets_of(account, header)
    place: uint256 = 0
    for held: uint256 in markets:
        if held == market:
            break
        place += 1
    last: uint256 = len(markets) - 1
    header_after: uint256 = header
    if place != last:
        header_after = self._put_market(account, header_after, place, markets[last])
    return self._put_market(account, header_after, last, 0)


@internal
def _put_market(account: uint256, header: uint256, place: uint256, market: uint256) -> uint256:
    """
    @dev Overwrites the id at one place.
    @return The header; the caller stores it.
    """
    if place < words.HEADER_IDS:
        offset: uint256 = words.CASH_BITS + words.ID_BITS * place
        return header & ~(words.ID_MASK << offset) | market << offset
    offset: uint256 = words.ID_BITS * (place - words.HEADER_IDS)
    ids: uint256 = (self.more_markets[account] & ~(words.ID_MASK << offset) | market << offset)
    self.more_markets[account] = ids
    if ids == 0:
        return header & ~words.MORE_MARKETS
    return header


@internal
@pure
def _require_uncalled(header: uint256):
    """
    @dev An account is outside the default procedure.
    """
    assert words._stage(header) == stages.UNCALLED, "ledger: account under a call"


@internal
def _fill(amount: uint256) -> (uint256, uint256):
    """
    @dev Money of nobody's (WAD cash) fills the hole; the rest is reserve.
    @return What went to each, WAD cash.
    """
    to_hole: uint256 = min(self.hole, amount)
    if to_hole != 0:
        self.hole -= to_hole
    if amount != to_hole:
        self.reserve += amount - to_hole
    return to_hole, amount - to_hole


# MARKETS ------------------------------------------------------------------------------------------

@internal
def _convert(account: uint256, header: uint256, market: uint256, state: uint256) -> uint256:
    """
    @dev Turns a position in a settled market into cash.
    @return The header, with the cash; the caller stores it.
    """
    word: uint256 = self.positions[account][market]
    assert word != 0, "ledger: no position to convert"
    value: int256 = sides._settled_value(market, state, word)
    self.positions[account][market] = 0
    header_after: uint256 = self._remove_market(account, header, market)
    header_after = self._book_result(account, header_after, value)
    sides._leave_settled(market, state, word)
    log IClearinghouseEvents.Converted(
        market=market, account=account, value=value, cash=words._cash(header_after)
    )
    return header_after


@internal
def _convert_settled(account: uint256, header: uint256) -> uint256:
    """
    @dev Turns every position of an account in settled markets into cash.
    @return The header; the caller stores it.
    """
    header_after: uint256 = header
    markets: DynArray[uint256, limits.MAX_POSITIONS] = self._markets_of(account, header)
    for market: uint256 in markets:
        state: uint256 = sides.market_state[market]
        if state & words.SETTLED != 0:
            header_after = self._convert(account, header_after, market, state)
    return header_after


# PORTFOLIOS ---------------------------------------------------------------------------------------

@internal
@view
def _legs(account: uint256, header: uint256) -> DynArray[uint256, limits.MAX_LEGS]:
    """
    @dev The portfolio of an account as a list of legs (layout: leg_layout).
    """
    legs: DynArray[uint256, limits.MAX_LEGS] = []
    bitmap: uint256 = words._collateral_bitmap(header)
    if bitmap != 0:
        for i: uint256 in range(limits.MAX_COLLATERALS):
            if bitmap & (1 << i) != 0:
                legs.append(
                    (leg_layout.COLLATERAL_ROW + i) << leg_layout.ROW_SHIFT
                    | self.collateral[account][i]
                )
    ids: uint256 = header >> words.CASH_BITS
    for i: uint256 in range(limits.MAX_POSITIONS):
        if i == words.HEADER_IDS:
            if header & words.MORE_MARKETS == 0:
                break
            ids = self.more_markets[account]
        market: uint256 = ids & words.ID_MASK
        if market == 0:
            break
        ids = ids >> words.ID_BITS
        state: uint256 = sides.market_state[market]
        position: bytes32 = convert(self.positions[account][market], bytes32)
        size: int256 = convert(position, int256) >> words.SHARES_SHIFT
        cost: bytes32 = convert(convert(position, uint256) << words.COST_LEFT, bytes32)
        carry: int256 = unsafe_sub(0, convert(cost, int256) >> words.SHARES_SHIFT)
        if state & words.MOVED != 0:
            if state & words.SETTLED != 0:
                # A position not yet converted is cash: a leg of row 0.
                legs.append(0)
                value: int256 = sides._settled_value(market, state, convert(position, uint256))
                legs.append(words._bits(value))
                continue
            size, carry = sides._indexed_leg(market, state, convert(position, uint256))
        # |size| < 2**119 and |F| < 2**95: the product fits.
        owed: int256 = unsafe_mul(size, funding_math._funding_now(state))
        if owed != 0:
            carry = unsafe_sub(carry, unsafe_div(owed, units.IWAD))  # both below 2**155
            if owed > 0:
                carry = unsafe_sub(carry, 1)  # what truncation may have forgiven
        words._require_fits(abs(carry) < leg_layout.CARRY_LIMIT)
        legs.append(
            unsafe_add(leg_layout.MARKET_ROW, market) << leg_layout.ROW_SHIFT
            | words._interest(state)
        )  # market < 2**11
        legs.append(
            convert(convert(size, bytes32), uint256) << leg_layout.SIZE_SHIFT
            | convert(convert(carry, bytes32), uint256) & leg_layout.CARRY_MASK
        )
    return legs


# TRADES -------------------------------------------------------------------------------------------

@internal
def _trade(
    account: uint256,
    header: uint256,
    market: uint256,
    state: uint256,
    delta: int256,
    price: uint256,
) -> (uint256, int256, uint256, int256):
    """
    @dev Changes a position by `delta` base units at `price`: first reduces what is held the other
         way, realising its profit or loss, then opens the rest at value 0. Rounds what is realised
         down and the cost of what is opened up (INV-1). Stores the position; the caller stores the
         header and books the cash.
    @param delta Signed, WAD base.
    @param price WAD cash per base unit.
    @return The header, shares before (of the present generation), the position word afterwards,
            realised cash (WAD).
    """
    old: uint256 = self.positions[account][market]
    before: int256 = words._signed(old) >> words.SHARES_SHIFT
    cost: int256 = words._signed(old << words.COST_LEFT) >> words.SHARES_SHIFT
    realised: int256 = 0
    if state & words.MOVED != 0:
        sides._require_living(state)
        before, cost = sides._present(market, state, old)
        if before == 0:  # a tear-up has left nothing but cash
            realised = -cost
            cost = 0
    shares: int256 = before
    rest: int256 = delta
    # price < 2**95 and |F| < 2**95
    distance: int256 = unsafe_sub(convert(price, int256), funding_math._funding_now(state))
    if before != 0 and (before ^ delta) < 0:
        closed: int256 = 0
        value: int256 = 0
        closed, rest, value = sides._closing(market, state, before, delta, distance)
        closed_cost: int256 = cost
        if closed != abs(before):
            closed_cost = cost * closed // abs(before)
        # closed < 2**119 and |value| < 2**97 (times A and K: far below 2**130)
        realised = wad_math._mul_floor_unchecked(closed, value) - closed_cost
        cost -= closed_cost
        shares = before - (closed if before > 0 else -closed)
    if rest != 0:
        opened: int256 = rest
        value: int256 = distance
        if state & words.INDEXED_SIDES == 0:
            # One share is one base unit, and a SHORT's value is a LONG's with the sign turned.
            # |rest| < 2**120, |distance| < 2**97
            cost += wad_math._mul_ceil_unchecked(rest, distance)
        else:
            opened, value = sides._opening(market, state, rest, distance)
            cost += wad_math._mul_ceil(abs(opened), value)
        shares += opened
    header_after: uint256 = header
    word: uint256 = 0
    if shares != 0:
        word = words._pack_position(shares, cost)
        if state & words.MOVED != 0:
            word |= words._generation(state, shares > 0)
        if old == 0:
            header_after = self._add_market(account, header, market)
    elif old != 0:
        header_after = self._remove_market(account, header, market)
    self.positions[account][market] = word
    return header_after, before, word, realised


@internal
def _close_part(
    account: uint256, market: uint256, state: uint256, fraction: uint256, price: uint256
) -> (int256, int256, uint256, int256):
    """
    @dev Closes a fraction of a position at `price`, by its shares, so that the whole leaves nothing
         behind however small it is. Stores the position; the caller drops the ids of closed ones
         (`_drop_closed`) and books cash and totals.
    @param fraction WAD, above 0, at most 1.
    @param price WAD cash per base unit.
    @return Signed shares closed (WAD base), their base (signed WAD, rounded against the opposite
            side), the position word afterwards, realised cash (WAD).
    """
    sides._require_living(state)
    old: uint256 = self.positions[account][market]
    before: int256 = 0
    cost: int256 = 0
    before, cost = sides._present(market, state, old)
    closed: int256 = before
    closed_cost: int256 = cost
    if fraction < units.WAD:
        closed = before * convert(fraction, int256) // units.IWAD
        if before != 0:
            closed_cost = cost * closed // before
    a: int256 = 0
    k: int256 = 0
    a, k = sides._side(market, state, before > 0)
    # price < 2**120 (a leg's field), |F| < 2**96, A < 2**60, |K| < 2**130: |value| < 2**131, and
    # shares < 2**119.
    distance: int256 = unsafe_sub(convert(price, int256), funding_math._funding_now(state))
    value: int256 = unsafe_add(
        wad_math._mul_floor_unchecked(a, distance if before > 0 else unsafe_sub(0, distance)), k
    )
    realised: int256 = wad_math._mul_floor_unchecked(abs(closed), value) - closed_cost
    word: uint256 = 0
    if closed != before:
        word = words._pack_position(before - closed, cost - closed_cost) | words._generation(
            state, before > 0
        )
    self.positions[account][market] = word
    return closed, wad_math._mul_floor_unchecked(closed, a), word, realised


@internal
def _drop_closed(account: uint256, header: uint256) -> uint256:
    """
    @dev Takes the ids of all markets out in which the account has no position left.
    @return The header; the caller stores it.
    """
    markets: DynArray[uint256, limits.MAX_POSITIONS] = self._markets_of(account, header)
    kept: uint256 = 0
    ids: uint256 = 0
    more: uint256 = 0
    for market: uint256 in markets:
        if self.positions[account][market] != 0:
            if kept < words.HEADER_IDS:
                ids |= market << (words.ID_BITS * kept)
            else:
                more |= market << (words.ID_BITS * (kept - words.HEADER_IDS))
            kept += 1
    header_after: uint256 = header & ~words.ALL_IDS | ids << words.CASH_BITS
    if header & words.MORE_MARKETS != 0:
        self.more_markets[account] = more
        if more == 0:
            header_after &= ~words.MORE_MARKETS
    return header_after
