"""Clearinghouse.set_default_fund_share: four fifths of the fees at most."""

from __future__ import annotations


def test_the_default_fund_gets_four_fifths_of_the_fees_at_most(world, ledger, admin):
    most = 800_000
    receipt = ledger.set_default_fund_share(most, sender=admin)
    assert receipt.events == [ledger.DefaultFundShareSet(share=most)]
    world.refuses(
        "clearinghouse: default fund share out of bounds",
        ledger.set_default_fund_share,
        most + 1,
        sender=admin,
    )
