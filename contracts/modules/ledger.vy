#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title The ledger: accounts, positions, markets
@custom:contract-name ledger
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The only storage of margin. This module keeps the books and nothing else: it does not know
        who may do what, and asks nobody for a price. A position is a number of shares of a side and
        what they have cost; funding and tear-ups reach every holder through the market's
        funding index F and the side's index pair (A, K), without a loop:

            q = g * shares * A,   V(P) = g * A * (P - F) + K,   value = shares * V(P) - cost

        with g = +1 for LONG and -1 for SHORT. A side that was never torn up has A = 1, K = 0 and no
        storage of its own. When A falls under its floor a new generation of the side begins at
        A = 1, K = 0; a position of an older one is converted when it is next touched, with the pair
        that its generation ended with. A settled market trades no more: its positions are worth
        their value at the price it was settled at, in cash.
"""

from ..interfaces import IClearinghouseEvents
from .layout import leg_layout
from .layout import limits
from .layout import units
from .layout import words
from . import wad_math

# Under this A a new generation of its side begins: keeps the rounding of A, one part in 10**18 of
# a share, below 10**-15 of a position.
A_FLOOR: constant(int256) = 10**15
# Generations after which nothing is left of a position: 2**119 shares times A_FLOOR each.
GENERATIONS: constant(uint256) = 13

# In which a rate fades out, and for how long it is held when nobody touches the market, seconds.
FUNDING_PERIOD: constant(uint256) = 8 * 3600


# Header word of an account (layout: words). 0: never opened.
headers: public(HashMap[uint256, uint256])
# Market ids 11 to 32 of an account, 11 bits each, no gaps.
more_markets: public(HashMap[uint256, uint256])
# account -> market -> position word. 0: no position.
positions: public(HashMap[uint256, HashMap[uint256, uint256]])
# account -> collateral index -> amount, WAD. Non-zero exactly when the header's bit is set.
collateral: public(HashMap[uint256, HashMap[uint256, uint256]])
# market -> state word and totals word. INV-2: both totals times their A are equal (to dust).
market_state: public(HashMap[uint256, uint256])
market_totals: public(HashMap[uint256, uint256])
# market -> side (0 LONG, 1 SHORT) -> (A, K) word, read only when the state word says so.
side_index: public(HashMap[uint256, HashMap[uint256, uint256]])
# market -> side << 16 | generation -> the (A, K) word that a past generation ended with.
past_sides: public(HashMap[uint256, HashMap[uint256, uint256]])
# market -> price it was settled at, WAD. 0: not settled.
settled_prices: public(HashMap[uint256, uint256])
# Sum of negative cash over all accounts, WAD: the total of debt shares (index 1).
negative_cash: public(uint256)
# Greatest total of it that voluntary actions may reach, WAD.
negative_cash_cap: public(uint256)
# Since when an account's negative cash has been above the threshold, unix seconds. 0: it is not.
shortfall_since: public(HashMap[uint256, uint256])
# Negative cash above this starts an account's grace time, WAD.
shortfall_threshold: public(uint256)
# Recognised losses that nobody could pay yet, WAD.
hole: public(uint256)
# account -> what others paid for it, 51 bits each in millionths of cash: hole, assessments,
# contributions, insurance fund, own contribution (lowest bits first: the order of repayment).
debts: public(HashMap[uint256, uint256])
# Fees that belong to no one market (liquidations, rounding of draws), WAD.
protocol_fees: public(uint256)


# ACCOUNTS ---------------------------------------------------------------------------------------

@internal
@view
def _header(account: uint256) -> uint256:
    """
    @dev The header of an account that exists.
    """
    header: uint256 = self.headers[account]
    assert header != 0, "ledger: unknown account"
    return header


@internal
def _book_cash(account: uint256, header: uint256, cash: int256) -> uint256:
    """
    @dev The header with new cash; keeps the total of negative cash and the grace clock. The caller
         stores the header.
    """
    old: int256 = words._cash(header)
    if cash < 0 or old < 0:
        self._book_negative_cash(account, old, cash)
    return words._with_cash(header, cash)


@internal
def _book_negative_cash(account: uint256, old: int256, cash: int256):
    """
    @dev Moves the total of negative cash from an account's old to its new debt and starts or
         stops the account's grace clock.
    """
    before: uint256 = convert(max(-old, 0), uint256)
    after: uint256 = convert(max(-cash, 0), uint256)
    self.negative_cash = self.negative_cash + after - before
    since: uint256 = self.shortfall_since[account]
    if after > self.shortfall_threshold:
        if since == 0:
            self.shortfall_since[account] = block.timestamp
    elif since != 0:
        self.shortfall_since[account] = 0


@internal
def _book_collateral(account: uint256, header: uint256, index: uint256, amount: uint256) -> uint256:
    """
    @dev Stores a new collateral amount (WAD); returns the header with its bit kept in step. The
         caller stores the header.
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
    @dev Appends a market id; returns the header (the caller stores it).
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
    @dev Takes a market id out and moves the last one into its place; returns the header (the
         caller stores it).
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
    @dev Overwrites the id at one place; returns the header (the caller stores it).
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


# MARKETS ----------------------------------------------------------------------------------------

@internal
@view
def _state(market: uint256) -> uint256:
    """
    @dev The state word of a market that exists.
    """
    state: uint256 = self.market_state[market]
    assert state != 0, "ledger: unknown market"
    return state


@internal
@view
def _held_time(state: uint256) -> uint256:
    """
    @dev For how long the stored rate counts, seconds: since it was stored, FUNDING_PERIOD at most.
    """
    # The stored time is a past block's.
    return min(unsafe_sub(block.timestamp, words._time(state)), FUNDING_PERIOD)


@internal
@view
def _funding_now(state: uint256) -> int256:
    """
    @dev The funding index F at this block, WAD cash per base unit.
    """
    word: bytes32 = convert(state << 160, bytes32)
    funding: int256 = convert(word, int256) >> 160
    rate: int256 = words._rate(state)
    if rate == 0:
        return funding
    # |rate| < 2**63 and at most FUNDING_PERIOD < 2**15 seconds
    return unsafe_add(funding, unsafe_mul(rate, convert(self._held_time(state), int256)))


@internal
@view
def _next_rate(state: uint256, interest: uint256, target: int256, weight: uint256) -> int256:
    """
    @dev The funding rate from now on, wei of cash per base unit and second: the stored rate fades
         out over FUNDING_PERIOD, is diluted by new open interest, then moves towards `target` by
         `weight` (WAD, at most 1). Weight comes from traded size alone, so that neither dust nor
         the first touch of a block counts; dilution keeps a rate that little open interest argued
         for from being paid by much (docs/decisions.md).
    @param state The state word as it was.
    @param interest Open interest from now on, WAD base.
    """
    if interest == 0:
        return 0
    rate: int256 = words._rate(state)
    if rate != 0:
        held: int256 = convert(self._held_time(state), int256)
        rate -= rate * held // convert(FUNDING_PERIOD, int256)
        before: uint256 = words._interest(state)
        if interest > before:
            # |rate| < 2**63, open interest below 2**105
            rate = rate * convert(before, int256) // convert(interest, int256)
    return rate + (target - rate) * convert(weight, int256) // units.IWAD


@internal
@view
def _side(market: uint256, state: uint256, is_long: bool) -> (int256, int256):
    """
    @dev (A, K) of a side: base units and cash per share, WAD. (1, 0) until its indices move.
    """
    if state & (words.INDEXED_LONG if is_long else words.INDEXED_SHORT) == 0:
        return units.IWAD, 0
    word: uint256 = self.side_index[market][0 if is_long else 1]
    return (convert(word & words.SIDE_A_MASK, int256), words._signed(word) >> words.SIDE_K_SHIFT)


@internal
@view
def _present(market: uint256, state: uint256, word: uint256) -> (int256, int256):
    """
    @dev Shares and cost of a position in terms of the present generation of its side (both as the
         position word has them, when it is of that one). A LONG's shares are rounded down and a
         SHORT's up, the cash of past indices down.
    """
    shares: int256 = words._shares(word)
    cost: int256 = words._cost(word)
    present: uint256 = words._generation(state, shares > 0)
    generation: uint256 = word & words.GENERATION_MASK
    if generation == present or shares == 0:
        return shares, cost
    side: uint256 = (0 if shares > 0 else 1) << 16
    for _: uint256 in range(GENERATIONS):
        if generation == present or shares == 0:
            return shares, cost
        end: uint256 = self.past_sides[market][side | generation]
        cost -= wad_math._mul_floor(abs(shares), words._signed(end) >> words.SIDE_K_SHIFT)
        shares = wad_math._mul_floor(shares, convert(end & words.SIDE_A_MASK, int256))
        generation += 1
    return 0, cost  # less than what rounding can tell


@internal
@view
def _settled_value(market: uint256, state: uint256, word: uint256) -> int256:
    """
    @dev What a position in a settled market is worth, WAD cash, rounded down.
    """
    shares: int256 = 0
    cost: int256 = 0
    shares, cost = self._present(market, state, word)
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, shares > 0)
    distance: int256 = convert(self.settled_prices[market], int256) - self._funding_now(state)
    value: int256 = wad_math._mul_floor(a, distance if shares > 0 else -distance) + k
    return wad_math._mul_floor(abs(shares), value) - cost


@internal
def _convert(account: uint256, header: uint256, market: uint256, state: uint256) -> uint256:
    """
    @dev Turns a position in a settled market into cash.
    @return The header, with the cash; the caller stores it.
    """
    word: uint256 = self.positions[account][market]
    assert word != 0, "ledger: no position to convert"
    value: int256 = self._settled_value(market, state, word)
    self.positions[account][market] = 0
    header_after: uint256 = self._remove_market(account, header, market)
    header_after = self._book_cash(account, header_after, words._cash(header_after) + value)
    log IClearinghouseEvents.Converted(
        market=market, account=account, value=value, cash=words._cash(header_after)
    )
    return header_after


@internal
def _convert_settled(account: uint256, header: uint256) -> uint256:
    """
    @dev Converts every position of an account in settled markets; returns the header (the caller
         stores it).
    """
    header_after: uint256 = header
    markets: DynArray[uint256, limits.MAX_POSITIONS] = self._markets_of(account, header)
    for market: uint256 in markets:
        state: uint256 = self.market_state[market]
        if state & words.SETTLED != 0:
            header_after = self._convert(account, header_after, market, state)
    return header_after


@internal
@view
def _open_interest(market: uint256, state: uint256, long_shares: uint256) -> uint256:
    """
    @dev Open interest, WAD base: the LONG side's, which equals the SHORT side's (INV-2).
    """
    if state & words.INDEXED_LONG == 0:
        return long_shares
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, True)
    return wad_math._mul_down(long_shares, convert(a, uint256))


# PORTFOLIOS -------------------------------------------------------------------------------------

@internal
@view
def _legs(account: uint256, header: uint256) -> DynArray[uint256, limits.MAX_LEGS]:
    """
    @dev The portfolio of an account as a list of legs (layout: IRiskEngine).
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
        state: uint256 = self.market_state[market]
        position: bytes32 = convert(self.positions[account][market], bytes32)
        size: int256 = convert(position, int256) >> words.SHARES_SHIFT
        cost: bytes32 = convert(convert(position, uint256) << words.COST_LEFT, bytes32)
        carry: int256 = unsafe_sub(0, convert(cost, int256) >> words.SHARES_SHIFT)
        if state & words.MOVED != 0:
            if state & words.SETTLED != 0:
                # Cash that was not yet converted: a leg of row 0.
                legs.append(0)
                value: int256 = self._settled_value(market, state, convert(position, uint256))
                legs.append(words._bits(value))
                continue
            size, carry = self._indexed_leg(market, state, convert(position, uint256))
        # |size| < 2**119 and |F| < 2**95: the product fits.
        owed: int256 = unsafe_mul(size, self._funding_now(state))
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
            convert(convert(size, bytes32), uint256) << 128
            | convert(convert(carry, bytes32), uint256) & leg_layout.CARRY_MASK
        )
    return legs


@internal
@view
def _indexed_leg(market: uint256, state: uint256, word: uint256) -> (int256, int256):
    """
    @dev Size and carry of a position in a market whose indices have moved. Both roundings go
         against the holder: a LONG counts less, a SHORT more.
    """
    shares: int256 = 0
    cost: int256 = 0
    shares, cost = self._present(market, state, word)
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, shares > 0)
    return wad_math._mul_floor(shares, a), wad_math._mul_floor(abs(shares), k) - cost


# TRADES -----------------------------------------------------------------------------------------

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
    @dev Changes a position by `delta` base units (signed, WAD) at `price`: first reduces what is
         held the other way, realising its profit or loss, then opens the rest at value 0. Rounds
         what is realised down and what is opened to a cost rounded up (INV-1). Stores the position;
         the caller stores the header and books the cash.
    @return The header, shares before (of the present generation), the position word after,
            realised cash (WAD).
    """
    old: uint256 = self.positions[account][market]
    before: int256 = words._signed(old) >> words.SHARES_SHIFT
    cost: int256 = words._signed(old << words.COST_LEFT) >> words.SHARES_SHIFT
    realised: int256 = 0
    if state & words.MOVED != 0:
        assert state & words.SETTLED == 0, "ledger: market is settled"
        before, cost = self._present(market, state, old)
        if before == 0:  # a tear-up has left nothing but cash
            realised = -cost
            cost = 0
    shares: int256 = before
    rest: int256 = delta
    # price < 2**95 and |F| < 2**95
    distance: int256 = unsafe_sub(convert(price, int256), self._funding_now(state))
    if before != 0 and (before ^ delta) < 0:
        closed: int256 = 0
        value: int256 = 0
        closed, rest, value = self._closing(market, state, before, delta, distance)
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
            opened, value = self._opening(market, state, rest, distance)
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
    @dev Closes a fraction (WAD) of a position at `price`, by its shares, so that the whole leaves
         nothing behind however small it is. Stores the position; the caller drops the ids of closed
         ones (`_drop_closed`) and books cash and totals.
    @return Signed shares closed, their base (signed, rounded against the opposite side), the
            position word after, realised cash (WAD).
    """
    assert state & words.SETTLED == 0, "ledger: market is settled"
    old: uint256 = self.positions[account][market]
    before: int256 = 0
    cost: int256 = 0
    before, cost = self._present(market, state, old)
    closed: int256 = before
    closed_cost: int256 = cost
    if fraction < units.WAD:
        closed = before * convert(fraction, int256) // units.IWAD
        if before != 0:
            closed_cost = cost * closed // before
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, before > 0)
    # price < 2**120 (a leg's field), |F| < 2**96, A < 2**60, |K| < 2**130: |value| < 2**131, and
    # shares < 2**119.
    distance: int256 = unsafe_sub(convert(price, int256), self._funding_now(state))
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
def _drop_all(account: uint256, header: uint256) -> uint256:
    """
    @dev Takes all market ids out of an account whose positions were all closed; returns the header
         (the caller stores it).
    """
    if header & words.MORE_MARKETS != 0:
        self.more_markets[account] = 0
    return header & ~(words.ALL_IDS | words.MORE_MARKETS)


@internal
def _drop_closed(account: uint256, header: uint256) -> uint256:
    """
    @dev Takes the ids of all markets out in which the account has no position left; returns the
         header (the caller stores it).
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


@internal
@view
def _closing(
    market: uint256, state: uint256, before: int256, delta: int256, distance: int256
) -> (int256, int256, int256):
    """
    @dev How a trade of `delta` base units closes a position the other way.
    @return Shares closed, base units left to open, value of one share (WAD).
    """
    held: int256 = abs(before)
    if state & words.INDEXED_SIDES == 0:
        value: int256 = distance if before > 0 else -distance
        if abs(delta) < held:
            return abs(delta), 0, value
        return held, delta + before, value
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, before > 0)
    value: int256 = wad_math._mul_floor(a, distance if before > 0 else -distance) + k
    size: int256 = wad_math._mul_floor(held, a)
    if abs(delta) < size:
        return abs(delta) * units.IWAD // a, 0, value
    if abs(delta) <= wad_math._mul_ceil(held, a):
        return held, 0, value  # a wei that A was rounded by is nothing to turn around with
    return held, delta + (size if before > 0 else -size), value


@internal
@view
def _opening(market: uint256, state: uint256, delta: int256, distance: int256) -> (int256, int256):
    """
    @dev Signed shares that a trade of `delta` base units opens, and the value of one (WAD), in a
         market whose indices have moved.
    """
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, delta > 0)
    assert a != 0, "ledger: side is worn out"  # torn up in its last generation
    return delta * units.IWAD // a, wad_math._mul_floor(a, distance if delta > 0 else -distance) + k


@internal
def _book_totals(
    market: uint256, state: uint256, long_change: int256, short_change: int256, fee: uint256
) -> uint256:
    """
    @dev Adds to a market's totals (shares, WAD base) and fees (WAD cash). INV-2.
    @return The state word with the new open interest; the caller stores it.
    """
    old: uint256 = self.market_totals[market]
    longs: int256 = convert(old & words.TOTAL_MASK, int256) + long_change
    shorts: int256 = convert((old >> words.TOTAL_SHIFT) & words.TOTAL_MASK, int256) + short_change
    if state & words.INDEXED_SIDES != 0:
        # Shares converted one by one may add up to more than their total did, by roundings.
        longs = max(longs, 0)
        shorts = max(shorts, 0)
    totals: uint256 = words._pack_totals(longs, shorts, words._fees(old) + fee)
    if totals != old:
        self.market_totals[market] = totals
    if long_change == 0:
        return state
    interest: uint256 = self._open_interest(market, state, convert(longs, uint256))
    return words._with_interest(state, interest)
