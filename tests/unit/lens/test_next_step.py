"""`Lens.next_step`: what may be done with an account, when, and who would pay; then it is done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.procedure import (
    PPM,
    fill_funds,
    give,
    join,
    only,
    parts_of,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import (
    CALL_PRICE,
    CLOSE_OUT_PRICE,
    DUST,
    INSOLVENT_PRICE,
    Scene,
    set_waterfall,
)
from verification.engine.world import BTC, WAD, World

NOTHING, CALL, OPEN, BID, CURE, TEAR_UP, REMAINDER, WAIT = range(8)


@pytest.fixture
def scene(fast_world) -> Scene:
    """A healthy trader, and 3,000 in the insurance fund."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


def step_of(scene: Scene) -> Any:
    """Return the next step."""
    return scene.world.lens.next_step(scene.account)


def test_nothing(scene):
    step = step_of(scene)
    assert (step.action, step.stage, step.shortfall) == (NOTHING, 0, 0)
    assert step.insurance == 3_000 * WAD
    with pytest.raises(Reverted):
        scene.world.lens.next_step(12)


def test_nobody_is_next_whom_one_of_two_answers_finds_healthy(scene):
    """Both feeds are VALID, and a percent apart: what decides is the better for the account."""
    scene.world.set_price("ETH", CALL_PRICE, CALL_PRICE * 1.01)
    row = scene.world.lens.accounts([scene.account])[0]
    assert row.equity < row.maintenance < row.assessed_equity
    assert not row.callable
    assert step_of(scene).action == NOTHING
    with pytest.raises(Reverted, match="account is healthy"):
        scene.call()


def test_call_then_open_after_the_deadline(scene):
    scene.price(CALL_PRICE)
    assert step_of(scene).action == CALL
    scene.call()
    step = step_of(scene)
    assert step.action == OPEN
    assert step.from_time == scene.world.chain.pending_timestamp + 3_601
    scene.world.wait(3_600)
    refused(
        "default manager: grace not over",
        scene.manager.open_auction,
        scene.account,
        sender=scene.stranger,
    )
    assert step_of(scene).from_time == scene.world.chain.pending_timestamp + 1
    scene.world.wait(1)
    assert step_of(scene).from_time == scene.world.chain.pending_timestamp
    scene.open_auction()


def test_open_without_grace_then_bid(scene):
    scene.price(CLOSE_OUT_PRICE)
    step = step_of(scene)
    assert (step.action, step.from_time) == (OPEN, scene.world.chain.pending_timestamp)
    scene.open_auction()
    scene.world.wait(60)
    step = step_of(scene)
    assert (step.action, step.discount) == (BID, 270_000)
    event = scene.bid(step.max_fraction, step.max_fraction, step.discount)
    assert (event.fraction, event.discount_rate) == (step.max_fraction, step.discount)


def test_cure(scene):
    scene.price(CALL_PRICE)
    scene.call()
    assert step_of(scene).action == OPEN
    scene.price(2_000)
    assert step_of(scene).action == CURE
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert step_of(scene).action == NOTHING


@pytest.mark.parametrize("step", [Scene.call, Scene.open_auction, tear_up])
def test_tear_up(scene, step):
    scene.price(INSOLVENT_PRICE)
    due = step_of(scene)
    assert (due.action, due.from_time) == (TEAR_UP, scene.world.chain.pending_timestamp)
    assert (due.max_fraction, due.discount) == (0, 0)
    step(scene)
    assert step_of(scene).action == NOTHING


@pytest.mark.parametrize(("wei", "action"), [(0, TEAR_UP), (1, OPEN)])
def test_torn_up_at_equity_0_and_not_a_wei_above(fast_world, wei, action):
    scene = Scene.set(fast_world)
    if wei:
        scene.price(1_902)
        scene.buy(-(10**12 + wei) / WAD, 1_902)  # gains that many wei, less a fee of 10^12
    scene.price(1_901)
    assert scene.equity() == wei
    assert step_of(scene).action == action


def test_torn_up_out_of_an_auction(scene):
    """`actionable` says that it can be opened as an insolvency, and `open_auction` does it."""
    lens = scene.world.lens
    scene.auction_at(CLOSE_OUT_PRICE)
    assert list(lens.actionable([scene.account])[1]) == []
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == TEAR_UP
    assert list(lens.actionable([scene.account])[1]) == [scene.account]
    scene.open_auction()
    assert scene.stage() == 0
    assert list(lens.actionable([scene.account])[1]) == []


@pytest.mark.parametrize(("more", "action"), [(0, TEAR_UP), (400, OPEN), (5_000, CURE)])
def test_a_position_that_was_in_doubt(fast_world, more, action):
    """BTC had no price when ETH was torn up; it has one again: insolvent, short of MM, or not."""
    world = fast_world
    scene = Scene.set(world, cash=12_000)
    fill_funds(scene, 30_000)
    scene.buy(0.5, 40_000, BTC)
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    scene.open_auction()
    assert scene.is_insolvent()
    assert step_of(scene).action == WAIT
    world.set_price("BTC", 37_000)
    lacking = -scene.equity()
    assert lacking > 0
    if more:
        world.deposit(scene.stranger, scene.account, lacking / WAD + more)
    assert step_of(scene).action == action
    openable = list(world.lens.actionable([scene.account])[1])
    assert openable == ([] if action == CURE else [scene.account])
    if action == CURE:
        scene.manager.cure(scene.account, sender=scene.stranger)
    else:
        scene.open_auction()
    assert scene.stage() == {TEAR_UP: 0, OPEN: 2, CURE: 0}[action]
    assert step_of(scene).action == (BID if action == OPEN else NOTHING)


def test_remainder_and_wait(fast_world):
    scene = Scene.set(fast_world, cash=0, size=0, WETH=5)
    fill_funds(scene, 3_000)
    without_limits(fast_world)
    fast_world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    scene.price(1_805)
    tear_up(scene)
    fast_world.wait(21_600)
    step = step_of(scene)
    assert (step.action, step.discount, step.max_fraction) == (REMAINDER, 125_000, WAD)
    checkpoint = fast_world.chain.snapshot()
    fast_world.wait(4 * 3_600, refresh=False)
    assert step_of(scene).action == WAIT
    fast_world.chain.restore(checkpoint)
    scene.manager.bid(scene.account, WAD, scene.purse, 1, step.discount, sender=scene.bidder)
    assert step_of(scene).action == NOTHING


def test_wait_for_a_price(scene):
    scene.price(INSOLVENT_PRICE)
    scene.world.wait(2 * 3_600 + 1, refresh=False)
    step = step_of(scene)
    assert step.action in (WAIT, NOTHING)
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == TEAR_UP


def test_pause_delays_it(scene):
    world, guardian = scene.world, scene.world.people["guardian"]
    world.clearinghouse.set_guardian(guardian, sender=world.admin)
    world.clearinghouse.accept_guardian(sender=guardian)
    scene.price(CALL_PRICE)
    world.clearinghouse.pause(2, 600, sender=guardian)
    step = step_of(scene)
    assert (step.action, step.from_time) == (CALL, world.chain.pending_timestamp + 4_200)
    world.wait(4_200)
    scene.call()


# WHO WOULD PAY ------------------------------------------------------------------------------------


def prospect(step: Any) -> tuple[int, ...]:
    """Return what each tier would pay, the rest as one."""
    return (
        step.own,
        step.reserve,
        step.insurance,
        step.contributions,
        step.assessments,
        step.uncovered,
    )


def paid_by(receipt: Any, scene: Scene) -> tuple[int, ...]:
    """Return what each tier has paid, the charge and the hole as one."""
    parts = parts_of(only(receipt, scene.manager.ShortfallPaid))
    return (*parts[:5], parts[5] + parts[6])


def near(first: tuple[int, ...], second: tuple[int, ...], dust: int = 10 * DUST) -> bool:
    """Whether both say the same, to dust."""
    return all(abs(a - b) <= dust for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("price", ["1899.5", "1897", "1894", "1890", "1880", "1700"])
@pytest.mark.parametrize("share", [PPM, 600_000, 100_000])
@pytest.mark.parametrize("reserve", [0, 100])
def test_who_would_pay_is_who_pays(fast_world, price, share, reserve):
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    give(scene, reserve)
    fill_funds(scene, 300, 150, 250)
    set_waterfall(fast_world, market_share=share)
    scene.price(price)
    step = step_of(scene)
    assert step.action == TEAR_UP
    assert sum(prospect(step)) == step.shortfall == -scene.equity()
    assert near(prospect(step), paid_by(scene.open_auction(), scene))


def test_likewise_in_two_markets_after_another_default(fast_world):
    """With limits used up in part."""
    scene = Scene.set(fast_world, cash=18_000)
    give(scene, 900)
    fill_funds(scene, 4_000, 300, 500)
    set_waterfall(fast_world, market_amount=1_500)
    scene.buy(5, 40_000, BTC)
    other = fast_world.people["second trader"]
    account = fast_world.open(other, 10_000)
    fast_world.trade((scene.maker, scene.book), (other, account), 100, 2_000)
    scene.price(1_890)
    scene.manager.open_auction(account, sender=scene.stranger)
    scene.price(1_850)
    fast_world.set_price("BTC", 39_000)
    step = step_of(scene)
    assert step.shortfall == 2_200 * WAD
    assert step.uncovered > 0
    assert near(prospect(step), paid_by(scene.open_auction(), scene))


def test_without_a_shortfall_it_says_what_is_there(fast_world):
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    give(scene, 75)
    fill_funds(scene, 300, 150, 250)
    step = step_of(scene)
    assert near(prospect(step), tuple(x * WAD for x in (200, 75, 300, 150, 450, 0)))


def test_what_another_has_drawn_is_not_promised(fast_world):
    scene = Scene.set(fast_world)
    fill_funds(scene, 1_500)
    without_limits(fast_world)
    first = second_account(fast_world, scene)
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).insurance == 1_100 * WAD
    scene.manager.open_auction(first, sender=scene.stranger)
    step = step_of(scene)
    assert (step.insurance, step.uncovered) == (400 * WAD, 700 * WAD)
    assert near(paid_by(scene.open_auction(), scene), prospect(step))


def second_account(world: World, scene: Scene) -> int:
    """Open the same position for somebody else."""
    person = world.people["second trader"]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
    return account


def test_what_all_markets_have_drawn_is_promised_to_nobody(fast_world):
    scene = Scene.set(fast_world)
    fill_funds(scene, 5_000)
    without_limits(fast_world)
    first = second_account(fast_world, scene)
    scene.price(INSOLVENT_PRICE)
    assert prospect(step_of(scene)) == (0, 0, 1_100 * WAD, 0, 0, 0)
    tear_up(scene, first)
    assert prospect(step_of(scene)) == (0, 0, 1_100 * WAD, 0, 0, 0)
    set_waterfall(fast_world, total_amount=1_500)
    step = step_of(scene)
    used = fast_world.default_manager.limit_used(0)
    assert near(prospect(step), (0, 0, 1_500 * WAD - used, 0, 0, used - 400 * WAD))
    assert near(prospect(step), paid_by(scene.open_auction(), scene))


# WHAT IT SHOWS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [2_000, CALL_PRICE, INSOLVENT_PRICE])
def test_margin_as_the_engine_has_it(scene, price):
    scene.price(price)
    step = step_of(scene)
    equity, _, maintenance = scene.margin()
    assert (step.account, step.equity, step.maintenance) == (scene.account, equity, maintenance)
    assert maintenance > 0
