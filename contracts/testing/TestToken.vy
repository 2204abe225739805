#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestToken
@custom:contract-name TestToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. An ordinary ERC-20 that anyone may mint.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed


# Metadata.
NAME: immutable(String[32])
SYMBOL: immutable(String[8])
DECIMALS: immutable(uint8)


# Sum of all balances, token units.
totalSupply: public(uint256)

# Holder -> token units.
balanceOf: public(HashMap[address, uint256])

# Holder -> spender -> token units the spender may move; 2**256 - 1 is used up like any other.
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(name: String[32], symbol: String[8], decimals: uint8):
    """
    @notice Starts with no tokens.
    @param name Text.
    @param symbol Text.
    @param decimals Decimals of an amount.
    """
    NAME = name
    SYMBOL = symbol
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
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Sets an allowance.
    @param spender Address of somebody who may move tokens of the caller.
    @param amount Token units.
    @return True.
    """
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of the caller.
    @param to Address of the receiver.
    @param amount Token units.
    @return True.
    @custom:reverts test token: balance too low
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of `owner` on an allowance.
    @param owner Address of the holder.
    @param to Address of the receiver.
    @param amount Token units.
    @return True.
    @custom:reverts test token: allowance too low | test token: balance too low
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    assert amount <= allowed, "test token: allowance too low"
    self.allowance[owner][msg.sender] = allowed - amount
    self._move(owner, to, amount)
    return True


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
    @dev Moves tokens.
    """
    assert amount <= self.balanceOf[owner], "test token: balance too low"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
