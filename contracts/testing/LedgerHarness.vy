#pragma version 0.4.3
"""
@title LedgerHarness
@custom:contract-name LedgerHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. Stands in for the Clearinghouse and the risk engine in unit tests of the
        Exchange: knows an owner and operators, records what it is asked to novate and to checkpoint
        and answers with the mark it was given. Anyone may set anything. It takes no lock, so that
        it can try to re-enter.
"""

from ..modules.layout import words

# Bytes, of a call made in the middle of `novate`.
MAX_CALL: constant(uint256) = 2048


# @notice Arguments of one `novate`.
# @custom:member market Market id.
# @custom:member maker Account id.
# @custom:member taker Account id.
# @custom:member size WAD base, signed for the taker.
# @custom:member price WAD cash per base.
# @custom:member maker_fee WAD cash.
# @custom:member taker_fee WAD cash.
# @custom:member flags Bit 0: the maker may only reduce, bit 1: the taker.
struct Novation:
    market: uint256
    maker: uint256
    taker: uint256
    size: int256
    price: uint256
    maker_fee: uint256
    taker_fee: uint256
    flags: uint256


# The admin that the Exchange asks for.
owner: public(address)

# account -> operator -> permissions, one bit each.
permissions: public(HashMap[uint256, HashMap[address, uint256]])

# While set, being asked about authority is an error: the owner needs nobody's word.
is_asking_forbidden: public(bool)

# What `novate` answers, WAD cash per base.
mark_low: public(uint256)
mark_high: public(uint256)

# What `novate` was last called with, and how often it was called.
last_novation: public(Novation)
novations: public(uint256)

# How many checkpoints were taken, of which row last, and whether none can be.
checkpoints: public(uint256)
last_row: public(uint256)
is_in_doubt: public(bool)

# A call made on the caller of `novate` before it returns; none while empty.
reentry: public(Bytes[MAX_CALL])


@deploy
def __init__(mark: uint256):
    """
    @notice The deployer is the admin.
    @param mark Where both marks start, WAD cash per base.
    """
    self.owner = msg.sender
    self.mark_low = mark
    self.mark_high = mark


@external
def set_owner(owner: address):
    """
    @notice Names the admin.
    @param owner Address of the admin.
    """
    self.owner = owner


@external
def set_permissions(account: uint256, operator: address, permissions: uint256):
    """
    @notice Sets what an operator may do for an account.
    @param account Account id.
    @param operator Address of the operator.
    @param permissions Bits, see role_layout.
    """
    self.permissions[account][operator] = permissions


@external
def forbid_asking(forbidden: bool):
    """
    @notice Makes every question about authority revert, or lets them be answered again.
    @param forbidden Whether they revert.
    """
    self.is_asking_forbidden = forbidden


@external
def set_marks(mark_low: uint256, mark_high: uint256):
    """
    @notice Sets what `novate` answers.
    @param mark_low WAD cash per base.
    @param mark_high WAD cash per base.
    """
    self.mark_low = mark_low
    self.mark_high = mark_high


@external
def set_doubt(is_in_doubt: bool):
    """
    @notice Sets whether prices are in doubt.
    @param is_in_doubt Whether they are.
    """
    self.is_in_doubt = is_in_doubt


@external
def set_reentry(data: Bytes[MAX_CALL]):
    """
    @notice Sets the call that the next novations make on their caller.
    @param data Calldata; empty: none.
    """
    self.reentry = data


@external
def novate(
    market: uint256,
    maker: uint256,
    taker: uint256,
    size: int256,
    price: uint256,
    maker_fee: uint256,
    taker_fee: uint256,
    flags: uint256,
) -> (uint256, uint256):
    """
    @notice Records the novation and returns the marks.
    @param market Market id.
    @param maker Account id.
    @param taker Account id.
    @param size WAD base, signed for the taker.
    @param price WAD cash per base.
    @param maker_fee WAD cash.
    @param taker_fee WAD cash.
    @param flags Bit 0: the maker may only reduce, bit 1: the taker.
    @return mark_low WAD cash per base, as set.
    @return mark_high WAD cash per base, as set.
    """
    self.last_novation = Novation(
        market=market,
        maker=maker,
        taker=taker,
        size=size,
        price=price,
        maker_fee=maker_fee,
        taker_fee=taker_fee,
        flags=flags,
    )
    self.novations += 1
    if len(self.reentry) != 0:
        raw_call(msg.sender, self.reentry)
    return self.mark_low, self.mark_high


@external
def checkpoint(row: uint256):
    """
    @notice Records that a checkpoint was taken.
    @param row Row of the risk table.
    @custom:reverts ledger harness: in doubt
    """
    assert not self.is_in_doubt, "ledger harness: in doubt"
    self.checkpoints += 1
    self.last_row = row


@external
@view
def roles(role: uint256) -> address:
    """
    @notice The risk engine is this contract.
    @param role Number of the role, 0.
    @return Address of the holder.
    """
    assert role == 0
    return self


@external
@view
def is_authorised(account: uint256, who: address, permission: uint256) -> bool:
    """
    @notice Whether `who` owns the account or holds the permission.
    @param account Account id.
    @param who Address of somebody.
    @param permission Bits, see role_layout.
    @return Whether they do.
    @custom:reverts ledger harness: asked
    """
    assert not self.is_asking_forbidden, "ledger harness: asked"
    return (
        words._owner_of(account) == who or self.permissions[account][who] & permission == permission
    )
