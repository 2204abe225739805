"""Clearinghouse.pause and unpause: who may stop what, for how long, and what goes on meanwhile."""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, refused
from verification.engine.scenes import CALL_PRICE, Scene
from verification.engine.world import AUCTION, CALLED, HEALTHY, NEVER, WAD

TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)
DAY = 86_400
CURE = 3_600  # after a pause of liquidations
FLIGHT = 600  # and then, until somebody leaves
PAUSED = "default rules: liquidations are paused"


@pytest.fixture
def scene(fast_world, guardian) -> Scene:
    """A trader, a fund, a guardian."""
    made = Scene.set(fast_world)
    fast_world.stake(made.staker, 3_000)
    return made


def fill_of(scene: Scene, size: int) -> tuple:
    """Return the arguments with which the trader gains `size`."""
    world = scene.world
    order = world.order(scene.maker, scene.book, -size, 2_000)
    limit = NEVER if size > 0 else 0
    return order.as_tuple(), world.sign(scene.maker, order), abs(size) * WAD, scene.account, limit


# WHO, WHAT, HOW LONG ------------------------------------------------------------------------------


def test_guardian_only(scene, guardian):
    world = scene.world
    ledger = world.clearinghouse
    reason = "clearinghouse: caller is not the guardian"
    for person in (scene.stranger, world.admin):
        refused(reason, ledger.pause, TRADING, 60, sender=person)
    refused("clearinghouse: unknown action", ledger.pause, 3, 60, sender=guardian)
    refused("clearinghouse: pause out of bounds", ledger.pause, TRADING, 0, sender=guardian)
    refused("clearinghouse: pause out of bounds", ledger.pause, TRADING, DAY + 1, sender=guardian)
    event = only(ledger.pause(TRADING, DAY, sender=guardian), ledger.Paused)
    assert (event.until, event.used) == (world.chain.pending_timestamp + DAY, DAY)
    assert ledger.paused_until(TRADING) == event.until
    refused("clearinghouse: already paused for longer", ledger.pause, TRADING, DAY, sender=guardian)
    refused("clearinghouse: unknown action", ledger.paused_until, 3, sender=guardian)


def test_trading(scene, guardian):  # INV-10
    """Nothing new opens; reductions, deposits and withdrawals go on."""
    world = scene.world
    world.clearinghouse.pause(TRADING, 3_600, sender=guardian)
    refused(
        "trading: trading is paused",
        world.exchange.fill,
        *fill_of(scene, 10),
        sender=scene.trader,
    )
    world.exchange.fill(*fill_of(scene, -60), sender=scene.trader)
    assert scene.size() == 40 * WAD
    world.deposit(scene.trader, scene.account, 10)
    world.clearinghouse.withdraw(
        scene.account, world.settlement, 10**6, scene.trader, sender=scene.trader
    )
    scene.price(1_760)
    scene.open_auction()
    assert scene.stage() == AUCTION
    scene.bid()
    world.wait(3_600)
    scene.price(2_000)
    other = world.open(scene.trader, 10_000)
    world.trade((scene.maker, scene.book), (scene.trader, other), 10, 2_000)


def test_withdrawals(scene, guardian):
    """Nothing leaves accounts; deposits and trades go on."""
    world = scene.world
    ledger = world.clearinghouse
    ledger.pause(WITHDRAWALS, 3_600, sender=guardian)
    out = (scene.account, world.settlement, 10**6, scene.trader)
    other = world.open(scene.trader)
    across = (scene.account, other, world.settlement, 10**6)
    refused("registry: withdrawals are paused", ledger.withdraw, *out, sender=scene.trader)
    refused("registry: withdrawals are paused", ledger.transfer, *across, sender=scene.trader)
    world.deposit(scene.trader, scene.account, 100)
    world.exchange.fill(*fill_of(scene, -50), sender=scene.trader)
    world.wait(3_600)
    ledger.withdraw(*out, sender=scene.trader)
    ledger.transfer(*across, sender=scene.trader)


def test_liquidations(scene, guardian):
    """Nobody is called, sold or torn up, also in the hour after; then the procedure goes on."""
    world, manager = scene.world, scene.manager
    scene.price(CALL_PRICE)
    world.clearinghouse.pause(LIQUIDATIONS, 7_200, sender=guardian)
    for wait in (0, 7_199, 1, CURE - 1):
        world.wait(wait)
        refused(PAUSED, manager.call_margin, scene.account, 0, sender=scene.stranger)
        refused(PAUSED, manager.open_auction, scene.account, sender=scene.stranger)
        refused(PAUSED, manager.bid, scene.account, WAD, scene.purse, sender=scene.bidder)
        refused(PAUSED, manager.tear_up, [scene.account], sender=scene.stranger)
    world.wait(1)
    scene.call()
    assert scene.stage() == CALLED


def test_deposits_reductions_and_cures_go_on(scene, guardian):  # INV-10
    world = scene.world
    scene.price(CALL_PRICE)
    scene.call()
    for action in range(3):
        world.clearinghouse.pause(action, 3_600, sender=guardian)
    order = world.order(scene.maker, scene.book, 30, CALL_PRICE)
    world.exchange.fill(
        order.as_tuple(),
        world.sign(scene.maker, order),
        30 * WAD,
        scene.account,
        0,
        sender=scene.trader,
    )
    assert scene.size() == 70 * WAD
    world.deposit(scene.trader, scene.account, 3_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


# BUDGET -------------------------------------------------------------------------------------------


def test_paused_time_is_a_leaky_bucket(scene, guardian):
    """Three days, which empty at a tenth of the time that passes; what leaks is rounded down."""
    ledger, world = scene.world.clearinghouse, scene.world
    for _ in range(3):
        ledger.pause(TRADING, DAY, sender=guardian)
        world.wait(DAY)
    reason = "clearinghouse: paused time is used up"
    full = 3 * DAY - 2 * DAY // 10  # at the third; since then another tenth of a day leaked
    room = 3 * DAY - (full - DAY // 10)
    refused(reason, ledger.pause, TRADING, room + 1, sender=guardian)
    ledger.pause(WITHDRAWALS, DAY, sender=guardian)  # each action has its own
    event = only(ledger.pause(TRADING, room, sender=guardian), ledger.Paused)
    assert event.used == 3 * DAY
    world.wait(room)
    world.wait(9 - room % 10)  # up to the last second of a leak
    refused(reason, ledger.pause, TRADING, room // 10 + 1, sender=guardian)
    event = only(ledger.pause(TRADING, room // 10, sender=guardian), ledger.Paused)
    assert event.used == 3 * DAY
    world.wait(30 * DAY)
    assert only(ledger.pause(TRADING, DAY, sender=guardian), ledger.Paused).used == DAY


@pytest.mark.parametrize("action", range(3))
def test_no_moment_is_better(scene, guardian, action):
    """Whoever pauses all they can for sixty days, however they cut it, gets bucket and leak:
    not six days in a row, as at the seam of two windows."""
    ledger, world = scene.world.clearinghouse, scene.world
    begin = world.chain.pending_timestamp
    longest = run = total = 0
    for duration in (DAY, 7_200, 600, 5):
        while True:
            try:
                ledger.pause(action, duration, sender=guardian)
            except Exception as problem:
                assert "used up" in str(problem)  # noqa: PT017
                break
            world.wait(duration)
            run += duration
        longest = max(longest, run)
    total = run
    days = 0
    while days < 60:
        world.wait(DAY)
        days += 1
        try:
            ledger.pause(action, DAY // 10, sender=guardian)
        except Exception as problem:
            assert "used up" in str(problem)  # noqa: PT017
        else:
            total += DAY // 10
    assert longest < 3 * DAY * 10 // 9
    assert total <= 3 * DAY + (world.chain.pending_timestamp - begin) // 10


def test_what_follows_a_pause_of_liquidations_counts_once(scene, guardian):
    """Many short pauses stretch nothing: the time after each counts, as far as it is new."""
    ledger, world = scene.world.clearinghouse, scene.world
    after = CURE + FLIGHT
    event = only(ledger.pause(LIQUIDATIONS, 60, sender=guardian), ledger.Paused)
    assert event.used == 60 + after
    world.wait(60 + CURE)  # a moment before, nobody could be called; still nobody leaves
    event = only(ledger.pause(LIQUIDATIONS, 60, sender=guardian), ledger.Paused)
    leaked = (60 + CURE) // 10
    assert event.used == 60 + after - leaked + 60 + after - FLIGHT
    world.wait(60 + after + 1)  # longer ago than it lasts: all of it counts anew
    event = only(ledger.pause(LIQUIDATIONS, 60, sender=guardian), ledger.Paused)
    assert event.used == 2 * (120 + after) - FLIGHT - 60 + after - leaked - (61 + after) // 10
    world.wait(60 + CURE)
    scene.price(CALL_PRICE)
    scene.call()


def test_extension_counts_once(scene, guardian):
    ledger = scene.world.clearinghouse
    ledger.pause(TRADING, 3_600, sender=guardian)
    scene.world.wait(1_800)
    event = only(ledger.pause(TRADING, 3_600, sender=guardian), ledger.Paused)
    assert event.used == 3_600 + 1_800 - 180


def test_unpause(scene, guardian):
    """Guardian or owner, at once; the time stays counted, the cure window still follows."""
    ledger, world = scene.world.clearinghouse, scene.world
    refused("clearinghouse: not paused", ledger.unpause, TRADING, sender=guardian)
    ledger.pause(TRADING, DAY, sender=guardian)
    refused(
        "clearinghouse: caller is not the guardian", ledger.unpause, TRADING, sender=scene.stranger
    )
    refused("clearinghouse: unknown action", ledger.unpause, 3, sender=guardian)
    world.wait(100)
    event = only(ledger.unpause(TRADING, sender=world.admin), ledger.Paused)
    assert (event.until, event.used) == (world.chain.pending_timestamp, DAY - 10)
    refused("clearinghouse: not paused", ledger.unpause, TRADING, sender=guardian)
    world.exchange.fill(*fill_of(scene, 1), sender=scene.trader)
    scene.price(CALL_PRICE)
    ledger.pause(LIQUIDATIONS, DAY, sender=guardian)
    world.wait(10)
    ledger.unpause(LIQUIDATIONS, sender=guardian)
    refused(PAUSED, scene.manager.call_margin, scene.account, 0, sender=scene.stranger)
    world.wait(CURE)
    scene.call()


# A PAUSE OF LIQUIDATIONS HOLDS EVERYBODY ----------------------------------------------------------


def leave(scene: Scene) -> None:
    """Withdraw, and transfer to somebody else."""
    world = scene.world
    out = (scene.book, world.settlement, 10**6, scene.maker)
    world.clearinghouse.withdraw(*out, sender=scene.maker)
    across = (scene.book, scene.purse, world.settlement, 10**6)
    world.clearinghouse.transfer(*across, sender=scene.maker)


def nobody_leaves(scene: Scene) -> None:
    """Expect that neither withdrawals nor transfers are possible."""
    world = scene.world
    out = (scene.book, world.settlement, 10**6, scene.maker)
    across = (scene.book, scene.purse, world.settlement, 10**6)
    reason = "registry: withdrawals are paused"
    refused(reason, world.clearinghouse.withdraw, *out, sender=scene.maker)
    refused(reason, world.clearinghouse.transfer, *across, sender=scene.maker)
    assert not world.clearinghouse.exits_open()


def test_new_risk_resumes_with_liquidations_and_exits_later(scene, guardian):
    world, ledger = scene.world, scene.world.clearinghouse
    assert ledger.exits_open()
    leave(scene)
    ledger.pause(LIQUIDATIONS, 7_200, sender=guardian)
    fill = world.exchange.fill
    for wait in (0, 7_200, CURE - 1):
        world.wait(wait)
        refused("trading: trading is paused", fill, *fill_of(scene, 1), sender=scene.trader)
        refused(PAUSED, scene.manager.open_auction, scene.account, sender=scene.stranger)
        nobody_leaves(scene)
    fill(*fill_of(scene, -1), sender=scene.trader)  # who reduces may, all the time (INV-10)
    world.deposit(scene.trader, scene.account, 10)
    world.wait(1)
    fill(*fill_of(scene, 1), sender=scene.trader)
    refused(
        "default rules: account is healthy",
        scene.manager.open_auction,
        scene.account,
        sender=scene.stranger,
    )
    nobody_leaves(scene)
    world.wait(FLIGHT - 1)
    nobody_leaves(scene)
    world.wait(1)
    leave(scene)
    assert ledger.exits_open()


def test_other_pauses_close_no_fund(scene, guardian):
    ledger = scene.world.clearinghouse
    for action in (TRADING, WITHDRAWALS):
        ledger.pause(action, DAY, sender=guardian)
        assert ledger.exits_open()
        assert ledger.stopped() == 0


@pytest.mark.parametrize("action", [TRADING, WITHDRAWALS])
@pytest.mark.parametrize("is_first", [False, True])
def test_pauses_overlap(scene, guardian, action, is_first):
    """What both stop is stopped until the later end, whichever came first; either ends alone."""
    world, ledger = scene.world, scene.world.clearinghouse
    fields = {TRADING: (1, CURE), WITHDRAWALS: (0, CURE + FLIGHT)}

    def ends() -> int:
        role, _ = fields[action]
        return ledger.role_word(role) >> 160 & 2**32 - 1

    begin = world.chain.pending_timestamp
    for chosen in (action, LIQUIDATIONS) if is_first else (LIQUIDATIONS, action):
        ledger.pause(chosen, 7_200 if chosen == action else 3_600, sender=guardian)
    role, after = fields[action]
    later = max(begin + 7_200, begin + 3_600 + after)
    assert ends() == later
    assert ledger.paused_until(action) == begin + 7_200
    assert ledger.role_word(0) >> 192 & 2**32 - 1 == begin + 3_600
    world.wait(60)
    ledger.unpause(action, sender=guardian)
    assert ends() == begin + 3_600 + after
    ledger.pause(action, 7_200, sender=guardian)
    ledger.unpause(LIQUIDATIONS, sender=guardian)
    assert ends() == begin + 60 + 7_200
    ledger.unpause(action, sender=guardian)
    assert ends() == begin + 60 + after
    assert ledger.roles(role) == (world.exchange if role else world.risk_engine).address


def test_a_longer_pause_of_trading_outlasts_liquidations(scene, guardian):
    world, ledger = scene.world, scene.world.clearinghouse
    ledger.pause(TRADING, DAY, sender=guardian)
    ledger.pause(LIQUIDATIONS, 60, sender=guardian)
    world.wait(60 + CURE + FLIGHT)
    leave(scene)
    reason = "trading: trading is paused"
    refused(reason, world.exchange.fill, *fill_of(scene, 1), sender=scene.trader)


def test_budgets_are_apart(scene, guardian):
    """A pause of liquidations stops trading and withdrawals at no cost to their buckets."""
    ledger = scene.world.clearinghouse
    ledger.pause(LIQUIDATIONS, DAY, sender=guardian)
    for action in (TRADING, WITHDRAWALS):
        assert ledger.paused_until(action) == 0
        refused("clearinghouse: not paused", ledger.unpause, action, sender=guardian)
        assert only(ledger.pause(action, 60, sender=guardian), ledger.Paused).used == 60


def test_stopped_time(scene, guardian):
    """It grows while exits are stopped and never falls; overlapping stops count once."""
    world, ledger = scene.world, scene.world.clearinghouse
    after = CURE + FLIGHT

    def grows(seconds: int, by: int) -> None:
        before = ledger.stopped()
        world.wait(seconds)
        assert ledger.stopped() == before + by

    grows(DAY, 0)
    ledger.pause(LIQUIDATIONS, 1_000, sender=guardian)
    assert ledger.stopped() == 0
    grows(600, 600)
    ledger.pause(LIQUIDATIONS, 1_000, sender=guardian)  # prolonged
    grows(1_000, 1_000)
    ledger.pause(LIQUIDATIONS, 1_000, sender=guardian)  # again in the cure window
    grows(1_000 + after, 1_000 + after)
    grows(DAY, 0)
    ledger.pause(LIQUIDATIONS, DAY, sender=guardian)
    grows(100, 100)
    ledger.unpause(LIQUIDATIONS, sender=guardian)  # what is left of the pause is not stopped
    grows(after - 10, after - 10)
    assert not ledger.exits_open()
    ledger.pause(LIQUIDATIONS, 100, sender=guardian)
    grows(100 + after, 100 + after)
    assert ledger.exits_open()
    grows(DAY, 0)


def test_a_wind_down_closes_exits(scene):
    ledger = scene.world.clearinghouse
    ledger.begin_wind_down(sender=scene.world.admin)
    assert not ledger.exits_open()
    assert ledger.stopped() == 0


def test_pausing_moves_no_money(scene, guardian):
    before = [scene.equity(account) for account in (scene.account, scene.book, scene.purse)]
    for action in range(3):
        scene.world.clearinghouse.pause(action, DAY, sender=guardian)
    assert before == [scene.equity(account) for account in (scene.account, scene.book, scene.purse)]
    assert scene.world.conservation_error() < BOOK_DUST
