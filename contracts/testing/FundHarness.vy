#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title FundHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. The three things that the InsuranceFund knows of the Clearinghouse, for
        its unit tests.
"""

from contracts.modules import registry
from ethereum.ercs import IERC20


# The admin, read by the fund.
owner: public(address)

# Role -> holder, read by the fund.
roles: public(HashMap[uint256, address])

# The settlement token.
_token: address

# What the last draw brought.
account: public(uint256)
tokens: public(uint256)
cash: public(uint256)


@deploy
def __init__(token_: address):
    """
    @notice The deployer is the owner and the DefaultManager.
    @param token_ The settlement token.
    """
    self.owner = msg.sender
    self.roles[registry.DEFAULT_MANAGER] = msg.sender
    self._token = token_


@external
def set_default_manager(manager: address):
    """
    @notice Replaces the DefaultManager.
    @param manager The new one.
    """
    self.roles[registry.DEFAULT_MANAGER] = manager


@external
def receive_draw(account: uint256, tokens: uint256, cash: uint256):
    """
    @notice Pulls what the fund offers.
    @param account The defaulter.
    @param tokens Settlement token units.
    @param cash WAD.
    @custom:reverts harness: token arrived short
    """
    held: uint256 = staticcall IERC20(self._token).balanceOf(self)
    extcall IERC20(self._token).transferFrom(msg.sender, self, tokens, default_return_value=True)
    assert (
        staticcall IERC20(self._token).balanceOf(self) == held + tokens
    ), "harness: token arrived short"
    self.account = account
    self.tokens = tokens
    self.cash = cash
