#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Notices of members who want to take money out
@custom:contract-name leave_notices
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A notice names shares of both tranches, waits for a cooldown and can be used during the
        window after it; not used, it lapses, and the next one waits the whole cooldown again. Both
        times move on while exits are stopped. Until they are withdrawn the shares bear every loss.
        Bounds of the times: see leave_timing.
@dev    Invariant: a notice never names more shares than the member has. Shares are void with their
        epoch, and the notice for them too; a member's own loss shrinks the notice (`_shrink`).
"""

from ..interfaces import IDefaultFundEvents
from .layout import fund_words
from .layout import tier_layout
from . import fund
from . import fund_terms
from . import leave_timing
from . import loss_tranches

uses: fund
uses: fund_terms
uses: loss_tranches


# STORAGE ------------------------------------------------------------------------------------------

# Member -> notice for each tranche, packed (layout: fund_words); 0 = none.
notices: HashMap[address, uint256[tier_layout.TRANCHES]]


# NOTICES ------------------------------------------------------------------------------------------

@external
def give_notice(contribution_shares: uint256, pledge_shares: uint256):
    """
    @notice Names shares of the caller; they can be withdrawn between `cooldown` and `cooldown +
            window` seconds from now. They stay at risk. One notice at a time: to name more, cancel
            and begin anew. Members.
    @param contribution_shares Shares of tranche 0; may be 0.
    @param pledge_shares Shares of tranche 1; may be 0.
    @custom:reverts leave notices: no shares named | leave notices: notice pending | leave notices:
                    more than held
    """
    assert contribution_shares != 0 or pledge_shares != 0, "leave notices: no shares named"
    last: IDefaultFundEvents.Notice = self._notice(msg.sender)
    assert (
        last.contribution_shares == 0 and last.pledge_shares == 0
    ) or block.timestamp >= last.lapses_at, "leave notices: notice pending"
    terms: IDefaultFundEvents.Terms = fund_terms._terms()
    ready_at: uint256 = block.timestamp + terms.cooldown
    lapses_at: uint256 = ready_at + terms.window
    times: uint256 = (
        (ready_at << fund_words.NOTICE_READY_SHIFT)
        | (lapses_at << fund_words.NOTICE_LAPSES_SHIFT)
        | (fund._stopped() << fund_words.NOTICE_STOPPED_SHIFT)
    )
    self._name(tier_layout.CONTRIBUTIONS, contribution_shares, times)
    self._name(tier_layout.ASSESSMENTS, pledge_shares, times)
    log IDefaultFundEvents.GiveNotice(
        member=msg.sender,
        contribution_shares=contribution_shares,
        pledge_shares=pledge_shares,
        ready_at=ready_at,
        lapses_at=lapses_at,
    )


@external
def cancel_notice():
    """
    @notice Takes the caller's notice back, lapsed or not. Members.
    @custom:reverts leave notices: no notice
    """
    assert (
        self.notices[msg.sender][tier_layout.CONTRIBUTIONS] != 0
        or self.notices[msg.sender][tier_layout.ASSESSMENTS] != 0
    ), "leave notices: no notice"
    self._clear(msg.sender)
    log IDefaultFundEvents.CancelNotice(member=msg.sender)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def notice_of(member: address) -> IDefaultFundEvents.Notice:
    """
    @notice The notice of a member, lapsed or not, with its times as of now: they move on while
            exits are stopped. Shares whose epoch has passed are not in it. Anyone.
    @param member Address of the member.
    @return Shares by tranche, and the window in unix seconds.
    """
    return self._notice(member)


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
def _use(member: address) -> (uint256, uint256):
    """
    @dev Forgets a notice that is in its window and returns the shares it names.
    @custom:reverts leave notices: no open window
    """
    notice: IDefaultFundEvents.Notice = self._notice(member)
    # Without a notice both times are 0.
    assert (
        block.timestamp >= notice.ready_at
        and block.timestamp < notice.lapses_at
        and (notice.contribution_shares != 0 or notice.pledge_shares != 0)
    ), "leave notices: no open window"
    self._clear(member)
    return notice.contribution_shares, notice.pledge_shares


@internal
def _clear(member: address):
    """
    @dev Forgets a notice.
    """
    for tranche: uint256 in range(tier_layout.TRANCHES):
        self.notices[member][tranche] = 0
    loss_tranches._mark_noticed(member, tier_layout.CONTRIBUTIONS, False)


@internal
def _shrink(member: address, held: uint256):
    """
    @dev After a loss of the member's own: no more contribution shares can be named than are held.
    """
    if not loss_tranches._is_noticed(member, tier_layout.CONTRIBUTIONS):
        return
    word: uint256 = self.notices[member][tier_layout.CONTRIBUTIONS]
    if self._named(tier_layout.CONTRIBUTIONS, word) > held:
        self.notices[member][tier_layout.CONTRIBUTIONS] = (word & fund_words.TIMES_MASK) | held
        log IDefaultFundEvents.ShrinkNotice(member=member, contribution_shares=held)


@internal
@view
def _notice(member: address) -> IDefaultFundEvents.Notice:
    """
    @dev The notice of a member, lapsed or not. Its tranches' times agree where there are any.
    """
    contribution: uint256 = self.notices[member][tier_layout.CONTRIBUTIONS]
    pledge: uint256 = self.notices[member][tier_layout.ASSESSMENTS]
    times: uint256 = contribution if contribution != 0 else pledge
    if times == 0:
        return empty(IDefaultFundEvents.Notice)
    before: uint256 = times >> fund_words.NOTICE_STOPPED_SHIFT
    stopped: uint256 = fund._stopped()
    return IDefaultFundEvents.Notice(
        contribution_shares=self._named(tier_layout.CONTRIBUTIONS, contribution),
        pledge_shares=self._named(tier_layout.ASSESSMENTS, pledge),
        ready_at=leave_timing._moved(
            (times >> fund_words.NOTICE_READY_SHIFT) & fund_words.NOTICE_TIME_MASK, before, stopped
        ),
        lapses_at=leave_timing._moved(
            (times >> fund_words.NOTICE_LAPSES_SHIFT) & fund_words.NOTICE_TIME_MASK, before, stopped
        ),
    )


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _name(tranche: uint256, shares: uint256, times: uint256):
    """
    @dev Stores the part of the caller's notice that concerns one tranche.
    @param times When it is ready, when it lapses and for how long exits had been stopped, in their
           places in the word.
    """
    epoch: uint256 = loss_tranches._load(tranche).epoch
    assert (
        shares <= loss_tranches._shares(msg.sender, tranche, epoch)
    ), "leave notices: more than held"
    word: uint256 = 0
    if shares != 0:
        word = shares | times | (epoch << fund_words.NOTICE_EPOCH_SHIFT)
    self.notices[msg.sender][tranche] = word
    if tranche == tier_layout.CONTRIBUTIONS:
        loss_tranches._mark_noticed(msg.sender, tranche, shares != 0)


@internal
@view
def _named(tranche: uint256, word: uint256) -> uint256:
    """
    @dev Shares that a stored notice names; none once their epoch has passed.
    """
    epoch: uint256 = (word >> fund_words.NOTICE_EPOCH_SHIFT) & fund_words.EPOCH_MASK
    if epoch != loss_tranches._load(tranche).epoch:
        return 0
    return word & fund_words.SHARES_MASK
