"""wad_math against exact integers: the direction of every rounding, and every overflow."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verification.engine.evm import Reverted

WAD = 10**18
UINT, INT = 2**256, 2**255
LEAST, GREATEST = -INT, INT - 1

uints = st.integers(0, UINT - 1) | st.integers(0, 2**128) | st.integers(0, 10 * WAD)
ints = st.integers(LEAST, GREATEST) | st.integers(-(2**127), 2**127) | st.integers(-WAD, WAD)
narrow = st.integers(-(2**127) + 1, 2**127 - 1)
many = settings(max_examples=300, deadline=None)


def fits(number: int) -> bool:
    return LEAST <= number <= GREATEST


def check(function, a: int, b: int, expected: int, passes: bool) -> None:
    """Expect the exact value, or a revert without a reason when the product does not fit."""
    if passes:
        assert function(a, b) == expected
        return
    with pytest.raises(Reverted, match="no reason"):
        function(a, b)


@many
@given(uints, uints)
@example(0, UINT - 1)
@example(1, WAD - 1)
@example(1, WAD)
@example(UINT - 1, 1)
def test_mul_down(maths, a, b):
    check(maths.mul_down, a, b, a * b // WAD, a * b < UINT)


@many
@given(uints, uints)
@example(0, UINT - 1)
@example(1, 1)
@example(1, WAD)
@example(UINT - WAD, 1)
@example(UINT - WAD + 1, 1)
def test_mul_up(maths, a, b):
    check(maths.mul_up, a, b, -(-a * b // WAD), a * b + WAD - 1 < UINT)


@many
@given(ints, ints)
@example(-1, 1)
@example(-1, WAD)
@example(-1, WAD + 1)
@example(1, WAD - 1)
@example(GREATEST, 1)
@example(GREATEST, -1)
@example(LEAST, 1)
@example(LEAST, -1)
@example(LEAST + WAD - 1, 1)
@example(LEAST + WAD - 2, 1)
def test_mul_floor(maths, a, b):
    product = a * b
    passes = fits(product) and (product >= 0 or fits(product - WAD + 1))
    check(maths.mul_floor, a, b, product // WAD, passes)


@many
@given(ints, ints)
@example(1, 1)
@example(1, WAD)
@example(1, WAD + 1)
@example(-1, 1)
@example(GREATEST - WAD + 1, 1)
@example(GREATEST, 1)
@example(LEAST, 0)
def test_mul_ceil(maths, a, b):
    product = -a * b
    passes = a != LEAST and fits(product) and (product >= 0 or fits(product - WAD + 1))
    check(maths.mul_ceil, a, b, -(product // WAD), passes)


@many
@given(narrow, narrow)
@example(-1, 1)
@example(1, 1)
@example(0, -1)
@example(-1, WAD)
@example(2**127 - 1, 2**127 - 1)
@example(-(2**127) + 1, 2**127 - 1)
def test_unchecked_forms_agree_inside_their_bounds(maths, a, b):
    assert maths.mul_floor_unchecked(a, b) == a * b // WAD
    assert maths.mul_ceil_unchecked(a, b) == -(-a * b // WAD)


@many
@given(ints)
@example(0)
@example(GREATEST)
@example(LEAST + 1)
def test_magnitude(maths, a):
    if a == LEAST:
        return
    assert maths.magnitude(a) == abs(a)


def test_the_least_number_has_no_magnitude(maths):
    with pytest.raises(Reverted):
        maths.magnitude(LEAST)
