"""Clearinghouse.transfer_ownership and accept_ownership: two steps, and every contract follows."""

from __future__ import annotations

from verification.engine.reverts import assert_passes
from verification.engine.world import ETH

NOT_OWNER = "ownable: caller is not the owner"
ZERO = "0x" + "00" * 20


def test_ownership_moves_in_two_steps(world, ledger, admin, trader, stranger):
    ledger.transfer_ownership(trader, sender=admin)
    assert (ledger.owner(), ledger.pending_owner()) == (admin, trader)
    world.refuses(NOT_OWNER, ledger.list_market, 3, sender=trader)
    for other in (stranger, admin):
        world.refuses(
            "ownable_2step: caller is not the new owner", ledger.accept_ownership, sender=other
        )
    ledger.accept_ownership(sender=trader)
    assert (ledger.owner(), ledger.pending_owner()) == (trader, ZERO)
    world.refuses(NOT_OWNER, ledger.list_market, 3, sender=admin)
    ledger.list_market(3, sender=trader)


def test_the_other_contracts_follow_the_new_owner(world, ledger, admin, trader):
    terms = world.default_manager.terms()
    for owner, stranger in ((admin, trader), (trader, admin)):
        assert_passes(world.exchange.set_terms, ETH, 0, 0, 500, sender=owner)
        assert_passes(world.risk_engine.set_globals, 0, 0, sender=owner)
        assert_passes(world.default_manager.set_terms, tuple(terms), sender=owner)
        world.refuses(
            "exchange: not the owner", world.exchange.set_terms, ETH, 0, 0, 500, sender=stranger
        )
        world.refuses(
            "risk parameters: caller is not the admin",
            world.risk_engine.set_globals,
            0,
            0,
            sender=stranger,
        )
        world.refuses(
            "default rules: caller is not the admin",
            world.default_manager.set_terms,
            tuple(terms),
            sender=stranger,
        )
        if owner == admin:
            ledger.transfer_ownership(trader, sender=admin)
            ledger.accept_ownership(sender=trader)
