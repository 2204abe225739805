"""The InsuranceFund as deployed: its names, its clearinghouse, units of its token."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import COOLDOWN, DEFAULTER, WINDOW, ZERO
from verification.engine.reverts import reverts


def test_metadata(desk):
    assert desk.fund.name() == "Bulkhead Insurance"
    assert desk.fund.symbol() == "bhIF"
    assert desk.fund.decimals() == 12
    assert desk.fund.asset() == desk.token
    assert desk.fund.CLEARINGHOUSE() == desk.ledger
    assert (desk.fund.cooldown(), desk.fund.window()) == (COOLDOWN, WINDOW)


def test_constructor_wants_a_clearinghouse(project, desk):
    arguments = ["Fund", "F", desk.token, ZERO, COOLDOWN, WINDOW, 0]
    with reverts("fund: no clearinghouse"):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


@pytest.mark.parametrize("decimals", [0, 18])
def test_token_decimals_set_the_scale(project, make_desk, admin, decimals):
    desk = make_desk(project.TestToken.deploy("T", "T", decimals, sender=admin))
    desk.stake(desk.staker, 100)
    desk.fund.draw(DEFAULTER, 10 * 10 ** (18 - decimals), sender=desk.governor)
    assert desk.assets == 90


def test_more_than_18_decimals_are_refused(project, make_desk, admin):
    token = project.TestToken.deploy("T", "T", 19, sender=admin)
    with reverts("fund: too many decimals"):
        make_desk(token)
