"""`DefaultManager.set_waterfall`: kept to the last bit, inside hard bounds."""

from __future__ import annotations

import pytest

from tests.procedure import PPM, only, refused
from verification.engine.evm import Reverted
from verification.engine.scenes import WATERFALL, set_waterfall


@pytest.mark.parametrize(
    "terms",
    [
        (0, 3_600, 0, 0, 0, 0, 3_600, 0),
        (50_001, 86_401, 2_000_001, 600_001, 5_000_001, 900_001, 86_401, 501),
        (100_000, 30 * 86_400, 2**32 - 1, PPM, 2**32 - 1, PPM, 7 * 86_400, 1_000),
    ],
    ids=["lowest", "odd", "highest"],
)
def test_terms_are_kept_to_the_last_bit(fast_world, terms):
    """Up to both bounds, and whatever its neighbours are."""
    manager = fast_world.default_manager
    receipt = manager.set_waterfall(terms, sender=fast_world.admin)
    assert tuple(manager.waterfall()) == terms
    assert tuple(only(receipt, manager.WaterfallSet).terms) == terms


def test_terms_have_bounds(fast_world):
    manager = fast_world.default_manager
    now = manager.waterfall()
    bad = {
        "charge_cap": 100_001,
        "period": 3_599,
        "market_amount": 2**32,
        "market_share": PPM + 1,
        "total_amount": 2**32,
        "total_share": PPM + 1,
        "remainder": 3_599,
        "reward_cap": 1_001,
    }
    too_long = [("period", 30 * 86_400 + 1), ("remainder", 7 * 86_400 + 1)]
    for name, value in [*bad.items(), *too_long]:
        with pytest.raises(Reverted) as problem:
            set_waterfall(fast_world, **{name: value})
        assert problem.value.reason == "default rules: terms out of bounds", name
    terms = tuple(getattr(now, name) for name in WATERFALL)
    refused(
        "default rules: caller is not the admin",
        manager.set_waterfall,
        terms,
        sender=fast_world.people["stranger"],
    )
    set_waterfall(fast_world, reward_cap=1_000, charge_cap=100_000)
    assert manager.waterfall().reward_cap == 1_000
