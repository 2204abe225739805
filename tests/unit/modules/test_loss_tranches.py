"""loss_tranches against exact fractions: no conversion gives a unit away, at any rate."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from verification.engine.evm import Reverted

PAR = 10**6  # shares of a unit at par, and the virtual shares
ASSETS, SHARES = 2**96, 2**128
many = settings(max_examples=300, deadline=None)

assets = st.integers(0, ASSETS - 1) | st.integers(0, 10**6)
totals = st.integers(0, SHARES - 1) | st.integers(0, 10**12)
units_paid = st.integers(0, ASSETS - 1) | st.integers(0, 10)
parts = st.fractions(0, 1, max_denominator=10**12) | st.sampled_from([Fraction(0), Fraction(1)])


def rate(held: int, total: int) -> Fraction:
    """Return units a share, virtual ones included."""
    return Fraction(held + 1, total + PAR)


@many
@given(assets, totals, parts)
@example(0, 0, Fraction(1))
@example(0, SHARES - 1, Fraction(1))
@example(ASSETS - 1, SHARES - 1, Fraction(1))
@example(ASSETS - 1, 1, Fraction(1))
def test_worth_is_rounded_down_and_covered(maths, held, total, part):
    shares = int(total * part)
    exact = shares * rate(held, total)
    found = maths.units_down(held, total, shares)
    assert exact - 1 < found <= exact
    assert found <= held


@many
@given(assets, totals, units_paid)
@example(0, 0, ASSETS - 1)
@example(ASSETS - 1, 0, 1)
@example(0, 1, 1)
@example(0, SHARES - 1, ASSETS - 1)
@example(ASSETS - 1, 1, 1)
def test_shares_minted_are_rounded_down(maths, held, total, units):
    found = maths.shares_down(held, total, units)
    if total == 0:
        assert found == units * PAR
        return
    exact = units / rate(held, total)
    assert exact - 1 < found <= exact


@many
@given(assets, totals, units_paid)
@example(0, 0, 0)
@example(0, SHARES - 1, ASSETS - 1)
@example(ASSETS - 1, 0, 1)
@example(ASSETS - 1, SHARES - 1, ASSETS - 1)
def test_shares_burnt_are_rounded_up(maths, held, total, units):
    exact = units / rate(held, total)
    assert exact <= maths.shares_up(held, total, units) < exact + 1


@many
@given(assets, totals, parts)
@example(ASSETS - 1, SHARES - 1, Fraction(1))
@example(1, SHARES - 1, Fraction(1, 2))
def test_a_payout_burns_no_more_than_is_held(maths, held, total, part):
    shares = int(total * part)
    units = maths.units_down(held, total, shares)
    assert maths.shares_up(held, total, units) <= shares


@many
@given(assets, totals, units_paid)
@example(0, 1, 1)
@example(0, SHARES // 2, 1)
@example(ASSETS - 2, 1, 1)
def test_who_deposits_and_leaves_gets_no_more_than_he_paid(maths, held, total, units):
    assume(total > 0 and held + units < ASSETS)
    shares = maths.shares_down(held, total, units)
    assume(total + shares < SHARES)
    assert maths.units_down(held + units, total + shares, shares) <= units


@many
@given(assets, totals, units_paid)
def test_a_deposit_lowers_nobody_elses_worth(maths, held, total, units):
    assume(total > 0 and held + units < ASSETS)
    shares = maths.shares_down(held, total, units)
    assume(total + shares < SHARES)
    assert rate(held + units, total + shares) >= rate(held, total)
    before = maths.units_down(held, total, total)
    assert maths.units_down(held + units, total + shares, total) >= before


def test_beyond_256_bits_a_conversion_reverts(maths):
    with pytest.raises(Reverted, match="no reason"):
        maths.shares_down(1, 2**255, 4)
    with pytest.raises(Reverted, match="no reason"):
        maths.units_down(2**255, 1, 4)
