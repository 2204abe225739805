"""Clearinghouse.set_wind_down_terms: kept as given, inside hard bounds."""

from __future__ import annotations

from tests.procedure import only, refused
from verification.engine.world import WAD

DAY = 86_400
PROOFS = 3 * DAY


def test_terms_have_bounds(fast_world):
    ledger = fast_world.clearinghouse
    reason = "end terms: wind-down terms out of bounds"
    good = [100_000, 1_000, PROOFS, 10_000, 100, WAD]
    for place, bad in (
        (0, 9_999),
        (0, 10**6 + 1),
        (1, 10**7 + 1),
        (2, 3_599),
        (2, 30 * DAY + 1),
        (3, 50_001),
        (4, 1_001),
        (5, 10 * WAD + 1),
    ):
        terms = list(good)
        terms[place] = bad
        refused(reason, ledger.set_wind_down_terms, *terms, sender=fast_world.admin)
    lowest = [10_000, 0, 3_600, 0, 0, 0]
    highest = [10**6, 10**7, 30 * DAY, 50_000, 1_000, 10 * WAD]
    for terms in (lowest, highest, good):
        receipt = ledger.set_wind_down_terms(*terms, sender=fast_world.admin)
        event = only(receipt, ledger.WindDownTermsSet)
        found = event.hole_share, event.hole_floor, event.window, event.reward, event.reward_cap
        assert [*found, event.conversion_reward] == terms
        assert (ledger.hole_floor(), ledger.conversion_reward()) == (terms[1], terms[5])
    refused(
        "ownable: caller is not the owner",
        ledger.set_wind_down_terms,
        *good,
        sender=fast_world.people["stranger"],
    )
