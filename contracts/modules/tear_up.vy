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

        What the funds did not pay of a loss is charged to the same side by its shares,
        K'' = K' - loss / S, up to a part of the price for each base unit it held before the
        tear-up. What goes beyond is the hole.
@dev A is rounded down for LONG and up for SHORT, K always down: a tear-up never makes the open
     interest of LONG exceed that of SHORT, and no share gains by a rounding at P.
     The tear-up of a transaction leaves in transient storage what may still be charged. A charge
     without a tear-up before it in the same transaction finds no room and becomes part of the hole.
"""

from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseTearUps
from .layout import leg_layout
from .layout import limits
from .layout import units
from .layout import words
from . import exits
from . import funding_math
from . import ledger
from . import sides
from . import wad_math

uses: exits
uses: ledger
uses: sides

# market -> LONG base less SHORT base closed in this call, WAD base, and whether anything was.
net: transient(HashMap[uint256, int256])
touched: transient(HashMap[uint256, bool])
# market -> side -> what may still be charged, WAD cash, and to which shares of which generation.
room: transient(HashMap[uint256, HashMap[uint256, uint256]])
payers: transient(HashMap[uint256, HashMap[uint256, uint256]])
# market -> side -> losses to charge, and what of them was charged, WAD cash.
demand: transient(HashMap[uint256, HashMap[uint256, uint256]])
charged: transient(HashMap[uint256, HashMap[uint256, uint256]])


# CLOSING ------------------------------------------------------------------------------------------

@internal
def _tear_up_many(
    closeouts: DynArray[IClearinghouseTearUps.Closeout, limits.BATCH], charge_cap: uint256
) -> DynArray[int256, limits.BATCH]:
    """
    @dev Closes the named positions of several accounts at mark, netted; charges may follow in the
         same transaction.
    @param charge_cap Greatest charge on a base unit of the opposite side, ppm of the mark.
    @return Cash of each account afterwards, WAD.
    """
    cash: DynArray[int256, limits.BATCH] = []
    for closeout: IClearinghouseTearUps.Closeout in closeouts:
        header: uint256 = 0
        after: int256 = 0
        header, after = self._close(closeout.account, closeout.legs)
        ledger.headers[closeout.account] = ledger._book_cash(closeout.account, header, after)
        log IClearinghouseEvents.ClosedOut(account=closeout.account, cash=after)
        cash.append(after)
    for closeout: IClearinghouseTearUps.Closeout in closeouts:
        self._spread_all(closeout.legs, charge_cap)
    return cash


@internal
def _tear_up_one(
    account: uint256, fraction: uint256, legs: DynArray[uint256, 40], charge_cap: uint256
) -> (uint256, uint256, uint256):
    """
    @dev Closes a fraction of the named positions of one account at mark, and charges the losses
         that the legs carry at once: tiers 6 and 7. When the whole is closed and nothing else is
         left to the account, its loss is what it lacks to the wei; the first leg takes the
         difference to the estimates. One account has one position a market, so that all fits into
         one pass, without the bookkeeping of `_tear_up_many`.
    @param fraction WAD, above 0, at most 1.
    @param legs Known prices of positions only, with their loss as amount (layout: leg_layout).
    @param charge_cap Greatest charge on a base unit of the opposite side, ppm of the mark.
    @return The header (not stored), the loss and the part of it that deepened the hole, WAD cash.
    """
    header: uint256 = ledger._header(account)
    held: uint256 = len(ledger._markets_of(account, header))
    if held != len(legs):
        header = ledger._convert_settled(account, header)
    cash: int256 = words._cash(header)
    loss: uint256 = 0
    charged: uint256 = 0
    for i: uint256 in range(len(legs), bound=40):
        # The first leg comes last, when it is known what the account lacks.
        is_last: bool = i + 1 == len(legs)
        leg: uint256 = legs[0 if is_last else i + 1]
        market: uint256 = leg_layout._market_of(leg)
        state: uint256 = sides._state(market)
        closed: int256 = 0
        base: int256 = 0
        position: uint256 = 0
        value: int256 = 0
        closed, base, position, value = ledger._close_part(
            account, market, state, fraction, leg & leg_layout.PRICE_MASK
        )
        cash += value
        amount: uint256 = leg_layout._amount(leg)
        if is_last:
            if held == len(legs) and fraction == units.WAD:
                header = ledger._drop_all(account, header)
            else:
                header = ledger._drop_closed(account, header)
            if (
                fraction == units.WAD
                and not words._has_positions(header)
                and words._collateral_bitmap(header) == 0
            ):
                amount = convert(max(-cash - convert(loss, int256), 0), uint256)
        taken: uint256 = 0
        side: uint256 = 0
        taken, side = self._take_off(
            market,
            state,
            leg & leg_layout.PRICE_MASK,
            closed,
            base,
            self._payer(leg) == 0,
            amount,
            charge_cap,
        )
        loss += amount
        charged += taken
        log IClearinghouseEvents.TornUp(
            market=market,
            account=account,
            size=-base,
            price=leg & leg_layout.PRICE_MASK,
            value=value,
            position=position,
            side=side,
            charged=taken,
        )
    if loss != charged:
        exits._deepen_hole(loss - charged)
    cash += convert(loss, int256)
    header = ledger._book_cash(account, header, cash)
    self._log_loss(account, loss, loss - charged, cash)
    return header, loss, loss - charged


@internal
def _take_off(
    market: uint256,
    state: uint256,
    price: uint256,
    closed: int256,
    base: int256,
    is_long: bool,
    loss: uint256,
    charge_cap: uint256,
) -> (uint256, uint256):
    """
    @dev Books one closed position: its shares leave their side, its base the other one, which is
         charged the loss up to its bound. INV-2, INV-11.
    @param price Mark, WAD cash per base unit.
    @param closed Signed shares, WAD base.
    @param base Signed, WAD base: perhaps 0 for shares of few wei.
    @param is_long Whether the other side is LONG.
    @param loss WAD cash.
    @param charge_cap Greatest charge on a base unit of the other side, ppm of the mark.
    @return What was charged, WAD cash, and the word of the other side afterwards; 0 if that side is
            empty.
    """
    longs: int256 = 0
    shorts: int256 = 0
    longs, shorts = self._leave(market, closed)
    payers: uint256 = convert(longs if is_long else shorts, uint256)
    moved: uint256 = state
    amount: uint256 = 0
    side: uint256 = 0
    if payers != 0:
        a: int256 = 0
        k: int256 = 0
        a, k = sides._side(market, state, is_long)
        amount = min(loss, self._room(payers, a, price, charge_cap))
        a, k = self._fallen(a, k, base, payers, is_long, price, state)
        if amount != 0:
            k -= convert((amount * units.WAD + payers - 1) // payers, int256)
        moved, side = self._store_side(market, state, is_long, a, k)
    self._book_interest(market, moved)
    return amount, side


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
@pure
def _room(shares: uint256, a: int256, price: uint256, charge_cap: uint256) -> uint256:
    """
    @dev What a side may be charged: a part of what it holds at this price.
    @param shares WAD base.
    @param a Index A of the side, WAD.
    @param price WAD cash per base unit.
    @param charge_cap ppm of the price.
    @return WAD cash.
    """
    held: uint256 = wad_math._mul_down(shares, convert(a, uint256))
    return wad_math._mul_down(held, price) * charge_cap // units.PPM


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
        if leg >> leg_layout.ROW_SHIFT <= leg_layout.MARKET_ROW:
            continue
        market: uint256 = leg_layout._market_of(leg)
        closed: int256 = 0
        base: int256 = 0
        position: uint256 = 0
        value: int256 = 0
        closed, base, position, value = ledger._close_part(
            account, market, sides._state(market), units.WAD, leg & leg_layout.PRICE_MASK
        )
        cash += value
        # The state word follows in `_spread`, when both sides are known.
        self._leave(market, closed)
        self.net[market] += base
        self.touched[market] = True
        log IClearinghouseEvents.TornUp(
            market=market,
            account=account,
            size=-base,
            price=leg & leg_layout.PRICE_MASK,
            value=value,
            position=position,
            side=0,
            charged=0,
        )
    return ledger._drop_closed(account, header), cash


@internal
def _spread_all(legs: DynArray[uint256, 40], charge_cap: uint256):
    """
    @dev Spreads what was closed in the markets of these legs, each market once.
    """
    for leg: uint256 in legs:
        row: uint256 = leg >> leg_layout.ROW_SHIFT
        if row > leg_layout.MARKET_ROW and self.touched[row - leg_layout.MARKET_ROW]:
            self.touched[row - leg_layout.MARKET_ROW] = False
            self._spread(row - leg_layout.MARKET_ROW, leg & leg_layout.PRICE_MASK, charge_cap)


@internal
def _spread(market: uint256, price: uint256, charge_cap: uint256):
    """
    @dev Takes what was closed net in a market off the other side, and notes what each side may be
         charged later. INV-2, INV-11.
    @param price Mark, WAD cash per base unit.
    @param charge_cap ppm of the mark.
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
        self.room[market][side] = self._room(shares, a, price, charge_cap)
        self.payers[market][side] = (
            shares | words._generation(state, is_long) << words.PAYERS_GENERATION_SHIFT
        )
        # A LONG that was closed is missing to the SHORT side, and the other way round.
        if shares != 0 and (net < 0 if is_long else net > 0):
            a, k = self._fallen(a, k, net, shares, is_long, price, state)
            word: uint256 = 0
            state, word = self._store_side(market, state, is_long, a, k)
            log IClearinghouseEvents.SideMoved(market=market, is_long=is_long, side=word)
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
def _settle_loss(account: uint256, legs: DynArray[uint256, 40]) -> uint256:
    """
    @dev Tier 6, then 7: charges an account's losses to the sides opposite to the positions that
         made them, up to what the tear-up of this transaction has left room for; the rest becomes
         the hole. The account is credited its whole loss.
    @return The part that deepened the hole, WAD cash.
    """
    self._demand(legs)
    for leg: uint256 in legs:
        self._charge_side(leg_layout._market_of(leg), self._payer(leg))
    loss: uint256 = 0
    to_hole: uint256 = 0
    loss, to_hole = self._take_loss(legs)
    self._forget(legs)
    header: uint256 = ledger._header(account)
    cash: int256 = words._cash(header) + convert(loss, int256)
    ledger.headers[account] = ledger._book_cash(account, header, cash)
    self._log_loss(account, loss, to_hole, cash)
    return to_hole


@internal
def _demand(legs: DynArray[uint256, 40]):
    """
    @dev Notes what the losses ask of each side.
    """
    for leg: uint256 in legs:
        if leg_layout._amount(leg) != 0:
            self.demand[leg_layout._market_of(leg)][self._payer(leg)] += leg_layout._amount(leg)


@internal
def _charge_side(market: uint256, side: uint256):
    """
    @dev Charges one side of a market, once.
    """
    amount: uint256 = min(self.demand[market][side], self.room[market][side])
    if amount == 0 or self.charged[market][side] != 0:
        return
    self.charged[market][side] = amount
    self.room[market][side] -= amount
    shares: uint256 = self.payers[market][side] & words.PAYERS_MASK
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
def _take_loss(legs: DynArray[uint256, 40]) -> (uint256, uint256):
    """
    @dev Adds the losses that were not charged to the hole.
    @return The losses together and the part that deepened the hole, WAD cash.
    """
    total: uint256 = 0
    paid: uint256 = 0
    for leg: uint256 in legs:
        amount: uint256 = leg_layout._amount(leg)
        if amount != 0:
            market: uint256 = leg_layout._market_of(leg)
            side: uint256 = self._payer(leg)
            total += amount
            paid += amount * self.charged[market][side] // self.demand[market][side]
    if total != paid:
        exits._deepen_hole(total - paid)
    return total, total - paid


@internal
def _log_loss(account: uint256, loss: uint256, to_hole: uint256, cash: int256):
    """
    @dev Logs who paid a loss.
    @param loss WAD cash.
    @param to_hole WAD cash.
    @param cash Cash of the account afterwards, WAD.
    """
    log IClearinghouseEvents.LossSettled(
        account=account, charged=loss - to_hole, to_hole=to_hole, hole=ledger.hole, cash=cash
    )


@internal
def _forget(legs: DynArray[uint256, 40]):
    """
    @dev Leaves no demand behind for a later call of the transaction.
    """
    for leg: uint256 in legs:
        self.demand[leg_layout._market_of(leg)][self._payer(leg)] = 0
        self.charged[leg_layout._market_of(leg)][self._payer(leg)] = 0


@internal
@pure
def _payer(leg: uint256) -> uint256:
    """
    @dev The side opposite to a leg's position: 0 LONG, 1 SHORT.
    """
    return 0 if leg & leg_layout.IS_SHORT != 0 else 1
