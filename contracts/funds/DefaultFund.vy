#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultFund
@custom:contract-name DefaultFund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Tiers 2, 4 and 5 of the waterfall: the members' mutualised money. A member is an owner of
        margin accounts who has deposited here. Their contribution pays first for their own defaults
        (tier 2), then, pro rata with all the others', for anybody's (tier 4). What they pledged on
        top is escrowed here as well and pays last (tier 5). A pledge must be worth at least as much
        as the contribution whenever its member adds to the contribution or takes out of the
        pledge.

        Accounts with much risk ask for a contribution: see requirements.

        Leaving takes a notice, a cooldown and a window (see leave_notices), and waits while exits
        are closed, for a pause of liquidations. While the clearinghouse winds down nobody deposits
        or leaves; when it redeems, everybody may take all they have at once.

        Each tranche earns a premium by its own rate (see premiums). Recoveries of what a draw has
        cost go to those who held shares of the tranche then (see holders_of_record); a member's own
        contribution that has paid for their own default does not come back.
@dev    Books, roundings, epochs and the defence against inflated shares: see loss_tranches. Every
        rounding is against the member who acts.
"""

from ..interfaces import IDefaultFund
from ..interfaces import IDefaultFundAdmin
from ..interfaces import IDefaultFundEvents
from ..interfaces import IDefaultFundManager
from ..interfaces import IFund
from ..interfaces import IHouseContract
from ..interfaces import ISettlesIn
from ..modules.layout import fund_words
from ..modules.layout import role_layout
from ..modules.layout import tier_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import fund
from ..modules import fund_terms
from ..modules import holders_of_record
from ..modules import leave_notices
from ..modules import loss_tranches
from ..modules import premiums
from ..modules import requirements
from ..modules import vault

implements: IDefaultFund

implements: IDefaultFundAdmin

implements: IDefaultFundManager

implements: IFund
implements: IHouseContract
implements: ISettlesIn

initializes: fund

initializes: fund_terms

initializes: premiums[fund := fund]

initializes: holders_of_record

initializes: loss_tranches[fund := fund, holders_of_record := holders_of_record]

initializes: leave_notices[fund := fund, fund_terms := fund_terms, loss_tranches := loss_tranches]

initializes: requirements[fund := fund, fund_terms := fund_terms, loss_tranches := loss_tranches]

exports: (
    fund.CLEARINGHOUSE,
    fund.SETTLEMENT_TOKEN,
    fund.deferred,
    fund.pay_deferred,
    fund_terms.terms,
    holders_of_record.claimed,
    holders_of_record.draw_count,
    holders_of_record.kept,
    holders_of_record.loss_of,
    leave_notices.cancel_notice,
    leave_notices.give_notice,
    leave_notices.notice_of,
    loss_tranches.shares_of,
    loss_tranches.tranche,
    loss_tranches.value_of,
    requirements.noted,
    requirements.noted_of,
    requirements.release_requirement,
    requirements.require_contribution,
    requirements.required,
)


# CONSTANTS ----------------------------------------------------------------------------------------

# What a member's part of a tranche must be worth after they have added to it, WAD cash.
MIN_STAKE: constant(uint256) = units.WAD


# CONSTRUCTOR --------------------------------------------------------------------------------------

@deploy
def __init__(settlement_token: address, clearinghouse: address, terms: IDefaultFundEvents.Terms):
    """
    @notice Opens an empty fund. The Clearinghouse need not exist yet.
    @param settlement_token Address of the token; at most 18 decimals, transfers whole amounts.
    @param clearinghouse Address of the ledger, for good; its owner sets the terms.
    @param terms First terms, inside the bounds of `set_terms`.
    @custom:reverts fund: no clearinghouse | fund: too many decimals | leave timing: cooldown out of
                    bounds | leave timing: window out of bounds | fund terms: rate out of bounds |
                    premiums: rate out of bounds
    """
    fund.__init__(clearinghouse, settlement_token)
    fund_terms._set_terms(terms)


# MEMBERSHIP ---------------------------------------------------------------------------------------

@external
def deposit(
    contribution: uint256,
    pledge: uint256,
    min_contribution_shares: uint256 = 0,
    min_pledge_shares: uint256 = 0,
):
    """
    @notice Adds to the contribution and to the pledge of the caller; either may be 0. A notice that
            is pending stays as it is. Each part added to must then be worth a whole unit of cash,
            and the pledge as much as the contribution if that was added to. Anyone.
    @param contribution Token units to take from the caller for tiers 2 and 4.
    @param pledge Token units to take from the caller for tier 5.
    @param min_contribution_shares Least number of shares that the caller accepts for the first.
    @param min_pledge_shares Least number of shares that the caller accepts for the second.
    @custom:reverts fund: winding down | fund: closed by a pause | loss tranches: tranche is full |
                    default fund: nothing to take | vault: token transfer failed | default fund:
                    token arrived short | default fund: no shares for this | fund: outside the
                    caller's bound | default fund: stake too small | fund: tokens are missing |
                    default fund: pledge too small
    """
    fund._require_open()
    self._accrue()
    self._pull(contribution + pledge)
    self._stake(tier_layout.CONTRIBUTIONS, contribution, min_contribution_shares)
    self._stake(tier_layout.ASSESSMENTS, pledge, min_pledge_shares)
    fund._require_whole(loss_tranches._booked())
    if contribution != 0:
        self._require_pledge(msg.sender)


@external
def withdraw(recipient: address, min_tokens: uint256 = 0) -> uint256:
    """
    @notice Pays what the caller's notice names, inside its window. What stays must meet the
            requirement of their accounts, and their pledge the rest of their contribution if they
            take out of it. Members.
    @param recipient Address that gets the tokens.
    @param min_tokens Least that the caller accepts, token units.
    @return Token units paid, rounded down.
    @custom:reverts fund: winding down | fund: closed by a pause | loss tranches: tranche is full |
                    leave notices: no open window | default fund: pledge too small | requirements:
                    contribution too small | fund: outside the caller's bound | default fund: no
                    recipient | vault: token transfer failed
    """
    fund._require_open()
    self._accrue()
    contribution_shares: uint256 = 0
    pledge_shares: uint256 = 0
    contribution_shares, pledge_shares = leave_notices._use(msg.sender)
    tokens: uint256 = self._unstake(tier_layout.CONTRIBUTIONS, contribution_shares, recipient)
    tokens += self._unstake(tier_layout.ASSESSMENTS, pledge_shares, recipient)
    if pledge_shares != 0:
        self._require_pledge(msg.sender)
    requirements._require_contribution(msg.sender, requirements.required[msg.sender])
    fund._require_bound(tokens >= min_tokens)
    self._push(recipient, tokens)
    return tokens


@external
def exit(recipient: address) -> uint256:
    """
    @notice Pays all that the caller has, when the clearinghouse redeems: no notice and no
            requirement counts any more. Members.
    @param recipient Address that gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts default fund: not redeeming | default fund: nothing held | loss tranches:
                    tranche is full | default fund: no recipient | vault: token transfer failed
    """
    assert fund._phase() == role_layout.REDEMPTION, "default fund: not redeeming"
    contribution_shares: uint256 = loss_tranches._shares_of(msg.sender, tier_layout.CONTRIBUTIONS)
    pledge_shares: uint256 = loss_tranches._shares_of(msg.sender, tier_layout.ASSESSMENTS)
    assert contribution_shares != 0 or pledge_shares != 0, "default fund: nothing held"
    leave_notices._clear(msg.sender)
    tokens: uint256 = self._unstake(tier_layout.CONTRIBUTIONS, contribution_shares, recipient)
    tokens += self._unstake(tier_layout.ASSESSMENTS, pledge_shares, recipient)
    self._push(recipient, tokens)
    return tokens


# LOSS AND RECOVERY --------------------------------------------------------------------------------

@external
def draw(
    account: uint256, own: uint256, contributions: uint256, assessments: uint256
) -> (uint256, uint256, uint256, uint256):
    """
    @notice Pays for a default, of each tier what is asked, or all there is. Only the
            DefaultManager. Never reverts for lack of money or because of the token (INV-13).
    @dev Tokens: the sum of the cash paid, rounded up to a whole unit; each tier is debited what it
         makes this rounded sum rise by. ceil(a + b) <= ceil(a) + ceil(b), so that is never more
         than it has, and the surplus in the ledger is below one unit.
    @param account Id of the defaulter.
    @param own Asked of the contribution of the account's owner, WAD cash.
    @param contributions Asked of all contributions, what is left of the owner's included, WAD cash.
    @param assessments Asked of what members pledged, WAD cash.
    @return Paid by the owner's contribution, WAD cash.
    @return Paid by all contributions, WAD cash.
    @return Paid by the assessments, WAD cash.
    @return What of the three could not be handed over now and is owed, WAD cash: all or nothing.
    @custom:reverts fund: only the default manager | loss tranches: tranche is full | fund: too
                    little gas
    """
    fund._require_manager()
    pool: loss_tranches.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: loss_tranches.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    self._note_premiums(pool, escrow)
    own_paid: uint256 = 0
    owner_shares: uint256 = 0
    if own != 0:
        own_paid, owner_shares, pool = self._take_own(words._owner_of(account), own, pool)
    own_tokens: uint256 = fund._tokens_up(own_paid)
    contributions_paid: uint256 = min(contributions, pool.assets * fund.CASH_PER_UNIT)
    contribution_tokens: uint256 = fund._tokens_up(own_paid + contributions_paid) - own_tokens
    assessments_paid: uint256 = min(assessments, escrow.assets * fund.CASH_PER_UNIT)
    paid: uint256 = own_paid + contributions_paid + assessments_paid
    tokens: uint256 = fund._tokens_up(paid)
    if tokens == 0:
        return 0, 0, 0, 0
    assessment_tokens: uint256 = tokens - own_tokens - contribution_tokens
    contribution_draw: uint256 = 0
    assessment_draw: uint256 = 0
    if own_tokens != 0 or contribution_tokens != 0:
        contribution_draw, pool = self._lose(
            account, tier_layout.CONTRIBUTIONS, contribution_tokens, pool
        )
    if assessment_tokens != 0:
        assessment_draw, escrow = self._lose(
            account, tier_layout.ASSESSMENTS, assessment_tokens, escrow
        )
    deferred: uint256 = 0
    if not fund._hand_over(account, tokens, paid):
        deferred = paid
    log IDefaultFundEvents.Draw(
        account=account,
        own=own_paid,
        contributions=contributions_paid,
        assessments=assessments_paid,
        own_tokens=own_tokens,
        contribution_tokens=contribution_tokens,
        assessment_tokens=assessment_tokens,
        owner_shares=owner_shares,
        contribution_assets=pool.assets,
        contribution_shares=pool.total_shares,
        assessment_assets=escrow.assets,
        contribution_draw=contribution_draw,
        assessment_draw=assessment_draw,
        deferred=deferred,
    )
    return own_paid, contributions_paid, assessments_paid, deferred


@external
def restore(account: uint256, contributions: uint256, assessments: uint256):
    """
    @notice Takes what has come back from a defaulter, by tier, and keeps it for those who held
            shares of the tranche when it paid, to claim; beyond that it belongs to nobody here (see
            `forward_unclaimed`). Only the Clearinghouse.
    @param account Id of the account that was paid for.
    @param contributions Token units for all contributions.
    @param assessments Token units for all pledges, which come first if less arrives.
    @custom:reverts fund: only the clearinghouse | vault: token transfer failed
    """
    fund._require_clearinghouse()
    arrived: uint256 = vault._pull(fund.SETTLEMENT_TOKEN, msg.sender, contributions + assessments)
    to_escrow: uint256 = min(assessments, arrived)
    if to_escrow != 0:
        holders_of_record._book(account, tier_layout.ASSESSMENTS, to_escrow)
    if arrived != to_escrow:
        holders_of_record._book(account, tier_layout.CONTRIBUTIONS, arrived - to_escrow)


@external
def claim(draw: uint256, holder: address) -> uint256:
    """
    @notice Pays a holder of record of a draw their part of what has come back since. Anyone, for
            anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw, and gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts holders of record: nothing to claim | vault: token transfer failed
    """
    loss: IFund.Loss = holders_of_record._loss(draw)
    tokens: uint256 = holders_of_record._claim(
        draw, loss, holder, loss_tranches._shares_at(loss, draw, holder)
    )
    vault._push(fund.SETTLEMENT_TOKEN, holder, tokens)
    return tokens


@external
def accrue() -> uint256:
    """
    @notice Asks the Clearinghouse's reserve for the premiums that have accrued, and books what it
            pays. Anyone.
    @return Token units booked.
    @custom:reverts loss tranches: tranche is full
    """
    return self._accrue()


@external
def forward_unclaimed() -> uint256:
    """
    @notice Gives what the fund holds beyond its books to the Clearinghouse's reserve: plain
            transfers, and recoveries that no holder of record waits for. Anyone.
    @return Token units given.
    @custom:reverts fund: nothing to forward | vault: token transfer failed
    """
    return fund._forward(loss_tranches._booked())


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def claimable(draw: uint256, holder: address) -> uint256:
    """
    @notice What `claim` would pay. Anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw.
    @return Token units.
    """
    loss: IFund.Loss = holders_of_record._loss(draw)
    return holders_of_record._claimable(
        draw, loss, holder, loss_tranches._shares_at(loss, draw, holder)
    )


@external
@view
def available() -> (uint256, uint256):
    """
    @notice What the fund can pay. Anyone.
    @return All contributions, WAD cash.
    @return Assessments, WAD cash.
    """
    return (
        loss_tranches._load(tier_layout.CONTRIBUTIONS).assets * fund.CASH_PER_UNIT,
        loss_tranches._load(tier_layout.ASSESSMENTS).assets * fund.CASH_PER_UNIT,
    )


@external
@view
def available_for(account: uint256) -> (uint256, uint256, uint256):
    """
    @notice What can be paid for an account. Anyone.
    @param account Id of the account.
    @return The contribution of its owner, WAD cash.
    @return All contributions, the owner's included, WAD cash.
    @return Assessments, WAD cash.
    """
    return (
        loss_tranches._value_of(words._owner_of(account), tier_layout.CONTRIBUTIONS),
        loss_tranches._load(tier_layout.CONTRIBUTIONS).assets * fund.CASH_PER_UNIT,
        loss_tranches._load(tier_layout.ASSESSMENTS).assets * fund.CASH_PER_UNIT,
    )


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_terms(terms: IDefaultFundEvents.Terms):
    """
    @notice Sets the terms from now on. Notices already given keep their times, requirements already
            noted stay until an account next takes on risk or is released, and premiums that have
            accrued are asked for at the rates before. Only the owner of the Clearinghouse.
    @param terms Cooldown 1 hour to 30 days; window 20 minutes to 7 days, at most a third of the
           cooldown (both seconds); contribution rate at most 500,000 ppm; premiums at most 500,000
           ppm a year.
    @custom:reverts fund: only the owner | loss tranches: tranche is full | leave timing: cooldown
                    out of bounds | leave timing: window out of bounds | fund terms: rate out of
                    bounds | premiums: rate out of bounds
    """
    fund._require_owner()
    self._accrue()
    fund_terms._set_terms(terms)


# SHARES -------------------------------------------------------------------------------------------

@internal
def _stake(tranche: uint256, tokens: uint256, min_shares: uint256):
    """
    @dev Books what the caller has paid into a tranche; nothing for 0.
    """
    if tokens == 0:
        return
    pool: loss_tranches.Tranche = loss_tranches._load(tranche)
    minted: uint256 = loss_tranches._shares_down(pool, tokens)
    assert minted != 0, "default fund: no shares for this"
    fund._require_bound(minted >= min_shares)
    shares: uint256 = loss_tranches._shares(msg.sender, tranche, pool.epoch) + minted
    pool.assets += tokens
    pool.total_shares += minted
    assert (
        loss_tranches._units_down(pool, shares) * fund.CASH_PER_UNIT >= MIN_STAKE
    ), "default fund: stake too small"
    loss_tranches._store(tranche, pool)
    loss_tranches._set_shares(msg.sender, tranche, pool.epoch, shares)
    log IDefaultFundEvents.Deposit(
        member=msg.sender,
        tranche=tranche,
        tokens=tokens,
        member_shares=shares,
        assets=pool.assets,
        total_shares=pool.total_shares,
    )


@internal
def _unstake(tranche: uint256, burnt: uint256, recipient: address) -> uint256:
    """
    @dev Takes shares of the caller, who has them, off the books; nothing for 0.
    @return Token units that they were worth.
    """
    if burnt == 0:
        return 0
    pool: loss_tranches.Tranche = loss_tranches._load(tranche)
    shares: uint256 = loss_tranches._shares(msg.sender, tranche, pool.epoch) - burnt
    tokens: uint256 = loss_tranches._units_down(pool, burnt)
    pool.assets -= tokens
    pool.total_shares -= burnt
    loss_tranches._store(tranche, pool)
    loss_tranches._set_shares(msg.sender, tranche, pool.epoch, shares)
    log IDefaultFundEvents.Withdraw(
        member=msg.sender,
        tranche=tranche,
        recipient=recipient,
        tokens=tokens,
        member_shares=shares,
        assets=pool.assets,
        total_shares=pool.total_shares,
    )
    return tokens


@internal
def _take_own(
    owner: address, asked: uint256, pool: loss_tranches.Tranche
) -> (uint256, uint256, loss_tranches.Tranche):
    """
    @dev Burns contribution shares of a defaulter for the cash asked, all of them if they are worth
         no more than that. The caller stores the tranche.
    @param asked WAD cash.
    @return Paid, WAD cash.
    @return Shares that the owner has left.
    @return The tranche after it.
    """
    shares: uint256 = loss_tranches._shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch)
    worth: uint256 = loss_tranches._units_down(pool, shares) * fund.CASH_PER_UNIT
    paid: uint256 = min(asked, worth)
    if paid == 0:
        return 0, shares, pool
    tokens: uint256 = fund._tokens_up(paid)
    burnt: uint256 = shares
    if paid != worth:
        burnt = loss_tranches._shares_up(pool, tokens)
    loss_tranches._set_shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch, shares - burnt)
    leave_notices._shrink(owner, shares - burnt)
    return (
        paid,
        shares - burnt,
        loss_tranches.Tranche(
            assets=pool.assets - tokens,
            total_shares=pool.total_shares - burnt,
            epoch=pool.epoch,
        ),
    )


@internal
def _lose(
    account: uint256, tranche: uint256, tokens: uint256, pool: loss_tranches.Tranche
) -> (uint256, loss_tranches.Tranche):
    """
    @dev Takes a loss (token units) off a tranche and stores it, with a record for claims.
    @return Id of the draw; 0 if nobody lost.
    @return The tranche after it.
    """
    draw: uint256 = holders_of_record._open(account, tranche, tokens, pool.total_shares, pool.epoch)
    after: loss_tranches.Tranche = pool
    after.assets -= tokens
    after.total_shares = loss_tranches._store_after_loss(tranche, after)
    return draw, after


@internal
@view
def _require_pledge(member: address):
    """
    @dev Reverts unless a member has pledged as much as they have contributed.
    """
    assert (
        loss_tranches._worth(member, tier_layout.ASSESSMENTS)
        >= loss_tranches._worth(member, tier_layout.CONTRIBUTIONS)
    ), "default fund: pledge too small"


# PREMIUMS -----------------------------------------------------------------------------------------

@internal
def _accrue() -> uint256:
    """
    @dev Asks for what has accrued on both tranches and books what is paid, token units: no more
         than fits into a tranche.
    """
    pool: loss_tranches.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: loss_tranches.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    terms: IDefaultFundEvents.Terms = fund_terms._terms()
    paid: uint256[tier_layout.TRANCHES] = premiums._collect(
        [self._cover(pool), self._cover(escrow)],
        [terms.contribution_premium, terms.pledge_premium],
    )
    if paid[0] + paid[1] == 0:
        return 0
    to_pool: uint256 = min(paid[0], fund_words.ASSETS_MASK - pool.assets)
    to_escrow: uint256 = min(paid[1], fund_words.ASSETS_MASK - escrow.assets)
    pool.assets += to_pool
    escrow.assets += to_escrow
    loss_tranches._store(tier_layout.CONTRIBUTIONS, pool)
    loss_tranches._store(tier_layout.ASSESSMENTS, escrow)
    log IDefaultFundEvents.Premium(
        contribution_tokens=to_pool,
        assessment_tokens=to_escrow,
        contribution_assets=pool.assets,
        assessment_assets=escrow.assets,
    )
    return to_pool + to_escrow


@internal
def _note_premiums(pool: loss_tranches.Tranche, escrow: loss_tranches.Tranche):
    """
    @dev Notes what has accrued on both tranches.
    """
    terms: IDefaultFundEvents.Terms = fund_terms._terms()
    premiums._note(tier_layout.CONTRIBUTIONS, self._cover(pool), terms.contribution_premium)
    premiums._note(tier_layout.ASSESSMENTS, self._cover(escrow), terms.pledge_premium)


@internal
@pure
def _cover(pool: loss_tranches.Tranche) -> uint256:
    """
    @dev What premium accrues on, token units: nothing while nobody holds shares.
    """
    return pool.assets if pool.total_shares != 0 else 0


# TOKENS -------------------------------------------------------------------------------------------

@internal
def _pull(tokens: uint256):
    """
    @dev Takes tokens from the caller. A token that keeps a fee is refused.
    """
    assert tokens != 0, "default fund: nothing to take"
    assert (
        vault._pull(fund.SETTLEMENT_TOKEN, msg.sender, tokens) == tokens
    ), "default fund: token arrived short"


@internal
def _push(recipient: address, tokens: uint256):
    """
    @dev Pays tokens, unless rounding has left none.
    """
    assert recipient != empty(address) and recipient != self, "default fund: no recipient"
    if tokens != 0:
        vault._push(fund.SETTLEMENT_TOKEN, recipient, tokens)
