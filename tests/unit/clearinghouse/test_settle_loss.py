"""Clearinghouse.settle_loss, told by the DefaultManager what the deployed one never would."""

from __future__ import annotations


def test_a_loss_without_legs_is_none(world, ledger, manager, holder):
    before = ledger.headers(holder.account)
    receipt = ledger.settle_loss(holder.account, [], sender=manager)
    (event,) = receipt.events.filter(ledger.LossSettled)
    assert (event.charged, event.to_hole, event.hole) == (0, 0, 0)
    assert receipt.return_value == ledger.hole() == 0
    assert ledger.headers(holder.account) == before
