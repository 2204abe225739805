#pragma version 0.4.3
"""
@title Trades, funding and tear-ups
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Checks of ledger and tear_up against storage of any content within the bounds. Values are
        compared exactly, in WAD**2 of cash.
"""

from contracts.modules.layout import words
from . import claims
from contracts.modules import currency
from contracts.modules import exits
from contracts.modules import funding_math
from contracts.modules import ledger
from contracts.modules import sides
from contracts.modules import tear_up

initializes: sides
initializes: ledger[sides := sides]
initializes: currency
initializes: exits[currency := currency, ledger := ledger]
initializes: tear_up[exits := exits, ledger := ledger, sides := sides]

IWAD: constant(int256) = 10**18
PPM: constant(uint256) = 1_000_000
ACCOUNT: constant(uint256) = 1
MARKET: constant(uint256) = 1

# Bounds: 2**89 base units of 10**-18 are 6.2 * 10**8 units, 2**89 of price 6.2 * 10**8 of cash. Twice
# as much of both does not fit into the cost of a position, and reverts.
SIZE: constant(int256) = 2**89
PRICE: constant(int256) = 2**89
COST: constant(int256) = 2**110

# Creates a contract that answers every call with 18: it stands in for the settlement token.
TOKEN: constant(Bytes[16]) = x"6760125f5260205ff35f5260086018f3"


@deploy
def __init__():
    """
    @notice Binds the currency to the stand-in.
    """
    currency.__init__(raw_create(TOKEN))


@internal
def _hold(shares: int256, cost: int256, distance: int256):
    """
    @dev A position in a market with an open interest, at a funding index of -`distance`: at price 0
         a base unit is `distance` above it.
    """
    sides.market_state[MARKET] = words._bits(-distance) & words.FUNDING_MASK | 1 << words.FUNDING_TIME_SHIFT
    ledger.positions[ACCOUNT][MARKET] = words._pack_position(shares, cost)


@internal
@pure
def _is_within(number: int256, limit: int256) -> bool:
    """
    @dev |number| < limit.
    """
    return number > -limit and number < limit


@external
def check_trade_makes_no_value(
    shares: int256, cost: int256, delta: int256, distance: int256
) -> bool:
    """
    @notice |shares|, |delta| < 2**89 and not 0, |cost| < 2**110, |P - F| < 2**89, a side never torn
            up: no revert, and at the price of the trade cash realised and what is held are worth no
            more than before, and less than 2 wei less (INV-1).
    """
    if shares == 0 or delta == 0 or not self._is_within(shares, SIZE):
        return False
    if not self._is_within(delta, SIZE) or not self._is_within(cost, COST):
        return False
    if not self._is_within(distance, PRICE):
        return False
    self._hold(shares, cost, distance)
    header: uint256 = 0
    before: int256 = 0
    word: uint256 = 0
    realised: int256 = 0
    header, before, word, realised = ledger._trade(
        ACCOUNT, 1 << words.CASH_BITS, MARKET, sides.market_state[MARKET], delta, 0
    )
    held: int256 = words._shares(word)
    claims._holds(held == shares + delta)
    old: int256 = shares * distance - cost * IWAD
    new: int256 = realised * IWAD + held * distance - words._cost(word) * IWAD
    claims._holds(new <= old)
    claims._holds(old - new < 2 * IWAD)
    return True


@internal
@view
def _is_pair(a: int256, k: int256, shares: uint256, price: uint256) -> bool:
    """
    @dev Whether A, K and the shares of a side and a price are within the bounds of their fields.
    """
    if a < 0 or a > IWAD or not self._is_within(k, words.K_LIMIT):
        return False
    return shares != 0 and shares < 2**102 and price < 2**120


@internal
@view
def _accrued(funding: int256) -> uint256:
    """
    @dev A state word with a funding index of now. How it moves on: `check_funding_index`.
    """
    return words._bits(funding) & words.FUNDING_MASK | block.timestamp << words.FUNDING_TIME_SHIFT


@external
def check_tear_up_against_long(
    a: int256, k: int256, base: int256, shares: uint256, price: uint256, funding: int256
) -> bool:
    """
    @notice A in [0, 1], |K| < 2**130, |base| < 2**119, 0 < shares < 2**102, price < 2**120,
            |funding index| < 2**95: no revert; A falls by base / shares, rounded up, to 0 at least;
            a LONG share is worth no more at the price than before, and less than a wei less
            (INV-11).
    """
    if not self._is_pair(a, k, shares, price) or not self._is_within(base, 2**119):
        return False
    if not self._is_within(funding, 2**95):
        return False
    state: uint256 = self._accrued(funding)
    after: int256 = 0
    cash: int256 = 0
    after, cash = tear_up._fallen(a, k, base, shares, True, price, state)
    fall: int256 = a - after
    claims._holds(after >= 0 and fall >= 0)
    claims._holds(after == 0 or fall * convert(shares, int256) >= abs(base) * IWAD)
    claims._holds((fall - 1) * convert(shares, int256) < abs(base) * IWAD)
    worth: int256 = fall * (convert(price, int256) - funding)
    claims._holds((cash - k) * IWAD <= worth)
    claims._holds(worth - (cash - k) * IWAD < IWAD)
    return True


@external
def check_tear_up_against_short(
    a: int256, k: int256, base: int256, shares: uint256, price: uint256, funding: int256
) -> bool:
    """
    @notice The same for a SHORT share, whose A is rounded the other way.
    """
    if not self._is_pair(a, k, shares, price) or not self._is_within(base, 2**119):
        return False
    if not self._is_within(funding, 2**95):
        return False
    state: uint256 = self._accrued(funding)
    after: int256 = 0
    cash: int256 = 0
    after, cash = tear_up._fallen(a, k, base, shares, False, price, state)
    fall: int256 = a - after
    claims._holds(after >= 0 and fall >= 0)
    claims._holds(fall * convert(shares, int256) <= abs(base) * IWAD)
    worth: int256 = fall * (funding - convert(price, int256))
    claims._holds((cash - k) * IWAD <= worth)
    claims._holds(worth - (cash - k) * IWAD < IWAD)
    return True


@external
def check_funding_index(
    funding: int256, mantissa: int256, exponent: uint256, stored: uint256
) -> bool:
    """
    @notice |index| < 2**95, a rate of |mantissa| < 2**41 and exponent <= 8, any clocks of 32 bits: no
            revert; the index moves by the rate for the time since it was stored, eight hours at
            most.
    """
    if not self._is_within(funding, 2**95) or not self._is_within(mantissa, 2**41):
        return False
    if exponent > 8 or stored == 0 or stored > block.timestamp:
        return False
    state: uint256 = (
        words._bits(funding) & words.FUNDING_MASK
        | stored << words.FUNDING_TIME_SHIFT
        | (words._bits(mantissa) & words.FUNDING_RATE_MASK) << words.FUNDING_RATE_SHIFT
        | exponent << words.FUNDING_EXPONENT_SHIFT
    )
    held: int256 = convert(min(block.timestamp - stored, 28_800), int256)
    # |mantissa| * 256**8 < 2**105 and held < 2**15: nothing wraps.
    rate: int256 = unsafe_mul(mantissa, convert(1 << (8 * exponent), int256))
    claims._holds(
        funding_math._funding_now(state) == unsafe_add(funding, unsafe_mul(rate, held))
    )
    return True


@external
def false_tear_up_loses_nothing(
    a: int256, k: int256, base: int256, shares: uint256, price: uint256, funding: int256
) -> bool:
    """
    @notice Deliberately wrong: a LONG share is worth exactly the same at the price of a tear-up.
    """
    if not self._is_pair(a, k, shares, price) or not self._is_within(base, 2**119):
        return False
    if not self._is_within(funding, 2**95):
        return False
    state: uint256 = self._accrued(funding)
    after: int256 = 0
    cash: int256 = 0
    after, cash = tear_up._fallen(a, k, base, shares, True, price, state)
    worth: int256 = (a - after) * (convert(price, int256) - funding)
    claims._holds((cash - k) * IWAD == worth)
    return True
