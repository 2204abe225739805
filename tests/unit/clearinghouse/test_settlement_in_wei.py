"""A settlement token of 18 decimals: its units are wei, so that nothing is rounded to units."""

from __future__ import annotations

from typing import Any

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from tests.procedure import (
    SHORTFALL,
    debts,
    fill_funds,
    only,
    parts_of,
    redemption,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.evm import ADMIN, ROOT, PyrevmChain, everybody
from verification.engine.scenes import INSOLVENT_PRICE, Scene
from verification.engine.world import BTC, ETH, FIRST_PRICES, HEALTHY, WAD, World

DEBT = SHORTFALL * WAD


@pytest.fixture(scope="module")
def wei_world() -> World:
    """config/local.yaml with a settlement token of 18 decimals."""
    chain, config = PyrevmChain(), load_config(ROOT / "config" / "local.yaml")
    token = config.settlement.model_copy(update={"decimals": 18})
    done = deploy(chain, config.model_copy(update={"settlement": token}), ADMIN, FIRST_PRICES)
    return World(done, chain, ADMIN, everybody())


@pytest.fixture
def world(wei_world) -> Any:
    """The same, as it was before the test."""
    checkpoint = wei_world.chain.snapshot()
    yield wei_world
    wei_world.chain.restore(checkpoint)
    wei_world.forget()


@pytest.fixture
def indebted(world) -> Scene:
    """The insurance fund has paid 1,100 for a trader."""
    scene = Scene.set(world)
    fill_funds(scene, 3_000)
    without_limits(world)
    scene.price(INSOLVENT_PRICE)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert parts_of(paid) == (0, 0, DEBT, 0, 0, 0, 0)
    assert world.insurance_fund.totalAssets() == 3_000 * WAD - DEBT
    return scene


def test_a_wei_that_is_not_there_cannot_be_withdrawn(world):
    person = world.people["trader"]
    account = world.open(person, 10)
    ledger, token = world.clearinghouse, world.settlement
    for left in (1, 0):
        amount = world.cash(account) - left
        ledger.withdraw(account, token, amount, person, sender=person)
        assert world.cash(account) == token.balanceOf(ledger) == left
        too_much = (account, token, left + 1, person)
        refused("registry: not enough held", ledger.withdraw, *too_much, sender=person)


def test_a_debt_is_repaid_to_the_wei(indebted):
    scene, world = indebted, indebted.world
    ledger, fund = world.clearinghouse, world.insurance_fund
    world.fund(scene.stranger, "USDC", SHORTFALL + 1)
    by = {"sender": scene.stranger}
    refused("clearinghouse: owes less", ledger.repay, scene.account, DEBT + 1, **by)
    ledger.repay(scene.account, DEBT, **by)
    assert (sum(debts(world, scene.account)), fund.kept()) == (0, DEBT)
    assert fund.claimable(1, scene.staker) == DEBT
    assert not world.header(scene.account).is_indebted


def test_a_payout_repays_a_debt_to_the_wei(indebted):
    """In a redemption: the stakers get what they have paid, and the owner all of the rest."""
    scene, world = indebted, indebted.world
    ledger, fund = world.clearinghouse, world.insurance_fund
    world.deposit(scene.trader, scene.account, 1_500)
    ledger.begin_wind_down(sender=world.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    redemption(world)
    ledger.redeem(scene.account, scene.trader, sender=scene.stranger)
    assert fund.kept() == fund.claimable(1, scene.staker) == DEBT
    assert world.settlement.balanceOf(scene.trader) == 1_470 * WAD - DEBT  # 2 % are kept back
    world.wait(30 * 86_400, refresh=False)
    ledger.redeem(scene.account, scene.trader, sender=scene.stranger)
    assert world.settlement.balanceOf(scene.trader) == 1_500 * WAD - DEBT
    assert world.stage(scene.account) == HEALTHY
    assert not world.header(scene.account).is_indebted
