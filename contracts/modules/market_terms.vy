#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Market terms: what a fill costs and how far from mark it may happen
@custom:contract-name market_terms
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice One word per market of the Exchange: both fees and the price band, inside bounds that no
        governance can leave, and beside them when a checkpoint of its price was taken. A market
        without terms cannot be traded. This module does not know who may set them; the contract
        above it asks.
"""

from ..interfaces import IExchange
from ..interfaces import IExchangeEvents
from .layout import leg_layout
from .layout import order_words
from .layout import units

# size * price / WAD * ppm / PPM, in one division and so with one rounding.
FEE_DENOMINATOR: constant(uint256) = units.WAD * units.PPM

# ppm of notional, 1 %.
MAX_FEE_PPM: constant(uint256) = 10_000

# bps of mark, 0.1 % and 20 %. Never zero: a zero word means that the market is unknown.
MIN_BAND_BPS: constant(uint256) = 10
MAX_BAND_BPS: constant(uint256) = 2_000

# WAD cash per base: 10**18 units of cash. The width of a price in the oracle.
MAX_PRICE: constant(uint256) = leg_layout.PRICE_MASK


# A fill takes a checkpoint when none has taken one in the running quarter of an hour, seconds.
QUARTER: constant(uint256) = units.HOUR // 4


# market -> terms word (fees in ppm of notional, band in bps of mark, number of the last quarter
# hour with a checkpoint). 0: not traded here.
term_words: HashMap[uint256, uint256]


@deploy
def __init__():
    """
    @notice No market can be traded until its terms are set.
    """
    pass


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def terms(market: uint256) -> IExchange.Terms:
    """
    @notice Fees and band of a market. Anyone may call it.
    @param market Id of the market.
    @return Fees, ppm of notional, and band, bps of mark; all zero for a market that cannot be
            traded here.
    """
    word: uint256 = self.term_words[market]
    return IExchange.Terms(
        maker_fee_ppm=word & order_words.FEE_MASK,
        taker_fee_ppm=(word >> order_words.TAKER_FEE_SHIFT) & order_words.FEE_MASK,
        band_bps=(word >> order_words.BAND_SHIFT) & order_words.BAND_MASK,
    )


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_terms(market: uint256, maker_fee_ppm: uint256, taker_fee_ppm: uint256, band_bps: uint256):
    """
    @dev Checks the bounds, writes the word, logs `TermsSet`. The checkpoint is left as it is.
    @param market Id of the market.
    @param maker_fee_ppm Paid by makers, ppm of notional.
    @param taker_fee_ppm Paid by takers, ppm of notional.
    @param band_bps Greatest distance of a fill price from mark, bps of mark.
    """
    self._require_fee_bounds(maker_fee_ppm)
    self._require_fee_bounds(taker_fee_ppm)
    self._require_band_bounds(band_bps)

    quarter: uint256 = self.term_words[market] >> order_words.QUARTER_SHIFT
    self.term_words[market] = (
        maker_fee_ppm
        | (taker_fee_ppm << order_words.TAKER_FEE_SHIFT)
        | (band_bps << order_words.BAND_SHIFT)
        | (quarter << order_words.QUARTER_SHIFT)
    )

    log IExchangeEvents.TermsSet(
        market=market,
        maker_fee_ppm=maker_fee_ppm,
        taker_fee_ppm=taker_fee_ppm,
        band_bps=band_bps,
    )


@internal
@view
def _word(market: uint256) -> uint256:
    """
    @dev The terms of a market that must be known.
    @param market Id of the market.
    @return Its terms word.
    """
    word: uint256 = self.term_words[market]
    self._require_known_market(word)
    return word


@internal
@view
def _is_known(market: uint256) -> bool:
    """
    @dev Whether a market is traded here.
    @param market Id of the market.
    @return Whether it has terms.
    """
    return self.term_words[market] != 0


@internal
@view
def _is_due(word: uint256) -> bool:
    """
    @dev Whether no fill has taken a checkpoint in the running quarter of an hour.
    @param word Terms word of the market.
    @return Whether it is time for one.
    """
    # A constant that is not 0.
    return word >> order_words.QUARTER_SHIFT != unsafe_div(block.timestamp, QUARTER)


@internal
def _note_checkpoint(market: uint256, word: uint256):
    """
    @dev Remembers that the running quarter of an hour has its checkpoint.
    @param market Id of the market.
    @param word Its terms word.
    """
    self.term_words[market] = (word & order_words.TERMS_MASK) | (
        block.timestamp // QUARTER << order_words.QUARTER_SHIFT
    )


@internal
@pure
def _fees_up(word: uint256, size: uint256, price: uint256) -> (uint256, uint256):
    """
    @dev Fees on a fill, each rounded up, against the account.
    @param word Terms word of the market.
    @param size What is filled, WAD base, below 2**120.
    @param price WAD cash per base, below 2**120.
    @return maker_fee WAD cash.
    @return taker_fee WAD cash.
    """
    notional: uint256 = unsafe_mul(size, price)  # < 2**240
    return (
        self._fee_up(notional, word & order_words.FEE_MASK),
        self._fee_up(notional, (word >> order_words.TAKER_FEE_SHIFT) & order_words.FEE_MASK),
    )


@internal
@pure
def _fee_up(notional: uint256, fee_ppm: uint256) -> uint256:
    """
    @dev One fee, rounded up.
    @param notional size * price, not yet divided by WAD.
    @param fee_ppm ppm of notional.
    @return WAD cash.
    """
    product: uint256 = unsafe_mul(notional, fee_ppm)  # < 2**240 * 2**14, by MAX_FEE_PPM
    return unsafe_div(unsafe_add(product, FEE_DENOMINATOR - 1), FEE_DENOMINATOR)  # < 2**255


@internal
@pure
def _is_price_in_bounds(price: uint256) -> bool:
    """
    @dev Whether a price is one the arithmetic is made for.
    @param price WAD cash per base.
    @return Whether it is.
    """
    return price != 0 and price <= MAX_PRICE


@internal
@pure
def _require_price_bounds(price: uint256):
    """
    @dev A price is one the arithmetic is made for.
    @param price WAD cash per base.
    """
    assert self._is_price_in_bounds(price), "market terms: price out of bounds"


@internal
@pure
def _require_in_band(word: uint256, price: uint256, mark_low: uint256, mark_high: uint256):
    """
    @dev A price is near mark: within the band below its lower end and above its upper end.
    @param word Terms word of the market.
    @param price WAD cash per base.
    @param mark_low WAD cash per base.
    @param mark_high WAD cash per base.
    """
    band_bps: uint256 = (word >> order_words.BAND_SHIFT) & order_words.BAND_MASK
    scaled: uint256 = price * units.BPS
    assert (
        scaled >= mark_low * (units.BPS - band_bps) and scaled <= mark_high * (units.BPS + band_bps)
    ), "market terms: price off band"


@internal
@pure
def _require_known_market(word: uint256):
    """
    @dev A market has terms.
    @param word Its terms word.
    """
    assert word != 0, "market terms: unknown market"


@internal
@pure
def _require_fee_bounds(fee_ppm: uint256):
    """
    @dev A fee is at most 1 %.
    @param fee_ppm ppm of notional.
    """
    assert fee_ppm <= MAX_FEE_PPM, "market terms: fee out of bounds"


@internal
@pure
def _require_band_bounds(band_bps: uint256):
    """
    @dev A band is between 0.1 % and 20 %.
    @param band_bps bps of mark.
    """
    assert (
        band_bps >= MIN_BAND_BPS and band_bps <= MAX_BAND_BPS
    ), "market terms: band out of bounds"
