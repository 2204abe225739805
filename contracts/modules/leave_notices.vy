#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Notices of members who want to take money out
@custom:contract-name leave_notices
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A notice names shares of both tranches, waits for a cooldown and can be used during the
        window after it; not used, it lapses, and the next one waits the whole cooldown again. Until
        they are withdrawn the shares bear every loss. As the window is at most a third of the
        cooldown, a member who keeps a notice running for ever is free to leave for at most a
        quarter of the time.
@dev    Invariant: a notice never names more shares than the member has. Shares are void with their
        epoch, and the notice for them too; a member's own loss shrinks his notice (`_shrink`).
"""

from ..interfaces import IDefaultFund
from .layout import tier_layout
from . import loss_tranches

# --------------------------------------------------------------------------------------------------
# Modules
# --------------------------------------------------------------------------------------------------


uses: loss_tranches


# --------------------------------------------------------------------------------------------------
# Constants
# --------------------------------------------------------------------------------------------------


# Bounds of the timing parameters, seconds; those of slashable_shares.
_MIN_COOLDOWN: constant(uint256) = 3_600
_MAX_COOLDOWN: constant(uint256) = 30 * 86_400
_MIN_WINDOW: constant(uint256) = 1_200
_MAX_WINDOW: constant(uint256) = 7 * 86_400

# A cooldown lasts at least this many windows.
_WINDOWS_PER_COOLDOWN: constant(uint256) = 3

# A notice for one tranche is shares (128 bits) | ready_at (32) | lapses_at (32) | epoch (32),
# lowest bits first.
_SHARES_MASK: constant(uint256) = 2**128 - 1
_TIMES_MASK: constant(uint256) = max_value(uint256) - _SHARES_MASK
_FIELD_MASK: constant(uint256) = 2**32 - 1
_READY_SHIFT: constant(uint256) = 128
_LAPSES_SHIFT: constant(uint256) = 160
_EPOCH_SHIFT: constant(uint256) = 192


# --------------------------------------------------------------------------------------------------
# Storage
# --------------------------------------------------------------------------------------------------


# Member -> notice for each tranche, packed; 0 = none.
_notices: HashMap[address, uint256[tier_layout.TRANCHES]]


# --------------------------------------------------------------------------------------------------
# For the contract
# --------------------------------------------------------------------------------------------------


@internal
def _give(
    member: address,
    contribution_shares: uint256,
    pledge_shares: uint256,
    cooldown: uint256,
    window: uint256,
):
    """
    @dev Stores and logs a notice.
    @custom:reverts default fund: no shares named | default fund: notice pending | default fund:
                    more than held
    """
    assert contribution_shares != 0 or pledge_shares != 0, "default fund: no shares named"
    last: IDefaultFund.Notice = self._notice(member)
    assert (
        last.contribution_shares == 0 and last.pledge_shares == 0
    ) or block.timestamp >= last.lapses_at, "default fund: notice pending"
    ready_at: uint256 = block.timestamp + cooldown
    lapses_at: uint256 = ready_at + window
    times: uint256 = (ready_at << _READY_SHIFT) | (lapses_at << _LAPSES_SHIFT)
    self._name(member, tier_layout.CONTRIBUTIONS, contribution_shares, times)
    self._name(member, tier_layout.ASSESSMENTS, pledge_shares, times)
    log IDefaultFund.GiveNotice(
        member=member,
        contribution_shares=contribution_shares,
        pledge_shares=pledge_shares,
        ready_at=ready_at,
        lapses_at=lapses_at,
    )


@internal
def _cancel(member: address):
    """
    @dev Forgets a notice, lapsed or not.
    @custom:reverts default fund: no notice
    """
    assert (
        self._notices[member][tier_layout.CONTRIBUTIONS] != 0
        or self._notices[member][tier_layout.ASSESSMENTS] != 0
    ), "default fund: no notice"
    self._clear(member)
    log IDefaultFund.CancelNotice(member=member)


@internal
def _use(member: address) -> (uint256, uint256):
    """
    @dev Forgets a notice that is in its window and returns the shares it names.
    @custom:reverts default fund: no open window
    """
    notice: IDefaultFund.Notice = self._notice(member)
    # Without a notice both times are 0.
    assert (
        block.timestamp >= notice.ready_at
        and block.timestamp < notice.lapses_at
        and (notice.contribution_shares != 0 or notice.pledge_shares != 0)
    ), "default fund: no open window"
    self._clear(member)
    return notice.contribution_shares, notice.pledge_shares


@internal
def _clear(member: address):
    """
    @dev Forgets a notice.
    """
    for tranche: uint256 in range(tier_layout.TRANCHES):
        self._notices[member][tranche] = 0
    loss_tranches._mark_noticed(member, tier_layout.CONTRIBUTIONS, False)


@internal
def _shrink(member: address, held: uint256):
    """
    @dev After a loss of the member's own: no more contribution shares can be named than are held.
    """
    if not loss_tranches._is_noticed(member, tier_layout.CONTRIBUTIONS):
        return
    word: uint256 = self._notices[member][tier_layout.CONTRIBUTIONS]
    if self._named(tier_layout.CONTRIBUTIONS, word) > held:
        self._notices[member][tier_layout.CONTRIBUTIONS] = (word & _TIMES_MASK) | held
        log IDefaultFund.ShrinkNotice(member=member, contribution_shares=held)


@internal
@view
def _notice(member: address) -> IDefaultFund.Notice:
    """
    @dev The notice of a member, lapsed or not. Its tranches' times agree where there are any.
    """
    contribution: uint256 = self._notices[member][tier_layout.CONTRIBUTIONS]
    pledge: uint256 = self._notices[member][tier_layout.ASSESSMENTS]
    times: uint256 = contribution if contribution != 0 else pledge
    return IDefaultFund.Notice(
        contribution_shares=self._named(tier_layout.CONTRIBUTIONS, contribution),
        pledge_shares=self._named(tier_layout.ASSESSMENTS, pledge),
        ready_at=(times >> _READY_SHIFT) & _FIELD_MASK,
        lapses_at=(times >> _LAPSES_SHIFT) & _FIELD_MASK,
    )


@internal
@pure
def _require_timing(cooldown: uint256, window: uint256):
    """
    @dev Reverts unless both are within their bounds.
    """
    assert (
        cooldown >= _MIN_COOLDOWN and cooldown <= _MAX_COOLDOWN
    ), "default fund: cooldown out of bounds"
    assert (
        window >= _MIN_WINDOW and window <= min(_MAX_WINDOW, cooldown // _WINDOWS_PER_COOLDOWN)
    ), "default fund: window out of bounds"


# --------------------------------------------------------------------------------------------------
# Internal
# --------------------------------------------------------------------------------------------------


@internal
def _name(member: address, tranche: uint256, shares: uint256, times: uint256):
    """
    @dev Stores the part of a notice that concerns one tranche.
    """
    epoch: uint256 = loss_tranches._load(tranche).epoch
    assert (shares <= loss_tranches._shares(member, tranche, epoch)), "default fund: more than held"
    word: uint256 = 0
    if shares != 0:
        word = shares | times | (epoch << _EPOCH_SHIFT)
    self._notices[member][tranche] = word
    if tranche == tier_layout.CONTRIBUTIONS:
        loss_tranches._mark_noticed(member, tranche, shares != 0)


@internal
@view
def _named(tranche: uint256, word: uint256) -> uint256:
    """
    @dev Shares that a stored notice names; none once their epoch has passed.
    """
    if word >> _EPOCH_SHIFT != loss_tranches._load(tranche).epoch:
        return 0
    return word & _SHARES_MASK
