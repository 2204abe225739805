"""DefaultFund.claim: recoveries belong to the members of record, tranche by tranche."""

from __future__ import annotations

from tests.unit.default_fund.helpers import account_of
from tests.unit.insurance_fund.helpers import MAX_UINT, USDC
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_members_of_record_get_their_part_of_each_tranche(pair):
    club = pair
    club.draw(club.stranger, 0, 2 * STAKE, STAKE)
    club.restore(club.stranger, STAKE, STAKE)
    assert club.fund.claimable(1, club.member) == STAKE // 4 == club.claim(1, club.member)
    assert club.claim(2, club.member) == STAKE // 4
    assert club.claim(1, club.partner) == club.claim(2, club.partner) == STAKE * 3 // 4
    assert club.fund.kept() == 0
    assert club.fund.claimed(1, club.member) == STAKE // 4
    for draw in (0, 1, 2, 3, MAX_UINT):
        with reverts("holders of record: nothing to claim"):
            club.fund.claim(draw, club.member, sender=club.member)


def test_whoever_joins_before_a_recovery_takes_nothing_of_it(pair):
    club = pair
    club.draw(club.stranger, 0, 2 * STAKE, 0)
    club.join(club.stranger, 100 * STAKE, 100 * STAKE)
    club.restore(club.stranger, 2 * STAKE, 0)
    assert club.fund.claimable(1, club.stranger) == 0
    assert club.leave(club.stranger) <= 200 * STAKE
    assert club.claim(1, club.member) == STAKE // 2


def test_whoever_leaves_keeps_their_claim(pair):
    club = pair
    club.draw(club.stranger, 0, 2 * STAKE, 0)
    club.leave(club.member)
    club.restore(club.stranger, 2 * STAKE, 0)
    assert club.claim(1, club.member) == STAKE // 2
    assert club.claim(1, club.partner) == STAKE * 3 // 2


def test_shares_of_an_epoch_that_is_over_still_claim(pair):
    """Touched or not, and not for what the next epoch loses."""
    club = pair
    club.draw(club.stranger, 0, 4 * STAKE, 0)
    assert club.shares(club.member)[0] == 0
    club.join(club.member, STAKE, STAKE)
    club.draw(club.stranger, 0, STAKE, 0)
    club.restore(club.stranger, 5 * STAKE, 0)
    assert club.claim(1, club.member) == STAKE
    assert club.claim(1, club.partner) == 3 * STAKE
    assert club.fund.claimable(2, club.partner) == 0
    assert club.claim(2, club.member) == STAKE


def test_the_record_is_taken_after_the_own_contribution_has_paid(pair):
    """Tier 4 is what the others lose."""
    club = pair
    club.draw(club.member, STAKE, STAKE, 0)
    loss = club.fund.loss_of(1)
    assert (loss.account, loss.tokens) == (account_of(club.member), STAKE)
    assert loss.supply == club.shares(club.partner)[0]
    club.restore(club.member, STAKE, 0)
    assert club.fund.claimable(1, club.member) == 0
    assert club.claim(1, club.partner) == STAKE


def test_an_own_loss_between_two_draws_changes_the_record(pair):
    club = pair
    club.draw(club.stranger, 0, 400, 0)
    club.draw(club.member, club.worth(club.member, 0), 0, 0)
    club.draw(club.stranger, 0, 300, 0)
    club.restore(club.stranger, 700, 0)
    assert [club.fund.claimable(draw, club.member) for draw in (1, 2)] == [100, 0]
    assert [club.fund.claimable(draw, club.partner) for draw in (1, 2)] == [300, 300]
