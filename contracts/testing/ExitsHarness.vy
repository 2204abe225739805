#pragma version 0.4.3
"""
@title ExitsHarness
@custom:contract-name ExitsHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. modules/exits.vy over books of its own, for property tests. Anyone may
        do anything.
"""

from ..modules.layout import exit_words
from ..modules import currency
from ..modules import exits
from ..modules import ledger
from ..modules import sides
from ..modules import vault

initializes: currency
initializes: sides
initializes: ledger[sides := sides]
initializes: exits[currency := currency, ledger := ledger]
exports: (ledger.hole, ledger.reserve)


@deploy
def __init__(token: address):
    """
    @notice Binds the harness to its token.
    @param token Address of an ERC-20 token.
    """
    currency.__init__(token)


@external
def lose(loss: uint256):
    """
    @notice `exits._deepen_hole`.
    @param loss WAD cash.
    """
    exits._deepen_hole(loss)


@external
def earn(amount: uint256):
    """
    @notice Adds to the reserve.
    @param amount WAD cash.
    """
    ledger.reserve += amount


@external
def repay(amount: uint256):
    """
    @notice Lowers the hole.
    @param amount WAD cash.
    """
    ledger.hole -= amount


@external
def bring(account: uint256, amount: uint256, cash: int256):
    """
    @notice `exits._note_fresh`, if a hole stands.
    @param account Account id.
    @param amount WAD cash.
    @param cash WAD cash.
    """
    if ledger.hole != 0:
        exits._note_fresh(account, amount, cash)


@external
def leave(account: uint256, amount: uint256, cash: uint256, max_debit: uint256) -> uint256:
    """
    @notice `exits._leave`, if a hole stands; the tokens go to the caller.
    @param account Account id.
    @param amount WAD cash, whole token units.
    @param cash WAD cash.
    @param max_debit WAD cash.
    @return The debit, WAD cash.
    """
    debit: uint256 = amount
    if ledger.hole != 0:
        debit = exits._leave(account, amount, cash, max_debit)
    vault._push(currency.SETTLEMENT_TOKEN, msg.sender, amount // currency.SETTLEMENT_SCALE)
    return debit


@external
@view
def fresh() -> uint256:
    """
    @notice The fresh money.
    @return WAD cash.
    """
    return exits.fresh_money & exit_words.FRESH_MASK


@external
@view
def right_of(account: uint256) -> uint256:
    """
    @notice `exits._right_now`.
    @param account Account id.
    @return WAD cash.
    """
    return exits._right_now(account)


@external
@view
def debit_for(account: uint256, amount: uint256, cash: uint256) -> uint256:
    """
    @notice `exits._debit_for`.
    @param account Account id.
    @param amount WAD cash.
    @param cash WAD cash.
    @return WAD cash.
    """
    return exits._debit_for(account, amount, cash)
