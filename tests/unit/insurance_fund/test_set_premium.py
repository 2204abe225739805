"""InsuranceFund.set_premium: the owner's, within a bound."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.insurance_fund.helpers import COOLDOWN, MAX_PREMIUM, USDC, WINDOW, YEAR
from verification.engine.reverts import reverts


def test_the_owner_sets_the_rate(desk):
    receipt = desk.fund.set_premium(MAX_PREMIUM, sender=desk.governor)
    assert receipt.events == [desk.fund.SetPremium(rate=MAX_PREMIUM)]
    assert desk.fund.premium() == MAX_PREMIUM
    with reverts("fund: only the owner"):
        desk.fund.set_premium(1, sender=desk.stranger)


def test_the_rate_has_a_bound(project, desk):
    with reverts("premiums: rate out of bounds"):
        desk.fund.set_premium(MAX_PREMIUM + 1, sender=desk.governor)
    arguments = ["Fund", "F", desk.token, desk.ledger, COOLDOWN, WINDOW, MAX_PREMIUM + 1]
    with reverts("premiums: rate out of bounds"):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


def test_what_has_accrued_is_paid_at_the_rate_before(desk):
    desk.fund.set_premium(100_000, sender=desk.governor)
    desk.fill_reserve(1_000 * USDC)
    desk.stake(desk.staker, 100 * USDC)
    chain.pending_timestamp = chain.blocks.head.timestamp + YEAR
    desk.fund.set_premium(0, sender=desk.governor)
    assert desk.assets == pytest.approx(110 * USDC, abs=9)
