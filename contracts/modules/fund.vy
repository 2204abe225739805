#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What both funds have of the clearinghouse
@custom:contract-name fund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Who draws on a fund, how what is drawn reaches the Clearinghouse, in which phase that is,
        whether exits are open, and how much cash a token unit is.

        Deferred. A settlement token that does not move must not stop a default: what a fund could
        not hand over is taken off its assets all the same and kept apart. It is owed until anyone
        succeeds with `pay_deferred`. So shares are priced without it, for who comes and for who
        leaves.

        A fund's assets are what it has booked. What it holds beyond its books (plain transfers,
        recoveries that no holder of record waits for) goes to the Clearinghouse's reserve, moved by
        anyone.
@dev    The Clearinghouse names the admin and the DefaultManager; a fund keeps neither. It need not
        exist yet when a fund is made.
"""

from ethereum.ercs import IERC20Detailed
from snekmate.utils import math
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IClearinghouseReserve
from ..interfaces import IClearinghouseSlices
from ..interfaces import IFund
from .layout import role_layout
from .layout import units
from . import vault


# CONSTANTS ----------------------------------------------------------------------------------------

# Gas that each call of a draw may take, and what must be left before the first of them, so that no
# caller makes a fund skip by bringing too little: a call gets 63/64 of what is left at most.
APPROVE_GAS: constant(uint256) = 100_000
HAND_OVER_GAS: constant(uint256) = 500_000
NEEDED_GAS: constant(uint256) = (2 * APPROVE_GAS + HAND_OVER_GAS) * 64 // 63 + 50_000


# IMMUTABLES ---------------------------------------------------------------------------------------

# The ledger: names the admin and the DefaultManager, and receives what is drawn.
CLEARINGHOUSE: public(immutable(address))

# The token that is staked.
SETTLEMENT_TOKEN: public(immutable(address))

# Cash (WAD) in a unit of the settlement token, 10**(18 - decimals).
CASH_PER_UNIT: immutable(uint256)


# STORAGE ------------------------------------------------------------------------------------------

# Drawn and not handed over yet, token units; not part of any assets.
deferred: public(uint256)


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
    SETTLEMENT_TOKEN = settlement_token
    CASH_PER_UNIT = 10**convert(units.WAD_DECIMALS - decimals, uint256)


# DEFERRED -----------------------------------------------------------------------------------------

@external
def pay_deferred() -> uint256:
    """
    @notice Hands over what earlier draws could not. What the token keeps of it on the way is not
            owed again. Anyone.
    @return What arrived, token units.
    @custom:reverts fund: nothing is deferred | vault: token transfer failed
    """
    tokens: uint256 = self.deferred
    assert tokens != 0, "fund: nothing is deferred"
    self.deferred = 0
    # Some tokens refuse to change an allowance that is not 0.
    self._try_approve(0)
    vault._approve(SETTLEMENT_TOKEN, CLEARINGHOUSE, tokens)
    arrived: uint256 = extcall IClearinghouseSlices(CLEARINGHOUSE).receive_deferred(tokens)
    log IFund.PayDeferred(payer=msg.sender, tokens=tokens, arrived=arrived)
    return arrived


# DRAWS --------------------------------------------------------------------------------------------

@internal
def _hand_over(account: uint256, tokens: uint256, cash: uint256) -> bool:
    """
    @dev Pays the ledger for a default, or defers it, whatever the token does (INV-13). The ledger
         pulls the tokens and checks what arrived; the allowance is exact, so that no more can
         leave, and taken back if it did not work. The caller has taken the tokens off its assets.
    @param account Id of the defaulter.
    @param tokens Token units.
    @param cash What they pay for, WAD cash.
    @return Whether the ledger has them; else they are deferred.
    @custom:reverts fund: too little gas
    """
    assert msg.gas >= NEEDED_GAS, "fund: too little gas"
    self._try_approve(tokens)
    is_done: bool = raw_call(
        CLEARINGHOUSE,
        abi_encode(
            account, tokens, cash, method_id=method_id("receive_draw(uint256,uint256,uint256)")
        ),
        gas=HAND_OVER_GAS,
        revert_on_failure=False,
    )
    if not is_done:
        self._try_approve(0)
        self.deferred += tokens
    return is_done


@internal
def _try_approve(tokens: uint256):
    """
    @dev Lets the ledger take tokens if the token plays along: what is then pulled tells.
    """
    is_done: bool = raw_call(
        SETTLEMENT_TOKEN,
        abi_encode(CLEARINGHOUSE, tokens, method_id=method_id("approve(address,uint256)")),
        gas=APPROVE_GAS,
        revert_on_failure=False,
    )


@internal
@view
def _tokens_up(cash: uint256) -> uint256:
    """
    @dev Token units for an amount of cash (WAD), rounded up.
    """
    return math._ceil_div(cash, CASH_PER_UNIT)


# TOKENS -------------------------------------------------------------------------------------------

@internal
def _ask_premium(tokens: uint256) -> uint256:
    """
    @dev Asks the Clearinghouse's reserve for a premium.
    @param tokens Token units.
    @return What arrived, token units: as much as is asked, less or nothing.
    """
    before: uint256 = vault._balance(SETTLEMENT_TOKEN)
    paid: uint256 = extcall IClearinghouseSlices(CLEARINGHOUSE).pay_premium(tokens)
    # Only what has arrived can be drawn.
    return min(min(paid, tokens), vault._balance(SETTLEMENT_TOKEN) - before)


@internal
def _forward(booked: uint256) -> uint256:
    """
    @dev Gives what the fund holds beyond its books to the Clearinghouse's reserve.
    @param booked Token units on the books, those deferred aside.
    @return Token units given.
    @custom:reverts fund: nothing to forward | vault: token transfer failed
    """
    held: uint256 = vault._balance(SETTLEMENT_TOKEN)
    assert held > booked + self.deferred, "fund: nothing to forward"
    tokens: uint256 = held - booked - self.deferred
    vault._approve(SETTLEMENT_TOKEN, CLEARINGHOUSE, tokens)
    extcall IClearinghouseReserve(CLEARINGHOUSE).donate(tokens)
    log IFund.ForwardUnclaimed(caller=msg.sender, tokens=tokens)
    return tokens


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
def _exits_open() -> bool:
    """
    @dev Whether money may leave: the clearinghouse runs, and no pause of liquidations (with the
         time after it) is on.
    """
    return staticcall IClearinghouseRecords(CLEARINGHOUSE).exits_open(skip_contract_check=True)


@internal
@view
def _stopped() -> uint256:
    """
    @dev For how long pauses have stopped exits since deployment, seconds. Clocks that wait on an
         exit stand still meanwhile.
    """
    return staticcall IClearinghouseRecords(CLEARINGHOUSE).stopped(skip_contract_check=True)


@internal
@view
def _premium_at_hand() -> uint256:
    """
    @dev The most that the Clearinghouse would pay as a premium now, token units.
    """
    if (
        self._phase() != role_layout.RUNNING
        or staticcall IClearinghouseRecords(CLEARINGHOUSE).hole(skip_contract_check=True) != 0
    ):
        return 0
    return (
        staticcall IClearinghouseRecords(CLEARINGHOUSE).reserve(
            skip_contract_check=True
        ) // CASH_PER_UNIT
    )


# CHECKS -------------------------------------------------------------------------------------------

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


@internal
@view
def _require_open():
    """
    @dev Reverts unless money may leave, and come in: whoever stakes while nothing can be recognised
         would pay for what has happened already.
    """
    self._require_running()
    assert self._exits_open(), "fund: closed by a pause"


@internal
@view
def _require_whole(booked: uint256):
    """
    @dev Reverts if the token's issuer has taken some of what is on the books: nobody should pay for
         what others have lost already.
    @param booked Token units on the books, those deferred aside.
    """
    assert (vault._balance(SETTLEMENT_TOKEN) >= booked + self.deferred), "fund: tokens are missing"


@internal
@pure
def _require_bound(is_met: bool):
    """
    @dev Reverts unless the caller gets at least, or pays at most, what they have said.
    """
    assert is_met, "fund: outside the caller's bound"
