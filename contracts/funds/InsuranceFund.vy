#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title InsuranceFund
@custom:contract-name InsuranceFund
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Tier 3 of the waterfall: a vault of the settlement token, with ERC-4626's functions, in
        which anyone may stake. Draws by the DefaultManager lower the value of a share, the premium
        raises it by its rate; nothing else does either.

        Assets are what was booked: what arrives by plain transfer belongs to no share. What could
        not be handed over for a draw is off the books at once (see fund). Recoveries of what a
        draw has cost go to those who held shares then (see holders_of_record).

        Leaving takes a request, a cooldown and a window (see slashable_shares); until they are
        redeemed, shares bear every loss. While exits are closed, for a pause of liquidations,
        nobody leaves or stakes, and the clocks of requests stand still.

        While the clearinghouse winds down nobody stakes and nobody leaves; when it redeems, shares
        are redeemed without a request.
@dev    First depositor. A share has six decimals more than the token, so with V = 10**6 virtual
        shares and one virtual token unit, whoever would make a deposit of a units round to nothing
        loses at least a * 10**6 units to the virtual shares, however much they staked before; and
        nobody can give a share more value than the premium does. Six is enough for that, and leaves
        room below the supply limit for a settlement token of 18 decimals. The units of the virtual
        shares cover losses and nobody can withdraw them.

        Total loss. The fund can be emptied and staked again any number of times, because shares are
        consolidated when they are worth next to nothing (see slashable_shares).

        Snekmate's modules hold no lock, so nothing of them that moves or prices shares is exported;
        it is wrapped, here or in slashable_shares, under this contract's lock.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626
from snekmate.auth import ownable
from snekmate.tokens import erc20
from ..interfaces import IFund
from ..interfaces import IHouseContract
from ..interfaces import IInsuranceFund
from ..interfaces import IInsuranceFundAdmin
from ..interfaces import IInsuranceFundEvents
from ..interfaces import IInsuranceFundManager
from ..modules.layout import fund_words
from ..modules.layout import role_layout
from ..modules import fund
from ..modules import holders_of_record
from ..modules import premiums
from ..modules import slashable_shares
from ..modules import staked_assets
from ..modules import vault

implements: IERC20

implements: IERC20Detailed

implements: IFund

implements: IHouseContract
implements: IInsuranceFund

implements: IInsuranceFundAdmin

implements: IInsuranceFundManager

initializes: ownable

initializes: erc20[ownable := ownable]

initializes: fund

initializes: premiums[fund := fund]

initializes: staked_assets[erc20 := erc20, fund := fund, premiums := premiums]

initializes: holders_of_record

initializes: slashable_shares[erc20 := erc20, fund := fund, holders_of_record := holders_of_record]

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    fund.CLEARINGHOUSE,
    fund.deferred,
    fund.pay_deferred,
    holders_of_record.claimed,
    holders_of_record.draw_count,
    holders_of_record.kept,
    holders_of_record.loss_of,
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
    staked_assets.accrue,
    staked_assets.asset,
    staked_assets.convertToAssets,
    staked_assets.convertToShares,
    staked_assets.premium,
    staked_assets.previewDeposit,
    staked_assets.previewMint,
    staked_assets.previewRedeem,
    staked_assets.previewWithdraw,
    staked_assets.set_premium,
    staked_assets.totalAssets,
)


# CONSTANTS ----------------------------------------------------------------------------------------

# Decimals of a share beyond the token's: fund_words.PAR shares for a token unit at par.
OFFSET: constant(uint8) = 6

# Greatest assets (token units) that a deposit may lead to. With the greatest supply that
# slashable_shares sets it keeps products of the two below 2**255.
MAX_ASSETS: constant(uint256) = 2**127


# CONSTRUCTOR --------------------------------------------------------------------------------------

@deploy
def __init__(
    name_: String[25],
    symbol_: String[5],
    asset_: IERC20Detailed,
    clearinghouse_: address,
    cooldown_: uint256,
    window_: uint256,
    premium_: uint256,
):
    """
    @notice Opens an empty fund. The Clearinghouse need not exist yet.
    @param name_ Name of the share.
    @param symbol_ Symbol of the share.
    @param asset_ Address of the settlement token; at most 18 decimals, transfers whole amounts.
    @param clearinghouse_ Address of the ledger, for good.
    @param cooldown_ How long a request waits, seconds.
    @param window_ How long it can then be redeemed, seconds.
    @param premium_ What shares earn, ppm of the assets a year.
    @custom:reverts fund: no clearinghouse | fund: too many decimals | leave timing: cooldown out of
                    bounds | leave timing: window out of bounds | premiums: rate out of bounds
    """
    fund.__init__(clearinghouse_, asset_.address)
    ownable.__init__()
    ownable._transfer_ownership(empty(address))
    erc20.__init__(name_, symbol_, staticcall asset_.decimals() + OFFSET, name_, "1")
    slashable_shares._set_timing(cooldown_, window_)
    staked_assets._set_premium(premium_)


# STAKING ------------------------------------------------------------------------------------------

@external
def deposit(assets: uint256, receiver: address, min_shares: uint256 = 0) -> uint256:
    """
    @notice Stakes exactly `assets`. A request that `receiver` has pending stays as it is. Anyone.
    @param assets Token units to take from the caller.
    @param receiver Address that gets the shares.
    @param min_shares Least number of shares that the caller accepts.
    @return Shares minted, rounded down.
    @custom:reverts fund: winding down | fund: closed by a pause | insurance fund: over the deposit
                    limit | fund: outside the caller's bound | insurance fund: no shares for this |
                    vault: token transfer failed | insurance fund: token arrived short | fund:
                    tokens are missing | erc20: mint to the zero address
    """
    fund._require_open()
    staked_assets._accrue()
    self._require_room(assets <= self._max_deposit(receiver))
    shares: uint256 = staked_assets._to_shares(assets, staked_assets.booked, False)
    fund._require_bound(shares >= min_shares)
    self._stake(receiver, assets, shares)
    return shares


@external
def mint(shares: uint256, receiver: address, max_assets: uint256 = max_value(uint256)) -> uint256:
    """
    @notice Stakes what `shares` cost. A request that `receiver` has pending stays as it is. Anyone.
    @param shares Shares to mint.
    @param receiver Address that gets the shares.
    @param max_assets Most that the caller pays, token units.
    @return Token units taken from the caller, rounded up.
    @custom:reverts fund: winding down | fund: closed by a pause | insurance fund: over the deposit
                    limit | fund: outside the caller's bound | insurance fund: no shares for this |
                    vault: token transfer failed | insurance fund: token arrived short | fund:
                    tokens are missing | erc20: mint to the zero address
    """
    fund._require_open()
    staked_assets._accrue()
    self._require_room(shares <= self._max_mint(receiver))
    assets: uint256 = staked_assets._to_assets(shares, staked_assets.booked, True)
    fund._require_bound(assets <= max_assets)
    self._stake(receiver, assets, shares)
    return assets


# LEAVING ------------------------------------------------------------------------------------------

@external
def redeem(shares: uint256, receiver: address, owner: address, min_assets: uint256 = 0) -> uint256:
    """
    @notice Redeems exactly `shares` of the request of `owner`, inside its window; of all they have
            when the clearinghouse redeems. Holders, and anyone with their allowance.
    @param shares Shares to burn.
    @param receiver Address that gets the tokens.
    @param owner Holder of the shares: address of the caller, or of one who gave the caller an
           allowance.
    @param min_assets Least that the caller accepts, token units.
    @return Token units paid, rounded down.
    @custom:reverts fund: outside the caller's bound | slashable shares: more than free | fund:
                    winding down | fund: closed by a pause | slashable shares: no open window |
                    slashable shares: more than requested | erc20: insufficient allowance | erc20:
                    approve from the zero address | erc20: approve to the zero address | erc20: burn
                    from the zero address | erc20: burn amount exceeds balance | vault: token
                    transfer failed
    """
    staked_assets._accrue()
    assets: uint256 = staked_assets._to_assets(shares, staked_assets.booked, False)
    fund._require_bound(assets >= min_assets)
    self._unstake(receiver, owner, assets, shares)
    return assets


@external
def withdraw(
    assets: uint256,
    receiver: address,
    owner: address,
    max_shares: uint256 = max_value(uint256),
) -> uint256:
    """
    @notice Redeems as many shares of the request of `owner` as `assets` take, inside its window; of
            all they have when the clearinghouse redeems. Holders, and anyone with their allowance.
    @param assets Token units to pay.
    @param receiver Address that gets the tokens.
    @param owner Holder of the shares: address of the caller, or of one who gave the caller an
           allowance.
    @param max_shares Most shares that the caller burns.
    @return Shares burnt, rounded up.
    @custom:reverts fund: outside the caller's bound | slashable shares: more than free | fund:
                    winding down | fund: closed by a pause | slashable shares: no open window |
                    slashable shares: more than requested | erc20: insufficient allowance | erc20:
                    approve from the zero address | erc20: approve to the zero address | erc20: burn
                    from the zero address | erc20: burn amount exceeds balance | vault: token
                    transfer failed
    """
    staked_assets._accrue()
    shares: uint256 = staked_assets._to_shares(assets, staked_assets.booked, True)
    fund._require_bound(shares <= max_shares)
    self._unstake(receiver, owner, assets, shares)
    return shares


# LOSS AND RECOVERY --------------------------------------------------------------------------------

@external
def draw(account: uint256, cash: uint256) -> (uint256, uint256):
    """
    @notice Pays for a default: `cash`, or all there is. Only the DefaultManager.
    @dev A draw on an empty fund pays 0; whatever the token does, it never reverts (INV-13).
    @param account Id of the defaulter.
    @param cash What is asked for, WAD cash.
    @return Paid, WAD cash. The tokens for it are rounded up to a whole unit.
    @return What of it could not be handed over now and is owed, WAD cash: all of it or nothing.
    @custom:reverts fund: only the default manager | fund: too little gas
    """
    fund._require_manager()
    premiums._note(fund_words.ONLY_TRANCHE, staked_assets._cover(), staked_assets.premium)
    held: uint256 = staked_assets.booked
    tokens: uint256 = held
    paid: uint256 = held * fund.CASH_PER_UNIT
    if cash <= paid:
        tokens = fund._tokens_up(cash)
        paid = cash
    deferred: uint256 = 0
    if tokens != 0:
        staked_assets.booked = held - tokens
        id: uint256 = holders_of_record._open(
            account,
            fund_words.ONLY_TRANCHE,
            tokens,
            erc20.totalSupply,
            slashable_shares.halvings,
        )
        if not fund._hand_over(account, tokens, paid):
            deferred = paid
        log IInsuranceFundEvents.Draw(
            account=account, asked=cash, paid=paid, tokens=tokens, draw=id, deferred=deferred
        )
        slashable_shares._consolidate((held - tokens) * fund_words.PAR)
    return paid, deferred


@external
def restore(account: uint256, tokens: uint256):
    """
    @notice Takes what has come back from a defaulter and keeps it for those who held shares when
            the fund paid for them, to claim; beyond that it belongs to nobody here (see
            `forward_unclaimed`). Only the Clearinghouse.
    @param account Id of the account that was paid for.
    @param tokens Token units to take from the caller.
    @custom:reverts fund: only the clearinghouse | vault: token transfer failed
    """
    fund._require_clearinghouse()
    arrived: uint256 = vault._pull(fund.SETTLEMENT_TOKEN, msg.sender, tokens)
    holders_of_record._book(account, fund_words.ONLY_TRANCHE, arrived)


@external
def claim(draw: uint256, holder: address) -> uint256:
    """
    @notice Pays a holder of record of a draw their part of what has come back since. Anyone, for
            anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw, and gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts holders of record: nothing to claim | vault: token transfer failed
    """
    loss: IFund.Loss = holders_of_record._loss(draw)
    tokens: uint256 = holders_of_record._claim(
        draw, loss, holder, slashable_shares._shares_at(loss, draw, holder)
    )
    vault._push(fund.SETTLEMENT_TOKEN, holder, tokens)
    return tokens


@external
def forward_unclaimed() -> uint256:
    """
    @notice Gives what the fund holds beyond its books to the Clearinghouse's reserve: plain
            transfers, and recoveries that no holder of record waits for. Anyone.
    @return Token units given.
    @custom:reverts fund: nothing to forward | vault: token transfer failed
    """
    return fund._forward(staked_assets.booked + holders_of_record.kept)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def claimable(draw: uint256, holder: address) -> uint256:
    """
    @notice What `claim` would pay. Anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw.
    @return Token units.
    """
    loss: IFund.Loss = holders_of_record._loss(draw)
    return holders_of_record._claimable(
        draw, loss, holder, slashable_shares._shares_at(loss, draw, holder)
    )


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
    return staked_assets._to_assets(self._max_redeem(owner), staked_assets.booked, False)


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


# STAKES -------------------------------------------------------------------------------------------

@internal
def _stake(receiver: address, assets: uint256, shares: uint256):
    """
    @dev Takes `assets` from the caller and mints `shares`. A token that keeps a fee is refused.
    """
    assert shares != 0, "insurance fund: no shares for this"
    slashable_shares._catch_up(receiver)
    assert (
        vault._pull(fund.SETTLEMENT_TOKEN, msg.sender, assets) == assets
    ), "insurance fund: token arrived short"
    staked_assets.booked += assets
    fund._require_whole(staked_assets.booked + holders_of_record.kept)
    erc20._mint(receiver, shares)
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)


@internal
def _unstake(receiver: address, owner: address, assets: uint256, shares: uint256):
    """
    @dev Burns `shares` of the request of `owner` and pays `assets`; without a request when the
         clearinghouse redeems.
    """
    if fund._phase() == role_layout.REDEMPTION:
        slashable_shares._use_any(owner, shares)
    else:
        fund._require_open()
        slashable_shares._use_request(owner, shares)
    if msg.sender != owner:
        slashable_shares._catch_up_allowance(owner, msg.sender)
        erc20._spend_allowance(owner, msg.sender, shares)
    erc20._burn(owner, shares)
    staked_assets.booked -= assets
    log IERC4626.Withdraw(
        sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares
    )
    vault._push(fund.SETTLEMENT_TOKEN, receiver, assets)


# LIMITS -------------------------------------------------------------------------------------------

@internal
@view
def _max_redeem(owner: address) -> uint256:
    """
    @dev Shares of `owner` that can be redeemed now.
    """
    phase: uint256 = fund._phase()
    if phase == role_layout.REDEMPTION:
        return slashable_shares._balance(owner)
    if phase != role_layout.RUNNING or not fund._exits_open():
        return 0
    return slashable_shares._redeemable(owner)


@internal
@view
def _max_deposit(receiver: address) -> uint256:
    """
    @dev Token units that keep both supply and assets within their limits. Converting there and
         back with floors never ends above what it started from.
    """
    held: uint256 = staked_assets.booked
    if not self._has_room(receiver, held):
        return 0
    return min(
        MAX_ASSETS - held,
        staked_assets._to_assets(slashable_shares.MAX_SUPPLY - erc20.totalSupply, held, False),
    )


@internal
@view
def _max_mint(receiver: address) -> uint256:
    """
    @dev Shares that keep both supply and assets within their limits.
    """
    held: uint256 = staked_assets.booked
    if not self._has_room(receiver, held):
        return 0
    return min(
        slashable_shares.MAX_SUPPLY - erc20.totalSupply,
        staked_assets._to_shares(MAX_ASSETS - held, held, False),
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
        and fund._exits_open()
    )


@internal
@pure
def _require_room(fits: bool):
    """
    @dev Reverts unless a stake `fits` into what `maxDeposit` and `maxMint` allow.
    """
    assert fits, "insurance fund: over the deposit limit"
