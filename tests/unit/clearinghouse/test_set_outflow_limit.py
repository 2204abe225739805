"""Clearinghouse.set_outflow_limit: cash leaves so fast within an hour, net of what comes in."""

from __future__ import annotations

import pytest

from verification.engine.world import WAD

LIMIT = "exits: outflow limit"
HOUR = 3_600


@pytest.fixture
def savers(world, trader):
    """Three accounts of 1,000 each, and a limit of 30 % or 100."""
    accounts = [world.open(trader, 1_000) for _ in range(3)]
    world.clearinghouse.set_outflow_limit(300_000, 100, sender=world.admin)
    return accounts


def take(world, trader, account, amount):
    units = world.units("USDC", amount)
    return world.clearinghouse.withdraw(account, world.settlement, units, trader, sender=trader)


def refused(world, trader, account, amount):
    args = account, world.settlement, world.units("USDC", amount), trader
    world.refuses(LIMIT, world.clearinghouse.withdraw, *args, sender=trader)


def test_set_outflow_limit(world, ledger):
    receipt = ledger.set_outflow_limit(250_000, 7, sender=world.admin)
    (event,) = receipt.decode_logs(ledger.OutflowLimitSet)
    assert (event.share, event.least) == (250_000, 7)
    assert tuple(ledger.outflow()) == (250_000, 7, 0, 0)


@pytest.mark.parametrize("terms", [(0, 0), (100_000, 0), (10**6, 2**40 - 1)])
def test_in_bounds(world, ledger, terms):
    ledger.set_outflow_limit(*terms, sender=world.admin)
    assert tuple(ledger.outflow())[:2] == terms


@pytest.mark.parametrize("terms", [(1, 0), (99_999, 0), (10**6 + 1, 0), (0, 2**40)])
def test_out_of_bounds(world, ledger, terms):
    reason = "clearinghouse: outflow limit out of bounds"
    world.refuses(reason, ledger.set_outflow_limit, *terms, sender=world.admin)


def test_only_the_owner(world, ledger, stranger):
    reason = "ownable: caller is not the owner"
    world.refuses(reason, ledger.set_outflow_limit, 0, 0, sender=stranger)


def test_a_share_leaves_within_an_hour(world, trader, savers):
    take(world, trader, savers[0], 500)
    assert world.clearinghouse.outflow()[2] == 3_000 * WAD
    refused(world, trader, savers[1], 400.000001)
    take(world, trader, savers[1], 400)
    world.wait(HOUR - 60)
    refused(world, trader, savers[1], 0.000001)
    world.wait(60)
    take(world, trader, savers[2], 600)
    refused(world, trader, savers[2], 30.000001)
    take(world, trader, savers[2], 30)


def test_deposits_refill(world, trader, savers):
    take(world, trader, savers[0], 900)
    refused(world, trader, savers[1], 1)
    world.deposit(trader, savers[0], 200)
    take(world, trader, savers[1], 200)
    refused(world, trader, savers[1], 0.000001)


def test_the_floor_leaves_in_any_case(world, ledger, trader, savers):
    ledger.set_outflow_limit(100_000, 2_500, sender=world.admin)
    for account in savers[:2]:
        take(world, trader, account, 1_000)
    refused(world, trader, savers[2], 500.000001)
    take(world, trader, savers[2], 500)


def test_transfers_and_collateral_are_not_limited(world, ledger, trader, savers):
    ledger.set_outflow_limit(100_000, 0, sender=world.admin)
    units = world.units("USDC", 1_000)
    ledger.transfer(savers[0], savers[1], world.settlement, units, sender=trader)
    account = world.open(trader, WETH=1)
    ledger.withdraw(account, world.tokens["WETH"], 10**18, trader, sender=trader)


def test_no_share_is_no_limit(world, ledger, trader, savers):
    ledger.set_outflow_limit(0, 0, sender=world.admin)
    for account in savers:
        take(world, trader, account, 1_000)
    assert tuple(ledger.outflow()) == (0, 0, 0, 0)
