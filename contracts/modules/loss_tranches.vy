#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Two tranches of members' money that bear losses
@custom:contract-name loss_tranches
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Plain books of shares: what a tranche holds, all its shares, and who has how many. A loss is
        one number less for all; nobody is looped over and no share moves between members.

        First depositor. A tranche counts what was booked, so a plain transfer of tokens changes
        nothing; but fees may be paid by anyone and raise the value of a share. A million virtual
        shares and one virtual unit take part in every conversion: whoever inflates the value of a
        share so that another's deposit rounds by a unit gives a million units to the virtual
        shares. What these gather covers losses, and nobody can withdraw it while a share is out.

        Epochs. When a loss leaves less than a millionth of par behind a share, all shares of the
        tranche are void and the next ones are at par again, so that no number of losses makes the
        numbers grow. The crumbs left, and whatever is booked while nobody holds a share, stay in
        the tranche, cover losses, and go to whoever deposits next (they are part of what his
        contribution is worth, so he pledges for them too).
@dev    Bounds. assets < 2**96 (79 thousand million tokens of 18 decimals), total_shares < 2**128,
        epoch modulo 2**32. After a loss total_shares <= 10**12 * assets, and
        every other step rounds so that (total_shares + virtual) / (assets + 1) does not rise;
        hence a unit never mints more than 10**12 shares, and the worth of all members together
        never exceeds the assets. A tranche that is all but wiped out refuses deposits only beyond
        2**128 / 10**12 units, 340 million tokens of 18 decimals. 2**32 epochs are as many defaults
        of at least a whole unit of cash each.
"""

from snekmate.utils import math
from ..interfaces import IDefaultFund
from .layout import tier_layout

# --------------------------------------------------------------------------------------------------
# Constants
# --------------------------------------------------------------------------------------------------


# Shares of a unit at par; also the virtual shares, which hold one virtual unit.
PAR: constant(uint256) = 10**6
_VIRTUAL_SHARES: constant(uint256) = PAR
_VIRTUAL_UNITS: constant(uint256) = 1

# Shares that a unit may back before they are void: a share is then worth a millionth of par.
_WORTHLESS: constant(uint256) = PAR * 10**6

# A tranche is assets (96 bits) | total shares (128) | epoch (32), a stake is shares (128)
# | epoch (32) | noticed (1); lowest bits first.
_ASSETS_MASK: constant(uint256) = 2**96 - 1
_TOTAL_SHIFT: constant(uint256) = 96
_SHARES_MASK: constant(uint256) = 2**128 - 1
_TRANCHE_EPOCH_SHIFT: constant(uint256) = 224
_EPOCH_MASK: constant(uint256) = 2**32 - 1
_STAKE_EPOCH_SHIFT: constant(uint256) = 128
_NOTICED: constant(uint256) = 2**160


# --------------------------------------------------------------------------------------------------
# Storage
# --------------------------------------------------------------------------------------------------


# The tranches, packed. Sum of assets <= tokens held.
_tranches: uint256[tier_layout.TRANCHES]

# Member -> his shares of each tranche, packed; they count in the epoch they are stated in only.
# Sum over members of one epoch = total shares.
_stakes: HashMap[address, uint256[tier_layout.TRANCHES]]


# --------------------------------------------------------------------------------------------------
# Tranches
# --------------------------------------------------------------------------------------------------


@internal
@view
def _load(tranche: uint256) -> IDefaultFund.Tranche:
    """
    @dev A tranche, unpacked.
    """
    word: uint256 = self._tranches[tranche]
    return IDefaultFund.Tranche(
        assets=word & _ASSETS_MASK,
        total_shares=(word >> _TOTAL_SHIFT) & _SHARES_MASK,
        epoch=word >> _TRANCHE_EPOCH_SHIFT,
    )


@internal
def _store(tranche: uint256, pool: IDefaultFund.Tranche):
    """
    @dev Packs and stores a tranche.
    @custom:reverts default fund: tranche is full
    """
    assert (
        pool.assets <= _ASSETS_MASK and pool.total_shares <= _SHARES_MASK
    ), "default fund: tranche is full"
    self._tranches[tranche] = (
        pool.assets | (pool.total_shares << _TOTAL_SHIFT) | (pool.epoch << _TRANCHE_EPOCH_SHIFT)
    )


@internal
def _store_after_loss(tranche: uint256, pool: IDefaultFund.Tranche) -> uint256:
    """
    @dev Stores a tranche that has lost money, in a new epoch if its shares are worth next to
         nothing.
    @return Its total shares after that.
    """
    after: IDefaultFund.Tranche = pool
    if pool.total_shares > pool.assets * _WORTHLESS:
        after.total_shares = 0
        after.epoch = (pool.epoch + 1) & _EPOCH_MASK
        log IDefaultFund.BeginEpoch(
            tranche=tranche,
            epoch=after.epoch,
            void_shares=pool.total_shares,
            assets=pool.assets,
        )
    self._store(tranche, after)
    return after.total_shares


@internal
@pure
def _units_down(pool: IDefaultFund.Tranche, shares: uint256) -> uint256:
    """
    @dev Token units that shares are worth, rounded down. Never more than the assets: all shares are
         worth less than one virtual unit more than these.
    """
    return (shares * (pool.assets + _VIRTUAL_UNITS) // (pool.total_shares + _VIRTUAL_SHARES))


@internal
@pure
def _shares_down(pool: IDefaultFund.Tranche, tokens: uint256) -> uint256:
    """
    @dev Shares that a payment of `tokens` mints, rounded down. At par when nobody holds any, so
         that what lies in the tranche goes to the payer.
    """
    if pool.total_shares == 0:
        return tokens * PAR
    return (tokens * (pool.total_shares + _VIRTUAL_SHARES) // (pool.assets + _VIRTUAL_UNITS))


@internal
@pure
def _shares_up(pool: IDefaultFund.Tranche, tokens: uint256) -> uint256:
    """
    @dev Shares that a payout of `tokens` burns, rounded up. No more than a member has whose shares
         are worth `tokens`, rounded down.
    """
    return math._ceil_div(
        tokens * (pool.total_shares + _VIRTUAL_SHARES), pool.assets + _VIRTUAL_UNITS
    )


# --------------------------------------------------------------------------------------------------
# Stakes
# --------------------------------------------------------------------------------------------------


@internal
@view
def _shares(member: address, tranche: uint256, epoch: uint256) -> uint256:
    """
    @dev Shares of a member; `epoch` is the tranche's.
    """
    word: uint256 = self._stakes[member][tranche]
    if (word >> _STAKE_EPOCH_SHIFT) & _EPOCH_MASK != epoch:
        return 0
    return word & _SHARES_MASK


@internal
def _set_shares(member: address, tranche: uint256, epoch: uint256, shares: uint256):
    """
    @dev Sets the shares of a member; they are within the total. The mark of a notice stays.
    """
    self._stakes[member][tranche] = (
        shares | (epoch << _STAKE_EPOCH_SHIFT) | (self._stakes[member][tranche] & _NOTICED)
    )


@internal
@view
def _is_noticed(member: address, tranche: uint256) -> bool:
    """
    @dev Whether there may be a notice for shares of the member: one word less to read if not.
    """
    return self._stakes[member][tranche] & _NOTICED != 0


@internal
def _mark_noticed(member: address, tranche: uint256, noticed: bool):
    """
    @dev Notes whether there may be a notice for shares of the member.
    """
    word: uint256 = self._stakes[member][tranche]
    self._stakes[member][tranche] = word | _NOTICED if noticed else word & ~_NOTICED


@internal
@view
def _worth(member: address, tranche: uint256) -> uint256:
    """
    @dev Token units that the shares of a member are worth, rounded down.
    """
    pool: IDefaultFund.Tranche = self._load(tranche)
    return self._units_down(pool, self._shares(member, tranche, pool.epoch))
