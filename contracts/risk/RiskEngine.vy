#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title RiskEngine: a portfolio and prices in, a judgement out
@custom:contract-name RiskEngine
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Margin after docs/specification.md, for ISOLATED and CROSS accounts:

            equity = cash + sum(collateral * price) + sum(value)
            MM = sum(ratio * rate(q) * |q| * P) + sum(collateral * price * haircut_MM)
            IM = sum((rate(q) + load * open interest * P) * |q| * P)
                 + sum(collateral * price * haircut_IM) + (1 - w) * sum(max(value, 0))
            rate(q) = base + slope * |q| * P

        A haircut is the part that does not count. Requirements round up, equity rounds down. It
        holds no money and keeps no accounts: the ledger pushes portfolios (layout: leg_layout),
        the oracle judges prices. A price that is not VALID is an interval: the checks of fills,
        bids and withdrawals take its worse end for the account, the default procedure its better
        end, so that feeds in doubt neither let money out nor an account be sold (INV-3).
"""

from ..interfaces import IClearinghouse
from ..interfaces import IHouseContract
from ..interfaces import IPriceOracle
from ..interfaces import IRiskEngine
from ..interfaces import IRiskEngineAdmin
from ..interfaces import IRiskEngineEvents
from ..modules.layout import feed_words
from ..modules.layout import leg_layout
from ..modules.layout import levels
from ..modules.layout import limits
from ..modules.layout import order_words
from ..modules.layout import risk_rows
from ..modules.layout import units
from ..modules.layout import words
from ..modules import portfolio_margin
from ..modules import risk_parameters
from ..modules import risk_table
from ..modules import wad_math
from ..modules import witnesses

implements: IHouseContract
implements: IRiskEngine
implements: IRiskEngineAdmin
implements: IRiskEngineEvents
initializes: risk_table
initializes: witnesses
initializes: risk_parameters[risk_table := risk_table, witnesses := witnesses]
initializes: portfolio_margin[risk_table := risk_table, witnesses := witnesses]

exports: (
    risk_parameters.CLEARINGHOUSE,
    risk_parameters.ORACLE,
    risk_parameters.checkpoint,
    risk_parameters.checkpoints,
    risk_parameters.report_outage,
    risk_parameters.row_words,
    risk_parameters.set_asset,
    risk_parameters.apply_asset,
    risk_parameters.set_market,
    risk_parameters.apply_market,
    risk_parameters.set_collateral,
    risk_parameters.apply_collateral,
    risk_parameters.set_globals,
    risk_parameters.apply_globals,
    risk_parameters.row_notices,
    risk_parameters.feed_notices,
    risk_parameters.MARGIN_NOTICE,
    risk_parameters.FEED_NOTICE,
    witnesses.witness_words,
)

# Fills of this many times open interest move the funding rate all the way to their premium. While
# maker and taker fee together are above a thirtieth of the daily funding cap, moving the rate costs
# more in fees than the 8 hours for which it then holds can earn.
TURNOVER: constant(uint256) = 10


# Whether the oracle watches a sequencer; if not, nobody pays for asking.
HAS_SEQUENCER: public(immutable(bool))


@deploy
def __init__(clearinghouse: address, oracle: address):
    """
    @notice Fixes whom it judges for and by whose prices.
    @param clearinghouse Address of the ledger; its owner sets the parameters here.
    @param oracle Address of the PriceOracle.
    """
    risk_parameters.__init__(clearinghouse, oracle)
    HAS_SEQUENCER = staticcall IPriceOracle(oracle).sequencer_feed() != empty(address)


# JUDGEMENT OF ACCOUNTS ----------------------------------------------------------------------------

@external
@view
def margin(account: uint256) -> (int256, uint256, uint256):
    """
    @notice Equity, initial and maintenance margin of an account, every price read once. A price
            that is not VALID counts at its worse end for the account. Anyone.
    @param account Account id.
    @return equity WAD cash.
    @return initial IM, WAD cash.
    @return maintenance MM, WAD cash.
    @custom:reverts risk table: unknown row
    """
    header: uint256 = 0
    legs: DynArray[uint256, limits.MAX_LEGS] = []
    header, legs = staticcall IClearinghouse(risk_parameters.CLEARINGHOUSE).portfolio(account)
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, known = portfolio_margin._tally(
        risk_parameters.ORACLE, words._cash(header), legs, [], False
    )
    globals: uint256 = risk_table._globals() if tally.has_position else 0
    return tally.equity, self._initial(tally, globals), tally.maintenance


@external
@view
def assess(
    account: uint256,
) -> (IRiskEngine.Assessment, DynArray[uint256, limits.MAX_KNOWN]):
    """
    @notice An account as the default procedure sees it: prices that are not VALID count at their
            better end for the account, and their legs are left out of what can be sold. But doubt
            does not keep what is gone: while the account is insolvent even so, and even with every
            VALID leg at the better of its two answers, legs whose two fresh feeds disagree are
            known, at the end better for the account. Anyone.
    @param account Account id.
    @return seen The assessment.
    @return known VALID legs with their prices and details, bits (layout: leg_layout), and those
            that `seen.apart` counts.
    @custom:reverts risk table: unknown row
    """
    header: uint256 = 0
    legs: DynArray[uint256, limits.MAX_LEGS] = []
    header, legs = staticcall IClearinghouse(risk_parameters.CLEARINGHOUSE).portfolio(account)
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, known = portfolio_margin._tally(
        risk_parameters.ORACLE, words._cash(header), legs, [], True
    )
    if tally.stuck != 0 or tally.apart != 0:
        known = portfolio_margin._shown_of(known, tally.apart)
    return (
        IRiskEngine.Assessment(
            equity=tally.equity,
            maintenance=tally.maintenance,
            linear=tally.linear,
            quadratic=tally.quadratic,
            stuck=tally.stuck,
            stage=words._stage(header),
            since=words._since(header),
            resumed=self._resumed_at(),
            apart=tally.apart,
            doubt=tally.doubt,
        ),
        known,
    )


@external
@view
def require_margin(
    account: uint256,
    cash: int256,
    level: uint256,
    legs: DynArray[uint256, limits.MAX_LEGS],
    known: DynArray[uint256, limits.MAX_KNOWN],
) -> int256:
    """
    @notice Reverts unless the portfolio meets a margin level at VALID prices (INV-8). Anyone.
    @param account Account id.
    @param cash WAD cash.
    @param level Index (layout: levels): 0 IM, 1 IM without any unrealised profit, 2 MM.
    @param legs The portfolio, bits (layout: leg_layout).
    @param known Prices already read in this transaction by the caller, who answers for them, bits.
    @return equity WAD cash.
    @custom:reverts risk table: unknown row | risk engine: price not valid | risk engine: below
                    maintenance margin | risk engine: below initial margin
    """
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    priced: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, priced = portfolio_margin._tally(risk_parameters.ORACLE, cash, legs, known, False)
    self._require_valid(tally.stuck)
    if level == levels.MAINTENANCE:
        assert (
            tally.equity >= convert(tally.maintenance, int256)
        ), "risk engine: below maintenance margin"
        return tally.equity
    globals: uint256 = risk_table._globals() if tally.has_position else 0
    required: uint256 = self._initial(tally, globals)
    if level == levels.WITHDRAWAL:
        required = max(required, tally.initial + tally.profit)
    self._require_initial(tally.equity, required)
    return tally.equity


@external
@view
def require_fill(
    fill: IRiskEngine.Fill,
    maker: uint256,
    maker_cash: int256,
    maker_legs: DynArray[uint256, limits.MAX_LEGS],
    taker: uint256,
    taker_cash: int256,
    taker_legs: DynArray[uint256, limits.MAX_LEGS],
) -> (uint256, uint256, int256, uint256, uint256, uint256):
    """
    @notice Judges both accounts as a fill left them. An account may do it when it meets IM at VALID
            prices; one that only reduced, also when it did so at mark or better for itself and is
            solvent (INV-8, INV-10). Anyone; the ledger asks before it keeps a fill.
    @param fill The fill.
    @param maker Account id.
    @param maker_cash Cash of the maker, WAD cash.
    @param maker_legs The maker's portfolio, bits (layout: leg_layout).
    @param taker Account id.
    @param taker_cash Cash of the taker, WAD cash.
    @param taker_legs The taker's portfolio, bits (layout: leg_layout).
    @return low Lower end of the mark, WAD cash per base unit.
    @return high Upper end of the mark, WAD cash per base unit.
    @return rate The funding rate that the fill argues for, wei of cash per base unit and second.
    @return weight How much it counts, WAD, at most 1.
    @return maker_initial IM of the maker, WAD cash.
    @return taker_initial IM of the taker, WAD cash.
    @custom:reverts risk table: unknown row | risk engine: open interest cap | risk engine: isolated
                    accounts only | risk engine: price not valid | risk engine: below initial margin
                    | risk engine: insolvent account | risk engine: worse than mark
    """
    row: risk_table.Row = risk_table._row_of(leg_layout.MARKET_ROW + fill.market)
    mark: uint256 = self._quote(row)
    low: uint256 = mark & leg_layout.PRICE_MASK
    high: uint256 = (mark >> leg_layout.KNOWN_HIGH_SHIFT) & leg_layout.KNOWN_HIGH_MASK
    if fill.opened:
        assert (
            wad_math._mul_up(fill.interest, high)
            <= (row.risk >> risk_rows.INTEREST_CAP_SHIFT) * units.WAD
        ), "risk engine: open interest cap"
    asset: uint256 = row.w1 >> risk_rows.ASSET_SHIFT
    known: DynArray[uint256, limits.MAX_KNOWN] = [mark | asset << leg_layout.KNOWN_ASSET_SHIFT]
    maker_tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    maker_tally, known = portfolio_margin._tally(
        risk_parameters.ORACLE, maker_cash, maker_legs, known, False
    )
    taker_tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    taker_tally, known = portfolio_margin._tally(
        risk_parameters.ORACLE, taker_cash, taker_legs, known, False
    )
    globals: uint256 = 0
    if maker_tally.has_position or taker_tally.has_position:
        globals = risk_table._globals()
    # The maker gains -size: at mark or better when they buy at most at its lower end.
    maker_initial: uint256 = self._require_may_fill(
        maker_tally,
        globals,
        maker,
        row.risk,
        fill.reduces & order_words.MAKER_REDUCES != 0,
        fill.price <= low if fill.size < 0 else fill.price >= high,
    )
    taker_initial: uint256 = self._require_may_fill(
        taker_tally,
        globals,
        taker,
        row.risk,
        fill.reduces & order_words.TAKER_REDUCES != 0,
        fill.price <= low if fill.size > 0 else fill.price >= high,
    )
    rate: int256 = 0
    weight: uint256 = 0
    rate, weight = self._premium(fill, row.risk, mark)
    return low, high, rate, weight, maker_initial, taker_initial


# PRICES -------------------------------------------------------------------------------------------

@external
@view
def price(row: uint256) -> (uint256, uint256, bool):
    """
    @notice Price of a row. Anyone.
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @return low Lower end, WAD cash per unit.
    @return high Upper end, WAD cash per unit.
    @return is_valid Whether it is VALID.
    @custom:reverts risk table: unknown row
    """
    quote: uint256 = self._quote(risk_table._row_of(row))
    return (
        quote & leg_layout.PRICE_MASK,
        (quote >> leg_layout.KNOWN_HIGH_SHIFT) & leg_layout.KNOWN_HIGH_MASK,
        quote >> leg_layout.KNOWN_STATUS_SHIFT == feed_words.STATUS_VALID,
    )


@external
@view
def settlement_price(row: uint256) -> (uint256, uint256):
    """
    @notice The price at which a row's market may be settled, and what it is. Nobody chooses this
            price, the admin no more than the others:
            1 VALID     the mark. The market lives; to settle it is the admin's decision.
            2 final     the average of an hour's checkpoints: the last prices on which two feeds
                        agreed, no single one of them decisive; cut off at what evidence is left
                        now. With no checkpoint, the middle of the interval.
            0 in doubt  the same, for information: nobody settles at it.
            An outage is final once it has been on record for the asset's `settle_after` and shown
            again at least every six hours until now, and the sequencer is no excuse. Time before
            the sequencer's last return does not count: meanwhile nobody could have shown that the
            feed is back. Never reverts because of a feed (INV-13).
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @return price WAD cash per unit.
    @return kind 0 in doubt, 1 VALID, 2 final.
    @custom:reverts risk table: unknown row
    """
    terms: risk_table.Row = risk_table._row_of(row)
    quote: portfolio_margin.Quote = portfolio_margin._read(risk_parameters.ORACLE, terms)
    if quote.status == feed_words.STATUS_VALID:
        return quote.price, feed_words.MARK
    average: uint256 = self._averages(terms)[0]
    if average == 0:
        average = (quote.price + quote.high) // 2
    average = min(max(average, quote.price), quote.high)
    since: uint256 = 0
    shown: uint256 = 0
    since, shown = staticcall IPriceOracle(risk_parameters.ORACLE).outage(
        self, terms.w0, terms.w1, terms.w2
    )
    if (
        since == 0
        or block.timestamp > shown + feed_words.SHOW_AGAIN
        or quote.status == feed_words.STATUS_SEQUENCER
    ):
        return average, feed_words.IN_DOUBT
    settle_after: uint256 = witnesses._settle_after(terms.w1 >> risk_rows.ASSET_SHIFT)
    if block.timestamp < max(since, self._resumed_at()) + settle_after:
        return average, feed_words.IN_DOUBT
    return average, feed_words.FINAL


@external
@view
def reference_price(row: uint256) -> uint256:
    """
    @notice What a move of a row's price is measured from: the average of a day's checkpoints. No
            fill sets it. Anyone.
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @return WAD cash per unit; 0 = there is no checkpoint.
    @custom:reverts risk table: unknown row
    """
    return self._averages(risk_table._row_of(row))[1]


@external
@view
def maintenance_rate(market: uint256) -> uint256:
    """
    @notice Maintenance margin of a small position in a market, a part of its notional. Anyone.
    @param market Market id.
    @return ppm, rounded down.
    @custom:reverts risk table: unknown row
    """
    risk: uint256 = risk_table._row_of(leg_layout.MARKET_ROW + market).risk
    ratio: uint256 = (risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK
    return (risk & risk_rows.RATE_MASK) * ratio // units.PPM


# INTERNAL: JUDGEMENT ------------------------------------------------------------------------------

@internal
@pure
def _initial(tally: portfolio_margin.Tally, globals: uint256) -> uint256:
    """
    @dev IM with the discount on unrealised profit and the least equity of an account with a
         position, WAD cash.
    @param globals Parameters for every account, bits; 0 will do for one without a position.
    """
    if not tally.has_position:
        return tally.initial
    required: uint256 = tally.initial + portfolio_margin._ppm_up(
        tally.profit, units.PPM - (globals & risk_rows.RATE_MASK)
    )
    return max(required, globals >> risk_rows.RATIO_SHIFT)


@internal
@pure
def _require_may_fill(
    tally: portfolio_margin.Tally,
    globals: uint256,
    account: uint256,
    risk: uint256,
    reduces: bool,
    at_mark_or_better: bool,
) -> uint256:
    """
    @dev The rule of `require_fill` for one account.
    @param globals Parameters for every account, bits.
    @param risk Word 3 of the market's row (layout: risk_rows).
    @return IM, WAD cash.
    """
    required: uint256 = self._initial(tally, globals)
    if not reduces:
        if not words._is_isolated(account):
            self._require_cross_allowed(risk)
        self._require_valid(tally.stuck)
        self._require_initial(tally.equity, required)
    elif tally.equity < convert(required, int256):
        assert tally.equity > 0, "risk engine: insolvent account"
        assert at_mark_or_better, "risk engine: worse than mark"
    return required


@internal
@pure
def _require_initial(equity: int256, required: uint256):
    """
    @dev INV-8. Both WAD cash; `required` is IM.
    """
    assert equity >= convert(required, int256), "risk engine: below initial margin"


@internal
@pure
def _require_valid(stuck: uint256):
    """
    @dev What takes on risk or pays out needs VALID prices (INV-3), and no legs that are stuck.
    """
    assert stuck == 0, "risk engine: price not valid"


@internal
@pure
def _require_cross_allowed(risk: uint256):
    """
    @dev Some markets are for ISOLATED accounts only.
    """
    assert (
        risk >> risk_rows.ISOLATED_ONLY_SHIFT
    ) & risk_rows.ISOLATED_ONLY_MASK == 0, "risk engine: isolated accounts only"


@internal
@pure
def _premium(fill: IRiskEngine.Fill, risk: uint256, mark: uint256) -> (int256, uint256):
    """
    @dev The funding rate a fill argues for, its premium over mark per day, capped; and its weight,
         its size as a part of TURNOVER times open interest. No weight without a VALID mark.
    @return Wei of cash per base unit and second; WAD.
    """
    if mark >> leg_layout.KNOWN_STATUS_SHIFT != feed_words.STATUS_VALID:
        return 0, 0
    price: int256 = convert(mark & leg_layout.PRICE_MASK, int256)
    cap: int256 = (
        price
        * convert(
            (risk >> risk_rows.FUNDING_CAP_SHIFT) & risk_rows.FUNDING_CAP_MASK, int256
        ) // units.IPPM
    )
    premium: int256 = min(max(convert(fill.price, int256) - price, -cap), cap)
    size: uint256 = convert(abs(fill.size), uint256)
    weight: uint256 = units.WAD
    if size < fill.interest * TURNOVER:
        weight = size * units.WAD // (fill.interest * TURNOVER)
    return premium // units.IDAY, weight


# INTERNAL: TABLE AND ORACLE -----------------------------------------------------------------------

@internal
@view
def _quote(row: risk_table.Row) -> uint256:
    """
    @dev The price of a row that was set, as a known price (layout: leg_layout) without its asset,
         in which a VALID price is its own upper end.
    """
    quote: portfolio_margin.Quote = portfolio_margin._read(risk_parameters.ORACLE, row)
    if quote.status == feed_words.STATUS_VALID:
        quote.high = quote.price
    return (
        quote.price
        | quote.high << leg_layout.KNOWN_HIGH_SHIFT
        | quote.status << leg_layout.KNOWN_STATUS_SHIFT
    )


@internal
@view
def _averages(row: risk_table.Row) -> (uint256, uint256):
    """
    @dev Averages of an hour's and of a day's checkpoints of a row, WAD; 0 = there is no checkpoint.
    """
    average: uint256 = 0
    day_average: uint256 = 0
    time: uint256 = 0
    average, day_average, time = staticcall IPriceOracle(risk_parameters.ORACLE).average(
        self, row.w0, row.w1, row.w2
    )
    return average, day_average


@internal
@view
def _resumed_at() -> uint256:
    """
    @dev When the sequencer's grace after its last outage was over, unix seconds; 0 = no sequencer.
    """
    if not HAS_SEQUENCER:
        return 0
    return staticcall IPriceOracle(risk_parameters.ORACLE).resumed_at()
