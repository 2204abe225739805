#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Accounts, roles, pauses, terms
@custom:contract-name ClearinghouseAdmin
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What is set up: accounts and their operators, contracts that are plugged in, listings,
        terms. The guardian stops trading, withdrawals or liquidations; never deposits, reductions
        or cures. A pause ends by itself, and paused time is capped per window. This part has the
        Clearinghouse's storage layout (a test compares them) and works only through it, by
        delegatecall; called directly it finds an empty ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseAccounts
from ..interfaces import IClearinghouseAdmin
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseRecords
from ..interfaces import ISettlesIn
from ..modules.layout import exit_words
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import exits
from ..modules import final_settlement
from ..modules import funding_math
from ..modules import ledger
from ..modules import registry
from ..modules import sides

implements: IClearinghouseAccounts
implements: IClearinghouseAdmin
implements: IClearinghouseRecords
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
exports: (
    currency.SETTLEMENT_TOKEN,
    currency.SETTLEMENT_SCALE,
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    registry.account_count,
    registry.operators,
    registry.collaterals,
    registry.collateral_count,
    registry.shortfall_grace,
    registry.shortfall_discount,
    registry.default_fund_share,
    registry.guardian,
    registry.pending_guardian,
    registry.pending_roles,
    registry.pause_budgets,
    ledger.more_markets,
    ledger.positions,
    ledger.collateral,
    sides.market_state,
    sides.market_totals,
    sides.side_index,
    sides.past_sides,
    sides.settled_prices,
    ledger.debts,
    ledger.hole,
    ledger.negative_cash,
    ledger.negative_cash_cap,
    ledger.reserve,
    ledger.shortfall_since,
    ledger.shortfall_threshold,
    final_settlement.living_markets,
    final_settlement.hole_share,
    final_settlement.proof_window,
    final_settlement.proof_reward,
    final_settlement.proof_reward_cap,
    final_settlement.proofs_end,
    final_settlement.pot,
    final_settlement.claims,
    final_settlement.collateral_pots,
    final_settlement.collateral_paid,
)

FIRST_CAP: constant(uint256) = 100_000  # of a new collateral, ppm of its cap
MAX_SHORTFALL_DISCOUNT: constant(uint256) = 100_000  # of the cash paid, ppm: 10 %
MAX_SHORTFALL_GRACE: constant(uint256) = 30 * 86_400  # seconds
MAX_DEFAULT_FUND_SHARE: constant(uint256) = 800_000  # of the fees, ppm: 80 %


# Longest pause, and longest sum of an action's pauses that begin in one window, seconds.
MAX_PAUSE: constant(uint256) = 86_400
PAUSE_WINDOW: constant(uint256) = 30 * 86_400
MAX_PAUSED: constant(uint256) = 3 * 86_400

# From the proposal of a role's new holder to their taking over, seconds.
ROLE_DELAY: constant(uint256) = 86_400

MIN_OUTFLOW_SHARE: constant(uint256) = 100_000  # of the cash held, ppm: 10 %

# Bounds of the wind-down's terms.
MIN_HOLE_SHARE: constant(uint256) = 10_000  # of the cash held, ppm: 1 %
MIN_PROOF_WINDOW: constant(uint256) = 3_600  # seconds
MAX_PROOF_WINDOW: constant(uint256) = 30 * 86_400  # seconds
MAX_PROOF_REWARD: constant(uint256) = 50_000  # of a deficit, ppm: 5 %
MAX_PROOF_REWARD_CAP: constant(uint256) = 1_000  # whole units of cash


@deploy
def __init__(settlement_token: address):
    """
    @notice Makes this part for one settlement token. It has no owner: only the Clearinghouse has.
    @param settlement_token Address of the Clearinghouse's settlement token.
    @custom:reverts registry: token has more than 18 decimals
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(empty(address))
    currency.__init__(settlement_token)


# ACCOUNTS AND MARKETS -----------------------------------------------------------------------------

@external
def open_account(mode: uint256, market: uint256) -> uint256:
    """
    @notice Opens a margin account that belongs to the caller. Anyone.
    @param mode 1 ISOLATED (one market, losses stop there) or 2 CROSS (all positions share margin).
    @param market Market id, the only market of an ISOLATED account; 0 for CROSS.
    @return The account id.
    @custom:reverts sides: unknown market | clearinghouse: bad margin mode
    """
    if mode == words.ISOLATED:
        assert sides._state(market) != 0  # reverts by itself: "sides: unknown market"
    else:
        assert mode == words.CROSS and market == 0, "clearinghouse: bad margin mode"
    index: uint256 = registry.account_count[msg.sender]
    registry.account_count[msg.sender] = index + 1
    account: uint256 = (
        convert(msg.sender, uint256) << words.OWNER_SHIFT
        | mode << words.MODE_SHIFT
        | market << words.MARKET_SHIFT
        | index
    )
    ledger.headers[account] = words.OPENED
    log IClearinghouseEvents.AccountOpened(
        owner=msg.sender, account=account, mode=mode, market=market
    )
    return account


@external
def set_operator(operator: address, permissions: uint256):
    """
    @notice Lets `operator` act for all accounts of the caller. Anyone, for their own accounts.
    @param operator Address of the operator.
    @param permissions Bits: 1 TRADE (fills, orders, deposits of collateral), 2 WITHDRAW
           (withdrawals and transfers); 0 revokes.
    @custom:reverts clearinghouse: unknown permission
    """
    assert (
        permissions <= role_layout.TRADE | role_layout.WITHDRAW
    ), "clearinghouse: unknown permission"
    registry.operators[msg.sender][operator] = permissions
    log IClearinghouseEvents.OperatorSet(
        owner=msg.sender, operator=operator, permissions=permissions
    )


@external
def accrue_funding(market: uint256):
    """
    @notice Stores a market's funding index at this block and lets its rate fade. Anyone; never
            needs a price.
    @param market Market id.
    @custom:reverts sides: unknown market | words: number out of range
    """
    state: uint256 = sides._state(market)
    funding: int256 = funding_math._funding_now(state)
    rate: int256 = funding_math._next_rate(state, words._interest(state), 0, 0)
    state = words._pack_state(state, funding, rate)
    sides.market_state[market] = state
    log IClearinghouseEvents.FundingAccrued(
        market=market, funding_index=funding, funding_rate=words._rate(state)
    )


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def collateral_cap(index: uint256) -> uint256:
    """
    @notice What deposits of a collateral may reach now: a raised cap grows over 30 days. Anyone.
    @param index Collateral index.
    @return The cap now, WAD of the token.
    """
    return registry._cap_now(index)


@external
@view
def paused_until(action: uint256) -> uint256:
    """
    @notice End of the last pause of an action. Liquidations wait CURE_WINDOW more. Anyone.
    @param action 0 trading, 1 withdrawals, 2 liquidations.
    @return Unix seconds; 0 if it was never paused.
    @custom:reverts clearinghouse: unknown action
    """
    self._require_action(action)
    return self._paused_until(action)


@external
@pure
@reentrant
def __default__():
    """
    @notice Refuses a function that no part has. Anyone gets there.
    @custom:reverts clearinghouse: unknown function
    """
    raise "clearinghouse: unknown function"


# ADMIN: PAUSES ------------------------------------------------------------------------------------

@external
def pause(action: uint256, duration: uint256):
    """
    @notice Stops an action for a while, or prolongs its pause. Guardian only.
    @param action 0 trading (reductions go on), 1 withdrawals, 2 liquidations (cures go on).
    @param duration Seconds from now, a day at most; all pauses of an action that begin within 30
           days add up to 3 days at most. A pause of liquidations counts the cure window after it.
    @custom:reverts clearinghouse: caller is not the guardian | clearinghouse: unknown action |
                    registry: winding down | clearinghouse: pause out of bounds | clearinghouse:
                    already paused for longer | clearinghouse: paused time is used up
    """
    assert msg.sender == registry.guardian, "clearinghouse: caller is not the guardian"
    self._require_action(action)
    registry._require_running()
    assert duration != 0 and duration <= MAX_PAUSE, "clearinghouse: pause out of bounds"
    ends: uint256 = block.timestamp + duration
    begins: uint256 = max(self._paused_until(action), block.timestamp)
    assert ends > begins, "clearinghouse: already paused for longer"
    counted: uint256 = ends - begins
    if action == role_layout.LIQUIDATIONS:
        counted += role_layout.CURE_WINDOW
    budget: uint256 = registry.pause_budgets[action]
    start: uint256 = budget & role_layout.BUDGET_MASK
    used: uint256 = budget >> role_layout.BUDGET_BITS
    if block.timestamp >= start + PAUSE_WINDOW:
        start = block.timestamp
        used = 0
    used += counted
    assert used <= MAX_PAUSED, "clearinghouse: paused time is used up"
    registry.pause_budgets[action] = start | used << role_layout.BUDGET_BITS
    self._set_paused_until(action, ends)
    log IClearinghouseEvents.Paused(action=action, until=ends, used=used)


@external
def unpause(action: uint256):
    """
    @notice Ends a pause at once; the time stays counted. Guardian or owner.
    @param action 0 trading, 1 withdrawals, 2 liquidations.
    @custom:reverts clearinghouse: caller is not the guardian | clearinghouse: unknown action |
                    clearinghouse: not paused
    """
    assert (
        msg.sender == registry.guardian or msg.sender == ownable.owner
    ), "clearinghouse: caller is not the guardian"
    self._require_action(action)
    assert self._paused_until(action) > block.timestamp, "clearinghouse: not paused"
    self._set_paused_until(action, block.timestamp)
    log IClearinghouseEvents.Paused(
        action=action,
        until=block.timestamp,
        used=registry.pause_budgets[action] >> role_layout.BUDGET_BITS,
    )


# ADMIN: ROLES -------------------------------------------------------------------------------------

@external
def set_role(role: uint256, holder: address):
    """
    @notice Plugs in a contract. The first holder of a role takes over at once, every later one a
            day after the proposal, by `accept_role`. Owner only.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @param holder Address of the contract.
    @custom:reverts ownable: caller is not the owner | clearinghouse: unknown role | clearinghouse:
                    role holder is not a contract
    """
    ownable._check_owner()
    assert role < role_layout.ROLES, "clearinghouse: unknown role"
    assert holder.is_contract, "clearinghouse: role holder is not a contract"
    if registry._role(role) == empty(address):
        self._set_holder(role, holder)
    else:
        ready_at: uint256 = block.timestamp + ROLE_DELAY
        registry.pending_roles[role] = (
            convert(holder, uint256) | ready_at << role_layout.FIRST_FIELD
        )
        log IClearinghouseEvents.RoleProposed(role=role, holder=holder, ready_at=ready_at)


@external
def accept_role(role: uint256):
    """
    @notice Lets a proposed holder take over. Anyone, once the delay of the proposal is over.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @custom:reverts clearinghouse: no role proposed | clearinghouse: role delay is not over
    """
    pending: uint256 = registry.pending_roles[role]
    assert pending != 0, "clearinghouse: no role proposed"
    assert (
        block.timestamp >= pending >> role_layout.FIRST_FIELD
    ), "clearinghouse: role delay is not over"
    registry.pending_roles[role] = 0
    self._set_holder(role, convert(pending & role_layout.HOLDER_MASK, address))


@external
def cancel_role(role: uint256):
    """
    @notice Withdraws the proposal of a role's next holder. Owner only.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @custom:reverts ownable: caller is not the owner | clearinghouse: no role proposed
    """
    ownable._check_owner()
    assert registry.pending_roles[role] != 0, "clearinghouse: no role proposed"
    registry.pending_roles[role] = 0
    log IClearinghouseEvents.RoleProposed(role=role, holder=empty(address), ready_at=0)


@external
def set_guardian(guardian: address):
    """
    @notice Proposes who may pause; they take office by `accept_guardian`. The zero address removes
            the guardian at once. Owner only.
    @param guardian Address of the proposed guardian.
    @custom:reverts ownable: caller is not the owner
    """
    ownable._check_owner()
    registry.pending_guardian = guardian
    if guardian == empty(address):
        registry.guardian = guardian
    log IClearinghouseEvents.GuardianProposed(guardian=guardian)


@external
def accept_guardian():
    """
    @notice Makes the caller the guardian. The proposed guardian only.
    @custom:reverts clearinghouse: caller is not the proposed guardian
    """
    assert (
        msg.sender == registry.pending_guardian
    ), "clearinghouse: caller is not the proposed guardian"
    registry.guardian = msg.sender
    registry.pending_guardian = empty(address)
    log IClearinghouseEvents.GuardianSet(guardian=msg.sender)


# ADMIN: LISTINGS AND TERMS ------------------------------------------------------------------------

@external
def list_collateral(token: address, cap: uint256) -> uint256:
    """
    @notice Lists a collateral token. Its haircuts and feeds are set in the risk engine. Owner only.
    @param token Address of an ERC-20 token of 18 decimals at most.
    @param cap Greatest total of deposits, WAD of the token; a tenth of it at first, all of it after
           CAP_RAMP.
    @return The collateral index.
    @custom:reverts ownable: caller is not the owner | clearinghouse: eight collaterals at most |
                    clearinghouse: token already listed | registry: token has more than 18 decimals
    """
    ownable._check_owner()
    index: uint256 = registry.collateral_count
    assert index < limits.MAX_COLLATERALS, "clearinghouse: eight collaterals at most"
    assert (
        token != currency.SETTLEMENT_TOKEN and registry.collateral_place[token] == 0
    ), "clearinghouse: token already listed"
    registry.collaterals[index] = IClearinghouseRecords.Collateral(
        token=token,
        scale=registry._scale_of(token),
        cap=cap,
        total=0,
        base=cap * FIRST_CAP // units.PPM,
        since=block.timestamp,
    )
    registry.collateral_place[token] = index + 1
    registry.collateral_count = index + 1
    log IClearinghouseEvents.CollateralListed(index=index, token=token, cap=cap)
    return index


@external
def set_collateral_cap(index: uint256, cap: uint256):
    """
    @notice Changes a collateral's deposit cap, downwards at once, upwards over CAP_RAMP; what is
            inside stays. Owner only.
    @param index Collateral index.
    @param cap Greatest total of deposits, WAD of the token.
    @custom:reverts ownable: caller is not the owner | registry: unknown token
    """
    ownable._check_owner()
    registry._require_listed(index)
    registry.collaterals[index].base = min(registry._cap_now(index), cap)
    registry.collaterals[index].since = block.timestamp
    registry.collaterals[index].cap = cap
    log IClearinghouseEvents.CollateralCapSet(index=index, cap=cap)


@external
def list_market(market: uint256):
    """
    @notice Opens the books of a market. Its risk row and terms are set in the risk engine and the
            exchange. Owner only.
    @param market Market id, 1 to 120.
    @custom:reverts ownable: caller is not the owner | clearinghouse: bad market id | clearinghouse:
                    market already listed | registry: winding down | words: number out of range
    """
    ownable._check_owner()
    assert market != 0 and market <= limits.MAX_MARKET, "clearinghouse: bad market id"
    assert sides.market_state[market] == 0, "clearinghouse: market already listed"
    registry._require_running()
    sides.market_state[market] = words._pack_state(0, 0, 0)
    final_settlement.living_markets += 1
    log IClearinghouseEvents.MarketListed(market=market)


@external
def set_shortfall_terms(cap: uint256, threshold: uint256, grace: uint256, discount: uint256):
    """
    @notice Sets the terms of negative cash. Owner only.
    @param cap Greatest total of negative cash that voluntary actions may reach, WAD cash.
    @param threshold Negative cash above which an account's grace time starts, WAD cash.
    @param grace Grace time in seconds, 30 days at most.
    @param discount Collateral beyond the cash paid that a caller of `cover_shortfall` gets, ppm of
           that cash, 10 % at most.
    @custom:reverts ownable: caller is not the owner | clearinghouse: shortfall terms out of bounds
    """
    ownable._check_owner()
    assert (
        grace <= MAX_SHORTFALL_GRACE and discount <= MAX_SHORTFALL_DISCOUNT
    ), "clearinghouse: shortfall terms out of bounds"
    ledger.negative_cash_cap = cap
    ledger.shortfall_threshold = threshold
    registry.shortfall_grace = grace
    registry.shortfall_discount = discount
    log IClearinghouseEvents.ShortfallTermsSet(
        cap=cap, threshold=threshold, grace=grace, discount=discount
    )


@external
def set_default_fund_share(share: uint256):
    """
    @notice Sets the part of the fees that goes to the default fund. Owner only.
    @param share ppm of the fees, 80 % at most.
    @custom:reverts ownable: caller is not the owner | clearinghouse: default fund share out of
                    bounds
    """
    ownable._check_owner()
    assert (share <= MAX_DEFAULT_FUND_SHARE), "clearinghouse: default fund share out of bounds"
    registry.default_fund_share = share
    log IClearinghouseEvents.DefaultFundShareSet(share=share)


@external
def set_contribution_threshold(threshold: uint256):
    """
    @notice Sets the IM above which an account that takes on risk needs a contribution of its owner
            to the default fund. Owner only.
    @param threshold Whole units of cash, below 2**32; 0: none is needed.
    @custom:reverts ownable: caller is not the owner | clearinghouse: threshold out of bounds
    """
    ownable._check_owner()
    assert threshold <= role_layout.ROLE_FIELD_MASK, "clearinghouse: threshold out of bounds"
    word: uint256 = registry.role_words[role_layout.EXCHANGE]
    registry.role_words[role_layout.EXCHANGE] = (
        word & (2**role_layout.SECOND_FIELD - 1) | threshold << role_layout.SECOND_FIELD
    )
    log IClearinghouseEvents.ContributionThresholdSet(threshold=threshold)


@external
def set_outflow_limit(share: uint256, least: uint256):
    """
    @notice Limits cash that leaves by withdrawals within an hour, net of what comes in. Owner only.
    @param share ppm of the cash held when the hour began: 10 % at least, or 0 for no limit.
    @param least Whole units of cash that may leave in any case, below 2**40.
    @custom:reverts ownable: caller is not the owner | clearinghouse: outflow limit out of bounds
    """
    ownable._check_owner()
    assert (
        (share == 0 or share >= MIN_OUTFLOW_SHARE)
        and share <= units.PPM
        and least < exit_words.LEAST_LIMIT
    ), "clearinghouse: outflow limit out of bounds"
    exits._set_outflow(share, least)
    log IClearinghouseEvents.OutflowLimitSet(share=share, least=least)


@external
def set_wind_down_terms(hole_share: uint256, window: uint256, reward: uint256, reward_cap: uint256):
    """
    @notice Sets the terms of the wind-down. Owner only, while it has not begun.
    @param hole_share Hole as a part of the cash held above which anyone may begin, ppm: 1 % to all.
    @param window Seconds in which deficits are proven: 1 hour to 30 days.
    @param reward Part of a deficit that the caller who proves it gets, ppm: at most 5 %.
    @param reward_cap Greatest reward, whole units of cash: at most 1,000.
    @custom:reverts ownable: caller is not the owner | registry: winding down | clearinghouse:
                    wind-down terms out of bounds
    """
    ownable._check_owner()
    registry._require_running()
    assert (
        hole_share >= MIN_HOLE_SHARE
        and hole_share <= units.PPM
        and window >= MIN_PROOF_WINDOW
        and window <= MAX_PROOF_WINDOW
        and reward <= MAX_PROOF_REWARD
        and reward_cap <= MAX_PROOF_REWARD_CAP
    ), "clearinghouse: wind-down terms out of bounds"
    final_settlement.hole_share = hole_share
    final_settlement.proof_window = window
    final_settlement.proof_reward = reward
    final_settlement.proof_reward_cap = reward_cap
    log IClearinghouseEvents.WindDownTermsSet(
        hole_share=hole_share, window=window, reward=reward, reward_cap=reward_cap
    )


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@pure
def _require_action(action: uint256):
    """
    @dev An action that can be paused: trading, withdrawals or liquidations.
    """
    assert action <= role_layout.LIQUIDATIONS, "clearinghouse: unknown action"


@internal
@pure
def _place_of(action: uint256) -> (uint256, uint256):
    """
    @dev Role word and shift of an action's pause.
    """
    if action == role_layout.TRADING:
        return role_layout.EXCHANGE, role_layout.FIRST_FIELD
    if action == role_layout.WITHDRAWALS:
        return role_layout.RISK_ENGINE, role_layout.FIRST_FIELD
    return role_layout.RISK_ENGINE, role_layout.SECOND_FIELD


@internal
@view
def _paused_until(action: uint256) -> uint256:
    """
    @dev End of an action's last pause, unix seconds.
    """
    role: uint256 = 0
    offset: uint256 = 0
    role, offset = self._place_of(action)
    return (registry.role_words[role] >> offset) & role_layout.ROLE_FIELD_MASK


@internal
def _set_paused_until(action: uint256, until: uint256):
    """
    @dev Stores the end of an action's pause.
    """
    role: uint256 = 0
    offset: uint256 = 0
    role, offset = self._place_of(action)
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~(role_layout.ROLE_FIELD_MASK << offset) | until << offset


@internal
def _set_holder(role: uint256, holder: address):
    """
    @dev Gives a role to a holder; the other fields of its word stay.
    """
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~role_layout.HOLDER_MASK | convert(holder, uint256)
    log IClearinghouseEvents.RoleSet(role=role, holder=holder)
