#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Margin in and out of accounts
@custom:contract-name margin_moves
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What deposits, withdrawals and transfers have in common. What an account has won too lately
        (layout: fresh_wins) counts for nothing in what may leave it: neither cash to somebody else,
        nor collateral, nor margin that allows either. To another account of its owner such wins go
        along. (Profit in a settled market that is not cash yet counts as unrealised.)
"""

from ..interfaces import IRiskEngine
from .layout import fresh_wins
from .layout import leg_layout
from .layout import levels
from .layout import role_layout
from .layout import stages
from .layout import words
from . import ledger
from . import registry
from . import trading

uses: ledger
uses: registry
uses: trading


# OUT ----------------------------------------------------------------------------------------------

@internal
@view
def _begin_withdrawal(account: uint256, amount: uint256) -> uint256:
    """
    @dev Who may pay out of an account, and when.
    @param amount Token units.
    @return Its header.
    """
    registry._require_authorised(account, role_layout.WITHDRAW)
    registry._require_withdrawals_open()
    registry._require_some(amount)
    header: uint256 = ledger._header(account)
    trading._require_no_call(header)
    return header


@internal
@view
def _require_free(header: uint256, amount: uint256) -> uint256:
    """
    @dev An account has so much cash that was not won too lately.
    @param amount WAD cash.
    @return All such cash, WAD.
    """
    registry._require_held(convert(amount, int256) <= words._cash(header))
    free: uint256 = fresh_wins._free(header)
    assert amount <= free, "margin moves: won too lately"
    return free


@internal
def _debit_collateral(
    account: uint256, header: uint256, token: address, amount: uint256
) -> (uint256, uint256):
    """
    @dev Takes collateral off an account's books.
    @param amount Token units.
    @return The header (not stored), and what was debited, WAD of the token.
    """
    index: uint256 = registry._index_of(token)
    debited: uint256 = amount * registry.collaterals[index].scale
    held: uint256 = ledger.collateral[account][index]
    registry._require_held(debited <= held)
    return ledger._book_collateral(account, header, index, held - debited), debited


@internal
@view
def _require_margin_left(account: uint256, header: uint256):
    """
    @dev INV-8. An account without positions and negative cash, fresh wins taken off, needs no price
         to be paid out.
    """
    cash: int256 = words._cash(header) - fresh_wins._locked(header)
    if words._has_positions(header) or cash < 0:
        trading._require_under_cap(words._cash(header))
        trading._require_margin(
            registry._role(role_layout.RISK_ENGINE), account, cash, header, levels.WITHDRAWAL, []
        )


# IN -----------------------------------------------------------------------------------------------

@internal
def _credit_cash(account: uint256, header: uint256, credited: uint256) -> uint256:
    """
    @dev Puts cash on an account's books.
    @param credited WAD cash.
    @return The header; the caller stores it.
    """
    return ledger._book_cash(account, header, words._cash(header) + convert(credited, int256))


@internal
def _credit_collateral(
    account: uint256, header: uint256, index: uint256, credited: uint256
) -> uint256:
    """
    @dev Puts collateral on an account's books: into one that carries risk only at a VALID price,
         since the procedure counts a price in doubt at its better end, so that a leg in doubt would
         shield a defaulter.
    @param credited WAD of the token.
    @return The header; the caller stores it.
    """
    if (
        words._has_positions(header)
        or words._cash(header) < 0
        or words._stage(header) != stages.UNCALLED
    ):
        low: uint256 = 0
        high: uint256 = 0
        valid: bool = False
        low, high, valid = staticcall IRiskEngine(registry._role(role_layout.RISK_ENGINE)).price(
            leg_layout.COLLATERAL_ROW + index
        )
        registry._require_valid(valid)
    return ledger._book_collateral(
        account, header, index, ledger.collateral[account][index] + credited
    )
