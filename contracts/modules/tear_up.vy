#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tear-up: closing a defaulter against the opposite side, pro rata
@custom:contract-name tear_up
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A position that finds no taker is closed at mark P: its owner realises what it is worth, and
        the opposite side loses as much base in all, without a loop over its holders. With q base
        units against S shares of that side,

            dA = q / S,   A' = A - dA,   K' = K + dA * g * (P - F)

        so that a share is worth the same at P before and after (INV-11): holders lose position,
        not money. Defaulters torn up together are netted first: what a LONG and a SHORT among them
        have in common closes against each other and reaches no other holder, in any order of
        their names.

        What the funds did not pay of a leg's loss is charged to the same side by its shares,
        K'' = K' - charge / S, up to

            min(loss of the leg, q * moved) + cap * P * q,   moved = max(g * (average - P), 0)

        with the checkpoints' average of the last day, which no fill sets: a side gives back what
        its market has moved for the base that was closed, and a little more. No base unit is
        charged more than moved + cap * P a day: the base that the tear-up takes off the side
        answers first, and only what goes beyond is remembered, by the unit of what is left, so
        that one default and many small ones charge the same. What goes beyond is paid by the
        reserve, then it is the hole. Losses of collateral and of settled markets charge no side.
@dev A is rounded down for LONG and up for SHORT, K always down: a tear-up never makes the open
     interest of LONG exceed that of SHORT, and no share gains by a rounding at P.
     The tear-up of a transaction leaves in transient storage what may still be charged. A charge
     without a tear-up before it in the same transaction finds nothing to charge.
"""

from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseTearUps
from ..interfaces import IExchange
from ..interfaces import IRiskEngine
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import units
from .layout import words
from . import charge_math
from . import funding_math
from . import ledger
from . import registry
from . import sides
from . import wad_math

uses: ledger
uses: registry
uses: sides

# market -> LONG base less SHORT base closed in this call, WAD base, and the price, WAD cash per
# base unit; 0: nothing was closed there.
net: transient(HashMap[uint256, int256])
prices: transient(HashMap[uint256, uint256])
# account -> market -> base closed, WAD base, and what it had lost, WAD cash.
closed: transient(HashMap[uint256, HashMap[uint256, uint256]])
lost: transient(HashMap[uint256, HashMap[uint256, uint256]])
# market -> side -> shares that a charge goes to, and above them their generation (layout: words);
# the base that the tear-up took off them and that has not answered for a charge yet, and the base
# that it left them, WAD base.
payers: transient(HashMap[uint256, HashMap[uint256, uint256]])
taken: transient(HashMap[uint256, HashMap[uint256, uint256]])
left: transient(HashMap[uint256, HashMap[uint256, uint256]])


# CLOSING ------------------------------------------------------------------------------------------

@internal
def _tear_up_many(
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH],
    caller_account: uint256,
    reward_cap: uint256,
) -> DynArray[int256, limits.BATCH]:
    """
    @dev Closes the named positions of several accounts at mark, netted; charges may follow in the
         same transaction.
    @param caller_account Account id of who gets the rewards, not one of those closed; 0: nobody.
    @param reward_cap Most that is paid for one account, whole units of cash.
    @return Cash of each account afterwards, WAD.
    """
    cash: DynArray[int256, limits.BATCH] = []
    reward: uint256 = 0
    for closeout: IClearinghouseTearUps.Closeout in closeouts:
        header: uint256 = 0
        after: int256 = 0
        header, after = self._close(closeout.account, closeout.legs)
        ledger.headers[closeout.account] = ledger._book_cash(closeout.account, header, after)
        log IClearinghouseEvents.ClosedOut(account=closeout.account, cash=after)
        cash.append(after)
        if caller_account != 0:
            assert caller_account != closeout.account, "tear up: account rewards itself"
            reward += min(self._fees_of(closeout), reward_cap * units.WAD)
    for closeout: IClearinghouseTearUps.Closeout in closeouts:
        self._spread_all(closeout.legs)
    if reward != 0:
        self._pay_reward(caller_account, min(reward, ledger.reserve))
    return cash


@internal
@view
def _fees_of(closeout: IClearinghouseTearUps.Closeout) -> uint256:
    """
    @dev Half of the fees that trades of the base just closed pay, WAD cash, rounded down: nobody
         opens positions to have them torn up.
    """
    exchange: address = registry._role(role_layout.EXCHANGE)
    fees: uint256 = 0
    for leg: uint256 in closeout.legs:
        market: uint256 = leg_layout._market_of(leg)
        base: uint256 = self.closed[closeout.account][market]
        if market != 0 and base != 0:
            terms: IExchange.Terms = staticcall IExchange(exchange).terms(market)
            fees += (
                wad_math._mul_down(base, leg & leg_layout.PRICE_MASK)
                * (terms.maker_fee_ppm + terms.taker_fee_ppm) // units.PPM
            )
    return fees // 2


@internal
def _pay_reward(caller_account: uint256, reward: uint256):
    """
    @dev Pays who brought a tear-up about, out of the reserve, which fees have filled.
    @param reward WAD cash.
    """
    ledger.reserve -= reward
    header: uint256 = ledger._header(caller_account)
    cash: int256 = words._cash(header) + convert(reward, int256)
    ledger.headers[caller_account] = ledger._book_cash(caller_account, header, cash)
    log IClearinghouseEvents.TearUpRewarded(caller_account=caller_account, reward=reward, cash=cash)


@internal
def _leave(market: uint256, closed: int256) -> (int256, int256):
    """
    @dev Takes closed shares off the total of their side.
    @param closed Signed shares, WAD base.
    @return The totals of LONG and SHORT shares, WAD base.
    """
    totals: uint256 = sides.market_totals[market]
    longs: int256 = convert(totals & words.SIDE_TOTAL_MASK, int256)
    shorts: int256 = convert((totals >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK, int256)
    # Shares converted one by one may add up to more than their total did, by roundings.
    if closed > 0:
        longs = max(longs - closed, 0)
    else:
        shorts = max(shorts + closed, 0)
    sides.market_totals[market] = words._pack_totals(longs, shorts, words._fees(totals))
    return longs, shorts


@internal
def _book_interest(market: uint256, state: uint256):
    """
    @dev Stores a state word with the open interest that the totals make.
    """
    longs: uint256 = sides.market_totals[market] & words.SIDE_TOTAL_MASK
    sides.market_state[market] = words._with_interest(
        state, sides._open_interest(market, state, longs)
    )


@internal
@view
def _fallen(
    a: int256,
    k: int256,
    base: int256,
    shares: uint256,
    is_long: bool,
    price: uint256,
    state: uint256,
) -> (int256, int256):
    """
    @dev The index pair of a side after base was taken off its shares at a price: A falls by base /
         shares, rounded up for LONG and down for SHORT; what it fell by becomes K.
    @param base Signed, WAD base.
    @param shares WAD base, above 0.
    @param price WAD cash per base unit.
    @return A and K, WAD.
    """
    # |base| < 2**123, 0 < shares < 2**102, price < 2**120 (a leg's field), |F| < 2**96, A < 2**60.
    wanted: uint256 = unsafe_mul(convert(abs(base), uint256), units.WAD)
    if is_long:
        wanted = unsafe_add(wanted, unsafe_sub(shares, 1))
    delta: int256 = min(convert(unsafe_div(wanted, shares), int256), a)
    distance: int256 = unsafe_sub(convert(price, int256), funding_math._funding_now(state))
    gained: int256 = wad_math._mul_floor_unchecked(
        delta, distance if is_long else unsafe_sub(0, distance)
    )
    return unsafe_sub(a, delta), k + gained


@internal
def _store_side(
    market: uint256, state: uint256, is_long: bool, a: int256, k: int256
) -> (uint256, uint256):
    """
    @dev Stores the index pair of a side; under the floor of A a new generation begins.
    @return The state word (the caller stores it) and the side's word.
    """
    moved: uint256 = state | (words.INDEXED_LONG if is_long else words.INDEXED_SHORT)
    word: uint256 = words._pack_side(a, k)
    if a < sides.A_FLOOR and words._generation(state, is_long) < words.LAST_GENERATION:
        moved = self._begin_generation(market, moved, is_long, a, word)
        word = words._pack_side(units.IWAD, 0)
    sides.side_index[market][0 if is_long else 1] = word
    return moved, word


@internal
def _close(account: uint256, legs: DynArray[uint256, 40]) -> (uint256, int256):
    """
    @dev Closes all of one account's named positions: shares leave the totals of their side, their
         value becomes cash.
    @return The header with the cash before (not stored), and the cash that goes into it, WAD.
    """
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    cash: int256 = words._cash(header)
    for leg: uint256 in legs:
        market: uint256 = leg_layout._market_of(leg)
        if market == 0 or ledger.positions[account][market] == 0:
            continue  # collateral, or sold to a bidder
        price: uint256 = leg & leg_layout.PRICE_MASK
        closed: int256 = 0
        base: int256 = 0
        position: uint256 = 0
        value: int256 = 0
        closed, base, position, value = ledger._close_part(
            account, market, sides._state(market), units.WAD, price
        )
        cash += value
        # The state word follows in `_spread`, when both sides are known.
        self._leave(market, closed)
        self.net[market] += base
        # What LONG and SHORT have in common closes against each other: at one price.
        assert (
            self.prices[market] == 0 or self.prices[market] == price
        ), "tear up: two prices of a market"
        self.prices[market] = price
        self.closed[account][market] = convert(abs(base), uint256)
        self.lost[account][market] = convert(max(-value, 0), uint256)
        log IClearinghouseEvents.TornUp(
            market=market,
            account=account,
            size=-base,
            price=price,
            value=value,
            position=position,
        )
    return ledger._drop_closed(account, header), cash


@internal
def _spread_all(legs: DynArray[uint256, 40]):
    """
    @dev Spreads what was closed in the markets of these legs, each market once.
    """
    for leg: uint256 in legs:
        market: uint256 = leg_layout._market_of(leg)
        if market != 0 and self.prices[market] != 0:
            self.prices[market] = 0
            self._spread(market, leg & leg_layout.PRICE_MASK)


@internal
def _spread(market: uint256, price: uint256):
    """
    @dev Takes what was closed net in a market off the other side, and notes whom a charge would go
         to. INV-2, INV-11.
    @param price Mark, WAD cash per base unit.
    """
    state: uint256 = sides.market_state[market]
    net: int256 = self.net[market]
    self.net[market] = 0
    for side: uint256 in range(2):
        is_long: bool = side == 0
        shares: uint256 = (
            sides.market_totals[market] >> (words.SHORT_TOTAL_SHIFT * side)
        ) & words.SIDE_TOTAL_MASK
        a: int256 = 0
        k: int256 = 0
        a, k = sides._side(market, state, is_long)
        self.payers[market][side] = (
            shares | words._generation(state, is_long) << words.PAYERS_GENERATION_SHIFT
        )
        base: uint256 = wad_math._mul_down(shares, convert(a, uint256))
        taken: uint256 = 0
        # A LONG that was closed is missing to the SHORT side, and the other way round.
        if shares != 0 and (net < 0 if is_long else net > 0):
            taken = min(base, convert(abs(net), uint256))
            a, k = self._fallen(a, k, net, shares, is_long, price, state)
            word: uint256 = 0
            state, word = self._store_side(market, state, is_long, a, k)
            log IClearinghouseEvents.SideMoved(market=market, is_long=is_long, side=word)
        self.taken[market][side] = taken
        self.left[market][side] = base - taken
    self._book_interest(market, state)


@internal
def _begin_generation(
    market: uint256, state: uint256, is_long: bool, a: int256, ended: uint256
) -> uint256:
    """
    @dev Keeps the word that a side's generation ended with, and restates its shares for the next
         one, which begins at (1, 0).
    @param a Index A that the generation ended with, WAD.
    @param ended Side word that the generation ended with (layout: words).
    @return The state word; the caller stores it, and the side's new word.
    """
    side: uint256 = 0 if is_long else 1
    generation: uint256 = words._generation(state, is_long)
    sides.past_sides[market][side << words.PAST_SIDE_SHIFT | generation] = ended
    totals: uint256 = sides.market_totals[market]
    longs: int256 = convert(totals & words.SIDE_TOTAL_MASK, int256)
    shorts: int256 = convert((totals >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK, int256)
    left: int256 = 0
    if is_long:
        longs = wad_math._mul_floor(longs, a)
        left = longs
    else:
        shorts = wad_math._mul_ceil(shorts, a)
        left = shorts
    sides.market_totals[market] = words._pack_totals(longs, shorts, words._fees(totals))
    log IClearinghouseEvents.GenerationBegan(
        market=market,
        is_long=is_long,
        generation=generation + 1,
        shares=convert(left, uint256),
        ended=ended,
    )
    return state + (1 << (words.GENERATION_LONG_SHIFT if is_long else words.GENERATION_SHORT_SHIFT))


# CHARGES ------------------------------------------------------------------------------------------

@internal
def _charge(account: uint256, legs: DynArray[uint256, 40], charge_cap: uint256) -> uint256:
    """
    @dev Tier 6: charges an account's losses to the sides opposite to the positions that made them.
    @param legs Legs that carry what nobody has paid of their loss, WAD cash (layout: leg_layout).
    @param charge_cap ppm of the mark.
    @return What was charged, WAD cash.
    """
    charged: uint256 = 0
    for leg: uint256 in legs:
        market: uint256 = leg_layout._market_of(leg)
        side: uint256 = self._payer(leg)
        if leg_layout._amount(leg) == 0 or market == 0:
            continue
        base: uint256 = self.closed[account][market]
        shares: uint256 = self.payers[market][side] & words.PAYERS_MASK
        if base == 0 or shares == 0:
            continue
        moved: uint256 = 0
        extra: uint256 = 0
        moved, extra = self._chargeable(market, leg, charge_cap)
        most: uint256 = min(
            self.lost[account][market], wad_math._mul_down(base, moved)
        ) + wad_math._mul_down(base, extra)
        free: uint256 = wad_math._zero_floor_sub(moved + extra, sides._charged_lately(market, side))
        room: uint256 = wad_math._mul_down(self.taken[market][side] + self.left[market][side], free)
        amount: uint256 = min(min(leg_layout._amount(leg), most), room)
        if amount != 0:
            self._answer_for(market, side, amount, free)
            self._charge_side(market, side, shares, amount)
            charged += amount
    return charged


@internal
def _answer_for(market: uint256, side: uint256, amount: uint256, free: uint256):
    """
    @dev Lets base answer for a charge: first what the tear-up took off the side, which nobody can
         charge again, then what it left, by the unit of which the charge is remembered.
    @param side 0 LONG, 1 SHORT.
    @param amount What is charged, WAD cash, above 0.
    @param free What a base unit may still be charged, WAD cash, above 0.
    """
    taken: uint256 = self.taken[market][side]
    gone: uint256 = 0
    by_unit: uint256 = 0
    gone, by_unit = charge_math._answered(amount, free, taken, self.left[market][side])
    self.taken[market][side] = taken - gone
    if by_unit != 0:
        sides._remember_charge(market, side, by_unit)


@internal
@view
def _chargeable(market: uint256, leg: uint256, charge_cap: uint256) -> (uint256, uint256):
    """
    @dev What a base unit of the side opposite to a leg answers for.
    @param charge_cap ppm of the mark.
    @return What the market has moved in its favour since the average of the last day, and the part
            of the price beyond it, never above the maintenance rate; WAD cash per base unit.
    """
    engine: address = registry._role(role_layout.RISK_ENGINE)
    row: uint256 = leg_layout.MARKET_ROW + market
    price: uint256 = leg & leg_layout.PRICE_MASK
    average: uint256 = staticcall IRiskEngine(engine).reference_price(row)
    moved: uint256 = 0
    if average != 0:
        moved = (
            wad_math._zero_floor_sub(price, average)
            if leg & leg_layout.IS_SHORT != 0
            else wad_math._zero_floor_sub(average, price)
        )
    rate: uint256 = staticcall IRiskEngine(engine).maintenance_rate(market)
    return moved, price * min(charge_cap, rate) // units.PPM


@internal
def _charge_side(market: uint256, side: uint256, shares: uint256, amount: uint256):
    """
    @dev Takes an amount (WAD cash) off the shares (WAD base) that the tear-up of this transaction
         went against.
    @param side 0 LONG, 1 SHORT.
    """
    generation: uint256 = self.payers[market][side] >> words.PAYERS_GENERATION_SHIFT
    cut: int256 = convert((amount * units.WAD + shares - 1) // shares, int256)
    state: uint256 = sides.market_state[market]
    is_long: bool = side == 0
    k: int256 = 0
    a: int256 = 0
    if generation == words._generation(state, is_long):
        a, k = sides._side(market, state, is_long)
        sides.side_index[market][side] = words._pack_side(a, k - cut)
        moved: uint256 = words.INDEXED_LONG if is_long else words.INDEXED_SHORT
        if state & moved == 0:
            sides.market_state[market] = state | moved
    else:
        end: uint256 = sides.past_sides[market][side << words.PAST_SIDE_SHIFT | generation]
        a = convert(end & words.SIDE_A_MASK, int256)
        k = words._signed(end) >> words.SIDE_K_SHIFT
        sides.past_sides[market][side << words.PAST_SIDE_SHIFT | generation] = words._pack_side(
            a, k - cut
        )
    log IClearinghouseEvents.SideCharged(
        market=market, is_long=is_long, generation=generation, amount=amount, k=k - cut
    )


@internal
@pure
def _payer(leg: uint256) -> uint256:
    """
    @dev The side opposite to a leg's position: 0 LONG, 1 SHORT.
    """
    return 0 if leg & leg_layout.IS_SHORT != 0 else 1
