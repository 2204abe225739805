#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title FundHarness
@custom:contract-name FundHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. What the funds know of the Clearinghouse and of the RiskEngine, for their
        unit tests. Anyone may set anything and have it call a fund.
"""

from ethereum.ercs import IERC20
from ..interfaces import IDefaultFundManager
from ..modules.layout import role_layout


# STORAGE ------------------------------------------------------------------------------------------

# The admin, read by the fund.
owner: public(address)

# Role -> holder, read by the fund.
roles: public(HashMap[uint256, address])

# How far the clearinghouse has been wound down, read by the funds.
phase: public(uint256)

# Initial margin from which on contributions are asked for, whole units of cash; 0: never.
threshold: uint256

# Account -> initial margin (WAD cash), the answer of the risk engine.
initials: HashMap[uint256, uint256]

# The settlement token.
token: address

# What the last draw brought: defaulter, token units, WAD cash.
account: public(uint256)
tokens: public(uint256)
cash: public(uint256)


# CONSTRUCTOR --------------------------------------------------------------------------------------

@deploy
def __init__(token: address):
    """
    @notice The deployer is the owner and the DefaultManager; this contract is the RiskEngine too.
    @param token Address of the settlement token.
    """
    self.owner = msg.sender
    self.roles[role_layout.DEFAULT_MANAGER] = msg.sender
    self.roles[role_layout.RISK_ENGINE] = self
    self.token = token
    self.threshold = 1


# SET UP -------------------------------------------------------------------------------------------

@external
def set_default_manager(manager: address):
    """
    @notice Replaces the DefaultManager.
    @param manager Address of the new one.
    """
    self.roles[role_layout.DEFAULT_MANAGER] = manager


@external
def set_phase(phase: uint256):
    """
    @notice Winds down.
    @param phase 0 running, 1 winding down, 2 redemption.
    """
    self.phase = phase


@external
def set_threshold(threshold: uint256):
    """
    @notice Sets from where on contributions are asked for.
    @param threshold Initial margin, whole units of cash; 0: never.
    """
    self.threshold = threshold


@external
def set_initial(account: uint256, initial: uint256):
    """
    @notice Sets what the risk engine says.
    @param account Account id.
    @param initial Initial margin, WAD cash.
    """
    self.initials[account] = initial


# AS THE CLEARINGHOUSE -----------------------------------------------------------------------------

@external
def require_contribution(fund: address, account: uint256, initial: uint256):
    """
    @notice Has a DefaultFund ask for a contribution.
    @param fund Address of the fund.
    @param account Account id.
    @param initial Its initial margin, WAD cash.
    """
    extcall IDefaultFundManager(fund).require_contribution(account, initial)


@external
def restore(
    fund: address, account: uint256, own: uint256, contributions: uint256, assessments: uint256
):
    """
    @notice Gives a DefaultFund back what a default had cost, out of what this contract holds.
    @param fund Address of the fund.
    @param account Account id of the defaulter.
    @param own For the own contribution, token units.
    @param contributions For the contributions, token units.
    @param assessments For the assessments, token units.
    """
    extcall IERC20(self.token).approve(
        fund, own + contributions + assessments, default_return_value=True
    )
    extcall IDefaultFundManager(fund).restore(account, own, contributions, assessments)


@external
def receive_draw(account: uint256, tokens: uint256, cash: uint256):
    """
    @notice Pulls what the fund offers.
    @param account Account id of the defaulter.
    @param tokens Settlement token units.
    @param cash What they are worth, WAD cash.
    @custom:reverts fund harness: token arrived short
    """
    held: uint256 = staticcall IERC20(self.token).balanceOf(self)
    extcall IERC20(self.token).transferFrom(msg.sender, self, tokens, default_return_value=True)
    assert (
        staticcall IERC20(self.token).balanceOf(self) == held + tokens
    ), "fund harness: token arrived short"
    self.account = account
    self.tokens = tokens
    self.cash = cash


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def margin(account: uint256) -> (int256, uint256, uint256):
    """
    @notice What the risk engine says.
    @param account Account id.
    @return equity WAD cash: 0.
    @return initial Initial margin, WAD cash: as set.
    @return maintenance Maintenance margin, WAD cash: 0.
    """
    return 0, self.initials[account], 0


@external
@view
def role_word(role: uint256) -> uint256:
    """
    @notice Every role's word; the exchange's has the threshold of contributions.
    @param role Which, see role_layout.
    @return The word, laid out as role_layout says.
    """
    return convert(self.roles[role], uint256) | self.threshold << role_layout.SECOND_FIELD
