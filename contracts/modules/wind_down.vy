#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Wind-down
@custom:contract-name wind_down
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Begun by the owner, or by anyone when the hole exceeds a published part of the cash held.
        Trades, deposits and withdrawals end; anyone settles every market; then for a published time
        anyone proves accounts with a deficit for a reward (through the DefaultManager, whose funds
        pay first). Then cash held over claims is one factor for all: the order of payouts does not
        matter, and an idle account stalls none of them (INV-12).
"""

from snekmate.auth import ownable
from ..interfaces import IClearinghouseEvents
from ..interfaces import IRiskEngine
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import stages
from .layout import units
from .layout import words
from . import currency
from . import debts
from . import exits
from . import final_settlement
from . import ledger
from . import registry
from . import sides
from . import vault

uses: ownable
uses: currency
uses: exits
uses: registry
uses: ledger
uses: sides
uses: final_settlement


# WIND DOWN ----------------------------------------------------------------------------------------

@external
def begin_wind_down():
    """
    @notice Begins the wind-down, for good. The owner at any time; anyone while the hole exceeds
            `hole_share` of the cash held.
    @custom:reverts registry: winding down | wind down: hole is too small to wind down
    """
    registry._require_running()
    held: uint256 = vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    if msg.sender != ownable.owner:
        share: uint256 = final_settlement.hole_share
        assert (
            share != 0 and ledger.hole * units.PPM > held * share
        ), "wind down: hole is too small to wind down"
    self._set_phase(role_layout.WINDING_DOWN)
    if final_settlement.living_markets == 0:
        final_settlement._begin_proofs()
    log IClearinghouseEvents.WindDownBegan(caller=msg.sender, hole=ledger.hole, held=held)


@external
def seize(account: uint256) -> uint256:
    """
    @notice First half of a proof: turns an account's positions into cash and, if that leaves it in
            deficit, puts its collateral into the pots, up to what covers the deficit at the
            settlement price (rounded up to token units). DefaultManager only, while proofs run.
    @param account Account id.
    @return What the collateral does not cover, WAD cash.
    @custom:reverts registry: wrong caller | wind down: no proofs now | ledger: unknown account |
                    ledger: no position to convert | words: number out of range | wind down: no
                    deficit
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    assert words._cash(header) < 0, "wind down: no deficit"
    owed: uint256 = convert(-words._cash(header), uint256)
    for index: uint256 in range(limits.MAX_COLLATERALS):
        held: uint256 = ledger.collateral[account][index]
        if held == 0 or owed == 0:
            continue
        price: uint256 = 0
        is_final: bool = False
        price, is_final = staticcall IRiskEngine(
            registry._role(role_layout.RISK_ENGINE)
        ).settlement_price(leg_layout.COLLATERAL_ROW + index)
        scale: uint256 = registry.collaterals[index].scale
        wanted: uint256 = (owed * units.WAD + price - 1) // price
        taken: uint256 = min((wanted + scale - 1) // scale * scale, held)
        owed -= min(taken * price // units.WAD, owed)
        header = ledger._book_collateral(account, header, index, held - taken)
        final_settlement.collateral_pots[index] += taken
        final_settlement.pots_bitmap |= 1 << index
        log IClearinghouseEvents.CollateralSeized(
            account=account, index=index, amount=taken, price=price
        )
    ledger.headers[account] = header
    return owed


@external
def conclude_proof(
    account: uint256, caller_account: uint256, deficit: uint256
) -> (uint256, uint256):
    """
    @notice Second half of a proof, after the funds have paid: what is left of the deficit becomes
            part of the hole and the account's cash 0; the caller who proved it is rewarded by a
            claim. DefaultManager only, while proofs run.
    @param account Account id.
    @param caller_account Account id that gets the reward, without a deficit of its own; 0 forgoes
           it.
    @param deficit What the collateral did not cover, of which the reward is a part, WAD cash.
    @return The loss that became part of the hole, WAD cash.
    @return The reward, WAD cash.
    @custom:reverts registry: wrong caller | wind down: no proofs now | ledger: unknown account |
                    words: number out of range | wind down: account has a deficit
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = ledger._header(account)
    cash: int256 = words._cash(header)
    loss: uint256 = convert(max(-cash, 0), uint256)
    if loss != 0:
        header = ledger._book_cash(account, header, 0)
    ledger.headers[account] = words._with_stage(header, stages.UNCALLED, 0)
    reward: uint256 = 0
    if caller_account != 0:
        reward = min(
            deficit * final_settlement.proof_reward // units.PPM,
            final_settlement.proof_reward_cap * units.WAD,
        )
        caller_header: uint256 = ledger._header(caller_account)
        assert words._cash(caller_header) >= 0, "wind down: account has a deficit"
        ledger.headers[caller_account] = ledger._book_cash(
            caller_account, caller_header, words._cash(caller_header) + convert(reward, int256)
        )
    exits._deepen_hole(loss + reward)
    log IClearinghouseEvents.DeficitProven(
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
    @return Cash to be paid out, WAD cash.
    @return Claims on it, WAD cash.
    @custom:reverts wind down: proofs are not over
    """
    assert (
        registry._phase() == role_layout.WINDING_DOWN
        and final_settlement.proofs_end != 0
        and block.timestamp > final_settlement.proofs_end
    ), "wind down: proofs are not over"
    fees: uint256 = ledger.reserve
    for market: uint256 in range(1, limits.MAX_MARKET + 1):
        totals: uint256 = sides.market_totals[market]
        if totals >> words.FEES_SHIFT != 0:
            fees += words._fees(totals)
            sides.market_totals[market] = totals & ~(words.FEES_MASK << words.FEES_SHIFT)
    to_hole: uint256 = min(fees, ledger.hole)
    ledger.hole -= to_hole
    ledger.reserve = fees - to_hole
    # By the law of conservation this is the sum of all claims (INV-1).
    held: uint256 = vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    pot: uint256 = held - min(ledger.reserve, held)
    final_settlement.pot = pot
    final_settlement.claims = pot + ledger.hole
    self._set_phase(role_layout.REDEMPTION)
    log IClearinghouseEvents.RedemptionBegan(pot=pot, claims=pot + ledger.hole, fees=fees - to_hole)
    return pot, pot + ledger.hole


@external
def redeem(account: uint256, recipient: address) -> uint256:
    """
    @notice Pays an account out: its cash times the factor, the same share of the pots, and all of
            its own collateral. Anyone, to the owner; the owner or an operator with WITHDRAW, to any
            recipient. What an account owes for a past default goes to the insurance fund first.
            Collateral whose token refuses to leave stays in the account for later.
    @param account Account id.
    @param recipient Address that gets the tokens.
    @return Settlement token units paid to the recipient.
    @custom:reverts wind down: redemption has not begun | registry: not the account's owner |
                    ledger: unknown account | ledger: no position to convert | words: number out of
                    range | wind down: account has a deficit | wind down: nothing to redeem | vault:
                    token transfer failed
    """
    assert registry._phase() == role_layout.REDEMPTION, "wind down: redemption has not begun"
    if recipient != words._owner_of(account):
        registry._require_authorised(account, role_layout.WITHDRAW)
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    cash: int256 = words._cash(header)
    assert cash >= 0, "wind down: account has a deficit"
    claim: uint256 = convert(cash, uint256)
    bitmap: uint256 = words._collateral_bitmap(header)
    assert claim != 0 or bitmap != 0, "wind down: nothing to redeem"
    tokens: uint256 = 0
    to_fund: uint256 = 0
    pots: uint256 = 0
    if claim != 0:
        tokens = (
            min(
                claim * final_settlement.pot // final_settlement.claims, self._left_of_pot()
            ) // currency.SETTLEMENT_SCALE
        )
        pots = final_settlement.pots_bitmap
        if header & words.INDEBTED != 0:
            to_fund = self._repay_from(account, tokens)
            tokens -= to_fund
            header &= ~words.INDEBTED
    collateral: uint256[limits.MAX_COLLATERALS] = empty(uint256[limits.MAX_COLLATERALS])
    if bitmap | pots != 0:
        for index: uint256 in range(limits.MAX_COLLATERALS):
            if (bitmap | pots) & (1 << index) == 0:
                continue
            scale: uint256 = registry.collaterals[index].scale
            share: uint256 = 0
            if claim != 0:
                share = self._take_from_pot(index, claim)
            held: uint256 = ledger.collateral[account][index]
            collateral[index] = (held + share) // scale
            if held != 0:
                header = ledger._book_collateral(account, header, index, 0)
    ledger.headers[account] = words._with_stage(words._with_cash(header, 0), stages.UNCALLED, 0)
    if to_fund != 0:
        vault._push(currency.SETTLEMENT_TOKEN, registry._role(role_layout.INSURANCE_FUND), to_fund)
    if tokens != 0:
        vault._push(currency.SETTLEMENT_TOKEN, recipient, tokens)
    for index: uint256 in range(limits.MAX_COLLATERALS):
        if collateral[index] != 0:
            collateral[index] = self._hand_over(account, index, recipient, collateral[index])
    log IClearinghouseEvents.Redeemed(
        account=account,
        recipient=recipient,
        claim=claim,
        tokens=tokens,
        to_fund=to_fund,
        collateral=collateral,
    )
    return tokens


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _left_of_pot() -> uint256:
    """
    @dev Cash that can still be paid out, WAD. Roundings of tear-ups may make all claims together a
         few wei more than is held; the last payout is less by them.
    """
    held: uint256 = vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    return held - min(ledger.reserve, held)


@internal
def _take_from_pot(index: uint256, claim: uint256) -> uint256:
    """
    @dev Takes a claim's share of a pot of collateral, at most what is left of it.
    @param claim WAD cash.
    @return WAD of the collateral.
    """
    pot: uint256 = final_settlement.collateral_pots[index]
    paid: uint256 = final_settlement.collateral_paid[index]
    share: uint256 = min(claim * pot // final_settlement.claims, pot - paid)
    if share != 0:
        final_settlement.collateral_paid[index] = paid + share
    return share


@internal
def _hand_over(account: uint256, index: uint256, recipient: address, tokens: uint256) -> uint256:
    """
    @dev Pays collateral out, and books back what its token does not let go: one bad token keeps no
         owner from their cash and from the other tokens (INV-12).
    @param tokens Token units.
    @return Token units that have left.
    """
    scale: uint256 = registry.collaterals[index].scale
    paid: uint256 = vault._try_push(registry.collaterals[index].token, recipient, tokens)
    if paid != tokens:
        amount: uint256 = (tokens - paid) * scale
        ledger.headers[account] = ledger._book_collateral(
            account, ledger.headers[account], index, amount
        )
        log IClearinghouseEvents.CollateralKept(account=account, index=index, amount=amount)
    total: uint256 = registry.collaterals[index].total
    registry.collaterals[index].total = total - min(paid * scale, total)
    return paid


@internal
def _set_phase(phase: uint256):
    """
    @dev Goes on to a phase of role_layout; there is no way back.
    """
    word: uint256 = registry.role_words[role_layout.RISK_ENGINE]
    registry.role_words[role_layout.RISK_ENGINE] = (
        word & (2**role_layout.PHASE_SHIFT - 1) | phase << role_layout.PHASE_SHIFT
    )


@internal
@view
def _require_proofs():
    """
    @dev Every market is settled and the window is open.
    """
    assert (
        registry._phase() == role_layout.WINDING_DOWN
        and final_settlement.proofs_end != 0
        and block.timestamp <= final_settlement.proofs_end
    ), "wind down: no proofs now"


@internal
def _repay_from(account: uint256, tokens: uint256) -> uint256:
    """
    @dev Takes what an account owes for past defaults out of its payout, and marks it as repaid.
    @param tokens Payout, settlement token units.
    @return Token units that go to the insurance fund instead.
    """
    owed: uint256 = debts._total(ledger.debts[account])
    ledger.debts[account] = 0
    return min((owed + currency.SETTLEMENT_SCALE - 1) // currency.SETTLEMENT_SCALE, tokens)
