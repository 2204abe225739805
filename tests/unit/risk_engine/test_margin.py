"""RiskEngine.margin, assess and require_margin against the specification in exact fractions.

Equity may be below the exact value by roundings, and what is left of it over a requirement too,
neither above.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.price_oracle.helpers import EATS_GAS, ORDINARY
from tests.unit.risk_engine.conftest import ASSETS, LEAST, MARGIN_NOTICE, MARKETS, PRICE, WAD
from tests.unit.risk_engine.model import Holding, Margin, Portfolio, margin
from verification.engine.evm import Reverted

CROSS_ACCOUNT, ISOLATED_ACCOUNT = 2 << 88, 1 << 88 | 1 << 72
INITIAL, WITHDRAWAL, MAINTENANCE = range(3)
FEED_GAS = 150_000
DETAILS = 2**232 - 2**120 | 2**239  # bits of a known price that test_assess_legs.py is about
many = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

amounts = st.integers(1, 10**6 * WAD) | st.integers(1, 10**12)
sizes = amounts | amounts.map(lambda amount: -amount)
prices_drawn = st.integers(LEAST * 10, 10**6 * WAD) | st.integers(WAD, 10**5 * WAD)


@st.composite
def portfolios(draw) -> Portfolio:
    markets = draw(st.lists(st.sampled_from(MARKETS), max_size=32, unique=True))
    held = draw(st.lists(st.integers(0, 7), max_size=8, unique=True))
    cash = draw(st.integers(-(10**8) * WAD, 10**8 * WAD))
    holdings = []
    for market in markets:
        size = draw(sizes)
        carry = draw(st.integers(-(10**8) * WAD, 10**8 * WAD))
        interest = abs(size) + draw(st.integers(0, 10**7 * WAD))
        holdings.append(Holding(market, size, carry, interest))
    return Portfolio(cash, {index: draw(amounts) for index in sorted(held)}, tuple(holdings))


valid_prices = st.fixed_dictionaries(
    {asset: prices_drawn.map(lambda price: (price, price)) for asset in ASSETS}
)
# Answers that make a price in doubt: at least 3 % apart, allowed are 2 %.
doubtful = st.tuples(prices_drawn, st.integers(103, 1_000)).map(
    lambda drawn: (drawn[0], drawn[0] * drawn[1] // 100)
)
any_prices = st.fixed_dictionaries(
    {asset: prices_drawn.map(lambda price: (price, price)) | doubtful for asset in ASSETS}
)


def load(desk, portfolio: Portfolio, answers: dict) -> dict:
    """Set answers and a portfolio; return the prices that the answers make: themselves."""
    for asset, (low, high) in answers.items():
        desk.set_price(asset, low, high)
    desk.ledger.set_portfolio(portfolio.cash, portfolio.legs())
    return dict(answers)


def check(exact: Margin, equity: int, initial: int, maintenance: int, required) -> None:
    assert exact.equity - exact.dust <= equity <= exact.equity
    assert equity - initial <= exact.equity - required
    assert abs(initial - required) <= exact.dust
    assert equity - maintenance <= exact.equity - exact.maintenance
    assert abs(maintenance - exact.maintenance) <= exact.dust


@many
@given(portfolio=portfolios(), prices=valid_prices)
@example(portfolio=Portfolio(0, {}, ()), prices=dict.fromkeys(ASSETS, (WAD, WAD)))
@example(portfolio=Portfolio(-1, {0: 1}, ()), prices=dict.fromkeys(ASSETS, (WAD, WAD)))
def test_margin(desk, portfolio, prices):
    load(desk, portfolio, prices)
    exact = margin(desk, portfolio, prices)
    found = desk.engine.margin(CROSS_ACCOUNT)
    check(exact, *found, exact.required(desk, bool(portfolio.holdings)))
    load(desk, portfolio, prices)
    assert desk.engine.margin(ISOLATED_ACCOUNT) == found


@many
@given(portfolio=portfolios(), answers=any_prices)
def test_prices_in_doubt_count_at_their_worse_end(desk, portfolio, answers):
    prices = load(desk, portfolio, answers)
    exact = margin(desk, portfolio, prices)
    found = desk.engine.margin(CROSS_ACCOUNT)
    check(exact, *found, exact.required(desk, bool(portfolio.holdings)))


@many
@given(portfolio=portfolios(), answers=any_prices)
def test_assess_counts_them_at_their_better_end_and_leaves_them_out(desk, portfolio, answers):
    """Unless the account is insolvent even so: then both answers agree that it is."""
    prices = load(desk, portfolio, answers)
    exact = margin(desk, portfolio, prices, favourable=True)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    assert exact.equity - exact.dust <= seen.equity <= exact.equity
    assert abs(seen.maintenance - exact.maintenance) <= exact.dust
    assert seen.doubt == 0  # what is VALID here has two equal answers
    gone = seen.equity <= 0
    shown = {asset for asset, (low, high) in prices.items() if gone or low == high}
    priced = Portfolio(
        0,
        {i: a for i, a in portfolio.collateral.items() if desk.haircuts[i][0] in shown},
        tuple(h for h in portfolio.holdings if desk.markets[h.market].asset in shown),
    )
    sold = margin(desk, priced, prices, favourable=True).maintenance
    assert abs(seen.linear + seen.quadratic - sold) <= exact.dust
    legs = len(portfolio.collateral) + len(portfolio.holdings)
    sellable = len(priced.collateral) + len(priced.holdings)
    assert seen.stuck == legs - sellable
    assert len(known) == sellable
    wanted = [(1 + i, desk.haircuts[i][0], True) for i in priced.collateral]
    wanted += [(8 + h.market, desk.markets[h.market].asset, h.size > 0) for h in priced.holdings]
    for leg, (row, asset, is_long) in zip(known, wanted, strict=True):
        assert leg & ~DETAILS == row << 240 | asset << 232 | prices[asset][is_long]
    apart = [asset for _, asset, _ in wanted if prices[asset][0] != prices[asset][1]]
    assert seen.apart == (len(apart) if gone else 0)


@many
@given(portfolio=portfolios(), prices=valid_prices)
def test_concentration_is_the_quadratic_part(desk, portfolio, prices):
    """What is left of MM after selling half of everything, but for open interest, which stays."""
    load(desk, portfolio, prices)
    seen, _ = desk.engine.assess(CROSS_ACCOUNT)
    half = Portfolio(
        portfolio.cash,
        {index: Fraction(amount, 2) for index, amount in portfolio.collateral.items()},
        tuple(
            Holding(h.market, Fraction(h.size, 2), h.carry, h.interest) for h in portfolio.holdings
        ),
    )
    exact, dust = margin(desk, half, prices), margin(desk, portfolio, prices).dust
    capped = any(
        desk.markets[h.market].slope * abs(h.size) * prices[desk.markets[h.market].asset][0]
        > 9 * 10**54
        for h in portfolio.holdings
    )
    if not capped:  # above a rate of 1000 % concentration is linear again
        left = seen.linear / 2 + seen.quadratic / 4
        assert left == pytest.approx(float(exact.maintenance), rel=1e-9, abs=float(dust))


def initial_without_profit(desk) -> int:
    """Return IM as it would be if no profit counted."""
    snapshot = desk.chain.snapshot()
    desk.engine.set_globals(0, desk.minimum_equity)
    desk.wait(MARGIN_NOTICE)
    desk.engine.apply_globals()
    found = desk.engine.margin(CROSS_ACCOUNT)[1]
    desk.chain.restore(snapshot)
    return found


@many
@given(portfolio=portfolios(), prices=valid_prices, level=st.sampled_from(range(3)))
def test_require_margin_is_exact_to_the_wei(desk, portfolio, prices, level):
    load(desk, portfolio, prices)
    equity, initial, maintenance = desk.engine.margin(CROSS_ACCOUNT)
    exact = margin(desk, portfolio, prices)
    required = maintenance if level == MAINTENANCE else initial
    if level == WITHDRAWAL:
        required = initial_without_profit(desk)
        assert required >= exact.initial + exact.profit - exact.dust
    cash = portfolio.cash + required - equity
    arguments = portfolio.legs(), []
    answer = desk.engine.require_margin(CROSS_ACCOUNT, cash, level, *arguments)
    assert answer == required
    reason = "below maintenance margin" if level == MAINTENANCE else "below initial margin"
    with pytest.raises(Reverted, match=reason):
        desk.engine.require_margin(CROSS_ACCOUNT, cash - 1, level, *arguments)


@many
@given(portfolio=portfolios(), prices=any_prices, level=st.sampled_from(range(3)))
def test_require_margin_needs_valid_prices(desk, portfolio, prices, level):
    load(desk, portfolio, prices)
    touched = [desk.haircuts[index][0] for index in portfolio.collateral]
    touched += [desk.markets[held.market].asset for held in portfolio.holdings]
    arguments = CROSS_ACCOUNT, 2**100, level, portfolio.legs(), []
    if all(prices[asset][0] == prices[asset][1] for asset in touched):
        desk.engine.require_margin(*arguments)
    else:
        with pytest.raises(Reverted, match="risk engine: price not valid"):
            desk.engine.require_margin(*arguments)


@many
@given(portfolio=portfolios(), prices=valid_prices, told=prices_drawn)
def test_known_prices_are_taken_on_trust(desk, portfolio, prices, told):
    """Prices that the caller has read already: the oracle is not asked again."""
    asset = ASSETS[0]
    load(desk, portfolio, prices | {asset: (WAD, 3 * WAD)})
    known = [8 + MARKETS[0] << 240 | asset << 232 | told]
    exact = margin(desk, portfolio, prices | {asset: (told, told)})
    arguments = CROSS_ACCOUNT, 2**120, INITIAL, portfolio.legs(), known
    equity = desk.engine.require_margin(*arguments) - 2**120 + portfolio.cash
    assert exact.equity - exact.dust <= equity <= exact.equity


def test_a_requirement_is_exact_at_round_numbers_of_a_price_in_doubt(desk):
    """Market 2: 4 % and 60 % of it, no slope. 10 at 1,000 or, at the better end, at 1,100."""
    portfolio = Portfolio(0, {}, (Holding(2, 10 * WAD, -10_000 * WAD, 0),))
    prices = load(desk, portfolio, dict.fromkeys(ASSETS, (1_000 * WAD, 1_100 * WAD)))
    assert prices[ASSETS[1]] == (1_000 * WAD, 1_100 * WAD)
    equity, _, maintenance = desk.engine.margin(CROSS_ACCOUNT)
    assert (equity, maintenance) == (0, 10_000 * 24 * WAD // 1_000)
    seen, known = desk.engine.assess(CROSS_ACCOUNT)
    assert (seen.equity, seen.maintenance) == (1_000 * WAD, 11_000 * 24 * WAD // 1_000)
    assert (seen.linear, seen.quadratic, seen.stuck, len(known)) == (0, 0, 1, 0)


def test_profit_weight_and_least_equity(desk):
    held = Holding(2, WAD, -900 * WAD, 0)  # market 2: no slope; profit 100 at 1,000
    portfolio = Portfolio(0, {}, (held,))
    load(desk, portfolio, dict.fromkeys(ASSETS, (1000 * WAD,) * 2))
    bare = int(margin(desk, portfolio, dict.fromkeys(ASSETS, (1000 * WAD,) * 2)).initial)
    for weight, discount in [(0, 100), (250_000, 75), (1_000_000, 0)]:
        desk.set_globals(weight, 0)
        assert abs(desk.engine.margin(1)[1] - bare - discount * WAD) <= 2_000
    desk.set_globals(1_000_000, 10**24)
    assert desk.engine.margin(1)[1] == 10**24
    load(desk, Portfolio(WAD, {0: WAD}, ()), dict.fromkeys(ASSETS, (1000 * WAD,) * 2))
    assert desk.engine.margin(1)[1] == 950 * WAD  # without a position there is no least equity


def test_forty_legs(desk):
    holdings = tuple(Holding(market, 10**6 * WAD, 0, 10**7 * WAD) for market in MARKETS[:32])
    portfolio = Portfolio(0, dict.fromkeys(range(8), 10**6 * WAD), holdings)
    prices = dict.fromkeys(ASSETS, (10**6 * WAD,) * 2)
    load(desk, portfolio, prices)
    exact = margin(desk, portfolio, prices)
    check(exact, *desk.engine.margin(1), exact.required(desk, True))


def test_the_widest_numbers_do_not_wrap(desk):
    """Sizes, carry and open interest at the ledger's bounds, at the greatest price."""
    greatest = 2**95 - 2
    for sign in (1, -1):
        held = Holding(14, sign * (2**119 - 1), sign * -(2**127 - 1), 2**105)
        portfolio = Portfolio(2**99 - 1, {0: 2**100, 7: 2**100}, (held,))
        prices = dict.fromkeys(ASSETS, (greatest,) * 2)
        load(desk, portfolio, prices)
        exact = margin(desk, portfolio, prices)
        check(exact, *desk.engine.margin(1), exact.required(desk, True))


def test_a_price_in_doubt_is_read_once_too(desk):
    """However many legs use it: a feed that burns its gas must not price a bid out of a block."""
    odd = desk.chain.deploy("OddFeed", ORDINARY, PRICE)
    desk.set_feeds(ASSETS[0], *desk.words(ASSETS[0], primary=int(odd.address, 16)))
    odd.set_mode(EATS_GAS)
    markets = [number for number, terms in desk.markets.items() if terms.asset == ASSETS[0]]

    def gas_of(count: int) -> int:
        held = tuple(Holding(market, WAD, 0, WAD) for market in markets[:count])
        desk.ledger.set_portfolio(0, Portfolio(0, {}, held).legs())
        assert desk.engine.assess(CROSS_ACCOUNT)[0].stuck == count
        return desk.chain.evm.result.gas_used

    gas_of(8)  # from here on everything is warm
    assert FEED_GAS < gas_of(1) < gas_of(8) < gas_of(1) + FEED_GAS
