#pragma version 0.4.3
"""
@title LedgerHarness
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. Stands in for the Clearinghouse in unit tests of the Exchange: knows an
        owner and operators, records what it is asked to novate and answers with the mark it was
        given. Anyone may set anything. It takes no lock, so that it can try to re-enter.
"""


# @notice Arguments of one `novate`.
struct Novation:
    market: uint256
    maker: uint256
    taker: uint256
    size: int256
    price: uint256
    maker_fee: uint256
    taker_fee: uint256
    flags: uint256


# The upper 160 bits of an account id are its owner.
OWNER_SHIFT: constant(uint256) = 96

# Bytes, of a call made in the middle of `novate`.
MAX_CALL: constant(uint256) = 2048


# The admin that the Exchange asks for.
owner: public(address)

# account -> operator -> permissions, one bit each.
permissions: public(HashMap[uint256, HashMap[address, uint256]])

# While set, being asked about authority is an error: the owner needs nobody's word.
is_asking_forbidden: public(bool)

# Cash per base, WAD; what `novate` answers.
mark_low: public(uint256)
mark_high: public(uint256)

# What `novate` was last called with, and how often it was called.
last_novation: public(Novation)
novations: public(uint256)

# A call made on the caller of `novate` before it returns; none while empty.
reentry: public(Bytes[MAX_CALL])


@deploy
def __init__(mark: uint256):
    """
    @notice The deployer is the admin; both marks start at `mark` (cash per base, WAD).
    """
    self.owner = msg.sender
    self.mark_low = mark
    self.mark_high = mark


@external
def set_owner(owner: address):
    """
    @notice Names the admin.
    """
    self.owner = owner


@external
def set_permissions(account: uint256, operator: address, permissions: uint256):
    """
    @notice Sets what an operator may do for an account, one bit each.
    """
    self.permissions[account][operator] = permissions


@external
def forbid_asking(forbidden: bool):
    """
    @notice Makes every question about authority revert, or lets them be answered again.
    """
    self.is_asking_forbidden = forbidden


@external
def set_marks(mark_low: uint256, mark_high: uint256):
    """
    @notice Sets what `novate` answers; cash per base, WAD.
    """
    self.mark_low = mark_low
    self.mark_high = mark_high


@external
def set_reentry(data: Bytes[MAX_CALL]):
    """
    @notice Sets the call that the next novations make on their caller.
    """
    self.reentry = data


@external
@view
def is_authorised(account: uint256, who: address, permission: uint256) -> bool:
    """
    @notice Whether `who` owns the account or holds the permission.
    """
    assert not self.is_asking_forbidden, "harness: asked"
    return (
        convert(account >> OWNER_SHIFT, address) == who
        or self.permissions[account][who] & permission == permission
    )


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
