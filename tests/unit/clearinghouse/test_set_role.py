"""Clearinghouse.set_role, accept_role, delay_role and cancel_role: a new contract waits for as long
as leaving a fund can last."""

from __future__ import annotations

from typing import Any

import pytest

from bulkhead.deployment import PARTS
from tests.procedure import name_guardian, only, refused
from verification.engine.world import NEVER

DAY = 86_400
DELAY = 37 * DAY  # the longest cooldown and window of a fund
WINDOW = 7 * DAY  # to take over
NOT_OWNER = "ownable: caller is not the owner"
ZERO = "0x" + "00" * 20
RISK_ENGINE, EXCHANGE, DEFAULT_MANAGER, INSURANCE_FUND, DEFAULT_FUND = range(5)
LIQUIDATIONS = 2
EARLY = "proposals: role delay is not over"
LAPSED = "proposals: role proposal has lapsed"
NOTHING = "proposals: no role proposed"


@pytest.mark.parametrize("role", range(5))
def test_role_is_proposed_and_taken_over_after_the_delay(world, ledger, admin, stranger, role):
    before = ledger.roles(role)
    world.refuses(NOTHING, ledger.accept_role, role, sender=stranger)
    receipt = ledger.set_role(role, world.lens, sender=admin)
    (event,) = receipt.events.filter(ledger.RoleProposed)
    assert (event.role, event.holder) == (role, world.lens)
    assert event.ready_at == receipt.timestamp + DELAY == ledger.role_ready_at(role)
    assert ledger.roles(role) == before
    world.wait(DELAY - 100)
    world.refuses(EARLY, ledger.accept_role, role, sender=admin)
    world.wait(100)
    word = ledger.role_word(role)
    receipt = ledger.accept_role(role, sender=stranger)
    (event,) = receipt.events.filter(ledger.RoleSet)
    assert (event.role, event.holder) == (role, world.lens)
    assert ledger.roles(role) == world.lens
    assert ledger.role_word(role) >> 160 == word >> 160  # the other fields stay
    others = [ledger.roles(other) for other in range(5) if other != role]
    assert world.lens.address not in others
    world.refuses(NOTHING, ledger.accept_role, role, sender=stranger)


def test_first_holder_of_a_role_takes_over_at_once(project, world, admin, trader):
    parts = [world.deployment.contracts[name] for name in PARTS["Clearinghouse"]]
    made = project.Clearinghouse.deploy(world.settlement, trader, *parts, sender=admin)
    ledger = project.ClearinghouseAdmin.at(made.address)
    ledger.set_role(EXCHANGE, world.exchange, sender=trader)
    assert made.roles(EXCHANGE) == world.exchange


def test_proposal_can_be_withdrawn(world, ledger, admin, stranger):
    world.refuses(NOTHING, ledger.cancel_role, EXCHANGE, sender=admin)
    ledger.set_role(EXCHANGE, world.lens, sender=admin)
    world.refuses(NOT_OWNER, ledger.cancel_role, EXCHANGE, sender=stranger)
    receipt = ledger.cancel_role(EXCHANGE, sender=admin)
    assert ledger.RoleProposed(role=EXCHANGE, holder=ZERO, ready_at=0) in receipt.events
    world.wait(DELAY)
    world.refuses(NOTHING, ledger.accept_role, EXCHANGE, sender=admin)


def test_roles_are_five_and_their_holders_contracts(world, ledger, admin, stranger):
    for role in (5, NEVER):
        world.refuses(
            "proposals: unknown role",
            ledger.set_role,
            role,
            world.lens,
            sender=admin,
        )
    for nobody in (stranger, ZERO):
        world.refuses(
            "proposals: role holder is not a contract",
            ledger.set_role,
            EXCHANGE,
            nobody,
            sender=admin,
        )


# The clock ----------------------------------------------------------------------------------------


@pytest.fixture
def house(fast_world) -> Any:
    """A clearinghouse with a guardian, and the proposal of a hostile manager."""
    name_guardian(fast_world)
    fast_world.clearinghouse.set_role(DEFAULT_MANAGER, fast_world.lens, sender=fast_world.admin)
    return fast_world.clearinghouse


def accept(world: Any) -> Any:
    """Let a stranger call in whoever is proposed."""
    return world.clearinghouse.accept_role(DEFAULT_MANAGER, sender=world.people["stranger"])


def is_early(world: Any) -> None:
    stranger = world.people["stranger"]
    refused(EARLY, world.clearinghouse.accept_role, DEFAULT_MANAGER, sender=stranger)


def test_the_delay_is_as_long_as_leaving_can_be(fast_world, house):
    """Whatever the terms of the funds are: they may be changed while a role is proposed."""
    assert house.role_delay() == DELAY
    fast_world.insurance_fund.set_timing(3_600, 1_200, sender=fast_world.admin)
    assert house.role_delay() == DELAY
    fast_world.insurance_fund.set_timing(30 * DAY, 7 * DAY, sender=fast_world.admin)
    assert house.role_delay() == DELAY


def test_a_proposal_lapses(fast_world, house):
    """Else it would lie ready until new stakers have come."""
    fast_world.wait(DELAY + WINDOW - 1)
    checkpoint = fast_world.chain.snapshot()
    accept(fast_world)
    fast_world.chain.restore(checkpoint)
    fast_world.wait(1)
    stranger, guardian = fast_world.people.named("stranger", "guardian")
    refused(LAPSED, house.accept_role, DEFAULT_MANAGER, sender=stranger)
    refused(LAPSED, house.delay_role, DEFAULT_MANAGER, sender=guardian)  # nor is it revived
    house.set_role(DEFAULT_MANAGER, fast_world.lens, sender=fast_world.admin)
    is_early(fast_world)
    fast_world.wait(DELAY)
    accept(fast_world)


def test_it_stands_still_while_exits_are_stopped(fast_world, house):
    """However the pauses lie, each second of them is one more to wait."""
    guardian = fast_world.people["guardian"]
    proposed = fast_world.chain.pending_timestamp
    house.pause(LIQUIDATIONS, DAY, sender=guardian)
    fast_world.wait(3_600)
    assert house.role_ready_at(DEFAULT_MANAGER) == proposed + DELAY + 3_600
    house.unpause(LIQUIDATIONS, sender=guardian)
    stopped = 3_600 + 4_200
    fast_world.wait(DELAY - 3_600)
    assert house.stopped() == stopped
    is_early(fast_world)
    house.pause(LIQUIDATIONS, DAY, sender=guardian)  # shortly before it is over
    stopped += DAY + 4_200
    fast_world.wait(DAY + 4_200)
    assert house.stopped() == stopped
    is_early(fast_world)
    fast_world.wait(proposed + DELAY + stopped - fast_world.chain.pending_timestamp - 1)
    is_early(fast_world)
    fast_world.wait(1)
    accept(fast_world)


def test_what_was_stopped_before_does_not_count(fast_world, guardian):
    house = fast_world.clearinghouse
    house.pause(LIQUIDATIONS, DAY, sender=guardian)
    fast_world.wait(DAY)
    house.set_role(DEFAULT_MANAGER, fast_world.lens, sender=fast_world.admin)
    fast_world.wait(DELAY + 4_199)  # the rest of the stop does
    is_early(fast_world)
    fast_world.wait(1)
    accept(fast_world)


# The veto -----------------------------------------------------------------------------------------


def test_the_guardian_delays_once(fast_world, house):
    guardian, stranger = fast_world.people.named("guardian", "stranger")
    reason = "proposals: caller is not the guardian"
    for person in (stranger, fast_world.admin):
        refused(reason, house.delay_role, DEFAULT_MANAGER, sender=person)
    refused(NOTHING, house.delay_role, EXCHANGE, sender=guardian)
    ready = house.role_ready_at(DEFAULT_MANAGER)
    event = only(house.delay_role(DEFAULT_MANAGER, sender=guardian), house.RoleProposed)
    assert (event.holder, event.ready_at) == (fast_world.lens.address, ready + DELAY)
    again = "proposals: role is delayed already"
    refused(again, house.delay_role, DEFAULT_MANAGER, sender=guardian)
    fast_world.wait(2 * DELAY - 1)
    is_early(fast_world)
    fast_world.wait(1)
    accept(fast_world)


def test_another_proposal_may_be_delayed_again(fast_world, house):
    guardian = fast_world.people["guardian"]
    house.delay_role(DEFAULT_MANAGER, sender=guardian)
    house.set_role(DEFAULT_MANAGER, fast_world.lens, sender=fast_world.admin)
    house.delay_role(DEFAULT_MANAGER, sender=guardian)
    house.cancel_role(DEFAULT_MANAGER, sender=fast_world.admin)
    refused(NOTHING, house.delay_role, DEFAULT_MANAGER, sender=guardian)


def test_nothing_of_the_roles_reaches_the_guardians_replacement(fast_world, house):
    guardian, heir, stranger = fast_world.people.named("guardian", "heir", "stranger")
    house.set_guardian(heir, sender=fast_world.admin)
    for role in (5, NEVER):
        refused(NOTHING, house.delay_role, role, sender=guardian)
        refused(NOTHING, house.accept_role, role, sender=stranger)
        refused(NOTHING, house.cancel_role, role, sender=fast_world.admin)
        refused(NOTHING, house.role_ready_at, role, sender=stranger)
