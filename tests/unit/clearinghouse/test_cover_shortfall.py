"""Clearinghouse.cover_shortfall: anyone pays negative cash that has lasted, and gets collateral."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_passes, assert_reverts
from verification.engine.world import WAD

DAY = 86_400
DISCOUNT_PPM = 10_000  # config/local.yaml: 1 %
PRICE = 1_900
NOT_YET = "clearinghouse: not open yet"


def lose(world, maker, party, size: float, price: float) -> None:
    """Let the party lose on a long position between 2,000 and `price`, and close it at mark."""
    world.trade(maker, party, size, 2_000)
    world.set_price("ETH", price)
    world.trade(maker, party, -size, price)


@pytest.fixture
def debtor(world, trader, maker) -> int:
    """100 WETH at 1,900 and a debt of about 20,400."""
    account = world.open(trader, WETH=100)
    lose(world, maker, (trader, account), 200, PRICE)
    assert -21_000 * WAD < world.cash(account) < -20_000 * WAD
    return account


@pytest.fixture
def open_to_all(world, debtor) -> int:
    """The debtor after the grace time."""
    world.wait(DAY)
    return debtor


@pytest.fixture
def payer(world, keeper, ledger):
    world.fund(keeper, "USDC", 100_000)
    return keeper


def terms(world, account: int, units: int, least: int = 0, to=None) -> tuple:
    return (account, world.tokens["WETH"], units, least, to or world.people["recipient"])


def collateral_for(units: int, price: int = PRICE) -> int:
    """Return the reference: worth of the payment and 1 %, in WETH, rounded down."""
    worth = units * 10**12 * (10**6 + DISCOUNT_PPM) // 10**6
    return worth * WAD // (price * WAD)


def test_pays_and_takes_collateral(world, ledger, payer, recipient, open_to_all):
    debt, units = -world.cash(open_to_all), 5_000 * 10**6
    held = world.settlement.balanceOf(ledger)
    receipt = ledger.cover_shortfall(*terms(world, open_to_all, units), sender=payer)
    taken = collateral_for(units)
    (event,) = receipt.decode_logs(world.clearinghouse.ShortfallCovered)
    assert (event.account, event.payer, event.token) == (open_to_all, payer, world.tokens["WETH"])
    assert (event.cash_paid, event.collateral_taken) == (5_000 * WAD, taken)
    assert event.cash == world.cash(open_to_all) == 5_000 * WAD - debt
    assert ledger.negative_cash() == debt - 5_000 * WAD
    assert ledger.collateral(open_to_all, 0) == 100 * WAD - taken == ledger.collaterals(0).total
    assert world.tokens["WETH"].balanceOf(recipient) == taken
    assert world.settlement.balanceOf(ledger) == held + units
    assert world.conservation_error() < 10**-12


def test_returns_what_was_taken(world, ledger, payer, open_to_all):
    answer = ledger.cover_shortfall.call(*terms(world, open_to_all, 10**6), sender=payer)
    assert answer == collateral_for(10**6)


def test_opens_after_the_grace_time(world, ledger, payer, debtor):
    since = ledger.shortfall_clocks(debtor)
    assert 0 < since < 2**32
    world.refuses(NOT_YET, ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)
    world.wait(DAY - 600)
    world.chain.pending_timestamp = since + DAY - 1
    assert_reverts(NOT_YET, ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)
    world.chain.pending_timestamp = since + DAY
    assert_passes(ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)


def test_every_debt_however_small(world, ledger, trader, maker, payer):
    account = world.open(trader, WETH=100)
    lose(world, maker, (trader, account), 0.01, PRICE)
    assert -2 * WAD < world.cash(account) < 0
    world.refuses(NOT_YET, ledger.cover_shortfall, *terms(world, account, 1), sender=payer)
    world.wait(DAY)
    assert_passes(ledger.cover_shortfall, *terms(world, account, 1), sender=payer)


def test_not_at_once_while_the_total_is_above_its_cap(world, ledger, payer, debtor):
    """Whoever lowers the cash held could else take collateral at once."""
    owed = ledger.negative_cash()
    ledger.set_shortfall_terms(owed - 1, 10**6, DAY, 0, sender=world.admin)
    world.refuses(NOT_YET, ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)


def test_a_short_repayment_gains_no_new_grace(world, ledger, trader, maker, payer, debtor):
    since = ledger.shortfall_clocks(debtor)
    world.fund(trader, "USDC", 30_000)
    owed = -(world.cash(debtor) // 10**12)
    ledger.deposit(debtor, world.settlement, owed, sender=trader)
    cleared = ledger.shortfall_clocks(debtor)
    assert (cleared & 2**32 - 1, cleared >> 32 > since) == (since, True)
    world.wait(DAY - 3_600)
    world.set_price("ETH", 2_000)
    lose(world, maker, (trader, debtor), 100, PRICE)
    assert ledger.shortfall_clocks(debtor) == since
    world.wait(3_600)
    assert_passes(ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)


def test_a_day_without_debt_ends_the_clock(world, ledger, trader, maker, payer, debtor):
    since = ledger.shortfall_clocks(debtor)
    world.fund(trader, "USDC", 30_000)
    owed = -(world.cash(debtor) // 10**12)
    ledger.deposit(debtor, world.settlement, owed, sender=trader)
    world.wait(DAY)
    world.set_price("ETH", 2_000)
    lose(world, maker, (trader, debtor), 100, PRICE)
    assert since + DAY < ledger.shortfall_clocks(debtor) < 2**32
    world.refuses(NOT_YET, ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)


def test_a_debt_that_grows_keeps_its_clock(world, ledger, trader, maker, debtor):
    since = ledger.shortfall_clocks(debtor)
    world.wait(3_600)
    world.set_price("ETH", 2_000)
    lose(world, maker, (trader, debtor), 100, PRICE)
    assert world.cash(debtor) < -30_000 * WAD
    assert ledger.shortfall_clocks(debtor) == since


def test_pays_the_last_unit_rounded_up_and_not_more(world, ledger, payer, open_to_all):
    debt = -world.cash(open_to_all)
    all_of_it = -(-debt // 10**12)
    world.refuses(
        "clearinghouse: owes less",
        ledger.cover_shortfall,
        *terms(world, open_to_all, all_of_it + 1),
        sender=payer,
    )
    ledger.cover_shortfall(*terms(world, open_to_all, all_of_it), sender=payer)
    assert 0 <= world.cash(open_to_all) < 10**12
    assert ledger.negative_cash() == 0
    assert ledger.shortfall_clocks(open_to_all) >> 32 != 0
    reason = "clearinghouse: owes less"
    world.refuses(reason, ledger.cover_shortfall, *terms(world, open_to_all, 1), sender=payer)


def test_the_debt_of_others_opens_no_account(world, ledger, stranger, payer, debtor):
    flat = world.open(stranger, 5, WETH=1)
    ledger.set_shortfall_terms(0, 0, 0, 0, sender=world.admin)
    assert_passes(ledger.cover_shortfall, *terms(world, debtor, 1), sender=payer)
    world.refuses(NOT_YET, ledger.cover_shortfall, *terms(world, flat, 1), sender=payer)


def test_refuses_less_collateral_than_asked_for(world, ledger, payer, open_to_all):
    least = collateral_for(10**6)
    world.refuses(
        "clearinghouse: below minimum",
        ledger.cover_shortfall,
        *terms(world, open_to_all, 10**6, least + 1),
        sender=payer,
    )
    assert_passes(ledger.cover_shortfall, *terms(world, open_to_all, 10**6, least), sender=payer)


def test_takes_all_that_is_held_and_no_more(world, ledger, trader, payer, open_to_all):
    world.deposit(trader, open_to_all, 1, "WBTC")  # worth 40,000: the account stays healthy
    world.set_price("ETH", 101)
    units = 10_000 * 10**6  # and 1 % on top: 100 WETH
    world.refuses(
        "registry: not enough held",
        ledger.cover_shortfall,
        *terms(world, open_to_all, units + 1),
        sender=payer,
    )
    ledger.cover_shortfall(*terms(world, open_to_all, units), sender=payer)
    assert ledger.collateral(open_to_all, 0) == 0
    assert world.header(open_to_all).collateral_bitmap == 2
    assert world.conservation_error() < 10**-12


@pytest.mark.parametrize(("price", "is_healthy"), [(240, True), (230, False), (150, False)])
def test_leaves_a_healthy_account(world, ledger, payer, open_to_all, price, is_healthy):
    """Of 100 WETH 88 % count for MM; the debt is 20,400. Below that, an auction sells them."""
    world.set_price("ETH", price)
    arguments = terms(world, open_to_all, 10**6)
    if is_healthy:
        assert_passes(ledger.cover_shortfall, *arguments, sender=payer)
    else:
        world.refuses(
            "risk engine: below maintenance margin",
            ledger.cover_shortfall,
            *arguments,
            sender=payer,
        )


def test_refuses_collateral_that_is_not_there(world, ledger, payer, recipient, open_to_all):
    token = world.tokens["WBTC"]
    world.refuses(
        "registry: not enough held",
        ledger.cover_shortfall,
        open_to_all,
        token,
        1_000 * 10**6,
        0,
        recipient,
        sender=payer,
    )


def test_refuses_unknown_accounts_tokens_and_amounts(world, ledger, payer, open_to_all):
    weth = world.tokens["WETH"]
    for reason, account, token, units in [
        ("ledger: unknown account", open_to_all + 9, weth, 1),
        ("registry: unknown token", open_to_all, payer, 1),
        ("registry: unknown token", open_to_all, world.settlement, 1),
        ("registry: amount is zero", open_to_all, weth, 0),
    ]:
        world.refuses(reason, ledger.cover_shortfall, account, token, units, 0, payer, sender=payer)


def test_refuses_a_price_in_doubt(world, ledger, payer, open_to_all):
    world.set_price("ETH", PRICE, PRICE * 1.03)
    world.refuses(
        "registry: price not valid",
        ledger.cover_shortfall,
        *terms(world, open_to_all, 1),
        sender=payer,
    )


def test_not_while_the_account_is_under_a_call(world, ledger, payer, keeper, open_to_all):
    world.set_price("ETH", 205)  # 20,500 of WETH, of which 18,000 count for MM
    world.default_manager.call_margin(open_to_all, sender=keeper)
    world.refuses(
        "ledger: account under a call",
        ledger.cover_shortfall,
        *terms(world, open_to_all, 1),
        sender=payer,
    )
    world.set_price("ETH", PRICE)
    world.default_manager.cure(open_to_all, sender=keeper)
    assert_passes(ledger.cover_shortfall, *terms(world, open_to_all, 1), sender=payer)


def test_the_payer_needs_the_money(world, ledger, stranger, open_to_all):
    world.refuses(
        "test token: allowance too low",
        ledger.cover_shortfall,
        *terms(world, open_to_all, 1),
        sender=stranger,
    )
