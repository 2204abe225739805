"""Clearinghouse.set_collateral_cap: lowered at once, raised over thirty days."""

from __future__ import annotations

from verification.engine.world import NEVER, WAD

DAY = 86_400


def test_set_collateral_cap(world, ledger, admin):
    receipt = ledger.set_collateral_cap(1, 5 * WAD, sender=admin)
    (event,) = receipt.events.filter(ledger.CollateralCapSet)
    assert (event.index, event.cap) == (1, 5 * WAD)
    assert ledger.collaterals(1).cap == ledger.collateral_cap(1) == 5 * WAD  # down at once
    assert ledger.collaterals(0).cap == 50_000 * WAD
    for unknown in (2, NEVER):
        world.refuses(
            "registry: unknown token", ledger.set_collateral_cap, unknown, WAD, sender=admin
        )


def test_raised_cap_grows_over_thirty_days(world, ledger, admin):
    ledger.set_collateral_cap(0, 2_000 * WAD, sender=admin)
    receipt = ledger.set_collateral_cap(0, 32_000 * WAD, sender=admin)
    assert ledger.collateral_cap(0) == 2_000 * WAD
    for days in (3, 15, 30, 31):
        world.chain.pending_timestamp = receipt.timestamp + days * DAY
        world.chain.mine()
        assert ledger.collateral_cap(0) == (2_000 + 1_000 * min(days, 30)) * WAD
