"""An insurance fund, and one whose token misbehaves when told to."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import (
    COOLDOWN,
    WINDOW,
    Desk,
)


@pytest.fixture
def make_desk(project, admin, people):
    governor = admin
    staker, newcomer, stranger = people.named("staker", "second staker", "stranger")

    def make(token) -> Desk:
        ledger = project.FundHarness.deploy(token, sender=governor)
        fund = project.InsuranceFund.deploy(
            "Bulkhead Insurance", "bhIF", token, ledger, COOLDOWN, WINDOW, 0, sender=governor
        )
        return Desk(fund, token, ledger, governor, staker, newcomer, stranger)

    return make


@pytest.fixture
def desk(project, admin, make_desk) -> Desk:
    return make_desk(project.TestToken.deploy("USD Coin", "USDC", 6, sender=admin))


@pytest.fixture
def odd_desk(project, admin, make_desk) -> Desk:
    """A fund whose token misbehaves when told to."""
    return make_desk(project.OddToken.deploy("Odd Coin", "ODD", 6, sender=admin))
