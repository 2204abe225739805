"""InsuranceFund.set_timing: inside hard bounds, for requests to come."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import COOLDOWN, DAY, HOUR, MAX_UINT, USDC, WINDOW
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_timing_changes_requests_to_come_and_no_others(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.fund.request_redeem(shares, sender=desk.staker)
    before = tuple(desk.fund.request_of(desk.staker))
    receipt = desk.fund.set_timing(HOUR, HOUR // 3, sender=desk.governor)
    assert receipt.events == [desk.fund.SetTiming(cooldown=HOUR, window=HOUR // 3)]
    assert tuple(desk.fund.request_of(desk.staker)) == before
    desk.fund.cancel_request(sender=desk.staker)
    receipt = desk.fund.request_redeem(shares, sender=desk.staker)
    assert desk.fund.request_of(desk.staker).ready_at == receipt.timestamp + HOUR


@pytest.mark.parametrize(
    ("cooldown", "window", "reason"),
    [
        (HOUR - 1, HOUR // 3, "leave timing: cooldown out of bounds"),
        (30 * DAY + 1, WINDOW, "leave timing: cooldown out of bounds"),
        (HOUR, HOUR // 3 - 1, "leave timing: window out of bounds"),
        (30 * DAY, 7 * DAY + 1, "leave timing: window out of bounds"),
        (3 * WINDOW - 1, WINDOW, "leave timing: window out of bounds"),
        (MAX_UINT, MAX_UINT, "leave timing: cooldown out of bounds"),
    ],
)
def test_timing_has_bounds(project, desk, cooldown, window, reason):
    with reverts(reason):
        desk.fund.set_timing(cooldown, window, sender=desk.governor)
    arguments = ["Fund", "F", desk.token, desk.ledger, cooldown, window, 0]
    with reverts(reason):
        project.InsuranceFund.deploy(*arguments, sender=desk.governor)


@pytest.mark.parametrize(
    ("cooldown", "window"), [(HOUR, HOUR // 3), (30 * DAY, 7 * DAY), (3 * WINDOW, WINDOW)]
)
def test_timing_may_be_at_its_bounds(desk, cooldown, window):
    desk.fund.set_timing(cooldown, window, sender=desk.governor)
    assert (desk.fund.cooldown(), desk.fund.window()) == (cooldown, window)


def test_only_the_owner_of_the_clearinghouse_sets_the_timing(desk):
    with reverts("fund: only the owner"):
        desk.fund.set_timing(COOLDOWN, WINDOW, sender=desk.stranger)
