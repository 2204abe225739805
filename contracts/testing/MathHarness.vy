#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title MathHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. The internal maths of the modules, one external function each.
"""

from ..modules import auction_math
from ..modules import loss_tranches
from ..modules import wad_math
from ..modules.layout import words


# WAD MATHS ----------------------------------------------------------------------------------------

@external
@pure
def mul_down(a: uint256, b: uint256) -> uint256:
    return wad_math._mul_down(a, b)


@external
@pure
def mul_up(a: uint256, b: uint256) -> uint256:
    return wad_math._mul_up(a, b)


@external
@pure
def mul_floor(a: int256, b: int256) -> int256:
    return wad_math._mul_floor(a, b)


@external
@pure
def mul_ceil(a: int256, b: int256) -> int256:
    return wad_math._mul_ceil(a, b)


@external
@pure
def mul_floor_unchecked(a: int256, b: int256) -> int256:
    return wad_math._mul_floor_unchecked(a, b)


@external
@pure
def mul_ceil_unchecked(a: int256, b: int256) -> int256:
    return wad_math._mul_ceil_unchecked(a, b)


@external
@pure
def magnitude(a: int256) -> uint256:
    return wad_math._magnitude(a)


# WORDS --------------------------------------------------------------------------------------------

@external
@pure
def header(word: uint256) -> (int256, uint256, uint256, uint256, bool):
    """
    @return cash, stage, clock, collateral bitmap, has positions
    """
    return (
        words._cash(word),
        words._stage(word),
        words._since(word),
        words._collateral_bitmap(word),
        words._has_positions(word),
    )


@external
@pure
def with_cash(word: uint256, cash: int256) -> uint256:
    return words._with_cash(word, cash)


@external
@pure
def with_stage(word: uint256, stage: uint256, since: uint256) -> uint256:
    return words._with_stage(word, stage, since)


@external
@pure
def position(word: uint256) -> (int256, int256):
    """
    @return shares, cost
    """
    return words._shares(word), words._cost(word)


@external
@pure
def pack_position(shares: int256, cost: int256) -> uint256:
    return words._pack_position(shares, cost)


@external
@pure
def state(word: uint256) -> (uint256, int256, uint256):
    """
    @return time, rate, open interest
    """
    return words._time(word), words._rate(word), words._interest(word)


@external
@view
def pack_state(old: uint256, funding: int256, rate: int256) -> uint256:
    return words._pack_state(old, funding, rate)


@external
@pure
def with_interest(word: uint256, interest: uint256) -> uint256:
    return words._with_interest(word, interest)


@external
@pure
def fees(word: uint256) -> uint256:
    return words._fees(word)


@external
@pure
def pack_totals(longs: int256, shorts: int256, fees: uint256) -> uint256:
    return words._pack_totals(longs, shorts, fees)


@external
@pure
def account(id: uint256) -> (address, bool, uint256):
    """
    @return owner, is isolated, isolated market
    """
    return words._owner_of(id), words._is_isolated(id), words._isolated_market(id)


# AUCTION MATHS ------------------------------------------------------------------------------------

@external
@pure
def discount_rate(elapsed: uint256, duration: uint256, start: uint256, end: uint256) -> uint256:
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
    return auction_math._max_fraction(equity, stuck, linear, quadratic, take, target, dust)


@external
@pure
def maintenance_after(
    stuck: uint256, linear: uint256, quadratic: uint256, kept: uint256
) -> uint256:
    return auction_math._maintenance_after(stuck, linear, quadratic, kept)


@external
@pure
def charges(
    spendable: uint256, priced: uint256, fraction: uint256, discount: uint256, fee: uint256
) -> (uint256, uint256):
    return auction_math._charges(spendable, priced, fraction, discount, fee)


@external
@pure
def spendable(equity: int256, priced: uint256, maintenance: uint256) -> uint256:
    return auction_math._spendable(equity, priced, maintenance)


# TRANCHES -----------------------------------------------------------------------------------------

@external
@pure
def units_down(assets: uint256, total: uint256, shares: uint256) -> uint256:
    return loss_tranches._units_down(self._pool(assets, total), shares)


@external
@pure
def shares_down(assets: uint256, total: uint256, tokens: uint256) -> uint256:
    return loss_tranches._shares_down(self._pool(assets, total), tokens)


@external
@pure
def shares_up(assets: uint256, total: uint256, tokens: uint256) -> uint256:
    return loss_tranches._shares_up(self._pool(assets, total), tokens)


@internal
@pure
def _pool(assets: uint256, total: uint256) -> loss_tranches.Tranche:
    return loss_tranches.Tranche(assets=assets, total_shares=total, epoch=0)
