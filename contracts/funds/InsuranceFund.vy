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
        nobody leaves, and the clocks of requests stand still.

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

        Previews of stakes count the premium that is due, those of leaving do not: so a stake mints
        at least, and a leaver gets at least, what was shown.

        Snekmate's modules hold no lock, so nothing of them that moves or prices shares is exported;
        it is wrapped, here or in slashable_shares, under this contract's lock.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626
from snekmate.auth import ownable
from snekmate.tokens import erc20
from snekmate.utils import math
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

initializes: holders_of_record

initializes: slashable_shares[
    erc20 := erc20, fund := fund, holders_of_record := holders_of_record
]

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
)


# CONSTANTS ----------------------------------------------------------------------------------------

# Decimals of a share beyond the token's: fund_words.PAR shares for a token unit at par, and as many
# virtual shares, with one virtual token unit.
OFFSET: constant(uint8) = 6
VIRTUAL_UNITS: constant(uint256) = 1

# Greatest assets (token units) that a deposit may lead to. With the greatest supply that
# slashable_shares sets it keeps products of the two below 2**255.
MAX_ASSETS: constant(uint256) = 2**127


# STORAGE ------------------------------------------------------------------------------------------

# What shares are worth together, token units; <= tokens held - deferred - kept for claims.
booked: uint256

# What shares earn, ppm of the assets a year; at most premiums.MAX_PREMIUM.
premium: public(uint256)


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
    self._set_premium(premium_)


# STAKING ------------------------------------------------------------------------------------------

@external
def deposit(assets: uint256, receiver: address, min_shares: uint256 = 0) -> uint256:
    """
    @notice Stakes exactly `assets`. A request that `receiver` has pending stays as it is. Anyone.
    @param assets Token units to take from the caller.
    @param receiver Address that gets the shares.
    @param min_shares Least number of shares that the caller accepts.
    @return Shares minted, rounded down.
    @custom:reverts x
    """
    fund._require_running()
    self._accrue()
    self._require_room(assets <= self._max_deposit(receiver))
    shares: uint256 = self._to_shares(assets, self.booked, False)
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
    @custom:reverts x
    """
    fund._require_running()
    self._accrue()
    self._require_room(shares <= self._max_mint(receiver))
    assets: uint256 = self._to_assets(shares, self.booked, True)
    fund._require_bound(assets <= max_assets)
    self._stake(receiver, assets, shares)
    return assets


# LEAVING ------------------------------------------------------------------------------------------

@external
def redeem(
    shares: uint256, receiver: address, owner: address, min_assets: uint256 = 0
) -> uint256:
    """
    @notice Redeems exactly `shares` of the request of `owner`, inside its window; of all they have
            when the clearinghouse redeems. Holders, and anyone with their allowance.
    @param shares Shares to burn.
    @param receiver Address that gets the tokens.
    @param owner Holder of the shares: address of the caller, or of one who gave the caller an
           allowance.
    @param min_assets Least that the caller accepts, token units.
    @return Token units paid, rounded down.
    @custom:reverts x
    """
    self._accrue()
    assets: uint256 = self._to_assets(shares, self.booked, False)
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
    @param max_shares Most that the caller burns.
    @return Shares burnt, rounded up.
    @custom:reverts x
    """
    self._accrue()
    shares: uint256 = self._to_shares(assets, self.booked, True)
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
    @custom:reverts x
    """
    fund._require_manager()
    premiums._note(slashable_shares.TRANCHE, self._cover(), self.premium)
    held: uint256 = self.booked
    tokens: uint256 = held
    paid: uint256 = held * fund.CASH_PER_UNIT
    if cash <= paid:
        tokens = fund._tokens_up(cash)
        paid = cash
    deferred: uint256 = 0
    if tokens != 0:
        self.booked = held - tokens
        id: uint256 = holders_of_record._open(
            account,
            slashable_shares.TRANCHE,
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
    @custom:reverts x
    """
    fund._require_clearinghouse()
    arrived: uint256 = vault._pull(fund.SETTLEMENT_TOKEN, msg.sender, tokens)
    holders_of_record._book(account, slashable_shares.TRANCHE, arrived)


@external
def claim(draw: uint256, holder: address) -> uint256:
    """
    @notice Pays a holder of record of a draw their part of what has come back since. Anyone, for
            anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw, and gets the tokens.
    @return Token units paid, rounded down.
    @custom:reverts x
    """
    loss: holders_of_record.Loss = holders_of_record._loss(draw)
    tokens: uint256 = holders_of_record._claim(
        draw, loss, holder, slashable_shares._shares_at(loss, draw, holder)
    )
    vault._push(fund.SETTLEMENT_TOKEN, holder, tokens)
    return tokens


@external
def accrue() -> uint256:
    """
    @notice Asks the Clearinghouse's reserve for the premium that has accrued, and books what it
            pays. Anyone.
    @return Token units booked.
    @custom:reverts x
    """
    return self._accrue()


@external
def forward_unclaimed() -> uint256:
    """
    @notice Gives what the fund holds beyond its books to the Clearinghouse's reserve: plain
            transfers, and recoveries that no holder of record waits for. Anyone.
    @return Token units given.
    @custom:reverts x
    """
    return fund._forward(self.booked + holders_of_record.kept)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def asset() -> address:
    """
    @notice The settlement token. Anyone.
    @return Address of the token.
    """
    return fund.SETTLEMENT_TOKEN


@external
@view
def claimable(draw: uint256, holder: address) -> uint256:
    """
    @notice What `claim` would pay. Anyone.
    @param draw Id of the draw.
    @param holder Address of who held shares at the draw.
    @return Token units.
    """
    loss: holders_of_record.Loss = holders_of_record._loss(draw)
    return holders_of_record._claimable(
        draw, loss, holder, slashable_shares._shares_at(loss, draw, holder)
    )


@external
@view
def totalAssets() -> uint256:
    """
    @notice What shares are worth together, and can be drawn: stakes and premium, without what is
            deferred or kept for claims. Anyone.
    @return Token units.
    """
    return self.booked


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares worth `assets`, rounded down. Anyone.
    @param assets Token units.
    @return Shares.
    """
    return self._to_shares(assets, self.booked, False)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice What `shares` are worth, rounded down. Anyone.
    @param shares Shares.
    @return Token units.
    """
    return self._to_assets(shares, self.booked, False)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice What `deposit` would mint, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded down.
    """
    return self._to_shares(assets, self._with_premium(), False)


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice What `mint` would take, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded up.
    """
    return self._to_assets(shares, self._with_premium(), True)


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice What `withdraw` would burn at most, limits aside. Anyone.
    @param assets Token units.
    @return Shares, rounded up.
    """
    return self._to_shares(assets, self.booked, True)


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice What `redeem` would pay at least, limits aside. Anyone.
    @param shares Shares.
    @return Token units, rounded down.
    """
    return self._to_assets(shares, self.booked, False)


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
    return self._to_assets(self._max_redeem(owner), self.booked, False)


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


@external
def set_premium(rate: uint256):
    """
    @notice Sets what shares earn from now on; what has accrued is asked for at the rate before.
            Only the owner of the Clearinghouse.
    @param rate ppm of the assets a year, 500,000 at most.
    @custom:reverts x
    """
    fund._require_owner()
    self._accrue()
    self._set_premium(rate)


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
    self.booked += assets
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
        fund._require_exits_open()
        slashable_shares._use_request(owner, shares)
    if msg.sender != owner:
        slashable_shares._catch_up_allowance(owner, msg.sender)
        erc20._spend_allowance(owner, msg.sender, shares)
    erc20._burn(owner, shares)
    self.booked -= assets
    log IERC4626.Withdraw(
        sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares
    )
    vault._push(fund.SETTLEMENT_TOKEN, receiver, assets)


@internal
@view
def _to_shares(assets: uint256, total: uint256, roundup: bool) -> uint256:
    """
    @dev Shares for `assets` when all are worth `total` (both token units).
    """
    return math._mul_div(
        assets, erc20.totalSupply + fund_words.PAR, total + VIRTUAL_UNITS, roundup
    )


@internal
@view
def _to_assets(shares: uint256, total: uint256, roundup: bool) -> uint256:
    """
    @dev Token units for `shares` when all are worth `total` (token units).
    """
    return math._mul_div(
        shares, total + VIRTUAL_UNITS, erc20.totalSupply + fund_words.PAR, roundup
    )


# PREMIUM ------------------------------------------------------------------------------------------

@internal
def _accrue() -> uint256:
    """
    @dev Asks for what has accrued and books what is paid, token units.
    """
    tokens: uint256 = premiums._collect([self._cover(), 0], [self.premium, 0])[
        slashable_shares.TRANCHE
    ]
    if tokens != 0:
        self.booked += tokens
    return tokens


@internal
@view
def _cover() -> uint256:
    """
    @dev What premium accrues on, token units: nothing while nobody holds shares.
    """
    return self.booked if erc20.totalSupply != 0 else 0


@internal
@view
def _with_premium() -> uint256:
    """
    @dev Assets with the premium that would be paid now, token units.
    """
    return self.booked + min(
        premiums._due(slashable_shares.TRANCHE, self._cover(), self.premium),
        fund._premium_at_hand(),
    )


@internal
def _set_premium(rate: uint256):
    """
    @dev Validates, stores and logs the rate, ppm a year.
    """
    premiums._require_rate(rate)
    self.premium = rate
    log IInsuranceFundEvents.SetPremium(rate=rate)


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
    held: uint256 = self.booked
    if not self._has_room(receiver, held):
        return 0
    return min(
        MAX_ASSETS - held,
        self._to_assets(slashable_shares.MAX_SUPPLY - erc20.totalSupply, held, False),
    )


@internal
@view
def _max_mint(receiver: address) -> uint256:
    """
    @dev Shares that keep both supply and assets within their limits.
    """
    held: uint256 = self.booked
    if not self._has_room(receiver, held):
        return 0
    return min(
        slashable_shares.MAX_SUPPLY - erc20.totalSupply,
        self._to_shares(MAX_ASSETS - held, held, False),
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
