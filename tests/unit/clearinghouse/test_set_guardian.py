"""Clearinghouse.set_guardian and accept_guardian: named by the owner, taken on by the named."""

from __future__ import annotations

from tests.procedure import refused

ZERO = "0x" + "00" * 20


def test_the_zero_address_leaves_nobody_to_pause_at_once(world, ledger, admin, trader, stranger):
    receipt = ledger.set_guardian(trader, sender=admin)
    assert ledger.GuardianProposed(guardian=trader) in receipt.events
    receipt = ledger.accept_guardian(sender=trader)
    assert ledger.GuardianSet(guardian=trader) in receipt.events
    assert ledger.guardian() == trader
    ledger.set_guardian(stranger, sender=admin)
    assert ledger.guardian() == trader
    ledger.set_guardian(ZERO, sender=admin)
    assert ledger.guardian() == ZERO
    world.refuses(
        "clearinghouse: caller is not the proposed guardian",
        ledger.accept_guardian,
        sender=stranger,
    )
    world.refuses("clearinghouse: caller is not the guardian", ledger.pause, 0, 1, sender=trader)


def test_guardian_accepts_himself(fast_world, guardian):
    ledger = fast_world.clearinghouse
    heir, stranger = fast_world.people.named("heir", "stranger")
    refused("ownable: caller is not the owner", ledger.set_guardian, heir, sender=guardian)
    ledger.set_guardian(heir, sender=fast_world.admin)
    refused(
        "clearinghouse: caller is not the proposed guardian",
        ledger.accept_guardian,
        sender=stranger,
    )
    assert ledger.guardian() == guardian.address
    ledger.accept_guardian(sender=heir)
    refused("clearinghouse: caller is not the guardian", ledger.pause, 0, 60, sender=guardian)
    ledger.pause(0, 60, sender=heir)
