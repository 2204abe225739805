#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Sides: markets, and the shares of their two sides
@custom:contract-name sides
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Positions are shares of a side. Funding and tear-ups reach every holder through the market's
        funding index F and the side's index pair (A, K), without a loop:

            q = g * shares * A,   V(P) = g * A * (P - F) + K,   value = shares * V(P) - cost

        with g = +1 for LONG and -1 for SHORT. A side that was never torn up has A = 1, K = 0 and no
        storage of its own. When A falls under its floor a new generation of the side begins at
        A = 1, K = 0; a position of an older one is restated when it is next touched, with the pair
        that its generation ended with. A settled market trades no more: its positions are worth
        their value at the price it was settled at, in cash.
"""

from .layout import tier_layout
from .layout import units
from .layout import words
from . import charge_math
from . import funding_math
from . import wad_math

# A, WAD, under which a new generation of its side begins: keeps the rounding of A, one part in
# 10**18 of a share, below 10**-15 of a position.
A_FLOOR: constant(int256) = 10**15
# Generations after which nothing is left of a position: 2**119 shares times A_FLOOR each.
GENERATIONS: constant(uint256) = 13
# Time in which what a base unit was charged is forgotten, seconds.
CHARGE_PERIOD: constant(uint256) = units.DAY


# market -> state word (layout: words). 0: not listed.
market_state: public(HashMap[uint256, uint256])
# market -> totals word (layout: words). INV-2: both totals times their A are equal (to dust).
market_totals: public(HashMap[uint256, uint256])
# market -> side (0 LONG, 1 SHORT) -> side word (layout: words), read only when the state word says
# that the side is indexed.
side_index: public(HashMap[uint256, HashMap[uint256, uint256]])
# market -> key of a past side (layout: words) -> the side word that its generation ended with.
past_sides: public(HashMap[uint256, HashMap[uint256, uint256]])
# market -> price it was settled at, WAD cash per base unit. 0: not settled.
settled_prices: public(HashMap[uint256, uint256])
# market -> side (0 LONG, 1 SHORT) -> what its base units were charged lately (layout: tier_layout).
charges: HashMap[uint256, HashMap[uint256, uint256]]


# MARKETS ------------------------------------------------------------------------------------------

@internal
@view
def _state(market: uint256) -> uint256:
    """
    @dev The state word of a listed market.
    """
    state: uint256 = self.market_state[market]
    assert state != 0, "sides: unknown market"
    return state


@internal
@pure
def _require_living(state: uint256):
    """
    @dev A market is not settled.
    """
    assert state & words.SETTLED == 0, "sides: market is settled"


@internal
@view
def _open_interest(market: uint256, state: uint256, long_shares: uint256) -> uint256:
    """
    @dev Open interest, WAD base: the LONG side's, which equals the SHORT side's (INV-2).
    @param long_shares Total shares of LONG, WAD base.
    """
    if state & words.INDEXED_LONG == 0:
        return long_shares
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, True)
    return wad_math._mul_down(long_shares, convert(a, uint256))


@internal
def _book_totals(
    market: uint256, state: uint256, long_change: int256, short_change: int256, fee: uint256
) -> uint256:
    """
    @dev Adds to a market's totals and fees. INV-2.
    @param long_change Change of LONG shares, WAD base.
    @param short_change Change of SHORT shares, WAD base.
    @param fee WAD cash, a multiple of CASH_UNIT.
    @return The state word with the new open interest; the caller stores it.
    """
    old: uint256 = self.market_totals[market]
    longs: int256 = convert(old & words.SIDE_TOTAL_MASK, int256) + long_change
    shorts: int256 = (
        convert((old >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK, int256) + short_change
    )
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


@internal
def _leave_settled(market: uint256, state: uint256, word: uint256):
    """
    @dev Takes a position that has become cash off the totals of its settled market, so that they
         show how much is left to convert. The open interest of the state word stays.
    @param word Position word (layout: words).
    """
    shares: int256 = 0
    cost: int256 = 0
    shares, cost = self._present(market, state, word)
    old: uint256 = self.market_totals[market]
    longs: int256 = convert(old & words.SIDE_TOTAL_MASK, int256)
    shorts: int256 = convert((old >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK, int256)
    # Shares restated one by one may add up to more than their total did, by roundings.
    self.market_totals[market] = words._pack_totals(
        max(longs - max(shares, 0), 0), max(shorts + min(shares, 0), 0), words._fees(old)
    )


# SHARES -------------------------------------------------------------------------------------------

@internal
@view
def _side(market: uint256, state: uint256, is_long: bool) -> (int256, int256):
    """
    @dev The index pair of a side; (1, 0) until it moves.
    @return A in base units per share, K in cash per share, both WAD.
    """
    if state & (words.INDEXED_LONG if is_long else words.INDEXED_SHORT) == 0:
        return units.IWAD, 0
    word: uint256 = self.side_index[market][0 if is_long else 1]
    return (convert(word & words.SIDE_A_MASK, int256), words._signed(word) >> words.SIDE_K_SHIFT)


@internal
@view
def _present(market: uint256, state: uint256, word: uint256) -> (int256, int256):
    """
    @dev A position in terms of the present generation of its side. The shares of a LONG are rounded
         down and those of a SHORT up, the cash of past indices down.
    @param word Position word (layout: words).
    @return Signed shares (WAD base) and cost (WAD cash); as the word has them if it is of that
            generation.
    """
    shares: int256 = words._shares(word)
    cost: int256 = words._cost(word)
    present: uint256 = words._generation(state, shares > 0)
    generation: uint256 = word & words.GENERATION_MASK
    if generation == present or shares == 0:
        return shares, cost
    side: uint256 = (0 if shares > 0 else 1) << words.PAST_SIDE_SHIFT
    for _: uint256 in range(GENERATIONS):
        if generation == present or shares == 0:
            return shares, cost
        end: uint256 = self.past_sides[market][side | generation]
        cost -= wad_math._mul_floor(abs(shares), words._signed(end) >> words.SIDE_K_SHIFT)
        shares = wad_math._mul_floor(shares, convert(end & words.SIDE_A_MASK, int256))
        generation += 1
    return 0, cost  # what is left is below the rounding


@internal
@view
def _indexed_leg(market: uint256, state: uint256, word: uint256) -> (int256, int256):
    """
    @dev Size and carry of a position in a market whose indices have moved. Both roundings go
         against the holder: a LONG counts less, a SHORT more.
    @return Signed size (WAD base) and carry (WAD cash).
    """
    shares: int256 = 0
    cost: int256 = 0
    shares, cost = self._present(market, state, word)
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, shares > 0)
    return wad_math._mul_floor(shares, a), wad_math._mul_floor(abs(shares), k) - cost


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
    distance: int256 = convert(self.settled_prices[market], int256) - funding_math._funding_now(
        state
    )
    value: int256 = wad_math._mul_floor(a, distance if shares > 0 else -distance) + k
    return wad_math._mul_floor(abs(shares), value) - cost


@internal
@view
def _closing(
    market: uint256, state: uint256, before: int256, delta: int256, distance: int256
) -> (int256, int256, int256):
    """
    @dev How a trade of `delta` base units closes a position the other way.
    @param before Signed shares held, WAD base.
    @param delta Signed, WAD base.
    @param distance P - F, WAD cash per base unit.
    @return Shares closed (WAD base), base left to open (signed WAD), value of one share (WAD cash).
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
        return held, 0, value  # a wei that A was rounded by does not turn the position around
    return held, delta + (size if before > 0 else -size), value


@internal
@view
def _opening(market: uint256, state: uint256, delta: int256, distance: int256) -> (int256, int256):
    """
    @dev What a trade of `delta` base units opens in a market whose indices have moved.
    @param delta Signed, WAD base.
    @param distance P - F, WAD cash per base unit.
    @return Signed shares opened (WAD base), value of one share (WAD cash).
    """
    a: int256 = 0
    k: int256 = 0
    a, k = self._side(market, state, delta > 0)
    assert a != 0, "sides: side is worn out"  # torn up in its last generation
    return delta * units.IWAD // a, wad_math._mul_floor(a, distance if delta > 0 else -distance) + k


# CHARGES ------------------------------------------------------------------------------------------

@internal
@view
def _charged_lately(market: uint256, side: uint256) -> uint256:
    """
    @dev What a base unit of a side was charged in defaults, faded in proportion to time, WAD cash,
         rounded up. By the unit: who adds to a side buys no room for another charge.
    @param side 0 LONG, 1 SHORT.
    """
    word: uint256 = self.charges[market][side]
    return charge_math._faded(
        word & tier_layout.CHARGED_MASK,
        block.timestamp - (word >> tier_layout.CHARGED_TIME_SHIFT),
        CHARGE_PERIOD,
    )


@internal
def _remember_charge(market: uint256, side: uint256, charge: uint256):
    """
    @dev Adds what a base unit of a side is charged now.
    @param side 0 LONG, 1 SHORT.
    @param charge WAD cash per base unit.
    """
    charged: uint256 = min(self._charged_lately(market, side) + charge, tier_layout.CHARGED_MASK)
    self.charges[market][side] = charged | block.timestamp << tier_layout.CHARGED_TIME_SHIFT
