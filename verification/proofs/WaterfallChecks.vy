#pragma version 0.4.3
"""
@title Who pays a shortfall
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Checks of waterfall and its limits. The contract stands in for the ledger and both funds:
        what they answer is any number within the bounds.
"""

from . import claims
from contracts.modules import default_rules
from contracts.modules import draw_limits
from contracts.modules import wad_math
from contracts.modules import waterfall

initializes: default_rules
initializes: draw_limits[default_rules := default_rules]
initializes: waterfall[default_rules := default_rules, draw_limits := draw_limits]

# Bound of every amount: 2**88 of 10**-18 is 3 * 10**8 units of cash.
AMOUNT: constant(uint256) = 2**88
ACCOUNT: constant(uint256) = 7 << 96

# What the reserve and the funds hold, WAD cash.
saved: uint256
insured: uint256
own: uint256
contributions: uint256
assessments: uint256


@deploy
def __init__():
    default_rules.__init__(self)
    waterfall.__init__(1)


@external
@view
def roles(role: uint256) -> address:
    """
    @notice The holder of every role.
    """
    return self


@external
@view
def reserve() -> uint256:
    """
    @notice What the reserve holds.
    """
    return self.saved


@external
@view
def totalAssets() -> uint256:
    """
    @notice What the insurance fund holds.
    """
    return self.insured


@external
@view
def available_for(account: uint256) -> (uint256, uint256, uint256):
    """
    @notice Own contribution, all contributions, all assessments.
    """
    return self.own, self.contributions, self.assessments


@external
def check_parts_of_one_claim_add_up(
    shortfall: uint256,
    saved: uint256,
    insured: uint256,
    own: uint256,
    others: uint256,
    assessments: uint256,
) -> bool:
    """
    @notice Amounts < 2**88, one account, no limits: no revert; the tiers and what is uncovered add
            up to the shortfall; no tier pays more than it has, nor before the previous one is
            empty; nothing is uncovered while reserve or funds have money (INV-6).
    """
    if shortfall >= AMOUNT or saved >= AMOUNT or insured >= AMOUNT or own >= AMOUNT:
        return False
    if others >= AMOUNT or assessments >= AMOUNT:
        return False
    self.saved = saved
    self.insured = insured
    self.own = own
    self.contributions = own + others
    self.assessments = assessments
    waterfall._begin()
    waterfall._add(ACCOUNT, [], shortfall)
    waterfall._split(False)
    claim: waterfall.Claim = waterfall.claims[0]
    claims._holds(
        claim.own
        + claim.reserve
        + claim.insurance
        + claim.contributions
        + claim.assessments
        + claim.uncovered
        == shortfall
    )
    claims._holds(claim.own == min(own, shortfall))
    claims._holds(claim.reserve <= saved)
    claims._holds(claim.insurance <= insured and claim.contributions <= others)
    claims._holds(claim.assessments <= assessments)
    claims._holds(claim.insurance == 0 or claim.reserve == saved)
    claims._holds(claim.contributions == 0 or claim.insurance == insured)
    claims._holds(claim.assessments == 0 or claim.contributions == others)
    claims._holds(claim.uncovered == 0 or claim.assessments == assessments)
    return True


@external
def check_faded_limits(word: uint256, field: uint256, terms: uint256) -> bool:
    """
    @notice Any usage word written before now, any terms with a period: no revert; what has faded is
            at most what was used, all of it at once and nothing after the period.
    """
    period: uint256 = (terms >> 44) & (2**24 - 1)
    if field >= 7 or period == 0 or word & (2**32 - 1) > block.timestamp:
        return False
    default_rules.packed_waterfall = terms
    used: uint256 = (word >> (32 * (field + 1))) & (2**32 - 1)
    left: uint256 = draw_limits._faded(word, field)
    claims._holds(left <= used)
    passed: uint256 = block.timestamp - (word & (2**32 - 1))
    claims._holds(passed != 0 or left == used)
    claims._holds(passed < period or left == 0)
    return True


@external
@pure
def check_less(amount: uint256, taken: uint256) -> bool:
    """
    @notice Any amounts of 256 bits: _zero_floor_sub does not revert and never leaves more than
            there was.
    """
    left: uint256 = wad_math._zero_floor_sub(amount, taken)
    claims._holds(left == (amount - taken if taken < amount else 0))
    return True
