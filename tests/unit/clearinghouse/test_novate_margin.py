"""Clearinghouse.novate, judged: who may open, who may reduce, and who may do nothing at all.

Fees are 0 here, so that a fill at mark leaves equity as it was.
"""

from __future__ import annotations

import pytest

from tests.unit.clearinghouse.helpers import fill_arguments
from verification.engine.reverts import assert_passes, assert_reverts
from verification.engine.scenes import set_market_risk
from verification.engine.world import AUCTION, CALLED, ETH, WAD

BELOW = "risk engine: below initial margin"
NOT_VALID = "risk engine: price not valid"
WORSE = "risk engine: worse than mark"
INSOLVENT = "risk engine: insolvent account"
UNDER_CALL = "ledger: account under a call"

# ETH-PERP of config/local.yaml, as the risk engine takes it.
ASSET, BASE, RATIO, SLOPE, LOAD, FUNDING_CAP, OI_CAP = (
    1,
    40_000,
    600_000,
    2_000 * 10**6,
    100 * 10**6,
    10_000,
    100_000_000,
)


@pytest.fixture(autouse=True)
def _no_fees(world):
    for market in (1, 2):
        world.exchange.set_terms(market, 0, 0, 500, sender=world.admin)


@pytest.fixture
def fill(world, trader, maker):
    """Return (function, arguments) of a fill in which the trader gains `size`."""

    def arguments(size: float, price: float, account: int, **fields):
        return (world.exchange.fill, *fill_arguments(world, maker, size, account, price, **fields))

    return arguments


def initial_margin(size: int, price: int = 2_000) -> int:
    """Return IM of an ETH position, WAD, to within 100 wei."""
    notional = size * price * WAD
    rate = BASE * 10**12 + (SLOPE + LOAD) * notional // WAD  # it is all of the open interest
    return rate * notional // WAD


def units_for(amount: int) -> int:
    """Return units of cash that cover an amount and what the engine may have rounded up."""
    return -(-(amount + 10**9) // 10**12)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize("size", [11, 101, 1_003])
def test_the_taker_needs_initial_margin(world, trader, fill, size, sign):
    needed = units_for(initial_margin(size))
    account = world.open(trader)
    world.fund(trader, "USDC", 10**7)
    world.clearinghouse.deposit(account, world.settlement, needed - 1, sender=trader)
    arguments = fill(sign * size, 2_000, account)
    world.refuses(BELOW, *arguments, sender=trader)
    world.clearinghouse.deposit(account, world.settlement, 1, sender=trader)
    arguments[0](*arguments[1:], sender=trader)
    equity, initial, _ = world.risk_engine.margin(account)
    assert 0 <= equity - initial < 10**12


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_the_maker_needs_initial_margin(world, trader, maker, sign):
    needed = units_for(initial_margin(11))
    poor = trader, world.open(trader)
    world.fund(trader, "USDC", 10**5)
    world.clearinghouse.deposit(poor[1], world.settlement, needed - 1, sender=trader)
    arguments = fill_arguments(world, poor, sign * 11, maker.account)
    world.refuses(BELOW, world.exchange.fill, *arguments, sender=maker.person)
    world.clearinghouse.deposit(poor[1], world.settlement, 1, sender=trader)
    assert_passes(world.exchange.fill, *arguments, sender=maker.person)


@pytest.mark.parametrize(("size", "price"), [(1, 2_020), (-1, 1_980)])
def test_a_price_worse_than_mark_costs_margin(world, trader, fill, size, price):
    account = world.open(trader, 100)  # IM is 80 and something
    assert_passes(*fill(size, 2_000, account), sender=trader)
    world.refuses(BELOW, *fill(size, price, account), sender=trader)


def test_a_position_needs_the_least_equity(world, trader, fill):
    account = world.open(trader, 49.999999)
    world.refuses(BELOW, *fill(0.01, 2_000, account), sender=trader)
    world.deposit(trader, account, 0.000001)
    assert_passes(*fill(0.01, 2_000, account), sender=trader)


def test_half_of_a_profit_carries_new_positions(world, trader, maker, fill):
    account = world.open(trader, 1_000)
    world.trade(maker, (trader, account), 10, 2_000)
    world.set_price("ETH", 2_100)
    equity, initial, _ = world.risk_engine.margin(account)
    assert equity == 2_000 * WAD
    assert initial - initial_margin(10, 2_100) == pytest.approx(500 * WAD, abs=10**6)
    # IM of 17 is about 1,431 and of 18 about 1,516; 1,500 of 2,000 count.
    assert_passes(*fill(7, 2_100, account), sender=trader)
    world.refuses(BELOW, *fill(8, 2_100, account), sender=trader)


class TestReducing:
    """A trader with 10 ETH bought at 2,000 on 1,000 of cash."""

    @pytest.fixture(params=[1, -1], ids=["long", "short"])
    def sign(self, request) -> int:
        return request.param

    @pytest.fixture
    def account(self, world, trader, maker, sign) -> int:
        account = world.open(trader, 1_000)
        world.trade(maker, (trader, account), sign * 10, 2_000)
        assert world.cash(account) == 1_000 * WAD
        return account

    def at(self, sign: int, loss: float) -> float:
        """Return the price at which the position has lost so much a unit."""
        return 2_000 - sign * loss

    @pytest.mark.parametrize("loss", [0, 30, 70, 99])
    @pytest.mark.parametrize("size", [1, 9.999, 10])
    def test_at_mark_it_is_always_allowed(self, world, trader, account, fill, sign, loss, size):
        """Below IM (at 30), below MM (at 70), below the close-out margin (at 99): INV-10."""
        price = self.at(sign, loss)
        world.set_price("ETH", price)
        assert_passes(*fill(-sign * size, price, account), sender=trader)
        better = price + sign
        assert_passes(*fill(-sign * size, better, account), sender=trader)

    def test_worse_than_mark_needs_initial_margin(self, world, trader, account, fill, sign):
        price = self.at(sign, 10)  # equity 900, IM about 800
        world.set_price("ETH", price)
        assert_passes(*fill(-sign * 5, price - sign, account), sender=trader)
        price = self.at(sign, 60)  # equity 400
        world.set_price("ETH", price)
        world.refuses(WORSE, *fill(-sign * 1, price - sign * 0.01, account), sender=trader)
        assert_passes(*fill(-sign * 1, price, account), sender=trader)

    def test_an_insolvent_account_cannot_close_itself(self, world, trader, account, fill, sign):
        price = self.at(sign, 100.1)
        world.set_price("ETH", price)
        for size in (1, 10):
            world.refuses(INSOLVENT, *fill(-sign * size, price, account), sender=trader)
        better = self.at(sign, 99.9)
        world.set_price("ETH", better)
        assert_passes(*fill(-sign * 10, better, account), sender=trader)

    def test_nor_at_a_price_better_than_mark(self, world, trader, account, fill, sign):
        """A friend could pay for it, and a deposit does the same in the open."""
        world.set_price("ETH", self.at(sign, 110))
        world.refuses(INSOLVENT, *fill(-sign * 1, self.at(sign, 105), account), sender=trader)

    def test_a_flip_is_new_risk(self, world, trader, account, fill, sign):
        price = self.at(sign, 70)
        world.set_price("ETH", price)
        world.refuses(BELOW, *fill(-sign * 19, price, account), sender=trader)
        assert_passes(*fill(-sign * 10, price, account), sender=trader)

    def test_under_a_call_an_account_only_reduces(self, world, trader, account, fill, sign, keeper):
        price = self.at(sign, 70)
        world.set_price("ETH", price)
        world.default_manager.call_margin(account, sender=keeper)
        assert world.stage(account) == CALLED
        for size in (1, -11):
            world.refuses(UNDER_CALL, *fill(sign * size, price, account), sender=trader)
        for size in (-1, -10):
            assert_passes(*fill(sign * size, price, account), sender=trader)

    def test_money_does_not_end_a_call_for_fills(self, world, trader, account, fill, sign, keeper):
        price = self.at(sign, 70)
        world.set_price("ETH", price)
        world.default_manager.call_margin(account, sender=keeper)
        world.deposit(trader, account, 100_000)
        world.refuses(UNDER_CALL, *fill(sign, price, account), sender=trader)
        world.default_manager.cure(account, sender=keeper)
        assert_passes(*fill(sign, price, account), sender=trader)

    def test_in_an_auction_orders_are_void(self, world, trader, account, fill, sign, keeper):
        price = self.at(sign, 90)
        world.set_price("ETH", price)
        assert_passes(*fill(-sign, price, account), sender=trader)
        world.default_manager.open_auction(account, sender=keeper)
        assert world.stage(account) == AUCTION
        world.refuses("trading: account is in auction", *fill(-sign, price, account), sender=trader)
        world.refuses(UNDER_CALL, *fill(sign, price, account), sender=trader)

    def test_in_an_auction_makers_orders_are_void(
        self, world, trader, account, maker, sign, keeper
    ):
        price = self.at(sign, 90)
        world.set_price("ETH", price)
        world.default_manager.open_auction(account, sender=keeper)
        arguments = fill_arguments(world, (trader, account), sign, maker.account, price)
        world.refuses(
            "trading: account is in auction", world.exchange.fill, *arguments, sender=maker.person
        )


class TestOpenInterestCap:
    """A market whose open interest may be worth 100,000."""

    @pytest.fixture(autouse=True)
    def _cap(self, world):
        self.set(world, 100_000)

    def set(self, world, cap: int) -> None:
        terms = (ETH, ASSET, BASE, RATIO, SLOPE, LOAD, FUNDING_CAP, False, cap)
        world.risk_engine.set_market(*terms, sender=world.admin)

    def test_open_interest_up_to_the_cap(self, world, trader, maker, fill):
        account = world.open(trader, 100_000)
        world.trade(maker, (trader, account), 49, 2_000)
        cap = "risk engine: open interest cap"
        world.refuses(cap, *fill(1.000001, 2_000, account), sender=trader)
        assert_passes(*fill(0.999999, 2_000, account), sender=trader)

    def test_above_the_cap_positions_shrink_and_change_hands(
        self, world, trader, stranger, maker, fill
    ):
        account, other = world.open(trader, 100_000), world.open(stranger, 100_000)
        world.trade(maker, (trader, account), 40, 2_000)
        self.set(world, 10_000)
        cap = "risk engine: open interest cap"
        world.refuses(cap, *fill(0.001, 2_000, account), sender=trader)
        assert_passes(*fill(-1, 2_000, account), sender=trader)
        handed_over = fill_arguments(world, (trader, account), 10, other)
        assert_passes(world.exchange.fill, *handed_over, sender=stranger)


class TestNegativeCashCap:
    """An account that owes 950 after a loss, has 10 WETH, and still holds 1 ETH."""

    @pytest.fixture(params=[1, -1], ids=["long", "short"])
    def sign(self, request) -> int:
        return request.param

    @pytest.fixture
    def mark(self, sign) -> int:
        return 2_000 - sign * 50

    @pytest.fixture
    def debtor(self, world, trader, maker, sign, mark) -> int:
        account = world.open(trader, WETH=10)
        world.trade(maker, (trader, account), sign * 20, 2_000)
        world.set_price("ETH", mark)
        world.trade(maker, (trader, account), -sign * 19, mark)
        assert world.cash(account) == -950 * WAD
        return account

    def cap(self, world, amount: int) -> None:
        world.clearinghouse.set_shortfall_terms(amount, 10**6, 0, 0, sender=world.admin)

    def test_no_new_risk_on_debt_above_the_cap(self, world, trader, fill, debtor, sign, mark):
        self.cap(world, 950 * WAD)
        assert_passes(*fill(sign, mark, debtor), sender=trader)
        self.cap(world, 950 * WAD - 1)
        world.refuses("trading: negative cash cap", *fill(sign, mark, debtor), sender=trader)

    def test_reducing_goes_on_at_mark_or_better(self, world, trader, fill, debtor, sign, mark):
        self.cap(world, 0)
        for price in (mark, mark + sign):
            assert_passes(*fill(-sign, price, debtor), sender=trader)

    def test_reducing_worse_than_mark_deepens_the_debt(
        self, world, trader, fill, debtor, sign, mark
    ):
        self.cap(world, 0)
        worse = fill(-sign, mark - sign, debtor)
        world.refuses("trading: negative cash cap", *worse, sender=trader)
        self.cap(world, 10**24)
        assert_passes(*worse, sender=trader)

    def test_the_debt_of_others_is_no_reason(self, world, trader, fill, debtor, sign, mark):
        self.cap(world, 0)
        account = world.open(trader, 1_000)
        assert_passes(*fill(sign, mark, account), sender=trader)


class TestPriceInDoubt:
    """Feeds that disagree: 2,000 and 2,100 (5 %, allowed are 2 %, which are added to both ends)."""

    @pytest.fixture
    def account(self, world, trader, maker) -> int:
        account = world.open(trader, 1_000)
        world.trade(maker, (trader, account), 10, 2_000)
        return account

    @pytest.fixture(autouse=True)
    def _diverge(self, world, account):
        world.set_price("ETH", 2_000, 2_100)

    def test_nobody_opens(self, world, trader, account, fill):
        world.deposit(trader, account, 1_000_000)
        world.refuses(NOT_VALID, *fill(1, 2_000, account), sender=trader)
        world.refuses(NOT_VALID, *fill(-11, 2_000, account), sender=trader)
        world.set_price("ETH", 2_000)
        assert_passes(*fill(1, 2_000, account), sender=trader)

    def test_reducing_goes_on_with_initial_margin_at_the_worse_end(
        self, world, trader, account, fill
    ):
        """The maker buys back what was sold, so both only reduce."""
        assert_passes(*fill(-5, 2_050, account), sender=trader)

    def test_below_initial_margin_mark_is_the_end_that_favours_the_other(
        self, world, trader, account, maker, fill
    ):
        """For a taker who sells as for a maker."""
        # At the lower end equity is 430 and IM about 780.
        world.set_price("ETH", 1_944, 2_000)
        assert_reverts(WORSE, *fill(-1, 1_999.99, account), sender=trader)
        assert_passes(*fill(-1, 2_000, account), sender=trader)
        for price, passes in ((1_999.99, False), (2_000, True)):
            offer = fill_arguments(world, (trader, account), 1, maker.account, price)
            if passes:
                assert_passes(world.exchange.fill, *offer, sender=maker.person)
            else:
                assert_reverts(WORSE, world.exchange.fill, *offer, sender=maker.person)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_load_is_that_of_the_open_interest_a_fill_leaves(world, trader, maker, fill, sign):
    """INV-8, in a market that the fill itself makes crowded."""
    steep = 100_000 * 10**6  # 10 % a million
    set_market_risk(world, "ETH-PERP", slope=0, load=steep)
    account = world.open(trader, 11_999)  # 200,000 at 4 % and 2 %: 12,000
    world.refuses(BELOW, *fill(sign * 100, 2_000, account), sender=trader)
    world.deposit(trader, account, 1.01)
    world.trade(maker, (trader, account), sign * 100, 2_000)
    equity, initial, _ = world.risk_engine.margin(account)
    assert equity >= initial > 11_999 * WAD


@pytest.mark.parametrize("side", ["maker", "taker"])
def test_a_large_risk_needs_a_contribution(world, side):
    """Above the threshold: of a maker as of a taker."""
    people = {role: world.people[role] for role in ("maker", "taker")}
    accounts = {name: world.open(person, 100_000) for name, person in people.items()}
    world.clearinghouse.set_contribution_threshold(1_000, sender=world.admin)
    (other,) = {"maker", "taker"} - {side}
    world.join(people[other], 10_000, 10_000)
    for size, passes in ((5, True), (40, False)):
        order = world.order(people["maker"], accounts["maker"], -size, 2_000)
        signature = world.sign(people["maker"], order)
        fill = order.as_tuple(), signature, size * WAD, accounts["taker"], 2**256 - 1
        if not passes:
            world.refuses(
                "requirements: contribution too small",
                world.exchange.fill,
                *fill,
                sender=people["taker"],
            )
            world.join(people[side], 10_000, 10_000)
        world.exchange.fill(*fill, sender=people["taker"])
    assert world.position(accounts["taker"])[0] == 45 * WAD
    for name, person in people.items():
        assert world.default_fund.required(person) > 0, name


@pytest.mark.parametrize("side", ["maker", "taker"])
def test_the_risk_that_needs_a_contribution_is_above_the_threshold(world, side):
    """By a wei: IM of a small position is the least equity, which can be set to the wei."""
    threshold = 1_000
    people = {role: world.people[role] for role in ("maker", "taker")}
    accounts = {name: world.open(person, 100_000) for name, person in people.items()}
    (other,) = {"maker", "taker"} - {side}
    world.join(people[other], 10_000, 10_000)
    world.clearinghouse.set_contribution_threshold(threshold, sender=world.admin)
    order = world.order(people["maker"], accounts["maker"], -1, 2_000)
    fill = order.as_tuple(), world.sign(people["maker"], order), WAD, accounts["taker"], 2**256 - 1
    for least, passes in ((threshold * WAD, True), (threshold * WAD + 1, False)):
        world.risk_engine.set_globals(500_000, least, sender=world.admin)
        world.wait(world.risk_engine.MARGIN_NOTICE())
        world.risk_engine.apply_globals(sender=world.admin)
        if passes:
            assert_passes(world.exchange.fill, *fill, sender=people["taker"])
        else:
            world.refuses(
                "requirements: contribution too small",
                world.exchange.fill,
                *fill,
                sender=people["taker"],
            )
