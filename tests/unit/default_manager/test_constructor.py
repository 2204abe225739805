"""The DefaultManager as deployed: it and its insolvency part belong to one ledger."""

from __future__ import annotations

import pytest

from verification.engine.evm import Reverted


def test_a_manager_and_its_part_belong_to_one_ledger(fast_world):
    world, manager = fast_world, fast_world.default_manager
    rest = manager.INSOLVENCY(), tuple(manager.terms()), tuple(manager.waterfall())
    with pytest.raises(Reverted, match="default manager: part of another ledger"):
        world.chain.deploy("DefaultManager", world.exchange.address, *rest)
    made = world.chain.deploy("DefaultManager", world.clearinghouse.address, *rest)
    assert made.CLEARINGHOUSE() == world.clearinghouse.address
