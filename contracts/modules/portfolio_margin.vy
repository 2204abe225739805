#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What a portfolio adds up to
@custom:contract-name portfolio_margin
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The scan over a portfolio's legs (layout: leg_layout) that every margin check is made of.
@dev    It runs on the way of every fill, call and bid, so it is written for gas. `_tally` goes from
        leg to leg: its row, its price, what it adds (`_position`, `_collateral`), and what the
        default procedure is shown of it (`_shown`, and the doubt of a VALID price: what its other
        answer would add). Sums of requirements are products of more than
        two factors, which `_total` divides once instead of leg by leg.

        Widths that justify the unchecked maths: |size| is below 2**119, amounts and open interest
        below 2**128, prices below 2**95 (`risk_parameters.set_asset`), so notional is below 2**155
        and worth below 2**164; rates are at most MAX_RATE < 2**64, slope and load below 2**48, ppm
        at most 10**6 < 2**20. The widest sums are 40 terms of 2**239 at most, in a part of a price
        in doubt as in all of them. Products of the doubt are below 2**223. WAD and PPM are not 0.

        Every caller pays for the memory that functions below it may need, used or not. So prices in
        doubt stand among the known ones, and no list is handed on.

        While an account is insolvent at the better end of all its prices, doubt included, legs on
        whose price two fresh feeds disagree stop nothing: they are shown like VALID ones, at the
        end that is better for the account (`_total`, `_shown_of`).
"""

from ..interfaces import IPriceOracle
from .layout import feed_words
from .layout import leg_layout
from .layout import limits
from .layout import risk_rows
from .layout import units
from . import risk_table
from . import witnesses

uses: risk_table
uses: witnesses

PPM_TO_WAD: constant(uint256) = 10**12

# A margin rate is cut off here (1000 %), which keeps every product inside 256 bits.
MAX_RATE: constant(uint256) = 10**19

# What sums of requirements are divided by: rate and ratio in ppm, rate in WAD and ratio in ppm.
PPM_PPM: constant(uint256) = 10**12
WAD_PPM: constant(uint256) = 10**24
WAD_PPM_UNIT: constant(uint256) = 10**36  # WAD_PPM * CASH_UNIT


# @notice What a portfolio adds up to.
# @custom:member equity Net liquidation value, WAD cash.
# @custom:member initial IM without what holds for the whole account (`RiskEngine._initial`), WAD
#         cash.
# @custom:member maintenance MM of all legs, WAD cash.
# @custom:member profit Profit of the positions that have one, unrealised or settled and not yet
#         converted, WAD cash.
# @custom:member linear MM of the VALID legs without concentration, WAD cash.
# @custom:member quadratic Their MM from concentration, WAD cash.
# @custom:member stuck Number of legs without a VALID price, `apart` ones left out.
# @custom:member apart Number of legs that are shown although two fresh feeds disagree on them.
# @custom:member doubt What the VALID legs would be worth more, each at the better of its two
#         answers, WAD cash. Only if favourable, else 0.
# @custom:member has_position Whether there is a position.
struct Tally:
    equity: int256
    initial: uint256
    maintenance: uint256
    profit: uint256
    linear: uint256
    quadratic: uint256
    stuck: uint256
    apart: uint256
    doubt: uint256
    has_position: bool


# @notice A tally in the making.
# @custom:member value Of all legs, and of the cash among them, WAD cash.
# @custom:member profit As in a tally, WAD cash.
# @custom:member initial IM of all legs, WAD cash * WAD.
# @custom:member linear MM of all legs without concentration, WAD cash * PPM_PPM.
# @custom:member quadratic MM of all legs from concentration, WAD cash * WAD_PPM.
# @custom:member stuck_linear The part of `linear` whose legs have no VALID price.
# @custom:member stuck_quadratic The part of `quadratic` whose legs have no VALID price.
# @custom:member stuck Number of legs without a VALID price.
# @custom:member apart_linear The part of `stuck_linear` on whose price two fresh feeds disagree.
# @custom:member apart_quadratic The part of `stuck_quadratic` likewise.
# @custom:member apart Number of such legs. All three only if favourable, else 0.
# @custom:member doubt As in a tally, WAD cash * WAD.
# @custom:member has_position Whether there is a position.
struct Sums:
    value: int256
    profit: uint256
    initial: uint256
    linear: uint256
    quadratic: uint256
    stuck_linear: uint256
    stuck_quadratic: uint256
    stuck: uint256
    apart_linear: uint256
    apart_quadratic: uint256
    apart: uint256
    doubt: uint256
    has_position: bool


# @notice What one leg adds.
# @custom:member value Worth of the collateral or value of the position, WAD cash: far from 2**255.
# @custom:member initial Its IM, WAD cash * WAD.
# @custom:member flat Its MM without concentration, WAD cash * PPM_PPM: below 2**195.
# @custom:member steep Its MM from concentration, WAD cash * WAD_PPM: below 2**239.
struct Part:
    value: int256
    initial: uint256
    flat: uint256
    steep: uint256


# @notice A price as the oracle judges it.
# @custom:member price WAD; of a price in doubt its lower end.
# @custom:member high Upper end, WAD. Of no meaning while the price is VALID.
# @custom:member status Status of the oracle, 0 VALID.
# @custom:member second While VALID the answer that agrees, WAD. Of no meaning otherwise, nor in a
#         price that the caller knew.
struct Quote:
    price: uint256
    high: uint256
    status: uint256
    second: uint256


# @notice Where the scan stands.
# @custom:member hint Where the next known price should be: they mostly come in the order of legs.
# @custom:member page Address of the page of the risk table at hand.
# @custom:member number Its number.
struct Cursor:
    hint: uint256
    page: address
    number: uint256


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
    @param favourable Whether a price in doubt counts at its better end, and all legs are returned.
    @return The sums, and if `favourable` every leg (`_shown`), else `known` with what was read.
    """
    sums: Sums = empty(Sums)
    at: Cursor = Cursor(hint=0, page=empty(address), number=max_value(uint256))
    leg: Part = empty(Part)
    quote: Quote = empty(Quote)
    shown: DynArray[uint256, limits.MAX_KNOWN] = []
    seen: uint256 = 0  # bit a: the price of asset a is in `known`
    for word: uint256 in known:
        seen |= 1 << ((word >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK)
    i: uint256 = 0
    for _: uint256 in range(limits.MAX_KNOWN):
        if i >= len(legs):
            break
        head: uint256 = legs[i]
        number: uint256 = head >> leg_layout.ROW_SHIFT
        if number == leg_layout.CASH_ROW:
            leg.value = convert(convert(legs[unsafe_add(i, 1)], bytes32), int256)
            sums.value += leg.value
            # What is not cash yet counts as profit is counted: it may have been won just now.
            sums.profit += convert(max(leg.value, 0), uint256)
            i = unsafe_add(i, 2)
            continue
        if number // risk_rows.ROWS_PER_PAGE != at.number:
            at.number = number // risk_rows.ROWS_PER_PAGE
            at.page = risk_table._page_of(number)
        row: risk_table.Row = abi_decode(
            slice(at.page.code, risk_table._offset(number), risk_rows.ROW_SIZE), risk_table.Row
        )
        asset: uint256 = row.w1 >> risk_rows.ASSET_SHIFT
        if seen & (1 << asset) == 0:
            quote.price, quote.high, quote.status, quote.second = staticcall IPriceOracle(
                oracle
            ).price(row.w0, row.w1, row.w2, skip_contract_check=True)
            if quote.status != feed_words.STATUS_VALID:
                quote = self._ask_witness(oracle, row, quote)
            if len(known) < limits.MAX_KNOWN:
                seen |= 1 << asset
                known.append(self._known(asset, quote))
        else:
            for _again: uint256 in range(limits.MAX_KNOWN):
                word: uint256 = known[at.hint % len(known)]
                at.hint = unsafe_add(at.hint, 1)
                if (word >> leg_layout.KNOWN_ASSET_SHIFT) & risk_rows.ASSET_MASK == asset:
                    quote = self._quoted(word)
                    break
        if number > leg_layout.MARKET_ROW:
            leg = self._position(row.risk, head, legs[unsafe_add(i, 1)], quote, favourable)
            i = unsafe_add(i, 2)
            sums.has_position = True
            sums.profit = unsafe_add(sums.profit, convert(max(leg.value, 0), uint256))
        else:
            leg = self._collateral(row.risk, head, quote, favourable)
            i = unsafe_add(i, 1)
        sums.value = unsafe_add(sums.value, leg.value)
        sums.initial = unsafe_add(sums.initial, leg.initial)
        sums.linear = unsafe_add(sums.linear, leg.flat)
        sums.quadratic = unsafe_add(sums.quadratic, leg.steep)
        if quote.status != feed_words.STATUS_VALID:
            sums.stuck_linear = unsafe_add(sums.stuck_linear, leg.flat)
            sums.stuck_quadratic = unsafe_add(sums.stuck_quadratic, leg.steep)
            sums.stuck = unsafe_add(sums.stuck, 1)
            if favourable and quote.status == feed_words.STATUS_DIVERGENT:
                sums.apart_linear = unsafe_add(sums.apart_linear, leg.flat)
                sums.apart_quadratic = unsafe_add(sums.apart_quadratic, leg.steep)
                sums.apart = unsafe_add(sums.apart, 1)
        if favourable:
            sums.doubt = unsafe_add(sums.doubt, self._gain(number, legs[unsafe_sub(i, 1)], quote))
            shown.append(self._shown(number, asset, quote, leg, legs[unsafe_sub(i, 1)]))
    return self._total(cash, sums), (shown if favourable else known)


@internal
@view
def _read(oracle: address, row: risk_table.Row) -> Quote:
    """
    @dev The price of a row.
    """
    quote: Quote = empty(Quote)
    quote.price, quote.high, quote.status, quote.second = staticcall IPriceOracle(oracle).price(
        row.w0, row.w1, row.w2, skip_contract_check=True
    )
    if quote.status != feed_words.STATUS_VALID:
        return self._ask_witness(oracle, row, quote)
    return quote


@internal
@view
def _ask_witness(oracle: address, row: risk_table.Row, quote: Quote) -> Quote:
    """
    @dev The price of a row that is not VALID: judged once more with the witness of its asset, where
         one of two feeds is silent.
    """
    if quote.status == feed_words.STATUS_STALE or quote.status == feed_words.STATUS_HALTED:
        judged: Quote = empty(Quote)
        judged.price, judged.high, judged.status, judged.second = witnesses._judge_again(
            oracle, row
        )
        return judged
    return quote


@internal
@pure
def _known(asset: uint256, quote: Quote) -> uint256:
    """
    @dev A quote as a known price inside the engine (layout: leg_layout).
    @param asset Asset id.
    """
    upper: uint256 = quote.high
    if quote.status == feed_words.STATUS_VALID:
        upper = quote.second
    return (
        quote.price
        | upper << leg_layout.KNOWN_HIGH_SHIFT
        | asset << leg_layout.KNOWN_ASSET_SHIFT
        | quote.status << leg_layout.KNOWN_STATUS_SHIFT
    )


@internal
@pure
def _quoted(known: uint256) -> Quote:
    """
    @dev A known price inside the engine as a quote. One place serves for two: see `_known`.
    """
    upper: uint256 = (known >> leg_layout.KNOWN_HIGH_SHIFT) & leg_layout.KNOWN_HIGH_MASK
    return Quote(
        price=known & leg_layout.PRICE_MASK,
        high=upper,
        status=known >> leg_layout.KNOWN_STATUS_SHIFT,
        second=upper,
    )


@internal
@pure
def _position(risk: uint256, head: uint256, body: uint256, quote: Quote, favourable: bool) -> Part:
    """
    @dev What a position adds.
    @param risk Parameters of its market, bits (layout: risk_rows).
    @param head First word of the leg: open interest, WAD base.
    @param body Second word of the leg: size, WAD base, and carry, WAD cash.
    """
    if quote.status != 0:
        # Without a size the end makes no difference, so the sign of the word will do.
        if (convert(convert(body, bytes32), int256) > 0) == favourable:
            quote.price = quote.high
    exposure: int256 = unsafe_mul(
        convert(convert(body, bytes32), int256) >> leg_layout.SIZE_SHIFT,
        convert(convert(quote.price, bytes32), int256),
    )
    value: int256 = unsafe_add(
        unsafe_div(exposure, units.IWAD),
        convert(convert(body << leg_layout.CARRY_LEFT, bytes32), int256) >> leg_layout.CARRY_LEFT,
    )
    if exposure < 0:
        value = unsafe_sub(value, 1)  # division has rounded towards zero
        exposure = unsafe_sub(0, exposure)
    notional: uint256 = unsafe_div(
        unsafe_add(convert(convert(exposure, bytes32), uint256), units.WAD - 1), units.WAD
    )
    # The margin rate: base, then load (IM only), then slope.
    base: uint256 = risk & risk_rows.RATE_MASK
    ratio: uint256 = (risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK
    rate: uint256 = unsafe_mul(base, PPM_TO_WAD)
    factor: uint256 = (risk >> risk_rows.LOAD_SHIFT) & risk_rows.FACTOR_MASK
    if factor != 0:
        # Times open interest, in cash.
        factor = unsafe_mul(
            factor,
            unsafe_add(
                unsafe_div(unsafe_mul(head & leg_layout.AMOUNT_MASK, quote.price), units.WAD), 1
            ),
        )
        rate = min(unsafe_add(rate, unsafe_add(unsafe_div(factor, units.WAD), 1)), MAX_RATE)
    steep: uint256 = 0
    factor = (risk >> risk_rows.SLOPE_SHIFT) & risk_rows.FACTOR_MASK
    if factor != 0:
        steep = min(unsafe_add(unsafe_div(unsafe_mul(factor, notional), units.WAD), 1), MAX_RATE)
        rate = unsafe_add(rate, steep)
        steep = unsafe_mul(notional, unsafe_mul(steep, ratio))
    return Part(
        value=value,
        initial=unsafe_mul(notional, rate),
        flat=unsafe_mul(notional, unsafe_mul(base, ratio)),
        steep=steep,
    )


@internal
@pure
def _collateral(risk: uint256, head: uint256, quote: Quote, favourable: bool) -> Part:
    """
    @dev What a collateral adds.
    @param risk Its haircuts, bits (layout: risk_rows).
    @param head The leg: amount, WAD.
    """
    if quote.status != 0:
        if favourable:
            quote.price = quote.high
    worth: uint256 = unsafe_div(unsafe_mul(head & leg_layout.AMOUNT_MASK, quote.price), units.WAD)
    return Part(
        value=convert(convert(worth, bytes32), int256),
        initial=unsafe_mul(worth, unsafe_mul(risk & risk_rows.RATE_MASK, PPM_TO_WAD)),
        flat=unsafe_mul(
            worth, unsafe_mul((risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK, units.PPM)
        ),
        steep=0,
    )


@internal
@pure
def _total(cash: int256, sums: Sums) -> Tally:
    """
    @dev What sums come to, together with cash. Legs apart are stuck, unless the account is
         insolvent at the better end of everything: whichever of the answers is right, nothing is
         left of it.
    @param cash WAD cash.
    """
    equity: int256 = cash + sums.value
    doubt: uint256 = unsafe_div(sums.doubt, units.WAD)
    if sums.apart != 0:
        if equity + convert(doubt, int256) <= 0:
            sums.stuck_linear = unsafe_sub(sums.stuck_linear, sums.apart_linear)
            sums.stuck_quadratic = unsafe_sub(sums.stuck_quadratic, sums.apart_quadratic)
            sums.stuck = unsafe_sub(sums.stuck, sums.apart)
        else:
            sums.apart = 0
    linear: uint256 = self._over_up(unsafe_sub(sums.linear, sums.stuck_linear), PPM_PPM)
    quadratic: uint256 = self._over_up(unsafe_sub(sums.quadratic, sums.stuck_quadratic), WAD_PPM)
    maintenance: uint256 = linear + quadratic
    if sums.stuck != 0:
        maintenance += self._over_up(sums.stuck_linear, PPM_PPM) + self._over_up(
            sums.stuck_quadratic, WAD_PPM
        )
    return Tally(
        equity=equity,
        initial=self._over_up(sums.initial, units.WAD),
        maintenance=maintenance,
        profit=sums.profit,
        linear=linear,
        quadratic=quadratic,
        stuck=sums.stuck,
        apart=sums.apart,
        doubt=doubt,
        has_position=sums.has_position,
    )


@internal
@pure
def _gain(number: uint256, last: uint256, quote: Quote) -> uint256:
    """
    @dev What a leg would be worth more at the better of the two answers of a VALID price, WAD cash
         * WAD.
    @param number Row.
    @param last Last word of the leg.
    """
    if quote.status != feed_words.STATUS_VALID:
        return 0
    size: int256 = convert(convert(last & leg_layout.AMOUNT_MASK, bytes32), int256)
    if number > leg_layout.MARKET_ROW:
        size = convert(convert(last, bytes32), int256) >> leg_layout.SIZE_SHIFT
    # Long gains by a second answer above, short by one below: both factors are signed.
    gain: int256 = unsafe_mul(
        size, convert(convert(unsafe_sub(quote.second, quote.price), bytes32), int256)
    )
    return convert(max(gain, 0), uint256)


@internal
@pure
def _shown(number: uint256, asset: uint256, quote: Quote, leg: Part, last: uint256) -> uint256:
    """
    @dev A leg as the default procedure sees it (layout: leg_layout): a known price with details; of
         a price in doubt the end better for the account, and above the row its status, for
         `_shown_of`.
    @param number Row.
    @param asset Asset id.
    @param last Last word of the leg.
    """
    if quote.status != feed_words.STATUS_VALID:
        if number <= leg_layout.MARKET_ROW or last >> leg_layout.SIGN_SHIFT == 0:
            quote.price = quote.high
    shown: uint256 = (
        number << leg_layout.ROW_SHIFT
        | quote.status << leg_layout.KNOWN_STATUS_SHIFT
        | asset << leg_layout.KNOWN_ASSET_SHIFT
        | quote.price
    )
    if number <= leg_layout.MARKET_ROW:
        # Worth is not negative.
        worth: uint256 = unsafe_div(convert(convert(leg.value, bytes32), uint256), units.CASH_UNIT)
        return shown | min(worth, leg_layout.DETAILS_MASK) << leg_layout.DETAILS_SHIFT
    loss: uint256 = 0
    if leg.value < 0:
        loss = unsafe_div(
            convert(convert(unsafe_sub(0, leg.value), bytes32), uint256), units.CASH_UNIT
        )
    # The product is below 2**235, as 10**12 is below 2**40. Constants are not 0.
    maintenance: uint256 = unsafe_div(
        unsafe_add(unsafe_mul(leg.flat, WAD_PPM // PPM_PPM), leg.steep), WAD_PPM_UNIT
    )
    return (
        shown
        | min(loss, leg_layout.WEIGHT_MASK) << leg_layout.DETAILS_SHIFT
        | min(maintenance, leg_layout.WEIGHT_MASK) << leg_layout.MAINTENANCE_SHIFT
        | last >> leg_layout.SIGN_SHIFT << leg_layout.SHORT_SHIFT
    )


@internal
@pure
def _shown_of(
    legs: DynArray[uint256, limits.MAX_KNOWN], apart: uint256
) -> DynArray[uint256, limits.MAX_KNOWN]:
    """
    @dev The legs whose price is VALID, and if `apart` is not 0 those on which two fresh feeds
         disagree, which from here on look like them.
    """
    shown: DynArray[uint256, limits.MAX_KNOWN] = []
    for leg: uint256 in legs:
        status: uint256 = leg >> leg_layout.KNOWN_STATUS_SHIFT
        if status == feed_words.STATUS_VALID:
            shown.append(leg)
        elif status == feed_words.STATUS_DIVERGENT and apart != 0:
            shown.append(leg ^ (status << leg_layout.KNOWN_STATUS_SHIFT))
    return shown


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
