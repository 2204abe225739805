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
        holds no money and keeps no accounts: the ledger pushes portfolios (layout: IRiskEngine),
        the oracle judges prices. A price that is not VALID is an interval: the checks of fills,
        bids and withdrawals take its worse end for the account, the default procedure its better
        end, so that feeds in doubt neither let money out nor an account be sold (INV-3).
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IPriceOracle
from ..interfaces import IRiskEngine
from ..modules.layout import leg_layout
from ..modules.layout import levels
from ..modules.layout import limits
from ..modules.layout import risk_rows
from ..modules.layout import units
from ..modules.layout import words
from ..modules import portfolio_margin
from ..modules import risk_table
from ..modules import wad_math

implements: IRiskEngine
initializes: risk_table
initializes: portfolio_margin[risk_table := risk_table]

SECONDS_PER_DAY: constant(int256) = 86_400

MAX_ASSETS: constant(uint256) = 128
MAX_ROWS_PER_ASSET: constant(uint256) = 16
MAX_CHECKPOINTS: constant(uint256) = 64  # in one call
NOT_VALID: constant(uint256) = 2**240


# Fills of this many times open interest move the funding rate all the way to their premium. While
# maker and taker fee together are above a thirtieth of the daily funding cap, moving the rate costs
# more in fees than the 8 hours for which it then holds can earn.
TURNOVER: constant(uint256) = 10

# How long a reported outage must have lasted before a market may be settled for it, seconds: longer
# than a weekend, so that a feed which only needs somebody at work is not buried.
SETTLE_AFTER: public(constant(uint256)) = 3 * 86_400

# Statuses of the oracle (IPriceOracle).
STATUS_VALID: constant(uint256) = 0
STATUS_SEQUENCER: constant(uint256) = 4

# Bounds of parameters.
MIN_BASE: constant(uint256) = 5_000  # 0.5 %: leverage 200
MIN_RATIO: constant(uint256) = 100_000  # MM at least 10 % of IM
MAX_RATIO: constant(uint256) = 950_000
MAX_FUNDING: constant(uint256) = 50_000  # 5 % a day
MAX_HAIRCUT: constant(uint256) = 950_000
MAX_HEARTBEAT: constant(uint256) = 3 * 86_400
MAX_DECIMALS: constant(uint256) = 36
MIN_DEVIATION: constant(uint256) = 5  # bps
MAX_DEVIATION: constant(uint256) = 2_000
MAX_MINIMUM_EQUITY: constant(uint256) = 10**24  # a million of cash


event AssetSet:
    asset: indexed(uint256)
    w0: uint256
    w1: uint256
    w2: uint256


event MarketRiskSet:
    market: indexed(uint256)
    asset: indexed(uint256)
    risk: uint256


event CollateralRiskSet:
    index: indexed(uint256)
    asset: indexed(uint256)
    risk: uint256


event GlobalsSet:
    profit_weight: uint256
    minimum_equity: uint256


CLEARINGHOUSE: public(immutable(address))
ORACLE: public(immutable(address))
# Whether the oracle watches a sequencer; if not, nobody pays for asking.
HAS_SEQUENCER: public(immutable(bool))


# asset -> its feeds (risk 0), the source of every row that uses it.
asset_feeds: HashMap[uint256, risk_table.Row]
# asset -> rows that use it.
asset_rows: HashMap[uint256, DynArray[uint256, MAX_ROWS_PER_ASSET]]


@deploy
def __init__(clearinghouse: address, oracle: address):
    """
    @param clearinghouse The ledger; its owner sets the parameters here.
    @param oracle PriceOracle.
    """
    CLEARINGHOUSE = clearinghouse
    ORACLE = oracle
    HAS_SEQUENCER = staticcall IPriceOracle(oracle).sequencer_feed() != empty(address)


# JUDGEMENT OF ACCOUNTS ----------------------------------------------------------------------------

@external
@view
def margin(account: uint256) -> (int256, uint256, uint256):
    """
    @notice Equity, initial and maintenance margin of an account, WAD cash, every price read once.
            A price that is not VALID counts at its worse end for the account.
    """
    header: uint256 = 0
    legs: DynArray[uint256, limits.MAX_LEGS] = []
    header, legs = staticcall IClearinghouse(CLEARINGHOUSE).portfolio(account)
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, known = portfolio_margin._tally(ORACLE, words._cash(header), legs, [], False)
    return tally.equity, self._initial(tally), tally.maintenance


@external
@view
def assess(
    account: uint256,
) -> (IRiskEngine.Assessment, DynArray[uint256, limits.MAX_KNOWN]):
    """
    @notice An account as the default procedure sees it: prices that are not VALID count at their
            better end for the account, and their legs are left out of what can be sold.
    @return The assessment, and the VALID legs with their prices (layout: IRiskEngine).
    """
    header: uint256 = 0
    legs: DynArray[uint256, limits.MAX_LEGS] = []
    header, legs = staticcall IClearinghouse(CLEARINGHOUSE).portfolio(account)
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, known = portfolio_margin._tally(ORACLE, words._cash(header), legs, [], True)
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
    @notice Reverts unless the portfolio meets a margin level at VALID prices (INV-8).
    @param level 0 IM, 1 IM without counting any unrealised profit (what pays out must leave), 2 MM.
    @param known Prices already read in this transaction by the caller, who answers for them.
    @return Equity, WAD cash.
    """
    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    priced: DynArray[uint256, limits.MAX_KNOWN] = []
    tally, priced = portfolio_margin._tally(ORACLE, cash, legs, known, False)
    assert tally.stuck == 0, "risk engine: price not valid"
    if level == levels.MAINTENANCE:
        assert (
            tally.equity >= convert(tally.maintenance, int256)
        ), "risk engine: below maintenance margin"
        return tally.equity
    required: uint256 = self._initial(tally)
    if level == levels.WITHDRAWAL:
        required = max(required, tally.initial + tally.profit)
    self._require_initial(tally, required)
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
            solvent (INV-8, INV-10).
    @return Lower and upper end of the mark (WAD), the funding rate that the fill argues for (wei of
            cash per base unit and second), how much it counts (WAD, at most 1), IM of the maker and
            IM of the taker (WAD cash).
    """
    number: uint256 = leg_layout.MARKET_ROW + fill.market
    row: risk_table.Row = self._row(number)
    mark: uint256 = self._quote(row)
    low: uint256 = mark & leg_layout.PRICE_MASK
    high: uint256 = (mark >> portfolio_margin.HIGH_SHIFT) & leg_layout.PRICE_MASK
    if fill.opened:
        assert (
            wad_math._mul_up(fill.interest, high)
            <= (row.risk >> risk_rows.INTEREST_CAP_SHIFT) * units.WAD
        ), "risk engine: open interest cap"
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    if mark & NOT_VALID == 0:
        asset: uint256 = (row.w1 >> risk_rows.ASSET_SHIFT) & risk_rows.ASSET_MASK
        known.append(number << leg_layout.ROW_SHIFT | asset << leg_layout.KNOWN_ASSET_SHIFT | low)

    tally: portfolio_margin.Tally = empty(portfolio_margin.Tally)
    tally, known = portfolio_margin._tally(ORACLE, maker_cash, maker_legs, known, False)
    # The maker gains -size: at mark or better when he buys at most at its lower end.
    maker_initial: uint256 = self._require_may_fill(
        tally,
        maker,
        row.risk,
        fill.reduces & 1 != 0,
        fill.price <= low if fill.size < 0 else fill.price >= high,
    )
    tally, known = portfolio_margin._tally(ORACLE, taker_cash, taker_legs, known, False)
    taker_initial: uint256 = self._require_may_fill(
        tally,
        taker,
        row.risk,
        fill.reduces & 2 != 0,
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
    @notice Price of a row: 1 + i for collateral i, 8 + m for market m.
    @return Lower end, upper end (WAD) and whether it is VALID.
    """
    quote: uint256 = self._quote(self._row(row))
    return (
        quote & leg_layout.PRICE_MASK,
        (quote >> portfolio_margin.HIGH_SHIFT) & leg_layout.PRICE_MASK,
        quote & NOT_VALID == 0,
    )


@external
@view
def settlement_price(row: uint256) -> (uint256, bool):
    """
    @notice The price at which a row's market may be settled, and whether anyone may settle it.
            Nobody chooses this price, the admin no more than the others:
            VALID   the mark. The market lives; to settle it is the admin's decision.
            else    the average of the checkpoints: the last prices on which both feeds agreed, no
                    single one of them decisive. With no checkpoint, the middle of the interval.
            Once an outage has been on record for SETTLE_AFTER, the price stays dead and the
            sequencer is no excuse, settling needs nobody's permission. Time before the sequencer's
            last return does not count: meanwhile nobody could have shown that the feed is back.
            Never reverts because of a feed (INV-13).
    @param row 1 + i for collateral i, 8 + m for market m.
    @return WAD cash, and whether it is final.
    """
    terms: risk_table.Row = self._row(row)
    low: uint256 = 0
    high: uint256 = 0
    status: uint256 = 0
    low, high, status = staticcall IPriceOracle(ORACLE).price(terms.w0, terms.w1, terms.w2)
    if status == STATUS_VALID:
        return low, False
    average: uint256 = 0
    time: uint256 = 0
    average, time = staticcall IPriceOracle(ORACLE).average(terms.w0, terms.w1, terms.w2)
    if average == 0:
        average = (low + high) // 2
    since: uint256 = staticcall IPriceOracle(ORACLE).outage(terms.w0, terms.w1, terms.w2)
    if since == 0 or status == STATUS_SEQUENCER:
        return average, False
    return average, block.timestamp >= max(since, self._resumed_at()) + SETTLE_AFTER


@external
def checkpoint(row: uint256):
    """
    @notice Takes the oracle's checkpoint of a row's feeds. Anyone, while the price is VALID.
    @param row 1 + i for collateral i, 8 + m for market m.
    """
    terms: risk_table.Row = self._row(row)
    extcall IPriceOracle(ORACLE).checkpoint(terms.w0, terms.w1, terms.w2)


@external
def checkpoints(rows: DynArray[uint256, MAX_CHECKPOINTS]) -> uint256:
    """
    @notice Takes the checkpoints of many rows and passes over those whose price is not VALID, so
            that one bad feed holds up no keeper. Anyone.
    @param rows As above; rows that share an asset share its checkpoint.
    @return How many were taken.
    """
    taken: uint256 = 0
    for row: uint256 in rows:
        terms: risk_table.Row = self._row(row)
        taken += convert(
            raw_call(
                ORACLE,
                abi_encode(
                    terms.w0,
                    terms.w1,
                    terms.w2,
                    method_id=method_id("checkpoint(uint256,uint256,uint256)"),
                ),
                revert_on_failure=False,
            ),
            uint256,
        )
    return taken


@external
def report_outage(row: uint256):
    """
    @notice Puts on record that the price of a row is not VALID. Anyone; a checkpoint ends it.
    @param row 1 + i for collateral i, 8 + m for market m.
    """
    terms: risk_table.Row = self._row(row)
    extcall IPriceOracle(ORACLE).report_outage(terms.w0, terms.w1, terms.w2)


@external
@view
def row_words(row: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice A row as stored (layout: risk_rows): three words of feeds, one of risk. Reverts when
            the row's page was never written; zeros for a row that was never set.
    """
    content: risk_table.Row = risk_table._row_at(risk_table._page_of(row), row)
    return content.w0, content.w1, content.w2, content.risk


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_asset(asset: uint256, w0: uint256, w1: uint256, w2: uint256):
    """
    @notice Sets the feeds of an asset, in every row that uses it. Admin only. The price must be
            VALID at that moment, and becomes the first checkpoint.
    @param asset Id, 1 to 127.
    @param w0 Primary feed, heartbeats, decimals, deviation limit (layout: IPriceOracle).
    @param w1 Secondary feed.
    @param w2 Hard bounds.
    """
    self._require_admin()
    self._require_bounds(
        asset != 0
        and asset < MAX_ASSETS
        and self._is_heartbeat(w0 >> 160)
        and self._is_heartbeat(w0 >> 200)
        and w0 >> 240 >= MIN_DEVIATION
        and w0 >> 240 <= MAX_DEVIATION
        and w1 >> 160 == 0
        and w0 & (2**160 - 1) != w1
        and w2 & leg_layout.AMOUNT_MASK != 0
        and w2 & leg_layout.AMOUNT_MASK < w2 >> 128
        and w2 >> 128 < limits.PRICE_LIMIT
    )
    row: risk_table.Row = risk_table.Row(
        w0=w0, w1=w1 | asset << risk_rows.ASSET_SHIFT, w2=w2, risk=0
    )
    self.asset_feeds[asset] = row
    for used: uint256 in self.asset_rows[asset]:
        row.risk = self._row(used).risk
        risk_table._write_row(used, row)
    log AssetSet(asset=asset, w0=w0, w1=w1, w2=w2)
    extcall IPriceOracle(ORACLE).checkpoint(w0, w1, w2)


@external
def set_market(
    market: uint256,
    asset: uint256,
    base: uint256,
    ratio: uint256,
    slope: uint256,
    load: uint256,
    funding_cap: uint256,
    isolated_only: bool,
    interest_cap: uint256,
):
    """
    @notice Sets the risk parameters of a market. Admin only.
    @param market Id, 1 to 120.
    @param asset Asset that gives the mark; fixed once set.
    @param base Initial margin rate of a small position, ppm: 5,000 to 1,000,000.
    @param ratio Maintenance margin as a part of initial margin, ppm: 100,000 to 950,000.
    @param slope Rate added per unit of cash of the position's notional, WAD (48 bits).
    @param load Rate added per unit of cash of open interest, WAD (48 bits).
    @param funding_cap Greatest funding per day, ppm of mark: at most 50,000.
    @param isolated_only Whether only ISOLATED accounts may hold it.
    @param interest_cap Greatest open interest, whole units of cash (64 bits).
    """
    self._require_admin()
    self._require_bounds(
        market != 0
        and market <= limits.MAX_MARKET
        and base >= MIN_BASE
        and base <= units.PPM
        and ratio >= MIN_RATIO
        and ratio <= MAX_RATIO
        and slope <= risk_rows.FACTOR_MASK
        and load <= risk_rows.FACTOR_MASK
        and funding_cap <= MAX_FUNDING
        and interest_cap < 2**64
    )
    risk: uint256 = (
        base
        | ratio << risk_rows.RATIO_SHIFT
        | slope << risk_rows.SLOPE_SHIFT
        | load << risk_rows.LOAD_SHIFT
        | funding_cap << risk_rows.FUNDING_CAP_SHIFT
        | convert(isolated_only, uint256) << risk_rows.ISOLATED_ONLY_SHIFT
        | interest_cap << risk_rows.INTEREST_CAP_SHIFT
    )
    self._set_row(leg_layout.MARKET_ROW + market, asset, risk)
    log MarketRiskSet(market=market, asset=asset, risk=risk)


@external
def set_collateral(
    index: uint256, asset: uint256, haircut_initial: uint256, haircut_maintenance: uint256
):
    """
    @notice Sets the haircuts of a collateral. Admin only.
    @param index Index in the Clearinghouse, 0 to 7.
    @param asset Asset that gives the price; fixed once set.
    @param haircut_initial Part of the value that does not count for IM, ppm: at most 950,000.
    @param haircut_maintenance Part that does not count for MM, ppm: at most `haircut_initial`.
    """
    self._require_admin()
    self._require_bounds(
        index < limits.MAX_COLLATERALS
        and haircut_initial <= MAX_HAIRCUT
        and haircut_maintenance <= haircut_initial
    )
    risk: uint256 = haircut_initial | haircut_maintenance << risk_rows.RATIO_SHIFT
    self._set_row(leg_layout.COLLATERAL_ROW + index, asset, risk)
    log CollateralRiskSet(index=index, asset=asset, risk=risk)


@external
def set_globals(profit_weight: uint256, minimum_equity: uint256):
    """
    @notice Sets what holds for every account. Admin only.
    @param profit_weight Part of unrealised profit that supports new positions (w), ppm.
    @param minimum_equity Least equity of an account with a position, WAD cash: at most a million.
    """
    self._require_admin()
    self._require_bounds(profit_weight <= units.PPM and minimum_equity <= MAX_MINIMUM_EQUITY)
    risk_table._write_row(
        risk_rows.GLOBALS_ROW,
        risk_table.Row(
            w0=0, w1=0, w2=0, risk=profit_weight | minimum_equity << risk_rows.RATIO_SHIFT
        ),
    )
    log GlobalsSet(profit_weight=profit_weight, minimum_equity=minimum_equity)


# INTERNAL: JUDGEMENT ------------------------------------------------------------------------------

@internal
@view
def _initial(tally: portfolio_margin.Tally) -> uint256:
    """
    @dev IM with the discount on unrealised profit and the least equity of an account with a
         position, WAD cash.
    """
    if tally.positions == 0:
        return tally.initial
    risk: uint256 = self._globals()
    required: uint256 = tally.initial + portfolio_margin._ppm_up(
        tally.profit, units.PPM - (risk & risk_rows.RATE_MASK)
    )
    return max(required, risk >> risk_rows.RATIO_SHIFT)


@internal
@view
def _require_may_fill(
    tally: portfolio_margin.Tally,
    account: uint256,
    risk: uint256,
    reduces: bool,
    at_mark_or_better: bool,
) -> uint256:
    """
    @dev The rule of `require_fill` for one account.
    @return IM, WAD cash.
    """
    required: uint256 = self._initial(tally)
    if not reduces:
        if not words._is_isolated(account):
            self._require_cross_allowed(risk)
        self._require_initial(tally, required)
    elif tally.equity < convert(required, int256):
        assert tally.equity > 0, "risk engine: insolvent account"
        assert at_mark_or_better, "risk engine: worse than mark"
    return required


@internal
@pure
def _require_initial(tally: portfolio_margin.Tally, required: uint256):
    """
    @dev INV-8.
    """
    assert tally.stuck == 0, "risk engine: price not valid"
    assert tally.equity >= convert(required, int256), "risk engine: below initial margin"


@internal
@pure
def _require_cross_allowed(risk: uint256):
    """
    @dev Some markets are for ISOLATED accounts only.
    """
    assert (risk >> risk_rows.ISOLATED_ONLY_SHIFT) & 1 == 0, "risk engine: isolated accounts only"


@internal
@pure
def _premium(fill: IRiskEngine.Fill, risk: uint256, mark: uint256) -> (int256, uint256):
    """
    @dev The funding rate a fill argues for, its premium over mark per day, capped; and its weight,
         its size as a part of TURNOVER times open interest. No weight without a VALID mark.
    """
    if mark & NOT_VALID != 0:
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
    return premium // SECONDS_PER_DAY, weight


# INTERNAL: TABLE ----------------------------------------------------------------------------------

@internal
@view
def _row(number: uint256) -> risk_table.Row:
    """
    @dev A row that was set.
    """
    row: risk_table.Row = risk_table._row_at(risk_table._page_of(number), number)
    assert row.w0 != 0, "risk engine: unknown row"
    return row


@internal
@view
def _globals() -> uint256:
    """
    @dev Risk word of the globals.
    """
    return risk_table._risk_at(risk_table._page_of(risk_rows.GLOBALS_ROW), risk_rows.GLOBALS_ROW)


@internal
@view
def _quote(row: risk_table.Row) -> uint256:
    """
    @dev A price as one word: low 120 | high 120 | not VALID. Never 0 for a row that was set.
    """
    low: uint256 = 0
    high: uint256 = 0
    status: uint256 = 0
    low, high, status = staticcall IPriceOracle(ORACLE).price(
        row.w0, row.w1, row.w2, skip_contract_check=True
    )
    quote: uint256 = low | high << portfolio_margin.HIGH_SHIFT
    if status != 0:
        quote |= NOT_VALID
    return quote


@internal
@view
def _resumed_at() -> uint256:
    """
    @dev When the sequencer's grace after its last outage was over, unix seconds; 0 = no sequencer.
    """
    if not HAS_SEQUENCER:
        return 0
    return staticcall IPriceOracle(ORACLE).resumed_at()


@internal
def _set_row(number: uint256, asset: uint256, risk: uint256):
    """
    @dev Writes a row with the feeds of its asset.
    """
    row: risk_table.Row = self.asset_feeds[asset]
    assert row.w0 != 0, "risk engine: unknown asset"
    if number not in self.asset_rows[asset]:
        page: address = risk_table.pages[number // risk_rows.ROWS_PER_PAGE]
        if page != empty(address):
            assert risk_table._row_at(page, number).w0 == 0, "risk engine: asset of a row is fixed"
        self.asset_rows[asset].append(number)
    row.risk = risk
    risk_table._write_row(number, row)


@internal
@pure
def _is_heartbeat(fields: uint256) -> bool:
    """
    @dev Whether a heartbeat (32 bits) and the decimals after it (8 bits) are within bounds.
    """
    heartbeat: uint256 = fields & risk_rows.RATE_MASK
    return heartbeat != 0 and heartbeat <= MAX_HEARTBEAT and (fields >> 32) & 255 <= MAX_DECIMALS


@internal
@view
def _require_admin():
    """
    @dev The Clearinghouse's owner is the one admin.
    """
    assert (
        msg.sender == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner()
    ), "risk engine: caller is not the admin"


@internal
@pure
def _require_bounds(within: bool):
    """
    @dev Parameters stay inside hard-coded bounds.
    """
    assert within, "risk engine: parameter out of bounds"
