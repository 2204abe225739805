"""Whoever guards cannot gain: a hostile guardian and a hostile owner, alone and together, against
those who have staked."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import DEFAULT_MANAGER, deploy
from tests.procedure import join, name_guardian, refused
from verification.engine.evm import ADMIN, ROOT, PyrevmChain, Reverted, everybody
from verification.engine.scenes import Scene
from verification.engine.world import FIRST_PRICES, WAD, World

DAY, HOUR = 86_400, 3_600
DELAY = 2 * DAY  # of the timelock
TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)
CURE, FLIGHT = 3_600, 600
NOTHING = bytes(32)
ZERO = "0x" + "00" * 20
EARLY = "proposals: role delay is not over"
CLOSED = "registry: withdrawals are paused"


@cache
def _governed() -> World:
    """Deploy with a timelock of two days as the owner; the attacker has the proposer's key."""
    chain = PyrevmChain()
    config = load_config(ROOT / "config" / "local.yaml")
    rules = config.governance.model_copy(
        update={
            "timelock_delay": DELAY,
            "proposer": everybody()["attacker"].address,
            "guardian": everybody()["guardian"].address,
        }
    )
    config = config.model_copy(update={"governance": rules})
    made = World(deploy(chain, config, ADMIN, FIRST_PRICES), chain, ADMIN, everybody())
    made.clearinghouse.accept_guardian(sender=made.people["guardian"])
    return made


@pytest.fixture
def world(fast_world) -> Any:
    """The governed deployment, a staker and a member in it."""
    made = _governed()
    checkpoint = made.chain.snapshot()
    made.forget()
    made.stake(made.people["staker"], 10_000)
    join(made, made.people["member"], 10_000, 10_000)
    yield made
    made.chain.restore(checkpoint)
    made.forget()


def execute(world: World, *calls: tuple) -> None:
    """Let the attacker schedule these calls, and execute them together when they may."""
    attacker = world.people["attacker"]
    batch = (
        [contract.address for contract, *_ in calls],
        [0] * len(calls),
        [world.chain.encode(*call) for call in calls],
        NOTHING,
        len(calls).to_bytes(32, "big"),
    )
    world.timelock.schedule_batch(*batch, DELAY, sender=attacker)
    world.wait(DELAY)
    world.timelock.execute_batch(*batch, sender=attacker)


def propose(world: World) -> tuple:
    """Return the call that proposes a hostile manager."""
    hostile = world.chain.deploy("TestToken", "Hostile", "H", 18)
    return world.clearinghouse, "set_role", DEFAULT_MANAGER, hostile.address


def ask(world: World) -> None:
    """Let the staker and the member ask for all they have."""
    staker, member = world.people.named("staker", "member")
    fund, members = world.insurance_fund, world.default_fund
    fund.request_redeem(fund.balanceOf(staker), sender=staker)
    members.give_notice(*(members.shares_of(member, part) for part in range(2)), sender=member)


def leave(world: World) -> int:
    """Let both try to leave; return how many are still inside."""
    staker, member = world.people.named("staker", "member")
    fund, members = world.insurance_fund, world.default_fund
    shares = fund.balanceOf(staker)
    for call, args, who in (
        (fund.redeem, (shares, staker, staker), staker),
        (members.withdraw, (member,), member),
    ):
        try:
            call(*args, sender=who)
        except Reverted:
            continue
    return bool(fund.balanceOf(staker)) + bool(members.shares_of(member, 0))


def harass(world: World) -> None:
    """Let the guardian hold everybody for as long as their bucket lets them."""
    ledger, guardian = world.clearinghouse, world.people["guardian"]
    for duration in (DAY, HOUR, 60):
        try:
            ledger.pause(LIQUIDATIONS, duration, sender=guardian)
        except Reverted:
            continue
        return


def all_leave_first(world: World, pausing: bool) -> None:
    """Play until the hostile manager is in: nobody who asked in time is there any more."""
    ledger, stranger = world.clearinghouse, world.people["stranger"]
    inside = 2
    for _ in range(120 * 4):
        try:
            ledger.accept_role(DEFAULT_MANAGER, sender=stranger)
        except Reverted as problem:
            assert problem.reason == EARLY  # noqa: PT017
        else:
            assert inside == 0
            return
        if pausing:
            harass(world)
        inside = leave(world) if inside else 0
        world.wait(6 * HOUR)
    raise AssertionError("the proposal never came to an end")


# A HOSTILE OWNER ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pausing", [False, True])
def test_stakers_leave_before_a_hostile_manager_takes_over(world, pausing):
    """Who asks when the role is proposed is out, with cooldowns of 7 and 14 days, also when a
    guardian who is in league with the owner pauses all they can."""
    execute(world, propose(world))
    ask(world)
    all_leave_first(world, pausing)


@pytest.mark.parametrize("pausing", [False, True])
def test_no_terms_lock_them_in(world, pausing):
    """The owner shortens the times to leave, proposes, and makes them as long as they get, all in
    one transaction: a delay read from terms in force would be two days, leaving takes thirty."""
    fund = world.insurance_fund
    members = tuple(world.default_fund.terms())
    execute(
        world,
        (fund, "set_timing", HOUR, 1_200),
        (world.default_fund, "set_terms", (HOUR, 1_200, *members[2:])),
        propose(world),
        (fund, "set_timing", 30 * DAY, 7 * DAY),
        (world.default_fund, "set_terms", (30 * DAY, 7 * DAY, *members[2:])),
    )
    world.wait(2 * DAY)  # to see it and to make up their minds
    ask(world)
    all_leave_first(world, pausing)


def test_a_proposal_does_not_lie_in_wait_for_new_stakers(world):
    ledger, stranger = world.clearinghouse, world.people["stranger"]
    execute(world, propose(world))
    world.wait(60 * DAY)
    newcomer = world.people["second staker"]
    world.stake(newcomer, 5_000)
    lapsed = "proposals: role proposal has lapsed"
    refused(lapsed, ledger.accept_role, DEFAULT_MANAGER, sender=stranger)


def test_the_guardian_sees_a_role_before_they_can_be_removed(world):
    """Removal and proposal in one transaction: the guardian still delays it, then is gone."""
    ledger, guardian = world.clearinghouse, world.people["guardian"]
    execute(world, (ledger, "set_guardian", ZERO), propose(world))
    refused("proposals: guardian delay is not over", ledger.accept_guardian, sender=guardian)
    begun = ledger.role_ready_at(DEFAULT_MANAGER)
    ledger.delay_role(DEFAULT_MANAGER, sender=guardian)
    assert ledger.role_ready_at(DEFAULT_MANAGER) == begun + ledger.role_delay()
    world.wait(2 * DAY)
    ledger.accept_guardian(sender=world.people["stranger"])
    assert ledger.guardian() == ZERO


def test_the_delay_of_the_timelock_stays(world):
    """Nor does the owner free themselves of the delay first."""
    timelock, attacker = world.timelock, world.people["attacker"]
    call = timelock.address, 0, world.chain.encode(timelock, "update_delay", 0), NOTHING, NOTHING
    timelock.schedule(*call, DELAY, sender=attacker)
    world.wait(DELAY)
    refused("timelock: delay is too short", timelock.execute, *call, sender=attacker)


# A HOSTILE GUARDIAN -------------------------------------------------------------------------------


@pytest.fixture
def twins(fast_world) -> Scene:
    """The guardian is the trader and the maker: long against themselves, 200,000 on 10,000."""
    name_guardian(fast_world)
    scene = Scene.set(fast_world)
    fast_world.stake(scene.staker, 10_000)
    return scene


@pytest.mark.parametrize("price", [1_800, 2_200])
def test_nobody_runs_from_a_pause_with_what_it_brought(twins, price):
    """Prices move by a tenth while liquidations are paused. The winning twin gets nothing out
    before the losing one can be recognised, nor do they trade it away."""
    world, ledger = twins.world, twins.world.clearinghouse
    guardian = world.people["guardian"]
    ledger.pause(LIQUIDATIONS, DAY, sender=guardian)
    twins.price(price)
    out = (twins.account, world.settlement, 10**6, twins.trader)
    exits = ledger.paused_until(LIQUIDATIONS) + CURE + FLIGHT
    order = world.order(twins.maker, twins.book, -1, price)
    fill = (order.as_tuple(), world.sign(twins.maker, order), WAD, twins.account, 2**255)
    for wait in (0, DAY, CURE - 1):
        world.wait(wait)
        refused(CLOSED, ledger.withdraw, *out, sender=twins.trader)
        assert not ledger.exits_open()
        refused("trading: trading is paused", world.exchange.fill, *fill, sender=twins.trader)
    world.wait(1)
    assert world.chain.pending_timestamp == exits - FLIGHT
    if price == 1_800:  # the trader is lost: recognised while nobody can leave
        assert twins.equity() < 0
        twins.open_auction()
        assert twins.size() == 0
    world.wait(FLIGHT - 1)
    refused(CLOSED, ledger.withdraw, *out, sender=twins.trader)
    world.wait(1)
    assert ledger.exits_open()


def test_bucket_and_leak_are_all_that_a_guardian_has(fast_world):
    """In sixty days they stop exits for three days and a tenth of the time, not for more."""
    world, ledger = fast_world, fast_world.clearinghouse
    name_guardian(world)
    begin = world.chain.pending_timestamp
    while world.chain.pending_timestamp < begin + 60 * DAY:
        harass(world)
        world.wait(2 * HOUR)
    elapsed = world.chain.pending_timestamp - begin
    assert 3 * DAY < ledger.stopped() <= 3 * DAY + elapsed // 10


@pytest.mark.parametrize("price", [1_800, 2_200])
def test_no_staker_runs_from_a_pause(twins, price):
    """Row for row what was played: the guardian's own stake, its window open, a pair of twins and a
    pause. They bear the loss like whoever stayed."""
    world, fund = twins.world, twins.world.insurance_fund
    guardian = world.people["guardian"]
    world.stake(guardian, 10_000)
    shares = fund.balanceOf(guardian)
    fund.request_redeem(shares, sender=guardian)
    world.wait(fund.cooldown())
    world.clearinghouse.pause(LIQUIDATIONS, DAY, sender=guardian)
    twins.price(price)
    redeem = shares, guardian, guardian
    for wait in (0, DAY, CURE, FLIGHT - 1):
        world.wait(wait)
        refused("fund: closed by a pause", fund.redeem, *redeem, sender=guardian)
        assert fund.maxRedeem(guardian) == 0
    if price == 1_800:
        assert twins.equity() < 0
        twins.open_auction()
        assert fund.convertToAssets(shares) < world.units("USDC", 10_000)
    world.wait(1)
    assert world.clearinghouse.exits_open()
    assert fund.maxRedeem(guardian) == shares  # the window has waited too
