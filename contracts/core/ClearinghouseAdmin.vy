#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Accounts, roles, pauses, terms
@custom:contract-name ClearinghouseAdmin
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What is set up: accounts and their operators, contracts that are plugged in, listings,
        terms. The guardian stops trading, withdrawals or liquidations; never deposits, reductions
        or cures. A pause ends by itself, and paused time comes out of a bucket that refills slowly.
        While liquidations are paused nobody leaves, and the clock of a proposed role stands still:
        whoever guards cannot gain by it. This part has the Clearinghouse's storage layout (a test
        compares them) and works only through it, by delegatecall; called directly it finds an empty
        ledger, no owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseAccounts
from ..interfaces import IClearinghouseAdmin
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseRecords
from ..interfaces import ISettlesIn
from ..modules.layout import exit_words
from ..modules.layout import fresh_wins
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import end_terms
from ..modules import exits
from ..modules import final_settlement
from ..modules import funding_math
from ..modules import ledger
from ..modules import pauses
from ..modules import proposals
from ..modules import registry
from ..modules import sides
from ..modules import vault

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
initializes: pauses[registry := registry]
initializes: proposals[ownable := ownable, pauses := pauses, registry := registry]
initializes: end_terms[
    currency := currency,
    final_settlement := final_settlement,
    ledger := ledger,
    ownable := ownable,
    registry := registry
]
exports: (
    end_terms.call_debts,
    end_terms.set_shortfall_terms,
    end_terms.set_wind_down_terms,
    end_terms.release_reserve,
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
    registry.guardian,
    registry.pending_roles,
    registry.pause_budgets,
    proposals.role_delay,
    proposals.role_ready_at,
    proposals.set_role,
    proposals.accept_role,
    proposals.delay_role,
    proposals.cancel_role,
    proposals.pending_guardian,
    proposals.set_guardian,
    proposals.accept_guardian,
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
    ledger.negative_cash_share,
    ledger.debts_called_at,
    ledger.reserve,
    ledger.shortfall_clocks,
    final_settlement.living_markets,
    final_settlement.hole_share,
    final_settlement.hole_floor,
    final_settlement.wind_down_due,
    final_settlement.wind_down_began,
    final_settlement.proof_window,
    final_settlement.proof_reward,
    final_settlement.proof_reward_cap,
    final_settlement.conversion_reward,
    final_settlement.proofs_end,
    final_settlement.claims,
    final_settlement.paid_in_kind,
    final_settlement.kept_until,
    final_settlement.cash_paid,
    final_settlement.cash_given,
    final_settlement.collateral_pots,
    final_settlement.collateral_paid,
    final_settlement.collateral_given,
)

FIRST_CAP: constant(uint256) = 100_000  # of a new collateral, ppm of its cap

MAX_PAUSE: constant(uint256) = 86_400  # seconds
MIN_OUTFLOW_SHARE: constant(uint256) = 100_000  # of the cash held, ppm: 10 %


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
    @notice End of the last pause of an action. Liquidations and new risk wait CURE_WINDOW more
            after a pause of liquidations, whoever leaves FLIGHT after that. Anyone.
    @param action 0 trading, 1 withdrawals, 2 liquidations.
    @return Unix seconds; 0 if it was never paused.
    @custom:reverts clearinghouse: unknown action
    """
    self._require_action(action)
    return pauses._paused_until(registry.pause_budgets[action])


@external
@view
def exits_open() -> bool:
    """
    @notice Whether a fund may let somebody leave: not while liquidations are paused, nor for
            CURE_WINDOW and FLIGHT after, nor in a wind-down. Withdrawals wait as long. Anyone.
    @return True if they may leave.
    """
    return (
        registry._phase() == role_layout.RUNNING
        and pauses._exits_stopped_until() <= block.timestamp
    )


@external
@view
def stopped() -> uint256:
    """
    @notice For how long pauses of liquidations, each with CURE_WINDOW and FLIGHT, have stopped
            exits since deployment. It never falls, and grows only while they are stopped: a clock
            that waits on an exit is put back by what it has grown since the clock began. Anyone.
    @return Seconds.
    """
    return pauses._stopped()


@external
@view
def pot() -> uint256:
    """
    @notice What redemption shares in all so far, paid out or not. Anyone.
    @return WAD cash; before a redemption what would be shared now.
    """
    held: uint256 = vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    return held - min(ledger.reserve, held) + final_settlement.cash_paid


@external
@view
def locked_cash(account: uint256) -> uint256:
    """
    @notice What an account has won too lately to take it out. Anyone.
    @param account Account id.
    @return WAD cash; more than the account has when it has just left the default procedure; 0 in a
            stage, in which nothing leaves.
    """
    return convert(fresh_wins._locked(ledger.headers[account]), uint256)


@external
@view
def debit_for(account: uint256, amount: uint256) -> uint256:
    """
    @notice What a withdrawal of cash would cost an account by the hole that stands. Anyone.
    @param account Account id.
    @param amount Settlement token units.
    @return WAD cash: the `max_debit` that such a withdrawal needs.
    @custom:reverts ledger: unknown account | registry: not enough held
    """
    return exits._debit_for(
        account,
        amount * currency.SETTLEMENT_SCALE,
        fresh_wins._free(ledger._header(account)),
    )


@external
@view
def fresh_right(account: uint256) -> uint256:
    """
    @notice What an account could take out at par while a hole stands: what it has brought in since
            the hole opened, less what it took out and what new losses took. Anyone.
    @param account Account id.
    @return WAD cash, at most its cash counts.
    """
    return exits._right_now(account)


@external
@view
def fresh_money() -> uint256:
    """
    @notice What came in since the hole opened and leaves at par: it does not count in the factor.
            Anyone.
    @return WAD cash; of no meaning without a hole.
    """
    return exits.fresh_money & exit_words.FRESH_MASK


@external
@view
def outflow() -> (uint256, uint256, uint256, uint256):
    """
    @notice The limit on cash that leaves within an hour. Anyone.
    @return share ppm of the reference, 0: no limit.
    @return least Whole units of cash that may leave in any case.
    @return reference Cash held when the window began, WAD.
    @return began When the window began, unix seconds.
    """
    return exits._outflow_terms()


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
    @notice Stops an action for a while, or prolongs its pause. Guardian only. One of liquidations
            stops withdrawals, transfers, new risk and exits from the funds as well.
    @param action 0 trading (reductions go on), 1 withdrawals, 2 liquidations (cures go on).
    @param duration Seconds from now, a day at most. What it adds to an action's paused time goes
           into the action's bucket, which holds 3 days and loses a tenth of the time that passes. A
           pause of liquidations counts CURE_WINDOW and FLIGHT after it, unless they are counted.
    @custom:reverts clearinghouse: caller is not the guardian | clearinghouse: unknown action |
                    registry: winding down | clearinghouse: pause out of bounds | clearinghouse:
                    already paused for longer | clearinghouse: paused time is used up
    """
    self._require_guardian(msg.sender == registry.guardian)
    self._require_action(action)
    registry._require_running()
    assert duration != 0 and duration <= MAX_PAUSE, "clearinghouse: pause out of bounds"
    word: uint256 = registry.pause_budgets[action]
    ends: uint256 = block.timestamp + duration
    until: uint256 = pauses._paused_until(word)
    assert ends > until, "clearinghouse: already paused for longer"
    after: uint256 = pauses.AFTER if action == role_layout.LIQUIDATIONS else 0
    counted: uint256 = ends + after - max(until + after, block.timestamp)
    used: uint256 = pauses._used_up(word) + counted
    assert used <= pauses.MAX_PAUSED, "clearinghouse: paused time is used up"
    registry.pause_budgets[action] = (
        block.timestamp
        | used << role_layout.USED_SHIFT
        | ends << role_layout.UNTIL_SHIFT
        | ((word >> role_layout.STOPPED_SHIFT) + counted) << role_layout.STOPPED_SHIFT
    )
    pauses._publish()
    log IClearinghouseEvents.Paused(action=action, until=ends, used=used)


@external
def unpause(action: uint256):
    """
    @notice Ends a pause at once; the time stays counted in the bucket. Guardian or owner.
    @param action 0 trading, 1 withdrawals, 2 liquidations.
    @custom:reverts clearinghouse: caller is not the guardian | clearinghouse: unknown action |
                    clearinghouse: not paused
    """
    self._require_guardian(msg.sender == registry.guardian or msg.sender == ownable.owner)
    self._require_action(action)
    word: uint256 = registry.pause_budgets[action]
    until: uint256 = pauses._paused_until(word)
    assert until > block.timestamp, "clearinghouse: not paused"
    # The stop ends earlier by what is left of the pause.
    left: uint256 = until - block.timestamp
    registry.pause_budgets[action] = word - (
        left << role_layout.UNTIL_SHIFT | left << role_layout.STOPPED_SHIFT
    )
    pauses._publish()
    log IClearinghouseEvents.Paused(
        action=action, until=block.timestamp, used=pauses._used_up(word)
    )


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
def _require_guardian(allowed: bool):
    """
    @dev The caller is the guardian, or whoever else a function is for.
    """
    assert allowed, "clearinghouse: caller is not the guardian"
