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
from ethereum.ercs import IERC20Detailed
from ..interfaces import IDefaultFundManager
from ..interfaces import IInsuranceFundManager
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

# Whether anybody may leave, and for how long nobody could, seconds: read by the funds.
exits_open: public(bool)
stopped: public(uint256)

# The protocol's own capital, out of which premiums are paid, and the hole, WAD cash.
reserve: public(uint256)
hole: public(uint256)

# Whether draws are refused.
is_closed: bool

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
    self.exits_open = True


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


@external
def set_exits(exits_open: bool, stopped: uint256):
    """
    @notice Opens or closes exits.
    @param exits_open Whether anybody may leave.
    @param stopped For how long nobody could until now, seconds.
    """
    self.exits_open = exits_open
    self.stopped = stopped


@external
def set_reserve(reserve: uint256):
    """
    @notice Sets what premiums are paid out of; this contract must hold as much.
    @param reserve WAD cash.
    """
    self.reserve = reserve


@external
def set_hole(hole: uint256):
    """
    @notice Sets the hole.
    @param hole WAD cash.
    """
    self.hole = hole


@external
def close_draws(is_closed: bool):
    """
    @notice Refuses draws, or takes them again.
    @param is_closed Whether they are refused.
    """
    self.is_closed = is_closed


# AS THE CLEARINGHOUSE -----------------------------------------------------------------------------

@external
def require_contribution(fund: address, account: uint256, initial: uint256, threshold: uint256):
    """
    @notice Has a DefaultFund ask for a contribution.
    @param fund Address of the fund.
    @param account Account id.
    @param initial Its initial margin, WAD cash.
    @param threshold Initial margin up to which nothing is asked of an owner, whole units of cash.
    """
    extcall IDefaultFundManager(fund).require_contribution(account, initial, threshold)


@external
def restore_stakers(fund: address, account: uint256, tokens: uint256):
    """
    @notice Gives an InsuranceFund back what a default had cost, out of what this contract holds.
    @param fund Address of the fund.
    @param account Account id of the defaulter.
    @param tokens Token units.
    """
    extcall IERC20(self.token).approve(fund, tokens, default_return_value=True)
    extcall IInsuranceFundManager(fund).restore(account, tokens)


@external
def restore(fund: address, account: uint256, contributions: uint256, assessments: uint256):
    """
    @notice Gives a DefaultFund back what a default had cost, out of what this contract holds.
    @param fund Address of the fund.
    @param account Account id of the defaulter.
    @param contributions For the contributions, token units.
    @param assessments For the assessments, token units.
    """
    extcall IERC20(self.token).approve(fund, contributions + assessments, default_return_value=True)
    extcall IDefaultFundManager(fund).restore(account, contributions, assessments)


@external
def receive_draw(account: uint256, tokens: uint256, cash: uint256):
    """
    @notice Pulls what the fund offers.
    @param account Account id of the defaulter.
    @param tokens Settlement token units.
    @param cash What they are worth, WAD cash.
    @custom:reverts fund harness: draws are refused | fund harness: token arrived short
    """
    assert not self.is_closed, "fund harness: draws are refused"
    held: uint256 = staticcall IERC20(self.token).balanceOf(self)
    extcall IERC20(self.token).transferFrom(msg.sender, self, tokens, default_return_value=True)
    assert (
        staticcall IERC20(self.token).balanceOf(self) == held + tokens
    ), "fund harness: token arrived short"
    self.account = account
    self.tokens = tokens
    self.cash = cash


@external
@reentrant
def draw_with(fund: address, account: uint256, cash: uint256, gas_: uint256) -> bool:
    """
    @notice Draws on an InsuranceFund with so much gas; this contract must be the DefaultManager.
    @param fund Address of the fund.
    @param account Account id of the defaulter.
    @param cash Asked for, WAD cash.
    @param gas_ Gas.
    @return Whether it went through.
    """
    return raw_call(
        fund,
        abi_encode(account, cash, method_id=method_id("draw(uint256,uint256)")),
        gas=gas_,
        revert_on_failure=False,
    )


@external
def receive_deferred(tokens: uint256) -> uint256:
    """
    @notice Pulls what the fund had deferred.
    @param tokens Settlement token units.
    @return What arrived, token units.
    """
    held: uint256 = staticcall IERC20(self.token).balanceOf(self)
    assert extcall IERC20(self.token).transferFrom(
        msg.sender, self, tokens, default_return_value=True
    ), "fund harness: token did not move"
    return staticcall IERC20(self.token).balanceOf(self) - held


@external
def pay_premium(tokens: uint256) -> uint256:
    """
    @notice Pays the caller what the reserve has.
    @param tokens Settlement token units asked for.
    @return What has left, token units.
    """
    scale: uint256 = (
        10**18 // 10**convert(staticcall IERC20Detailed(self.token).decimals(), uint256)
    )
    paid: uint256 = min(tokens, self.reserve // scale)
    if paid == 0 or self.hole != 0:
        return 0
    self.reserve -= paid * scale
    extcall IERC20(self.token).transfer(msg.sender, paid, default_return_value=True)
    return paid


@external
def donate(tokens: uint256) -> uint256:
    """
    @notice Pulls a gift.
    @param tokens Settlement token units.
    @return The same.
    """
    extcall IERC20(self.token).transferFrom(msg.sender, self, tokens, default_return_value=True)
    return tokens


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
