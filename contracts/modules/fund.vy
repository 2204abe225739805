#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What both funds have of the clearinghouse
@custom:contract-name fund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Who draws on a fund, what is reserved for defaults under way, in which phase the
        clearinghouse is, and how much cash a token unit is.
@dev    The Clearinghouse names the admin and the DefaultManager; a fund keeps neither. It need not
        exist yet when a fund is made.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from snekmate.utils import math
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseSlices
from .layout import role_layout
from .layout import units


# IMMUTABLES ---------------------------------------------------------------------------------------

# The ledger: names the admin and the DefaultManager, and receives what is drawn.
CLEARINGHOUSE: public(immutable(address))

# Cash (WAD) in a unit of the settlement token, 10**(18 - decimals).
CASH_PER_UNIT: immutable(uint256)


# CONSTRUCTOR --------------------------------------------------------------------------------------

@deploy
def __init__(clearinghouse: address, settlement_token: address):
    """
    @dev Sets the ledger and the scale of cash, for good.
    @param clearinghouse Address of the ledger.
    @param settlement_token Address of the token; at most 18 decimals.
    @custom:reverts fund: no clearinghouse | fund: too many decimals
    """
    assert clearinghouse != empty(address), "fund: no clearinghouse"
    decimals: uint8 = staticcall IERC20Detailed(settlement_token).decimals()
    assert decimals <= units.WAD_DECIMALS, "fund: too many decimals"
    CLEARINGHOUSE = clearinghouse
    CASH_PER_UNIT = 10**convert(units.WAD_DECIMALS - decimals, uint256)


# DRAWS --------------------------------------------------------------------------------------------

@internal
def _hand_over(token: address, account: uint256, tokens: uint256, cash: uint256):
    """
    @dev Pays the ledger for a default. It pulls the tokens and checks what arrived; the allowance
         is exact, so that no more can leave.
    @param token Address of the settlement token.
    @param account Id of the defaulter.
    @param tokens Token units.
    @param cash What they pay for, WAD cash.
    @custom:reverts fund: approve failed | the Clearinghouse's own
    """
    assert extcall IERC20(token).approve(
        CLEARINGHOUSE, tokens, default_return_value=True, skip_contract_check=True
    ), "fund: approve failed"
    extcall IClearinghouseSlices(CLEARINGHOUSE).receive_draw(
        account, tokens, cash, skip_contract_check=True
    )


@internal
@view
def _tokens_up(cash: uint256) -> uint256:
    """
    @dev Token units for an amount of cash (WAD), rounded up.
    """
    return math._ceil_div(cash, CASH_PER_UNIT)


# CLEARINGHOUSE ------------------------------------------------------------------------------------

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
    @dev How far the clearinghouse has been wound down (role_layout).
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).phase(skip_contract_check=True)


@internal
@view
def _require_manager():
    """
    @dev Reverts unless the caller is the present DefaultManager.
    """
    assert msg.sender == self._manager(), "fund: only the default manager"


@internal
@view
def _require_clearinghouse():
    """
    @dev Reverts unless the caller is the ledger.
    """
    assert msg.sender == CLEARINGHOUSE, "fund: only the clearinghouse"


@internal
@view
def _require_owner():
    """
    @dev Reverts unless the caller is the owner of the Clearinghouse.
    """
    assert (
        msg.sender
        == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner(skip_contract_check=True)
    ), "fund: only the owner"


@internal
@view
def _require_running():
    """
    @dev Reverts once the clearinghouse winds down.
    """
    assert self._phase() == role_layout.RUNNING, "fund: winding down"
