"""InsuranceFund.cancel_request: the shares are free, and the next request waits in full."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import COOLDOWN, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_cancel_frees_the_shares_and_the_next_request_waits_in_full(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    receipt = desk.fund.cancel_request(sender=desk.staker)
    assert receipt.events == [desk.fund.CancelRequest(owner=desk.staker, shares=shares)]
    assert desk.fund.locked_shares(desk.staker) == desk.fund.maxRedeem(desk.staker) == 0
    with reverts("slashable shares: no request"):
        desk.fund.cancel_request(sender=desk.staker)
    receipt = desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.request_of(desk.staker).ready_at == receipt.timestamp + COOLDOWN
