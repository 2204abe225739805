"""An insurance fund, and one whose token misbehaves when told to."""

from __future__ import annotations

import pytest

from tests.unit.fund_helpers import (
    COOLDOWN,
    WINDOW,
    Desk,
)


@pytest.fixture
def make_desk(project, accounts):
    governor, staker, newcomer, stranger = accounts[:4]

    def make(token) -> Desk:
        ledger = project.FundHarness.deploy(token, sender=governor)
        fund = project.InsuranceFund.deploy(
            "Bulkhead Insurance", "bhIF", token, ledger, COOLDOWN, WINDOW, sender=governor
        )
        return Desk(fund, token, ledger, governor, staker, newcomer, stranger)

    return make


@pytest.fixture
def desk(project, accounts, make_desk) -> Desk:
    return make_desk(project.TestToken.deploy("USD Coin", "USDC", 6, sender=accounts[0]))


@pytest.fixture
def odd_desk(project, accounts, make_desk) -> Desk:
    """A fund whose token misbehaves when told to."""
    return make_desk(project.OddToken.deploy("Odd Coin", "ODD", 6, sender=accounts[0]))
