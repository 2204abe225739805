#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Fresh wins: what an account has won too lately to take it out
@custom:contract-name fresh_wins
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice While an account has no stage, the clock of its header (layout: words) holds what it has won
        net in this window of WINDOW seconds and in the one before: field, width in bits and unit,
        lowest bits first.

        clock    won in the previous window 11 | won in the current window 11 (both floats)
                 | number of the current window, modulo 1024, 10
        float    mantissa 7 | exponent 4: mantissa * 8**exponent hundredths of cash

        A win counts from WINDOW to 2 * WINDOW seconds; touching does not prolong it. What is stored
        is rounded up. A win below a hundredth of cash counts only while it moves the float by a
        hundredth: else a stranger's fills of a wei would lock a step of the float each.
@dev The number of the window repeats after 1,024 of them, 85 hours: an account left alone for
     exactly so long sees its wins count once more, for 2 * WINDOW at most.
"""

from . import words

WINDOW: constant(uint256) = 300  # seconds
UNIT: constant(uint256) = 10**16  # WAD cash: a hundredth of cash
EVERYTHING: constant(uint256) = (
    2**11 - 1
)  # the greatest float, 4.4e13 of cash: beyond any account

FLOAT_BITS: constant(uint256) = 11
FLOAT_MASK: constant(uint256) = 2**11 - 1
FLOATS_MASK: constant(uint256) = 2**22 - 1
NUMBER_SHIFT: constant(uint256) = 22
NUMBERS: constant(uint256) = 1_024
MANTISSA_BITS: constant(uint256) = 7
MANTISSA_MASK: constant(uint256) = 127
STEP: constant(uint256) = 3  # bits of an exponent's step

# The greatest amounts, hundredths of cash, that need no exponent of 8, 4, 2, 1.
WITHOUT_EIGHT: constant(uint256) = 127 << 21
WITHOUT_FOUR: constant(uint256) = 127 << 9
WITHOUT_TWO: constant(uint256) = 127 << 3
WITHOUT_ONE: constant(uint256) = 127


@internal
@view
def _locked(header: uint256) -> int256:
    """
    @dev What an account without a stage has won too lately, WAD cash. 0 in a stage: nothing leaves.
    """
    if (header >> words.SINCE_SHIFT) & words.SINCE_MASK == 0:
        return 0
    current: uint256 = 0
    previous: uint256 = 0
    current, previous = self._won(header)
    # Two floats are below 2**54 hundredths together.
    return convert(unsafe_mul(unsafe_add(current, previous), UNIT), int256)


@internal
@view
def _free(header: uint256) -> uint256:
    """
    @dev Cash that may go to somebody else, WAD cash.
    """
    return convert(max(words._cash(header) - self._locked(header), 0), uint256)


@internal
@view
def _after(header: uint256, change: int256) -> uint256:
    """
    @dev The header after a realised profit or loss, fees in. A loss takes off the current window
         first. In a stage the clock is that of the stage: nothing is noted.
    @param change WAD cash.
    @return The header; the caller stores it and books the cash.
    """
    clock: uint256 = (header >> words.SINCE_SHIFT) & words.SINCE_MASK
    if (change < 0 and clock == 0) or (header >> words.STAGE_SHIFT) & words.STAGE_MASK != 0:
        return header
    number: uint256 = self._number()
    floats: uint256 = self._rolled(clock, number)
    current: uint256 = self._value(floats >> FLOAT_BITS)
    previous: uint256 = floats & FLOAT_MASK
    if change < 0:
        # Far from the least int256; UNIT is not 0.
        lost: uint256 = unsafe_div(convert(unsafe_sub(0, change), uint256), UNIT)
        if lost > current:
            older: uint256 = self._value(previous)
            previous = self._float(unsafe_sub(older, min(unsafe_sub(lost, current), older)))
            current = 0
        else:
            current = unsafe_sub(current, lost)
    else:
        won: uint256 = convert(change, uint256)
        if won < UNIT and current > MANTISSA_MASK:
            return header
        # Below 2**60 hundredths together.
        current = unsafe_add(current, unsafe_div(unsafe_add(won, UNIT - 1), UNIT))
    return self._put(header, number, self._float(current) << FLOAT_BITS | previous)


@internal
@view
def _carried(giver: uint256, getter: uint256, excess: uint256) -> (uint256, uint256):
    """
    @dev The headers after cash beyond what is free went to another account of the same owner: the
         wins in it count there, each in its window. An account in a stage notes nothing.
    @param giver Header of the account that gave, without a stage.
    @param getter Header of the account that got.
    @param excess Cash beyond what was free, WAD, above 0.
    @return Both headers; the caller stores them.
    """
    current: uint256 = 0
    previous: uint256 = 0
    current, previous = self._won(giver)
    # Rounded against the owner: down where it is taken off, up where it is added.
    fresh: uint256 = min(excess, current * UNIT)
    older: uint256 = min(excess - fresh, previous * UNIT)
    giver_after: uint256 = self._with(giver, current - fresh // UNIT, previous - older // UNIT)
    if words._stage(getter) != 0:
        return giver_after, getter
    current, previous = self._won(getter)
    return giver_after, self._with(
        getter,
        current + (fresh + UNIT - 1) // UNIT,
        previous + (older + UNIT - 1) // UNIT,
    )


@internal
@view
def _without_stage(header: uint256) -> uint256:
    """
    @dev The header of an account that leaves the default procedure: everything counts as won just
         now, since nothing was noted meanwhile.
    """
    cleared: uint256 = header & ~(words.STAGE_MASK << words.STAGE_SHIFT)
    return self._put(cleared, self._number(), EVERYTHING << FLOAT_BITS)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _won(header: uint256) -> (uint256, uint256):
    """
    @dev What was won in the current window and in the one before, hundredths of cash.
    """
    floats: uint256 = self._rolled((header >> words.SINCE_SHIFT) & words.SINCE_MASK, self._number())
    return self._value(floats >> FLOAT_BITS), self._value(floats & FLOAT_MASK)


@internal
@pure
def _rolled(clock: uint256, number: uint256) -> uint256:
    """
    @dev The floats of a clock as they count now.
    @param number Number of the current window.
    """
    if clock >> NUMBER_SHIFT == number:
        return clock & FLOATS_MASK
    if unsafe_add(clock >> NUMBER_SHIFT, 1) % NUMBERS == number:
        return (clock & FLOATS_MASK) >> FLOAT_BITS
    return 0


@internal
@view
def _number() -> uint256:
    """
    @dev Number of the current window.
    """
    return unsafe_div(block.timestamp, WINDOW) % NUMBERS


@internal
@view
def _with(header: uint256, current: uint256, previous: uint256) -> uint256:
    """
    @dev The header with wins of the current and the previous window, hundredths of cash.
    """
    return self._put(
        header, self._number(), self._float(current) << FLOAT_BITS | self._float(previous)
    )


@internal
@pure
def _put(header: uint256, number: uint256, floats: uint256) -> uint256:
    """
    @dev The header with both floats and the number of the current window; 0 for no wins.
    """
    kept: uint256 = header & ~(words.SINCE_MASK << words.SINCE_SHIFT)
    if floats == 0:
        return kept
    return kept | (number << NUMBER_SHIFT | floats) << words.SINCE_SHIFT


@internal
@pure
def _value(float: uint256) -> uint256:
    """
    @dev What a float stands for, hundredths of cash: below 2**53.
    """
    return (float & MANTISSA_MASK) << unsafe_mul(float >> MANTISSA_BITS, STEP)


@internal
@pure
def _float(amount: uint256) -> uint256:
    """
    @dev An amount as the least float that is not below it; the greatest float for all beyond.
    @param amount Hundredths of cash, below 2**128.
    """
    if amount <= WITHOUT_ONE:
        return amount
    # Ceilings nest: dividing in steps rounds as dividing once does.
    left: uint256 = amount
    exponent: uint256 = 0
    if left > WITHOUT_EIGHT:
        left = unsafe_add(left, 2**24 - 1) >> 24
        exponent = 8
    if left > WITHOUT_FOUR:
        left = unsafe_add(left, 2**12 - 1) >> 12
        exponent = unsafe_add(exponent, 4)
    if left > WITHOUT_TWO:
        left = unsafe_add(left, 2**6 - 1) >> 6
        exponent = unsafe_add(exponent, 2)
    if left > WITHOUT_ONE:
        left = unsafe_add(left, 2**3 - 1) >> 3
        exponent = unsafe_add(exponent, 1)
    return min(left, MANTISSA_MASK) | exponent << MANTISSA_BITS
