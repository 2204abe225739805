#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Order lanes: how much of a signed order is left
@custom:contract-name order_lanes
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The Exchange's memory of orders. A lane of an account holds one sequence at a time and how
        much of it has been filled. A higher sequence replaces it, a lower one is void, so a signed
        order can neither be filled twice nor come back. Market makers reuse a few lanes for ever:
        a fill rewrites a used storage word (5,000 gas) and never a fresh one (22,100).
        Two orders signed for the same lane and sequence share one allowance: together they fill
        at most the larger. An epoch per account voids everything at once.
        This module does not know who may do what; the contract above it asks.
"""

from .layout import order_words

# One below the widest, so that a cancel can always move a lane past the order it cancels.
MAX_SEQUENCE: constant(uint256) = 2**64 - 2

# Base, WAD: 10**18 units. Twice this still fits the 128 bits of `filled`.
MAX_SIZE: constant(int256) = 2**120 - 1


# account -> epoch. An order counts only if signed for this number. Never falls.
epochs: public(HashMap[uint256, uint256])

# account -> lane -> lane word (sequence; filled in WAD base). The sequence never falls; filled
# never falls while the sequence stands, and no fill takes it above the |size| of its order.
lanes: HashMap[uint256, HashMap[uint256, uint256]]


@deploy
def __init__():
    """
    @notice Every account starts in epoch 0, every lane at sequence 0 with nothing filled.
    """
    pass


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def lane_state(account: uint256, lane: uint256) -> (uint256, uint256):
    """
    @notice Where a lane of an account stands. Anyone may call it.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @return sequence The lowest sequence that is not void.
    @return filled How much of that sequence has been filled, WAD base.
    """
    word: uint256 = self.lanes[account][lane]
    return word & order_words.SEQUENCE_MASK, word >> order_words.FILLED_SHIFT


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _take(
    account: uint256,
    lane: uint256,
    sequence: uint256,
    order_size: int256,
    size: uint256,
    min_size: uint256,
) -> uint256:
    """
    @dev Takes `size` out of what an order has left, or all that is left if that is less but still
         `min_size`, and moves the lane to its sequence.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @param sequence Place in the lane, in bounds.
    @param order_size Signed size of the order, WAD base, in bounds.
    @param size How much to take, WAD base.
    @param min_size The least to take when less than `size` is left, WAD base, so that dust filled
           just before does not block a fill.
    @return What was taken, WAD base.
    """
    live: bool = False
    filled: uint256 = 0
    live, filled = self._progress(account, lane, sequence)
    self._require_not_superseded(live)
    self._require_some(size)

    left: uint256 = 0
    allowance: uint256 = self._magnitude(order_size)
    if filled < allowance:
        left = unsafe_sub(allowance, filled)  # by the comparison
    taken: uint256 = size
    if size > left:
        self._require_left(min_size, left)
        taken = left

    filled = unsafe_add(filled, taken)  # at most |order_size| < 2**120
    self.lanes[account][lane] = sequence | (filled << order_words.FILLED_SHIFT)
    return taken


@internal
def _void(account: uint256, lane: uint256, sequence: uint256):
    """
    @dev Voids a lane up to and including `sequence`: it moves on to the next, nothing filled.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @param sequence Place in the lane.
    """
    self._require_sequence_bounds(sequence)
    live: bool = False
    filled: uint256 = 0
    live, filled = self._progress(account, lane, sequence)
    self._require_not_superseded(live)

    self.lanes[account][lane] = unsafe_add(sequence, 1)  # at most MAX_SEQUENCE + 1 < 2**64


@internal
def _void_all(account: uint256) -> uint256:
    """
    @dev Raises the epoch of an account. Lanes keep their words.
    @param account Id of the maker account.
    @return The new epoch, a count.
    """
    epoch: uint256 = self.epochs[account] + 1
    self.epochs[account] = epoch
    return epoch


@internal
@view
def _left(account: uint256, lane: uint256, sequence: uint256, order_size: int256) -> uint256:
    """
    @dev What an order has left.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @param sequence Place in the lane.
    @param order_size Signed size of the order, WAD base.
    @return WAD base; 0 for one that is void or out of bounds.
    """
    if sequence > MAX_SEQUENCE or not self._is_size_in_bounds(order_size):
        return 0
    live: bool = False
    filled: uint256 = 0
    live, filled = self._progress(account, lane, sequence)
    allowance: uint256 = self._magnitude(order_size)
    if not live or filled >= allowance:
        return 0
    return unsafe_sub(allowance, filled)  # filled < allowance, two lines above


@internal
@view
def _progress(account: uint256, lane: uint256, sequence: uint256) -> (bool, uint256):
    """
    @dev Where a sequence of a lane stands.
    @param account Id of the maker account.
    @param lane Number of the lane.
    @param sequence Place in the lane.
    @return live Whether it is not void yet.
    @return filled How much of it has been filled, WAD base; 0 for one not begun.
    """
    word: uint256 = self.lanes[account][lane]
    current: uint256 = word & order_words.SEQUENCE_MASK
    if sequence == current:
        return True, word >> order_words.FILLED_SHIFT
    return sequence > current, 0


@internal
@pure
def _magnitude(order_size: int256) -> uint256:
    """
    @dev |order_size| of one that is in bounds.
    @param order_size WAD base, signed.
    @return WAD base.
    """
    return convert(abs(order_size), uint256)


@internal
@pure
def _is_size_in_bounds(order_size: int256) -> bool:
    """
    @dev Two comparisons and no `abs`: int256 has one more negative value than positive ones.
    @param order_size WAD base, signed.
    @return Whether it is one the arithmetic is made for.
    """
    return order_size != 0 and order_size <= MAX_SIZE and order_size >= -MAX_SIZE


@internal
@pure
def _require_size_bounds(order_size: int256):
    """
    @dev A size is one the arithmetic is made for.
    @param order_size WAD base, signed.
    """
    assert self._is_size_in_bounds(order_size), "order lanes: order size out of bounds"


@internal
@pure
def _require_sequence_bounds(sequence: uint256):
    """
    @dev A lane can move past the sequence.
    """
    assert sequence <= MAX_SEQUENCE, "order lanes: sequence out of bounds"


@internal
@view
def _require_epoch(account: uint256, epoch: uint256):
    """
    @dev An order was signed for the account's present epoch.
    """
    assert epoch == self.epochs[account], "order lanes: wrong epoch"


@internal
@pure
def _require_not_superseded(live: bool):
    """
    @dev A sequence is neither cancelled nor below one that was filled.
    """
    assert live, "order lanes: order superseded"


@internal
@pure
def _require_some(size: uint256):
    """
    @dev A fill of nothing is a mistake.
    @param size WAD base.
    """
    assert size != 0, "order lanes: zero size"


@internal
@pure
def _require_left(min_size: uint256, left: uint256):
    """
    @dev An order with less than asked for has as much as the taker accepts.
    @param min_size What the taker accepts, WAD base.
    @param left What the order has left, WAD base.
    """
    assert left != 0 and min_size <= left, "order lanes: order overfilled"
