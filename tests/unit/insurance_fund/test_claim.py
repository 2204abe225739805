"""InsuranceFund.claim: recoveries belong to those who bore the loss, wherever they are now."""

from __future__ import annotations

import pytest

from tests.unit.insurance_fund.helpers import (
    CASH_PER_UNIT,
    MAX_UINT,
    RETURNS_FALSE,
    USDC,
)
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


@pytest.fixture
def drawn(desk):
    """A quarter is the staker's, three the newcomer's; half of all has been drawn."""
    desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.draw(2 * STAKE)
    return desk


def test_holders_of_record_get_their_part(drawn):
    drawn.restore(STAKE)
    assert drawn.fund.claimable(1, drawn.staker) == STAKE // 4
    receipt = drawn.fund.claim(1, drawn.staker, sender=drawn.stranger)
    assert receipt.return_value == STAKE // 4 == drawn.token.balanceOf(drawn.staker)
    event = drawn.fund.Claim(draw=1, holder=drawn.staker, tokens=STAKE // 4)
    assert event in receipt.events
    assert drawn.fund.kept() == STAKE * 3 // 4
    with reverts("holders of record: nothing to claim"):
        drawn.fund.claim(1, drawn.staker, sender=drawn.staker)
    drawn.restore(STAKE)
    assert drawn.claim(1, drawn.staker) == STAKE // 4
    assert drawn.fund.claimed(1, drawn.staker) == STAKE // 2
    assert drawn.claim(1, drawn.newcomer) == STAKE * 3 // 2
    assert drawn.fund.kept() == 0


def test_whoever_stakes_before_a_recovery_takes_nothing_of_it(drawn):
    drawn.stake(drawn.stranger, 100 * STAKE)
    drawn.restore(2 * STAKE)
    assert drawn.fund.claimable(1, drawn.stranger) == 0
    assert drawn.worth(drawn.stranger) == 100 * STAKE - 1  # rounded down
    with reverts("holders of record: nothing to claim"):
        drawn.fund.claim(1, drawn.stranger, sender=drawn.stranger)
    assert drawn.claim(1, drawn.staker) == STAKE // 2


def test_a_defaulter_who_stakes_and_repays_gains_nothing(desk):
    """They pay what they owe, and their stake is worth what they staked."""
    desk.stake(desk.staker, 100 * USDC)
    desk.draw(90 * USDC)
    defaulter = desk.newcomer
    desk.stake(defaulter, 10**6 * USDC)
    desk.restore(90 * USDC)
    assert desk.leave(defaulter) == 10**6 * USDC - 1  # rounded down
    assert desk.fund.claimable(1, defaulter) == 0
    assert desk.claim(1, desk.staker) == 90 * USDC


def test_whoever_leaves_keeps_their_claim(drawn):
    assert drawn.leave(drawn.staker) == STAKE // 2
    drawn.restore(2 * STAKE)
    assert drawn.claim(1, drawn.staker) == STAKE // 2
    assert drawn.claim(1, drawn.newcomer) == STAKE * 3 // 2


def test_shares_that_change_hands_do_not_take_the_claim_along(drawn):
    shares = drawn.fund.balanceOf(drawn.staker)
    drawn.fund.transfer(drawn.stranger, shares // 2, sender=drawn.staker)
    drawn.fund.transfer(drawn.newcomer, shares // 4, sender=drawn.stranger)
    drawn.fund.transfer(drawn.staker, shares // 4, sender=drawn.stranger)
    drawn.restore(2 * STAKE)
    assert drawn.fund.claimable(1, drawn.stranger) == 0
    assert drawn.claim(1, drawn.staker) == STAKE // 2
    assert drawn.claim(1, drawn.newcomer) == STAKE * 3 // 2
    assert drawn.fund.kept() == 0


def test_every_draw_has_its_own_record(desk):
    """Balances between draws are found, changed or not, for each of many draws."""
    held = []
    for round_ in range(7):
        if round_ % 3 == 0:
            desk.stake(desk.staker, (round_ + 1) * STAKE)
        if round_ % 2:
            desk.stake(desk.newcomer, STAKE)
        if round_ == 5:
            desk.fund.transfer(desk.newcomer, 10**12, sender=desk.staker)
        held.append((desk.fund.balanceOf(desk.staker), desk.fund.balanceOf(desk.newcomer)))
        desk.draw(1_000 + round_, account=round_)
    for round_, (mine, theirs) in enumerate(held):
        desk.restore(1_000 + round_, account=round_)
        both = mine + theirs
        cost = 1_000 + round_
        assert desk.fund.loss_of(round_ + 1).supply == both
        assert desk.fund.claimable(round_ + 1, desk.staker) == cost * mine // both
        assert desk.fund.claimable(round_ + 1, desk.newcomer) == cost * theirs // both
    # Nothing of it changes when they touch their shares again.
    desk.fund.transfer(desk.newcomer, 1, sender=desk.staker)
    for round_, (mine, theirs) in enumerate(held):
        cost = 1_000 + round_
        assert desk.fund.claimable(round_ + 1, desk.staker) == cost * mine // (mine + theirs)


@pytest.mark.parametrize("touched", [False, True])
def test_a_wiped_out_holder_has_the_whole_claim(desk, touched):
    """Shares count as they were before the consolidation that followed the draw."""
    desk.stake(desk.staker, STAKE)
    desk.stake(desk.newcomer, 3 * STAKE)
    desk.draw(4 * STAKE)
    assert desk.supply == 0
    if touched:
        desk.stake(desk.staker, STAKE)
    desk.restore(4 * STAKE)
    assert desk.claim(1, desk.staker) == STAKE
    assert desk.claim(1, desk.newcomer) == 3 * STAKE


def test_draws_on_both_sides_of_a_consolidation(desk):
    """An untouched balance answers for draws before and after it was halved."""
    shares = desk.stake(desk.staker, 4_000 * USDC)
    desk.stake(desk.newcomer, 4_000 * USDC)
    desk.draw(7_999 * USDC)
    times = desk.fund.halvings()
    assert times > 0
    desk.stake(desk.newcomer, USDC)
    desk.draw(USDC)
    assert desk.fund.loss_of(1).generation == 0
    assert desk.fund.loss_of(2).generation == times
    desk.restore(8_000 * USDC)
    supply = desk.fund.loss_of(2).supply
    expected = (7_999 * USDC // 2, USDC * (shares >> times) // supply)
    assert tuple(desk.fund.claimable(draw, desk.staker) for draw in (1, 2)) == expected
    desk.stake(desk.staker, USDC)
    assert tuple(desk.fund.claimable(draw, desk.staker) for draw in (1, 2)) == expected


def test_there_is_nothing_to_claim_of_a_draw_that_was_none(desk):
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE)
    desk.stake(desk.staker, STAKE)
    for draw in (0, 1, 2, MAX_UINT):
        assert desk.fund.claimable(draw, desk.staker) == 0
        with reverts("holders of record: nothing to claim"):
            desk.fund.claim(draw, desk.staker, sender=desk.staker)


def test_what_was_deferred_counts_as_lost(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.ledger.close_draws(True, sender=desk.governor)
    desk.draw(STAKE // 2)
    desk.restore(STAKE // 2)
    assert desk.claim(1, desk.staker) == STAKE // 2
    assert desk.token.balanceOf(desk.fund) == STAKE
    assert desk.fund.deferred() == desk.assets == STAKE // 2


def test_a_claim_that_is_not_paid_stays(odd_desk):
    desk = odd_desk
    desk.stake(desk.staker, STAKE)
    desk.draw(STAKE)
    desk.restore(STAKE)
    desk.token.set_behaviour(RETURNS_FALSE, sender=desk.governor)
    with reverts("vault: token transfer failed"):
        desk.fund.claim(1, desk.staker, sender=desk.stranger)
    desk.token.set_behaviour(0, sender=desk.governor)
    assert desk.claim(1, desk.staker) == STAKE


def test_claims_are_not_assets(drawn):
    """They cannot be drawn, and pay no leaver."""
    drawn.restore(2 * STAKE)
    assert drawn.assets == 2 * STAKE
    receipt = drawn.fund.draw(7, MAX_UINT, sender=drawn.governor)
    assert receipt.return_value == (2 * STAKE * CASH_PER_UNIT, 0)
    assert drawn.token.balanceOf(drawn.fund) == drawn.fund.kept() == 2 * STAKE
    assert drawn.claim(1, drawn.staker) == STAKE // 2


def test_claims_are_paid_in_every_phase_and_while_exits_are_closed(drawn):
    drawn.restore(STAKE)
    drawn.ledger.set_exits(False, 0, sender=drawn.governor)
    assert drawn.claim(1, drawn.staker) == STAKE // 4
    drawn.ledger.set_phase(1, sender=drawn.governor)
    assert drawn.claim(1, drawn.newcomer) == STAKE * 3 // 4
