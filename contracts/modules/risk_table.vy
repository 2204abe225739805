#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Risk parameters and feed addresses as rows in code
@custom:contract-name risk_table
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Reading three storage slots a market would cost 6,300 gas each time; reading a row out of a
        contract's code costs some 300 once the page is warm. A page is 32 rows of 128 bytes behind
        one STOP byte; changing a row deploys a new page (layout: risk_rows).
"""

from .layout import risk_rows


# @notice A row.
# @custom:member w0 First word of the feeds, bits.
# @custom:member w1 Second word of the feeds and the asset id, bits.
# @custom:member w2 Third word of the feeds, bits.
# @custom:member risk Parameters, bits.
struct Row:
    w0: uint256
    w1: uint256
    w2: uint256
    risk: uint256


# page number -> address of the contract whose code is the page.
pages: HashMap[uint256, address]


@internal
@view
def _page_of(row: uint256) -> address:
    """
    @dev Where a row's page is.
    """
    page: address = self.pages[row // risk_rows.ROWS_PER_PAGE]
    if page == empty(address):
        self._refuse_unknown()
    return page


@internal
@view
def _row_of(row: uint256) -> Row:
    """
    @dev A row that was set.
    """
    content: Row = self._row_at(self._page_of(row), row)
    if content.w0 == 0:
        self._refuse_unknown()
    return content


@internal
@pure
def _refuse_unknown():
    """
    @dev Only what was set can be asked for. Called in no other case: a call costs gas.
    """
    raise "risk table: unknown row"


@internal
@view
def _row_at(page: address, row: uint256) -> Row:
    """
    @dev One row of a page.
    """
    return abi_decode(slice(page.code, self._offset(row), risk_rows.ROW_SIZE), Row)


@internal
@pure
def _offset(row: uint256) -> uint256:
    """
    @dev Where a row begins in its page, bytes.
    """
    # STOP + 31 * ROW_SIZE + ROW_SIZE = PAGE_SIZE: never past the end.
    return unsafe_add(unsafe_mul(row % risk_rows.ROWS_PER_PAGE, risk_rows.ROW_SIZE), risk_rows.STOP)


@internal
@view
def _globals() -> uint256:
    """
    @dev Parameters for every account: word 3 of row 0, bits (layout: risk_rows).
    """
    page: address = self._page_of(risk_rows.GLOBALS_ROW)
    return extract32(
        slice(page.code, risk_rows.STOP + risk_rows.RISK_OFFSET, 32), 0, output_type=uint256
    )


@internal
def _write_row(row: uint256, content: Row):
    """
    @dev Deploys the row's page anew with the row changed.
    """
    number: uint256 = row // risk_rows.ROWS_PER_PAGE
    start: uint256 = row % risk_rows.ROWS_PER_PAGE * risk_rows.ROW_SIZE + risk_rows.STOP
    end: uint256 = start + risk_rows.ROW_SIZE
    old: address = self.pages[number]
    page: Bytes[risk_rows.PAGE_SIZE] = b""
    if old == empty(address):
        rows: uint256[risk_rows.PAGE_WORDS] = empty(uint256[risk_rows.PAGE_WORDS])
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
