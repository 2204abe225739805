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

from ..interfaces import IPriceOracle
from .layout import leg_layout
from .layout import limits
from .layout import risk_rows
from .layout import units
from . import risk_table

uses: risk_table

PPM_TO_WAD: constant(uint256) = 10**12

HIGH_SHIFT: constant(uint256) = 120


# A margin rate is cut off here (1000 %), which keeps every product inside 256 bits.
MAX_RATE: constant(uint256) = 10**19

# What sums of requirements are divided by at the end, once instead of leg by leg: rate and ratio
# in ppm, rate in WAD and ratio in ppm.
PPM_PPM: constant(uint256) = 10**12
WAD_PPM: constant(uint256) = 10**24
WAD_PPM_UNIT: constant(uint256) = 10**36  # WAD_PPM * CASH_UNIT

# Bit 128 + a of the assets seen: the price of asset a was read and is in doubt.
DOUBTFUL_SHIFT: constant(uint256) = 128
VALID_OR_DOUBTFUL: constant(uint256) = 1 + 2**128
DOUBT_ASSET_SHIFT: constant(uint256) = 240


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
    legs: DynArray[uint256, limits.MAX_LEGS],
    known: DynArray[uint256, limits.MAX_KNOWN],
    favourable: bool,
) -> (Tally, DynArray[uint256, limits.MAX_KNOWN]):
    """
    @dev Adds up a portfolio, reading each asset's price once, and none that is known already.
    @return The sums, and the VALID legs with their prices.
    """
    # Widths that justify the unchecked maths: |size| is below 2**119, amounts and open interest
    # below 2**128, prices below 2**95 (RiskEngine.set_asset), so notional is below 2**155 and worth
    # below 2**164; rates are at most MAX_RATE < 2**64, slope and load below 2**48, ppm at most
    # 10**6 < 2**20. The widest sums are 40 terms of 2**239 at most. WAD and PPM are not 0.
    equity: int256 = cash
    profit: uint256 = 0
    initial: uint256 = 0  # cash * WAD
    linear: uint256 = 0  # cash * PPM_PPM
    quadratic: uint256 = 0  # cash * WAD_PPM
    stuck_linear: uint256 = 0
    stuck_quadratic: uint256 = 0
    stuck: uint256 = 0
    cash_words: uint256 = 0
    priced: DynArray[uint256, limits.MAX_KNOWN] = []
    # Prices in doubt: asset << 240 | high << 120 | low.
    doubtful: DynArray[uint256, limits.MAX_KNOWN] = []
    # Bit a: the price of asset a is among `known` or `priced`; bit 128 + a: among `doubtful`.
    seen: uint256 = 0
    for leg: uint256 in known:
        seen |= 1 << ((leg >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK)
    # Of the leg at hand, set for each: out here they are not cleared in between.
    low: uint256 = 0
    high: uint256 = 0
    flat: uint256 = 0
    value: int256 = 0
    # Known prices mostly come in the order of the legs: where the next one should be.
    hint: uint256 = 0
    page: address = empty(address)
    page_number: uint256 = max_value(uint256)
    count: uint256 = len(legs)
    i: uint256 = 0
    for _: uint256 in range(limits.MAX_KNOWN):
        if i >= count:
            break
        head: uint256 = legs[i]
        number: uint256 = head >> leg_layout.ROW_SHIFT
        if number == leg_layout.CASH_ROW:
            equity += convert(convert(legs[unsafe_add(i, 1)], bytes32), int256)
            cash_words = unsafe_add(cash_words, 2)
            i = unsafe_add(i, 2)
            continue
        if number // risk_rows.ROWS_PER_PAGE != page_number:
            page_number = number // risk_rows.ROWS_PER_PAGE
            page = risk_table._page_of(number)
        # As `risk_table._row_at`, in place: 1 + 31 * 128 + 128 is the page's size.
        row: Bytes[risk_rows.ROW_SIZE] = slice(
            page.code,
            unsafe_add(unsafe_mul(number % risk_rows.ROWS_PER_PAGE, risk_rows.ROW_SIZE), 1),
            risk_rows.ROW_SIZE,
        )
        w1: uint256 = extract32(row, 32, output_type=uint256)
        risk: uint256 = extract32(row, 96, output_type=uint256)
        asset: uint256 = (w1 >> risk_rows.ASSET_SHIFT) & risk_rows.ASSET_MASK
        status: uint256 = 0
        if seen & (VALID_OR_DOUBTFUL << asset) != 0:
            if seen & (1 << asset) == 0:
                for quote: uint256 in doubtful:
                    if quote >> DOUBT_ASSET_SHIFT == asset:
                        low = quote & leg_layout.PRICE_MASK
                        high = (quote >> HIGH_SHIFT) & leg_layout.PRICE_MASK
                        break
                status = 1
            elif (
                hint < len(known)
                and (known[hint] >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK == asset
            ):
                low = known[hint] & leg_layout.PRICE_MASK
                high = low
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
        amount: uint256 = head & leg_layout.AMOUNT_MASK
        steep: uint256 = 0
        if number <= leg_layout.MARKET_ROW:
            worth: uint256 = unsafe_div(unsafe_mul(amount, high if favourable else low), units.WAD)
            value = convert(convert(worth, bytes32), int256)
            initial = unsafe_add(
                initial, unsafe_mul(worth, unsafe_mul(risk & risk_rows.RATE_MASK, PPM_TO_WAD))
            )
            flat = unsafe_mul(
                worth, unsafe_mul((risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK, units.PPM)
            )
            i = unsafe_add(i, 1)
        else:
            body: uint256 = legs[unsafe_add(i, 1)]
            size: int256 = convert(convert(body, bytes32), int256) >> 128
            price: uint256 = high if (size > 0) == favourable else low
            exposure: int256 = unsafe_mul(size, convert(convert(price, bytes32), int256))
            value = unsafe_add(
                unsafe_div(exposure, units.IWAD),
                convert(convert(body << 128, bytes32), int256) >> 128,
            )
            if exposure < 0:
                value = unsafe_sub(value, 1)  # division has rounded towards zero
                exposure = unsafe_sub(0, exposure)
            if value > 0:
                profit = unsafe_add(profit, convert(convert(value, bytes32), uint256))
            # The margin rate: base, then load (IM only), then slope.
            notional: uint256 = unsafe_div(
                unsafe_add(convert(convert(exposure, bytes32), uint256), units.WAD - 1), units.WAD
            )
            base: uint256 = risk & risk_rows.RATE_MASK
            ratio: uint256 = (risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK
            flat = unsafe_mul(notional, unsafe_mul(base, ratio))
            rate: uint256 = unsafe_mul(base, PPM_TO_WAD)
            factor: uint256 = (risk >> risk_rows.LOAD_SHIFT) & risk_rows.FACTOR_MASK
            if factor != 0:
                interest: uint256 = unsafe_add(unsafe_div(unsafe_mul(amount, price), units.WAD), 1)
                rate = min(
                    unsafe_add(
                        rate, unsafe_add(unsafe_div(unsafe_mul(factor, interest), units.WAD), 1)
                    ),
                    MAX_RATE,
                )
            factor = (risk >> risk_rows.SLOPE_SHIFT) & risk_rows.FACTOR_MASK
            if factor != 0:
                steep = unsafe_add(unsafe_div(unsafe_mul(factor, notional), units.WAD), 1)
                steep = min(steep, MAX_RATE)
                rate = unsafe_add(rate, steep)
                steep = unsafe_mul(notional, unsafe_mul(steep, ratio))
            initial = unsafe_add(initial, unsafe_mul(notional, rate))
            i = unsafe_add(i, 2)
        equity = unsafe_add(equity, value)
        if status == 0:
            linear = unsafe_add(linear, flat)
            quadratic = unsafe_add(quadratic, steep)
            seen |= 1 << asset
            if favourable:
                low |= self._leg_details(number, value, flat, steep, legs[unsafe_sub(i, 1)] >> 255)
            priced.append(
                number << leg_layout.ROW_SHIFT | asset << leg_layout.KNOWN_ASSET_SHIFT | low
            )
        else:
            stuck_linear = unsafe_add(stuck_linear, flat)
            stuck_quadratic = unsafe_add(stuck_quadratic, steep)
            stuck = unsafe_add(stuck, 1)
            seen |= 1 << unsafe_add(DOUBTFUL_SHIFT, asset)
            doubtful.append(asset << DOUBT_ASSET_SHIFT | high << HIGH_SHIFT | low)
    linear = self._over_up(linear, PPM_PPM)
    quadratic = self._over_up(quadratic, WAD_PPM)
    maintenance: uint256 = linear + quadratic
    if stuck != 0:
        maintenance += self._over_up(stuck_linear, PPM_PPM) + self._over_up(
            stuck_quadratic, WAD_PPM
        )
    return Tally(
        equity=equity,
        initial=self._over_up(initial, units.WAD),
        maintenance=maintenance,
        profit=profit,
        linear=linear,
        quadratic=quadratic,
        stuck=stuck,
        # A position has a word more than a collateral.
        positions=unsafe_sub(unsafe_sub(i, cash_words), unsafe_add(len(priced), stuck)),
    ), priced


@internal
@pure
def _leg_details(
    number: uint256, net: int256, flat: uint256, steep: uint256, is_short: uint256
) -> uint256:
    """
    @dev What the default procedure needs to say where an account lost (layout: IRiskEngine).
    @param net Value of the leg, WAD cash, far from 2**255.
    @param flat Its MM without concentration, cash * PPM_PPM, below 2**195.
    @param steep Its MM from concentration, cash * WAD_PPM, below 2**239.
    @param is_short 1 for a SHORT position: the sign of the size in its last word.
    """
    if number <= leg_layout.MARKET_ROW:
        # Worth is not negative.
        worth: uint256 = unsafe_div(convert(convert(net, bytes32), uint256), units.CASH_UNIT)
        return min(worth, leg_layout.DETAILS_MASK) << leg_layout.DETAILS_SHIFT
    loss: uint256 = 0
    if net < 0:
        loss = unsafe_div(convert(convert(unsafe_sub(0, net), bytes32), uint256), units.CASH_UNIT)
    # The product is below 2**235, as 10**12 is below 2**40. Constants are not 0.
    maintenance: uint256 = unsafe_div(
        unsafe_add(unsafe_mul(flat, WAD_PPM // PPM_PPM), steep), WAD_PPM_UNIT
    )
    return (
        min(loss, leg_layout.WEIGHT_MASK) << leg_layout.DETAILS_SHIFT
        | min(maintenance, leg_layout.WEIGHT_MASK) << leg_layout.MAINTENANCE_SHIFT
        | is_short << leg_layout.SHORT_SHIFT
    )


@internal
@pure
def _find(
    asset: uint256,
    priced: DynArray[uint256, limits.MAX_KNOWN],
    known: DynArray[uint256, limits.MAX_KNOWN],
) -> uint256:
    """
    @dev The price of an asset that was seen, WAD.
    """
    for leg: uint256 in known:
        if (leg >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK == asset:
            return leg & leg_layout.PRICE_MASK
    for leg: uint256 in priced:
        if (leg >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK == asset:
            return leg & leg_layout.PRICE_MASK
    raise "portfolio margin: price lost"


@internal
@pure
def _over_up(amount: uint256, divisor: uint256) -> uint256:
    """
    @dev A sum below 2**245 over a constant that is not 0, rounded up.
    """
    return unsafe_div(unsafe_add(amount, unsafe_sub(divisor, 1)), divisor)


@internal
@pure
def _ppm_up(amount: uint256, ppm: uint256) -> uint256:
    """
    @dev A part of an amount below 2**195, rounded up; ppm below 2**32.
    """
    # Below 2**228; PPM is not 0.
    return unsafe_div(unsafe_add(unsafe_mul(amount, ppm), units.PPM - 1), units.PPM)
