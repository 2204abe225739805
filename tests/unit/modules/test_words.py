"""words: what is packed comes out again, nothing spills into a neighbour, and bounds are exact."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkhead.books import Header, Position, signed
from verification.engine.evm import Reverted

WAD = 10**18
CASH = 2**99
POSITION = 2**119
FUNDING = 2**95
MANTISSA, RATE = 2**41, 2**105
TOTAL = 2**102
FEE_UNIT, FEES = 10**12, 2**52
MOST_INTEREST = (2**49 - 1) << 56
OUT_OF_RANGE = "words: number out of range"

words = st.integers(0, 2**256 - 1)
many = settings(max_examples=200, deadline=None)
wide = st.integers(-(2**255), 2**255 - 1) | st.integers(-(2**130), 2**130)


def check(call, is_within: bool) -> int | None:
    """Return the packed word, or see that a field outside its bounds is refused."""
    if is_within:
        return call()
    with pytest.raises(Reverted, match=OUT_OF_RANGE):
        call()
    return None


@many
@given(words, wide | st.integers(-CASH - 1, CASH))
@example(2**256 - 1, -CASH)
@example(0, CASH - 1)
@example(0, CASH)
@example(2**256 - 1, -CASH - 1)
def test_cash(maths, word, cash):
    after = check(lambda: maths.with_cash(word, cash), -CASH <= cash < CASH)
    if after is not None:
        assert maths.header(after)[0] == cash == Header.of(after).cash
        assert after >> 100 == word >> 100


@many
@given(words, st.integers(0, 5), st.integers(0, 2**33))
@example(2**256 - 1, 3, 2**32 - 1)
@example(0, 4, 0)
@example(0, 0, 2**32)
def test_stage(maths, word, stage, since):
    after = check(lambda: maths.with_stage(word, stage, since), stage < 4 and since < 2**32)
    if after is not None:
        cash, found, clock, bitmap, has_positions = maths.header(after)
        assert (found, clock) == (stage, since if stage else 0)
        assert Header.of(after).stage == stage
        before = maths.header(word)
        assert (cash, bitmap, has_positions) == (before[0], before[3], before[4])
        kept = 2**256 - 1 ^ (3 << 218 | (2**32 - 1) << 222)
        assert after & kept == word & kept


@many
@given(words)
def test_header_agrees_with_the_python_package(maths, word):
    header = Header.of(word)
    cash, stage, _, bitmap, has_positions = maths.header(word)
    assert (cash, stage, bitmap) == (header.cash, header.stage, header.collateral_bitmap)
    assert has_positions == (word >> 100 & 0x7FF != 0)


@many
@given(wide | st.integers(-POSITION, POSITION), wide | st.integers(-POSITION, POSITION))
@example(POSITION - 1, -POSITION + 1)
@example(-POSITION + 1, POSITION - 1)
@example(POSITION, 0)
@example(0, POSITION)
@example(-POSITION, 0)
@example(0, -POSITION)
@example(-1, -1)
def test_position(maths, shares, cost):
    if -(2**255) in (shares, cost):
        return
    is_within = abs(shares) < POSITION and abs(cost) < POSITION
    word = check(lambda: maths.pack_position(shares, cost), is_within)
    if word is not None:
        assert tuple(maths.position(word)) == (shares, cost)
        assert Position.of(word) == Position(shares, cost)
        assert word & 0xFFFF == 0  # generation


@many
@given(
    words,
    wide | st.integers(-FUNDING, FUNDING),
    st.integers(-(2**64), 2**64) | st.integers(-(2**106), 2**106),
)
@example(2**256 - 1, FUNDING - 1, RATE - 1)
@example(0, -FUNDING + 1, -RATE + 1)
@example(0, 0, MANTISSA - 1)
@example(0, 0, -MANTISSA + 1)
@example(2**256 - 1, 0, MANTISSA)
@example(2**256 - 1, 0, -MANTISSA - 255)
@example(0, FUNDING, 0)
@example(0, -FUNDING, 0)
@example(0, 0, RATE)
@example(0, 0, -RATE)
@example(0, 0, -1)
def test_state(maths, chain_in_process, old, funding, rate):
    if funding == -(2**255):
        return
    unit = 1
    while abs(rate) // unit >= MANTISSA:
        unit *= 256
    kept = abs(rate) // unit * unit * (1 if rate >= 0 else -1)
    is_within = abs(funding) < FUNDING and abs(rate) < RATE
    word = check(lambda: maths.pack_state(old, funding, rate), is_within)
    if word is not None:
        time, stored, interest = maths.state(word)
        assert (signed(word, 0, 96), stored) == (funding, kept)
        assert abs(rate - kept) <= abs(rate) >> 33
        assert time == chain_in_process.pending_timestamp
        assert interest == maths.state(old)[2]
        assert word >> 176 == old >> 176


@many
@given(words, st.integers(0, 2**105) | st.integers(0, 2**50) | st.integers(0, 100 * WAD))
@example(2**256 - 1, 0)
@example(0, 2**49 - 1)
@example(0, 2**49)
@example(0, 2**49 - 2)
@example(0, 2**57 - 1)
@example(0, MOST_INTEREST)
@example(2**256 - 1, 2**102 - 1)
def test_open_interest_is_rounded_up_by_one_part_in_2_40_at_most(maths, word, interest):
    if interest > MOST_INTEREST - 2**57:
        return
    after = maths.with_interest(word, interest)
    stored = maths.state(after)[2]
    assert interest <= stored <= interest + max(interest >> 40, 0) + (interest >= 2**48)
    kept = 2**256 - 1 ^ (2**52 - 1) << 176
    assert after & kept == word & kept


@pytest.mark.parametrize(
    ("interest", "kept"),
    [
        (2**49 - 2, 2**49 - 2),
        (2**49 - 1, 2**49),
        (2**49, 2**49 + 2**8),
        (2**57 - 2**9 - 1, 2**57 - 2**9),
        (2**57 - 2**9, 2**57),
        (2**57, 2**57 + 2**16),
    ],
)
def test_open_interest_is_exact_while_it_fits(maths, interest, kept):
    """Below 2**49 - 1; then rounded up to the next multiple of 2**8, of 2**16 and so on."""
    assert maths.state(maths.with_interest(0, interest))[2] == kept


@pytest.mark.parametrize("interest", [2**106, 2**128, 2**256 - 1])
def test_open_interest_has_bounds(maths, interest):
    with pytest.raises(Reverted, match=OUT_OF_RANGE):
        maths.with_interest(0, interest)


@many
@given(
    wide | st.integers(-1, TOTAL), wide | st.integers(-1, TOTAL), st.integers(0, FEES * FEE_UNIT)
)
@example(TOTAL - 1, TOTAL - 1, FEES * FEE_UNIT - 1)
@example(TOTAL, 0, 0)
@example(0, TOTAL, 0)
@example(-1, 0, 0)
@example(0, -1, 0)
@example(0, 0, FEES * FEE_UNIT)
def test_totals(maths, longs, shorts, fees):
    is_within = min(longs, shorts) >= 0 and max(longs, shorts) < TOTAL and fees < FEES * FEE_UNIT
    word = check(lambda: maths.pack_totals(longs, shorts, fees), is_within)
    if word is not None:
        assert word & TOTAL - 1 == longs
        assert word >> 102 & TOTAL - 1 == shorts
        assert maths.fees(word) == fees // FEE_UNIT * FEE_UNIT


@many
@given(words)
def test_account_ids(maths, word):
    owner, is_isolated, market = maths.account(word)
    assert int(owner, 16) == word >> 96
    assert is_isolated == (word >> 88 & 255 == 1)
    assert market == word >> 72 & 0xFFFF
