"""The default fund: two tranches of members' money (sections 9.3 and 9.4)."""

from __future__ import annotations

from verification.reference import clearinghouse, margin, tokens
from verification.reference.ledger import account_of
from verification.reference.rounding import PPM, WAD, down, require, up
from verification.reference.state import (
    ASSESSMENTS,
    CONTRIBUTIONS,
    MEMBERS,
    NOBODY,
    REDEMPTION,
    RUNNING,
    Notice,
    State,
    Tranche,
    zero_table,
)

FUND = MEMBERS
PAR = 10**6  # shares of a token unit at par, and the virtual shares, which one virtual unit backs
WORTHLESS = PAR * 10**6  # shares that a unit may back before they are void
BOTH = (CONTRIBUTIONS, ASSESSMENTS)


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


# MEMBERSHIP ---------------------------------------------------------------------------------------


def deposit(w: State, sender: str, contribution: int, pledge: int) -> None:
    """Add to the contribution and to the pledge."""
    require(w.phase == RUNNING, "fund: winding down")
    _pull(w, sender, contribution + pledge)
    for place, units in zip(BOTH, (contribution, pledge), strict=True):
        if units == 0:
            continue
        pool = w.members.tranches[place]
        minted = shares_for(pool, units)
        require(minted != 0, "default fund: no shares for this")
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
    pending = last is not None and any(live_shares(w, last)) and w.now < last.lapses_at
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


def withdraw(w: State, sender: str, recipient: str) -> int:
    """Pay what a notice names, inside its window."""
    require(w.phase == RUNNING, "fund: winding down")
    notice = w.members.notices.get(sender)
    named = live_shares(w, notice) if notice else [0, 0]
    is_open = any(named) and notice.ready_at <= w.now < notice.lapses_at
    require(is_open, "leave notices: no open window")
    del w.members.notices[sender]
    units = sum(_unstake(w, sender, place, named[place]) for place in BOTH)
    if named[ASSESSMENTS]:
        _require_pledge(w, sender)
    _require_contribution(w, sender)
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
) -> tuple[int, int, int]:
    """Pay for a default, of each tier as far as there is. Tokens are the sum rounded up to a unit;
    each tier gives what it makes this rounded sum rise by."""
    pool, escrow = w.members.tranches
    own_paid = _take_own(w, w.accounts[account].owner, own)
    own_units = up(own_paid, w.scale)
    from_pool = min(contributions, pool.assets * w.scale)
    pool_units = up(own_paid + from_pool, w.scale) - own_units
    from_escrow = min(assessments, escrow.assets * w.scale)
    units = up(own_paid + from_pool + from_escrow, w.scale)
    if units == 0:
        return 0, 0, 0
    pool.assets -= pool_units
    escrow.assets -= units - own_units - pool_units
    if own_units or pool_units:
        _end_epoch_if_worthless(pool)
    if units - own_units - pool_units:
        _end_epoch_if_worthless(escrow)
    clearinghouse.receive_draw(w, FUND, account, units, own_paid + from_pool + from_escrow)
    return own_paid, from_pool, from_escrow


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


def receive_fees(w: State, sender: str, units: int) -> None:
    """Share fees out by assets, a unit of contributions counting more."""
    _pull(w, sender, units)
    pool, escrow = w.members.tranches
    to_pool = units
    if escrow.total:
        weighted = pool.assets * w.terms.membership.fee_weight if pool.total else 0
        if weighted + escrow.assets:
            to_pool = down(units * weighted, weighted + escrow.assets)
    pool.assets += to_pool
    escrow.assets += units - to_pool
    _check_room(pool)
    _check_room(escrow)


def restore(w: State, contributions: int, assessments: int) -> None:
    """Take back what a default had cost."""
    pool, escrow = w.members.tranches
    _pull(w, clearinghouse.CLEARINGHOUSE, contributions + assessments)
    pool.assets += contributions
    escrow.assets += assessments
    _check_room(pool)
    _check_room(escrow)


# WHO MUST BE A MEMBER -----------------------------------------------------------------------------


def require_contribution(w: State, account: int, initial: int) -> None:
    """A large account that took on risk asks its owner for a contribution."""
    needed = up(initial * w.terms.membership.rate, PPM)
    before = w.members.required_of[account]
    _set_requirement(w, account, needed)
    if needed > before:
        _require_contribution(w, w.accounts[account].owner)


def release_requirement(w: State, sender: str, number: int) -> None:
    """Lower what an account asks to what its IM asks now."""
    account = account_of(w, number)
    initial = margin.initial_margin(w, margin.tally(w, account, favourable=False))
    needed = 0
    threshold = w.terms.contribution_threshold
    if threshold and initial > threshold * WAD:
        needed = up(initial * w.terms.membership.rate, PPM)
    before = w.members.required_of[number]
    require(needed < before, "requirements: not lower")
    _set_requirement(w, number, needed)


def _set_requirement(w: State, account: int, needed: int) -> None:
    owner = w.accounts[account].owner
    w.members.required[owner] += needed - w.members.required_of[account]
    w.members.required_of[account] = needed
