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
        nothing, and only the premium raises the value of a share, by its rate. A million virtual
        shares and one virtual unit take part in every conversion: inflating the value of a share so
        that another's deposit rounds by a unit gives a million units to the virtual shares. What
        these gather covers losses, and nobody can withdraw it while a share is out.

        Epochs. When a loss leaves less than a millionth of par behind a share, all shares of the
        tranche are void and the next ones are at par again, so that no number of losses makes the
        numbers grow. The crumbs left stay in the tranche, cover losses, and go to the next member
        who deposits (they are part of what that contribution is worth, so that member pledges for
        them too).
@dev    Bounds. assets < 2**96 (79 thousand million tokens of 18 decimals), total_shares < 2**128,
        epoch modulo 2**32. After a loss total_shares <= 10**12 * assets, and every other step
        rounds so that (total_shares + virtual) / (assets + 1) does not rise; hence a unit never
        mints more than 10**12 shares, and the worth of all members together never exceeds the
        assets. A tranche that is all but wiped out refuses deposits only beyond 2**128 / 10**12
        units, 340 million tokens of 18 decimals. 2**32 epochs are as many defaults of at least a
        whole unit of cash each.
"""

from snekmate.utils import math
from ..interfaces import IDefaultFundEvents
from ..interfaces import IFund
from .layout import fund_words
from .layout import tier_layout
from . import fund
from . import holders_of_record

uses: fund
uses: holders_of_record


# CONSTANTS ----------------------------------------------------------------------------------------

VIRTUAL_SHARES: constant(uint256) = fund_words.PAR

# Shares that a unit may back before they are void: a share is then worth a millionth of par.
WORTHLESS: constant(uint256) = fund_words.PAR * 10**6


# STRUCTS ------------------------------------------------------------------------------------------

# What members hold that bears losses in the same tier.
struct Tranche:
    assets: uint256        # token units
    total_shares: uint256  # sum over members
    epoch: uint256         # how often all shares were wiped out


# STORAGE ------------------------------------------------------------------------------------------

# The tranches, packed (layout: fund_words). Sum of assets <= tokens held.
tranches: uint256[tier_layout.TRANCHES]

# Member -> shares of each tranche, packed (layout: fund_words); they count in the epoch they are
# stated in only. Sum over members of one epoch = total shares.
stakes: HashMap[address, uint256[tier_layout.TRANCHES]]


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def tranche(tranche: uint256) -> (uint256, uint256, uint256):
    """
    @notice What a tranche holds, all its shares, and its epoch. Anyone.
    @param tranche Index: 0 contributions, 1 assessments.
    @return Token units that it holds.
    @return Shares of all members.
    @return Number of the epoch.
    """
    pool: Tranche = self._load(tranche)
    return pool.assets, pool.total_shares, pool.epoch


@external
@view
def has_shares(tranche: uint256) -> bool:
    """
    @notice Whether anybody has shares of a tranche. Anyone.
    @param tranche Index: 0 contributions, 1 assessments.
    @return Whether there are any shares.
    """
    return self._load(tranche).total_shares != 0


@external
@view
def shares_of(member: address, tranche: uint256) -> uint256:
    """
    @notice Shares that a member has of a tranche, those in a notice included. Anyone.
    @param member Address of the member.
    @param tranche Index: 0 contributions, 1 assessments.
    @return Shares.
    """
    return self._shares_of(member, tranche)


@external
@view
def value_of(member: address, tranche: uint256) -> uint256:
    """
    @notice What a member's shares of a tranche are worth. Anyone.
    @param member Address of the member.
    @param tranche Index: 0 contributions, 1 assessments.
    @return WAD cash, rounded down to a token unit.
    """
    return self._value_of(member, tranche)


# TRANCHES -----------------------------------------------------------------------------------------

@internal
@view
def _load(tranche: uint256) -> Tranche:
    """
    @dev A tranche, unpacked.
    """
    word: uint256 = self.tranches[tranche]
    return Tranche(
        assets=word & fund_words.ASSETS_MASK,
        total_shares=(word >> fund_words.TOTAL_SHIFT) & fund_words.SHARES_MASK,
        epoch=word >> fund_words.TRANCHE_EPOCH_SHIFT,
    )


@internal
@view
def _booked() -> uint256:
    """
    @dev Token units on the books: both tranches, and what is kept for holders of record.
    """
    return (
        self._load(tier_layout.CONTRIBUTIONS).assets
        + self._load(tier_layout.ASSESSMENTS).assets
        + holders_of_record.kept
    )


@internal
def _store(tranche: uint256, pool: Tranche):
    """
    @dev Packs and stores a tranche.
    @custom:reverts loss tranches: tranche is full
    """
    assert (
        pool.assets <= fund_words.ASSETS_MASK and pool.total_shares <= fund_words.SHARES_MASK
    ), "loss tranches: tranche is full"
    self.tranches[tranche] = (
        pool.assets
        | (pool.total_shares << fund_words.TOTAL_SHIFT)
        | (pool.epoch << fund_words.TRANCHE_EPOCH_SHIFT)
    )


@internal
def _store_after_loss(tranche: uint256, pool: Tranche) -> uint256:
    """
    @dev Stores a tranche that has lost money, in a new epoch if its shares are worth next to
         nothing.
    @return Its total shares after that.
    """
    after: Tranche = pool
    if pool.total_shares > pool.assets * WORTHLESS:
        after.total_shares = 0
        after.epoch = (pool.epoch + 1) & fund_words.EPOCH_MASK
        log IDefaultFundEvents.BeginEpoch(
            tranche=tranche,
            epoch=after.epoch,
            void_shares=pool.total_shares,
            assets=pool.assets,
        )
    self._store(tranche, after)
    return after.total_shares


@internal
@pure
def _units_down(pool: Tranche, shares: uint256) -> uint256:
    """
    @dev Token units that shares are worth, rounded down. Never more than the assets: all shares are
         worth less than one virtual unit more than these.
    """
    return (
        shares * (pool.assets + fund_words.VIRTUAL_UNITS) // (pool.total_shares + VIRTUAL_SHARES)
    )


@internal
@pure
def _shares_down(pool: Tranche, tokens: uint256) -> uint256:
    """
    @dev Shares that a payment of `tokens` mints, rounded down. At par when nobody holds any, so
         that what lies in the tranche goes to the payer.
    """
    if pool.total_shares == 0:
        return tokens * fund_words.PAR
    return (
        tokens * (pool.total_shares + VIRTUAL_SHARES) // (pool.assets + fund_words.VIRTUAL_UNITS)
    )


@internal
@pure
def _shares_up(pool: Tranche, tokens: uint256) -> uint256:
    """
    @dev Shares that a payout of `tokens` burns, rounded up. No more than a member has whose shares
         are worth `tokens`, rounded down.
    """
    return math._ceil_div(
        tokens * (pool.total_shares + VIRTUAL_SHARES), pool.assets + fund_words.VIRTUAL_UNITS
    )


# STAKES -------------------------------------------------------------------------------------------

@internal
@view
def _shares(member: address, tranche: uint256, epoch: uint256) -> uint256:
    """
    @dev Shares of a member; `epoch` is the tranche's.
    """
    word: uint256 = self.stakes[member][tranche]
    if (word >> fund_words.STAKE_EPOCH_SHIFT) & fund_words.EPOCH_MASK != epoch:
        return 0
    return word & fund_words.SHARES_MASK


@internal
def _set_shares(member: address, tranche: uint256, epoch: uint256, shares: uint256):
    """
    @dev Sets the shares of a member; they are within the total. The mark of a notice stays, and
         what they had at earlier draws is kept.
    """
    word: uint256 = self.stakes[member][tranche]
    holders_of_record._note(
        tranche,
        member,
        word & fund_words.SHARES_MASK,
        (word >> fund_words.STAKE_EPOCH_SHIFT) & fund_words.EPOCH_MASK,
    )
    self.stakes[member][tranche] = (
        shares | (epoch << fund_words.STAKE_EPOCH_SHIFT) | (word & fund_words.NOTICED)
    )


@internal
@view
def _shares_at(loss: IFund.Loss, draw: uint256, member: address) -> uint256:
    """
    @dev Shares that a member had at a draw; none of another epoch.
    """
    is_kept: bool = False
    shares: uint256 = 0
    epoch: uint256 = 0
    is_kept, shares, epoch = holders_of_record._past(loss.tranche, member, draw)
    if not is_kept:
        word: uint256 = self.stakes[member][loss.tranche]
        shares = word & fund_words.SHARES_MASK
        epoch = (word >> fund_words.STAKE_EPOCH_SHIFT) & fund_words.EPOCH_MASK
    return shares if epoch == loss.generation else 0


@internal
@view
def _is_noticed(member: address, tranche: uint256) -> bool:
    """
    @dev Whether there may be a notice for shares of the member: one word less to read if not.
    """
    return self.stakes[member][tranche] & fund_words.NOTICED != 0


@internal
def _mark_noticed(member: address, tranche: uint256, noticed: bool):
    """
    @dev Notes whether there may be a notice for shares of the member.
    """
    word: uint256 = self.stakes[member][tranche]
    self.stakes[member][tranche] = (
        word | fund_words.NOTICED if noticed else word & ~fund_words.NOTICED
    )


@internal
@view
def _worth(member: address, tranche: uint256) -> uint256:
    """
    @dev Token units that the shares of a member are worth, rounded down.
    """
    pool: Tranche = self._load(tranche)
    return self._units_down(pool, self._shares(member, tranche, pool.epoch))


@internal
@view
def _shares_of(member: address, tranche: uint256) -> uint256:
    """
    @dev Shares of a member.
    """
    return self._shares(member, tranche, self._load(tranche).epoch)


@internal
@view
def _value_of(member: address, tranche: uint256) -> uint256:
    """
    @dev What the shares of a member are worth, WAD cash, rounded down.
    """
    return self._worth(member, tranche) * fund.CASH_PER_UNIT
