"""The default fund: two tranches of members' money (sections 9.3 and 9.4)."""

from __future__ import annotations

from verification.reference import clearinghouse, margin, records, tokens
from verification.reference.ledger import account_of
from verification.reference.rounding import PPM, WAD, down, require, up
from verification.reference.state import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    MEMBERS,
    NOBODY,
    REDEMPTION,
    Notice,
    State,
    Tranche,
    zero_table,
)

FUND = MEMBERS
PAR = 10**6  # shares of a token unit at par, and the virtual shares, which one virtual unit backs
WORTHLESS = PAR * 10**6  # shares that a unit may back before they are void
BOTH = (CONTRIBUTIONS, ASSESSMENTS)
NOTED_PART = 16  # an account counts from this part of the threshold on


# SHARES -------------------------------------------------------------------------------------------


def shares_for(pool: Tranche, units: int) -> int:
    """Shares that a payment mints; at par when nobody holds any."""
    if pool.total == 0:
        return units * PAR
    return down(units * (pool.total + PAR), pool.assets + 1)


def worth_of(pool: Tranche, shares: int) -> int:
    """Token units that shares are worth."""
    return down(shares * (pool.assets + 1), pool.total + PAR)


def worth(w: State, member: str, place: int) -> int:
    """Token units that a member has in a tranche."""
    pool = w.members.tranches[place]
    return worth_of(pool, pool.shares[member])


def _check_room(pool: Tranche) -> None:
    require(pool.assets < 2**96 and pool.total < 2**128, "loss tranches: tranche is full")


# PREMIUMS -----------------------------------------------------------------------------------------


def _covers(w: State) -> list[int]:
    return [pool.assets if pool.total else 0 for pool in w.members.tranches]


def _rates(w: State) -> list[int]:
    return [w.terms.membership.contribution_premium, w.terms.membership.pledge_premium]


def accrue(w: State, _: str) -> int:
    """Ask for what has accrued on both tranches and book what is paid."""
    got = records.collect_premium(w, FUND, w.members.purse, _covers(w), _rates(w))
    for pool, units in zip(w.members.tranches, got, strict=True):
        pool.assets += units
    return sum(got)


# MEMBERSHIP ---------------------------------------------------------------------------------------


def deposit(
    w: State,
    sender: str,
    contribution: int,
    pledge: int,
    least_contribution: int = 0,
    least_pledge: int = 0,
) -> None:
    """Add to the contribution and to the pledge."""
    records.require_open(w)
    accrue(w, sender)
    _pull(w, sender, contribution + pledge)
    parts = zip(BOTH, (contribution, pledge), (least_contribution, least_pledge), strict=True)
    for place, units, least in parts:
        if units == 0:
            continue
        pool = w.members.tranches[place]
        minted = shares_for(pool, units)
        require(minted != 0, "default fund: no shares for this")
        require(minted >= least, "fund: outside the caller's bound")
        pool.assets += units
        pool.total += minted
        pool.shares[sender] += minted
        enough = worth(w, sender, place) * w.scale >= WAD
        require(enough, "default fund: stake too small")
        _check_room(pool)
    if contribution:
        _require_pledge(w, sender)


def give_notice(w: State, sender: str, contribution_shares: int, pledge_shares: int) -> None:
    """Name shares to leave with after the cooldown."""
    named = [contribution_shares, pledge_shares]
    require(any(named), "leave notices: no shares named")
    last = w.members.notices.get(sender)
    pending = (
        last is not None
        and any(live_shares(w, last))
        and w.now < records.moved(w, last.lapses_at, last.stopped)
    )
    require(not pending, "leave notices: notice pending")
    for place in BOTH:
        held = w.members.tranches[place].shares[sender]
        require(named[place] <= held, "leave notices: more than held")
    ready_at = w.now + w.terms.membership.cooldown
    w.members.notices[sender] = Notice(
        named,
        [pool.epoch for pool in w.members.tranches],
        ready_at,
        ready_at + w.terms.membership.window,
        clearinghouse.stopped(w),
    )


def live_shares(w: State, notice: Notice) -> list[int]:
    """What a notice still names: nothing of an epoch that is over."""
    return [
        shares if epoch == pool.epoch else 0
        for shares, epoch, pool in zip(
            notice.shares, notice.epochs, w.members.tranches, strict=True
        )
    ]


def cancel_notice(w: State, sender: str) -> None:
    """Take a notice back."""
    require(w.members.notices.pop(sender, None) is not None, "leave notices: no notice")


def withdraw(w: State, sender: str, recipient: str, least: int = 0) -> int:
    """Pay what a notice names, inside its window."""
    records.require_open(w)
    accrue(w, sender)
    notice = w.members.notices.get(sender)
    named = live_shares(w, notice) if notice else [0, 0]
    is_open = (
        any(named)
        and records.moved(w, notice.ready_at, notice.stopped) <= w.now
        and w.now < records.moved(w, notice.lapses_at, notice.stopped)
    )
    require(is_open, "leave notices: no open window")
    del w.members.notices[sender]
    units = sum(_unstake(w, sender, place, named[place]) for place in BOTH)
    if named[ASSESSMENTS]:
        _require_pledge(w, sender)
    _require_contribution(w, sender)
    require(units >= least, "fund: outside the caller's bound")
    _push(w, recipient, units)
    return units


def exit_fund(w: State, sender: str, recipient: str) -> int:
    """Pay all that a member has, in the redemption."""
    require(w.phase == REDEMPTION, "default fund: not redeeming")
    held = [pool.shares[sender] for pool in w.members.tranches]
    require(any(held), "default fund: nothing held")
    w.members.notices.pop(sender, None)
    units = sum(_unstake(w, sender, place, held[place]) for place in BOTH)
    _push(w, recipient, units)
    return units


def _unstake(w: State, sender: str, place: int, shares: int) -> int:
    pool = w.members.tranches[place]
    units = worth_of(pool, shares)
    pool.assets -= units
    pool.total -= shares
    pool.shares[sender] -= shares
    return units


def _require_pledge(w: State, member: str) -> None:
    enough = worth(w, member, ASSESSMENTS) >= worth(w, member, CONTRIBUTIONS)
    require(enough, "default fund: pledge too small")


def _require_contribution(w: State, member: str) -> None:
    enough = worth(w, member, CONTRIBUTIONS) * w.scale >= w.members.required[member]
    require(enough, "requirements: contribution too small")


def _pull(w: State, payer: str, units: int) -> None:
    require(units != 0, "default fund: nothing to take")
    tokens.pull(w, w.settlement, FUND, payer, FUND, units)


def _push(w: State, recipient: str, units: int) -> None:
    require(recipient not in (NOBODY, FUND), "default fund: no recipient")
    tokens.move(w, w.settlement, FUND, recipient, units)


# LOSSES AND RECOVERIES ----------------------------------------------------------------------------


def draw(
    w: State, account: int, own: int, contributions: int, assessments: int
) -> tuple[int, int, int, int]:
    """Pay for a default, of each tier as far as there is. Tokens are the sum rounded up to a unit;
    each tier gives what it makes this rounded sum rise by. Nothing is deferred: tokens of the model
    move."""
    pool, escrow = w.members.tranches
    for place, (cover, rate) in enumerate(zip(_covers(w), _rates(w), strict=True)):
        records.note_premium(w, w.members.purse, place, cover, rate)
    own_paid = _take_own(w, w.accounts[account].owner, own)
    own_units = up(own_paid, w.scale)
    from_pool = min(contributions, pool.assets * w.scale)
    pool_units = up(own_paid + from_pool, w.scale) - own_units
    from_escrow = min(assessments, escrow.assets * w.scale)
    units = up(own_paid + from_pool + from_escrow, w.scale)
    if units == 0:
        return 0, 0, 0, 0
    escrow_units = units - own_units - pool_units
    purse = w.members.purse
    records.record(purse, account, CONTRIBUTIONS, pool_units, pool.shares, pool.total)
    records.record(purse, account, ASSESSMENTS, escrow_units, escrow.shares, escrow.total)
    pool.assets -= pool_units
    escrow.assets -= escrow_units
    if own_units or pool_units:
        _end_epoch_if_worthless(pool)
    if escrow_units:
        _end_epoch_if_worthless(escrow)
    clearinghouse.receive_draw(w, FUND, account, units, own_paid + from_pool + from_escrow)
    return own_paid, from_pool, from_escrow, 0


def _take_own(w: State, owner: str, asked: int) -> int:
    """Burn the owner's shares for what is asked, all of them if they are worth no more."""
    pool = w.members.tranches[CONTRIBUTIONS]
    held = pool.shares[owner]
    value = worth_of(pool, held) * w.scale
    paid = min(asked, value)
    if paid == 0:
        return 0
    units = up(paid, w.scale)
    burnt = held if paid == value else up(units * (pool.total + PAR), pool.assets + 1)
    pool.shares[owner] -= burnt
    pool.assets -= units
    pool.total -= burnt
    notice = w.members.notices.get(owner)
    if notice is not None and notice.epochs[CONTRIBUTIONS] == pool.epoch:
        notice.shares[CONTRIBUTIONS] = min(notice.shares[CONTRIBUTIONS], held - burnt)
    return paid


def _end_epoch_if_worthless(pool: Tranche) -> None:
    """After a loss: shares that are worth less than a millionth of par are void."""
    if pool.total > pool.assets * WORTHLESS:
        pool.total, pool.shares = 0, zero_table()
        pool.epoch += 1


def restore(w: State, account: int, contributions: int, assessments: int) -> None:
    """Keep what came back, by tier, for those who held shares at the draws of the account."""
    _pull(w, clearinghouse.CLEARINGHOUSE, contributions + assessments)
    records.book_recovery(w.members.purse, account, ASSESSMENTS, assessments)
    records.book_recovery(w.members.purse, account, CONTRIBUTIONS, contributions)


def claim(w: State, _: str, number: int, holder: str) -> int:
    """Pay a holder of record."""
    return records.claim(w, FUND, w.members.purse, number, holder)


def forward_unclaimed(w: State, _: str) -> int:
    """What nobody's books have goes to the reserve."""
    booked = sum(pool.assets for pool in w.members.tranches) + w.members.purse.kept
    return records.forward(w, FUND, booked)


# WHO MUST BE A MEMBER -----------------------------------------------------------------------------


def require_contribution(w: State, account: int, initial: int) -> None:
    """An account that took on risk counts for its owner, who may have to contribute more."""
    owner = w.accounts[account].owner
    before = w.members.required[owner]
    _note(w, account, initial)
    if w.members.required[owner] > before:
        _require_contribution(w, owner)


def release_requirement(w: State, sender: str, number: int) -> None:
    """Lower what is noted of an account to its IM now."""
    account = account_of(w, number)
    initial = margin.initial_margin(w, margin.tally(w, account, favourable=False))
    if not is_noted(w, initial):
        initial = 0
    require(initial < w.members.noted_of[number], "requirements: not lower")
    _note(w, number, initial)


def is_noted(w: State, initial: int) -> bool:
    """Whether an account of so much IM counts for its owner."""
    threshold = w.terms.contribution_threshold
    return threshold != 0 and initial * NOTED_PART > threshold * WAD


def noted(w: State, owner: str) -> int:
    """The IM that counts for an owner."""
    mine = (number for number, account in w.accounts.items() if account.owner == owner)
    return sum(w.members.noted_of[number] for number in mine)


def _note(w: State, account: int, initial: int) -> None:
    owner = w.accounts[account].owner
    w.members.noted_of[account] = initial
    total, threshold = noted(w, owner), w.terms.contribution_threshold * WAD
    is_asked = threshold != 0 and total > threshold
    w.members.required[owner] = up(total * w.terms.membership.rate, PPM) if is_asked else 0
