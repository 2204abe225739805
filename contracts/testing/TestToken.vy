#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. An ordinary ERC-20 that anyone may mint.
"""

from ethereum.ercs import IERC20

implements: IERC20

from ethereum.ercs import IERC20Detailed

implements: IERC20Detailed


# Metadata.
name: public(immutable(String[32]))
symbol: public(immutable(String[8]))
decimals: public(immutable(uint8))

# Sum of all balances, token units.
totalSupply: public(uint256)

# Holder -> token units.
balanceOf: public(HashMap[address, uint256])

# Holder -> spender -> token units the spender may move; 2**256 - 1 is used up like any other.
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(name_: String[32], symbol_: String[8], decimals_: uint8):
    """
    @notice Starts with no tokens.
    @param name_ Name.
    @param symbol_ Symbol.
    @param decimals_ Decimals.
    """
    name = name_
    symbol = symbol_
    decimals = decimals_


@external
def mint(to: address, amount: uint256):
    """
    @notice Creates tokens. Anyone may.
    @param to Receiver.
    @param amount Token units.
    """
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Sets an allowance.
    @param spender Who may move tokens of the caller.
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
    @param to Receiver.
    @param amount Token units.
    @return True.
    @custom:reverts test token: balance too low
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves tokens of `owner` on his allowance.
    @param owner Holder.
    @param to Receiver.
    @param amount Token units.
    @return True.
    @custom:reverts test token: allowance too low | test token: balance too low
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    assert amount <= allowed, "test token: allowance too low"
    self.allowance[owner][msg.sender] = allowed - amount
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    """
    @dev Moves tokens.
    """
    assert amount <= self.balanceOf[owner], "test token: balance too low"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
