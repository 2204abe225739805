#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title MuteToken
@custom:contract-name MuteToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A token whose functions return nothing, like USDT's. Anyone may mint. As
        with USDT, an allowance that is not 0 can only be set to 0.
"""


# Of an amount.
DECIMALS: immutable(uint8)


# Ordinary books, token units.
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(decimals: uint8):
    """
    @notice Starts with no tokens.
    @param decimals Their number.
    """
    DECIMALS = decimals


@external
def mint(to: address, amount: uint256):
    """
    @notice Creates tokens. Anyone may.
    @param to Address of the receiver.
    @param amount Token units.
    """
    self.totalSupply += amount
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256):
    """
    @notice Sets an allowance.
    @param spender Address of somebody who may move tokens of the caller.
    @param amount Token units.
    @custom:reverts mute token: allowance not 0
    """
    assert (amount == 0 or self.allowance[msg.sender][spender] == 0), "mute token: allowance not 0"
    self.allowance[msg.sender][spender] = amount


@external
def transfer(to: address, amount: uint256):
    """
    @notice Moves tokens of the caller.
    @param to Address of the receiver.
    @param amount Token units.
    """
    self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    """
    @notice Moves tokens of `owner` on an allowance.
    @param owner Address of the holder.
    @param to Address of the receiver.
    @param amount Token units.
    """
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)


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
    @dev Moves tokens.
    """
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
