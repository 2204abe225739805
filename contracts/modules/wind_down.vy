#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Wind-down
@custom:contract-name wind_down
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Begun by the owner, or by anyone a day after they announced it, when the hole exceeds a
        published part of all that is owed. Trades, deposits and withdrawals end; anyone settles
        every market, converts every position and proves accounts with a deficit for a reward
        (through the DefaultManager, whose funds pay first). Then all claims are exactly

            claims = pot + hole + negative cash

        whether a deficit is proven or not, and everybody is due the same share of the pot. Debts
        are paid, proven and handed over in any order and at any time: the pot grows, and whoever
        was paid before is due more (INV-12).
"""

from snekmate.auth import ownable
from ..interfaces import IClearinghouseEvents
from ..interfaces import IRiskEngine
from .layout import leg_layout
from .layout import limits
from .layout import role_layout
from .layout import stages
from .layout import tier_layout
from .layout import units
from .layout import words
from . import currency
from . import debts
from . import final_settlement
from . import ledger
from . import recoveries
from . import registry
from . import sides
from . import vault

uses: ownable
uses: currency
uses: recoveries
uses: registry
uses: ledger
uses: sides
uses: final_settlement

# From an announcement to the wind-down, and how long it stands then, seconds.
NOTICE: constant(uint256) = 86_400
NOTICE_WINDOW: constant(uint256) = 86_400

# Positions of past generations may have no shares left, and no total shows whether they are
# converted: a part of every pot is kept back for them for a while, where sides have been torn up.
KEPT: constant(uint256) = 20_000  # ppm: 2 %
KEPT_TIME: constant(uint256) = 30 * 86_400  # seconds
# Shares that rounding may leave on a side without positions, WAD base.
SIDE_DUST: constant(uint256) = 10**6


# WIND DOWN ----------------------------------------------------------------------------------------

@external
def begin_wind_down():
    """
    @notice Begins the wind-down, for good. The owner at any time; anyone by two calls, while the
            hole exceeds `hole_floor` and `hole_share` of cash held, negative cash and hole: the
            first announces it, the second, from a day later on and for a day, begins it.
    @custom:reverts registry: winding down | wind down: hole is too small to wind down | wind down:
                    not due yet
    """
    registry._require_running()
    held: uint256 = vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE
    hole: uint256 = ledger.hole
    if msg.sender != ownable.owner:
        share: uint256 = final_settlement.hole_share
        assert (
            share != 0
            and hole > final_settlement.hole_floor * units.WAD
            and hole * units.PPM > (held + ledger.negative_cash + hole) * share
        ), "wind down: hole is too small to wind down"
        due: uint256 = final_settlement.wind_down_due
        if block.timestamp > due + NOTICE_WINDOW:
            due = block.timestamp + NOTICE
            final_settlement.wind_down_due = due
            log IClearinghouseEvents.WindDownAnnounced(
                caller=msg.sender, due=due, hole=hole, held=held
            )
            return
        assert block.timestamp >= due, "wind down: not due yet"
    final_settlement.wind_down_began = block.timestamp
    self._set_phase(role_layout.WINDING_DOWN)
    if final_settlement.living_markets == 0:
        final_settlement._begin_proofs()
    log IClearinghouseEvents.WindDownBegan(caller=msg.sender, hole=hole, held=held)


@external
def seize(account: uint256, caller_account: uint256) -> (uint256, uint256):
    """
    @notice First half of a proof: turns an account's positions into cash and, if that leaves it in
            deficit, puts its collateral into the pots, up to what covers the deficit at the
            settlement price (rounded up to token units), and beyond that a reward into the caller's
            account; less of both in proportion when there is not enough. DefaultManager only, once
            every market is settled.
    @param account Account id.
    @param caller_account Account id that gets the reward; 0 forgoes it.
    @return What the collateral does not cover, WAD cash.
    @return The reward paid in collateral, WAD cash.
    @custom:reverts registry: wrong caller | wind down: no proofs now | ledger: unknown account |
                    ledger: no position to convert | words: number out of range | wind down: no
                    deficit | final settlement: price in doubt
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = self._convert(account)
    assert words._cash(header) < 0, "wind down: no deficit"
    owed: uint256 = convert(-words._cash(header), uint256)
    wanted: uint256 = owed
    if caller_account != 0:
        wanted += self._reward(owed)
    left: uint256 = wanted
    covered: uint256 = 0
    reward: uint256 = 0
    for index: uint256 in range(limits.MAX_COLLATERALS):
        held: uint256 = ledger.collateral[account][index]
        if held == 0 or left == 0:
            continue
        price: uint256 = self._price_of(index)
        scale: uint256 = registry.collaterals[index].scale
        taken: uint256 = min(
            ((left * units.WAD + price - 1) // price + scale - 1) // scale * scale, held
        )
        left -= min(taken * price // units.WAD, left)
        part: uint256 = taken * (wanted - owed) // wanted // scale * scale
        covered += (taken - part) * price // units.WAD
        reward += part * price // units.WAD
        header = ledger._book_collateral(account, header, index, held - taken)
        if part != 0:
            ledger.headers[caller_account] = ledger._book_collateral(
                caller_account,
                ledger._header(caller_account),
                index,
                ledger.collateral[caller_account][index] + part,
            )
        final_settlement.collateral_pots[index] += taken - part
        final_settlement.pots_bitmap |= 1 << index
        log IClearinghouseEvents.CollateralSeized(
            account=account,
            caller_account=caller_account,
            index=index,
            amount=taken - part,
            reward=part,
            price=price,
        )
    covered = min(covered, owed)
    if left == 0:
        covered = owed  # the roundings of both parts are a few wei
    # Pots pay this part of the debt in kind: it counts as hole, which no cash need fill.
    ledger.hole += covered
    final_settlement.paid_in_kind += covered
    header = ledger._book_cash(account, header, words._cash(header) + convert(covered, int256))
    ledger.headers[account] = header
    log IClearinghouseEvents.LossSettled(
        account=account,
        reserve=0,
        charged=0,
        to_hole=covered,
        hole=ledger.hole,
        cash=words._cash(header),
    )
    return owed - covered, reward


@external
def conclude_proof(
    account: uint256, caller_account: uint256, deficit: uint256, paid: uint256
) -> (uint256, uint256):
    """
    @notice Second half of a proof, after the funds have paid: the reserve pays what is left of the
            deficit, and what it cannot pay becomes part of the hole; the account's cash becomes 0.
            The caller gets what their reward in collateral lacks as a claim, for what the funds
            have paid. DefaultManager only, once every market is settled.
    @param account Account id.
    @param caller_account Account id that gets the reward, without a deficit of its own; 0 forgoes
           it.
    @param deficit What the collateral did not cover, WAD cash.
    @param paid Reward paid in collateral, WAD cash.
    @return The loss that nobody but the reserve and the hole bears, WAD cash.
    @return The reward as a claim, WAD cash.
    @custom:reverts registry: wrong caller | wind down: no proofs now | ledger: unknown account |
                    words: number out of range | wind down: account has a deficit
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    self._require_proofs()
    header: uint256 = ledger._header(account)
    loss: uint256 = convert(max(-words._cash(header), 0), uint256)
    if loss != 0:
        header = ledger._book_cash(account, header, 0)
    ledger.headers[account] = words._with_stage(header, stages.UNCALLED, 0)
    reward: uint256 = 0
    if caller_account != 0:
        caller_header: uint256 = ledger._header(caller_account)
        assert words._cash(caller_header) >= 0, "wind down: account has a deficit"
        reward = min(self._reward(deficit - min(loss, deficit)), deficit)
        reward -= min(reward, paid)
        ledger.headers[caller_account] = ledger._book_cash(
            caller_account, caller_header, words._cash(caller_header) + convert(reward, int256)
        )
        if registry._phase() == role_layout.REDEMPTION:
            final_settlement.claims += reward
    ledger.hole += loss + reward
    self._net_reserve()
    log IClearinghouseEvents.DeficitProven(
        account=account,
        caller_account=caller_account,
        loss=loss,
        reward=reward,
        hole=ledger.hole,
    )
    return loss, reward


@external
def settle_debt(account: uint256, amount: uint256) -> uint256:
    """
    @notice Pays an account's negative cash at par, so that its collateral can be redeemed. Anyone,
            from the beginning of the wind-down on.
    @param account Account id.
    @param amount Settlement token units to take from the caller, at most what is owed (rounded up).
    @return What is still owed, WAD cash.
    @custom:reverts registry: amount is zero | wind down: not begun | ledger: unknown account |
                    ledger: no position to convert | words: number out of range | wind down: owes
                    less | vault: token transfer failed
    """
    registry._require_some(amount)
    assert registry._phase() != role_layout.RUNNING, "wind down: not begun"
    header: uint256 = self._convert(account)
    owed: uint256 = convert(max(-words._cash(header), 0), uint256)
    assert (
        owed != 0 and amount * currency.SETTLEMENT_SCALE < owed + currency.SETTLEMENT_SCALE
    ), "wind down: owes less"
    arrived: uint256 = (
        vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, amount) * currency.SETTLEMENT_SCALE
    )
    paid: uint256 = min(arrived, owed)
    ledger.reserve += arrived - paid
    header = ledger._book_cash(account, header, words._cash(header) + convert(paid, int256))
    ledger.headers[account] = header
    log IClearinghouseEvents.DebtSettled(
        account=account, payer=msg.sender, paid=paid, cash=words._cash(header)
    )
    return owed - paid


@external
def begin_redemption() -> (uint256, uint256):
    """
    @notice Fixes the claims: fees and the reserve repay the hole, and what is held, less what is
            left of the reserve, is the pot. Anyone, once the proof window is over and every
            position with shares is converted.
    @return Cash to be paid out so far, WAD cash.
    @return Claims on it, WAD cash.
    @custom:reverts wind down: proofs are not over | wind down: positions are left to convert
    """
    assert (
        registry._phase() == role_layout.WINDING_DOWN
        and final_settlement.proofs_end != 0
        and block.timestamp > final_settlement.proofs_end
    ), "wind down: proofs are not over"
    states: uint256 = 0
    for market: uint256 in range(1, limits.MAX_MARKET + 1):
        state: uint256 = sides.market_state[market]
        if state == 0:
            continue
        states |= state
        totals: uint256 = sides.market_totals[market]
        assert (
            totals & words.SIDE_TOTAL_MASK <= SIDE_DUST
            and (totals >> words.SHORT_TOTAL_SHIFT) & words.SIDE_TOTAL_MASK <= SIDE_DUST
        ), "wind down: positions are left to convert"
        ledger.reserve += words._fees(totals)
        sides.market_totals[market] = 0
    if states & words.INDEXED_SIDES != 0:
        final_settlement.kept_until = block.timestamp + KEPT_TIME
    self._net_reserve()
    pot: uint256 = self._left_of_pot(vault._balance(currency.SETTLEMENT_TOKEN))
    # By the law of conservation this is the sum of all claims (INV-1).
    claims: uint256 = pot + ledger.hole + ledger.negative_cash
    final_settlement.claims = claims
    self._set_phase(role_layout.REDEMPTION)
    log IClearinghouseEvents.RedemptionBegan(pot=pot, claims=claims, fees=ledger.reserve)
    return pot, claims


@external
def redeem(account: uint256, recipient: address) -> uint256:
    """
    @notice Pays an account what is due to it now: its share of the pot and of the pots of
            collateral, less what it got before, and all of its own collateral. Anyone, to the
            owner; the owner or an operator with WITHDRAW, to any recipient. What an account owes
            for a past default is repaid first: the hole, then the funds. What a token does not let
            go stays due. Can be repeated: what comes in late raises the shares.
    @param account Account id.
    @param recipient Address that gets the tokens.
    @return Settlement token units paid to the recipient.
    @custom:reverts wind down: redemption has not begun | registry: not the account's owner |
                    ledger: unknown account | ledger: no position to convert | words: number out of
                    range | wind down: account has a deficit | wind down: nothing to redeem |
                    recoveries: not enough gas for a fund | vault: token transfer failed | vault:
                    not enough gas
    """
    assert registry._phase() == role_layout.REDEMPTION, "wind down: redemption has not begun"
    if recipient != words._owner_of(account):
        registry._require_authorised(account, role_layout.WITHDRAW)
    header: uint256 = self._convert(account)
    assert words._cash(header) >= 0, "wind down: account has a deficit"
    claim: uint256 = convert(words._cash(header), uint256)
    tokens: uint256 = self._cash_due(account, claim)
    bitmap: uint256 = words._collateral_bitmap(header)
    pots: uint256 = final_settlement.pots_bitmap if claim != 0 else 0
    collateral: uint256[limits.MAX_COLLATERALS] = empty(uint256[limits.MAX_COLLATERALS])
    is_due: bool = tokens != 0 or bitmap != 0
    for index: uint256 in range(limits.MAX_COLLATERALS):
        if (bitmap | pots) & (1 << index) == 0:
            continue
        collateral[index] = self._take_from_pot(account, index, claim)
        is_due = is_due or collateral[index] != 0
        held: uint256 = ledger.collateral[account][index]
        if held != 0:
            collateral[index] += held // registry.collaterals[index].scale
            header = ledger._book_collateral(account, header, index, 0)
    assert is_due, "wind down: nothing to redeem"
    ledger.headers[account] = words._with_stage(header, stages.UNCALLED, 0)
    repaid: uint256 = 0
    if tokens != 0:
        if header & words.INDEBTED != 0:
            repaid = self._repay_from(account, tokens)
        paid: uint256 = vault._try_push(currency.SETTLEMENT_TOKEN, recipient, tokens - repaid)
        self._book_paid(account, paid)
        tokens = paid
    for index: uint256 in range(limits.MAX_COLLATERALS):
        if collateral[index] != 0:
            collateral[index] = self._hand_over(account, index, recipient, collateral[index])
    log IClearinghouseEvents.Redeemed(
        account=account,
        recipient=recipient,
        claim=claim,
        tokens=tokens,
        repaid=repaid,
        collateral=collateral,
    )
    return tokens


# INTERNAL: DEBTS ----------------------------------------------------------------------------------

@internal
def _convert(account: uint256) -> uint256:
    """
    @dev Turns an account's positions in settled markets into cash.
    @return The header; the caller stores it.
    """
    owed: uint256 = ledger.negative_cash
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    if registry._phase() == role_layout.REDEMPTION:
        # Negative cash that comes to light now, or goes, was not in the claims.
        final_settlement.claims = final_settlement.claims + ledger.negative_cash - owed
    return header


@internal
@view
def _reward(amount: uint256) -> uint256:
    """
    @dev What a proof is worth to its caller, WAD cash.
    @param amount WAD cash that it settles or brings in.
    """
    return min(
        max(
            amount * final_settlement.proof_reward // units.PPM, final_settlement.conversion_reward
        ),
        final_settlement.proof_reward_cap * units.WAD,
    )


@internal
@view
def _price_of(index: uint256) -> uint256:
    """
    @dev Settlement price of a collateral, WAD cash per token: never one that is in doubt, until the
         wind-down has waited long enough.
    """
    price: uint256 = 0
    kind: uint256 = 0
    price, kind = staticcall IRiskEngine(registry._role(role_layout.RISK_ENGINE)).settlement_price(
        leg_layout.COLLATERAL_ROW + index
    )
    final_settlement._require_settles(kind)
    return price


@internal
def _net_reserve():
    """
    @dev The reserve repays the hole, but for what pots of collateral pay.
    """
    paid: uint256 = min(ledger.reserve, self._open_hole())
    if paid != 0:
        ledger.reserve -= paid
        ledger.hole -= paid


@internal
@view
def _open_hole() -> uint256:
    """
    @dev The hole that only cash can fill, WAD cash.
    """
    return ledger.hole - min(final_settlement.paid_in_kind, ledger.hole)


@internal
def _repay_from(account: uint256, tokens: uint256) -> uint256:
    """
    @dev Pays what an account owes for past defaults out of its payout. What the hole and the
         reserve are owed, and what a fund cannot take, repays the hole and is reserve then.
    @param tokens Payout, settlement token units.
    @return Token units that were used.
    """
    record: uint256 = 0
    given: uint256[tier_layout.DEBT_FIELDS] = empty(uint256[tier_layout.DEBT_FIELDS])
    left: uint256 = 0
    record, given, left = debts._repay(ledger.debts[account], tokens, currency.SETTLEMENT_SCALE)
    ledger.debts[account] = record
    if record == 0:
        ledger.headers[account] &= ~words.INDEBTED
    used: uint256 = tokens - left
    insurance: uint256 = 0
    contributions: uint256 = 0
    assessments: uint256 = 0
    insurance, contributions, assessments = recoveries._restore(account, given)
    rest: uint256 = (used - insurance - contributions - assessments) * currency.SETTLEMENT_SCALE
    to_hole: uint256 = min(rest, self._open_hole())
    self._book_paid(account, used)
    ledger.hole -= to_hole
    ledger.reserve += rest - to_hole
    log IClearinghouseEvents.DebtRepaid(
        account=account,
        payer=words._owner_of(account),
        to_hole=to_hole,
        to_assessments=assessments,
        to_contributions=contributions,
        to_insurance=insurance,
        to_reserve=rest - to_hole,
        debts=record,
        hole=ledger.hole,
        cash=words._cash(ledger.headers[account]),
    )
    return used


# INTERNAL: PAYOUTS --------------------------------------------------------------------------------

@internal
@view
def _share(claim: uint256, pot: uint256) -> uint256:
    """
    @dev A claim's part of a pot, rounded down, less what is kept back of it.
    @param claim WAD cash.
    @param pot WAD.
    """
    shared: uint256 = pot
    if block.timestamp < final_settlement.kept_until:
        shared -= pot * KEPT // units.PPM
    return claim * shared // max(final_settlement.claims, 1)


@internal
@view
def _left_of_pot(tokens: uint256) -> uint256:
    """
    @dev Cash that can still be paid out, WAD.
    @param tokens What is held, settlement token units.
    """
    held: uint256 = tokens * currency.SETTLEMENT_SCALE
    return held - min(ledger.reserve, held)


@internal
@view
def _cash_due(account: uint256, claim: uint256) -> uint256:
    """
    @dev What an account can be paid now, settlement token units. Roundings of tear-ups may make all
         claims together a few wei more than is held: the last payout is less by them.
    @param claim WAD cash.
    """
    if claim == 0:
        return 0
    left: uint256 = self._left_of_pot(vault._told_balance(currency.SETTLEMENT_TOKEN))
    due: uint256 = min(self._share(claim, left + final_settlement.cash_paid), claim)
    due -= min(final_settlement.cash_given[account], due)
    return min(due, left) // currency.SETTLEMENT_SCALE


@internal
def _book_paid(account: uint256, tokens: uint256):
    """
    @dev Notes what an account was paid of its claim.
    @param tokens Settlement token units.
    """
    paid: uint256 = tokens * currency.SETTLEMENT_SCALE
    final_settlement.cash_given[account] += paid
    final_settlement.cash_paid += paid


@internal
def _take_from_pot(account: uint256, index: uint256, claim: uint256) -> uint256:
    """
    @dev Takes what is due to a claim of a pot of collateral, at most what is left of it.
    @param claim WAD cash.
    @return Token units.
    """
    pot: uint256 = final_settlement.collateral_pots[index]
    paid: uint256 = final_settlement.collateral_paid[index]
    given: uint256 = final_settlement.collateral_given[account][index]
    scale: uint256 = registry.collaterals[index].scale
    due: uint256 = self._share(claim, pot)
    due = min(due - min(given, due), pot - paid) // scale * scale
    if due != 0:
        final_settlement.collateral_paid[index] = paid + due
        final_settlement.collateral_given[account][index] = given + due
    return due // scale


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
    @dev It is winding down, and every market is settled.
    """
    assert final_settlement.proofs_end != 0, "wind down: no proofs now"
