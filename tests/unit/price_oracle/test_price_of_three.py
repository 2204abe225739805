"""PriceOracle.price_of_three: a third feed is a witness, for the day when one of two is silent."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.price_oracle.helpers import (
    DEAD_MODES,
    DEVIATION_BPS,
    DIVERGENT,
    GREATEST,
    HALTED,
    HOUR,
    LEAST,
    MAX_AHEAD,
    PRICE,
    PRIMARY_HEARTBEAT,
    SECONDARY_HEARTBEAT,
    SEQUENCER,
    STALE,
    WAD,
    WITNESS_HEARTBEAT,
    ZERO,
    config,
    point,
    witness,
)
from verification.engine.reverts import reverts

GRACE = HOUR
UNIT = 10**10  # of a price with eight decimals, WAD
LIMIT = PRICE * DEVIATION_BPS // 10_000


@pytest.fixture
def third(project, desk):
    return project.TestFeed.deploy("third", 8, 2_001 * 10**8, sender=desk.stranger)


def say(desk, third, price: int, age: int = 0) -> None:
    """Let the witness answer a price of some age, now."""
    desk._set(third, price, age, 8)


@pytest.mark.parametrize("silent", ["primary", "secondary"])
@pytest.mark.parametrize("how", ["dead", "old", "ahead", "at the floor", "at the cap"])
def test_two_of_three_are_enough_when_one_is_silent(desk, third, silent, how):
    """A dead primary for two days must not stop the procedure; the price is the one left."""
    setter = {"primary": desk.set_primary, "secondary": desk.set_secondary}
    other = "secondary" if silent == "primary" else "primary"
    say(desk, third, PRICE)
    setter[other](PRICE + 10 * WAD)
    heartbeat = {"primary": PRIMARY_HEARTBEAT, "secondary": SECONDARY_HEARTBEAT}[silent]
    silence = {
        "dead": (0, 0),
        "old": (PRICE * 3, heartbeat + 1),
        "ahead": (PRICE, -MAX_AHEAD - 1),
        "at the floor": (LEAST, 0),
        "at the cap": (GREATEST, 0),
    }
    setter[silent](*silence[how])
    assert desk.judge().status in (STALE, HALTED)
    assert desk.judge_with(witness(third)) == (point(PRICE + 10 * WAD), PRICE)


@pytest.mark.parametrize("mode", DEAD_MODES)
def test_a_feed_that_misbehaves_is_silent_too(desk, third, odd, mode):
    odd.set_mode(mode, sender=desk.stranger)
    for words, status in (
        (config(odd, desk.secondary), HALTED),
        (config(desk.primary, odd), STALE),
    ):
        assert desk.judge(words).status == status
        judged = desk.oracle.price_of_three(*words, witness(third), sender=desk.stranger)
        assert tuple(judged) == (PRICE, PRICE, 0, 2_001 * WAD)


def test_while_both_are_fresh_the_witness_is_not_asked(desk, third, odd):
    odd.set_mode(DEAD_MODES[0], sender=desk.stranger)
    desk.set_secondary(PRICE + WAD)
    assert desk.judge_with(witness(odd)) == (point(PRICE), PRICE + WAD)
    say(desk, third, PRICE * 2)
    assert desk.judge_with(witness(third)) == (point(PRICE), PRICE + WAD)


@pytest.mark.parametrize("friend", ["primary", "secondary"])
def test_between_two_that_speak_it_does_not_decide(desk, third, friend):
    desk.set_both(PRICE, PRICE * 2)
    say(desk, third, PRICE if friend == "primary" else PRICE * 2)
    judgement, second = desk.judge_with(witness(third))
    assert judgement == (PRICE, PRICE * 2, DIVERGENT)
    assert second == 0


@pytest.mark.parametrize("age", [0, PRIMARY_HEARTBEAT + 1])
def test_while_both_are_silent_it_is_not_enough(desk, third, age):
    desk.set_secondary(PRICE, age=SECONDARY_HEARTBEAT + 100)
    desk.set_primary(PRICE if age else 0, age=age)
    say(desk, third, PRICE)
    without = desk.judge()
    assert without.status == (STALE if age else HALTED)
    assert desk.judge_with(witness(third)) == (without, 0)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("silent", ["primary", "secondary"])
def test_it_must_agree_with_the_one_left(desk, third, silent, side):
    desk.kill(getattr(desk, silent))
    # The limit is a share of the lower of the two.
    near = (
        PRICE + LIMIT
        if side > 0
        else PRICE * 10_000 // (10_000 + DEVIATION_BPS) // UNIT * UNIT + UNIT
    )
    say(desk, third, near)
    assert desk.judge_with(witness(third)) == (point(PRICE), near)
    say(desk, third, near + side * UNIT)
    assert desk.judge_with(witness(third)) == (desk.judge(), 0)
    assert desk.judge().status in (STALE, HALTED)


@pytest.mark.parametrize(
    ("price", "age", "counts"),
    [
        (PRICE, WITNESS_HEARTBEAT, True),
        (PRICE, WITNESS_HEARTBEAT + 1, False),
        (PRICE, -MAX_AHEAD, True),
        (PRICE, -MAX_AHEAD - 1, False),
        (0, 0, False),
    ],
)
def test_it_must_be_fresh_itself(desk, third, price, age, counts):
    desk.kill(desk.primary)
    say(desk, third, price, age)
    judgement, second = desk.judge_with(witness(third))
    assert judgement == (point(PRICE) if counts else desk.judge())
    assert (second == PRICE) == counts


@pytest.mark.parametrize("bound", ["least", "greatest"])
def test_it_must_be_inside_the_bounds(desk, third, bound):
    desk.kill(desk.primary)
    say(desk, third, PRICE + (UNIT if bound == "greatest" else -UNIT))
    inward, at = 2 * UNIT, UNIT
    sign = 1 if bound == "greatest" else -1
    assert desk.judge_with(witness(third), **{bound: PRICE + sign * inward})[0] == point(PRICE)
    changes = {bound: PRICE + sign * at}
    assert desk.judge_with(witness(third), **changes) == (desk.judge(**changes), 0)


def test_its_decimals_are_its_own(desk, third):
    desk.kill(desk.primary)
    third.set(PRICE + WAD, sender=desk.stranger)
    assert desk.judge_with(witness(third, decimals=18)) == (point(PRICE), PRICE + WAD)
    assert desk.judge_with(witness(third))[0].status == HALTED
    assert desk.judge_with(witness(third, decimals=37))[0].status == HALTED


def test_what_stands_above_its_terms_changes_nothing(desk, third):
    desk.kill(desk.primary)
    word = witness(third) | (2**56 - 1) << 200
    assert desk.judge_with(word) == (point(PRICE), 2_001 * WAD)


@pytest.mark.parametrize("word", [0, 2**256 - 2**160, witness(ZERO)])
def test_no_witness_is_none(desk, word):
    desk.kill(desk.primary)
    assert desk.judge_with(word) == (desk.judge(), 0)


def test_it_does_not_outvote_a_sequencer(desk, third, uptime):
    desk.kill(desk.primary)
    uptime.set_status(False, sender=desk.stranger)
    judgement, second = desk.judge_with(witness(third))
    assert judgement.status == SEQUENCER
    assert second == 0


def test_with_it_a_price_can_be_remembered_and_is_no_outage(desk, third):
    desk.kill(desk.primary)
    with reverts("price oracle: price not valid"):
        desk.checkpoint()
    since = desk.report()
    assert desk.outage() == (since, since)
    with reverts("price oracle: price is valid"):
        desk.oracle.report_outage(*desk.config(), witness(third), sender=desk.stranger)
    time = desk.checkpoint(witness(third))
    assert desk.last_valid() == (PRICE, time)
    assert desk.outage() == (0, 0)


@pytest.mark.node
def test_too_little_gas_does_not_silence_it(desk, third):
    """Whatever the caller sends, two healthy feeds of three are never judged in doubt."""
    desk.kill(desk.primary)
    data = bytes(desk.oracle.price_of_three.encode_input(*desk.config(), witness(third)))
    outcomes = set()
    for gas in range(40_000, 700_000, 20_000):
        call = {"to": str(desk.oracle), "data": "0x" + data.hex(), "gas": hex(gas)}
        answered = chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
        if "error" in answered:
            outcomes.add(answered["error"]["message"].partition(": ")[2])
        else:
            outcomes.add(int(answered["result"][2 + 2 * 64 : 2 + 3 * 64], 16))
    assert outcomes == {"price oracle: not enough gas for a feed", 0}
