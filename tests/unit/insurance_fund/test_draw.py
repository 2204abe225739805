"""InsuranceFund.draw: it pays what is asked and no more than it has, and all stakers share it."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import (
    CASH_PER_UNIT,
    DEFAULTER,
    MAX_UINT,
    PAR,
    USDC,
    WAD,
    wait_until,
)
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_draw_pays_what_is_asked(desk):
    desk.stake(desk.staker, STAKE)
    cash = 100 * WAD + 1
    receipt = desk.fund.draw(DEFAULTER, cash, sender=desk.governor)
    assert receipt.return_value == cash
    tokens = 100 * USDC + 1  # rounded up to a whole unit
    assert (desk.ledger.account(), desk.ledger.tokens(), desk.ledger.cash()) == (
        DEFAULTER,
        tokens,
        cash,
    )
    assert desk.token.balanceOf(desk.ledger) == tokens
    assert desk.token.allowance(desk.fund, desk.ledger) == 0
    assert desk.fund.Draw(account=DEFAULTER, asked=cash, paid=cash, tokens=tokens) in receipt.events


@pytest.mark.parametrize("beyond", [0, 1, 10**30, MAX_UINT - STAKE * CASH_PER_UNIT])
def test_draw_pays_no_more_than_it_has(desk, beyond):
    desk.stake(desk.staker, STAKE)
    held = STAKE * CASH_PER_UNIT
    receipt = desk.fund.draw(DEFAULTER, held + beyond, sender=desk.governor)
    assert receipt.return_value == held == desk.ledger.cash()
    assert desk.assets == 0


def test_draw_of_almost_all_pays_the_last_unit(desk):
    desk.stake(desk.staker, STAKE)
    cash = STAKE * CASH_PER_UNIT - 1
    assert desk.fund.draw(DEFAULTER, cash, sender=desk.governor).return_value == cash
    assert desk.assets == 0


def test_draw_on_an_empty_fund_pays_nothing(desk):
    assert desk.fund.draw(DEFAULTER, WAD, sender=desk.governor).return_value == 0
    desk.stake(desk.staker, STAKE)
    receipt = desk.fund.draw(DEFAULTER, 0, sender=desk.governor)
    assert receipt.return_value == 0
    assert receipt.events == []


def test_only_the_present_default_manager_draws_and_reserves(desk):
    desk.stake(desk.staker, STAKE)
    for outsider in (desk.staker, desk.stranger):
        with reverts("fund: only the default manager"):
            desk.fund.draw(DEFAULTER, WAD, sender=outsider)
        with reverts("fund: only the default manager"):
            desk.fund.reserve(WAD, sender=outsider)
    desk.ledger.set_default_manager(desk.stranger, sender=desk.governor)
    with reverts("fund: only the default manager"):
        desk.fund.draw(DEFAULTER, WAD, sender=desk.governor)
    desk.fund.draw(DEFAULTER, WAD, sender=desk.stranger)


def test_a_loss_is_shared_by_all_with_requests_pending_or_not(desk):
    waiting = desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.fund.request_redeem(waiting, sender=desk.staker)
    desk.draw(STAKE)
    assert desk.worth(desk.staker) == STAKE * 3 // 4
    assert desk.worth(desk.newcomer) == STAKE * 9 // 4
    wait_until(desk.fund.request_of(desk.staker).ready_at)
    desk.draw(STAKE)
    desk.fund.redeem(waiting, desk.staker, desk.staker, sender=desk.staker)
    assert desk.token.balanceOf(desk.staker) == STAKE // 2


def test_fees_and_donations_go_to_stakers_pro_rata(desk):
    desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.donate(400 * USDC)
    assert desk.worth(desk.staker) == pytest.approx(STAKE + 100 * USDC, abs=1)
    assert desk.worth(desk.newcomer) == pytest.approx(3 * STAKE + 300 * USDC, abs=1)


def test_tokens_taken_by_their_issuer_are_a_loss_that_a_draw_recognises(odd_desk):
    """A confiscated fund can be poked back to life."""
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.burn(desk.fund, STAKE, sender=desk.stranger)
    assert desk.fund.draw(DEFAULTER, WAD, sender=desk.governor).return_value == 0
    assert desk.supply == 0
    assert desk.stake(desk.newcomer, STAKE) == STAKE * PAR
