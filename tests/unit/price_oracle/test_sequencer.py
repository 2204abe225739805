"""The sequencer of an L2: while it is down, and for a time after, no price counts."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.price_oracle.helpers import (
    DAY,
    DEAD_MODES,
    GAS_BEFORE_FEED,
    HOUR,
    MAX_UINT,
    PRICE,
    SEQUENCER,
    WAD,
    ZERO,
    Judgement,
    enclose,
    judge_with_gas,
    point,
    unknown,
)
from verification.engine.reverts import reverts

GRACE = HOUR


def test_without_a_sequencer_feed_it_is_up(desk):
    assert desk.oracle.sequencer_feed() == ZERO
    assert desk.oracle.is_sequencer_up()


def test_a_sequencer_that_is_up_changes_nothing(desk, uptime):
    assert desk.oracle.sequencer_feed() == uptime.address
    assert desk.oracle.sequencer_grace() == GRACE
    assert desk.oracle.is_sequencer_up()
    assert desk.judge() == point(PRICE)


def test_a_sequencer_that_is_down_outranks_everything(desk, uptime):
    uptime.set_status(False, sender=desk.stranger)
    assert not desk.oracle.is_sequencer_up()
    assert desk.judge() == Judgement(1_960 * WAD, 2_040 * WAD, SEQUENCER)
    desk.primary.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(SEQUENCER)
    desk.secondary.set(0, sender=desk.stranger)
    assert desk.judge() == unknown(SEQUENCER)
    with reverts("price oracle: price not valid"):
        desk.oracle.checkpoint(*desk.config(), 0, sender=desk.stranger)


def test_prices_count_only_after_the_grace_time(desk, uptime):
    receipt = uptime.set_status(True, sender=desk.stranger)
    words = desk.config(primary_heartbeat=DAY)
    assert desk.judge(words).status == SEQUENCER
    chain.mine(timestamp=receipt.timestamp + GRACE)
    assert desk.judge(words).status == SEQUENCER
    chain.mine(timestamp=receipt.timestamp + GRACE + 1)
    assert desk.judge(words) == point(PRICE)


@pytest.mark.parametrize("started_at", [0, 2**64, MAX_UINT])
def test_a_sequencer_that_never_or_not_yet_started_is_down(desk, uptime, started_at):
    uptime.set_answer(0, started_at, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER


@pytest.mark.parametrize("answer", [1, 2, -1])
def test_any_answer_but_zero_is_down(desk, uptime, answer):
    uptime.set_answer(answer, desk.now - DAY, sender=desk.stranger)
    assert desk.judge().status == SEQUENCER


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_dead_sequencer_feed_is_down(project, desk, odd, mode):
    odd.set_mode(mode, sender=desk.stranger)
    desk.oracle = project.PriceOracle.deploy(odd, 0, sender=desk.stranger)
    assert desk.judge() == enclose(SEQUENCER, (PRICE, 0))


@pytest.mark.node
def test_too_little_gas_is_no_sequencer_outage(desk, uptime):
    assert judge_with_gas(desk, desk.config(), GAS_BEFORE_FEED - 10_000) is None
    assert judge_with_gas(desk, desk.config(), GAS_BEFORE_FEED + 50_000) == point(PRICE)
