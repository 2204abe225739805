"""Clearinghouse.novate through Exchange.fill: what a trade does to positions, cash and totals.

Positions and cash are compared with an account of what was agreed, in exact fractions: every trade
of q at p is worth q · (P − p) at the price P, less q times what the funding index has grown, less
fees. The ledger may be below that by its rounding, a few wei a trade, and never above.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.procedure import refused
from tests.unit.clearinghouse.helpers import fill_arguments
from verification.engine.reverts import assert_passes, assert_reverts
from verification.engine.scenes import Scene, set_market_risk
from verification.engine.world import BTC, CROSS, ETH, ISOLATED, NEVER, WAD, wad

MAKER_PPM, TAKER_PPM = 100, 500  # config/local.yaml
WEI_A_TRADE = 4
HOUR = 3_600


@pytest.fixture
def account(world, trader) -> int:
    return world.open(trader, 1_000_000)


@pytest.fixture
def taker(trader, account):
    return trader, account


def fee(size: int, price: int, ppm: int) -> int:
    exact = -(-abs(size) * price * ppm // (WAD * 10**6))
    return -(-exact // 10**12) * 10**12


class Agreed:
    """What an account has agreed to, in exact fractions of a wei."""

    def __init__(self, cash: int) -> None:
        self.start = cash
        self.trades: list[tuple[int, int, int, int]] = []

    def add(self, size: int, price: int, funding: int, charge: int) -> None:
        self.trades.append((size, price, funding, charge))

    def equity(self, price: int, funding: int) -> Fraction:
        """Return cash and value at a price and a funding index."""
        worth = Fraction(self.start)
        for size, at, index, charge in self.trades:
            worth += Fraction(size * (price - at - funding + index), WAD) - charge
        return worth


def check(world, agreed: Agreed, account: int, market: int = ETH) -> None:
    """Compare an account with what it agreed to, at three prices."""
    shares, cost = world.position(account, market)
    funding = world.market(market).funding
    assert shares == sum(size for size, *_ in agreed.trades)
    for price in (WAD, 2_000 * WAD, 10**6 * WAD):
        booked = world.cash(account) + Fraction(shares * (price - funding), WAD) - cost
        short = agreed.equity(price, funding) - booked
        assert 0 <= short <= WEI_A_TRADE * len(agreed.trades)


STORIES = {
    "open": [(3, 2_000)],
    "add": [(3, 2_000), (2.5, 2_013.7)],
    "reduce": [(3, 2_000), (-1.1, 1_990.1)],
    "reduce twice": [(3, 1_999.3), (-1, 2_033.333333333333333333), (-1, 1_950)],
    "close": [(3, 2_000), (-3, 2_040.123456789)],
    "flip": [(3, 2_000), (-5, 1_987.654321)],
    "flip back": [(3, 2_000), (-5, 1_990), (4, 2_010)],
    "add after a flip": [(1, 2_000), (-2, 2_001), (-1, 1_999), (-0.000000000000000001, 2_000)],
    "a wei": [(0.000000000000000001, 2_000), (-0.000000000000000001, 1_999)],
    "dust": [(0.000000000000000007, 2_000.7), (-0.000000000000000003, 1_999.9)],
}


@pytest.mark.parametrize("is_long", [True, False], ids=["long", "short"])
@pytest.mark.parametrize("story", STORIES)
def test_books_what_was_agreed(world, maker, taker, account, story, is_long):
    sign = 1 if is_long else -1
    mine, theirs = Agreed(world.cash(account)), Agreed(world.cash(maker.account))
    for number, price in STORIES[story]:
        text, at = f"{sign * number:.18f}", f"{price:.18f}"
        world.trade(maker, taker, text, at)
        size, cash_price, funding = wad(text), wad(at), world.market().funding
        mine.add(size, cash_price, funding, fee(size, cash_price, TAKER_PPM))
        theirs.add(-size, cash_price, funding, fee(size, cash_price, MAKER_PPM))
        check(world, mine, account)
        check(world, theirs, maker.account)
        market = world.market()
        assert market.long_shares == market.short_shares == abs(world.position(account)[0])
    assert world.conservation_error() < 10**-12


@pytest.mark.parametrize("is_long", [True, False], ids=["long", "short"])
def test_books_what_was_agreed_while_funding_flows(world, maker, taker, account, is_long):
    sign = 1 if is_long else -1
    mine, theirs = Agreed(world.cash(account)), Agreed(world.cash(maker.account))
    for number, price in [
        (5, 2_020),
        (2, 1_960),
        (-4, 2_090),
        (-6, 1_999),
        (8, 2_001),
        (-5, 2_003),
    ]:
        size, at = wad(sign * number), wad(price)
        world.trade(maker, taker, sign * number, price)
        funding = world.market().funding
        mine.add(size, at, funding, fee(size, at, TAKER_PPM))
        theirs.add(-size, at, funding, fee(size, at, MAKER_PPM))
        check(world, mine, account)
        check(world, theirs, maker.account)
        world.wait(5 * HOUR)
    assert world.market().funding != 0
    assert world.position(account) == (0, 0)
    assert world.conservation_error() < 10**-12


def test_a_new_position_is_worth_nothing_at_its_price(world, maker, taker, account):
    world.trade(maker, taker, 3, 2_010)
    assert world.position(account) == (3 * WAD, 6_030 * WAD)
    assert world.position(maker.account) == (-3 * WAD, -6_030 * WAD)


def test_a_loss_can_make_cash_negative(world, ledger, maker, trader):
    account = world.open(trader, WETH=10)
    world.trade(maker, (trader, account), 20, 2_000)
    fees = world.cash(account)
    assert fees == -20 * WAD == -ledger.negative_cash()
    world.set_price("ETH", 1_950)
    world.trade(maker, (trader, account), -20, 1_950)
    assert world.cash(account) == -1_000 * WAD - 20 * WAD - fee(20 * WAD, 1_950 * WAD, TAKER_PPM)
    assert ledger.negative_cash() == -world.cash(account)
    assert world.conservation_error() < 10**-12


def test_logs_both_halves(world, ledger, maker, taker, account):
    receipt = world.trade(maker, taker, -2, 2_010)
    (event,) = receipt.decode_logs(ledger.Novated)
    assert (event.market, event.maker, event.taker) == (ETH, maker.account, account)
    assert (event.size, event.price) == (-2 * WAD, 2_010 * WAD)
    assert (event.maker_fee, event.taker_fee) == (402 * WAD // 1_000, 2_010 * WAD // 1_000)
    assert event.maker_position == ledger.positions(maker.account, ETH)
    assert event.taker_position == ledger.positions(account, ETH)
    assert (event.maker_cash, event.taker_cash) == (
        world.cash(maker.account),
        world.cash(account),
    )
    assert event.funding_index == world.market().funding


def test_markets_do_not_mix(world, ledger, maker, taker, account):
    world.trade(maker, taker, 2, 2_000)
    before = ledger.positions(account, ETH), ledger.market_totals(ETH)
    world.trade(maker, taker, -0.1, 40_000, market=BTC)
    assert (ledger.positions(account, ETH), ledger.market_totals(ETH)) == before
    assert world.header(account).markets == (ETH, BTC)
    assert world.position(account, BTC) == (-WAD // 10, -4_000 * WAD)
    world.trade(maker, taker, -2, 2_000)
    assert world.header(account).markets == (BTC,)
    assert ledger.positions(account, ETH) == 0


def test_a_closed_position_leaves_nothing_behind(world, ledger, maker, taker, account):
    world.trade(maker, taker, 2, 2_000)
    world.trade(maker, taker, -2, 2_000)
    assert ledger.positions(account, ETH) == ledger.positions(maker.account, ETH) == 0
    assert world.header(account).markets == world.header(maker.account).markets == ()
    assert world.market().long_shares == world.market().short_shares == 0
    ledger.withdraw(
        account, world.settlement, world.cash(account) // 10**12, taker[0], sender=taker[0]
    )


# Refused ------------------------------------------------------------------------------------------


def test_an_isolated_account_has_one_market(world, maker, trader):
    fill = world.exchange.fill
    isolated = world.open(trader, 10_000, mode=ISOLATED, market=ETH)
    wrong = fill_arguments(world, maker, 0.1, isolated, 40_000, market=BTC)
    world.refuses("trading: isolated to another market", fill, *wrong, sender=trader)
    world.trade(maker, (trader, isolated), 1, 2_000)
    assert world.header(isolated).markets == (ETH,)


def test_an_isolated_maker_has_one_market(world, maker, trader):
    isolated = trader, world.open(trader, 10_000, mode=ISOLATED, market=BTC)
    wrong = fill_arguments(world, isolated, 1, maker.account)
    world.refuses(
        "trading: isolated to another market", world.exchange.fill, *wrong, sender=maker.person
    )
    world.trade(isolated, maker, 0.1, 40_000, market=BTC)


def test_losses_of_an_isolated_account_stop_there(world, maker, trader, account):
    isolated = world.open(trader, 1_000, mode=ISOLATED, market=ETH)
    world.trade(maker, (trader, isolated), 5, 2_000)
    world.set_price("ETH", 1_700)
    assert world.risk_engine.margin(isolated)[0] < 0
    assert world.risk_engine.margin(account)[0] == 1_000_000 * WAD


@pytest.mark.parametrize("side", ["maker", "taker"])
def test_refuses_accounts_that_were_never_opened(world, maker, trader, account, side):
    unopened = account + 1
    pair = ((trader, unopened), maker) if side == "maker" else (maker, (trader, unopened))
    arguments = fill_arguments(world, pair[0], 1, pair[1][1])
    world.refuses("ledger: unknown account", world.exchange.fill, *arguments, sender=pair[1][0])


def test_refuses_a_market_that_the_ledger_does_not_list(world, maker, trader, account):
    world.exchange.set_terms(3, 0, 0, 100, sender=world.admin)
    risk = (world.deployment.assets["ETH"], 40_000, 600_000, 0, 0, 10_000, False, 10**6)
    world.risk_engine.set_market(3, *risk, sender=world.admin)
    arguments = fill_arguments(world, maker, 1, account, market=3)
    world.refuses("sides: unknown market", world.exchange.fill, *arguments, sender=trader)


@pytest.mark.parametrize("size", [1, -1, 0.5, -0.5])
def test_reduce_only_opens_nothing(world, maker, trader, account, size):
    fill = world.exchange.fill
    taker = (*fill_arguments(world, maker, size, account), NEVER, True)
    world.refuses("trading: order would not reduce", fill, *taker, sender=trader)
    from_maker = fill_arguments(world, maker, size, account, reduce_only=True)
    world.refuses("trading: order would not reduce", fill, *from_maker, sender=trader)


@pytest.mark.parametrize("held", [2, -2])
def test_reduce_only_reduces_and_does_not_flip(world, maker, trader, account, held):
    """Both sides hold two units, and both must shrink."""
    world.trade(maker, (trader, account), held, 2_000)
    fill, sign = world.exchange.fill, 1 if held > 0 else -1
    for size, passes in [(-1, True), (-2, True), (-2.1, False), (1, False)]:
        for by_maker in (True, False):
            order = fill_arguments(world, maker, sign * size, account, reduce_only=by_maker)
            arguments = (*order, NEVER, not by_maker)
            if passes:
                assert_passes(fill, *arguments, sender=trader)
            else:
                assert_reverts("trading: order would not reduce", fill, *arguments, sender=trader)


class TestAsTheExchange:
    """What the Exchange would not pass on, sent by its address."""

    @pytest.fixture
    def exchange(self, world, accounts, chain):
        address = world.exchange.address
        chain.provider.set_balance(address, 10**20)
        return accounts.impersonate_account(address)

    @pytest.mark.parametrize(
        ("size", "price", "reason"),
        [
            (0, 2_000 * WAD, "trading: bad size"),
            (2**100, 2_000 * WAD, "trading: bad size"),
            (-(2**100), 2_000 * WAD, "trading: bad size"),
            (2**110, 2_000 * WAD, "trading: bad size"),
            (2**255 - 1, 2_000 * WAD, "trading: bad size"),
            (WAD, 0, "trading: bad price"),
            (WAD, 2**95, "trading: bad price"),
            (WAD, NEVER, "trading: bad price"),
        ],
    )
    def test_bounds(self, world, ledger, maker, account, exchange, size, price, reason):
        arguments = (ETH, maker.account, account, size, price, 0, 0, 0)
        world.refuses(reason, ledger.novate, *arguments, sender=exchange)
        good = (ETH, maker.account, account, WAD, 2_000 * WAD, 0, 0, 0)
        assert_passes(ledger.novate, *good, sender=exchange)

    def test_nobody_trades_with_himself(self, world, ledger, account, exchange):
        arguments = (ETH, account, account, WAD, 2_000 * WAD, 0, 0, 0)
        world.refuses(
            "trading: account trades with itself", ledger.novate, *arguments, sender=exchange
        )

    def test_unknown_accounts(self, world, ledger, maker, exchange):
        for pair in [(maker.account, 7), (7, maker.account), (CROSS << 88, maker.account)]:
            arguments = (ETH, *pair, WAD, 2_000 * WAD, 0, 0, 0)
            world.refuses("ledger: unknown account", ledger.novate, *arguments, sender=exchange)

    def test_returns_the_mark(self, world, ledger, maker, account, exchange):
        arguments = (ETH, maker.account, account, WAD, 2_050 * WAD, 0, 0, 0)
        assert tuple(ledger.novate.call(*arguments, sender=exchange)) == (2_000 * WAD,) * 2


def test_a_market_for_isolated_accounts_takes_no_other(fast_world):
    set_market_risk(fast_world, "ETH-PERP", isolated_only=True)
    scene = Scene.set(fast_world, size=0)
    maker = fast_world.open(scene.maker, 100_000, mode=1, market=ETH)
    taker = fast_world.open(scene.trader, 10_000, mode=1, market=ETH)
    fast_world.trade((scene.maker, maker), (scene.trader, taker), 1, 2_000)
    order = fast_world.order(scene.maker, maker, -1, 2_000)
    refused(
        "risk engine: isolated accounts only",
        fast_world.exchange.fill,
        order.as_tuple(),
        fast_world.sign(scene.maker, order),
        WAD,
        scene.account,
        2**256 - 1,
        sender=scene.trader,
    )
