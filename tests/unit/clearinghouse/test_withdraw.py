"""Clearinghouse.withdraw: what is free leaves, and never what IM or the law needs."""

from __future__ import annotations

import pytest

from tests.procedure import WINS_COUNT
from verification.engine.reverts import assert_passes
from verification.engine.world import ETH, NEVER, WAD

BELOW = "risk engine: below initial margin"
CASH_UNIT = 10**12  # WAD per unit of USDC
ROUNDING = 100  # wei by which the engine may round IM up


def units_free(world, account: int) -> int:
    """Return how many units of cash the engine's own figures leave free, without any profit."""
    equity, _, _ = world.risk_engine.margin(account)
    size, cost = world.position(account)
    price = world.risk_engine.price(8 + ETH)[0]
    profit = max(size * price // WAD - cost, 0)
    legs_only = base_margin(abs(size) * price // WAD)
    return (equity - legs_only - profit - ROUNDING) // CASH_UNIT


def base_margin(notional: int) -> int:
    """Return the IM of one ETH position of config/local.yaml with open interest of its own size."""
    rate = 4 * 10**16 + 2_000 * 10**6 * notional // WAD + 100 * 10**6 * notional // WAD
    return rate * notional // WAD


def test_pays_out_cash(world, ledger, trader, recipient):
    account = world.open(trader, 10)
    receipt = ledger.withdraw(account, world.settlement, 3 * 10**6, recipient, sender=trader)
    (event,) = receipt.decode_logs(ledger.Withdrawn)
    assert (event.account, event.token, event.recipient) == (account, world.settlement, recipient)
    assert (event.amount, event.debited, event.cash) == (3 * 10**6, 3 * WAD, 7 * WAD)
    assert world.cash(account) == 7 * WAD
    assert world.settlement.balanceOf(recipient) == 3 * 10**6
    assert world.settlement.balanceOf(ledger) == 7 * 10**6
    assert world.conservation_error() == 0


@pytest.mark.parametrize(("symbol", "index", "scale"), [("WETH", 0, 1), ("WBTC", 1, 10**10)])
def test_pays_out_collateral(world, ledger, trader, recipient, symbol, index, scale):
    token = world.tokens[symbol]
    account = world.open(trader, 5, **{symbol: 2})
    held = world.units(symbol, 2)
    receipt = ledger.withdraw(account, token, held - 1, recipient, sender=trader)
    (event,) = receipt.decode_logs(ledger.Withdrawn)
    assert (event.amount, event.debited, event.cash) == (held - 1, (held - 1) * scale, 5 * WAD)
    assert ledger.collateral(account, index) == scale
    assert ledger.collaterals(index).total == scale
    assert world.header(account).collateral_bitmap == 1 << index
    ledger.withdraw(account, token, 1, recipient, sender=trader)
    assert ledger.collateral(account, index) == ledger.collaterals(index).total == 0
    assert world.header(account).collateral_bitmap == 0
    assert token.balanceOf(recipient) == held


@pytest.mark.parametrize("symbol", ["USDC", "WETH", "WBTC"])
def test_refuses_nothing_and_more_than_held(world, ledger, trader, stranger, symbol):
    account, token, held = world.open(trader), world.tokens[symbol], world.units(symbol, 3)
    world.deposit(trader, account, 3, symbol)
    world.deposit(stranger, world.open(stranger), 3, symbol)
    world.refuses(
        "registry: amount is zero", ledger.withdraw, account, token, 0, trader, sender=trader
    )
    for amount in (held + 1, 2 * held):
        world.refuses(
            "registry: not enough held",
            ledger.withdraw,
            account,
            token,
            amount,
            trader,
            sender=trader,
        )
    ledger.withdraw(account, token, held, trader, sender=trader)


def test_an_amount_beyond_all_arithmetic_reverts(world, ledger, trader):
    account = world.open(trader, 3)
    world.refuses("", ledger.withdraw, account, world.settlement, NEVER, trader, sender=trader)


def test_refuses_strangers(world, ledger, trader, stranger):
    account = world.open(trader, 3)
    arguments = (account, world.settlement, 1, stranger)
    world.refuses("registry: not the account's owner", ledger.withdraw, *arguments, sender=stranger)
    assert_passes(ledger.withdraw, *arguments, sender=trader)


def test_refuses_unknown_accounts_and_tokens(world, ledger, trader):
    account = world.open(trader, 3)
    arguments = (world.settlement, 1, trader)
    world.refuses(
        "ledger: unknown account", ledger.withdraw, account + 1, *arguments, sender=trader
    )
    world.refuses(
        "registry: unknown token", ledger.withdraw, account, trader, 1, trader, sender=trader
    )


def test_refuses_to_pay_the_clearinghouse_itself(world, ledger, trader):
    """The tokens would stay and belong to nobody."""
    account = world.open(trader, 3)
    world.refuses(
        "vault: token transfer failed",
        ledger.withdraw,
        account,
        world.settlement,
        1,
        ledger,
        sender=trader,
    )


def test_leaves_initial_margin(world, ledger, holder):
    free = units_free(world, holder.account)
    assert 9_000 * 10**6 < free < 9_200 * 10**6
    arguments = (holder.account, world.settlement)
    world.refuses(BELOW, ledger.withdraw, *arguments, free + 1, holder.person, sender=holder.person)
    ledger.withdraw(*arguments, free, holder.person, sender=holder.person)
    equity, initial, _ = world.risk_engine.margin(holder.account)
    assert 0 <= equity - initial < CASH_UNIT


@pytest.mark.parametrize("price", [2_001, 2_090, 2_900])
def test_unrealised_profit_does_not_leave(world, ledger, holder, price):
    """Mango: profit that nobody has paid yet is not money."""
    world.set_price("ETH", price)
    free = units_free(world, holder.account)
    assert free <= 9_200 * 10**6
    arguments = (holder.account, world.settlement)
    world.refuses(BELOW, ledger.withdraw, *arguments, free + 1, holder.person, sender=holder.person)
    assert_passes(ledger.withdraw, *arguments, free, holder.person, sender=holder.person)


def test_unrealised_loss_counts(world, ledger, holder):
    before = units_free(world, holder.account)
    world.set_price("ETH", 1_900)
    free = units_free(world, holder.account)
    assert before - free > 900 * 10**6
    arguments = (holder.account, world.settlement)
    world.refuses(BELOW, ledger.withdraw, *arguments, free + 1, holder.person, sender=holder.person)
    assert_passes(ledger.withdraw, *arguments, free, holder.person, sender=holder.person)


def test_collateral_is_free_as_far_as_its_haircut_allows(world, ledger, trader, maker):
    account, weth = world.open(trader, WETH=1), world.tokens["WETH"]
    world.trade(maker, (trader, account), 1, 2_000)  # IM 84 and fee 1; 0.8 WETH count
    arguments = (account, weth)
    world.refuses(BELOW, ledger.withdraw, *arguments, 96 * WAD // 100, trader, sender=trader)
    ledger.withdraw(*arguments, 94 * WAD // 100, trader, sender=trader)
    equity, initial, _ = world.risk_engine.margin(account)
    assert equity >= initial


def test_a_flat_account_needs_no_price(world, ledger, trader, holder):
    account = world.open(trader, 5, WETH=1)
    world.wait(3 * 3_600, refresh=False)
    for token, units in ((world.settlement, 5 * 10**6), (world.tokens["WETH"], WAD)):
        ledger.withdraw(account, token, units, trader, sender=trader)
    world.refuses(
        "risk engine: price not valid",
        ledger.withdraw,
        holder.account,
        world.settlement,
        1,
        trader,
        sender=trader,
    )


def test_nothing_leaves_under_a_call_or_in_an_auction(world, ledger, called, keeper):
    world.deposit(called.person, called.account, 300)
    arguments = (called.account, world.settlement, 1, called.person)
    world.refuses("ledger: account under a call", ledger.withdraw, *arguments, sender=called.person)
    world.default_manager.cure(called.account, sender=keeper)
    world.refuses("margin moves: won too lately", ledger.withdraw, *arguments, sender=called.person)
    world.wait(WINS_COUNT)
    assert_passes(ledger.withdraw, *arguments, sender=called.person)
    world.set_price("ETH", 975)
    world.default_manager.open_auction(called.account, sender=keeper)
    world.refuses("ledger: account under a call", ledger.withdraw, *arguments, sender=called.person)


class TestNegativeCash:
    """An account with 10 WETH that owes what it lost on 20 ETH between 2,000 and 1,950."""

    @pytest.fixture
    def debtor(self, world, trader, maker) -> int:
        account = world.open(trader, WETH=10)
        world.trade(maker, (trader, account), 20, 2_000)
        world.set_price("ETH", 1_950)
        world.trade(maker, (trader, account), -20, 1_950)
        assert world.cash(account) < -1_000 * WAD
        return account

    def test_collateral_leaves_while_the_rest_covers_the_debt(self, world, ledger, trader, debtor):
        owed = -world.cash(debtor)
        needed = -(-owed * WAD * 10 // (8 * 1_950 * WAD))  # 80 % of WETH counts
        weth = world.tokens["WETH"]
        free = 10 * WAD - needed
        world.refuses(BELOW, ledger.withdraw, debtor, weth, free + 10**6, trader, sender=trader)
        ledger.withdraw(debtor, weth, free - 10**6, trader, sender=trader)

    def test_it_needs_a_valid_price(self, world, ledger, trader, debtor):
        world.set_price("ETH", 1_950, 2_500)
        world.refuses(
            "risk engine: price not valid",
            ledger.withdraw,
            debtor,
            world.tokens["WETH"],
            1,
            trader,
            sender=trader,
        )

    def test_there_is_no_cash_to_take(self, world, ledger, trader, debtor):
        world.refuses(
            "registry: not enough held",
            ledger.withdraw,
            debtor,
            world.settlement,
            1,
            trader,
            sender=trader,
        )

    def test_nothing_leaves_while_the_total_is_above_its_cap(self, world, ledger, trader, debtor):
        arguments = (debtor, world.tokens["WETH"], 1, trader)
        owed = ledger.negative_cash()
        assert owed == -world.cash(debtor)
        ledger.set_shortfall_terms(owed - 1, 10**6, 0, 0, sender=world.admin)
        world.refuses("trading: negative cash cap", ledger.withdraw, *arguments, sender=trader)
        ledger.set_shortfall_terms(owed, 10**6, 0, 0, sender=world.admin)
        assert_passes(ledger.withdraw, *arguments, sender=trader)

    def test_paying_the_debt_frees_everything(self, world, ledger, trader, debtor):
        world.deposit(trader, debtor, 2_000)
        assert ledger.negative_cash() == 0
        ledger.withdraw(debtor, world.tokens["WETH"], 10 * WAD, trader, sender=trader)
