"""Clearinghouse.set_shortfall_terms: kept as given, inside hard bounds."""

from __future__ import annotations

import pytest

from verification.engine.world import NEVER, WAD

DAY = 86_400


@pytest.mark.parametrize(
    "terms", [(0, 0, 0, 0), (NEVER, 10**6, 30 * DAY, 100_000), (5 * WAD, 200_000, DAY, 10_000)]
)
def test_set_shortfall_terms(world, ledger, admin, terms):
    receipt = ledger.set_shortfall_terms(*terms, sender=admin)
    (event,) = receipt.events.filter(ledger.ShortfallTermsSet)
    assert (event.cap, event.share, event.grace, event.discount) == terms
    assert terms == (
        ledger.negative_cash_cap(),
        ledger.negative_cash_share(),
        ledger.shortfall_grace(),
        ledger.shortfall_discount(),
    )


@pytest.mark.parametrize(
    "terms", [(0, 0, 30 * DAY + 1, 0), (0, 0, 0, 100_001), (0, 0, NEVER, 0), (0, 10**6 + 1, 0, 0)]
)
def test_shortfall_terms_have_bounds(world, ledger, admin, terms):
    world.refuses(
        "end terms: shortfall terms out of bounds",
        ledger.set_shortfall_terms,
        *terms,
        sender=admin,
    )
