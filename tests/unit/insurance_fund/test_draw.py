"""InsuranceFund.draw: it pays what is asked and no more than it has, and all stakers share it."""

from __future__ import annotations

import pytest
from ape import chain

from tests.unit.insurance_fund.helpers import (
    BURNS_GAS,
    CASH_PER_UNIT,
    DEFAULTER,
    MAX_UINT,
    RETURNS_FALSE,
    REVERTS,
    USDC,
    WAD,
    YEAR,
    wait_until,
)
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_draw_pays_what_is_asked(desk):
    desk.stake(desk.staker, STAKE)
    cash = 100 * WAD + 1
    receipt = desk.fund.draw(DEFAULTER, cash, sender=desk.governor)
    assert receipt.return_value == (cash, 0)
    tokens = 100 * USDC + 1  # rounded up to a whole unit
    assert (desk.ledger.account(), desk.ledger.tokens(), desk.ledger.cash()) == (
        DEFAULTER,
        tokens,
        cash,
    )
    assert desk.token.balanceOf(desk.ledger) == tokens
    assert desk.token.allowance(desk.fund, desk.ledger) == 0
    event = desk.fund.Draw(
        account=DEFAULTER, asked=cash, paid=cash, tokens=tokens, draw=1, deferred=0
    )
    assert event in receipt.events


@pytest.mark.parametrize("beyond", [0, 1, 10**30, MAX_UINT - STAKE * CASH_PER_UNIT])
def test_draw_pays_no_more_than_it_has(desk, beyond):
    desk.stake(desk.staker, STAKE)
    held = STAKE * CASH_PER_UNIT
    receipt = desk.fund.draw(DEFAULTER, held + beyond, sender=desk.governor)
    assert receipt.return_value == (held, 0) == (desk.ledger.cash(), 0)
    assert desk.assets == 0


def test_draw_of_almost_all_pays_the_last_unit(desk):
    desk.stake(desk.staker, STAKE)
    cash = STAKE * CASH_PER_UNIT - 1
    assert desk.fund.draw(DEFAULTER, cash, sender=desk.governor).return_value == (cash, 0)
    assert desk.assets == 0


def test_draw_on_an_empty_fund_pays_nothing(desk):
    assert desk.fund.draw(DEFAULTER, WAD, sender=desk.governor).return_value == (0, 0)
    desk.stake(desk.staker, STAKE)
    receipt = desk.fund.draw(DEFAULTER, 0, sender=desk.governor)
    assert receipt.return_value == (0, 0)
    assert receipt.events == []


def test_only_the_present_default_manager_draws(desk):
    desk.stake(desk.staker, STAKE)
    for outsider in (desk.staker, desk.stranger):
        with reverts("fund: only the default manager"):
            desk.fund.draw(DEFAULTER, WAD, sender=outsider)
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


def test_a_draw_leaves_what_has_accrued_to_those_who_earned_it(desk):
    """It asks for nothing itself: the reserve stays as the waterfall found it."""
    desk.stake(desk.staker, STAKE)
    desk.fund.set_premium(100_000, sender=desk.governor)
    desk.fill_reserve(STAKE)
    chain.mine(timestamp=chain.pending_timestamp + YEAR - 1)
    desk.draw(STAKE // 2)
    assert desk.assets == STAKE // 2
    assert desk.ledger.reserve() == STAKE * CASH_PER_UNIT
    desk.fund.accrue(sender=desk.stranger)
    assert desk.assets == pytest.approx(STAKE // 2 + STAKE // 10, abs=20)


def test_what_accrued_before_a_wipe_out_goes_to_nobody(desk):
    desk.stake(desk.staker, STAKE)
    desk.fund.set_premium(100_000, sender=desk.governor)
    desk.fill_reserve(STAKE)
    chain.mine(timestamp=chain.pending_timestamp + YEAR)
    desk.draw(STAKE)
    desk.stake(desk.newcomer, STAKE)
    assert desk.worth(desk.newcomer) == desk.assets == STAKE
    assert desk.ledger.reserve() == STAKE * CASH_PER_UNIT


def test_tokens_taken_by_their_issuer_are_lost_with_the_next_draw(odd_desk):
    """A confiscated fund owes what it cannot hand over, and begins anew."""
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.burn(desk.fund, STAKE, sender=desk.stranger)
    receipt = desk.fund.draw(DEFAULTER, MAX_UINT, sender=desk.governor)
    assert receipt.return_value == (STAKE * CASH_PER_UNIT, STAKE * CASH_PER_UNIT)
    assert desk.supply == desk.assets == 0


# Tokens that do not move --------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [RETURNS_FALSE, REVERTS])
def test_a_draw_that_cannot_be_handed_over_is_owed(odd_desk, behaviour):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_behaviour(behaviour, sender=desk.governor)
    receipt = desk.draw(STAKE // 4)
    paid = STAKE // 4 * CASH_PER_UNIT
    assert receipt.return_value == (paid, paid)
    event = desk.fund.Draw(
        account=DEFAULTER, asked=paid, paid=paid, tokens=STAKE // 4, draw=1, deferred=paid
    )
    assert event in receipt.events
    assert desk.fund.deferred() == STAKE // 4
    assert desk.assets == desk.worth(desk.staker) == STAKE * 3 // 4
    assert desk.token.allowance(desk.fund, desk.ledger) == 0


def test_a_token_that_keeps_a_fee_defers_the_draw(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_fee(1, sender=desk.governor)
    assert desk.draw(STAKE).return_value == (STAKE * CASH_PER_UNIT, STAKE * CASH_PER_UNIT)
    assert desk.token.balanceOf(desk.fund) == desk.fund.deferred() == STAKE


def test_a_ledger_that_refuses_defers_the_draw(desk):
    desk.stake(desk.staker, STAKE)
    desk.ledger.close_draws(True, sender=desk.governor)
    assert desk.draw(STAKE // 2).return_value == (
        STAKE // 2 * CASH_PER_UNIT,
        STAKE // 2 * CASH_PER_UNIT,
    )
    desk.ledger.close_draws(False, sender=desk.governor)
    assert desk.draw(STAKE // 2).return_value == (STAKE // 2 * CASH_PER_UNIT, 0)
    assert desk.fund.deferred() == STAKE // 2


def test_a_token_that_burns_all_gas_takes_what_it_is_given(odd_desk):
    """And no more: the draw goes on, deferred."""
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_behaviour(BURNS_GAS, sender=desk.governor)
    desk.ledger.set_default_manager(desk.ledger, sender=desk.governor)
    cash = STAKE // 2 * CASH_PER_UNIT
    receipt = desk.ledger.draw_with(desk.fund, DEFAULTER, cash, 1_300_000, sender=desk.stranger)
    assert receipt.return_value is True
    assert desk.fund.deferred() == desk.assets == STAKE // 2


@pytest.mark.parametrize("gas", [100_000, 400_000, 600_000, 700_000, 750_000, 800_000, 1_000_000])
def test_nobody_makes_a_fund_skip_by_bringing_too_little_gas(desk, gas):
    """With whatever gas: a draw fails as a whole, or is handed over."""
    desk.stake(desk.staker, STAKE)
    desk.ledger.set_default_manager(desk.ledger, sender=desk.governor)
    cash = STAKE // 2 * CASH_PER_UNIT
    receipt = desk.ledger.draw_with(desk.fund, DEFAULTER, cash, gas, sender=desk.stranger)
    assert receipt.return_value is (gas == 1_000_000)
    assert desk.assets == (STAKE // 2 if receipt.return_value else STAKE)
    assert desk.fund.deferred() == 0


def test_whoever_stakes_while_something_is_deferred_neither_gains_nor_loses(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.token.set_behaviour(REVERTS, sender=desk.governor)
    desk.draw(STAKE // 2)
    desk.token.set_behaviour(0, sender=desk.governor)
    desk.stake(desk.newcomer, STAKE)
    assert desk.worth(desk.newcomer) == STAKE - 1  # rounded down
    desk.fund.pay_deferred(sender=desk.stranger)
    assert desk.worth(desk.newcomer) == STAKE - 1
    assert desk.worth(desk.staker) == STAKE // 2
