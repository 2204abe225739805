"""Clearinghouse.list_collateral: eight tokens at most, each once."""

from __future__ import annotations

import pytest

from verification.engine.world import WAD


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_list_collateral(world, ledger, admin, new_token, decimals):
    token = new_token(decimals)
    assert ledger.list_collateral.call(token, 7 * WAD, sender=admin) == 2
    receipt = ledger.list_collateral(token, 7 * WAD, sender=admin)
    (event,) = receipt.events.filter(ledger.CollateralListed)
    assert (event.index, event.token, event.cap) == (2, token, 7 * WAD)
    assert ledger.collateral_count() == 3
    assert tuple(ledger.collaterals(2)) == (
        token,
        10 ** (18 - decimals),
        7 * WAD,
        0,
        7 * WAD // 10,
        receipt.timestamp,
    )
    assert ledger.collateral_cap(2) == 7 * WAD // 10


def test_a_token_is_listed_once(world, ledger, admin, new_token):
    listed = "clearinghouse: token already listed"
    for token in (world.tokens["WETH"], world.tokens["WBTC"], world.settlement):
        world.refuses(listed, ledger.list_collateral, token, WAD, sender=admin)
    token = new_token()
    ledger.list_collateral(token, WAD, sender=admin)
    world.refuses(listed, ledger.list_collateral, token, WAD, sender=admin)


def test_there_are_eight_collaterals_at_most(world, ledger, admin, new_token):
    for index in range(2, 8):
        assert ledger.list_collateral.call(new_token(), WAD, sender=admin) == index
        ledger.list_collateral(new_token(), WAD, sender=admin)
    world.refuses(
        "clearinghouse: eight collaterals at most",
        ledger.list_collateral,
        new_token(),
        WAD,
        sender=admin,
    )
