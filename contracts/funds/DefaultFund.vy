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

        Leaving takes a notice, a cooldown and a window (see leave_notices), and waits while the
        DefaultManager has reserved money for a default, so that a loss that is recognised cannot
        be dodged by being faster than the draw. While the clearinghouse winds down nobody deposits
        or leaves; when it redeems, everybody may take all they have at once.

        Fees and recoveries are credited the moment they arrive, to the members who hold shares
        then: a deposit just before them takes part in them. It cannot leave with them: it stays at
        risk for a whole cooldown.
@dev    Books, roundings, epochs and the defence against inflated shares: see loss_tranches. Every
        rounding is against the member who acts.
"""

from ..interfaces import IDefaultFund
from ..interfaces import IDefaultFundAdmin
from ..interfaces import IDefaultFundEvents
from ..interfaces import IDefaultFundManager
from ..interfaces import IHouseContract
from ..interfaces import ISettlesIn
from ..modules.layout import role_layout
from ..modules.layout import tier_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import fund
from ..modules import fund_terms
from ..modules import leave_notices
from ..modules import loss_tranches
from ..modules import requirements
from ..modules import vault

implements: IDefaultFund

implements: IDefaultFundAdmin

implements: IDefaultFundManager

implements: IHouseContract
implements: ISettlesIn

initializes: fund

initializes: fund_terms[fund := fund]

initializes: loss_tranches[fund := fund]

initializes: leave_notices[fund_terms := fund_terms, loss_tranches := loss_tranches]

initializes: requirements[fund := fund, fund_terms := fund_terms, loss_tranches := loss_tranches]

exports: (
    fund.CLEARINGHOUSE,
    fund_terms.set_terms,
    fund_terms.terms,
    leave_notices.cancel_notice,
    leave_notices.give_notice,
    leave_notices.notice_of,
    loss_tranches.has_shares,
    loss_tranches.shares_of,
    loss_tranches.tranche,
    loss_tranches.value_of,
    requirements.release_requirement,
    requirements.require_contribution,
    requirements.required,
    requirements.required_of,
)


# CONSTANTS ----------------------------------------------------------------------------------------

# What a member's part of a tranche must be worth after they have added to it, WAD cash.
MIN_STAKE: constant(uint256) = units.WAD


# IMMUTABLES ---------------------------------------------------------------------------------------

# The token that members pay in.
SETTLEMENT_TOKEN: public(immutable(address))


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
                    fund terms: weight out of bounds
    """
    fund.__init__(clearinghouse, settlement_token)
    SETTLEMENT_TOKEN = settlement_token
    fund_terms._set_terms(terms)


# MEMBERSHIP ---------------------------------------------------------------------------------------

@external
def deposit(contribution: uint256, pledge: uint256):
    """
    @notice Adds to the contribution and to the pledge of the caller; either may be 0. A notice that
            is pending stays as it is. Each part added to must then be worth a whole unit of cash,
            and the pledge as much as the contribution if that was added to. Anyone.
    @param contribution Token units to take from the caller for tiers 2 and 4.
    @param pledge Token units to take from the caller for tier 5.
    @custom:reverts fund: winding down | default fund: nothing to take | vault: token transfer
                    failed | default fund: token arrived short | default fund: no shares for this |
                    default fund: stake too small | loss tranches: tranche is full | default fund:
                    pledge too small
    """
    fund._require_running()
    self._pull(contribution + pledge)
    self._stake(tier_layout.CONTRIBUTIONS, contribution)
    self._stake(tier_layout.ASSESSMENTS, pledge)
    if contribution != 0:
        self._require_pledge(msg.sender)


@external
def withdraw(recipient: address) -> uint256:
    """
    @notice Pays what the caller's notice names, inside its window. What stays must meet the
            requirement of their accounts, and their pledge the rest of their contribution if they
            take out of it. Members.
    @param recipient Address that gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts fund: winding down | leave notices: no open window | loss tranches: tranche is
                    full | default fund: pledge too small | requirements: contribution too small |
                    default fund: no recipient | vault: token transfer failed
    """
    fund._require_running()
    contribution_shares: uint256 = 0
    pledge_shares: uint256 = 0
    contribution_shares, pledge_shares = leave_notices._use(msg.sender)
    tokens: uint256 = self._unstake(tier_layout.CONTRIBUTIONS, contribution_shares, recipient)
    tokens += self._unstake(tier_layout.ASSESSMENTS, pledge_shares, recipient)
    if pledge_shares != 0:
        self._require_pledge(msg.sender)
    requirements._require_contribution(msg.sender, requirements.required[msg.sender])
    self._push(recipient, tokens)
    return tokens


@external
def exit(recipient: address) -> uint256:
    """
    @notice Pays all that the caller has, when the clearinghouse redeems: no notice, no requirement
            and no reservation counts any more. Members.
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
            DefaultManager. Never reverts for lack of money (INV-13).
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
    @return Deferred, WAD cash.
    @custom:reverts fund: only the default manager | loss tranches: tranche is full | fund: approve
                    failed
    """
    fund._require_manager()
    pool: loss_tranches.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: loss_tranches.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
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
    pool.assets -= contribution_tokens
    escrow.assets -= assessment_tokens
    if own_tokens != 0 or contribution_tokens != 0:
        pool.total_shares = loss_tranches._store_after_loss(tier_layout.CONTRIBUTIONS, pool)
    if assessment_tokens != 0:
        loss_tranches._store_after_loss(tier_layout.ASSESSMENTS, escrow)
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
    )
    fund._hand_over(SETTLEMENT_TOKEN, account, tokens, paid)
    return own_paid, contributions_paid, assessments_paid, 0


@external
def receive_fees(tokens: uint256):
    """
    @notice Takes tokens from the caller and shares them out between those who hold shares now: by
            the tranches' assets, a unit of contributions counting `fee_weight` times. A tranche
            without shares gets nothing; if neither has any, the contributions keep the tokens for
            the next member who deposits. Anyone.
    @param tokens Token units.
    @custom:reverts default fund: nothing to take | vault: token transfer failed | default fund:
                    token arrived short | loss tranches: tranche is full
    """
    self._pull(tokens)
    pool: loss_tranches.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: loss_tranches.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    to_pool: uint256 = tokens
    if escrow.total_shares != 0:
        weighted: uint256 = 0
        if pool.total_shares != 0:
            weighted = pool.assets * fund_terms._terms().fee_weight
        # Shares that rounding has left without a unit behind them.
        if weighted + escrow.assets != 0:
            to_pool = tokens * weighted // (weighted + escrow.assets)
    to_escrow: uint256 = tokens - to_pool
    pool.assets += to_pool
    escrow.assets += to_escrow
    if to_pool != 0:
        loss_tranches._store(tier_layout.CONTRIBUTIONS, pool)
    if to_escrow != 0:
        loss_tranches._store(tier_layout.ASSESSMENTS, escrow)
    log IDefaultFundEvents.ReceiveFees(
        payer=msg.sender,
        contribution_tokens=to_pool,
        assessment_tokens=to_escrow,
        contribution_assets=pool.assets,
        assessment_assets=escrow.assets,
    )


@external
def restore(account: uint256, contributions: uint256, assessments: uint256):
    """
    @notice Takes back what a default had cost, by tier. The members' part raises the worth of all
            shares, and lies there for the next member who deposits if there are none; the owner's
            then becomes contribution shares of theirs, without a pledge. Only the Clearinghouse.
    @param account Id of the account that was paid for.
    @param contributions Token units for all contributions.
    @param assessments Token units for all pledges.
    @custom:reverts fund: only the clearinghouse | default fund: nothing to take | vault: token
                    transfer failed | default fund: token arrived short | loss tranches: tranche is
                    full
    """
    fund._require_clearinghouse()
    own: uint256 = 0
    if contributions + assessments == 0:
        return
    self._pull(own + contributions + assessments)
    pool: loss_tranches.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: loss_tranches.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    pool.assets += contributions
    escrow.assets += assessments
    owner_shares: uint256 = 0
    if own != 0:
        owner: address = words._owner_of(account)
        minted: uint256 = loss_tranches._shares_down(pool, own)
        owner_shares = minted + loss_tranches._shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch)
        loss_tranches._set_shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch, owner_shares)
        pool.assets += own
        pool.total_shares += minted
    loss_tranches._store(tier_layout.CONTRIBUTIONS, pool)
    loss_tranches._store(tier_layout.ASSESSMENTS, escrow)
    log IDefaultFundEvents.Restore(
        account=account,
        own=own,
        contributions=contributions,
        assessments=assessments,
        owner_shares=owner_shares,
        contribution_assets=pool.assets,
        contribution_shares=pool.total_shares,
        assessment_assets=escrow.assets,
    )


# VIEWS --------------------------------------------------------------------------------------------

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


# SHARES -------------------------------------------------------------------------------------------

@internal
def _stake(tranche: uint256, tokens: uint256):
    """
    @dev Books what the caller has paid into a tranche; nothing for 0.
    """
    if tokens == 0:
        return
    pool: loss_tranches.Tranche = loss_tranches._load(tranche)
    minted: uint256 = loss_tranches._shares_down(pool, tokens)
    assert minted != 0, "default fund: no shares for this"
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
@view
def _require_pledge(member: address):
    """
    @dev Reverts unless a member has pledged as much as they have contributed.
    """
    assert (
        loss_tranches._worth(member, tier_layout.ASSESSMENTS)
        >= loss_tranches._worth(member, tier_layout.CONTRIBUTIONS)
    ), "default fund: pledge too small"


# TOKENS -------------------------------------------------------------------------------------------

@internal
def _pull(tokens: uint256):
    """
    @dev Takes tokens from the caller. A token that keeps a fee is refused.
    """
    assert tokens != 0, "default fund: nothing to take"
    assert (
        vault._pull(SETTLEMENT_TOKEN, msg.sender, tokens) == tokens
    ), "default fund: token arrived short"


@internal
def _push(recipient: address, tokens: uint256):
    """
    @dev Pays tokens, unless rounding has left none.
    """
    assert recipient != empty(address) and recipient != self, "default fund: no recipient"
    if tokens != 0:
        vault._push(SETTLEMENT_TOKEN, recipient, tokens)
