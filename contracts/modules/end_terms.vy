#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Terms of negative cash and of the wind-down
@custom:contract-name end_terms
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice When debts end and when all ends: the owner's terms with their bounds, the call of all debts
        while they are above their cap, and the last of the reserve.
"""

from snekmate.auth import ownable
from ..interfaces import IClearinghouseEvents
from .layout import limits
from .layout import role_layout
from .layout import units
from . import currency
from . import final_settlement
from . import ledger
from . import registry
from . import vault

uses: ownable
uses: currency
uses: registry
uses: ledger
uses: final_settlement

# Bounds of the terms of negative cash.
MAX_SHORTFALL_DISCOUNT: constant(uint256) = 100_000  # of the cash paid, ppm: 10 %
MAX_SHORTFALL_GRACE: constant(uint256) = 30 * 86_400  # seconds
# Bounds of the wind-down's terms.
MIN_HOLE_SHARE: constant(uint256) = 10_000  # of cash held, negative cash and hole, ppm: 1 %
MAX_HOLE_FLOOR: constant(uint256) = 10_000_000  # whole units of cash
MIN_PROOF_WINDOW: constant(uint256) = 3_600  # seconds
MAX_PROOF_WINDOW: constant(uint256) = 30 * 86_400  # seconds
MAX_PROOF_REWARD: constant(uint256) = 50_000  # of a deficit, ppm: 5 %
MAX_PROOF_REWARD_CAP: constant(uint256) = 1_000  # whole units of cash
MAX_CONVERSION_REWARD: constant(uint256) = 10 * 10**18  # WAD cash


# DEBTS --------------------------------------------------------------------------------------------

@external
def call_debts() -> uint256:
    """
    @notice Calls all negative cash in: while its total is above its cap, anyone may cover any of it
            from the grace time after this call on, for a week. Anyone, while the total is above its
            cap and no call is under way.
    @return When cover begins, unix seconds.
    @custom:reverts registry: winding down | end terms: debts are below their cap |
                    end terms: debts are called in
    """
    registry._require_running()
    assert ledger.negative_cash > ledger._debt_cap(
        vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    ), "end terms: debts are below their cap"
    called: uint256 = ledger.debts_called_at
    assert (
        called == 0 or block.timestamp >= called + registry.shortfall_grace + limits.CALLED_TIME
    ), "end terms: debts are called in"
    ledger.debts_called_at = block.timestamp
    due: uint256 = block.timestamp + registry.shortfall_grace
    log IClearinghouseEvents.DebtsCalled(
        caller=msg.sender, negative_cash=ledger.negative_cash, due=due
    )
    return due


@external
def set_shortfall_terms(cap: uint256, share: uint256, grace: uint256, discount: uint256):
    """
    @notice Sets the terms of negative cash. Owner only.
    @param cap Greatest total of negative cash that voluntary actions may reach, WAD cash ...
    @param share ... and as a part of the cash held, ppm, at most all of it.
    @param grace Grace time in seconds, 30 days at most.
    @param discount Collateral beyond the cash paid that a caller of `cover_shortfall` gets, ppm of
           that cash, 10 % at most.
    @custom:reverts ownable: caller is not the owner | end terms: shortfall terms out of bounds
    """
    ownable._check_owner()
    assert (
        share <= units.PPM and grace <= MAX_SHORTFALL_GRACE and discount <= MAX_SHORTFALL_DISCOUNT
    ), "end terms: shortfall terms out of bounds"
    ledger.negative_cash_cap = cap
    ledger.negative_cash_share = share
    registry.shortfall_grace = grace
    registry.shortfall_discount = discount
    log IClearinghouseEvents.ShortfallTermsSet(cap=cap, share=share, grace=grace, discount=discount)


# WIND-DOWN ----------------------------------------------------------------------------------------

@external
def set_wind_down_terms(
    hole_share: uint256,
    hole_floor: uint256,
    window: uint256,
    reward: uint256,
    reward_cap: uint256,
    conversion_reward: uint256,
):
    """
    @notice Sets the terms of the wind-down. Owner only, while it has not begun.
    @param hole_share Hole as a part of cash held, negative cash and hole above which anyone may
           begin, ppm: 1 % to all ...
    @param hole_floor ... if it is also above this, whole units of cash: at most 10 million.
    @param window Seconds from the last settled market to redemption, in which deficits are proven:
           1 hour to 30 days.
    @param reward Part of a deficit that the caller who proves it gets, ppm: at most 5 %.
    @param reward_cap Greatest reward, whole units of cash: at most 1,000.
    @param conversion_reward Reward for an account's last position turned into cash, and the least
           one for a proof, WAD cash: at most 10.
    @custom:reverts ownable: caller is not the owner | registry: winding down | end terms:
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
        and hole_floor <= MAX_HOLE_FLOOR
        and conversion_reward <= MAX_CONVERSION_REWARD
    ), "end terms: wind-down terms out of bounds"
    final_settlement.hole_share = hole_share
    final_settlement.proof_window = window
    final_settlement.proof_reward = reward
    final_settlement.proof_reward_cap = reward_cap
    final_settlement.hole_floor = hole_floor
    final_settlement.conversion_reward = conversion_reward
    log IClearinghouseEvents.WindDownTermsSet(
        hole_share=hole_share,
        hole_floor=hole_floor,
        window=window,
        reward=reward,
        reward_cap=reward_cap,
        conversion_reward=conversion_reward,
    )


@external
def release_reserve(recipient: address) -> uint256:
    """
    @notice Pays the rest of the reserve out, the protocol's own capital, when nothing can need it
            any more: every debt has ended, and only pots of collateral pay for what is left of the
            hole. Owner only, in redemption, once nothing is kept back.
    @param recipient Address that gets it.
    @return Settlement token units.
    @custom:reverts ownable: caller is not the owner | end terms: reserve is still needed |
                    registry: amount is zero | vault: token transfer failed
    """
    ownable._check_owner()
    assert (
        registry._phase() == role_layout.REDEMPTION
        and block.timestamp >= final_settlement.kept_until
        and ledger.negative_cash == 0
        and ledger.hole <= final_settlement.paid_in_kind
    ), "end terms: reserve is still needed"
    tokens: uint256 = ledger.reserve // currency.SETTLEMENT_SCALE
    registry._require_some(tokens)
    ledger.reserve -= tokens * currency.SETTLEMENT_SCALE
    log IClearinghouseEvents.ReserveReleased(recipient=recipient, tokens=tokens)
    vault._push(currency.SETTLEMENT_TOKEN, recipient, tokens)
    return tokens
