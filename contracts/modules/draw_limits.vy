#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Draw limits: what markets have drawn of the reserve and the funds lately
@custom:contract-name draw_limits
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A draw counts against the limit of its market and against that of all markets together, and
        fades in proportion to time over the published period.
"""

from ..interfaces import IDefaultManagerEvents
from .layout import tier_layout
from .layout import units
from . import default_rules

uses: default_rules


# market // USAGE_FIELDS -> usage word (layout: tier_layout). Market m has field m % USAGE_FIELDS;
# field 0 of word 0 is that of all markets together.
limit_usage: HashMap[uint256, uint256]


@internal
@view
def _used(market: uint256) -> uint256:
    """
    @dev What a market (0: all of them) has drawn lately, WAD cash, rounded up to whole units.
    """
    word: uint256 = self.limit_usage[market // tier_layout.USAGE_FIELDS]
    return self._faded(word, market % tier_layout.USAGE_FIELDS) * units.WAD


@internal
@view
def _faded(word: uint256, field: uint256) -> uint256:
    """
    @dev A field of a usage word as of now, whole units of cash, rounded up.
    """
    period: uint256 = default_rules._limit_period()
    passed: uint256 = min(block.timestamp - (word & tier_layout.USAGE_MASK), period)
    used: uint256 = (word >> (tier_layout.USAGE_BITS * (field + 1))) & tier_layout.USAGE_MASK
    return (used * (period - passed) + period - 1) // period


@internal
def _use(market: uint256, amount: uint256):
    """
    @dev Adds an amount to the field of a market (0: all of them), and lets the others of its word
         fade.
    @param amount WAD cash, counted in whole units, rounded up.
    """
    place: uint256 = market // tier_layout.USAGE_FIELDS
    word: uint256 = self.limit_usage[place]
    used: uint256 = 0
    next: uint256 = block.timestamp & tier_layout.USAGE_MASK
    for field: uint256 in range(tier_layout.USAGE_FIELDS):
        value: uint256 = self._faded(word, field)
        if field == market % tier_layout.USAGE_FIELDS:
            value = min(value + (amount + units.WAD - 1) // units.WAD, tier_layout.USAGE_MASK)
            used = value
        next |= value << (tier_layout.USAGE_BITS * (field + 1))
    self.limit_usage[place] = next
    log IDefaultManagerEvents.LimitUsed(market=market, used=used)
