#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title OddToken
@custom:contract-name OddToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A token that misbehaves as told: returns False, keeps a fee, reverts,
        freezes an address, or calls a target in the middle of a transfer. Anyone may mint and tell
        it.
@dev    Every function is `@reentrant`: only the contract under test may stop a call back.
"""

from ethereum.ercs import IERC20
from ..modules.layout import units


# Behaviours. REVERTS concerns transfer and transferFrom only.
RETURNS_FALSE: constant(uint256) = 1  # moves nothing, returns False
REVERTS: constant(uint256) = 2
DENIES: constant(uint256) = 3  # moves, and returns False
BURNS_GAS: constant(uint256) = 4  # all that it is given; transfer and transferFrom only

# Of a hook, bytes.
MAX_CALLDATA: constant(uint256) = 2048
MAX_ANSWER: constant(uint256) = 256


# Metadata.
NAME: immutable(String[32])
SYMBOL: immutable(String[8])
DECIMALS: immutable(uint8)


# Ordinary books, token units.
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

# How transfer, transferFrom and approve end.
behaviour: public(uint256)

# Kept of every transfer, bps; burnt.
fee_bps: public(uint256)

# Called during a transfer, after the books have changed; empty = nobody. A failing call is ignored
# and recorded.
hook_target: public(address)
hook_data: public(Bytes[MAX_CALLDATA])
hook_fires_on_transfer_from: public(bool)

# How the hook's last call went.
hook_calls: public(uint256)
hook_succeeded: public(bool)
hook_returned: public(Bytes[MAX_ANSWER])

# Addresses that neither send, receive nor approve.
frozen: public(HashMap[address, bool])


@deploy
def __init__(name: String[32], symbol: String[8], decimals: uint8):
    """
    @notice Starts as an ordinary token.
    @param name Text.
    @param symbol Text.
    @param decimals Decimals of an amount.
    """
    NAME = name
    SYMBOL = symbol
    DECIMALS = decimals


@external
@reentrant
def set_behaviour(behaviour: uint256):
    """
    @notice Sets how calls end. 0 = ordinary.
    @param behaviour 1 moves nothing and returns False, 2 reverts, 3 moves and returns False, 4
           burns all gas.
    """
    self.behaviour = behaviour


@external
@reentrant
def set_fee(fee_bps: uint256):
    """
    @notice Sets the fee kept of every transfer.
    @param fee_bps Basis points of the amount.
    """
    self.fee_bps = fee_bps


@external
@reentrant
def set_frozen(holder: address, is_frozen: bool):
    """
    @notice Freezes an address, or lets it go, as an issuer might.
    @param holder Address that neither sends, receives nor approves.
    @param is_frozen Whether it is.
    """
    self.frozen[holder] = is_frozen


@external
@reentrant
def set_hook(target: address, data: Bytes[MAX_CALLDATA], on_transfer_from: bool):
    """
    @notice Sets whom to call during a transfer; the token is the caller.
    @param target Address of the contract to call; empty = nobody.
    @param data Calldata.
    @param on_transfer_from True: during `transferFrom`; False: during `transfer`.
    """
    self.hook_target = target
    self.hook_data = data
    self.hook_fires_on_transfer_from = on_transfer_from


@external
@reentrant
def mint(to: address, amount: uint256):
    """
    @notice Creates tokens.
    @param to Address of the receiver.
    @param amount Token units.
    """
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
@reentrant
def burn(owner: address, amount: uint256):
    """
    @notice Destroys tokens of anyone, as an issuer might.
    @param owner Address of the holder.
    @param amount Token units.
    """
    self.totalSupply -= amount
    self.balanceOf[owner] -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@external
@reentrant
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Sets an allowance.
    @param spender Address of somebody who may move tokens of the caller.
    @param amount Token units.
    @return Whether anything moved.
    """
    self._require_free(msg.sender, spender)
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return self.behaviour not in [RETURNS_FALSE, DENIES]


@external
@reentrant
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of the caller, in its way.
    @param to Address of the receiver.
    @param amount Token units.
    @return Whether anything moved.
    """
    self._move(msg.sender, to, amount)
    if not self.hook_fires_on_transfer_from:
        self._hook()
    return self.behaviour not in [RETURNS_FALSE, DENIES]


@external
@reentrant
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of `owner` on an allowance, in its way.
    @param owner Address of the holder.
    @param to Address of the receiver.
    @param amount Token units.
    @return Whether anything moved.
    """
    if self.behaviour != RETURNS_FALSE:
        self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    if self.hook_fires_on_transfer_from:
        self._hook()
    return self.behaviour not in [RETURNS_FALSE, DENIES]


@external
@view
@reentrant
def name() -> String[32]:
    """
    @notice Name of the token.
    @return Text.
    """
    return NAME


@external
@view
@reentrant
def symbol() -> String[8]:
    """
    @notice Symbol of the token.
    @return Text.
    """
    return SYMBOL


@external
@view
@reentrant
def decimals() -> uint8:
    """
    @notice Decimals of an amount.
    @return Their number.
    """
    return DECIMALS


@internal
def _move(owner: address, to: address, amount: uint256):
    """
    @dev Moves tokens, less the fee, unless told otherwise.
    """
    assert self.behaviour != REVERTS, "odd token: told to revert"
    self._require_free(owner, to)
    if self.behaviour == BURNS_GAS:
        raise UNREACHABLE
    if self.behaviour == RETURNS_FALSE:
        return
    fee: uint256 = amount * self.fee_bps // units.BPS
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - fee
    self.totalSupply -= fee
    log IERC20.Transfer(sender=owner, receiver=to, value=amount - fee)


@internal
@view
def _require_free(one: address, other: address):
    """
    @dev Neither of two addresses is frozen.
    """
    assert not (self.frozen[one] or self.frozen[other]), "odd token: address is frozen"


@internal
def _hook():
    """
    @dev Calls the target once per transfer and notes what came of it.
    """
    if self.hook_target == empty(address):
        return
    self.hook_calls += 1
    success: bool = False
    returned: Bytes[MAX_ANSWER] = b""
    success, returned = raw_call(
        self.hook_target, self.hook_data, max_outsize=MAX_ANSWER, revert_on_failure=False
    )
    self.hook_succeeded = success
    self.hook_returned = returned
