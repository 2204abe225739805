"""The oracle, its feeds and a sequencer."""

from __future__ import annotations

import pytest

from tests.unit.price_oracle.helpers import DAY, ORDINARY, ZERO, Desk


@pytest.fixture
def desk(project, people) -> Desk:
    stranger = people["stranger"]
    oracle = project.PriceOracle.deploy(ZERO, 0, sender=stranger)
    feeds = [project.TestFeed.deploy("ETH / USD", 8, 2_000 * 10**8, sender=stranger) for _ in "12"]
    return Desk(oracle, *feeds, stranger)


@pytest.fixture
def uptime(request, project, desk):
    """A sequencer feed, up for a day, and an oracle that asks it; GRACE is the test file's."""
    feed = project.TestSequencerFeed.deploy(desk.now - DAY, sender=desk.stranger)
    desk.oracle = project.PriceOracle.deploy(feed, request.module.GRACE, sender=desk.stranger)
    return feed


@pytest.fixture
def odd(project, desk):
    """A feed that misbehaves; its ordinary answer is PRICE, now."""
    return project.OddFeed.deploy(ORDINARY, 2_000 * 10**8, sender=desk.stranger)
