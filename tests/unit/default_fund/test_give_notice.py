"""DefaultFund.give_notice: cooldown and window, and what a loss leaves of a notice."""

from __future__ import annotations

from ape import chain

from tests.unit.default_fund.helpers import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    COOLDOWN,
    RATE,
    WINDOW,
)
from tests.unit.insurance_fund.helpers import HOUR, PAR, USDC, wait_until
from verification.engine.reverts import reverts

STAKE = 1_000 * USDC


def test_leaving_takes_notice_cooldown_and_window(club):
    club.join(club.member, STAKE, STAKE)
    shares = club.shares(club.member)
    receipt = club.fund.give_notice(*shares, sender=club.member)
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.pledge_shares) == shares
    assert notice.ready_at == receipt.timestamp + COOLDOWN
    assert notice.lapses_at == notice.ready_at + WINDOW
    assert receipt.events == [
        club.fund.GiveNotice(
            member=club.member,
            contribution_shares=shares[0],
            pledge_shares=shares[1],
            ready_at=notice.ready_at,
            lapses_at=notice.lapses_at,
        )
    ]
    wait_until(notice.ready_at)
    receipt = club.fund.withdraw(club.stranger, sender=club.member)
    assert receipt.return_value == 2 * STAKE == club.token.balanceOf(club.stranger)
    assert [log for log in receipt.events if log.event_name == "Withdraw"] == [
        club.fund.Withdraw(
            member=club.member,
            tranche=tranche,
            recipient=club.stranger,
            tokens=STAKE,
            member_shares=0,
            assets=0,
            total_shares=0,
        )
        for tranche in (CONTRIBUTIONS, ASSESSMENTS)
    ]
    assert club.shares(club.member) == (0, 0)
    assert tuple(club.fund.notice_of(club.member)) == (0, 0, 0, 0)
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.stranger, sender=club.member)


def test_the_window_opens_and_shuts_on_the_second(club):
    club.join(club.member, STAKE, STAKE)
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.give_notice(PAR, 0, sender=club.member)
    notice = club.fund.notice_of(club.member)
    for when, is_open in (
        (notice.ready_at - 1, False),
        (notice.ready_at, True),
        (notice.lapses_at - 1, True),
        (notice.lapses_at, False),
    ):
        chain.pending_timestamp = when
        if is_open:
            checkpoint = chain.snapshot()
            club.fund.withdraw(club.member, sender=club.member)
            chain.restore(checkpoint)
        else:
            with reverts("leave notices: no open window"):
                club.fund.withdraw(club.member, sender=club.member)


def test_one_notice_at_a_time_until_it_lapses(club):
    club.join(club.member, STAKE, STAKE)
    contribution, pledge = club.shares(club.member)
    club.open_window(club.member, contribution // 2, pledge)
    with reverts("leave notices: notice pending"):
        club.fund.give_notice(1, 0, sender=club.member)
    wait_until(club.fund.notice_of(club.member).lapses_at)
    club.fund.give_notice(0, 7, sender=club.member)
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.pledge_shares) == (0, 7)
    with reverts("leave notices: notice pending"):
        club.fund.give_notice(1, 0, sender=club.member)


def test_a_notice_is_for_what_one_has(club):
    club.join(club.member, STAKE, 2 * STAKE)
    contribution, pledge = club.shares(club.member)
    with reverts("leave notices: no shares named"):
        club.fund.give_notice(0, 0, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(contribution + 1, 0, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(0, pledge + 1, sender=club.member)
    with reverts("leave notices: more than held"):
        club.fund.give_notice(1, 0, sender=club.stranger)
    club.fund.give_notice(contribution, pledge, sender=club.member)


def test_a_notice_keeps_its_times_when_the_terms_change(club):
    club.join(club.member, STAKE, STAKE)
    club.fund.give_notice(PAR, PAR, sender=club.member)
    before = tuple(club.fund.notice_of(club.member))
    club.fund.set_terms((HOUR, 1_200, RATE, 0, 0), sender=club.governor)
    assert tuple(club.fund.notice_of(club.member)) == before


def test_a_deposit_does_not_grow_a_notice(club):
    club.join(club.member, STAKE, STAKE)
    shares = club.shares(club.member)
    club.open_window(club.member, *shares)
    club.join(club.member, STAKE, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 2 * STAKE
    assert club.shares(club.member) == shares


def test_shares_under_notice_pay_like_all_others(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    receipt = club.draw(club.stranger, 0, 2 * STAKE, STAKE)
    (event,) = receipt.events.filter(club.fund.Draw)
    assert (event.own, event.owner_shares) == (0, 0)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE * 5 // 4


def test_a_loss_of_his_own_shrinks_a_notice(pair):
    club = pair
    shares, pledge = club.shares(club.member)
    club.open_window(club.member, shares * 3 // 4 - 1, pledge)
    ready_at = club.fund.notice_of(club.member).ready_at
    receipt = club.draw(club.member, STAKE // 4, 0, 0)
    assert receipt.events.filter(club.fund.ShrinkNotice) == []
    receipt = club.draw(club.member, STAKE // 2, 0, 0)
    left = club.shares(club.member)[0]
    assert left == shares // 4
    assert receipt.events.filter(club.fund.ShrinkNotice) == [
        club.fund.ShrinkNotice(member=club.member, contribution_shares=left)
    ]
    notice = club.fund.notice_of(club.member)
    assert (notice.contribution_shares, notice.ready_at) == (left, ready_at)
    # What is added afterwards waits for a notice of its own.
    club.join(club.member, STAKE, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE * 5 // 4
    assert club.worth(club.member, CONTRIBUTIONS) == STAKE


def test_a_notice_for_shares_that_are_gone_stands_in_nobodys_way(pair):
    club = pair
    club.open_window(club.member, club.shares(club.member)[0], 0)
    club.draw(club.member, STAKE, 0, 0)
    assert club.fund.notice_of(club.member).contribution_shares == 0
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    club.fund.give_notice(0, club.shares(club.member)[1], sender=club.member)


def test_a_notice_does_not_outlive_the_epoch_of_its_shares(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    club.draw(club.stranger, 0, 4 * STAKE, 0)
    assert club.fund.notice_of(club.member).contribution_shares == 0
    club.join(club.member, STAKE, 0)
    receipt = club.draw(club.member, STAKE // 2, 0, 0)
    assert receipt.events.filter(club.fund.ShrinkNotice) == []
    assert club.fund.notice_of(club.member).contribution_shares == 0
    assert club.fund.notice_of(club.member).pledge_shares == STAKE * PAR
    with reverts("default fund: pledge too small"):
        club.fund.withdraw(club.member, sender=club.member)
    club.join(club.member, 0, STAKE)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE


def test_nobody_leaves_while_exits_are_closed(pair):
    club = pair
    club.open_window(club.member, *club.shares(club.member))
    club.ledger.set_exits(False, 0, sender=club.governor)
    with reverts("fund: closed by a pause"):
        club.fund.withdraw(club.member, sender=club.member)
    club.draw(club.stranger, 0, 2 * STAKE, 2 * STAKE)
    club.ledger.set_exits(True, 0, sender=club.governor)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == STAKE


def test_clocks_stand_still_while_exits_are_closed(club):
    """Whatever was stopped before the notice does not count for it."""
    club.ledger.set_exits(True, 5 * COOLDOWN, sender=club.governor)
    club.join(club.member, STAKE, STAKE)
    shares = club.shares(club.member)
    club.fund.give_notice(*shares, sender=club.member)
    ready_at, lapses_at = tuple(club.fund.notice_of(club.member))[2:]
    club.ledger.set_exits(True, 5 * COOLDOWN + 1_000, sender=club.governor)
    assert tuple(club.fund.notice_of(club.member)) == (*shares, ready_at + 1_000, lapses_at + 1_000)
    chain.pending_timestamp = ready_at + 999
    with reverts("leave notices: no open window"):
        club.fund.withdraw(club.member, sender=club.member)
    # The window is as long as it was, whenever it is interrupted.
    club.ledger.set_exits(True, 5 * COOLDOWN + 3_000, sender=club.governor)
    chain.pending_timestamp = lapses_at + 2_999
    with reverts("leave notices: notice pending"):
        club.fund.give_notice(1, 0, sender=club.member)
    assert club.fund.withdraw(club.member, sender=club.member).return_value == 2 * STAKE
