#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What an account owes to those who paid for its defaults
@custom:contract-name debts
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Arithmetic of debt records (layout: tier_layout). It rounds down what is owed, and up what a
        tier is repaid in token units.
"""

from .layout import tier_layout
from .layout import units


@internal
@pure
def _add(record: uint256, tier: uint256, amount: uint256) -> uint256:
    """
    @dev The record with more owed to a tier (WAD cash), rounded down to millionths. A field that is
         full stays full: a debt beyond 2.2e9 of cash must not stop a default from ending (INV-13).
    """
    owed: uint256 = min(
        self._field(record, tier) + amount // units.CASH_UNIT, tier_layout.DEBT_MASK
    )
    return self._with_field(record, tier, owed)


@internal
@pure
def _total(record: uint256) -> uint256:
    """
    @dev All that is owed, WAD cash.
    """
    total: uint256 = 0
    for tier: uint256 in range(tier_layout.DEBT_FIELDS):
        total += self._field(record, tier)
    return total * units.CASH_UNIT


@internal
@pure
def _repay(
    record: uint256, tokens: uint256, scale: uint256
) -> (uint256, uint256[tier_layout.DEBT_FIELDS], uint256):
    """
    @dev Gives tokens to the tiers in the order of the record. A tier gets whole token units: at
         least what it is owed, or all there is.
    @param scale WAD per token unit.
    @return The record afterwards, token units given to each tier, token units left over.
    """
    after: uint256 = record
    given: uint256[tier_layout.DEBT_FIELDS] = empty(uint256[tier_layout.DEBT_FIELDS])
    left: uint256 = tokens
    for tier: uint256 in range(tier_layout.DEBT_FIELDS):
        owed: uint256 = self._field(record, tier)
        if owed == 0 or left == 0:
            continue
        tokens_due: uint256 = min((owed * units.CASH_UNIT + scale - 1) // scale, left)
        left -= tokens_due
        given[tier] = tokens_due
        after = self._with_field(
            after, tier, owed - min(tokens_due * scale // units.CASH_UNIT, owed)
        )
    return after, given, left


@internal
@pure
def _field(record: uint256, tier: uint256) -> uint256:
    """
    @dev What is owed to a tier, millionths of cash.
    """
    return (record >> (tier * tier_layout.DEBT_BITS)) & tier_layout.DEBT_MASK


@internal
@pure
def _with_field(record: uint256, tier: uint256, owed: uint256) -> uint256:
    """
    @dev The record with another amount (millionths of cash) owed to a tier.
    """
    offset: uint256 = tier * tier_layout.DEBT_BITS
    return record & ~(tier_layout.DEBT_MASK << offset) | owed << offset
