#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What a portfolio adds up to
@custom:contract-name portfolio_margin
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The scan over a portfolio's legs (layout: IRiskEngine) that every margin check is made of.
        It runs on the way of every fill, call and bid, so it is written for gas: unchecked maths
        with proven widths, one oracle call an asset.
"""

from . import ledger
from . import risk_table
from . import words
from ..interfaces import IPriceOracle

uses: risk_table

WAD: constant(uint256) = 10**18
IWAD: constant(int256) = 10**18
PPM: constant(uint256) = 1_000_000
PPM_TO_WAD: constant(uint256) = 10**12

MAX_LEGS: constant(uint256) = 72
MAX_KNOWN: constant(uint256) = 40
AMOUNT_MASK: constant(uint256) = 2**128 - 1
PRICE_MASK: constant(uint256) = 2**120 - 1
KNOWN_ASSET_SHIFT: constant(uint256) = 232
ROW_SHIFT: constant(uint256) = 240

# Fields of a row's risk word (layout: risk_table.vy).
RATIO_SHIFT: constant(uint256) = 32
SLOPE_SHIFT: constant(uint256) = 64
LOAD_SHIFT: constant(uint256) = 112
MASK_32: constant(uint256) = 2**32 - 1
MASK_48: constant(uint256) = 2**48 - 1

# A margin rate is cut off here (1000 %), which keeps every product inside 256 bits.
MAX_RATE: constant(uint256) = 10**19


# @notice What a portfolio adds up to.
struct Tally:
    equity: int256
    initial: uint256
    maintenance: uint256
    profit: uint256
    linear: uint256
    quadratic: uint256
    stuck: uint256
    positions: uint256


@internal
@view
def _tally(
    oracle: address,
    cash: int256,
    legs: DynArray[uint256, MAX_LEGS],
    known: DynArray[uint256, MAX_KNOWN],
    favourable: bool,
) -> (Tally, DynArray[uint256, MAX_KNOWN]):
    """
    @dev Adds up a portfolio, reading each asset's price once, and none that is known already.
    @return The sums, and the VALID legs with their prices.
    """
    # Widths that justify the unchecked maths: |size|, open interest and amounts are below
    # 2**128, prices below 2**120, so worth and notional are below 2**189; rates are at most
    # MAX_RATE < 2**64, slope and load below 2**48, ppm below 2**20. Every product is below 2**253,
    # and at most 40 terms of 2**195 are added. WAD and PPM are not 0.
    equity: int256 = cash
    initial: uint256 = 0
    profit: uint256 = 0
    linear: uint256 = 0
    quadratic: uint256 = 0
    stuck_maintenance: uint256 = 0
    stuck: uint256 = 0
    positions: uint256 = 0
    priced: DynArray[uint256, MAX_KNOWN] = []
    # Bit a: the price of asset a is among `known` or `priced`.
    seen: uint256 = 0
    for leg: uint256 in known:
        seen |= 1 << ((leg >> KNOWN_ASSET_SHIFT) & risk_table.ASSET_MASK)
    # Known prices mostly come in the order of the legs: where the next one should be.
    hint: uint256 = 0
    page: address = empty(address)
    page_number: uint256 = max_value(uint256)
    count: uint256 = len(legs)
    i: uint256 = 0
    for _: uint256 in range(MAX_KNOWN):
        if i >= count:
            break
        head: uint256 = legs[i]
        number: uint256 = head >> ROW_SHIFT
        if number // risk_table.ROWS_PER_PAGE != page_number:
            page_number = number // risk_table.ROWS_PER_PAGE
            page = risk_table._page_of(number)
        # As `risk_table._row_at`, in place: 1 + 31 * 128 + 128 is the page's size.
        row: Bytes[risk_table.ROW_SIZE] = slice(
            page.code,
            unsafe_add(unsafe_mul(number % risk_table.ROWS_PER_PAGE, risk_table.ROW_SIZE), 1),
            risk_table.ROW_SIZE,
        )
        w1: uint256 = extract32(row, 32, output_type=uint256)
        risk: uint256 = extract32(row, 96, output_type=uint256)
        asset: uint256 = (w1 >> risk_table.ASSET_SHIFT) & risk_table.ASSET_MASK
        low: uint256 = 0
        high: uint256 = 0
        status: uint256 = 0
        if seen & (1 << asset) != 0:
            if (
                hint < len(known)
                and (known[hint] >> KNOWN_ASSET_SHIFT) & risk_table.ASSET_MASK == asset
            ):
                low = known[hint] & PRICE_MASK
                hint = unsafe_add(hint, 1)
            else:
                low = self._find(asset, priced, known)
            high = low
        else:
            low, high, status = staticcall IPriceOracle(oracle).price(
                extract32(row, 0, output_type=uint256),
                w1,
                extract32(row, 64, output_type=uint256),
                skip_contract_check=True,
            )
        amount: uint256 = head & AMOUNT_MASK
        flat: uint256 = 0
        steep: uint256 = 0
        if number <= ledger.MARKET_ROW:
            worth: uint256 = unsafe_div(unsafe_mul(amount, high if favourable else low), WAD)
            equity = unsafe_add(equity, convert(convert(worth, bytes32), int256))
            initial = unsafe_add(initial, self._ppm_up(worth, risk & MASK_32))
            flat = self._ppm_up(worth, (risk >> RATIO_SHIFT) & MASK_32)
            i = unsafe_add(i, 1)
        else:
            body: uint256 = legs[unsafe_add(i, 1)]
            size: int256 = convert(convert(body, bytes32), int256) >> 128
            price: uint256 = high if (size > 0) == favourable else low
            exposure: int256 = unsafe_mul(size, convert(convert(price, bytes32), int256))
            value: int256 = unsafe_add(
                unsafe_div(exposure, IWAD), convert(convert(body << 128, bytes32), int256) >> 128
            )
            if exposure < 0:
                value = unsafe_sub(value, 1)  # division has rounded towards zero
                exposure = unsafe_sub(0, exposure)
            equity = unsafe_add(equity, value)
            if value > 0:
                profit = unsafe_add(profit, convert(convert(value, bytes32), uint256))
            # The margin rate: base and load in `flat`, slope in `steep`; then both become MM.
            notional: uint256 = unsafe_div(
                unsafe_add(convert(convert(exposure, bytes32), uint256), WAD - 1), WAD
            )
            flat = unsafe_mul(risk & MASK_32, PPM_TO_WAD)
            factor: uint256 = (risk >> LOAD_SHIFT) & MASK_48
            if factor != 0:
                interest: uint256 = unsafe_add(unsafe_div(unsafe_mul(amount, price), WAD), 1)
                flat = min(
                    unsafe_add(flat, unsafe_add(unsafe_div(unsafe_mul(factor, interest), WAD), 1)),
                    MAX_RATE,
                )
            flat = unsafe_div(unsafe_add(unsafe_mul(notional, flat), WAD - 1), WAD)
            factor = (risk >> SLOPE_SHIFT) & MASK_48
            ratio: uint256 = (risk >> RATIO_SHIFT) & MASK_32
            if factor != 0:
                steep = unsafe_add(unsafe_div(unsafe_mul(factor, notional), WAD), 1)
                steep = unsafe_mul(notional, min(steep, MAX_RATE))
                steep = unsafe_div(unsafe_add(steep, WAD - 1), WAD)
                initial = unsafe_add(initial, steep)
                steep = self._ppm_up(steep, ratio)
            initial = unsafe_add(initial, flat)
            flat = self._ppm_up(flat, ratio)
            positions = unsafe_add(positions, 1)
            i = unsafe_add(i, 2)
        if status == 0:
            linear = unsafe_add(linear, flat)
            quadratic = unsafe_add(quadratic, steep)
            seen |= 1 << asset
            priced.append(number << ROW_SHIFT | asset << KNOWN_ASSET_SHIFT | low)
        else:
            stuck_maintenance = unsafe_add(stuck_maintenance, unsafe_add(flat, steep))
            stuck = unsafe_add(stuck, 1)
    return Tally(
        equity=equity,
        initial=initial,
        maintenance=linear + quadratic + stuck_maintenance,
        profit=profit,
        linear=linear,
        quadratic=quadratic,
        stuck=stuck,
        positions=positions,
    ), priced


@internal
@pure
def _find(
    asset: uint256,
    priced: DynArray[uint256, MAX_KNOWN],
    known: DynArray[uint256, MAX_KNOWN],
) -> uint256:
    """
    @dev The price of an asset that was seen, WAD.
    """
    for leg: uint256 in known:
        if (leg >> KNOWN_ASSET_SHIFT) & risk_table.ASSET_MASK == asset:
            return leg & PRICE_MASK
    for leg: uint256 in priced:
        if (leg >> KNOWN_ASSET_SHIFT) & risk_table.ASSET_MASK == asset:
            return leg & PRICE_MASK
    raise "risk engine: price lost"


@internal
@pure
def _ppm_up(amount: uint256, ppm: uint256) -> uint256:
    """
    @dev A part of an amount below 2**195, rounded up; ppm below 2**32.
    """
    # Below 2**228; PPM is not 0.
    return unsafe_div(unsafe_add(unsafe_mul(amount, ppm), PPM - 1), PPM)
