#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title DefaultFund
@custom:contract-name DefaultFund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Tiers 2, 4 and 5 of the waterfall: the members' mutualised money. A member is an owner of
        margin accounts who has deposited here. His contribution pays first for his own defaults
        (tier 2), then, pro rata with all the others', for anybody's (tier 4). What he pledged on
        top is escrowed here as well and pays last (tier 5). A pledge must be worth at least as much
        as the contribution whenever its member adds to the contribution or takes out of the
        pledge.

        Risk asks for a contribution: once the initial margin of an account is large enough for the
        Clearinghouse to ask, its owner must have contributed a share of it, and cannot take that
        out again before the account has become smaller.

        Leaving takes a notice, a cooldown and a window (see leave_notices), and waits while the
        DefaultManager has reserved money for a default, so that a loss that is recognised cannot
        be dodged by being faster than the draw. While the clearinghouse winds down nobody deposits
        or leaves; when it redeems, everybody may take all he has at once.

        Fees and recoveries are credited the moment they arrive, to whoever holds shares then: a
        deposit just before them takes part in them. It cannot leave with them: it stays at risk for
        a whole cooldown.
@dev    Books, roundings, epochs and the defence against inflated shares: see loss_tranches. Every
        rounding is against the member who acts.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from snekmate.utils import math
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseSlices
from ..interfaces import IDefaultFund
from ..interfaces import IRiskEngine
from ..modules.layout import role_layout
from ..modules.layout import tier_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import leave_notices
from ..modules import loss_tranches
from ..modules import vault

implements: IDefaultFund


# --------------------------------------------------------------------------------------------------
# Modules
# --------------------------------------------------------------------------------------------------


initializes: loss_tranches
initializes: leave_notices[loss_tranches := loss_tranches]


# --------------------------------------------------------------------------------------------------
# Constants
# --------------------------------------------------------------------------------------------------


# What a member's part of a tranche must be worth after he has added to it: one unit of cash.
_MIN_STAKE: constant(uint256) = units.WAD

# Bounds of the terms.
_MAX_CONTRIBUTION_RATE: constant(uint256) = 500_000  # half of the initial margin
_MAX_FEE_WEIGHT: constant(uint256) = 10


# Terms are cooldown (32 bits) | window (32) | contribution rate (32) | fee weight (32).
_TERM_MASK: constant(uint256) = 2**32 - 1
_WINDOW_SHIFT: constant(uint256) = 32
_RATE_SHIFT: constant(uint256) = 64
_WEIGHT_SHIFT: constant(uint256) = 96


# --------------------------------------------------------------------------------------------------
# Immutables
# --------------------------------------------------------------------------------------------------


SETTLEMENT_TOKEN: public(immutable(address))

# The ledger: names the admin and the DefaultManager, and receives what is drawn.
CLEARINGHOUSE: public(immutable(address))

# Cash (WAD) in a unit of the settlement token, 10**(18 - decimals).
_CASH_PER_UNIT: immutable(uint256)


# --------------------------------------------------------------------------------------------------
# Storage
# --------------------------------------------------------------------------------------------------


# Account -> contribution it asks of its owner, WAD cash.
required_of: public(HashMap[uint256, uint256])

# Owner -> sum of `required_of` over his accounts.
required: public(HashMap[address, uint256])

# DefaultManager -> cash (WAD) it has reserved. Only the present manager's counts.
_reserved_by: HashMap[address, uint256]

# The terms, packed.
_packed_terms: uint256


# --------------------------------------------------------------------------------------------------
# Constructor
# --------------------------------------------------------------------------------------------------


@deploy
def __init__(settlement_token: address, clearinghouse: address, terms: IDefaultFund.Terms):
    """
    @notice Opens an empty fund. The Clearinghouse need not exist yet.
    @param settlement_token At most 18 decimals, transfers whole amounts.
    @param clearinghouse The ledger, for good; its owner sets the terms.
    @param terms First terms, inside the bounds of `set_terms`.
    @custom:reverts default fund: no clearinghouse | default fund: too many decimals | see
                    `set_terms`
    """
    assert clearinghouse != empty(address), "default fund: no clearinghouse"
    decimals: uint8 = staticcall IERC20Detailed(settlement_token).decimals()
    assert decimals <= units.WAD_DECIMALS, "default fund: too many decimals"
    SETTLEMENT_TOKEN = settlement_token
    CLEARINGHOUSE = clearinghouse
    _CASH_PER_UNIT = 10**convert(units.WAD_DECIMALS - decimals, uint256)
    self._set_terms(terms)


# --------------------------------------------------------------------------------------------------
# Membership
# --------------------------------------------------------------------------------------------------


@external
def deposit(contribution: uint256, pledge: uint256):
    """
    @notice Adds to the contribution and to the pledge of the caller; either may be 0. A notice that
            is pending stays as it is. Each part added to must then be worth a whole unit of cash,
            and the pledge as much as the contribution if that was added to.
    @param contribution Token units to take from the caller for tiers 2 and 4.
    @param pledge Token units to take from the caller for tier 5.
    @custom:reverts default fund: winding down | default fund: nothing to take | default fund: token
                    arrived short | default fund: no shares for this | default fund: stake too small
                    | default fund: pledge too small | default fund: tranche is full | vault: token
                    transfer failed
    """
    self._require_running()
    self._pull(contribution + pledge)
    self._stake(tier_layout.CONTRIBUTIONS, contribution)
    self._stake(tier_layout.ASSESSMENTS, pledge)
    if contribution != 0:
        self._require_pledge(msg.sender)


@external
def give_notice(contribution_shares: uint256, pledge_shares: uint256):
    """
    @notice Names shares of the caller; they can be withdrawn between `cooldown` and `cooldown +
            window` seconds from now. They stay at risk. One notice at a time: to name more, cancel
            and begin anew.
    @param contribution_shares Shares of tranche 0; may be 0.
    @param pledge_shares Shares of tranche 1; may be 0.
    @custom:reverts default fund: no shares named | default fund: notice pending | default fund:
                    more than held
    """
    terms: IDefaultFund.Terms = self._terms()
    leave_notices._give(
        msg.sender, contribution_shares, pledge_shares, terms.cooldown, terms.window
    )


@external
def cancel_notice():
    """
    @notice Takes the caller's notice back.
    @custom:reverts default fund: no notice
    """
    leave_notices._cancel(msg.sender)


@external
def withdraw(recipient: address) -> uint256:
    """
    @notice Pays what the caller's notice names, inside its window. What stays must meet the
            requirement of his accounts, and his pledge the rest of his contribution if he takes
            out of it.
    @param recipient Gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts default fund: winding down | default fund: money is reserved | default fund: no
                    open window | default fund: pledge too small | default fund: contribution too
                    small | default fund: no recipient | vault: token transfer failed
    """
    self._require_running()
    assert self._reserved() == 0, "default fund: money is reserved"
    contribution_shares: uint256 = 0
    pledge_shares: uint256 = 0
    contribution_shares, pledge_shares = leave_notices._use(msg.sender)
    tokens: uint256 = self._unstake(tier_layout.CONTRIBUTIONS, contribution_shares, recipient)
    tokens += self._unstake(tier_layout.ASSESSMENTS, pledge_shares, recipient)
    if pledge_shares != 0:
        self._require_pledge(msg.sender)
    self._require_contribution(msg.sender, self.required[msg.sender])
    self._push(recipient, tokens)
    return tokens


@external
def exit(recipient: address) -> uint256:
    """
    @notice Pays all that the caller has, when the clearinghouse redeems: no notice, no requirement
            and no reservation counts any more.
    @param recipient Gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts default fund: not redeeming | default fund: nothing held | default fund: no
                    recipient | vault: token transfer failed
    """
    assert self._phase() == role_layout.REDEMPTION, "default fund: not redeeming"
    contribution_shares: uint256 = self._shares_of(msg.sender, tier_layout.CONTRIBUTIONS)
    pledge_shares: uint256 = self._shares_of(msg.sender, tier_layout.ASSESSMENTS)
    assert contribution_shares != 0 or pledge_shares != 0, "default fund: nothing held"
    leave_notices._clear(msg.sender)
    tokens: uint256 = self._unstake(tier_layout.CONTRIBUTIONS, contribution_shares, recipient)
    tokens += self._unstake(tier_layout.ASSESSMENTS, pledge_shares, recipient)
    self._push(recipient, tokens)
    return tokens


# --------------------------------------------------------------------------------------------------
# Loss and recovery
# --------------------------------------------------------------------------------------------------


@external
def draw(
    account: uint256, own: uint256, contributions: uint256, assessments: uint256
) -> (uint256, uint256, uint256):
    """
    @notice Pays for a default, of each tier what is asked, or all there is. Only the
            DefaultManager. Never reverts for lack of money (INV-13).
    @dev Tokens: the sum of the cash paid, rounded up to a whole unit; each tier is debited what it
         makes this rounded sum rise by. ceil(a + b) <= ceil(a) + ceil(b), so that is never more
         than it has, and the surplus in the ledger is below one unit. The Clearinghouse pulls the
         tokens and checks what arrived; the allowance is exact, so that no more can leave.
    @param account The defaulter.
    @param own Asked of the contribution of the account's owner, WAD.
    @param contributions Asked of all contributions, what is left of the owner's included, WAD.
    @param assessments Asked of what members pledged, WAD.
    @return Cash paid by each of the three, WAD.
    @custom:reverts default fund: only the default manager | default fund: approve failed | the
                    Clearinghouse's own
    """
    self._require_manager()
    pool: IDefaultFund.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: IDefaultFund.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    own_paid: uint256 = 0
    owner_shares: uint256 = 0
    if own != 0:
        own_paid, owner_shares, pool = self._take_own(words._owner_of(account), own, pool)
    own_tokens: uint256 = self._tokens_up(own_paid)
    contributions_paid: uint256 = min(contributions, pool.assets * _CASH_PER_UNIT)
    contribution_tokens: uint256 = self._tokens_up(own_paid + contributions_paid) - own_tokens
    assessments_paid: uint256 = min(assessments, escrow.assets * _CASH_PER_UNIT)
    paid: uint256 = own_paid + contributions_paid + assessments_paid
    tokens: uint256 = self._tokens_up(paid)
    if tokens == 0:
        return 0, 0, 0
    assessment_tokens: uint256 = tokens - own_tokens - contribution_tokens
    pool.assets -= contribution_tokens
    escrow.assets -= assessment_tokens
    if own_tokens != 0 or contribution_tokens != 0:
        pool.total_shares = loss_tranches._store_after_loss(tier_layout.CONTRIBUTIONS, pool)
    if assessment_tokens != 0:
        loss_tranches._store_after_loss(tier_layout.ASSESSMENTS, escrow)
    log IDefaultFund.Draw(
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
    assert extcall IERC20(SETTLEMENT_TOKEN).approve(
        CLEARINGHOUSE, tokens, default_return_value=True, skip_contract_check=True
    ), "default fund: approve failed"
    extcall IClearinghouseSlices(CLEARINGHOUSE).receive_draw(
        account, tokens, paid, skip_contract_check=True
    )
    return own_paid, contributions_paid, assessments_paid


@external
def reserve(cash: uint256):
    """
    @notice Sets what the DefaultManager has reserved for defaults under way, in total. While it is
            not 0 nobody withdraws; what a former manager left reserved does not count. Only the
            DefaultManager.
    @param cash All that is reserved from now on, WAD; 0 = nothing.
    @custom:reverts default fund: only the default manager
    """
    self._require_manager()
    self._reserved_by[msg.sender] = cash
    log IDefaultFund.Reserve(manager=msg.sender, cash=cash)


@external
def receive_fees(tokens: uint256):
    """
    @notice Takes tokens from the caller, who may be anyone, and shares them out between those who
            hold shares now: by the tranches' assets, a unit of contributions counting `fee_weight`
            times. A tranche without shares gets nothing; if neither has any, the contributions
            keep the tokens for whoever deposits next.
    @param tokens Token units.
    @custom:reverts default fund: nothing to take | default fund: token arrived short | default
                    fund: tranche is full | vault: token transfer failed
    """
    self._pull(tokens)
    pool: IDefaultFund.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: IDefaultFund.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
    to_pool: uint256 = tokens
    if escrow.total_shares != 0:
        weighted: uint256 = 0
        if pool.total_shares != 0:
            weighted = pool.assets * self._terms().fee_weight
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
    log IDefaultFund.ReceiveFees(
        payer=msg.sender,
        contribution_tokens=to_pool,
        assessment_tokens=to_escrow,
        contribution_assets=pool.assets,
        assessment_assets=escrow.assets,
    )


@external
def restore(account: uint256, own: uint256, contributions: uint256, assessments: uint256):
    """
    @notice Takes back from the Clearinghouse what a default had cost, by tier. The members' part
            raises the worth of all shares, and lies there for whoever deposits next if there are
            none; the owner's then becomes contribution shares of his, without a pledge. Only the
            Clearinghouse.
    @param account The account that was paid for.
    @param own Token units for its owner.
    @param contributions Token units for all contributions.
    @param assessments Token units for all pledges.
    @custom:reverts default fund: only the clearinghouse | default fund: token arrived short
                    | default fund: tranche is full | vault: token transfer failed
    """
    self._require_clearinghouse()
    if own + contributions + assessments == 0:
        return
    self._pull(own + contributions + assessments)
    pool: IDefaultFund.Tranche = loss_tranches._load(tier_layout.CONTRIBUTIONS)
    escrow: IDefaultFund.Tranche = loss_tranches._load(tier_layout.ASSESSMENTS)
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
    log IDefaultFund.Restore(
        account=account,
        own=own,
        contributions=contributions,
        assessments=assessments,
        owner_shares=owner_shares,
        contribution_assets=pool.assets,
        contribution_shares=pool.total_shares,
        assessment_assets=escrow.assets,
    )


# --------------------------------------------------------------------------------------------------
# Requirements
# --------------------------------------------------------------------------------------------------


@external
def require_contribution(account: uint256, initial: uint256):
    """
    @notice Notes what an account that has taken on risk asks of its owner's contribution, and
            reverts if that is more than before and he has not contributed enough for all of his
            accounts. Only the Clearinghouse.
    @param account The account.
    @param initial Its initial margin, WAD cash.
    @custom:reverts default fund: only the clearinghouse | default fund: contribution too small
    """
    self._require_clearinghouse()
    before: uint256 = self.required_of[account]
    requirement: uint256 = self._requirement(initial)
    if requirement == before:
        return
    total: uint256 = self._set_requirement(account, before, requirement)
    if requirement > before:
        self._require_contribution(words._owner_of(account), total)


@external
def release_requirement(account: uint256):
    """
    @notice Lowers what an account asks of its owner's contribution to what its initial margin asks
            now. Anyone, for anyone.
    @param account The account.
    @custom:reverts default fund: requirement not lower
    """
    engine: address = staticcall IClearinghouse(CLEARINGHOUSE).roles(
        role_layout.RISK_ENGINE, skip_contract_check=True
    )
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(engine).margin(account)
    before: uint256 = self.required_of[account]
    requirement: uint256 = 0
    threshold: uint256 = self._threshold()
    if threshold != 0 and initial > threshold * units.WAD:
        requirement = self._requirement(initial)
    assert requirement < before, "default fund: requirement not lower"
    self._set_requirement(account, before, requirement)


# --------------------------------------------------------------------------------------------------
# Views
# --------------------------------------------------------------------------------------------------


@external
@view
def tranche(tranche: uint256) -> (uint256, uint256, uint256):
    """
    @notice Token units that a tranche holds, all its shares, and its epoch.
    @param tranche 0 contributions, 1 assessments.
    """
    pool: IDefaultFund.Tranche = loss_tranches._load(tranche)
    return pool.assets, pool.total_shares, pool.epoch


@external
@view
def shares_of(member: address, tranche: uint256) -> uint256:
    """
    @notice Shares that a member has of a tranche, those in a notice included.
    """
    return self._shares_of(member, tranche)


@external
@view
def value_of(member: address, tranche: uint256) -> uint256:
    """
    @notice What a member's shares of a tranche are worth, WAD cash, rounded down.
    """
    return self._value_of(member, tranche)


@external
@view
def available() -> (uint256, uint256):
    """
    @notice Cash that contributions and assessments can pay, WAD.
    """
    return (
        loss_tranches._load(tier_layout.CONTRIBUTIONS).assets * _CASH_PER_UNIT,
        loss_tranches._load(tier_layout.ASSESSMENTS).assets * _CASH_PER_UNIT,
    )


@external
@view
def available_for(account: uint256) -> (uint256, uint256, uint256):
    """
    @notice Cash that can be paid for an account, WAD: its owner's contribution, all contributions
            (his included), assessments.
    """
    return (
        self._value_of(words._owner_of(account), tier_layout.CONTRIBUTIONS),
        loss_tranches._load(tier_layout.CONTRIBUTIONS).assets * _CASH_PER_UNIT,
        loss_tranches._load(tier_layout.ASSESSMENTS).assets * _CASH_PER_UNIT,
    )


@external
@view
def has_shares(tranche: uint256) -> bool:
    """
    @notice Whether anybody has shares of a tranche: what comes while nobody has goes to whoever is
            next.
    @param tranche 0 contributions, 1 assessments.
    """
    return loss_tranches._load(tranche).total_shares != 0


@external
@view
def notice_of(member: address) -> IDefaultFund.Notice:
    """
    @notice The notice of a member, lapsed or not. Shares whose epoch has passed are not in it.
    """
    return leave_notices._notice(member)


@external
@view
def reserved() -> uint256:
    """
    @notice Cash reserved for defaults under way, WAD. Withdrawals wait while it is not 0.
    """
    return self._reserved()


@external
@view
def terms() -> IDefaultFund.Terms:
    """
    @notice The terms in force.
    """
    return self._terms()


# --------------------------------------------------------------------------------------------------
# Admin
# --------------------------------------------------------------------------------------------------


@external
def set_terms(terms: IDefaultFund.Terms):
    """
    @notice Sets the terms from now on; notices already given keep their times, and requirements
            already noted stay until their account next takes on risk or they are released. Only
            the owner of the Clearinghouse.
    @param terms Cooldown 1 hour to 30 days; window 20 minutes to 7 days, at most a third of the
           cooldown; contribution rate at most 500,000 ppm; fee weight 1 to 10.
    @custom:reverts default fund: only the owner | default fund: cooldown out of bounds | default
                    fund: window out of bounds | default fund: rate out of bounds | default fund:
                    weight out of bounds
    """
    assert (
        msg.sender == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner()
    ), "default fund: only the owner"
    self._set_terms(terms)


# --------------------------------------------------------------------------------------------------
# Internal
# --------------------------------------------------------------------------------------------------


@internal
def _stake(tranche: uint256, tokens: uint256):
    """
    @dev Books what the caller has paid into a tranche; nothing for 0.
    """
    if tokens == 0:
        return
    pool: IDefaultFund.Tranche = loss_tranches._load(tranche)
    minted: uint256 = loss_tranches._shares_down(pool, tokens)
    assert minted != 0, "default fund: no shares for this"
    shares: uint256 = loss_tranches._shares(msg.sender, tranche, pool.epoch) + minted
    pool.assets += tokens
    pool.total_shares += minted
    assert (
        loss_tranches._units_down(pool, shares) * _CASH_PER_UNIT >= _MIN_STAKE
    ), "default fund: stake too small"
    loss_tranches._store(tranche, pool)
    loss_tranches._set_shares(msg.sender, tranche, pool.epoch, shares)
    log IDefaultFund.Deposit(
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
    pool: IDefaultFund.Tranche = loss_tranches._load(tranche)
    shares: uint256 = loss_tranches._shares(msg.sender, tranche, pool.epoch) - burnt
    tokens: uint256 = loss_tranches._units_down(pool, burnt)
    pool.assets -= tokens
    pool.total_shares -= burnt
    loss_tranches._store(tranche, pool)
    loss_tranches._set_shares(msg.sender, tranche, pool.epoch, shares)
    log IDefaultFund.Withdraw(
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
    owner: address, asked: uint256, pool: IDefaultFund.Tranche
) -> (uint256, uint256, IDefaultFund.Tranche):
    """
    @dev Burns contribution shares of a defaulter for the cash asked, all of them if they are worth
         no more than that. The caller stores the tranche.
    @return Cash paid, shares that he has left, the tranche after it.
    """
    shares: uint256 = loss_tranches._shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch)
    worth: uint256 = loss_tranches._units_down(pool, shares) * _CASH_PER_UNIT
    paid: uint256 = min(asked, worth)
    if paid == 0:
        return 0, shares, pool
    tokens: uint256 = self._tokens_up(paid)
    burnt: uint256 = shares
    if paid != worth:
        burnt = loss_tranches._shares_up(pool, tokens)
    loss_tranches._set_shares(owner, tier_layout.CONTRIBUTIONS, pool.epoch, shares - burnt)
    leave_notices._shrink(owner, shares - burnt)
    return (
        paid,
        shares - burnt,
        IDefaultFund.Tranche(
            assets=pool.assets - tokens,
            total_shares=pool.total_shares - burnt,
            epoch=pool.epoch,
        ),
    )


@internal
def _set_requirement(account: uint256, before: uint256, requirement: uint256) -> uint256:
    """
    @dev Stores and logs what an account asks of its owner, `before` until now.
    @return What all his accounts ask.
    """
    owner: address = words._owner_of(account)
    total: uint256 = self.required[owner] - before + requirement
    self.required_of[account] = requirement
    self.required[owner] = total
    log IDefaultFund.SetRequirement(
        account=account,
        owner=owner,
        account_requirement=requirement,
        owner_requirement=total,
    )
    return total


@internal
def _set_terms(terms: IDefaultFund.Terms):
    """
    @dev Validates, stores and logs the terms.
    """
    leave_notices._require_timing(terms.cooldown, terms.window)
    assert (terms.contribution_rate <= _MAX_CONTRIBUTION_RATE), "default fund: rate out of bounds"
    assert (
        terms.fee_weight != 0 and terms.fee_weight <= _MAX_FEE_WEIGHT
    ), "default fund: weight out of bounds"
    self._packed_terms = (
        terms.cooldown
        | (terms.window << _WINDOW_SHIFT)
        | (terms.contribution_rate << _RATE_SHIFT)
        | (terms.fee_weight << _WEIGHT_SHIFT)
    )
    log IDefaultFund.SetTerms(terms=terms)


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


@internal
@view
def _tokens_up(cash: uint256) -> uint256:
    """
    @dev Token units for an amount of cash, rounded up.
    """
    return math._ceil_div(cash, _CASH_PER_UNIT)


@internal
@view
def _requirement(initial: uint256) -> uint256:
    """
    @dev Contribution that an initial margin asks for, WAD cash, rounded up.
    """
    return math._ceil_div(initial * self._terms().contribution_rate, units.PPM)


@internal
@view
def _shares_of(member: address, tranche: uint256) -> uint256:
    """
    @dev Shares of a member.
    """
    return loss_tranches._shares(member, tranche, loss_tranches._load(tranche).epoch)


@internal
@view
def _value_of(member: address, tranche: uint256) -> uint256:
    """
    @dev What a member's shares of a tranche are worth, WAD cash, rounded down.
    """
    return loss_tranches._worth(member, tranche) * _CASH_PER_UNIT


@internal
@view
def _threshold() -> uint256:
    """
    @dev IM up to which nothing is asked of an owner, whole units of cash (layout: role_layout).
    """
    word: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).role_word(
        role_layout.EXCHANGE, skip_contract_check=True
    )
    return (word >> role_layout.SECOND_FIELD) & role_layout.ROLE_FIELD_MASK


@internal
@view
def _reserved() -> uint256:
    """
    @dev What the present DefaultManager has reserved, WAD.
    """
    return self._reserved_by[self._manager()]


@internal
@view
def _manager() -> address:
    """
    @dev The present DefaultManager.
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).roles(
        role_layout.DEFAULT_MANAGER, skip_contract_check=True
    )


@internal
@view
def _phase() -> uint256:
    """
    @dev How far the clearinghouse has been wound down.
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).phase(skip_contract_check=True)


@internal
@view
def _terms() -> IDefaultFund.Terms:
    """
    @dev The terms, unpacked.
    """
    word: uint256 = self._packed_terms
    return IDefaultFund.Terms(
        cooldown=word & _TERM_MASK,
        window=(word >> _WINDOW_SHIFT) & _TERM_MASK,
        contribution_rate=(word >> _RATE_SHIFT) & _TERM_MASK,
        fee_weight=word >> _WEIGHT_SHIFT,
    )


@internal
@view
def _require_manager():
    """
    @dev Reverts unless the caller is the present DefaultManager.
    """
    assert msg.sender == self._manager(), "default fund: only the default manager"


@internal
@view
def _require_clearinghouse():
    """
    @dev Reverts unless the caller is the ledger.
    """
    assert msg.sender == CLEARINGHOUSE, "default fund: only the clearinghouse"


@internal
@view
def _require_running():
    """
    @dev Reverts once the clearinghouse winds down.
    """
    assert self._phase() == role_layout.RUNNING, "default fund: winding down"


@internal
@view
def _require_pledge(member: address):
    """
    @dev Reverts unless a member has pledged as much as he has contributed.
    """
    assert (
        loss_tranches._worth(member, tier_layout.ASSESSMENTS)
        >= loss_tranches._worth(member, tier_layout.CONTRIBUTIONS)
    ), "default fund: pledge too small"


@internal
@view
def _require_contribution(member: address, requirement: uint256):
    """
    @dev Reverts unless a member has contributed what his accounts ask.
    """
    assert (
        self._value_of(member, tier_layout.CONTRIBUTIONS) >= requirement
    ), "default fund: contribution too small"
