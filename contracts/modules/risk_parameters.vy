#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Risk parameters: who may set what, within which bounds
@custom:contract-name risk_parameters
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Feeds of assets, terms of markets, haircuts of collaterals and what holds for every account,
        as rows of the risk table. The Clearinghouse's owner sets them, inside hard-coded bounds;
        anyone keeps the oracle's memory of their feeds.
@dev    What raises anybody's margin, or changes the feeds of an asset, is announced first and takes
        effect after a notice, when anyone applies it: nobody is called, or judged by other feeds,
        before they could know. What lowers margins, and what is set for the first time, takes
        effect at once. One announcement stands for each row and each asset: another one replaces
        it, as does a change that takes effect at once.
"""

from ..interfaces import IClearinghouseRecords
from ..interfaces import IPriceOracle
from ..interfaces import IRiskEngineAdmin
from ..interfaces import IRiskEngineEvents
from .layout import feed_words
from .layout import leg_layout
from .layout import limits
from .layout import risk_rows
from .layout import units
from . import risk_table
from . import witnesses

uses: risk_table
uses: witnesses

ASSET_LIMIT: constant(uint256) = 128
MAX_ROWS_PER_ASSET: constant(uint256) = 16
MAX_CHECKPOINTS: constant(uint256) = 64  # in one call

# Bounds of parameters.
MIN_BASE: constant(uint256) = 5_000  # ppm, 0.5 %: leverage 200
MIN_RATIO: constant(uint256) = 100_000  # ppm: MM at least 10 % of IM
MAX_RATIO: constant(uint256) = 950_000  # ppm
MAX_MAINTENANCE: constant(uint256) = 500_000  # ppm: MM without concentration half of the notional
MAX_FUNDING: constant(uint256) = 50_000  # ppm, 5 % a day
MAX_HAIRCUT: constant(uint256) = 950_000  # ppm
MAX_HEARTBEAT: constant(uint256) = 3 * units.DAY
MIN_DEVIATION: constant(uint256) = 5  # bps
MAX_DEVIATION: constant(uint256) = 2_000  # bps
MIN_SETTLE_AFTER: constant(uint256) = units.DAY
MAX_SETTLE_AFTER: constant(uint256) = 14 * units.DAY
MAX_MINIMUM_EQUITY: constant(uint256) = 10**24  # a million of cash

# How long an announcement must have stood, seconds: of higher margins, long enough to reduce or to
# top up over a weekend; of other feeds, long enough to leave.
MARGIN_NOTICE: public(constant(uint256)) = 3 * units.DAY
FEED_NOTICE: public(constant(uint256)) = 7 * units.DAY


# The ledger; its owner sets the parameters.
CLEARINGHOUSE: public(immutable(address))
# The PriceOracle.
ORACLE: public(immutable(address))


# asset -> its feeds (risk 0), the source of every row that uses it.
asset_feeds: HashMap[uint256, risk_table.Row]
# asset -> rows that use it.
asset_rows: HashMap[uint256, DynArray[uint256, MAX_ROWS_PER_ASSET]]
# row -> what is announced for it.
row_notices: public(HashMap[uint256, IRiskEngineAdmin.Notice])
# asset -> what is announced for it.
feed_notices: public(HashMap[uint256, IRiskEngineAdmin.FeedNotice])


@deploy
def __init__(clearinghouse: address, oracle: address):
    """
    @dev Fixes who sets parameters and which oracle takes the feeds.
    @param clearinghouse Address of the ledger; its owner sets the parameters here.
    @param oracle Address of the PriceOracle.
    """
    CLEARINGHOUSE = clearinghouse
    ORACLE = oracle


# FEEDS --------------------------------------------------------------------------------------------

@external
def checkpoint(row: uint256):
    """
    @notice Takes the oracle's checkpoint of a row's feeds. Anyone, while the price is VALID.
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @custom:reverts risk table: unknown row
    """
    terms: risk_table.Row = risk_table._row_of(row)
    extcall IPriceOracle(ORACLE).checkpoint(terms.w0, terms.w1, terms.w2, self._witness(terms))


@external
def checkpoints(rows: DynArray[uint256, MAX_CHECKPOINTS]) -> uint256:
    """
    @notice Takes the checkpoints of many rows and passes over those whose price is not VALID, so
            that one bad feed holds up no keeper. Anyone.
    @param rows Rows, as above; rows that share an asset share its checkpoint.
    @return taken Number of checkpoints taken.
    @custom:reverts risk table: unknown row
    """
    taken: uint256 = 0
    for row: uint256 in rows:
        terms: risk_table.Row = risk_table._row_of(row)
        taken += convert(
            raw_call(
                ORACLE,
                abi_encode(
                    terms.w0,
                    terms.w1,
                    terms.w2,
                    self._witness(terms),
                    method_id=method_id("checkpoint(uint256,uint256,uint256,uint256)"),
                ),
                revert_on_failure=False,
            ),
            uint256,
        )
    return taken


@external
def report_outage(row: uint256):
    """
    @notice Puts on record that the price of a row is not VALID, or shows that it still is not: at
            least every six hours, or the record begins anew. Anyone, once a block; a checkpoint
            ends it.
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @custom:reverts risk table: unknown row
    """
    terms: risk_table.Row = risk_table._row_of(row)
    extcall IPriceOracle(ORACLE).report_outage(terms.w0, terms.w1, terms.w2, self._witness(terms))


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def row_words(row: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice A row as stored (layout: risk_rows). Anyone. Reverts when the row's page was never
            written; zeros for a row that was never set.
    @param row Row: 0 for the globals, 1 + i for collateral i, 8 + m for market m.
    @return w0 First word of the feeds, bits.
    @return w1 Second word of the feeds and the asset id, bits.
    @return w2 Third word of the feeds, bits.
    @return risk Parameters, bits.
    @custom:reverts risk table: unknown row
    """
    content: risk_table.Row = risk_table._row_at(risk_table._page_of(row), row)
    return content.w0, content.w1, content.w2, content.risk


# ADMIN --------------------------------------------------------------------------------------------

@external
def set_asset(
    asset: uint256,
    w0: uint256,
    w1: uint256,
    w2: uint256,
    w3: uint256 = 3 * units.DAY << feed_words.SETTLE_AFTER_SHIFT,
):
    """
    @notice Sets the feeds of an asset, in every row that uses it. The Clearinghouse's owner only.
            The first time at once: the price must be VALID at that moment, and becomes the first
            checkpoint. After that they are announced, for `apply_asset`.
    @param asset Asset id, 1 to 127.
    @param w0 Bits: primary feed, heartbeats (seconds), decimals, deviation limit (bps) (layout:
           IPriceOracle).
    @param w1 Bits: secondary feed.
    @param w2 Bits: hard bounds (WAD cash per unit of the asset).
    @param w3 Bits: witness, if any, its heartbeat and decimals, and from bit 200 on how long an
           outage must have lasted before it is final (seconds), a day to fourteen: longer than the
           feeds' market is ever closed. Default: no witness and three days.
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk table: unknown row
    """
    self._require_admin()
    self._require_feeds(asset, w0, w1, w2)
    self._require_witness(w0, w1, w3)
    if self.asset_feeds[asset].w0 == 0:
        self._set_feeds(asset, w0, w1, w2, w3)
        return
    due: uint256 = block.timestamp + FEED_NOTICE
    self.feed_notices[asset] = IRiskEngineAdmin.FeedNotice(w0=w0, w1=w1, w2=w2, w3=w3, due=due)
    log IRiskEngineEvents.AssetAnnounced(asset=asset, w0=w0, w1=w1, w2=w2, w3=w3, due=due)


@external
def apply_asset(asset: uint256):
    """
    @notice Applies announced feeds of an asset, in every row that uses it, after `FEED_NOTICE`. The
            price must be VALID at that moment, and becomes the first checkpoint of new feeds.
            Anyone.
    @param asset Asset id, 1 to 127.
    @custom:reverts risk parameters: nothing announced | risk parameters: notice not over | risk
                    table: unknown row
    """
    notice: IRiskEngineAdmin.FeedNotice = self.feed_notices[asset]
    self._require_due(notice.due)
    self.feed_notices[asset] = empty(IRiskEngineAdmin.FeedNotice)
    self._set_feeds(asset, notice.w0, notice.w1, notice.w2, notice.w3)


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
    @notice Sets the risk parameters of a market. The Clearinghouse's owner only. If that raises
            anybody's margin, announces them, for `apply_market`.
    @param market Market id, 1 to 120.
    @param asset Asset id of what gives the mark; fixed once set.
    @param base Initial margin rate of a small position, ppm: 5,000 to 1,000,000.
    @param ratio Maintenance margin as a part of initial margin, ppm: 100,000 to 950,000, and with
           the base rate at most half of the notional.
    @param slope Rate added per unit of cash of the position's notional, WAD of rate (48 bits).
    @param load Rate added per unit of cash of open interest, WAD of rate (48 bits).
    @param funding_cap Greatest funding per day, ppm of mark: at most 50,000.
    @param isolated_only Whether only ISOLATED accounts may hold it.
    @param interest_cap Greatest open interest, whole units of cash (64 bits).
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk parameters: unknown asset | risk table: unknown row | risk
                    parameters: asset of a row is fixed
    """
    self._require_admin()
    self._require_bounds(
        market != 0
        and market <= limits.MAX_MARKET
        and base >= MIN_BASE
        and base <= units.PPM
        and ratio >= MIN_RATIO
        and ratio <= MAX_RATIO
        and base * ratio <= MAX_MAINTENANCE * units.PPM
        and slope <= risk_rows.FACTOR_MASK
        and load <= risk_rows.FACTOR_MASK
        and funding_cap <= MAX_FUNDING
        and interest_cap < risk_rows.INTEREST_CAP_LIMIT
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
    due: uint256 = self._set_row(leg_layout.MARKET_ROW + market, asset, risk)
    if due == 0:
        log IRiskEngineEvents.MarketRiskSet(market=market, asset=asset, risk=risk)
    else:
        log IRiskEngineEvents.MarketRiskAnnounced(market=market, risk=risk, due=due)


@external
def apply_market(market: uint256):
    """
    @notice Applies announced risk parameters of a market after `MARGIN_NOTICE`. Anyone.
    @param market Market id, 1 to 120.
    @custom:reverts risk parameters: parameter out of bounds | risk parameters: nothing announced |
                    risk parameters: notice not over | risk table: unknown row
    """
    self._require_bounds(market != 0 and market <= limits.MAX_MARKET)
    row: risk_table.Row = self._apply_row(leg_layout.MARKET_ROW + market)
    log IRiskEngineEvents.MarketRiskSet(
        market=market, asset=row.w1 >> risk_rows.ASSET_SHIFT, risk=row.risk
    )


@external
def set_collateral(
    index: uint256, asset: uint256, haircut_initial: uint256, haircut_maintenance: uint256
):
    """
    @notice Sets the haircuts of a collateral. The Clearinghouse's owner only. If one of them grows,
            announces them, for `apply_collateral`.
    @param index Collateral index in the Clearinghouse, 0 to 7.
    @param asset Asset id of what gives the price; fixed once set.
    @param haircut_initial Part of the value that does not count for IM, ppm: at most 950,000.
    @param haircut_maintenance Part that does not count for MM, ppm: at most `haircut_initial`.
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk parameters: unknown asset | risk table: unknown row | risk
                    parameters: asset of a row is fixed
    """
    self._require_admin()
    self._require_bounds(
        index < limits.MAX_COLLATERALS
        and haircut_initial <= MAX_HAIRCUT
        and haircut_maintenance <= haircut_initial
    )
    risk: uint256 = haircut_initial | haircut_maintenance << risk_rows.RATIO_SHIFT
    due: uint256 = self._set_row(leg_layout.COLLATERAL_ROW + index, asset, risk)
    if due == 0:
        log IRiskEngineEvents.CollateralRiskSet(index=index, asset=asset, risk=risk)
    else:
        log IRiskEngineEvents.CollateralRiskAnnounced(index=index, risk=risk, due=due)


@external
def apply_collateral(index: uint256):
    """
    @notice Applies announced haircuts of a collateral after `MARGIN_NOTICE`. Anyone.
    @param index Collateral index in the Clearinghouse, 0 to 7.
    @custom:reverts risk parameters: parameter out of bounds | risk parameters: nothing announced |
                    risk parameters: notice not over | risk table: unknown row
    """
    self._require_bounds(index < limits.MAX_COLLATERALS)
    row: risk_table.Row = self._apply_row(leg_layout.COLLATERAL_ROW + index)
    log IRiskEngineEvents.CollateralRiskSet(
        index=index, asset=row.w1 >> risk_rows.ASSET_SHIFT, risk=row.risk
    )


@external
def set_globals(profit_weight: uint256, minimum_equity: uint256):
    """
    @notice Sets what holds for every account. The Clearinghouse's owner only. If the weight falls
            or the least equity grows, announces them, for `apply_globals`.
    @param profit_weight Part of unrealised profit that supports new positions (w), ppm.
    @param minimum_equity Least equity of an account with a position, WAD cash: at most a million.
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk table: unknown row
    """
    self._require_admin()
    self._require_bounds(profit_weight <= units.PPM and minimum_equity <= MAX_MINIMUM_EQUITY)
    row: risk_table.Row = empty(risk_table.Row)
    row.risk = profit_weight | minimum_equity << risk_rows.RATIO_SHIFT
    if risk_table.pages[risk_rows.GLOBALS_ROW] == empty(address):
        risk_table._write_row(risk_rows.GLOBALS_ROW, row)
    else:
        due: uint256 = self._change_row(risk_rows.GLOBALS_ROW, row, risk_table._globals())
        if due != 0:
            log IRiskEngineEvents.GlobalsAnnounced(
                profit_weight=profit_weight, minimum_equity=minimum_equity, due=due
            )
            return
    log IRiskEngineEvents.GlobalsSet(profit_weight=profit_weight, minimum_equity=minimum_equity)


@external
def apply_globals():
    """
    @notice Applies what was announced for every account after `MARGIN_NOTICE`. Anyone.
    @custom:reverts risk parameters: nothing announced | risk parameters: notice not over | risk
                    table: unknown row
    """
    risk: uint256 = self._apply_row(risk_rows.GLOBALS_ROW).risk
    log IRiskEngineEvents.GlobalsSet(
        profit_weight=risk & risk_rows.RATE_MASK, minimum_equity=risk >> risk_rows.RATIO_SHIFT
    )


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_feeds(asset: uint256, w0: uint256, w1: uint256, w2: uint256, w3: uint256):
    """
    @dev Writes the feeds of an asset into every row that uses it, and takes their checkpoint.
    @param asset Asset id; the words are within bounds.
    """
    row: risk_table.Row = risk_table.Row(
        w0=w0, w1=w1 | asset << risk_rows.ASSET_SHIFT, w2=w2, risk=0
    )
    self.asset_feeds[asset] = row
    witnesses.witness_words[asset] = w3
    for used: uint256 in self.asset_rows[asset]:
        row.risk = risk_table._row_of(used).risk
        risk_table._write_row(used, row)
    log IRiskEngineEvents.AssetSet(asset=asset, w0=w0, w1=w1, w2=w2, w3=w3)
    extcall IPriceOracle(ORACLE).checkpoint(w0, w1, w2, w3)


@internal
def _set_row(number: uint256, asset: uint256, risk: uint256) -> uint256:
    """
    @dev Writes a row with the feeds of its asset, at once or after a notice.
    @param number Row.
    @param asset Asset id.
    @param risk Word 3 (layout: risk_rows).
    @return When it may be applied, unix seconds; 0 = it is written.
    """
    row: risk_table.Row = self.asset_feeds[asset]
    assert row.w0 != 0, "risk parameters: unknown asset"
    row.risk = risk
    if number in self.asset_rows[asset]:
        return self._change_row(number, row, risk_table._row_of(number).risk)
    page: address = risk_table.pages[number // risk_rows.ROWS_PER_PAGE]
    if page != empty(address):
        assert (
            risk_table._row_at(page, number).w0 == 0
        ), "risk parameters: asset of a row is fixed"
    self.asset_rows[asset].append(number)
    risk_table._write_row(number, row)
    return 0


@internal
def _change_row(number: uint256, row: risk_table.Row, before: uint256) -> uint256:
    """
    @dev Writes a row that was set before, or announces its word 3 if that raises margins. Either
         replaces what was announced before.
    @param number Row.
    @param row What is to be written.
    @param before Word 3 until now.
    @return When it may be applied, unix seconds; 0 = it is written.
    """
    if self._raises(number, before, row.risk):
        due: uint256 = block.timestamp + MARGIN_NOTICE
        self.row_notices[number] = IRiskEngineAdmin.Notice(risk=row.risk, due=due)
        return due
    self.row_notices[number] = empty(IRiskEngineAdmin.Notice)
    risk_table._write_row(number, row)
    return 0


@internal
def _apply_row(number: uint256) -> risk_table.Row:
    """
    @dev Writes what was announced for a row, with the feeds that it has by now.
    @param number Row.
    @return What was written.
    """
    notice: IRiskEngineAdmin.Notice = self.row_notices[number]
    self._require_due(notice.due)
    self.row_notices[number] = empty(IRiskEngineAdmin.Notice)
    row: risk_table.Row = risk_table._row_at(risk_table._page_of(number), number)
    row.risk = notice.risk
    risk_table._write_row(number, row)
    return row


@internal
@pure
def _raises(number: uint256, before: uint256, risk: uint256) -> bool:
    """
    @dev Whether any account's margin may be higher with a row than it was. Both initial and
         maintenance margin count: the latter is ratio times base and ratio times slope.
    @param number Row.
    @param before Word 3 until now (layout: risk_rows).
    @param risk Word 3 from then on.
    """
    first: uint256 = risk & risk_rows.RATE_MASK
    first_before: uint256 = before & risk_rows.RATE_MASK
    if number == risk_rows.GLOBALS_ROW:
        return (
            first < first_before or risk >> risk_rows.RATIO_SHIFT > before >> risk_rows.RATIO_SHIFT
        )
    ratio: uint256 = (risk >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK
    ratio_before: uint256 = (before >> risk_rows.RATIO_SHIFT) & risk_rows.RATE_MASK
    if number <= leg_layout.MARKET_ROW:
        return first > first_before or ratio > ratio_before
    slope: uint256 = (risk >> risk_rows.SLOPE_SHIFT) & risk_rows.FACTOR_MASK
    slope_before: uint256 = (before >> risk_rows.SLOPE_SHIFT) & risk_rows.FACTOR_MASK
    return (
        first > first_before
        or first * ratio > first_before * ratio_before
        or slope > slope_before
        or slope * ratio > slope_before * ratio_before
        or (risk >> risk_rows.LOAD_SHIFT) & risk_rows.FACTOR_MASK
        > (before >> risk_rows.LOAD_SHIFT) & risk_rows.FACTOR_MASK
    )


@internal
@view
def _witness(row: risk_table.Row) -> uint256:
    """
    @dev The witness of a row's asset, bits (layout: feed_words).
    """
    return witnesses.witness_words[row.w1 >> risk_rows.ASSET_SHIFT]


@internal
@pure
def _require_feeds(asset: uint256, w0: uint256, w1: uint256, w2: uint256):
    """
    @dev The feeds of an asset are two, within bounds.
    @param asset Asset id.
    """
    self._require_bounds(
        asset != 0
        and asset < ASSET_LIMIT
        and self._is_heartbeat(w0 >> feed_words.PRIMARY_TERMS_SHIFT)
        and self._is_heartbeat(w0 >> feed_words.SECONDARY_TERMS_SHIFT)
        and w0 >> feed_words.DEVIATION_SHIFT >= MIN_DEVIATION
        and w0 >> feed_words.DEVIATION_SHIFT <= MAX_DEVIATION
        and w1 >> risk_rows.ASSET_SHIFT == 0
        and w0 & feed_words.ADDRESS_MASK != w1
        and w2 & feed_words.BOUND_MASK != 0
        and w2 & feed_words.BOUND_MASK < w2 >> feed_words.BOUND_SHIFT
        and w2 >> feed_words.BOUND_SHIFT < limits.PRICE_LIMIT
    )


@internal
@pure
def _require_witness(w0: uint256, w1: uint256, w3: uint256):
    """
    @dev A witness is none of the two feeds, and outages end within bounds.
    """
    witness: uint256 = w3 & feed_words.ADDRESS_MASK
    settle_after: uint256 = (w3 >> feed_words.SETTLE_AFTER_SHIFT) & feed_words.SETTLE_AFTER_MASK
    self._require_bounds(
        settle_after >= MIN_SETTLE_AFTER
        and settle_after <= MAX_SETTLE_AFTER
        and w3 >> feed_words.FREE_SHIFT == 0
    )
    if witness != 0:
        self._require_bounds(
            self._is_heartbeat(w3 >> feed_words.PRIMARY_TERMS_SHIFT)
            and witness != w0 & feed_words.ADDRESS_MASK
            and witness != w1
        )


@internal
@pure
def _is_heartbeat(fields: uint256) -> bool:
    """
    @dev Whether a heartbeat and the decimals after it are within bounds.
    @param fields The heartbeat (32 bits, seconds) first.
    """
    heartbeat: uint256 = fields & feed_words.HEARTBEAT_MASK
    decimals: uint256 = (fields >> feed_words.DECIMALS_SHIFT) & feed_words.DECIMALS_MASK
    return heartbeat != 0 and heartbeat <= MAX_HEARTBEAT and decimals <= feed_words.MAX_DECIMALS


@internal
@view
def _require_admin():
    """
    @dev The Clearinghouse's owner is the one admin.
    """
    assert (
        msg.sender == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner()
    ), "risk parameters: caller is not the admin"


@internal
@pure
def _require_bounds(within: bool):
    """
    @dev Parameters stay inside hard-coded bounds.
    """
    assert within, "risk parameters: parameter out of bounds"


@internal
@view
def _require_due(due: uint256):
    """
    @dev Something is announced and its notice over.
    @param due When it may be applied, unix seconds; 0 = nothing is announced.
    """
    assert due != 0, "risk parameters: nothing announced"
    assert block.timestamp >= due, "risk parameters: notice not over"
