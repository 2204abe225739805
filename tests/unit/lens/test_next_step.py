"""`Lens.next_step`: what may be done with an account, when, and who would pay; then it is done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.procedure import (
    PPM,
    fill_funds,
    finish_window,
    join,
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

(
    NOTHING,
    CALL,
    OPEN,
    BID,
    CURE,
    RECOGNISE,
    BID_AT_MARK,
    TEAR_UP,
    REMAINDER,
    REOPEN,
    WAIT,
) = range(11)


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
    scene.world.wait(900)
    step = step_of(scene)
    assert (step.action, step.discount) == (BID, 160_000)
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


def test_recognise_bid_at_mark_tear_up(scene):
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == RECOGNISE
    scene.call()
    assert step_of(scene).action in (BID_AT_MARK, TEAR_UP)
    during = step_of(scene)
    if during.action == TEAR_UP:
        assert during.from_time == scene.world.chain.pending_timestamp + 600
    assert during.max_fraction == WAD
    finish_window(scene.world)
    step = step_of(scene)
    assert (step.action, step.from_time) == (TEAR_UP, scene.world.chain.pending_timestamp)
    tear_up(scene)
    assert step_of(scene).action == NOTHING


@pytest.mark.parametrize(("wei", "action"), [(0, RECOGNISE), (1, OPEN)])
def test_recognise_at_equity_0_and_not_a_wei_above(fast_world, wei, action):
    scene = Scene.set(fast_world)
    if wei:
        scene.price(1_902)
        scene.buy(-(10**12 + wei) / WAD, 1_902)  # gains that many wei, less a fee of 10^12
    scene.price(1_901)
    assert scene.equity() == wei
    assert step_of(scene).action == action


def test_recognised_out_of_an_auction(scene):
    """`actionable` says that it can be opened as an insolvency, and `open_auction` does it."""
    lens = scene.world.lens
    scene.auction_at(CLOSE_OUT_PRICE)
    assert list(lens.actionable([scene.account])[1]) == []
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).action == RECOGNISE
    assert list(lens.actionable([scene.account])[1]) == [scene.account]
    scene.open_auction()
    assert scene.stage() == 3
    assert list(lens.actionable([scene.account])[1]) == []


def test_reopen(scene):
    scene.price(INSOLVENT_PRICE)
    scene.call()
    scene.price(1_905)
    assert step_of(scene).action == REOPEN
    scene.manager.reopen(scene.account, sender=scene.stranger)
    assert step_of(scene).action == BID


def test_remainder_and_wait(fast_world):
    scene = Scene.set(fast_world, cash=0, size=0, WETH=5)
    fill_funds(scene, 3_000)
    without_limits(fast_world)
    fast_world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    scene.price(1_805)
    scene.open_auction()
    finish_window(fast_world)
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
    assert step_of(scene).action == RECOGNISE


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
    """Return what each tier would pay, the charge and the hole as one."""
    return step.own, step.insurance, step.contributions, step.assessments, step.uncovered


def paid_by(receipts: list[Any], scene: Scene) -> tuple[int, ...]:
    """Return what each tier has paid in these."""
    events = [e for r in receipts for e in r.events.filter(scene.manager.ShortfallPaid)]
    parts = [sum(column) for column in zip(*map(parts_of, events), strict=True)]
    return (*parts[:4], parts[4] + parts[5])


def resolve(scene: Scene, price: float) -> list[Any]:
    """Recognise and tear up at one price."""
    receipts = [scene.open_auction()]
    if scene.world.stage(scene.account) == 3:
        before = step_of(scene)
        finish_window(scene.world)
        scene.price(price)
        receipts.append(tear_up(scene))
        assert before.shortfall >= 0
    return receipts


def near(first: tuple[int, ...], second: tuple[int, ...], dust: int = 10 * DUST) -> bool:
    """Whether both say the same, to dust."""
    return all(abs(a - b) <= dust for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("price", ["1899.5", "1897", "1894", "1890", "1880", "1700"])
@pytest.mark.parametrize("share", [PPM, 600_000, 100_000])
def test_who_would_pay_is_who_pays(fast_world, price, share):
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    fill_funds(scene, 300, 150, 250)
    set_waterfall(fast_world, market_share=share)
    scene.price(price)
    step = step_of(scene)
    assert step.action == RECOGNISE
    assert sum(prospect(step)) == step.shortfall == -scene.equity()
    assert near(prospect(step), paid_by(resolve(scene, price), scene))


def test_likewise_in_two_markets_after_another_default(fast_world):
    """With limits used up in part, and money reserved for somebody else."""
    scene = Scene.set(fast_world, cash=18_000)
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
    receipt = scene.open_auction()
    (event,) = receipt.events.filter(scene.manager.Insolvent)
    assert near(
        prospect(step)[:4], (event.own, event.insurance, event.contributions, event.assessments)
    )
    assert step.uncovered > 0
    assert abs(Decimal(event.torn_up) / WAD - Decimal(step.uncovered) / step.shortfall) < 10**-9


def test_without_a_shortfall_it_says_what_is_there(fast_world):
    scene = Scene.set(fast_world)
    join(fast_world, scene.trader, 200, 200)
    fill_funds(scene, 300, 150, 250)
    step = step_of(scene)
    assert near(prospect(step), tuple(x * WAD for x in (200, 300, 150, 450, 0)))


def test_money_of_another_is_not_promised(fast_world):
    """What is reserved for one default is left out of the next one's prospect."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 1_500)
    without_limits(fast_world)
    first = second_account(fast_world, scene)
    scene.price(INSOLVENT_PRICE)
    assert step_of(scene).insurance == 1_100 * WAD
    scene.manager.open_auction(first, sender=scene.stranger)
    step = step_of(scene)
    assert (step.insurance, step.uncovered) == (400 * WAD, 700 * WAD)
    assert near(paid_by(resolve(scene, INSOLVENT_PRICE), scene), prospect(step))


def second_account(world: World, scene: Scene) -> int:
    """Open the same position for somebody else."""
    person = world.people["second trader"]
    account = world.open(person, 10_000)
    world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
    return account


def test_money_of_its_own_reservation_is_promised(scene):
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    step = step_of(scene)
    assert scene.manager.reservation(scene.account)[1] == 1_100 * WAD
    assert prospect(step) == (0, 1_100 * WAD, 0, 0, 0)


@pytest.mark.parametrize("limit", ["market_amount", "total_amount"])
def test_its_own_reservation_is_promised_whatever_limits_say_by_now(fast_world, limit):
    scene = Scene.set(fast_world)
    fill_funds(scene, 300, 800, 800)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    set_waterfall(fast_world, **{limit: 1})
    promised = prospect(step_of(scene))
    assert promised == (0, 300 * WAD, 800 * WAD, 0, 0)
    finish_window(fast_world)
    scene.price(INSOLVENT_PRICE)
    assert near(paid_by([tear_up(scene)], scene), promised)


def test_what_all_markets_have_drawn_is_promised_to_nobody(fast_world):
    scene = Scene.set(fast_world)
    fill_funds(scene, 5_000)
    without_limits(fast_world)
    first = second_account(fast_world, scene)
    scene.price(INSOLVENT_PRICE)
    assert prospect(step_of(scene)) == (0, 1_100 * WAD, 0, 0, 0)
    scene.manager.open_auction(first, sender=scene.stranger)
    finish_window(fast_world)
    scene.price(INSOLVENT_PRICE)
    tear_up(scene, first)
    assert prospect(step_of(scene)) == (0, 1_100 * WAD, 0, 0, 0)
    set_waterfall(fast_world, total_amount=1_500)
    step = step_of(scene)
    used = fast_world.default_manager.limit_used(0)
    assert near(prospect(step), (0, 1_500 * WAD - used, 0, 0, used - 400 * WAD))
    assert near(prospect(step), paid_by(resolve(scene, INSOLVENT_PRICE), scene))


# WHAT IT SHOWS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [2_000, CALL_PRICE, INSOLVENT_PRICE])
def test_margin_as_the_engine_has_it(scene, price):
    scene.price(price)
    step = step_of(scene)
    equity, _, maintenance = scene.margin()
    assert (step.account, step.equity, step.maintenance) == (scene.account, equity, maintenance)
    assert maintenance > 0
