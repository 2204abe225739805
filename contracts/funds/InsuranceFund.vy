#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title InsuranceFund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Tier 3 of the waterfall: an ERC-4626 vault of the settlement token in which anyone may
        stake. Fees arrive as plain transfers and raise the value of a share; draws by the
        DefaultManager lower it. Nothing else does either.

        Leaving takes a request, a cooldown and a window (see slashable_shares); until they are
        redeemed, shares bear every loss. While the DefaultManager has reserved money for a default
        nobody leaves at all, so a loss that is recognised cannot be dodged by being faster than the
        draw; a request whose window passes meanwhile has to be made anew.

        While the clearinghouse winds down nobody stakes and nobody leaves; when it redeems, shares
        are redeemed without a request, whatever is reserved.
@dev    First depositor. A share has six decimals more than the token, so with V = 10**6 virtual
        shares and one virtual token unit, whoever makes a deposit of a units round to nothing by a
        donation loses at least a * 10**6 units to the virtual shares, however much he staked
        before. Six is enough for that, and leaves room below the supply limit for a settlement
        token of 18 decimals. Donations and fees that arrive while nobody is staked belong to the
        virtual shares: they cover losses and nobody can withdraw them.

        Total loss. The fund can be emptied and staked again any number of times, because shares are
        consolidated when they are worth next to nothing (see slashable_shares).

        Snekmate's modules hold no lock, so nothing of them that moves or prices shares is exported;
        it is wrapped, here or in slashable_shares, under this contract's lock.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626
from snekmate.extensions import erc4626
from snekmate.tokens import erc20
from snekmate.utils import math
from ..interfaces import IInsuranceFund
from ..modules.layout import role_layout
from ..modules.layout import units
from ..modules import slashable_shares

implements: IERC20

implements: IERC20Detailed

implements: IERC4626

implements: IInsuranceFund


# The part of the Clearinghouse that the fund speaks to.
interface IClearinghouse:
    def owner() -> address: view
    def roles(role: uint256) -> address: view
    def phase() -> uint256: view
    def receive_draw(account: uint256, tokens: uint256, cash: uint256): nonpayable


# --------------------------------------------------------------------------------------------------
# Modules
# --------------------------------------------------------------------------------------------------


initializes: erc4626
initializes: slashable_shares[erc20 := erc20]

uses: erc20

exports: (
    erc4626.asset,
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    slashable_shares.balanceOf,
    slashable_shares.allowance,
    slashable_shares.transfer,
    slashable_shares.transferFrom,
    slashable_shares.approve,
    slashable_shares.request_redeem,
    slashable_shares.cancel_request,
    slashable_shares.request_of,
    slashable_shares.locked_shares,
    slashable_shares.halvings,
    slashable_shares.cooldown,
    slashable_shares.window,
)


# --------------------------------------------------------------------------------------------------
# Constants
# --------------------------------------------------------------------------------------------------


# Decimals of a share beyond the token's, and virtual shares: one token unit's worth at par.
_OFFSET: constant(uint8) = 6
_PAR: constant(uint256) = 10**6


# Greatest supply (shares) and greatest balance (token units) that a deposit may lead to; keeps
# products of the two below 2**255. The first is also the limit that slashable_shares sets.
_MAX_SUPPLY: constant(uint256) = 2**127
_MAX_ASSETS: constant(uint256) = 2**127


# --------------------------------------------------------------------------------------------------
# Immutables
# --------------------------------------------------------------------------------------------------


# The ledger: names the admin and the DefaultManager, and receives what is drawn.
clearinghouse: public(immutable(address))

# Cash (WAD) in a unit of the settlement token, 10**(18 - decimals).
_CASH_PER_UNIT: immutable(uint256)


# --------------------------------------------------------------------------------------------------
# Storage
# --------------------------------------------------------------------------------------------------


# DefaultManager -> cash (WAD) it has reserved. Only the present manager's counts.
_reserved_by: HashMap[address, uint256]


# --------------------------------------------------------------------------------------------------
# Constructor
# --------------------------------------------------------------------------------------------------


@deploy
def __init__(
    name_: String[25],
    symbol_: String[5],
    asset_: IERC20,
    clearinghouse_: address,
    cooldown_: uint256,
    window_: uint256,
):
    """
    @notice Opens an empty fund. The Clearinghouse need not exist yet.
    @param name_ Name of the share.
    @param symbol_ Symbol of the share.
    @param asset_ The settlement token; at most 18 decimals, transfers whole amounts.
    @param clearinghouse_ The ledger, for good.
    @param cooldown_ How long a request waits, seconds.
    @param window_ How long it can then be redeemed, seconds.
    @custom:reverts insurance fund: no clearinghouse | insurance fund: too many decimals | shares:
                    cooldown out of bounds | shares: window out of bounds
    """
    assert clearinghouse_ != empty(address), "insurance fund: no clearinghouse"
    asset_decimals: uint8 = staticcall IERC20Detailed(asset_.address).decimals()
    assert asset_decimals <= units.WAD_DECIMALS, "insurance fund: too many decimals"
    erc4626.__init__(name_, symbol_, asset_, _OFFSET, name_, "1")
    clearinghouse = clearinghouse_
    _CASH_PER_UNIT = 10**convert(units.WAD_DECIMALS - asset_decimals, uint256)
    slashable_shares._set_timing(cooldown_, window_)


# --------------------------------------------------------------------------------------------------
# Staking
# --------------------------------------------------------------------------------------------------


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Stakes exactly `assets`. A request that `receiver` has pending stays as it is.
    @param assets Token units to take from the caller.
    @param receiver Gets the shares.
    @return Shares minted, rounded down.
    @custom:reverts insurance fund: winding down | insurance fund: over the deposit limit
                    | insurance fund: no shares for this | insurance fund: token arrived short | the
                    token's and Snekmate's own
    """
    self._require_in_phase(role_layout.RUNNING)
    self._require_room(assets <= self._max_deposit(receiver))
    shares: uint256 = erc4626._preview_deposit(assets)
    self._stake(receiver, assets, shares)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice Stakes what `shares` cost. A request that `receiver` has pending stays as it is.
    @param shares Shares to mint.
    @param receiver Gets the shares.
    @return Token units taken from the caller, rounded up.
    @custom:reverts see `deposit`
    """
    self._require_in_phase(role_layout.RUNNING)
    self._require_room(shares <= self._max_mint(receiver))
    assets: uint256 = erc4626._preview_mint(shares)
    self._stake(receiver, assets, shares)
    return assets


# --------------------------------------------------------------------------------------------------
# Leaving
# --------------------------------------------------------------------------------------------------


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Redeems exactly `shares` of the request of `owner`, inside its window; of all he has
            when the clearinghouse redeems.
    @param shares Shares to burn.
    @param receiver Gets the tokens.
    @param owner Holder of the shares: the caller, or one who gave the caller an allowance.
    @return Token units paid, rounded down.
    @custom:reverts insurance fund: winding down | insurance fund: money is reserved | shares: no
                    open window | shares: more than requested | shares: more than free | erc20:
                    insufficient allowance
    """
    assets: uint256 = erc4626._preview_redeem(shares)
    self._unstake(receiver, owner, assets, shares)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Redeems as many shares of the request of `owner` as `assets` take, inside its window; of
            all he has when the clearinghouse redeems.
    @param assets Token units to pay.
    @param receiver Gets the tokens.
    @param owner Holder of the shares: the caller, or one who gave the caller an allowance.
    @return Shares burnt, rounded up.
    @custom:reverts see `redeem`
    """
    shares: uint256 = erc4626._preview_withdraw(assets)
    self._unstake(receiver, owner, assets, shares)
    return shares


# --------------------------------------------------------------------------------------------------
# Loss
# --------------------------------------------------------------------------------------------------


@external
def draw(account: uint256, cash: uint256) -> uint256:
    """
    @notice Pays for a default: `cash`, or all there is. Only the DefaultManager.
    @dev The Clearinghouse pulls the tokens and checks what arrived; the allowance is exact, so that
         no more can leave. A draw on an empty fund pays 0 and never reverts (INV-13).
    @param account The defaulter.
    @param cash What is asked for, WAD.
    @return Cash paid, WAD. The tokens for it are rounded up to a whole unit.
    @custom:reverts insurance fund: only the default manager | the Clearinghouse's own
    """
    self._require_manager()
    held: uint256 = erc4626._total_assets()
    tokens: uint256 = held
    paid: uint256 = held * _CASH_PER_UNIT
    if cash <= paid:
        tokens = math._ceil_div(cash, _CASH_PER_UNIT)
        paid = cash
    if tokens != 0:
        log IInsuranceFund.Draw(account=account, asked=cash, paid=paid, tokens=tokens)
        assert extcall IERC20(erc4626.asset).approve(
            clearinghouse, tokens, default_return_value=True
        ), "insurance fund: approve failed"
        extcall IClearinghouse(clearinghouse).receive_draw(account, tokens, paid)
    # Also when nothing was left to pay: the token's issuer may have taken it.
    slashable_shares._consolidate(erc4626._total_assets() * _PAR)
    return paid


@external
def reserve(cash: uint256):
    """
    @notice Sets what the DefaultManager has reserved for defaults under way, in total. While it is
            not 0 nobody leaves; what a former manager left reserved does not count. Only the
            DefaultManager.
    @param cash All that is reserved from now on, WAD; 0 = nothing.
    @custom:reverts insurance fund: only the default manager
    """
    self._require_manager()
    self._reserved_by[msg.sender] = cash
    log IInsuranceFund.Reserve(manager=msg.sender, cash=cash)


# --------------------------------------------------------------------------------------------------
# Views
# --------------------------------------------------------------------------------------------------


@external
@view
def reserved() -> uint256:
    """
    @notice Cash reserved for defaults under way, WAD. Withdrawals wait while it is not 0.
    """
    return self._reserved()


@external
@view
def totalAssets() -> uint256:
    """
    @notice Token units held: stakes, fees and donations.
    """
    return erc4626._total_assets()


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares worth `assets` token units, rounded down.
    """
    return erc4626._convert_to_shares(assets, False)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice Token units that `shares` are worth, rounded down.
    """
    return erc4626._convert_to_assets(shares, False)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice Shares that `deposit` would mint, limits aside.
    """
    return erc4626._preview_deposit(assets)


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice Token units that `mint` would take, limits aside.
    """
    return erc4626._preview_mint(shares)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice Shares that `withdraw` would burn, limits aside.
    """
    return erc4626._preview_withdraw(assets)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice Token units that `redeem` would pay, limits aside.
    """
    return erc4626._preview_redeem(shares)


@external
@view
def maxDeposit(receiver: address) -> uint256:
    """
    @notice The most that `deposit` takes for `receiver`, token units.
    """
    return self._max_deposit(receiver)


@external
@view
def maxMint(receiver: address) -> uint256:
    """
    @notice The most that `mint` mints for `receiver`, shares.
    """
    return self._max_mint(receiver)


@external
@view
def maxWithdraw(owner: address) -> uint256:
    """
    @notice The most that `withdraw` pays `owner` now, token units.
    """
    return erc4626._convert_to_assets(self._max_redeem(owner), False)


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most that `redeem` burns for `owner` now, shares.
    """
    return self._max_redeem(owner)


# --------------------------------------------------------------------------------------------------
# Admin
# --------------------------------------------------------------------------------------------------


@external
def set_timing(cooldown: uint256, window: uint256):
    """
    @notice Sets the timing of requests made from now on; those already made keep theirs. Only the
            owner of the Clearinghouse.
    @param cooldown How long a request waits, seconds: 1 hour to 30 days.
    @param window How long it can then be redeemed, seconds: 20 minutes to 7 days, and at most a
           third of the cooldown.
    @custom:reverts insurance fund: only the owner | shares: cooldown out of bounds | shares: window
                    out of bounds
    """
    assert (
        msg.sender == staticcall IClearinghouse(clearinghouse).owner()
    ), "insurance fund: only the owner"
    slashable_shares._set_timing(cooldown, window)


# --------------------------------------------------------------------------------------------------
# Internal
# --------------------------------------------------------------------------------------------------


@internal
def _stake(receiver: address, assets: uint256, shares: uint256):
    """
    @dev Takes `assets` from the caller and mints `shares`. A token that keeps a fee is refused.
    """
    assert shares != 0, "insurance fund: no shares for this"
    slashable_shares._catch_up(receiver)
    held: uint256 = erc4626._total_assets()
    erc4626._deposit(msg.sender, receiver, assets, shares)
    assert erc4626._total_assets() >= held + assets, "insurance fund: token arrived short"


@internal
def _unstake(receiver: address, owner: address, assets: uint256, shares: uint256):
    """
    @dev Burns `shares` of the request of `owner` and pays `assets`; without a request when the
         clearinghouse redeems.
    """
    if self._phase() == role_layout.REDEMPTION:
        slashable_shares._use_any(owner, shares)
    else:
        self._require_in_phase(role_layout.RUNNING)
        assert self._reserved() == 0, "insurance fund: money is reserved"
        slashable_shares._use_request(owner, shares)
    if msg.sender != owner:
        slashable_shares._catch_up_allowance(owner, msg.sender)
    erc4626._withdraw(msg.sender, receiver, owner, assets, shares)


@internal
@view
def _reserved() -> uint256:
    """
    @dev What the present DefaultManager has reserved, WAD.
    """
    return self._reserved_by[self._manager()]


@internal
@view
def _max_redeem(owner: address) -> uint256:
    """
    @dev Shares of `owner` that can be redeemed now.
    """
    phase: uint256 = self._phase()
    if phase == role_layout.REDEMPTION:
        return slashable_shares._balance(owner)
    if phase != role_layout.RUNNING or self._reserved() != 0:
        return 0
    return slashable_shares._redeemable(owner)


@internal
@view
def _max_deposit(receiver: address) -> uint256:
    """
    @dev Token units that keep both supply and balance within their limits. Converting there and
         back with floors never ends above what it started from.
    """
    held: uint256 = erc4626._total_assets()
    if not self._has_room(receiver, held):
        return 0
    return min(
        _MAX_ASSETS - held,
        erc4626._convert_to_assets(_MAX_SUPPLY - erc20.totalSupply, False),
    )


@internal
@view
def _max_mint(receiver: address) -> uint256:
    """
    @dev Shares that keep both supply and balance within their limits.
    """
    held: uint256 = erc4626._total_assets()
    if not self._has_room(receiver, held):
        return 0
    return min(
        _MAX_SUPPLY - erc20.totalSupply,
        erc4626._convert_to_shares(_MAX_ASSETS - held, False),
    )


@internal
@view
def _has_room(receiver: address, held: uint256) -> bool:
    """
    @dev Whether anything can be staked for `receiver` while the fund holds `held` token units.
    """
    return (
        receiver != empty(address)
        and held < _MAX_ASSETS
        and erc20.totalSupply < _MAX_SUPPLY
        and self._phase() == role_layout.RUNNING
    )


@internal
@view
def _manager() -> address:
    """
    @dev The present DefaultManager.
    """
    return staticcall IClearinghouse(clearinghouse).roles(role_layout.DEFAULT_MANAGER)


@internal
@view
def _phase() -> uint256:
    """
    @dev How far the clearinghouse has been wound down.
    """
    return staticcall IClearinghouse(clearinghouse).phase()


@internal
@view
def _require_in_phase(phase: uint256):
    """
    @dev Reverts in any other phase: it only gets there by winding down.
    """
    assert self._phase() == phase, "insurance fund: winding down"


@internal
@view
def _require_manager():
    """
    @dev Reverts unless the caller is the present DefaultManager.
    """
    assert msg.sender == self._manager(), "insurance fund: only the default manager"


@internal
@pure
def _require_room(fits: bool):
    """
    @dev Reverts unless `fits`.
    """
    assert fits, "insurance fund: over the deposit limit"
