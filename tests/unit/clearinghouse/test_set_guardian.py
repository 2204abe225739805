"""Clearinghouse.set_guardian and accept_guardian: named by the owner, taken on by the named, and
never so fast that there is nobody to delay a role."""

from __future__ import annotations

from tests.procedure import only, refused

ZERO = "0x" + "00" * 20
DELAY = 2 * 86_400
NOT_PROPOSED = "proposals: caller is not the proposed guardian"
NOT_GUARDIAN = "clearinghouse: caller is not the guardian"
EARLY = "proposals: guardian delay is not over"


def test_the_first_takes_office_at_once_and_another_waits(world, ledger, admin, trader, stranger):
    receipt = ledger.set_guardian(trader, sender=admin)
    ready_at = receipt.timestamp
    assert ledger.GuardianProposed(guardian=trader, ready_at=ready_at) in receipt.events
    world.refuses(NOT_PROPOSED, ledger.accept_guardian, sender=stranger)
    receipt = ledger.accept_guardian(sender=trader)
    assert ledger.GuardianSet(guardian=trader) in receipt.events
    assert (ledger.guardian(), ledger.pending_guardian()) == (trader, ZERO)
    world.refuses(NOT_PROPOSED, ledger.accept_guardian, sender=trader)  # once
    receipt = ledger.set_guardian(stranger, sender=admin)
    ready_at = receipt.timestamp + DELAY
    assert ledger.GuardianProposed(guardian=stranger, ready_at=ready_at) in receipt.events
    assert (ledger.guardian(), ledger.pending_guardian()) == (trader, stranger)
    world.wait(DELAY - 100)
    world.refuses(EARLY, ledger.accept_guardian, sender=stranger)
    world.wait(100)
    ledger.accept_guardian(sender=stranger)
    assert ledger.guardian() == stranger
    world.refuses(NOT_GUARDIAN, ledger.pause, 0, 1, sender=trader)


def test_the_office_is_emptied_after_the_delay_by_anyone(fast_world, guardian):
    ledger, admin = fast_world.clearinghouse, fast_world.admin
    stranger = fast_world.people["stranger"]
    refused(NOT_PROPOSED, ledger.accept_guardian, sender=stranger)  # nothing is proposed
    event = only(ledger.set_guardian(ZERO, sender=admin), ledger.GuardianProposed)
    assert (event.guardian, event.ready_at) == (ZERO, fast_world.chain.pending_timestamp + DELAY)
    fast_world.wait(DELAY - 1)
    refused(EARLY, ledger.accept_guardian, sender=stranger)
    ledger.pause(0, 60, sender=guardian)
    fast_world.wait(1)
    event = only(ledger.accept_guardian(sender=stranger), ledger.GuardianSet)
    assert event.guardian == ZERO == ledger.guardian()
    refused(NOT_GUARDIAN, ledger.pause, 0, 60, sender=guardian)
    refused(NOT_PROPOSED, ledger.accept_guardian, sender=stranger)
    heir = fast_world.people["heir"]
    ledger.set_guardian(heir, sender=admin)  # an empty office is filled at once
    ledger.accept_guardian(sender=heir)
    assert ledger.guardian() == heir.address


def test_the_proposed_accepts_and_nobody_else(fast_world, guardian):
    ledger = fast_world.clearinghouse
    heir, stranger = fast_world.people.named("heir", "stranger")
    refused("ownable: caller is not the owner", ledger.set_guardian, heir, sender=guardian)
    ledger.set_guardian(heir, sender=fast_world.admin)
    fast_world.wait(DELAY)
    for person in (stranger, guardian, fast_world.admin):
        refused(NOT_PROPOSED, ledger.accept_guardian, sender=person)
    assert ledger.guardian() == guardian.address
    ledger.accept_guardian(sender=heir)
    refused(NOT_GUARDIAN, ledger.pause, 0, 60, sender=guardian)
    ledger.pause(0, 60, sender=heir)


def test_no_guardian_holds_back_their_own_end(fast_world, guardian):
    """Pauses of everything, and every veto they have: two days later somebody else is in office."""
    ledger, heir = fast_world.clearinghouse, fast_world.people["heir"]
    ledger.set_guardian(heir, sender=fast_world.admin)
    for action in range(3):
        ledger.pause(action, 86_400, sender=guardian)
    fast_world.wait(86_400)
    for action in range(3):
        ledger.pause(action, 86_400, sender=guardian)
    fast_world.wait(86_400)
    ledger.accept_guardian(sender=heir)
    assert ledger.guardian() == heir.address
