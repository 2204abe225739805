"""Clearinghouse.set_operator and is_authorised: who may act for whom."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_passes
from verification.engine.world import CROSS, NEVER, TRADE, WITHDRAW

BOTH = TRADE | WITHDRAW
NOT_OWNER = "registry: not the account's owner"


@pytest.fixture
def account(world, trader) -> int:
    return world.open(trader, 1_000, WETH=1)


@pytest.fixture
def second_account(world, trader) -> int:
    return world.open(trader)


@pytest.mark.parametrize("permissions", [0, TRADE, WITHDRAW, BOTH])
def test_sets_and_logs_permissions(ledger, trader, operator, permissions):
    ledger.set_operator(operator, BOTH, sender=trader)
    receipt = ledger.set_operator(operator, permissions, sender=trader)
    assert ledger.operators(trader, operator) == permissions
    (event,) = receipt.decode_logs(ledger.OperatorSet)
    assert (event.owner, event.operator, event.permissions) == (trader, operator, permissions)


@pytest.mark.parametrize("permissions", [4, 7, 2**128, NEVER])
def test_refuses_permissions_that_there_are_not(world, ledger, trader, operator, permissions):
    world.refuses(
        "clearinghouse: unknown permission",
        ledger.set_operator,
        operator,
        permissions,
        sender=trader,
    )


@pytest.mark.parametrize("granted", [0, TRADE, WITHDRAW, BOTH])
@pytest.mark.parametrize(
    ("action", "needed"), [("deposit", TRADE), ("withdraw", WITHDRAW), ("transfer", WITHDRAW)]
)
def test_an_operator_does_what_he_may(
    world, ledger, trader, operator, account, second_account, granted, action, needed
):
    weth, units = world.tokens["WETH"], world.fund(operator, "WETH", 1)
    arguments = {
        "deposit": (account, weth, units),
        "withdraw": (account, weth, units, operator),
        "transfer": (account, second_account, weth, units),
    }[action]
    ledger.set_operator(operator, granted, sender=trader)
    function = getattr(ledger, action)
    if granted & needed:
        function(*arguments, sender=operator)
    else:
        world.refuses(NOT_OWNER, function, *arguments, sender=operator)


def test_an_operator_acts_for_all_accounts_of_his_owner_only(
    world, ledger, trader, operator, stranger, account, second_account
):
    others = world.open(stranger, 1_000)
    ledger.set_operator(operator, BOTH, sender=trader)
    ledger.withdraw(account, world.settlement, 1, operator, sender=operator)
    ledger.transfer(account, second_account, world.settlement, 1, sender=operator)
    ledger.withdraw(second_account, world.settlement, 1, operator, sender=operator)
    world.refuses(
        NOT_OWNER, ledger.withdraw, others, world.settlement, 1, operator, sender=operator
    )


def test_an_operator_cannot_name_operators(world, ledger, trader, operator, stranger, account):
    ledger.set_operator(operator, BOTH, sender=trader)
    ledger.set_operator(stranger, BOTH, sender=operator)
    world.refuses(
        NOT_OWNER, ledger.withdraw, account, world.settlement, 1, stranger, sender=stranger
    )


def test_a_revoked_operator_may_nothing(world, ledger, trader, operator, account):
    arguments = (account, world.settlement, 1, operator)
    ledger.set_operator(operator, BOTH, sender=trader)
    assert_passes(ledger.withdraw, *arguments, sender=operator)
    ledger.set_operator(operator, 0, sender=trader)
    world.refuses(NOT_OWNER, ledger.withdraw, *arguments, sender=operator)


@pytest.mark.parametrize("granted", [0, TRADE, WITHDRAW, BOTH])
@pytest.mark.parametrize("asked", [TRADE, WITHDRAW])
def test_is_authorised(ledger, trader, operator, account, granted, asked):
    ledger.set_operator(operator, granted, sender=trader)
    assert ledger.is_authorised(account, trader, asked)
    assert ledger.is_authorised(account, operator, asked) == bool(granted & asked)


def test_nobody_is_authorised_for_an_account_that_was_never_opened(ledger, trader, account):
    assert ledger.is_authorised(account, trader, TRADE)
    assert not ledger.is_authorised(account + 1, trader, TRADE)
    assert not ledger.is_authorised(CROSS << 88, "0x" + "00" * 20, TRADE)


def test_fills_need_an_operator_with_trade(world, ledger, trader, operator, maker, account):
    order = world.order(*maker, -0.1, 2_000)
    arguments = (order.as_tuple(), world.sign(maker.person, order), 10**17, account, NEVER)
    ledger.set_operator(operator, WITHDRAW, sender=trader)
    world.refuses("exchange: not authorised", world.exchange.fill, *arguments, sender=operator)
    ledger.set_operator(operator, TRADE, sender=trader)
    world.exchange.fill(*arguments, sender=operator)
    assert world.position(account)[0] == 10**17
