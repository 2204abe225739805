#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Reservations: what of tiers 2 to 5 is kept for insolvent accounts
@custom:contract-name reservations
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What each insolvent account is kept, and the sums over all. While anything is kept the
        funds' exits are closed.
"""

from ..interfaces import IDefaultManagerEvents
from .layout import tier_layout
from .layout import units
from .layout import words

# Greatest amount of a field, millionths of cash: leaves room for the sums.
MAX_RESERVED: constant(uint256) = 2**56 - 1


# account -> reservation word (layout: tier_layout), and the word of their sums over all accounts.
kept_for: HashMap[uint256, uint256]
kept_in_all: uint256
# Owner of margin accounts -> what is reserved of their own contribution, millionths of cash.
own_reserved: HashMap[uint256, uint256]


@internal
@view
def _of(account: uint256) -> uint256:
    """
    @dev Reservation word of an account: 0 when nothing is reserved at all, which spares most
         insolvencies a slot.
    """
    if self.kept_in_all == 0:
        return 0
    return self.kept_for[account]


@internal
def _reserve(
    account: uint256, own: uint256, insurance: uint256, contributions: uint256, assessments: uint256
):
    """
    @dev Keeps what tiers 2 to 5 would pay for an account, and closes the funds' exits while
         anything is kept.
    @param own WAD cash of the owner's own contribution.
    @param insurance WAD cash of the insurance fund.
    @param contributions WAD cash of members' contributions.
    @param assessments WAD cash of assessments.
    """
    word: uint256 = (
        self._millionths_up(own)
        | self._millionths_up(insurance) << tier_layout.INSURANCE_SHIFT
        | self._millionths_up(contributions) << tier_layout.CONTRIBUTIONS_SHIFT
        | self._millionths_up(assessments) << tier_layout.ASSESSMENTS_SHIFT
    )
    if word != 0:
        self.kept_for[account] = word
        self.own_reserved[account >> words.OWNER_SHIFT] += word & tier_layout.RESERVED_MASK
        self._set_sums(self.kept_in_all + word)


@internal
def _release(account: uint256):
    """
    @dev Frees what is kept for an account.
    """
    word: uint256 = self._of(account)
    if word != 0:
        self.kept_for[account] = 0
        self.own_reserved[account >> words.OWNER_SHIFT] -= word & tier_layout.RESERVED_MASK
        self._set_sums(self.kept_in_all - word)
        log IDefaultManagerEvents.ReservationReleased(account=account)


@internal
def _set_sums(word: uint256):
    """
    @dev Stores the sums.
    """
    self.kept_in_all = word


@internal
@pure
def _millionths_up(amount: uint256) -> uint256:
    """
    @dev WAD cash in millionths, rounded up, at most MAX_RESERVED.
    """
    return min((amount + units.CASH_UNIT - 1) // units.CASH_UNIT, MAX_RESERVED)


@internal
@pure
def _field(word: uint256, place: uint256) -> uint256:
    """
    @dev A field of a reservation, WAD cash: 0 own, 1 insurance, 2 contributions, 3 assessments.
    """
    return (
        (word >> (place * tier_layout.RESERVED_BITS)) & tier_layout.RESERVED_MASK
    ) * units.CASH_UNIT


@internal
@pure
def _of_funds(word: uint256) -> uint256:
    """
    @dev What is reserved of tiers 3 to 5, WAD cash.
    """
    return self._field(word, 1) + self._field(word, 2) + self._field(word, 3)
