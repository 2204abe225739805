"""auction_math against exact fractions: f*, charges, and what they promise together."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

WAD = 10**18
PPM = 10**6
RESERVE = 1_000  # wei of equity that a full sale leaves
many = settings(max_examples=400, deadline=None)

amounts = st.integers(0, 10**9 * WAD) | st.integers(0, 10**6)
rates = st.integers(0, 500_000)
fees = st.integers(0, 100_000)
fractions = st.integers(0, WAD)


def maintenance(stuck: int, linear: int, quadratic: int, kept: Fraction) -> Fraction:
    return stuck + linear * kept + quadratic * kept**2


@many
@given(st.integers(0, 2**32), st.integers(60, 86_400), rates, rates)
@example(0, 1_800, 20_000, 300_000)
@example(1_800, 1_800, 20_000, 300_000)
@example(1_801, 1_800, 20_000, 300_000)
def test_discount_rises_linearly_and_stays(maths, elapsed, duration, start, end):
    start, end = min(start, end), max(start, end)
    exact = start + Fraction((end - start) * min(elapsed, duration), duration)
    rate = maths.discount_rate(elapsed, duration, start, end)
    assert exact - 1 < rate <= exact
    assert start <= rate <= end
    assert maths.discount_rate(elapsed + 1, duration, start, end) >= rate


@many
@given(amounts, amounts, amounts, fractions)
def test_maintenance_after(maths, stuck, linear, quadratic, kept):
    exact = maintenance(stuck, linear, quadratic, Fraction(kept, WAD))
    found = maths.maintenance_after(stuck, linear, quadratic, kept)
    assert exact - 3 < found <= exact


@many
@given(
    margin=st.integers(10**6, 10**8 * WAD),
    split=st.tuples(fractions, fractions),
    ratio=st.integers(0, WAD - 1),
    take=st.integers(0, 600_000),
    target=st.integers(1_010_000, 2_000_000),
)
@example(10**21, (WAD, 0), WAD // 2, 50_000, 1_250_000)
@example(10**21, (0, WAD), WAD // 2, 330_000, 1_250_000)
@example(10**21, (WAD // 2, WAD // 2), WAD - 1, 0, 1_010_000)
@example(10**21, (WAD // 2, WAD // 2), 0, 600_000, 1_250_000)
def test_f_star_restores_the_target_and_sells_no_more(maths, margin, split, ratio, take, target):
    """Selling f* reaches the target, and a wei of fraction less would not (INV-5)."""
    quadratic = margin * split[0] // WAD
    stuck = (margin - quadratic) * split[1] // WAD
    linear = margin - quadratic - stuck
    equity = margin * ratio // WAD
    found = maths.max_fraction(equity, stuck, linear, quadratic, take, target, 0)
    assert 0 < found <= WAD

    def shortfall(fraction: Fraction) -> Fraction:
        """Return what equity lacks of the target after a sale, exactly."""
        left = equity - fraction * (linear + quadratic) * Fraction(take, PPM)
        return Fraction(target, PPM) * maintenance(stuck, linear, quadratic, 1 - fraction) - left

    slack = 10 + margin * 4 // WAD  # roundings of the parts, and of the fraction itself
    if found < WAD:
        assert shortfall(Fraction(found, WAD)) <= slack
        assert shortfall(Fraction(max(found - 10, 0), WAD)) >= -slack
    else:
        assert shortfall(Fraction(1)) >= -slack


@many
@given(
    equity=st.integers(-(10**9) * WAD, 0) | st.integers(-10, 0),
    parts=st.tuples(amounts, amounts, amounts),
    take=st.integers(0, 600_000),
)
def test_the_insolvent_are_sold_whole(maths, equity, parts, take):
    assert maths.max_fraction(equity, *parts, take, 1_250_000, 0) == WAD


@many
@given(
    margin=st.integers(10**18, 10**8 * WAD), ratio=st.integers(1, WAD), dust=st.integers(0, 10**23)
)
@example(10**21, 9 * WAD // 10, 10**19)
def test_no_dust_remains(maths, margin, ratio, dust):
    found = maths.max_fraction(margin * ratio // WAD, 0, margin, 0, 50_000, 1_250_000, dust)
    assert found == WAD or maths.maintenance_after(0, margin, 0, WAD - found) >= dust - 1


@many
@given(amounts, amounts, fractions, rates, fees)
@example(10**21, 10**21, WAD, 300_000, 30_000)
@example(1, 10**21, WAD, 300_000, 30_000)
@example(10**21, 10**21, WAD, 0, 0)
def test_charges_never_exceed_their_share_of_what_may_be_spent(
    maths, spendable, priced, fraction, discount, fee
):
    paid, kept = maths.charges(spendable, priced, fraction, discount, fee)
    share = Fraction(fraction, WAD)
    assert paid + kept <= share * spendable
    assert paid <= share * Fraction(priced * discount, PPM)
    assert kept <= share * Fraction(priced * fee, PPM)
    if spendable * PPM >= priced * (discount + fee):
        assert paid >= share * Fraction(priced * discount, PPM) - 2
        assert kept >= share * Fraction(priced * fee, PPM) - 2


@many
@given(st.integers(-(10**9) * WAD, 10**9 * WAD), amounts, amounts)
@example(0, 1, 1)
@example(RESERVE, 1, 1)
@example(RESERVE + 1, 1, 1)
def test_spendable_is_the_priced_legs_share_of_equity(maths, equity, priced, stuck):
    assume(priced + stuck > 0)
    found = maths.spendable(equity, priced, priced + stuck)
    exact = max(equity - RESERVE, 0) * Fraction(priced, priced + stuck)
    assert exact - 1 < found <= exact
