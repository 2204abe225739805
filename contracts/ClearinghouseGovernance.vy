#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title ClearinghouseGovernance: the last part of the Clearinghouse's code
@custom:contract-name ClearinghouseGovernance
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Opening accounts, wind-down, pauses, roles, listings, terms. Like ClearinghouseProcedures it
        has the Clearinghouse's storage layout and works only through it.

        Wind-down: begun by the owner, or by anyone when the hole exceeds a published part of the
        cash held. Nobody trades, deposits or withdraws any more; anyone settles every market; then
        for a published time anyone proves accounts with a deficit for a reward (through the
        DefaultManager, whose funds pay first). Then cash held over claims is one factor for all:
        order cannot matter, nobody idle can stall it (INV-12).

        Pauses: the guardian stops trading, withdrawals or liquidations; never deposits, reductions
        or cures. A pause ends by itself, and paused time is capped per window.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from .interfaces import IClearinghouse
from .interfaces import IRiskEngine
from .modules import final_settlement
from .modules import ledger
from .modules import registry
from .modules import tear_up
from .modules import trading
from .modules import vault
from .modules import words

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: registry
initializes: ledger
initializes: trading[ledger := ledger, registry := registry]
initializes: tear_up[ledger := ledger]
initializes: final_settlement
exports: (
    registry.account_count,
    registry.collaterals,
    registry.collateral_count,
    registry.shortfall_grace,
    registry.shortfall_discount,
    registry.default_fund_share,
    registry.guardian,
    registry.pending_guardian,
    registry.pending_roles,
    registry.pause_budgets,
    ledger.past_sides,
    ledger.settled_prices,
    ledger.debts,
    ledger.hole,
    ledger.negative_cash,
    ledger.protocol_fees,
    ledger.shortfall_since,
    ledger.shortfall_threshold,
    trading.negative_cash_cap,
    final_settlement.living_markets,
    final_settlement.hole_share,
    final_settlement.proof_window,
    final_settlement.proof_reward,
    final_settlement.proof_reward_cap,
    final_settlement.proofs_end,
    final_settlement.pot,
    final_settlement.claims,
    final_settlement.collateral_pots,
)

WAD: constant(uint256) = 10**18
PPM: constant(uint256) = 1_000_000
MAX_MARKET: constant(uint256) = 120  # rows of the risk table (RiskEngine)
FIRST_CAP: constant(uint256) = 100_000  # of a new collateral, ppm of its cap
MAX_SHORTFALL_DISCOUNT: constant(uint256) = 100_000  # 10 %, ppm
MAX_SHORTFALL_GRACE: constant(uint256) = 30 * 86_400  # seconds
MAX_DEFAULT_FUND_SHARE: constant(uint256) = 800_000  # 80 %, ppm

# What the guardian may stop.
TRADING: constant(uint256) = 0
WITHDRAWALS: constant(uint256) = 1
LIQUIDATIONS: constant(uint256) = 2

# One pause, seconds; all pauses of an action that begin in one window of PAUSE_WINDOW seconds.
MAX_PAUSE: constant(uint256) = 86_400
PAUSE_WINDOW: constant(uint256) = 30 * 86_400
MAX_PAUSED: constant(uint256) = 3 * 86_400
# After a pause of liquidations accounts can be cured before anyone is called or sold, seconds.
CURE_WINDOW: constant(uint256) = 3_600
BUDGET_BITS: constant(uint256) = 40
BUDGET_MASK: constant(uint256) = 2**40 - 1

# Between the proposal of a role's new holder and its taking over, seconds.
ROLE_DELAY: constant(uint256) = 86_400

# Bounds of the wind-down's terms.
MIN_HOLE_SHARE: constant(uint256) = 10_000  # 1 %
MIN_PROOF_WINDOW: constant(uint256) = 3_600
MAX_PROOF_WINDOW: constant(uint256) = 30 * 86_400
MAX_PROOF_REWARD: constant(uint256) = 50_000  # 5 %
MAX_PROOF_REWARD_CAP: constant(uint256) = 1_000  # units of cash

# Millionths of cash (layout: ledger.debts).
DEBT_BITS: constant(uint256) = 51
DEBT_MASK: constant(uint256) = 2**51 - 1
DEBT_UNIT: constant(uint256) = 10**12
TIERS: constant(uint256) = 5


# The settlement token and WAD per unit of it.
SETTLEMENT_TOKEN: public(immutable(address))
SETTLEMENT_SCALE: immutable(uint256)


@deploy
def __init__(settlement_token: address):
    """
    @param settlement_token The Clearinghouse's settlement token.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(empty(address))
    SETTLEMENT_TOKEN = settlement_token
    SETTLEMENT_SCALE = registry._scale_of(settlement_token)


# ACCOUNTS AND MARKETS ---------------------------------------------------------------------------

@external
def open_account(mode: uint256, market: uint256) -> uint256:
    """
    @notice Opens a margin account of the caller's.
    @param mode 1 ISOLATED (one market, losses stop there) or 2 CROSS (all positions share margin).
    @param market The only market of an ISOLATED account; 0 for CROSS.
    @return The account id.
    """
    if mode == words.ISOLATED:
        assert ledger._state(market) != 0  # reverts by itself: "ledger: unknown market"
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
    log IClearinghouse.AccountOpened(owner=msg.sender, account=account, mode=mode, market=market)
    return account


@external
def set_operator(operator: address, permissions: uint256):
    """
    @notice Lets `operator` act for all accounts of the caller's.
    @param permissions Bits: 1 TRADE (fills, orders, deposits of collateral), 2 WITHDRAW
           (withdrawals and transfers); 0 revokes.
    """
    assert permissions <= registry.TRADE | registry.WITHDRAW, "clearinghouse: unknown permission"
    registry.operators[msg.sender][operator] = permissions
    log IClearinghouse.OperatorSet(owner=msg.sender, operator=operator, permissions=permissions)


@external
def accrue_funding(market: uint256):
    """
    @notice Stores a market's funding index at this block and lets its rate fade. Anyone; never
            needs a price.
    """
    state: uint256 = ledger._state(market)
    funding: int256 = ledger._funding_now(state)
    rate: int256 = ledger._next_rate(state, words._interest(state), 0, 0)
    state = words._pack_state(state, funding, rate)
    ledger.market_state[market] = state
    log IClearinghouse.FundingAccrued(
        market=market, funding_index=funding, funding_rate=words._rate(state)
    )


# WIND-DOWN --------------------------------------------------------------------------------------

@external
def begin_wind_down():
    """
    @notice Begins the wind-down, for good. The owner at any time; anyone while the hole exceeds
            `hole_share` of the cash held.
    """
    registry._require_running()
    held: uint256 = vault._balance(SETTLEMENT_TOKEN) * SETTLEMENT_SCALE
    if msg.sender != ownable.owner:
        share: uint256 = final_settlement.hole_share
        assert (
            share != 0 and ledger.hole * PPM > held * share
        ), "clearinghouse: hole is too small to wind down"
    self._set_phase(registry.WINDING_DOWN)
    if final_settlement.living_markets == 0:
        final_settlement.proofs_end = block.timestamp + final_settlement.proof_window
        log IClearinghouse.ProofsBegan(until=final_settlement.proofs_end)
    log IClearinghouse.WindDownBegan(caller=msg.sender, hole=ledger.hole, held=held)


@external
def seize(account: uint256) -> uint256:
    """
    @notice First half of a proof: turns an account's positions into cash and, if that leaves it in
            deficit, puts its collateral into the pots, up to what covers the deficit at the
            settlement price (rounded up to token units). DefaultManager only, while proofs run.
    @return What the collateral does not cover, WAD cash.
    """
    registry._require_role(registry.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    assert words._cash(header) < 0, "clearinghouse: no deficit"
    owed: uint256 = convert(-words._cash(header), uint256)
    for index: uint256 in range(ledger.MAX_COLLATERALS):
        held: uint256 = ledger.collateral[account][index]
        if held == 0 or owed == 0:
            continue
        price: uint256 = 0
        is_final: bool = False
        price, is_final = staticcall IRiskEngine(
            registry._role(registry.RISK_ENGINE)
        ).settlement_price(ledger.COLLATERAL_ROW + index)
        scale: uint256 = registry.collaterals[index].scale
        units: uint256 = (owed * WAD + price - 1) // price
        taken: uint256 = min((units + scale - 1) // scale * scale, held)
        owed -= min(taken * price // WAD, owed)
        header = ledger._book_collateral(account, header, index, held - taken)
        final_settlement.collateral_pots[index] += taken
        final_settlement.pots_bitmap |= 1 << index
        log IClearinghouse.CollateralSeized(account=account, index=index, amount=taken, price=price)
    ledger.headers[account] = header
    return owed


@external
def conclude_proof(
    account: uint256, caller_account: uint256, deficit: uint256
) -> (uint256, uint256):
    """
    @notice Second half of a proof, after the funds have paid: what is left of the deficit becomes
            part of the hole and the account's cash 0; whoever proved it is rewarded by a claim.
            DefaultManager only, while proofs run.
    @param caller_account Who gets the reward, without a deficit of its own; 0 forgoes it.
    @param deficit What the collateral did not cover, of which the reward is a part, WAD cash.
    @return The loss that became part of the hole, and the reward, WAD cash.
    """
    registry._require_role(registry.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = ledger._header(account)
    cash: int256 = words._cash(header)
    loss: uint256 = convert(max(-cash, 0), uint256)
    if loss != 0:
        header = ledger._book_cash(account, header, 0)
    ledger.headers[account] = words._with_stage(header, trading.STAGE_NONE, 0)
    reward: uint256 = 0
    if caller_account != 0:
        reward = min(
            deficit * final_settlement.proof_reward // PPM, final_settlement.proof_reward_cap * WAD
        )
        caller_header: uint256 = ledger._header(caller_account)
        assert words._cash(caller_header) >= 0, "clearinghouse: account has a deficit"
        ledger.headers[caller_account] = ledger._book_cash(
            caller_account, caller_header, words._cash(caller_header) + convert(reward, int256)
        )
    ledger.hole += loss + reward
    log IClearinghouse.DeficitProven(
        account=account,
        caller_account=caller_account,
        loss=loss,
        reward=reward,
        hole=ledger.hole,
    )
    return loss, reward


@external
def begin_redemption() -> (uint256, uint256):
    """
    @notice Ends the proofs: fees repay the hole, and what is held over what is claimed becomes the
            factor for all. Anyone, once the proof window is over.
    @return Cash to be paid out, and claims on it, WAD.
    """
    assert (
        self._phase() == registry.WINDING_DOWN
        and final_settlement.proofs_end != 0
        and block.timestamp > final_settlement.proofs_end
    ), "clearinghouse: proofs are not over"
    fees: uint256 = ledger.protocol_fees
    for market: uint256 in range(1, MAX_MARKET + 1):
        totals: uint256 = ledger.market_totals[market]
        if totals >> words.FEES_SHIFT != 0:
            fees += words._fees(totals)
            ledger.market_totals[market] = totals & ~(words.FEES_MASK << words.FEES_SHIFT)
    to_hole: uint256 = min(fees, ledger.hole)
    ledger.hole -= to_hole
    ledger.protocol_fees = fees - to_hole
    # By the law of conservation this is the sum of all claims (INV-1).
    held: uint256 = vault._balance(SETTLEMENT_TOKEN) * SETTLEMENT_SCALE
    pot: uint256 = held - min(ledger.protocol_fees, held)
    final_settlement.pot = pot
    final_settlement.claims = pot + ledger.hole
    self._set_phase(registry.REDEMPTION)
    log IClearinghouse.RedemptionBegan(pot=pot, claims=pot + ledger.hole, fees=fees - to_hole)
    return pot, pot + ledger.hole


@external
def redeem(account: uint256, recipient: address) -> uint256:
    """
    @notice Pays an account out: its cash times the factor, the same share of the pots, and all of
            its own collateral. Anyone, to the owner; the owner or an operator with WITHDRAW to
            anybody. What an account owes for a past default goes to the insurance fund first.
    @return Settlement token units paid to the recipient.
    """
    assert self._phase() == registry.REDEMPTION, "clearinghouse: redemption has not begun"
    if recipient != words._owner_of(account):
        registry._require_authorised(account, registry.WITHDRAW)
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    cash: int256 = words._cash(header)
    assert cash >= 0, "clearinghouse: account has a deficit"
    claim: uint256 = convert(cash, uint256)
    bitmap: uint256 = words._collateral_bitmap(header)
    assert claim != 0 or bitmap != 0, "clearinghouse: nothing to redeem"
    tokens: uint256 = 0
    to_fund: uint256 = 0
    pots: uint256 = 0
    if claim != 0:
        tokens = claim * final_settlement.pot // final_settlement.claims // SETTLEMENT_SCALE
        pots = final_settlement.pots_bitmap
        if header & words.INDEBTED != 0:
            to_fund = self._repay_from(account, tokens)
            tokens -= to_fund
    collateral: uint256[ledger.MAX_COLLATERALS] = empty(uint256[ledger.MAX_COLLATERALS])
    if bitmap | pots != 0:
        for index: uint256 in range(ledger.MAX_COLLATERALS):
            if (bitmap | pots) & (1 << index) == 0:
                continue
            scale: uint256 = registry.collaterals[index].scale
            share: uint256 = 0
            if claim != 0:
                share = (claim * final_settlement.collateral_pots[index] // final_settlement.claims)
            held: uint256 = ledger.collateral[account][index]
            collateral[index] = (held + share) // scale
            if held != 0:
                header = ledger._book_collateral(account, header, index, 0)
    ledger.headers[account] = words._with_stage(words._with_cash(header, 0), trading.STAGE_NONE, 0)
    log IClearinghouse.Redeemed(
        account=account,
        recipient=recipient,
        claim=claim,
        tokens=tokens,
        to_fund=to_fund,
        collateral=collateral,
    )
    if to_fund != 0:
        vault._push(SETTLEMENT_TOKEN, registry._role(registry.INSURANCE_FUND), to_fund)
    if tokens != 0:
        vault._push(SETTLEMENT_TOKEN, recipient, tokens)
    for index: uint256 in range(ledger.MAX_COLLATERALS):
        if collateral[index] != 0:
            registry.collaterals[index].total -= min(
                collateral[index] * registry.collaterals[index].scale,
                registry.collaterals[index].total,
            )
            vault._push(registry.collaterals[index].token, recipient, collateral[index])
    return tokens


@external
@view
def collateral_cap(index: uint256) -> uint256:
    """
    @notice What deposits of a collateral may reach now, WAD: a raised cap grows over 30 days.
    """
    return registry._cap_now(index)


# PAUSES -----------------------------------------------------------------------------------------

@external
def pause(action: uint256, duration: uint256):
    """
    @notice Stops an action for a while, or for longer. Guardian only.
    @param action 0 trading (reductions go on), 1 withdrawals, 2 liquidations (cures go on).
    @param duration Seconds from now, a day at most; all pauses of an action that begin within 30
           days add up to 3 days at most. A pause of liquidations counts the cure window after it.
    """
    assert msg.sender == registry.guardian, "clearinghouse: caller is not the guardian"
    self._require_action(action)
    registry._require_running()
    assert duration != 0 and duration <= MAX_PAUSE, "clearinghouse: pause out of bounds"
    ends: uint256 = block.timestamp + duration
    begins: uint256 = max(self._paused_until(action), block.timestamp)
    assert ends > begins, "clearinghouse: already paused for longer"
    counted: uint256 = ends - begins
    if action == LIQUIDATIONS:
        counted += CURE_WINDOW
    budget: uint256 = registry.pause_budgets[action]
    start: uint256 = budget & BUDGET_MASK
    used: uint256 = budget >> BUDGET_BITS
    if block.timestamp >= start + PAUSE_WINDOW:
        start = block.timestamp
        used = 0
    used += counted
    assert used <= MAX_PAUSED, "clearinghouse: paused time is used up"
    registry.pause_budgets[action] = start | used << BUDGET_BITS
    self._set_paused_until(action, ends)
    log IClearinghouse.Paused(action=action, until=ends, used=used)


@external
def unpause(action: uint256):
    """
    @notice Ends a pause at once. Guardian or owner. The time stays counted.
    """
    assert (
        msg.sender == registry.guardian or msg.sender == ownable.owner
    ), "clearinghouse: caller is not the guardian"
    self._require_action(action)
    assert self._paused_until(action) > block.timestamp, "clearinghouse: not paused"
    self._set_paused_until(action, block.timestamp)
    log IClearinghouse.Paused(
        action=action,
        until=block.timestamp,
        used=registry.pause_budgets[action] >> BUDGET_BITS,
    )


@external
@view
def paused_until(action: uint256) -> uint256:
    """
    @notice End of the last pause of an action, unix seconds. Liquidations wait CURE_WINDOW more.
    """
    self._require_action(action)
    return self._paused_until(action)


# ROLES ------------------------------------------------------------------------------------------

@external
def set_role(role: uint256, holder: address):
    """
    @notice Plugs in a contract: 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund,
            4 default fund. The first holder takes over at once, every later one a day after he was
            proposed (`accept_role`). Owner only.
    """
    ownable._check_owner()
    assert role < registry.ROLES, "clearinghouse: unknown role"
    assert holder.is_contract, "clearinghouse: role holder is not a contract"
    if registry._role(role) == empty(address):
        self._set_holder(role, holder)
    else:
        ready_at: uint256 = block.timestamp + ROLE_DELAY
        registry.pending_roles[role] = (convert(holder, uint256) | ready_at << registry.FIRST_FIELD)
        log IClearinghouse.RoleProposed(role=role, holder=holder, ready_at=ready_at)


@external
def accept_role(role: uint256):
    """
    @notice Lets a proposed holder take over. Anyone, once its delay is over.
    """
    pending: uint256 = registry.pending_roles[role]
    assert pending != 0, "clearinghouse: no role proposed"
    assert (
        block.timestamp >= pending >> registry.FIRST_FIELD
    ), "clearinghouse: role delay is not over"
    registry.pending_roles[role] = 0
    self._set_holder(role, convert(pending & registry.HOLDER_MASK, address))


@external
def cancel_role(role: uint256):
    """
    @notice Withdraws a proposal. Owner only.
    """
    ownable._check_owner()
    assert registry.pending_roles[role] != 0, "clearinghouse: no role proposed"
    registry.pending_roles[role] = 0
    log IClearinghouse.RoleProposed(role=role, holder=empty(address), ready_at=0)


@external
def set_guardian(guardian: address):
    """
    @notice Proposes who may pause; he accepts himself. The zero address leaves nobody, at once.
            Owner only.
    """
    ownable._check_owner()
    registry.pending_guardian = guardian
    if guardian == empty(address):
        registry.guardian = guardian
    log IClearinghouse.GuardianProposed(guardian=guardian)


@external
def accept_guardian():
    """
    @notice Takes the guardian's office. The proposed guardian only.
    """
    assert (
        msg.sender == registry.pending_guardian
    ), "clearinghouse: caller is not the proposed guardian"
    registry.guardian = msg.sender
    registry.pending_guardian = empty(address)
    log IClearinghouse.GuardianSet(guardian=msg.sender)


@external
def set_contribution_threshold(threshold: uint256):
    """
    @notice Sets the IM above which an account that takes on risk needs a contribution of its
            owner's to the default fund. Owner only.
    @param threshold Whole units of cash, below 2**32; 0: none is needed.
    """
    ownable._check_owner()
    assert threshold <= registry.MASK_32, "clearinghouse: threshold out of bounds"
    word: uint256 = registry.role_words[registry.EXCHANGE]
    registry.role_words[registry.EXCHANGE] = (
        word & (2**registry.SECOND_FIELD - 1) | threshold << registry.SECOND_FIELD
    )
    log IClearinghouse.ContributionThresholdSet(threshold=threshold)


@external
def set_wind_down_terms(hole_share: uint256, window: uint256, reward: uint256, reward_cap: uint256):
    """
    @notice Terms of the wind-down. Owner only, while it has not begun.
    @param hole_share Hole as a part of the cash held above which anyone may begin, ppm: 1 % to all.
    @param window Seconds in which deficits are proven: 1 hour to 30 days.
    @param reward Part of a deficit for whoever proves it, ppm: at most 5 %.
    @param reward_cap Greatest reward, whole units of cash: at most 1,000.
    """
    ownable._check_owner()
    registry._require_running()
    assert (
        hole_share >= MIN_HOLE_SHARE
        and hole_share <= PPM
        and window >= MIN_PROOF_WINDOW
        and window <= MAX_PROOF_WINDOW
        and reward <= MAX_PROOF_REWARD
        and reward_cap <= MAX_PROOF_REWARD_CAP
    ), "clearinghouse: wind-down terms out of bounds"
    final_settlement.hole_share = hole_share
    final_settlement.proof_window = window
    final_settlement.proof_reward = reward
    final_settlement.proof_reward_cap = reward_cap
    log IClearinghouse.WindDownTermsSet(
        hole_share=hole_share, window=window, reward=reward, reward_cap=reward_cap
    )


# LISTINGS AND TERMS -----------------------------------------------------------------------------

@external
def list_collateral(token: address, cap: uint256) -> uint256:
    """
    @notice Lists a collateral token. Its haircuts and feeds are the risk engine's. Owner only.
    @param cap Greatest total of deposits, WAD; a tenth of it at first, all of it after CAP_RAMP.
    @return Its index.
    """
    ownable._check_owner()
    index: uint256 = registry.collateral_count
    assert index < ledger.MAX_COLLATERALS, "clearinghouse: eight collaterals at most"
    assert (
        token != SETTLEMENT_TOKEN and registry.collateral_place[token] == 0
    ), "clearinghouse: token already listed"
    registry.collaterals[index] = IClearinghouse.Collateral(
        token=token,
        scale=registry._scale_of(token),
        cap=cap,
        total=0,
        base=cap * FIRST_CAP // PPM,
        since=block.timestamp,
    )
    registry.collateral_place[token] = index + 1
    registry.collateral_count = index + 1
    log IClearinghouse.CollateralListed(index=index, token=token, cap=cap)
    return index


@external
def set_collateral_cap(index: uint256, cap: uint256):
    """
    @notice Changes a collateral's deposit cap (WAD), downwards at once, upwards over CAP_RAMP; what
            is inside stays. Owner only.
    """
    ownable._check_owner()
    assert index < registry.collateral_count, "ledger: unknown token"
    registry.collaterals[index].base = min(registry._cap_now(index), cap)
    registry.collaterals[index].since = block.timestamp
    registry.collaterals[index].cap = cap
    log IClearinghouse.CollateralCapSet(index=index, cap=cap)


@external
def list_market(market: uint256):
    """
    @notice Opens the books of a market. Its risk row and terms are set in the risk engine and the
            exchange. Owner only.
    @param market Id, 1 to 120.
    """
    ownable._check_owner()
    assert market != 0 and market <= MAX_MARKET, "clearinghouse: bad market id"
    assert ledger.market_state[market] == 0, "clearinghouse: market already listed"
    registry._require_running()
    ledger.market_state[market] = words._pack_state(0, 0, 0)
    final_settlement.living_markets += 1
    log IClearinghouse.MarketListed(market=market)


@external
def set_shortfall_terms(cap: uint256, threshold: uint256, grace: uint256, discount: uint256):
    """
    @notice Terms of negative cash. Owner only.
    @param cap Greatest total that voluntary actions may reach, WAD.
    @param threshold Amount above which an account's grace time starts, WAD.
    @param grace Seconds, 30 days at most.
    @param discount What whoever pays it gets on top in collateral, ppm, 10 % at most.
    """
    ownable._check_owner()
    assert (
        grace <= MAX_SHORTFALL_GRACE and discount <= MAX_SHORTFALL_DISCOUNT
    ), "clearinghouse: shortfall terms out of bounds"
    trading.negative_cash_cap = cap
    ledger.shortfall_threshold = threshold
    registry.shortfall_grace = grace
    registry.shortfall_discount = discount
    log IClearinghouse.ShortfallTermsSet(
        cap=cap, threshold=threshold, grace=grace, discount=discount
    )


@external
def set_default_fund_share(share: uint256):
    """
    @notice Sets the part of the fees that goes to the default fund. Owner only.
    @param share ppm, 80 % at most.
    """
    ownable._check_owner()
    assert (share <= MAX_DEFAULT_FUND_SHARE), "clearinghouse: default fund share out of bounds"
    registry.default_fund_share = share
    log IClearinghouse.DefaultFundShareSet(share=share)


# INTERNAL ---------------------------------------------------------------------------------------

@internal
@view
def _phase() -> uint256:
    """
    @dev The phase in the RISK_ENGINE word.
    """
    return registry.role_words[registry.RISK_ENGINE] >> registry.PHASE_SHIFT


@internal
def _set_phase(phase: uint256):
    """
    @dev Goes on to a phase; there is no way back.
    """
    word: uint256 = registry.role_words[registry.RISK_ENGINE]
    registry.role_words[registry.RISK_ENGINE] = (
        word & (2**registry.PHASE_SHIFT - 1) | phase << registry.PHASE_SHIFT
    )


@internal
@view
def _require_proofs():
    """
    @dev Every market is settled and the window is open.
    """
    assert (
        self._phase() == registry.WINDING_DOWN
        and final_settlement.proofs_end != 0
        and block.timestamp <= final_settlement.proofs_end
    ), "clearinghouse: no proofs now"


@internal
def _repay_from(account: uint256, tokens: uint256) -> uint256:
    """
    @dev What of a payout an account owes for past defaults; marks it as repaid.
    @return Token units that go to the insurance fund instead.
    """
    debts: uint256 = ledger.debts[account]
    owed: uint256 = 0
    for tier: uint256 in range(TIERS):
        owed += (debts >> (tier * DEBT_BITS)) & DEBT_MASK
    ledger.debts[account] = 0
    return min((owed * DEBT_UNIT + SETTLEMENT_SCALE - 1) // SETTLEMENT_SCALE, tokens)


@internal
@pure
def _require_action(action: uint256):
    """
    @dev One of the three.
    """
    assert action <= LIQUIDATIONS, "clearinghouse: unknown action"


@internal
@pure
def _place_of(action: uint256) -> (uint256, uint256):
    """
    @dev Role word and shift of an action's pause.
    """
    if action == TRADING:
        return registry.EXCHANGE, registry.FIRST_FIELD
    if action == WITHDRAWALS:
        return registry.RISK_ENGINE, registry.FIRST_FIELD
    return registry.RISK_ENGINE, registry.SECOND_FIELD


@internal
@view
def _paused_until(action: uint256) -> uint256:
    """
    @dev End of an action's last pause, unix seconds.
    """
    role: uint256 = 0
    offset: uint256 = 0
    role, offset = self._place_of(action)
    return (registry.role_words[role] >> offset) & registry.MASK_32


@internal
def _set_paused_until(action: uint256, until: uint256):
    """
    @dev Stores the end of an action's pause.
    """
    role: uint256 = 0
    offset: uint256 = 0
    role, offset = self._place_of(action)
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~(registry.MASK_32 << offset) | until << offset


@internal
def _set_holder(role: uint256, holder: address):
    """
    @dev Gives a role to a holder; the other fields of its word stay.
    """
    word: uint256 = registry.role_words[role]
    registry.role_words[role] = word & ~registry.HOLDER_MASK | convert(holder, uint256)
    log IClearinghouse.RoleSet(role=role, holder=holder)
