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
"""

from ..interfaces import IClearinghouseRecords
from ..interfaces import IPriceOracle
from ..interfaces import IRiskEngineEvents
from .layout import feed_words
from .layout import leg_layout
from .layout import limits
from .layout import risk_rows
from .layout import units
from . import risk_table

uses: risk_table

ASSET_LIMIT: constant(uint256) = 128
MAX_ROWS_PER_ASSET: constant(uint256) = 16
MAX_CHECKPOINTS: constant(uint256) = 64  # in one call

# Bounds of parameters.
MIN_BASE: constant(uint256) = 5_000  # ppm, 0.5 %: leverage 200
MIN_RATIO: constant(uint256) = 100_000  # ppm: MM at least 10 % of IM
MAX_RATIO: constant(uint256) = 950_000  # ppm
MAX_FUNDING: constant(uint256) = 50_000  # ppm, 5 % a day
MAX_HAIRCUT: constant(uint256) = 950_000  # ppm
MAX_HEARTBEAT: constant(uint256) = 3 * units.DAY
MIN_DEVIATION: constant(uint256) = 5  # bps
MAX_DEVIATION: constant(uint256) = 2_000  # bps
MAX_MINIMUM_EQUITY: constant(uint256) = 10**24  # a million of cash

# The ledger; its owner sets the parameters.
CLEARINGHOUSE: public(immutable(address))
# The PriceOracle.
ORACLE: public(immutable(address))


# asset -> its feeds (risk 0), the source of every row that uses it.
asset_feeds: HashMap[uint256, risk_table.Row]
# asset -> rows that use it.
asset_rows: HashMap[uint256, DynArray[uint256, MAX_ROWS_PER_ASSET]]


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
    extcall IPriceOracle(ORACLE).checkpoint(terms.w0, terms.w1, terms.w2)


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
    @param row Row: 1 + i for collateral i, 8 + m for market m.
    @custom:reverts risk table: unknown row
    """
    terms: risk_table.Row = risk_table._row_of(row)
    extcall IPriceOracle(ORACLE).report_outage(terms.w0, terms.w1, terms.w2)


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
def set_asset(asset: uint256, w0: uint256, w1: uint256, w2: uint256):
    """
    @notice Sets the feeds of an asset, in every row that uses it. The Clearinghouse's owner only.
            The price must be VALID at that moment, and becomes the first checkpoint.
    @param asset Asset id, 1 to 127.
    @param w0 Bits: primary feed, heartbeats (seconds), decimals, deviation limit (bps) (layout:
           IPriceOracle).
    @param w1 Bits: secondary feed.
    @param w2 Bits: hard bounds (WAD cash per unit of the asset).
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk table: unknown row
    """
    self._require_admin()
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
    row: risk_table.Row = risk_table.Row(
        w0=w0, w1=w1 | asset << risk_rows.ASSET_SHIFT, w2=w2, risk=0
    )
    self.asset_feeds[asset] = row
    for used: uint256 in self.asset_rows[asset]:
        row.risk = risk_table._row_of(used).risk
        risk_table._write_row(used, row)
    log IRiskEngineEvents.AssetSet(asset=asset, w0=w0, w1=w1, w2=w2)
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
    @notice Sets the risk parameters of a market. The Clearinghouse's owner only.
    @param market Market id, 1 to 120.
    @param asset Asset id of what gives the mark; fixed once set.
    @param base Initial margin rate of a small position, ppm: 5,000 to 1,000,000.
    @param ratio Maintenance margin as a part of initial margin, ppm: 100,000 to 950,000.
    @param slope Rate added per unit of cash of the position's notional, WAD of rate (48 bits).
    @param load Rate added per unit of cash of open interest, WAD of rate (48 bits).
    @param funding_cap Greatest funding per day, ppm of mark: at most 50,000.
    @param isolated_only Whether only ISOLATED accounts may hold it.
    @param interest_cap Greatest open interest, whole units of cash (64 bits).
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk parameters: unknown asset | risk parameters: asset of a row is
                    fixed
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
    self._set_row(leg_layout.MARKET_ROW + market, asset, risk)
    log IRiskEngineEvents.MarketRiskSet(market=market, asset=asset, risk=risk)


@external
def set_collateral(
    index: uint256, asset: uint256, haircut_initial: uint256, haircut_maintenance: uint256
):
    """
    @notice Sets the haircuts of a collateral. The Clearinghouse's owner only.
    @param index Collateral index in the Clearinghouse, 0 to 7.
    @param asset Asset id of what gives the price; fixed once set.
    @param haircut_initial Part of the value that does not count for IM, ppm: at most 950,000.
    @param haircut_maintenance Part that does not count for MM, ppm: at most `haircut_initial`.
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds | risk parameters: unknown asset | risk parameters: asset of a row is
                    fixed
    """
    self._require_admin()
    self._require_bounds(
        index < limits.MAX_COLLATERALS
        and haircut_initial <= MAX_HAIRCUT
        and haircut_maintenance <= haircut_initial
    )
    risk: uint256 = haircut_initial | haircut_maintenance << risk_rows.RATIO_SHIFT
    self._set_row(leg_layout.COLLATERAL_ROW + index, asset, risk)
    log IRiskEngineEvents.CollateralRiskSet(index=index, asset=asset, risk=risk)


@external
def set_globals(profit_weight: uint256, minimum_equity: uint256):
    """
    @notice Sets what holds for every account. The Clearinghouse's owner only.
    @param profit_weight Part of unrealised profit that supports new positions (w), ppm.
    @param minimum_equity Least equity of an account with a position, WAD cash: at most a million.
    @custom:reverts risk parameters: caller is not the admin | risk parameters: parameter out of
                    bounds
    """
    self._require_admin()
    self._require_bounds(profit_weight <= units.PPM and minimum_equity <= MAX_MINIMUM_EQUITY)
    risk_table._write_row(
        risk_rows.GLOBALS_ROW,
        risk_table.Row(
            w0=0, w1=0, w2=0, risk=profit_weight | minimum_equity << risk_rows.RATIO_SHIFT
        ),
    )
    log IRiskEngineEvents.GlobalsSet(profit_weight=profit_weight, minimum_equity=minimum_equity)


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _set_row(number: uint256, asset: uint256, risk: uint256):
    """
    @dev Writes a row with the feeds of its asset.
    @param number Row.
    @param asset Asset id.
    @param risk Word 3 (layout: risk_rows).
    """
    row: risk_table.Row = self.asset_feeds[asset]
    assert row.w0 != 0, "risk parameters: unknown asset"
    if number not in self.asset_rows[asset]:
        page: address = risk_table.pages[number // risk_rows.ROWS_PER_PAGE]
        if page != empty(address):
            assert (
                risk_table._row_at(page, number).w0 == 0
            ), "risk parameters: asset of a row is fixed"
        self.asset_rows[asset].append(number)
    row.risk = risk
    risk_table._write_row(number, row)


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
