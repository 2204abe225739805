"""The test feed of two contracts, against what its model does."""

from __future__ import annotations

from typing import Any

import pytest

from verification.engine.evm import Person, PyrevmChain, Reverted

FIRST, SECOND, DECIMALS = 2_000 * 10**8, -1, 8


@pytest.fixture
def chain() -> PyrevmChain:
    return PyrevmChain()


def aggregator_of(chain: PyrevmChain, answer: int) -> Any:
    """Deploy an aggregator."""
    return chain.deploy("TestAggregator", DECIMALS, answer)


def feed_of(chain: PyrevmChain, aggregator: Any) -> Any:
    """Deploy a proxy that may read the aggregator."""
    feed = chain.deploy("ProxyFeed", aggregator.address)
    aggregator.add_access(feed.address)
    return feed


def test_every_report_is_a_round_of_its_phase(chain):
    feed = feed_of(chain, aggregator_of(chain, FIRST))
    begin = chain.pending_timestamp
    chain.mine(deltatime=60)
    feed.set(SECOND)
    round_id, answer, started_at, updated_at, answered_in = feed.latestRoundData()
    assert (round_id, answered_in) == (1 << 64 | 2, 1 << 64 | 2)
    assert answer == SECOND
    assert started_at == updated_at >= begin + 60


def test_new_aggregator_is_a_new_phase(chain):
    feed = feed_of(chain, aggregator_of(chain, FIRST))
    second = aggregator_of(chain, SECOND)
    second.add_access(feed.address)
    feed.set_aggregator(second.address)
    assert feed.latestRoundData()[:2] == (2 << 64 | 1, SECOND)


def test_contracts_that_are_not_listed_may_not_read(chain):
    aggregator = aggregator_of(chain, FIRST)
    feed = chain.deploy("ProxyFeed", aggregator.address)
    with pytest.raises(Reverted, match="test aggregator: no access"):
        feed.latestRoundData()
    assert aggregator.latestRoundData(sender=Person.number(0))[:2] == (1, FIRST)
