#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title MuteToken
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A token whose functions return nothing, like USDT's. Anyone may mint. As
        with USDT, an allowance that is not 0 can only be set to 0.
"""


# Metadata.
decimals: public(immutable(uint8))

# Ordinary books, token units.
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(decimals_: uint8):
    """
    @notice Starts with no tokens.
    @param decimals_ Decimals.
    """
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


@external
def approve(spender: address, amount: uint256):
    """
    @notice Sets an allowance.
    @param spender Who may move tokens of the caller.
    @param amount Token units.
    @custom:reverts mute token: allowance not 0
    """
    assert (amount == 0 or self.allowance[msg.sender][spender] == 0), "mute token: allowance not 0"
    self.allowance[msg.sender][spender] = amount


@external
def transfer(to: address, amount: uint256):
    """
    @notice Moves tokens of the caller.
    @param to Receiver.
    @param amount Token units.
    """
    self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    """
    @notice Moves tokens of `owner` on his allowance.
    @param owner Holder.
    @param to Receiver.
    @param amount Token units.
    """
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256):
    """
    @dev Moves tokens.
    """
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
