#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title MathHarness
@custom:contract-name MathHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. The internal maths of the modules, one external function each.
"""

from ..modules.layout import fresh_wins
from ..modules.layout import words
from ..modules import auction_math
from ..modules import loss_tranches
from ..modules import wad_math


# WAD MATHS ----------------------------------------------------------------------------------------

@external
@pure
def mul_down(a: uint256, b: uint256) -> uint256:
    """
    @notice `wad_math._mul_down`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_down(a, b)


@external
@pure
def mul_up(a: uint256, b: uint256) -> uint256:
    """
    @notice `wad_math._mul_up`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_up(a, b)


@external
@pure
def mul_floor(a: int256, b: int256) -> int256:
    """
    @notice `wad_math._mul_floor`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_floor(a, b)


@external
@pure
def mul_ceil(a: int256, b: int256) -> int256:
    """
    @notice `wad_math._mul_ceil`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_ceil(a, b)


@external
@pure
def mul_floor_unchecked(a: int256, b: int256) -> int256:
    """
    @notice `wad_math._mul_floor_unchecked`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_floor_unchecked(a, b)


@external
@pure
def mul_ceil_unchecked(a: int256, b: int256) -> int256:
    """
    @notice `wad_math._mul_ceil_unchecked`.
    @param a An amount, WAD.
    @param b A factor, WAD.
    @return WAD.
    """
    return wad_math._mul_ceil_unchecked(a, b)


@external
@pure
def magnitude(a: int256) -> uint256:
    """
    @notice `wad_math._magnitude`.
    @param a Any number.
    @return Its distance from 0.
    """
    return wad_math._magnitude(a)


# WORDS --------------------------------------------------------------------------------------------

@external
@pure
def header(word: uint256) -> (int256, uint256, uint256, uint256, bool):
    """
    @notice Fields of a header.
    @param word A header word.
    @return cash WAD cash.
    @return stage See stages.
    @return clock Unix seconds.
    @return collateral_bitmap Bits.
    @return has_positions Whether it has any.
    """
    return (
        words._cash(word),
        words._stage(word),
        words._since(word),
        words._collateral_bitmap(word),
        words._has_positions(word),
    )


@external
@view
def locked(word: uint256) -> int256:
    """
    @notice `fresh_wins._locked`.
    @param word A header word.
    @return WAD cash.
    """
    return fresh_wins._locked(word)


@external
@view
def after_result(word: uint256, change: int256) -> uint256:
    """
    @notice `fresh_wins._after`.
    @param word A header word.
    @param change WAD cash.
    @return The header.
    """
    return fresh_wins._after(word, change)


@external
@view
def carried(giver: uint256, getter: uint256, excess: uint256) -> (uint256, uint256):
    """
    @notice `fresh_wins._carried`.
    @param giver A header word.
    @param getter A header word.
    @param excess WAD cash.
    @return Both headers.
    """
    return fresh_wins._carried(giver, getter, excess)


@external
@view
def without_stage(word: uint256) -> uint256:
    """
    @notice `fresh_wins._without_stage`.
    @param word A header word.
    @return The header.
    """
    return fresh_wins._without_stage(word)


@external
@pure
def with_cash(word: uint256, cash: int256) -> uint256:
    """
    @notice `words._with_cash`.
    @param word A header word.
    @param cash WAD cash, signed.
    @return The header word.
    """
    return words._with_cash(word, cash)


@external
@pure
def with_stage(word: uint256, stage: uint256, since: uint256) -> uint256:
    """
    @notice `words._with_stage`.
    @param word A header word.
    @param stage See stages.
    @param since Unix seconds.
    @return The header word.
    """
    return words._with_stage(word, stage, since)


@external
@pure
def position(word: uint256) -> (int256, int256):
    """
    @notice Fields of a position.
    @param word A position word.
    @return shares WAD base, signed.
    @return cost WAD cash, signed.
    """
    return words._shares(word), words._cost(word)


@external
@pure
def pack_position(shares: int256, cost: int256) -> uint256:
    """
    @notice `words._pack_position`.
    @param shares WAD base, signed.
    @param cost WAD cash, signed.
    @return A position word.
    """
    return words._pack_position(shares, cost)


@external
@pure
def state(word: uint256) -> (uint256, int256, uint256):
    """
    @notice Fields of a state.
    @param word A state word.
    @return time Unix seconds.
    @return rate Wei of cash per base unit and second, signed.
    @return interest Open interest, WAD base.
    """
    return words._time(word), words._rate(word), words._interest(word)


@external
@view
def pack_state(old: uint256, funding: int256, rate: int256) -> uint256:
    """
    @notice `words._pack_state`.
    @param old A state word.
    @param funding WAD cash per base unit, signed.
    @param rate Wei of cash per base unit and second, signed.
    @return The state word.
    """
    return words._pack_state(old, funding, rate)


@external
@pure
def with_interest(word: uint256, interest: uint256) -> uint256:
    """
    @notice `words._with_interest`.
    @param word A state word.
    @param interest WAD base.
    @return The state word.
    """
    return words._with_interest(word, interest)


@external
@pure
def fees(word: uint256) -> uint256:
    """
    @notice `words._fees`.
    @param word A totals word.
    @return WAD cash.
    """
    return words._fees(word)


@external
@pure
def pack_totals(longs: int256, shorts: int256, fees: uint256) -> uint256:
    """
    @notice `words._pack_totals`.
    @param longs WAD base.
    @param shorts WAD base.
    @param fees WAD cash.
    @return A totals word.
    """
    return words._pack_totals(longs, shorts, fees)


@external
@pure
def account(id: uint256) -> (address, bool, uint256):
    """
    @notice Fields of an account id.
    @param id An account id.
    @return owner Address of the owner.
    @return is_isolated Whether it is ISOLATED.
    @return market Its only market, an id.
    """
    return words._owner_of(id), words._is_isolated(id), words._isolated_market(id)


# AUCTION MATHS ------------------------------------------------------------------------------------

@external
@pure
def discount_rate(elapsed: uint256, duration: uint256, start: uint256, end: uint256) -> uint256:
    """
    @notice `auction_math._discount_rate`.
    @param elapsed Seconds.
    @param duration Seconds.
    @param start ppm of MM.
    @param end ppm of MM.
    @return ppm of MM.
    """
    return auction_math._discount_rate(elapsed, duration, start, end)


@external
@pure
def max_fraction(
    equity: int256,
    stuck: uint256,
    linear: uint256,
    quadratic: uint256,
    take: uint256,
    target: uint256,
    dust: uint256,
) -> uint256:
    """
    @notice `auction_math._max_fraction`.
    @param equity WAD cash, signed.
    @param stuck WAD cash.
    @param linear WAD cash.
    @param quadratic WAD cash.
    @param take ppm of MM.
    @param target ppm of MM.
    @param dust WAD cash.
    @return Fraction, WAD.
    """
    return auction_math._max_fraction(equity, stuck, linear, quadratic, take, target, dust)


@external
@pure
def maintenance_after(
    stuck: uint256, linear: uint256, quadratic: uint256, kept: uint256
) -> uint256:
    """
    @notice `auction_math._maintenance_after`.
    @param stuck WAD cash.
    @param linear WAD cash.
    @param quadratic WAD cash.
    @param kept Fraction, WAD.
    @return WAD cash.
    """
    return auction_math._maintenance_after(stuck, linear, quadratic, kept)


@external
@pure
def charges(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> (uint256, uint256):
    """
    @notice `auction_math._charges`.
    @param spendable WAD cash.
    @param priced WAD cash.
    @param fraction WAD.
    @param discount ppm of MM.
    @param fee ppm of MM.
    @return discount WAD cash.
    @return fee WAD cash.
    """
    return auction_math._charges(spendable, priced, fraction, discount, fee)


@external
@pure
def spendable(equity: int256, priced: uint256, maintenance: uint256) -> uint256:
    """
    @notice `auction_math._spendable`.
    @param equity WAD cash, signed.
    @param priced WAD cash.
    @param maintenance WAD cash.
    @return WAD cash.
    """
    return auction_math._spendable(equity, priced, maintenance)


# TRANCHES -----------------------------------------------------------------------------------------

@external
@pure
def units_down(assets: uint256, total: uint256, shares: uint256) -> uint256:
    """
    @notice `loss_tranches._units_down`.
    @param assets Token units.
    @param total Shares.
    @param shares Shares.
    @return Token units.
    """
    return loss_tranches._units_down(self._pool(assets, total), shares)


@external
@pure
def shares_down(assets: uint256, total: uint256, tokens: uint256) -> uint256:
    """
    @notice `loss_tranches._shares_down`.
    @param assets Token units.
    @param total Shares.
    @param tokens Token units.
    @return Shares.
    """
    return loss_tranches._shares_down(self._pool(assets, total), tokens)


@external
@pure
def shares_up(assets: uint256, total: uint256, tokens: uint256) -> uint256:
    """
    @notice `loss_tranches._shares_up`.
    @param assets Token units.
    @param total Shares.
    @param tokens Token units.
    @return Shares.
    """
    return loss_tranches._shares_up(self._pool(assets, total), tokens)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@pure
def _pool(assets: uint256, total: uint256) -> loss_tranches.Tranche:
    """
    @dev A tranche of the first epoch.
    @param assets Token units.
    @param total Shares.
    @return The tranche.
    """
    return loss_tranches.Tranche(assets=assets, total_shares=total, epoch=0)
