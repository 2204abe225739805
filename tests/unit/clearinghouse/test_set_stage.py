"""Clearinghouse.set_stage: a stage and its time keep to their fields."""

from __future__ import annotations

OUT_OF_RANGE = "words: number out of range"


def test_a_stage_does_not_spill_into_its_neighbours(world, ledger, manager, holder):
    for stage, since in ((4, 0), (1, 2**32)):
        world.refuses(
            OUT_OF_RANGE, ledger.set_stage, holder.account, stage, since, 0, 0, sender=manager
        )
    ledger.set_stage(holder.account, 3, 2**32 - 1, 0, 0, sender=manager)
    assert world.stage(holder.account) == 3
    assert ledger.headers(holder.account) >> 222 & 2**32 - 1 == 2**32 - 1
