#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Remainder: collateral of an account that owes cash and has no position to close
@custom:contract-name remainder
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Sold at a discount on its worth that rises until somebody takes it: no more of it than what
        is owed.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseSlices
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IRiskEngine
from .layout import limits
from .layout import units
from .layout import words
from . import default_rules
from . import remainder_math
from . import resolution

uses: default_rules
uses: resolution

# Equity that roundings may leave after a tear-up has brought it to 0, WAD cash.
EQUITY_DUST: constant(int256) = 10**12


# @notice A bid for a remainder.
# @custom:member account The defaulter's account.
# @custom:member fraction Part of the collateral asked for, WAD.
# @custom:member bidder_account The bidder's account.
# @custom:member min_fraction Least part accepted, WAD.
# @custom:member min_discount Least discount accepted, ppm of the slice's worth.
struct Offer:
    account: uint256
    fraction: uint256
    bidder_account: uint256
    min_fraction: uint256
    min_discount: uint256


@internal
def _sell(
    word: uint256,
    seen: IRiskEngine.Assessment,
    known: DynArray[uint256, limits.MAX_KNOWN],
    offer: Offer,
) -> (uint256, uint256):
    """
    @dev Sells a part of a remainder and resolves the account when nothing is left to sell or to
         owe.
    @param word Word of the RISK_ENGINE role.
    @param seen The account as the risk engine sees it.
    @param known Its VALID legs with their details (layout: leg_layout).
    @return Fraction taken, WAD.
    @return Discount received, WAD cash.
    """
    header: uint256 = staticcall IClearinghouse(default_rules.CLEARINGHOUSE).headers(offer.account)
    assert words._cash(header) < 0 and len(known) != 0, "remainder: nothing to sell"
    default_rules._require_unhealthy(seen, len(known))
    rate: uint256 = remainder_math._rate(
        default_rules._insolvent_since(word, seen), default_rules._waterfall().remainder
    )
    default_rules._require_discount(rate >= offer.min_discount)
    worth: uint256 = remainder_math._worth(known)
    limit: uint256 = remainder_math._limit(convert(-words._cash(header), uint256), worth, rate)
    taken: uint256 = offer.fraction
    if offer.fraction > limit:
        default_rules._require_fraction(offer.min_fraction <= limit)
        taken = limit
    discount: uint256 = worth * taken // units.WAD * rate // units.PPM
    if seen.equity > EQUITY_DUST:
        # The discount comes out of equity and leaves the account solvent (INV-4).
        discount = min(discount, convert(seen.equity - EQUITY_DUST, uint256) * taken // units.WAD)
        default_rules._require_discount(
            discount * units.PPM >= offer.min_discount * (worth * taken // units.WAD)
        )
    cash: int256 = extcall IClearinghouseSlices(default_rules.CLEARINGHOUSE).slice_account(
        offer.account, offer.bidder_account, taken, known, discount, 0
    )
    log IDefaultManagerEvents.RemainderSold(
        account=offer.account,
        bidder=offer.bidder_account,
        fraction=taken,
        discount_rate=rate,
        discount=discount,
        cash=cash,
    )
    if seen.stuck == 0 and (taken == units.WAD or cash >= 0):
        resolution._split_one(offer.account, [], convert(max(-cash, 0), uint256))
        resolution._execute()
    return taken, discount
