#pragma version 0.4.3
"""
@title Packed words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Checks of words: what is packed comes out again and no field touches another.
"""

from contracts.modules.layout import fresh_wins
from contracts.modules.layout import units
from contracts.modules.layout import words
from . import claims

@external
@pure
def check_cash(header: uint256, cash: int256) -> bool:
    """
    @notice Any header, |cash| < 2**99 (and -2**99): cash comes out again, all else stays.
    """
    if cash >= words.CASH_LIMIT or cash < -words.CASH_LIMIT:
        return False
    after: uint256 = words._with_cash(header, cash)
    claims._holds(words._cash(after) == cash)
    claims._holds(after >> 100 == header >> 100)
    return True


@external
@pure
def partial_cash_never_spills(header: uint256, cash: int256) -> bool:
    """
    @notice Any header, any cash of 256 bits: reverts, or comes out again and all else stays.
    """
    after: uint256 = words._with_cash(header, cash)
    claims._holds(words._cash(after) == cash)
    claims._holds(after >> 100 == header >> 100)
    return True


@external
@pure
def partial_stage_never_spills(header: uint256, stage: uint256, since: uint256) -> bool:
    """
    @notice Any header, stage and clock of 256 bits: reverts, or both come out (the clock not without
            a stage) and all else stays.
    """
    after: uint256 = words._with_stage(header, stage, since)
    claims._holds(words._stage(after) == stage)
    claims._holds(words._since(after) == (0 if stage == 0 else since))
    kept: uint256 = ~(words.STAGE_MASK << words.STAGE_SHIFT | words.SINCE_MASK << words.SINCE_SHIFT)
    claims._holds(after & kept == header & kept)
    return True


@external
@pure
def check_fresh_float(amount: uint256) -> bool:
    """
    @notice Hundredths of cash < 2**51, which is above any account: kept rounded up, by a sixteenth
            at most, exactly up to 127; greater ones come out as the greatest.
    """
    if amount >= 2**51:
        return False
    float: uint256 = fresh_wins._float(amount)
    claims._holds(float <= fresh_wins.FLOAT_MASK)
    kept: uint256 = fresh_wins._value(float)
    claims._holds(kept >= amount)
    claims._holds(unsafe_sub(kept, amount) <= amount >> 4)
    return True


@external
def check_fresh_win(header: uint256, change: uint256) -> bool:
    """
    @notice A header without a stage, a win < 2**99: more is locked than before, by the win at least
            if it is a hundredth of cash or more, unless everything is locked; all else stays.
    """
    if change >= 2**99 or words._stage(header) != 0:
        return False
    before: int256 = fresh_wins._locked(header)
    after: uint256 = fresh_wins._after(header, convert(change, int256))
    kept: uint256 = ~(words.SINCE_MASK << words.SINCE_SHIFT)
    claims._holds(after & kept == header & kept)
    locked: int256 = fresh_wins._locked(after)
    claims._holds(locked >= before)
    if change >= fresh_wins.UNIT:
        claims._holds(
            locked >= unsafe_add(before, convert(change, int256)) or locked >= words.CASH_LIMIT
        )
    return True


@external
def check_fresh_loss(header: uint256, change: uint256) -> bool:
    """
    @notice A header without a stage, a loss < 2**99: what is locked falls by the loss at most.
    """
    if change >= 2**99 or words._stage(header) != 0:
        return False
    before: int256 = fresh_wins._locked(header)
    after: uint256 = fresh_wins._after(header, -convert(change, int256))
    locked: int256 = fresh_wins._locked(after)
    claims._holds(locked <= before)
    claims._holds(locked >= unsafe_sub(before, convert(change, int256)))
    return True


@external
@pure
def check_position(shares: int256, cost: int256) -> bool:
    """
    @notice |shares|, |cost| < 2**119: both come out again, and the generation is 0.
    """
    if shares >= words.POSITION_LIMIT or shares <= -words.POSITION_LIMIT:
        return False
    if cost >= words.POSITION_LIMIT or cost <= -words.POSITION_LIMIT:
        return False
    word: uint256 = words._pack_position(shares, cost)
    claims._holds(words._shares(word) == shares)
    claims._holds(words._cost(word) == cost)
    claims._holds(word & words.GENERATION_MASK == 0)
    return True


@external
@pure
def partial_position_never_spills(shares: int256, cost: int256) -> bool:
    """
    @notice Any shares and cost of 256 bits: reverts, or both come out again.
    """
    word: uint256 = words._pack_position(shares, cost)
    claims._holds(words._shares(word) == shares)
    claims._holds(words._cost(word) == cost)
    return True


@external
@pure
def partial_side_never_spills(a: int256, k: int256) -> bool:
    """
    @notice Any A and K of 256 bits: reverts, or A in [0, 1] and K come out again.
    """
    word: uint256 = words._pack_side(a, k)
    claims._holds(a >= 0 and a <= 10**18)
    claims._holds(convert(word & words.SIDE_A_MASK, int256) == a)
    claims._holds(words._signed(word) >> words.SIDE_K_SHIFT == k)
    return True


@external
@pure
def check_totals(longs: int256, shorts: int256, whole: uint256, dust: uint256) -> bool:
    """
    @notice Totals in [0, 2**102), fees of less than 2**52 units: all come out again, fees without
            what is less than a unit.
    """
    if longs < 0 or longs >= words.SIDE_TOTAL_LIMIT or shorts < 0 or shorts >= words.SIDE_TOTAL_LIMIT:
        return False
    if whole > words.FEES_MASK or dust >= units.CASH_UNIT:
        return False
    word: uint256 = words._pack_totals(longs, shorts, whole * units.CASH_UNIT + dust)
    claims._holds(convert(word & words.SIDE_TOTAL_MASK, int256) == longs)
    claims._holds(convert((word >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK, int256) == shorts)
    claims._holds(words._fees(word) == whole * units.CASH_UNIT)
    return True


@external
@pure
def partial_totals_are_within_bounds(longs: int256, shorts: int256, fees: uint256) -> bool:
    """
    @notice Any totals and fees of 256 bits: reverts, or they are within the bounds of check_totals.
    """
    words._pack_totals(longs, shorts, fees)
    claims._holds(longs >= 0 and longs < words.SIDE_TOTAL_LIMIT)
    claims._holds(shorts >= 0 and shorts < words.SIDE_TOTAL_LIMIT)
    claims._holds(fees // units.CASH_UNIT <= words.FEES_MASK)
    return True


@external
def partial_state_never_spills(old: uint256, funding: int256, rate: int256) -> bool:
    """
    @notice Any state, funding index and rate of 256 bits, at a clock of 32 bits: reverts, or index,
            clock and rate (towards zero, to 33 bits and more) come out and all else stays.
    """
    word: uint256 = words._pack_state(old, funding, rate)
    claims._holds(words._signed(word << 160) >> 160 == funding)
    claims._holds(words._time(word) == block.timestamp)
    stored: int256 = words._rate(word)
    claims._holds(abs(stored) <= abs(rate))
    claims._holds((rate < 0) == (stored < 0) or stored == 0)
    # At least 33 bits of its size are kept.
    claims._holds(unsafe_sub(abs(rate), abs(stored)) <= abs(rate) >> 33)
    claims._holds(word & words.KEPT_MASK == old & words.KEPT_MASK)
    return True


@external
@pure
def check_open_interest(state: uint256, interest: uint256) -> bool:
    """
    @notice Any state, open interest < 2**104: stored rounded up, by one part in 2**40 and one wei
            at most; rate, funding index, generations and flags stay.
    """
    if interest >= 2**104:
        return False
    after: uint256 = words._with_interest(state, interest)
    found: uint256 = words._interest(after)
    claims._holds(found >= interest)
    claims._holds(found - interest <= (interest >> 40) + 1)
    kept: uint256 = words.STATE_CLOCK_MASK | words.STATIC_MASK
    claims._holds(after & kept == state & kept)
    return True


@external
@pure
def check_negative_bits(number: int256) -> bool:
    """
    @notice Any number of 256 bits: its bits are those of the same number.
    """
    claims._holds(words._signed(words._bits(number)) == number)
    return True


@external
@pure
def false_fees_are_kept_to_the_wei(longs: int256, shorts: int256, fees: uint256) -> bool:
    """
    @notice Deliberately wrong: fees lose nothing when they are packed.
    """
    claims._holds(words._fees(words._pack_totals(longs, shorts, fees)) == fees)
    return True
