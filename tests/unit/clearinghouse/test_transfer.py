"""Clearinghouse.transfer: like a withdrawal for the giver, like a deposit for the taker."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_passes
from verification.engine.world import CALLED, ETH, ISOLATED, NEVER, WAD


@pytest.fixture
def source(world, trader) -> int:
    return world.open(trader, 10, WETH=2, WBTC=1)


@pytest.fixture
def target(world, trader) -> int:
    return world.open(trader)


def test_moves_cash_between_owners(world, ledger, trader, stranger, source):
    others = world.open(stranger, 5)
    receipt = ledger.transfer(source, others, world.settlement, 3 * 10**6, sender=trader)
    (event,) = receipt.decode_logs(ledger.Transferred)
    assert (event.from_account, event.to_account, event.token) == (source, others, world.settlement)
    assert (event.amount, event.from_cash, event.to_cash) == (3 * WAD, 7 * WAD, 8 * WAD)
    assert (world.cash(source), world.cash(others)) == (7 * WAD, 8 * WAD)
    assert world.settlement.balanceOf(ledger) == 15 * 10**6
    assert world.conservation_error() == 0


@pytest.mark.parametrize(("symbol", "index"), [("WETH", 0), ("WBTC", 1)])
def test_moves_collateral_between_accounts_of_one_owner(
    world, ledger, trader, source, target, symbol, index
):
    token, held = world.tokens[symbol], ledger.collateral(source, index)
    units = token.balanceOf(ledger)
    receipt = ledger.transfer(source, target, token, units, sender=trader)
    (event,) = receipt.decode_logs(ledger.Transferred)
    assert (event.amount, event.from_cash, event.to_cash) == (held, 10 * WAD, 0)
    assert (ledger.collateral(source, index), ledger.collateral(target, index)) == (0, held)
    assert world.header(source).collateral_bitmap == 3 & ~(1 << index)
    assert world.header(target).collateral_bitmap == 1 << index
    assert ledger.collaterals(index).total == held


def test_collateral_goes_to_no_other_owner(world, ledger, trader, stranger, source, target):
    others = world.open(stranger)
    weth = world.tokens["WETH"]
    world.refuses(
        "clearinghouse: another owner", ledger.transfer, source, others, weth, WAD, sender=trader
    )
    assert_passes(ledger.transfer, source, target, weth, WAD, sender=trader)


def test_refuses_one_account_twice(world, ledger, trader, source):
    world.refuses(
        "clearinghouse: same account",
        ledger.transfer,
        source,
        source,
        world.settlement,
        1,
        sender=trader,
    )


@pytest.mark.parametrize("symbol", ["USDC", "WETH", "WBTC"])
def test_refuses_nothing_and_more_than_held(world, ledger, trader, source, target, symbol):
    token = world.tokens[symbol]
    held = token.balanceOf(ledger)
    for amount, reason in [
        (0, "registry: amount is zero"),
        (held + 1, "registry: not enough held"),
    ]:
        world.refuses(reason, ledger.transfer, source, target, token, amount, sender=trader)
    assert_passes(ledger.transfer, source, target, token, held, sender=trader)


def test_refuses_unknown_accounts_and_tokens(world, ledger, trader, stranger, source, target):
    money = world.settlement
    unknown = "ledger: unknown account"
    world.refuses(unknown, ledger.transfer, source, target + 1, money, 1, sender=trader)
    world.refuses(unknown, ledger.transfer, source, NEVER, money, 1, sender=trader)
    world.refuses(unknown, ledger.transfer, target + 1, source, money, 1, sender=trader)
    world.refuses(
        "registry: unknown token", ledger.transfer, source, target, stranger, 1, sender=trader
    )


def test_refuses_strangers_and_receivers(world, ledger, trader, stranger, source):
    others = world.open(stranger)
    arguments = (source, others, world.settlement, 1)
    world.refuses("registry: not the account's owner", ledger.transfer, *arguments, sender=stranger)
    assert_passes(ledger.transfer, *arguments, sender=trader)


def test_the_giver_keeps_initial_margin(world, ledger, holder, target):
    equity, initial, _ = world.risk_engine.margin(holder.account)
    free = (equity - initial) // 10**12
    arguments = (holder.account, target, world.settlement)
    world.refuses(
        "risk engine: below initial margin",
        ledger.transfer,
        *arguments,
        free + 1,
        sender=holder.person,
    )
    ledger.transfer(*arguments, free, sender=holder.person)


def test_the_givers_profit_stays(world, ledger, holder, target):
    world.set_price("ETH", 2_500)
    equity, _, _ = world.risk_engine.margin(holder.account)
    assert equity > 14_000 * WAD
    world.refuses(
        "risk engine: below initial margin",
        ledger.transfer,
        holder.account,
        target,
        world.settlement,
        9_000 * 10**6,
        sender=holder.person,
    )


def test_the_giver_is_not_under_a_call(world, ledger, called, target):
    world.refuses(
        "ledger: account under a call",
        ledger.transfer,
        called.account,
        target,
        world.settlement,
        1,
        sender=called.person,
    )


def test_money_reaches_an_account_under_a_call(world, ledger, called, keeper):
    helper = world.open(called.person, 500, WETH=1)
    before = world.cash(called.account)
    ledger.transfer(helper, called.account, world.settlement, 500 * 10**6, sender=called.person)
    ledger.transfer(helper, called.account, world.tokens["WETH"], WAD, sender=called.person)
    assert world.stage(called.account) == CALLED
    assert world.cash(called.account) == before + 500 * WAD
    world.default_manager.cure(called.account, sender=keeper)


def test_money_pays_negative_cash(world, ledger, trader, maker):
    debtor, payer = world.open(trader, WETH=10), world.open(trader, 5_000)
    world.trade(maker, (trader, debtor), 20, 2_000)
    world.set_price("ETH", 1_950)
    world.trade(maker, (trader, debtor), -20, 1_950)
    owed = -world.cash(debtor)
    assert ledger.negative_cash() == owed > 1_000 * WAD
    ledger.transfer(payer, debtor, world.settlement, 500 * 10**6, sender=trader)
    assert ledger.negative_cash() == owed - 500 * WAD
    ledger.transfer(payer, debtor, world.settlement, 4_500 * 10**6, sender=trader)
    assert ledger.negative_cash() == 0
    assert world.cash(debtor) == 5_000 * WAD - owed
    assert world.conservation_error() < 10**-12


def test_between_modes(world, ledger, trader, source):
    isolated = world.open(trader, mode=ISOLATED, market=ETH)
    ledger.transfer(source, isolated, world.settlement, 10**6, sender=trader)
    ledger.transfer(isolated, source, world.settlement, 10**6, sender=trader)
    assert (world.cash(source), world.cash(isolated)) == (10 * WAD, 0)


def test_collateral_in_doubt_goes_to_no_account_with_risk(world, ledger, trader, maker, source):
    """As a deposit: a price in doubt must not shield a defaulter."""
    risky, flat = world.open(trader, 1_000), world.open(trader)
    world.trade(maker, (trader, risky), 10, 2_000)
    world.set_price("ETH", 2_000, 200_000)
    weth = world.tokens["WETH"]
    world.refuses(
        "registry: price not valid",
        ledger.transfer,
        source,
        risky,
        weth,
        WAD,
        sender=trader,
    )
    assert_passes(ledger.transfer, source, flat, weth, WAD, sender=trader)
    world.set_price("ETH", 2_000)
    assert_passes(ledger.transfer, source, risky, weth, WAD, sender=trader)
