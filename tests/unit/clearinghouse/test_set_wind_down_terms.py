"""Clearinghouse.set_wind_down_terms: kept as given, inside hard bounds."""

from __future__ import annotations

from tests.procedure import only, refused

DAY = 86_400
PROOFS = 3 * DAY


def test_terms_have_bounds(fast_world):
    ledger = fast_world.clearinghouse
    reason = "clearinghouse: wind-down terms out of bounds"
    good = [100_000, PROOFS, 10_000, 100]
    for place, bad in (
        (0, 9_999),
        (0, 10**6 + 1),
        (1, 3_599),
        (1, 30 * DAY + 1),
        (2, 50_001),
        (3, 1_001),
    ):
        terms = list(good)
        terms[place] = bad
        refused(reason, ledger.set_wind_down_terms, *terms, sender=fast_world.admin)
    lowest, highest = [10_000, 3_600, 0, 0], [10**6, 30 * DAY, 50_000, 1_000]
    for terms in (lowest, highest, good):
        receipt = ledger.set_wind_down_terms(*terms, sender=fast_world.admin)
        event = only(receipt, ledger.WindDownTermsSet)
        assert [event.hole_share, event.window, event.reward, event.reward_cap] == terms
    refused(
        "ownable: caller is not the owner",
        ledger.set_wind_down_terms,
        *good,
        sender=fast_world.people["stranger"],
    )
