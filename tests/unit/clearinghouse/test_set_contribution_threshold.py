"""Clearinghouse.set_contribution_threshold: as much as its field holds."""

from __future__ import annotations


def test_the_contribution_threshold_fits_its_field(world, ledger, admin):
    most = 2**32 - 1
    world.refuses(
        "clearinghouse: threshold out of bounds",
        ledger.set_contribution_threshold,
        most + 1,
        sender=admin,
    )
    receipt = ledger.set_contribution_threshold(most, sender=admin)
    assert ledger.ContributionThresholdSet(threshold=most) in receipt.events
    assert ledger.role_word(1) >> 192 & most == most
