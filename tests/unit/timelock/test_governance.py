"""Timelock, the owner of a real Clearinghouse: nothing moves unseen, nobody holds it back."""

from __future__ import annotations

from typing import Any

import pytest

from verification.engine.reverts import Reverted, assert_passes, assert_refused, dry_run
from verification.engine.world import WAD, World

DAY = 86_400
DELAY = 2 * DAY
ZERO = "0x" + "00" * 20
NOTHING = b"\x00" * 32
SALT = b"\x01" * 32
UNSET, WAITING, READY, DONE = 1, 2, 4, 8
NOT_READY = "timelock_controller: operation is not ready"
NO_ROLE = "access_control: account is missing role"
NOT_OWNER = "ownable: caller is not the owner"
TERMS = (5 * WAD, 300_000, DAY, 20_000)


class Governance:
    """A Timelock that owns a deployment, and the people around it."""

    def __init__(self, world: World, timelock: Any, proposer: Any) -> None:
        """Keep them."""
        self.world, self.timelock, self.proposer = world, timelock, proposer

    def call(self, function: Any, *args: Any, predecessor: bytes = NOTHING) -> tuple[Any, ...]:
        """Return a call as `execute` takes it."""
        data = bytes(function.encode_input(*args))
        return function.contract.address, 0, data, predecessor, SALT

    def schedule(self, call: tuple[Any, ...], delay: int = DELAY) -> bytes:
        """Schedule a call; return its id."""
        self.timelock.schedule(*call, delay, sender=self.proposer)
        return self.timelock.hash_operation(*call)

    def wait(self, seconds: int) -> None:
        self.world.chain.mine(deltatime=seconds)

    def enact(self, call: tuple[Any, ...], executor: Any) -> Any:
        """Schedule a call, wait and execute it."""
        self.schedule(call)
        self.wait(DELAY)
        return self.timelock.execute(*call, sender=executor)

    def refuses(self, reason: str, function: Any, *args: Any, sender: Any) -> None:
        """Expect a refusal that leaves no trace, nor one in the Timelock."""
        known = [self.timelock, *self.world.deployment.contracts.values()]
        assert_refused(reason, known, function, *args, sender=sender)


@pytest.fixture
def timelock(world, project, proposer):
    return project.Timelock.deploy(DELAY, [proposer], [ZERO], ZERO, sender=world.admin)


@pytest.fixture
def governance(world, timelock, proposer, stranger) -> Governance:
    """The Timelock owns the Clearinghouse: offered by the admin, accepted at anyone's call."""
    governance = Governance(world, timelock, proposer)
    ledger = world.clearinghouse
    ledger.transfer_ownership(timelock, sender=world.admin)
    timelock.accept_ownership(ledger, sender=stranger)
    assert (ledger.owner(), ledger.pending_owner()) == (timelock.address, ZERO)
    return governance


# Ownership ----------------------------------------------------------------------------------------


def test_ownership_is_accepted_only_where_it_was_offered(world, timelock, proposer, stranger):
    governance, ledger = Governance(world, timelock, proposer), world.clearinghouse
    governance.refuses(
        "ownable_2step: caller is not the new owner",
        timelock.accept_ownership,
        ledger,
        sender=stranger,
    )
    assert ledger.owner() == world.admin
    ledger.transfer_ownership(timelock, sender=world.admin)
    assert ledger.owner() == world.admin
    timelock.accept_ownership(ledger, sender=stranger)
    assert ledger.owner() == timelock


def test_a_scheduled_call_accepts_it_too(world, timelock, proposer, stranger):
    governance, ledger = Governance(world, timelock, proposer), world.clearinghouse
    ledger.transfer_ownership(timelock, sender=world.admin)
    call = governance.call(ledger.accept_ownership)
    governance.schedule(call)
    governance.wait(DELAY - 10)
    governance.refuses(NOT_READY, timelock.execute, *call, sender=stranger)
    assert ledger.owner() == world.admin
    governance.wait(10)
    timelock.execute(*call, sender=stranger)
    assert ledger.owner() == timelock


def test_the_old_owner_has_nothing_left(world, governance):
    ledger = world.clearinghouse
    for person in (world.admin, governance.proposer):
        world.refuses(NOT_OWNER, ledger.set_shortfall_terms, *TERMS, sender=person)
        world.refuses(NOT_OWNER, ledger.transfer_ownership, person, sender=person)
    world.refuses(
        "risk parameters: caller is not the admin",
        world.risk_engine.set_globals,
        0,
        0,
        sender=world.admin,
    )


# Schedule, wait, execute --------------------------------------------------------------------------


def test_a_parameter_changes_after_the_delay(world, governance, stranger):
    ledger, timelock = world.clearinghouse, governance.timelock
    call = governance.call(ledger.set_shortfall_terms, *TERMS)
    id_ = timelock.hash_operation(*call)
    assert timelock.get_operation_state(id_) == UNSET
    governance.schedule(call)
    assert timelock.get_operation_state(id_) == WAITING
    governance.wait(DELAY)
    assert timelock.get_operation_state(id_) == READY
    assert ledger.shortfall_discount() != TERMS[3]
    timelock.execute(*call, sender=stranger)
    assert timelock.get_operation_state(id_) == DONE
    assert ledger.shortfall_discount() == TERMS[3]
    governance.refuses(NOT_READY, timelock.execute, *call, sender=stranger)  # once


def test_the_other_contracts_obey_it_too(world, governance, stranger):
    """They ask the Clearinghouse who its owner is."""
    terms = tuple(world.default_manager.terms())
    calls = [
        (world.risk_engine.set_globals, 123_456, 789),
        (world.exchange.set_terms, 1, 0, 0, 500),
        (world.default_manager.set_terms, terms),
    ]
    batch = [governance.call(*call) for call in calls]
    arguments = *([call[field] for call in batch] for field in range(3)), NOTHING, SALT
    governance.timelock.schedule_batch(*arguments, DELAY, sender=governance.proposer)
    governance.refuses(
        NOT_READY, governance.timelock.execute_batch, *arguments, sender=governance.proposer
    )
    governance.wait(DELAY)
    governance.timelock.execute_batch(*arguments, sender=stranger)
    governance.wait(world.risk_engine.MARGIN_NOTICE())
    world.risk_engine.apply_globals(sender=stranger)
    assert world.risk_engine.row_words(0)[3] == 123_456 | 789 << 32


def test_the_delay_cannot_be_skipped(world, governance, stranger):
    timelock = governance.timelock
    call = governance.call(world.clearinghouse.set_shortfall_terms, *TERMS)
    short = "timelock_controller: insufficient delay"
    for delay in (0, DELAY - 1):
        governance.refuses(short, timelock.schedule, *call, delay, sender=governance.proposer)
    governance.schedule(call)
    governance.wait(DELAY - 10)
    for person in (governance.proposer, stranger, world.admin):
        governance.refuses(NOT_READY, timelock.execute, *call, sender=person)
    again = "timelock_controller: operation already scheduled"
    governance.refuses(again, timelock.schedule, *call, DELAY, sender=governance.proposer)


def test_what_was_not_scheduled_is_not_executed(world, governance, stranger):
    ledger, timelock = world.clearinghouse, governance.timelock
    scheduled = governance.call(ledger.set_shortfall_terms, *TERMS)
    other = governance.call(ledger.set_shortfall_terms, *TERMS[:3], TERMS[3] + 1)
    governance.schedule(scheduled)
    governance.wait(DELAY)
    for person in (governance.proposer, stranger):
        governance.refuses(NOT_READY, timelock.execute, *other, sender=person)
    timelock.execute(*scheduled, sender=stranger)


def test_a_predecessor_keeps_the_order(world, governance, stranger):
    ledger, timelock = world.clearinghouse, governance.timelock
    first = governance.call(ledger.set_shortfall_terms, *TERMS)
    second = governance.call(ledger.list_market, 3, predecessor=governance.schedule(first))
    governance.schedule(second)
    governance.wait(DELAY)
    missing = "timelock_controller: missing dependency"
    governance.refuses(missing, timelock.execute, *second, sender=stranger)
    timelock.execute(*first, sender=stranger)
    timelock.execute(*second, sender=stranger)


def test_the_reason_of_a_failing_call_comes_through(world, governance, stranger):
    call = governance.call(world.clearinghouse.list_market, 999)
    governance.schedule(call)
    governance.wait(DELAY)
    reason = "clearinghouse: bad market id"
    governance.refuses(reason, governance.timelock.execute, *call, sender=stranger)


# Who ----------------------------------------------------------------------------------------------


def test_only_proposers_schedule(world, governance, stranger):
    """Neither a stranger nor the deployer, who was the Clearinghouse's owner."""
    timelock = governance.timelock
    call = governance.call(world.clearinghouse.set_shortfall_terms, *TERMS)
    batch = [call[0]], [call[1]], [call[2]], NOTHING, SALT, DELAY
    for person in (stranger, world.admin):
        governance.refuses(NO_ROLE, timelock.schedule, *call, DELAY, sender=person)
        governance.refuses(NO_ROLE, timelock.schedule_batch, *batch, sender=person)
    assert_passes(timelock.schedule, *call, DELAY, sender=governance.proposer)
    assert_passes(timelock.schedule_batch, *batch, sender=governance.proposer)


def test_a_proposer_cancels_and_nobody_else(world, governance, stranger):
    ledger, timelock = world.clearinghouse, governance.timelock
    call = governance.call(ledger.set_shortfall_terms, *TERMS)
    id_ = governance.schedule(call)
    for person in (stranger, world.admin):
        governance.refuses(NO_ROLE, timelock.cancel, id_, sender=person)
    governance.wait(DELAY)  # until it is executed
    timelock.cancel(id_, sender=governance.proposer)
    governance.refuses(NOT_READY, timelock.execute, *call, sender=stranger)
    gone = "timelock_controller: operation cannot be cancelled"
    governance.refuses(gone, timelock.cancel, id_, sender=governance.proposer)
    governance.schedule(call)  # the delay begins anew
    governance.refuses(NOT_READY, timelock.execute, *call, sender=stranger)


def test_named_executors_are_the_only_ones(world, project, proposer, stranger):
    timelock = project.Timelock.deploy(DELAY, [proposer], [stranger], ZERO, sender=world.admin)
    governance = Governance(world, timelock, proposer)
    world.clearinghouse.transfer_ownership(timelock, sender=world.admin)
    timelock.accept_ownership(world.clearinghouse, sender=world.admin)
    call = governance.call(world.clearinghouse.set_shortfall_terms, *TERMS)
    governance.schedule(call)
    governance.wait(DELAY)
    for person in (proposer, world.admin):
        governance.refuses(NO_ROLE, timelock.execute, *call, sender=person)
    timelock.execute(*call, sender=stranger)


# Its own parameters -------------------------------------------------------------------------------


def test_the_delay_changes_only_by_itself(world, governance, stranger):
    timelock = governance.timelock
    only = "timelock: caller is not the timelock"
    for person in (governance.proposer, stranger, world.admin):
        governance.refuses(only, timelock.update_delay, 2 * DELAY, sender=person)
    call = governance.call(timelock.update_delay, 2 * DELAY)
    governance.schedule(call)
    governance.refuses(NOT_READY, timelock.execute, *call, sender=governance.proposer)
    governance.wait(DELAY)
    receipt = timelock.execute(*call, sender=stranger)
    event = timelock.MinimumDelayChange(old_duration=DELAY, new_duration=2 * DELAY)
    assert event in receipt.events
    assert timelock.get_minimum_delay() == 2 * DELAY
    call = governance.call(world.clearinghouse.list_market, 3)
    short = "timelock_controller: insufficient delay"
    governance.refuses(short, timelock.schedule, *call, DELAY, sender=governance.proposer)
    assert_passes(timelock.schedule, *call, 2 * DELAY, sender=governance.proposer)


def test_nobody_sets_it_below_a_day(world, project, governance, proposer, stranger):
    short = "timelock: delay is too short"
    with pytest.raises(Reverted, match=short):
        project.Timelock.deploy(DAY - 1, [proposer], [ZERO], ZERO, sender=world.admin)
    least = project.Timelock.deploy(DAY, [proposer], [ZERO], ZERO, sender=world.admin)
    assert least.get_minimum_delay() == DAY
    timelock = governance.timelock
    for delay in (0, DAY - 1):
        call = governance.call(timelock.update_delay, delay)
        governance.schedule(call)
        governance.wait(DELAY)
        governance.refuses(short, timelock.execute, *call, sender=stranger)
    governance.enact(governance.call(timelock.update_delay, DAY), stranger)
    assert timelock.get_minimum_delay() == DAY


def test_roles_change_only_by_itself(world, governance, stranger):
    timelock = governance.timelock
    role = timelock.PROPOSER_ROLE()
    for person in (governance.proposer, stranger, world.admin):
        governance.refuses(NO_ROLE, timelock.grantRole, role, stranger, sender=person)
        governance.refuses(NO_ROLE, timelock.revokeRole, role, governance.proposer, sender=person)
    assert not timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), world.admin)
    governance.enact(governance.call(timelock.grantRole, role, stranger), stranger)
    assert timelock.hasRole(role, stranger)
    call = governance.call(world.clearinghouse.list_market, 3)
    assert_passes(timelock.schedule, *call, DELAY, sender=stranger)


def test_an_admin_could_change_roles_at_once(world, project, proposer, stranger):
    """Which is why there is none once Bulkhead is set up."""
    timelock = project.Timelock.deploy(DELAY, [proposer], [ZERO], world.admin, sender=world.admin)
    role, top = timelock.PROPOSER_ROLE(), timelock.DEFAULT_ADMIN_ROLE()
    timelock.grantRole(role, stranger, sender=world.admin)
    assert timelock.hasRole(role, stranger)
    timelock.renounceRole(top, world.admin, sender=world.admin)
    world.refuses(NO_ROLE, timelock.grantRole, role, world.admin, sender=world.admin)


def test_what_it_was_deployed_with(world, timelock, proposer, stranger):
    assert timelock.get_minimum_delay() == DELAY
    for role in (timelock.PROPOSER_ROLE(), timelock.CANCELLER_ROLE()):
        assert timelock.hasRole(role, proposer)
        assert not timelock.hasRole(role, stranger)
    assert timelock.hasRole(timelock.EXECUTOR_ROLE(), ZERO)
    top = timelock.DEFAULT_ADMIN_ROLE()
    assert [timelock.hasRole(top, who) for who in (timelock, world.admin, ZERO)] == [
        True,
        False,
        False,
    ]


@pytest.mark.node
def test_it_takes_no_ether_by_the_way(timelock, stranger):
    with pytest.raises(Reverted):
        dry_run(timelock.address, b"", stranger, value=1)
    dry_run(timelock.address, timelock.get_minimum_delay.encode_input(), stranger)
