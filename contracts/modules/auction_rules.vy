#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Auction rules: clocks, discount and size of a sale
@custom:contract-name auction_rules
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What an auction offers now and what a bid would do; formulas are in auction_math.
"""

from ..interfaces import IDefaultManagerEvents
from ..interfaces import IRiskEngine
from .layout import stages
from .layout import units
from . import auction_math
from . import default_rules

uses: default_rules


@internal
@view
def _worst_equity(account: uint256, seen: IRiskEngine.Assessment) -> int256:
    """
    @dev Equity with every price that is not VALID at its worse end: nobody is paid out of value
         that is in doubt (INV-4). WAD cash.
    """
    if seen.stuck == 0:
        return seen.equity
    equity: int256 = 0
    initial: uint256 = 0
    maintenance: uint256 = 0
    equity, initial, maintenance = staticcall IRiskEngine(default_rules._engine()).margin(account)
    return min(equity, seen.equity)


@internal
@view
def _deadline(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev Deadline of a margin call, unix seconds: grace begins anew when the procedure resumes.
    @param word Word of the RISK_ENGINE role.
    """
    resumed: uint256 = default_rules._resumed(word, seen)
    if resumed == 0:
        return seen.since
    return max(seen.since, resumed + default_rules._terms().grace)


@internal
@view
def _clock(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev The clock of a stage as it counts, unix seconds: after a pause or an outage it begins anew.
    @param word Word of the RISK_ENGINE role.
    """
    if seen.stage == stages.UNCALLED:
        return 0
    if seen.stage == stages.CALL:
        return self._deadline(word, seen)
    return max(seen.since, default_rules._resumed(word, seen))


@internal
@view
def _rate_now(
    terms: IDefaultManagerEvents.Terms, word: uint256, seen: IRiskEngine.Assessment
) -> uint256:
    """
    @dev Discount of an auction at this block, ppm of MM.
    @param word Word of the RISK_ENGINE role.
    """
    start: uint256 = min(self._clock(word, seen), block.timestamp)
    return auction_math._discount_rate(
        block.timestamp - start, terms.duration, terms.discount_start, terms.discount_end
    )


@internal
@pure
def _limit(
    terms: IDefaultManagerEvents.Terms, seen: IRiskEngine.Assessment, rate: uint256
) -> uint256:
    """
    @dev f*, the greatest fraction that may be sold, WAD.
    @param rate Discount, ppm of MM.
    """
    return auction_math._max_fraction(
        default_rules._better_equity(seen),
        seen.maintenance - seen.linear - seen.quadratic,
        seen.linear,
        seen.quadratic,
        rate + terms.fee,
        terms.target,
        terms.dust * units.WAD,
    )


@internal
@pure
def _fraction_taken(fraction: uint256, min_fraction: uint256, limit: uint256) -> uint256:
    """
    @dev The fraction asked for, or f* when the bidder accepts less.
    @param fraction What is asked for, WAD.
    @param min_fraction The least that is accepted, WAD.
    @param limit f*, WAD.
    @return WAD.
    """
    default_rules._require_some(fraction)
    if fraction > limit:
        default_rules._require_fraction(min_fraction <= limit)
        return limit
    return fraction


@internal
@pure
def _quote(
    terms: IDefaultManagerEvents.Terms,
    seen: IRiskEngine.Assessment,
    worst_equity: int256,
    rate: uint256,
    taken: uint256,
) -> IDefaultManagerEvents.Quote:
    """
    @dev What a bid does.
    @param worst_equity From `_worst_equity`, WAD cash.
    @param rate Discount, ppm of MM.
    @param taken The fraction, WAD.
    """
    priced: uint256 = seen.linear + seen.quadratic
    discount: uint256 = 0
    fee: uint256 = 0
    discount, fee = auction_math._charges(
        auction_math._spendable(worst_equity, priced, seen.maintenance),
        priced,
        taken,
        rate,
        terms.fee,
    )
    return IDefaultManagerEvents.Quote(
        fraction=taken,
        discount=discount,
        fee=fee,
        maintenance_sold=priced * taken // units.WAD,
        equity_after=seen.equity - convert(discount + fee, int256),
        maintenance_after=auction_math._maintenance_after(
            seen.maintenance - priced, seen.linear, seen.quadratic, units.WAD - taken
        ),
    )


@internal
@pure
def _require_auction(stage: uint256):
    """
    @dev Slices are sold in an auction only.
    """
    assert stage >= stages.AUCTION, "auction rules: no auction"
