#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Withdrawals, transfers, shortfalls
@custom:contract-name ClearinghouseWithdrawals
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What leaves accounts by their owners' will: what was won too lately stays, while a hole
        stands cash leaves at a factor, and not too much leaves within an hour (modules/exits.vy,
        layout: fresh_wins). This part has the Clearinghouse's storage layout (a test compares them)
        and works only through it, by delegatecall; called directly it finds an empty ledger, no
        owner and no roles, and reverts.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseShortfalls
from ..interfaces import IClearinghouseWithdrawals
from ..interfaces import IRiskEngine
from ..interfaces import ISettlesIn
from ..modules.layout import fresh_wins
from ..modules.layout import leg_layout
from ..modules.layout import levels
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import units
from ..modules.layout import words
from ..modules import currency
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import margin_moves
from ..modules import registry
from ..modules import sides
from ..modules import trading
from ..modules import vault

implements: IClearinghouseShortfalls
implements: IClearinghouseWithdrawals
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
initializes: trading[currency := currency, ledger := ledger, sides := sides, registry := registry]
initializes: margin_moves[ledger := ledger, registry := registry, trading := trading]
exports: (currency.SETTLEMENT_TOKEN,)


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


# WITHDRAWALS AND TRANSFERS ------------------------------------------------------------------------

@external
def withdraw(
    account: uint256, token: address, amount: uint256, recipient: address, max_debit: uint256 = 0
):
    """
    @notice Pays tokens of an account out. The owner or an operator with WITHDRAW. What was won too
            lately counts for nothing. With positions or negative cash left, equity must afterwards
            cover IM without any unrealised profit, at VALID prices (INV-8). While a hole stands
            cash leaves at a factor: the account is debited more than it gets.
    @param account Account id.
    @param token Address of the settlement token or of a listed collateral.
    @param amount Token units.
    @param recipient Address that gets the tokens.
    @param max_debit Most that the account may be debited for them, WAD cash; the amount and a
           token unit more always may. Of collateral it means nothing.
    @custom:reverts registry: not the account's owner | registry: winding down | registry:
                    withdrawals are paused | registry: amount is zero | ledger: unknown account |
                    ledger: account under a call | trading: account is indebted | registry: not
                    enough held | margin moves: won too lately | exits: outflow limit | exits: a
                    hole stands, allow a larger debit | words: number out of range | registry:
                    unknown token | trading: negative cash cap | vault: token transfer failed
    """
    header: uint256 = margin_moves._begin_withdrawal(account, amount)
    debited: uint256 = 0
    before: uint256 = 0
    if token == currency.SETTLEMENT_TOKEN:
        before = vault._balance(token)
        debited = amount * currency.SETTLEMENT_SCALE
        free: uint256 = margin_moves._require_free(header, debited)
        if exits._require_outflow(before * currency.SETTLEMENT_SCALE, debited):
            debited = exits._leave(account, debited, free, max_debit)
        header = words._with_cash(header, words._cash(header) - convert(debited, int256))
    else:
        header, debited = margin_moves._debit_collateral(account, header, token, amount)
        registry.collaterals[registry._index_of(token)].total -= debited
        before = vault._balance(token)
    ledger.headers[account] = header
    margin_moves._require_margin_left(account, header)
    log IClearinghouseEvents.Withdrawn(
        account=account,
        token=token,
        recipient=recipient,
        amount=amount,
        debited=debited,
        cash=words._cash(header),
    )
    vault._push_from(token, recipient, amount, before)


@external
def transfer(from_account: uint256, to_account: uint256, token: address, amount: uint256):
    """
    @notice Moves margin between accounts. The owner of `from_account` or an operator with WITHDRAW.
            The giving account must meet the same rule as for a withdrawal. Collateral, and what was
            won too lately, goes only to another account of the same owner; such wins count there.
    @param from_account Account id that gives.
    @param to_account Account id that gets.
    @param token Address of the settlement token or of a listed collateral.
    @param amount Token units.
    @custom:reverts registry: not the account's owner | registry: winding down | registry:
                    withdrawals are paused | registry: amount is zero | ledger: unknown account |
                    ledger: account under a call | trading: account is indebted | clearinghouse:
                    same account | registry: not enough held | margin moves: won too lately | words:
                    number out of range | clearinghouse: another owner | registry: unknown token |
                    registry: price not valid | trading: negative cash cap
    """
    from_header: uint256 = margin_moves._begin_withdrawal(from_account, amount)
    to_header: uint256 = ledger._header(to_account)
    assert from_account != to_account, "clearinghouse: same account"
    is_own: bool = words._owner_of(from_account) == words._owner_of(to_account)
    moved: uint256 = 0
    if token == currency.SETTLEMENT_TOKEN:
        moved = amount * currency.SETTLEMENT_SCALE
        free: uint256 = fresh_wins._free(from_header)
        if not is_own or moved <= free:
            margin_moves._require_free(from_header, moved)
        else:
            registry._require_held(convert(moved, int256) <= words._cash(from_header))
            from_header, to_header = fresh_wins._carried(from_header, to_header, moved - free)
        from_header = words._with_cash(
            from_header, words._cash(from_header) - convert(moved, int256)
        )
        to_header = margin_moves._credit_cash(to_account, to_header, moved)
    else:
        assert is_own, "clearinghouse: another owner"
        from_header, moved = margin_moves._debit_collateral(
            from_account, from_header, token, amount
        )
        to_header = margin_moves._credit_collateral(
            to_account, to_header, registry._index_of(token), moved
        )
    ledger.headers[from_account] = from_header
    ledger.headers[to_account] = to_header
    margin_moves._require_margin_left(from_account, from_header)
    log IClearinghouseEvents.Transferred(
        from_account=from_account,
        to_account=to_account,
        token=token,
        amount=moved,
        from_cash=words._cash(from_header),
        to_cash=words._cash(to_header),
    )


# SHORTFALLS ---------------------------------------------------------------------------------------

@external
def cover_shortfall(
    account: uint256,
    token: address,
    cash_amount: uint256,
    min_collateral: uint256,
    recipient: address,
) -> uint256:
    """
    @notice Pays an account's negative cash and takes its collateral at a small discount. Anyone,
            once its cash has been negative for the grace time, however little; and any negative
            cash while the total is above its cap, from the grace time after `call_debts` on for a
            week. The account must be healthy (equity at MM or above) afterwards: one that is not is
            called and sold.
    @param account Account id.
    @param token Address of the collateral to take.
    @param cash_amount Settlement token units to pay, at most what is owed (rounded up).
    @param min_collateral Least amount of collateral that the caller accepts, token units.
    @param recipient Address that gets the collateral.
    @return Collateral taken, token units (rounded down).
    @custom:reverts registry: amount is zero | registry: winding down | ledger: unknown account |
                    ledger: no position to convert | words: number out of range | ledger: account
                    under a call | clearinghouse: not open yet | registry: unknown token | registry:
                    price not valid | vault: token transfer failed | clearinghouse: owes less |
                    registry: not enough held | clearinghouse: below minimum
    """
    registry._require_some(cash_amount)
    registry._require_running()
    header: uint256 = ledger._convert_settled(account, ledger._header(account))
    ledger._require_uncalled(header)
    since: uint256 = ledger.shortfall_clocks[account] & words.SINCE_MASK
    assert (
        since != 0 and block.timestamp >= since + registry.shortfall_grace
    ) or self._are_debts_due(), "clearinghouse: not open yet"
    index: uint256 = registry._index_of(token)
    low: uint256 = 0
    high: uint256 = 0
    valid: bool = False
    engine: address = registry._role(role_layout.RISK_ENGINE)
    low, high, valid = staticcall IRiskEngine(engine).price(leg_layout.COLLATERAL_ROW + index)
    registry._require_valid(valid)

    paid: uint256 = (
        vault._pull(currency.SETTLEMENT_TOKEN, msg.sender, cash_amount) * currency.SETTLEMENT_SCALE
    )
    cash: int256 = words._cash(header)
    assert (
        cash < 0 and paid < convert(-cash, uint256) + currency.SETTLEMENT_SCALE
    ), "clearinghouse: owes less"
    scale: uint256 = registry.collaterals[index].scale
    worth: uint256 = paid * (units.PPM + registry.shortfall_discount) // units.PPM
    taken: uint256 = worth * units.WAD // low // scale
    debited: uint256 = taken * scale
    held: uint256 = ledger.collateral[account][index]
    registry._require_held(debited <= held)
    assert taken >= min_collateral, "clearinghouse: below minimum"
    header = ledger._book_cash(account, header, cash + convert(paid, int256))
    header = ledger._book_collateral(account, header, index, held - debited)
    ledger.headers[account] = header
    registry.collaterals[index].total -= debited
    # The bonus comes out of an account that can afford it: one below MM is called and sold (INV-4).
    trading._require_margin(engine, account, words._cash(header), header, levels.MAINTENANCE, [])
    log IClearinghouseEvents.ShortfallCovered(
        account=account,
        payer=msg.sender,
        token=token,
        cash_paid=paid,
        collateral_taken=debited,
        cash=words._cash(header),
    )
    vault._push(token, recipient, taken)
    return taken


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _are_debts_due() -> bool:
    """
    @dev Whether all negative cash was called in a grace time ago, and its total is above its cap
         (still, or again): then moving a debt to another account gains no new grace.
    """
    called: uint256 = ledger.debts_called_at
    due: uint256 = called + registry.shortfall_grace
    return (
        called != 0
        and block.timestamp >= due
        and block.timestamp < due + limits.CALLED_TIME
        and ledger.negative_cash
        > ledger._debt_cap(vault._balance(currency.SETTLEMENT_TOKEN) * currency.SETTLEMENT_SCALE)
    )
