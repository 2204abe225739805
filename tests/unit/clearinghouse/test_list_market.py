"""Clearinghouse.list_market: ids have bounds, and a market has risk parameters first."""

from __future__ import annotations

import pytest

from verification.engine.world import NEVER


@pytest.mark.parametrize("market", [3, 120])
def test_list_market(world, ledger, admin, market):
    world.refuses("sides: unknown market", ledger.accrue_funding, market, sender=admin)
    receipt = ledger.list_market(market, sender=admin)
    (event,) = receipt.events.filter(ledger.MarketListed)
    assert event.market == market
    assert ledger.market_state(market) == receipt.timestamp << 96
    assert ledger.market_totals(market) == 0
    world.refuses("clearinghouse: market already listed", ledger.list_market, market, sender=admin)


@pytest.mark.parametrize("market", [0, 121, 2**11, NEVER])
def test_market_ids_have_bounds(world, ledger, admin, market):
    world.refuses("clearinghouse: bad market id", ledger.list_market, market, sender=admin)
