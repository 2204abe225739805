#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Risk parameters and feed addresses as rows in code
@custom:contract-name risk_table
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Reading three storage slots a market would cost 6,300 gas each time; reading a row out of a
        contract's code costs some 300 once the page is warm. A page is 32 rows of 128 bytes behind
        one STOP byte; changing a row deploys a new page. Row 0 holds the globals, rows 1 to 8 the
        collaterals, row 8 + m market m.

        words 0 to 2   the feeds, as PriceOracle takes them; bits 160 to 167 of word 1: asset id
        word 3         of a market     base rate 32 (ppm) | maintenance ratio 32 (ppm) | slope 48
                       | load 48 (both WAD of rate per unit of cash) | funding cap 24 (ppm of mark
                       per day) | isolated only 8 | open interest cap 64 (whole units of cash)
                       of a collateral   haircut IM 32 (ppm) | haircut MM 32 (ppm)
                       of the globals    profit weight 32 (ppm) | minimum equity 128 (WAD cash)
"""

from .layout import risk_rows

# @notice A row. Layout above.
struct Row:
    w0: uint256
    w1: uint256
    w2: uint256
    risk: uint256


# page number -> contract whose code is the page.
pages: HashMap[uint256, address]


@internal
@view
def _page_of(row: uint256) -> address:
    """
    @dev Where a row's page is.
    """
    page: address = self.pages[row // risk_rows.ROWS_PER_PAGE]
    assert page != empty(address), "risk table: unknown row"
    return page


@internal
@view
def _row_at(page: address, row: uint256) -> Row:
    """
    @dev One row of a page.
    """
    # 1 + 31 * 128 + 128 = PAGE_SIZE: never past the end.
    start: uint256 = unsafe_add(unsafe_mul(row % risk_rows.ROWS_PER_PAGE, risk_rows.ROW_SIZE), 1)
    return abi_decode(slice(page.code, start, risk_rows.ROW_SIZE), Row)


@internal
@view
def _risk_at(page: address, row: uint256) -> uint256:
    """
    @dev Word 3 of one row of a page.
    """
    # Up to the end of the row: never past the end.
    start: uint256 = unsafe_add(
        unsafe_mul(row % risk_rows.ROWS_PER_PAGE, risk_rows.ROW_SIZE), 1 + risk_rows.RISK_OFFSET
    )
    return extract32(slice(page.code, start, 32), 0, output_type=uint256)


@internal
def _write_row(row: uint256, content: Row):
    """
    @dev Deploys the row's page anew with the row changed.
    """
    number: uint256 = row // risk_rows.ROWS_PER_PAGE
    start: uint256 = row % risk_rows.ROWS_PER_PAGE * risk_rows.ROW_SIZE + 1
    end: uint256 = start + risk_rows.ROW_SIZE
    old: address = self.pages[number]
    page: Bytes[risk_rows.PAGE_SIZE] = b""
    if old == empty(address):
        rows: uint256[128] = empty(uint256[128])
        page = concat(b"\x00", abi_encode(rows))
    else:
        page = slice(old.code, 0, risk_rows.PAGE_SIZE)
    page = self._spliced(page, start, abi_encode(content), end)
    # Init code: return everything that follows its ten bytes.
    self.pages[number] = raw_create(concat(x"61100180600a3d393df3", page))


@internal
@pure
def _spliced(
    page: Bytes[risk_rows.PAGE_SIZE], start: uint256, row: Bytes[risk_rows.ROW_SIZE], end: uint256
) -> Bytes[risk_rows.PAGE_SIZE]:
    """
    @dev The page with its bytes from start to end replaced.
    """
    head: Bytes[risk_rows.PAGE_SIZE] = slice(page, 0, start)
    tail: Bytes[risk_rows.PAGE_SIZE] = slice(page, end, risk_rows.PAGE_SIZE - end)
    return slice(concat(head, row, tail), 0, risk_rows.PAGE_SIZE)
