"""Fixtures that tests share: one deployment on Anvil and one in process, restored between tests."""

from __future__ import annotations

from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from web3.eth import Eth

from verification.engine.evm import world_in_process
from verification.engine.people import People, admin_of
from verification.engine.world import World

ROOT = Path(__file__).parent.parent
RECEIPT_POLL = 0.002  # seconds; web3 waits 0.1 when Anvil is not done by the first look


def pytest_configure(config: pytest.Config) -> None:
    """What needs Anvil gets one that leaves nothing behind."""
    if config.pluginmanager.hasplugin("ape_test"):
        from bulkhead.deployment.anvil import frugal_anvil

        frugal = frugal_anvil()
        frugal.__enter__()
        config.add_cleanup(lambda: frugal.__exit__(None, None, None))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is in tests/integration needs a node, unless it plays in process anyway."""
    for item in items:
        if "integration" in item.path.parts and "fast_world" not in item.fixturenames:
            item.add_marker("node")


@pytest.fixture(scope="session", autouse=True)
def _impatient():
    """Look for receipts as often as a local chain deserves."""
    patient = Eth.wait_for_transaction_receipt
    hasty = partialmethod(patient, poll_latency=RECEIPT_POLL)
    with patch.object(Eth, "wait_for_transaction_receipt", hasty):
        yield


@pytest.fixture(autouse=True)
def _isolation(request):
    """Go back to where the test began. What fixtures of a wider scope have done stays.

    Ape has the like (switched off in pyproject.toml), but it sorts fixtures by name on the way and
    then runs some in another order than pytest would. A test in process needs no Anvil.
    """
    if "fast_world" in request.fixturenames and "chain" not in request.fixturenames:
        yield
        return
    chain = request.getfixturevalue("chain")
    snapshot = chain.snapshot()
    yield
    chain.restore(snapshot)


@pytest.fixture(scope="session")
def deployed_world(accounts, project, chain) -> World:
    """The clearinghouse of config/local.yaml, deployed once."""
    return World.deploy(project, accounts, chain, ROOT / "config" / "local.yaml")


@pytest.fixture
def world(deployed_world) -> World:
    """The deployed clearinghouse as it was right after deployment."""
    deployed_world.forget()
    return deployed_world


@pytest.fixture(scope="session")
def admin(accounts) -> Any:
    """The owner of what is deployed on Anvil."""
    return admin_of(accounts)


@pytest.fixture
def people(request) -> People:
    """Everybody else, by role: `people["heir"]`. Those in process for a test that plays there."""
    if "fast_world" in request.fixturenames:
        return request.getfixturevalue("fast_world").people
    return People.of(request.getfixturevalue("accounts"))


@pytest.fixture
def bidder(people) -> Any:
    return people["bidder"]


@pytest.fixture
def heir(people) -> Any:
    return people["heir"]


@pytest.fixture
def keeper(people) -> Any:
    return people["keeper"]


@pytest.fixture
def member(people) -> Any:
    return people["member"]


@pytest.fixture
def operator(people) -> Any:
    return people["operator"]


@pytest.fixture
def owner(people) -> Any:
    return people["owner"]


@pytest.fixture
def proposer(people) -> Any:
    return people["proposer"]


@pytest.fixture
def recipient(people) -> Any:
    return people["recipient"]


@pytest.fixture
def staker(people) -> Any:
    return people["staker"]


@pytest.fixture
def stranger(people) -> Any:
    return people["stranger"]


@pytest.fixture
def trader(people) -> Any:
    return people["trader"]


@pytest.fixture
def fast_world() -> World:
    """The same clearinghouse in process: for tests of many steps, which need no node."""
    world = world_in_process()
    checkpoint = world.chain.snapshot()
    world.forget()
    yield world
    world.chain.restore(checkpoint)
    world.forget()
