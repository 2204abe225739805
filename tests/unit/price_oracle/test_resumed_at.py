"""PriceOracle.resumed_at: when prices count again after the sequencer was down."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.price_oracle.helpers import DEAD_MODES, HOUR, MAX_UINT, ORDINARY

GRACE = 2 * HOUR
NEVER = 2**64  # what `resumed_at` says of a sequencer that is down


@pytest.fixture
def odd(project, desk):
    """A sequencer feed that misbehaves; its ordinary answer is up, since now."""
    return project.OddFeed.deploy(ORDINARY, 0, sender=desk.stranger)


def test_without_a_sequencer_nothing_was_ever_resumed(desk):
    assert desk.oracle.resumed_at() == 0


def test_resumed_when_the_grace_is_over(desk, uptime):
    assert desk.oracle.resumed_at() == uptime.latestRoundData()[2] + GRACE < desk.now
    uptime.set_status(False, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER
    back = uptime.set_status(True, sender=desk.stranger).timestamp
    assert desk.oracle.resumed_at() == back + GRACE > desk.now
    for late, is_up in [(0, False), (1, True)]:
        chain.mine(timestamp=back + GRACE + late)
        assert desk.oracle.is_sequencer_up() is is_up
        assert desk.oracle.resumed_at() == back + GRACE


@pytest.mark.parametrize(("status", "started_at"), [(0, 0), (0, 2**64), (0, MAX_UINT), (1, 1)])
def test_what_is_not_up_resumes_never(desk, uptime, status, started_at):
    uptime.set_answer(status, started_at, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_sequencer_feed_resumes_never(project, desk, odd, mode):
    desk.oracle = project.PriceOracle.deploy(odd, 0, sender=desk.stranger)
    assert desk.oracle.resumed_at() <= desk.now
    odd.set_mode(mode, sender=desk.stranger)
    assert desk.oracle.resumed_at() == NEVER


def test_no_grace_time_overflows(project, desk, uptime):
    oracle = project.PriceOracle.deploy(uptime, MAX_UINT, sender=desk.stranger)
    assert NEVER <= oracle.resumed_at() <= 2 * NEVER
    assert not oracle.is_sequencer_up()
