#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title OddToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A token that misbehaves as told: returns False, keeps a fee, reverts, or
        calls a target in the middle of a transfer. Anyone may mint and tell it.
@dev    Every function is `@reentrant`: only the contract under test may stop a call back.
"""

from ethereum.ercs import IERC20


# Behaviours. REVERTS concerns transfer and transferFrom only.
_RETURNS_FALSE: constant(uint256) = 1  # moves nothing, returns False
_REVERTS: constant(uint256) = 2
_DENIES: constant(uint256) = 3  # moves, and returns False

_BPS: constant(uint256) = 10_000
_MAX_CALLDATA: constant(uint256) = 2048

# Metadata.
name: public(immutable(String[32]))
symbol: public(immutable(String[8]))
decimals: public(immutable(uint8))

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
hook_data: public(Bytes[_MAX_CALLDATA])
hook_fires_on_transfer_from: public(bool)

# How the hook's last call went.
hook_calls: public(uint256)
hook_succeeded: public(bool)
hook_returned: public(Bytes[256])


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    """
    @notice Starts as an ordinary token.
    @param name_ Name.
    @param symbol_ Symbol.
    @param decimals_ Decimals.
    """
    name = name_
    symbol = symbol_
    decimals = decimals_


@external
@reentrant
def set_behaviour(behaviour: uint256):
    """
    @notice Sets how calls end. 0 = ordinary.
    @param behaviour 1 moves nothing and returns False, 2 reverts, 3 moves and returns False.
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
def set_hook(target: address, data: Bytes[_MAX_CALLDATA], on_transfer_from: bool):
    """
    @notice Sets whom to call during a transfer; the token is the caller.
    @param target Contract to call; empty = nobody.
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
    @param to Receiver.
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
    @param owner Holder.
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
    @param spender Who may move tokens of the caller.
    @param amount Token units.
    @return Whether anything moved.
    """
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return self.behaviour not in [_RETURNS_FALSE, _DENIES]


@external
@reentrant
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of the caller, in its way.
    @param to Receiver.
    @param amount Token units.
    @return Whether anything moved.
    """
    self._move(msg.sender, to, amount)
    if not self.hook_fires_on_transfer_from:
        self._hook()
    return self.behaviour not in [_RETURNS_FALSE, _DENIES]


@external
@reentrant
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of `owner` on his allowance, in its way.
    @param owner Holder.
    @param to Receiver.
    @param amount Token units.
    @return Whether anything moved.
    """
    if self.behaviour != _RETURNS_FALSE:
        self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)
    if self.hook_fires_on_transfer_from:
        self._hook()
    return self.behaviour not in [_RETURNS_FALSE, _DENIES]


@internal
def _move(owner: address, to: address, amount: uint256):
    """
    @dev Moves tokens, less the fee, unless told otherwise.
    """
    assert self.behaviour != _REVERTS, "odd token: told to revert"
    if self.behaviour == _RETURNS_FALSE:
        return
    fee: uint256 = amount * self.fee_bps // _BPS
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - fee
    self.totalSupply -= fee
    log IERC20.Transfer(sender=owner, receiver=to, value=amount - fee)


@internal
def _hook():
    """
    @dev Calls the target once per transfer and notes what came of it.
    """
    if self.hook_target == empty(address):
        return
    self.hook_calls += 1
    success: bool = False
    returned: Bytes[256] = b""
    success, returned = raw_call(
        self.hook_target, self.hook_data, max_outsize=256, revert_on_failure=False
    )
    self.hook_succeeded = success
    self.hook_returned = returned
