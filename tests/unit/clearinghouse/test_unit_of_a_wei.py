"""A settlement token with 18 decimals: its unit is a wei, and nothing rounds to more than that."""

from __future__ import annotations

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from tests.evm import ADMIN, PEOPLE, ROOT, Person, PyrevmChain
from tests.scenes import INSOLVENT_PRICE, Scene
from tests.unit.default_manager.procedure_helpers import fill_funds, finish_window, refused, tear_up
from tests.world import FIRST_PRICES, HEALTHY, World


@pytest.fixture
def world() -> World:
    """The local deployment, settled in a token of 18 decimals."""
    config = load_config(ROOT / "config" / "local.yaml")
    settlement = config.settlement.model_copy(update={"decimals": 18})
    config = config.model_copy(update={"settlement": settlement})
    chain = PyrevmChain()
    done = deploy(chain, config, ADMIN, FIRST_PRICES)
    return World(done, chain, ADMIN, [Person.number(i) for i in range(PEOPLE)])


def test_a_wei_that_is_not_there_cannot_be_withdrawn(world):
    person = world.people[0]
    account = world.open(person, 10)
    ledger, token = world.clearinghouse, world.settlement
    for left in (1, 0):
        amount = world.cash(account) - left
        ledger.withdraw(account, token, amount, person, sender=person)
        assert world.cash(account) == token.balanceOf(ledger) == left
        too_much = (account, token, left + 1, person)
        refused("clearinghouse: not enough held", ledger.withdraw, *too_much, sender=person)


def test_a_default_is_paid_to_the_wei(world):
    scene = Scene.set(world)
    fill_funds(scene, 700, 300, 300)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    finish_window(world)
    scene.price(INSOLVENT_PRICE)
    tear_up(scene)
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() == 0
