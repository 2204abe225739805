"""RiskEngine.require_fill by itself: the funding rate that a fill argues for, and its weight.

What it demands of both accounts is tested with the ledger, in clearinghouse/test_novate_margin.py.
"""

from __future__ import annotations

import pytest

from tests.unit.risk_engine.conftest import PRICE, WAD, Desk
from tests.unit.risk_engine.model import Holding, Portfolio

MARKET, ASSET = 2, 2
CROSS_ACCOUNT = 2 << 88
DAY = 86_400
CAP = PRICE // 100  # a day
TURNOVER = 10
OPEN = WAD  # open interest


def answer(desk: Desk, size: int, price: int) -> tuple[int, ...]:
    """Return what is said of a fill between two accounts without risk that leaves OPEN."""
    fill = MARKET, size, price, 0, OPEN, False
    party = CROSS_ACCOUNT, WAD, []
    return tuple(desk.engine.require_fill(fill, *party, *party))


@pytest.mark.parametrize("sign", [1, -1], ids=["buys", "sells"])
@pytest.mark.parametrize(
    ("size", "weight"),
    [
        (1, 0),
        (TURNOVER - 1, 0),
        (TURNOVER, 1),
        (OPEN, WAD // TURNOVER),
        (TURNOVER * OPEN - 1, WAD - 1),
        (TURNOVER * OPEN, WAD),
        (TURNOVER * OPEN + 1, WAD),
        (2**100 - 1, WAD),
    ],
)
def test_a_fill_counts_by_its_part_of_ten_times_open_interest(desk, sign, size, weight):
    """To the wei, and by the whole at most."""
    rate = 5 * WAD // DAY
    assert answer(desk, sign * size, PRICE + 5 * WAD) == (PRICE, PRICE, rate, weight, 0, 0)


@pytest.mark.parametrize("sign", [1, -1], ids=["above", "below"])
@pytest.mark.parametrize(
    ("premium", "counts"), [(0, 0), (1, 1), (CAP - 1, CAP - 1), (CAP, CAP), (CAP + DAY, CAP)]
)
def test_it_argues_for_its_premium_a_day_up_to_the_cap(desk, sign, premium, counts):
    """In wei a second, towards zero."""
    rate = answer(desk, WAD, PRICE + sign * premium)[2]
    assert rate == sign * (counts // DAY)


def test_without_a_valid_mark_it_argues_for_nothing(desk):
    desk.set_price(ASSET, PRICE, 2 * PRICE)
    for size in (WAD, -TURNOVER * OPEN):
        assert answer(desk, size, 3 * PRICE) == (PRICE, 2 * PRICE, 0, 0, 0, 0)


@pytest.mark.parametrize("second", [PRICE + WAD, PRICE - WAD])
def test_a_valid_mark_is_a_point_wherever_the_second_answer_is(desk, second):
    desk.set_price(ASSET, PRICE, second)
    assert answer(desk, WAD, PRICE)[:2] == (PRICE, PRICE)


@pytest.mark.parametrize("is_maker_open", [True, False], ids=["maker", "taker"])
def test_the_least_equity_is_asked_of_the_account_that_is_left_with_a_position(desk, is_maker_open):
    """The other one has closed its position, and needs nothing."""
    legs = Portfolio(0, {}, (Holding(MARKET, 1, 0, OPEN),)).legs()
    left = CROSS_ACCOUNT, 1_000 * WAD, legs
    closed = CROSS_ACCOUNT + 1, WAD, []
    fill = MARKET, WAD, PRICE, 0, OPEN, False
    parties = (left, closed) if is_maker_open else (closed, left)
    *_, maker, taker = desk.engine.require_fill(fill, *parties[0], *parties[1])
    asked = (maker, taker) if is_maker_open else (taker, maker)
    assert asked == (desk.minimum_equity, 0)
