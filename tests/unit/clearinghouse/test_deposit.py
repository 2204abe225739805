"""Clearinghouse.deposit: what arrived is credited, at every stage and without a price."""

from __future__ import annotations

import pytest

from tests.procedure import refused
from verification.engine.reverts import assert_passes
from verification.engine.scenes import Scene
from verification.engine.world import AUCTION, CALLED, NEVER, WAD

NOT_VALID = "registry: price not valid"
HALF_CASH_RANGE = 2**99  # WAD, first amount of cash that does not fit the header
DAY = 86_400


def test_credits_cash(world, ledger, trader):
    account = world.open(trader)
    receipt = world.deposit(trader, account, 1_234.567891)
    credited = 1_234_567_891 * 10**12
    (event,) = receipt.decode_logs(ledger.Deposited)
    assert (event.account, event.token, event.payer) == (account, world.settlement, trader)
    assert (event.amount, event.credited, event.cash) == (1_234_567_891, credited, credited)
    assert world.cash(account) == credited
    assert world.settlement.balanceOf(ledger) == 1_234_567_891
    assert world.settlement.balanceOf(trader) == 0
    assert world.conservation_error() == 0


def test_returns_what_was_credited(world, ledger, trader):
    account, units = world.open(trader), world.fund(trader, "USDC", 5)
    assert ledger.deposit.call(account, world.settlement, units, sender=trader) == 5 * WAD


@pytest.mark.parametrize(("symbol", "index", "units"), [("WETH", 0, 3 * WAD), ("WBTC", 1, 12_345)])
def test_credits_collateral(world, ledger, trader, symbol, index, units):
    account, token = world.open(trader, 7), world.tokens[symbol]
    token.mint(trader, units, sender=trader)
    token.approve(ledger, units, sender=trader)
    receipt = ledger.deposit(account, token, units, sender=trader)
    credited = units * 10 ** (18 - token.decimals())
    (event,) = receipt.decode_logs(ledger.Deposited)
    assert (event.token, event.amount, event.credited) == (token, units, credited)
    assert event.cash == 7 * WAD
    assert ledger.collateral(account, index) == credited
    assert world.header(account).collateral_bitmap == 1 << index
    assert ledger.collaterals(index).total == credited
    assert token.balanceOf(ledger) == units


def test_adds_up(world, ledger, trader):
    account = world.open(trader, 10, WETH=1)
    world.deposit(trader, account, 5)
    world.deposit(trader, account, 2, "WETH")
    assert world.cash(account) == 15 * WAD
    assert ledger.collateral(account, 0) == 3 * WAD
    assert ledger.collaterals(0).total == 3 * WAD


def test_cash_may_come_from_anyone_and_collateral_may_not(world, ledger, trader, stranger):
    account = world.open(trader)
    world.deposit(stranger, account, 10)
    assert world.cash(account) == 10 * WAD
    units = world.fund(stranger, "WETH", 1)
    world.refuses(
        "registry: not the account's owner",
        ledger.deposit,
        account,
        world.tokens["WETH"],
        units,
        sender=stranger,
    )


def test_refuses_an_account_that_was_never_opened(world, ledger, trader):
    account = world.open(trader)
    arguments = world.settlement, world.fund(trader, "USDC", 5)
    assert_passes(ledger.deposit, account, *arguments, sender=trader)
    for unknown in (account + 1, 0, NEVER):
        world.refuses("ledger: unknown account", ledger.deposit, unknown, *arguments, sender=trader)


def test_refuses_a_token_that_is_not_listed(world, project, ledger, trader):
    account = world.open(trader)
    token = project.TestToken.deploy("Fake", "FAKE", 18, sender=trader)
    token.mint(trader, WAD, sender=trader)
    token.approve(ledger, WAD, sender=trader)
    for unknown in (token, trader, "0x" + "00" * 20):
        world.refuses("registry: unknown token", ledger.deposit, account, unknown, 1, sender=trader)


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_refuses_nothing(world, ledger, trader, symbol):
    account, token = world.open(trader), world.tokens[symbol]
    world.fund(trader, symbol, 1)
    world.refuses("registry: amount is zero", ledger.deposit, account, token, 0, sender=trader)
    assert_passes(ledger.deposit, account, token, 1, sender=trader)


@pytest.mark.parametrize("symbol", ["USDC", "WETH", "WBTC"])
def test_refuses_more_than_the_payer_has_or_allowed(world, ledger, trader, symbol):
    account, token = world.open(trader), world.tokens[symbol]
    units = world.fund(trader, symbol, 1)
    world.refuses(
        "test token: balance too low", ledger.deposit, account, token, units + 1, sender=trader
    )
    token.approve(ledger, units - 1, sender=trader)
    world.refuses(
        "test token: allowance too low", ledger.deposit, account, token, units, sender=trader
    )
    assert_passes(ledger.deposit, account, token, units - 1, sender=trader)


def test_collateral_up_to_its_cap(world, ledger, trader, stranger):
    account, other = world.open(trader, WETH=4), world.open(stranger)
    ledger.set_collateral_cap(0, 10 * WAD, sender=world.admin)
    weth, units = world.tokens["WETH"], world.fund(stranger, "WETH", 20)
    assert units == 20 * WAD
    world.refuses(
        "clearinghouse: cap reached", ledger.deposit, other, weth, 6 * WAD + 1, sender=stranger
    )
    ledger.deposit(other, weth, 6 * WAD, sender=stranger)
    world.refuses("clearinghouse: cap reached", ledger.deposit, other, weth, 1, sender=stranger)
    ledger.withdraw(account, weth, 1, trader, sender=trader)
    ledger.deposit(other, weth, 1, sender=stranger)
    assert ledger.collaterals(0).total == 10 * WAD


def test_a_lowered_cap_keeps_what_is_inside(world, ledger, trader):
    account, weth = world.open(trader, WETH=4), world.tokens["WETH"]
    ledger.set_collateral_cap(0, WAD, sender=world.admin)
    world.fund(trader, "WETH", 1)
    world.refuses("clearinghouse: cap reached", ledger.deposit, account, weth, 1, sender=trader)
    ledger.withdraw(account, weth, 4 * WAD, trader, sender=trader)


def test_cash_that_does_not_fit_the_header(world, ledger, trader):
    account = world.open(trader)
    units = HALF_CASH_RANGE // 10**12
    world.settlement.mint(trader, units + 1, sender=trader)
    world.settlement.approve(ledger, NEVER, sender=trader)
    world.refuses(
        "words: number out of range",
        ledger.deposit,
        account,
        world.settlement,
        units + 1,
        sender=trader,
    )
    ledger.deposit(account, world.settlement, units, sender=trader)
    assert world.cash(account) == units * 10**12


def test_works_under_a_margin_call(world, ledger, called):
    before = world.cash(called.account)
    world.deposit(called.person, called.account, 5)
    world.deposit(called.person, called.account, 1, "WETH")
    assert world.stage(called.account) == CALLED
    assert world.cash(called.account) == before + 5 * WAD
    assert ledger.collateral(called.account, 0) == WAD


def test_works_in_an_auction(world, ledger, called, keeper):
    world.wait(3_601)
    world.default_manager.open_auction(called.account, sender=keeper)
    before = world.cash(called.account)
    world.deposit(called.person, called.account, 5)
    world.deposit(called.person, called.account, 1, "WETH")
    assert world.stage(called.account) == AUCTION
    assert world.cash(called.account) == before + 5 * WAD


def test_cash_needs_no_price(world, holder):
    for feeds in world.feeds.values():
        for feed in feeds:
            feed.set(0, sender=world.admin)
    before = world.cash(holder.account)
    world.deposit(holder.person, holder.account, 5)
    assert world.cash(holder.account) == before + 5 * WAD


def prices_apart(world) -> None:
    """Let the feeds of ETH disagree a hundredfold; BTC stays VALID."""
    world.set_price("ETH", 2_000, 200_000)


@pytest.mark.parametrize("state", ["position", "debt", "called"])
def test_collateral_in_doubt_shields_no_account_with_risk(world, ledger, trader, maker, state):
    """The procedure counts a price in doubt at its better end."""
    account = world.open(trader, 1_000, WBTC=1)
    world.trade(maker, (trader, account), 10, 2_000)
    if state == "debt":
        world.set_price("ETH", 1_000)
        world.trade(maker, (trader, account), -10, 1_000)
        assert world.cash(account) < 0
    if state == "called":
        world.set_price("BTC", 10_000)
        world.set_price("ETH", 1_000)
        world.default_manager.call_margin(account, sender=maker.person)
    prices_apart(world)
    weth, wbtc = world.tokens["WETH"], world.tokens["WBTC"]
    units, valid = world.fund(trader, "WETH", 1), world.fund(trader, "WBTC", 1)
    world.refuses(NOT_VALID, ledger.deposit, account, weth, units, sender=trader)
    # What is VALID, and cash, may come in.
    assert_passes(ledger.deposit, account, wbtc, valid, sender=trader)
    world.deposit(trader, account, 1)
    world.set_price("ETH", 2_000)
    assert_passes(ledger.deposit, account, weth, units, sender=trader)


def test_an_account_without_risk_takes_collateral_at_any_price(world, ledger, trader):
    account = world.open(trader, 10)
    prices_apart(world)
    world.deposit(trader, account, 1, "WETH")
    assert ledger.collateral(account, 0) == WAD


def test_a_called_account_without_a_position_takes_no_collateral_in_doubt(fast_world):
    """Closed under the call, which is still there: what comes in must have a price."""
    scene = Scene.set(fast_world)
    scene.price(1_945)
    scene.call()
    fast_world.trade((scene.maker, scene.book), (scene.trader, scene.account), -100, 1_945)
    assert scene.is_called()
    assert fast_world.cash(scene.account) > 0
    units = fast_world.fund(scene.trader, "WETH", 1)
    deposit = fast_world.clearinghouse.deposit
    arguments = scene.account, fast_world.deployment.tokens["WETH"], units
    fast_world.wait(DAY, refresh=False)
    refused("registry: price not valid", deposit, *arguments, sender=scene.trader)
    fast_world.refresh()
    deposit(*arguments, sender=scene.trader)
    assert fast_world.clearinghouse.collateral(scene.account, 0) == WAD
