"""InsuranceFund.reserve: nobody leaves while a default has money reserved."""

from __future__ import annotations

from tests.unit.insurance_fund.helpers import USDC, WAD
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_nobody_leaves_while_money_is_reserved(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    receipt = desk.fund.reserve(WAD, sender=desk.governor)
    assert receipt.events == [desk.fund.Reserve(manager=desk.governor, cash=WAD)]
    assert desk.fund.reserved() == WAD
    assert desk.fund.maxRedeem(desk.staker) == desk.fund.maxWithdraw(desk.staker) == 0
    with reverts("fund: money is reserved"):
        desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)
    with reverts("fund: money is reserved"):
        desk.fund.withdraw(1, desk.staker, desk.staker, sender=desk.staker)
    desk.fund.reserve(0, sender=desk.governor)
    assert desk.fund.maxRedeem(desk.staker) == shares
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_a_replaced_manager_holds_nobody(desk):
    shares = desk.stake(desk.staker, STAKE)
    desk.open_window(desk.staker, shares)
    desk.fund.reserve(WAD, sender=desk.governor)
    desk.ledger.set_default_manager(desk.stranger, sender=desk.governor)
    assert desk.fund.reserved() == 0
    desk.fund.redeem(shares, desk.staker, desk.staker, sender=desk.staker)


def test_reservations_stop_neither_stakes_nor_draws(desk):
    desk.stake(desk.staker, STAKE)
    desk.fund.reserve(WAD, sender=desk.governor)
    desk.stake(desk.newcomer, STAKE)
    desk.draw(STAKE)
    assert desk.assets == STAKE
