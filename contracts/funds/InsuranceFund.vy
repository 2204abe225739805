#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title InsuranceFund
@custom:contract-name InsuranceFund
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
        shares and one virtual token unit, a donor who makes a deposit of a units round to nothing
        loses at least a * 10**6 units to the virtual shares, however much they staked before. Six
        is enough for that, and leaves room below the supply limit for a settlement token of 18
        decimals. Donations and fees that arrive while nobody is staked belong to the virtual
        shares: they cover losses and nobody can withdraw them.

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
from ..interfaces import IHouseContract
from ..interfaces import IInsuranceFund
from ..interfaces import IInsuranceFundAdmin
from ..interfaces import IInsuranceFundEvents
from ..interfaces import IInsuranceFundManager
from ..modules.layout import fund_words
from ..modules.layout import role_layout
from ..modules import fund
from ..modules import slashable_shares

implements: IERC20

implements: IERC20Detailed

implements: IERC4626

implements: IHouseContract
implements: IInsuranceFund

implements: IInsuranceFundAdmin

implements: IInsuranceFundManager

uses: erc20

initializes: erc4626

initializes: fund

initializes: slashable_shares[erc20 := erc20]

exports: (
    erc4626.asset,
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    fund.CLEARINGHOUSE,
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


# CONSTANTS ----------------------------------------------------------------------------------------

# Decimals of a share beyond the token's, and virtual shares: one token unit's worth at par.
OFFSET: constant(uint8) = 6

# Greatest balance (token units) that a deposit may lead to. With the greatest supply that
# slashable_shares sets it keeps products of the two below 2**255.
MAX_ASSETS: constant(uint256) = 2**127


# CONSTRUCTOR --------------------------------------------------------------------------------------

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
    @param asset_ Address of the settlement token; at most 18 decimals, transfers whole amounts.
    @param clearinghouse_ Address of the ledger, for good.
    @param cooldown_ How long a request waits, seconds.
    @param window_ How long it can then be redeemed, seconds.
    @custom:reverts fund: no clearinghouse | fund: too many decimals | leave timing: cooldown out of
                    bounds | leave timing: window out of bounds
    """
    fund.__init__(clearinghouse_, asset_.address)
    erc4626.__init__(name_, symbol_, asset_, OFFSET, name_, "1")
    slashable_shares._set_timing(cooldown_, window_)


# STAKING ------------------------------------------------------------------------------------------

@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Stakes exactly `assets`. A request that `receiver` has pending stays as it is. Anyone.
    @param assets Token units to take from the caller.
    @param receiver Address that gets the shares.
    @return Shares minted, rounded down.
    @custom:reverts fund: winding down | insurance fund: over the deposit limit | insurance fund: no
                    shares for this | erc4626: transferFrom operation did not succeed | erc20: mint
                    to the zero address | insurance fund: token arrived short
    """
    fund._require_running()
    self._require_room(assets <= self._max_deposit(receiver))
    shares: uint256 = erc4626._preview_deposit(assets)
    self._stake(receiver, assets, shares)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice Stakes what `shares` cost. A request that `receiver` has pending stays as it is. Anyone.
    @param shares Shares to mint.
    @param receiver Address that gets the shares.
    @return Token units taken from the caller, rounded up.
    @custom:reverts fund: winding down | insurance fund: over the deposit limit | insurance fund: no
                    shares for this | erc4626: transferFrom operation did not succeed | erc20: mint
                    to the zero address | insurance fund: token arrived short
    """
    fund._require_running()
    self._require_room(shares <= self._max_mint(receiver))
    assets: uint256 = erc4626._preview_mint(shares)
    self._stake(receiver, assets, shares)
    return assets


# LEAVING ------------------------------------------------------------------------------------------

@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Redeems exactly `shares` of the request of `owner`, inside its window; of all they have
            when the clearinghouse redeems. Holders, and anyone with their allowance.
    @param shares Shares to burn.
    @param receiver Address that gets the tokens.
    @param owner Holder of the shares: address of the caller, or of one who gave the caller an
           allowance.
    @return Token units paid, rounded down.
    @custom:reverts slashable shares: more than free | fund: winding down | slashable shares: no
                    open window | slashable shares: more than requested | erc20: insufficient
                    allowance | erc20: approve from the zero address | erc20: approve to the zero
                    address | erc20: burn from the zero address | erc20: burn amount exceeds balance
                    | erc4626: transfer operation did not succeed
    """
    assets: uint256 = erc4626._preview_redeem(shares)
    self._unstake(receiver, owner, assets, shares)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Redeems as many shares of the request of `owner` as `assets` take, inside its window; of
            all they have when the clearinghouse redeems. Holders, and anyone with their allowance.
    @param assets Token units to pay.
    @param receiver Address that gets the tokens.
    @param owner Holder of the shares: address of the caller, or of one who gave the caller an
           allowance.
    @return Shares burnt, rounded up.
    @custom:reverts slashable shares: more than free | fund: winding down | slashable shares: no
                    open window | slashable shares: more than requested | erc20: insufficient
                    allowance | erc20: approve from the zero address | erc20: approve to the zero
                    address | erc20: burn from the zero address | erc20: burn amount exceeds balance
                    | erc4626: transfer operation did not succeed
    """
    shares: uint256 = erc4626._preview_withdraw(assets)
    self._unstake(receiver, owner, assets, shares)
    return shares


# LOSS ---------------------------------------------------------------------------------------------

@external
def draw(account: uint256, cash: uint256) -> (uint256, uint256):
    """
    @notice Pays for a default: `cash`, or all there is. Only the DefaultManager.
    @dev A draw on an empty fund pays 0 and never reverts (INV-13).
    @param account Id of the defaulter.
    @param cash What is asked for, WAD cash.
    @return Paid, WAD cash. The tokens for it are rounded up to a whole unit.
    @return Deferred, WAD cash.
    @custom:reverts fund: only the default manager | fund: approve failed
    """
    fund._require_manager()
    held: uint256 = erc4626._total_assets()
    tokens: uint256 = held
    paid: uint256 = held * fund.CASH_PER_UNIT
    if cash <= paid:
        tokens = fund._tokens_up(cash)
        paid = cash
    if tokens != 0:
        log IInsuranceFundEvents.Draw(account=account, asked=cash, paid=paid, tokens=tokens)
        fund._hand_over(erc4626.asset, account, tokens, paid)
    # Also when the fund was empty: the token's issuer can take what it holds, without a draw.
    slashable_shares._consolidate(erc4626._total_assets() * fund_words.PAR)
    return paid, 0


@external
def restore(account: uint256, tokens: uint256):
    """
    @notice Takes back what a default had cost. Only the Clearinghouse.
    @param account Account id.
    @param tokens Token units.
    @custom:reverts fund: only the clearinghouse
    """
    fund._require_clearinghouse()
    assert extcall IERC20(erc4626.asset).transferFrom(msg.sender, self, tokens)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def totalAssets() -> uint256:
    """
    @notice Token units held: stakes, fees and donations. Anyone.
    @return Token units.
    """
    return erc4626._total_assets()


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares worth `assets`, rounded down. Anyone.
    @param assets Token units.
    @return Shares.
    """
    return erc4626._convert_to_shares(assets, False)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, rounded down. Anyone.
    @param shares Shares.
    @return Token units.
    """
    return erc4626._convert_to_assets(shares, False)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice What `deposit` would mint, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded down.
    """
    return erc4626._preview_deposit(assets)


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice What `mint` would take, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded up.
    """
    return erc4626._preview_mint(shares)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice What `withdraw` would burn, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded up.
    """
    return erc4626._preview_withdraw(assets)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice What `redeem` would pay, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded down.
    """
    return erc4626._preview_redeem(shares)


@external
@view
def maxDeposit(receiver: address) -> uint256:
    """
    @notice The most that `deposit` takes for `receiver`. Anyone.
    @param receiver Address that would get the shares.
    @return Token units.
    """
    return self._max_deposit(receiver)


@external
@view
def maxMint(receiver: address) -> uint256:
    """
    @notice The most that `mint` mints for `receiver`. Anyone.
    @param receiver Address that would get the shares.
    @return Shares.
    """
    return self._max_mint(receiver)


@external
@view
def maxWithdraw(owner: address) -> uint256:
    """
    @notice The most that `withdraw` pays `owner` now. Anyone.
    @param owner Address of the holder.
    @return Token units.
    """
    return erc4626._convert_to_assets(self._max_redeem(owner), False)


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most that `redeem` burns for `owner` now. Anyone.
    @param owner Address of the holder.
    @return Shares.
    """
    return self._max_redeem(owner)


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_timing(cooldown: uint256, window: uint256):
    """
    @notice Sets the timing of requests made from now on; those already made keep theirs. Only the
            owner of the Clearinghouse.
    @param cooldown How long a request waits, seconds: 1 hour to 30 days.
    @param window How long it can then be redeemed, seconds: 20 minutes to 7 days, and at most a
           third of the cooldown.
    @custom:reverts fund: only the owner | leave timing: cooldown out of bounds | leave timing:
                    window out of bounds
    """
    fund._require_owner()
    slashable_shares._set_timing(cooldown, window)


# INTERNAL -----------------------------------------------------------------------------------------

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
    if fund._phase() == role_layout.REDEMPTION:
        slashable_shares._use_any(owner, shares)
    else:
        fund._require_running()
        slashable_shares._use_request(owner, shares)
    if msg.sender != owner:
        slashable_shares._catch_up_allowance(owner, msg.sender)
    erc4626._withdraw(msg.sender, receiver, owner, assets, shares)


@internal
@view
def _max_redeem(owner: address) -> uint256:
    """
    @dev Shares of `owner` that can be redeemed now.
    """
    phase: uint256 = fund._phase()
    if phase == role_layout.REDEMPTION:
        return slashable_shares._balance(owner)
    if phase != role_layout.RUNNING:
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
        MAX_ASSETS - held,
        erc4626._convert_to_assets(slashable_shares.MAX_SUPPLY - erc20.totalSupply, False),
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
        slashable_shares.MAX_SUPPLY - erc20.totalSupply,
        erc4626._convert_to_shares(MAX_ASSETS - held, False),
    )


@internal
@view
def _has_room(receiver: address, held: uint256) -> bool:
    """
    @dev Whether anything can be staked for `receiver` while the fund holds `held` token units.
    """
    return (
        receiver != empty(address)
        and held < MAX_ASSETS
        and erc20.totalSupply < slashable_shares.MAX_SUPPLY
        and fund._phase() == role_layout.RUNNING
    )


@internal
@pure
def _require_room(fits: bool):
    """
    @dev Reverts unless a stake `fits` into what `maxDeposit` and `maxMint` allow.
    """
    assert fits, "insurance fund: over the deposit limit"
