#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Words of the ledger
@custom:contract-name words
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice A margin account is one header word and one word a position; a market is two words. Every
        field that can be written is range-checked here, so that a value that does not fit reverts
        instead of spilling into its neighbour. Field, width in bits and unit, lowest bits first:

        account id     index 72 (number) | only market of an ISOLATED account 16 (id)
                       | mode 8 (1 ISOLATED, 2 CROSS) | owner 160 (address)
        header         cash int100 (WAD cash) | 10 market ids of 11 | collateral bitmap 8 | stage 2
                       | opened 1 | indebted 1 | clock of the stage 32 (unix seconds; without a
                       stage fresh wins, layout: fresh_wins)
                       | more markets 1 | 1 unused
        more markets   22 market ids of 11
        position       generation 16 (number) | cost int120 (WAD cash) | shares int120 (WAD base)
        state          funding index int96 (WAD cash per base unit) | time 32 (unix seconds)
                       | rate 48 (wei of cash per base unit and second): mantissa int42
                       | exponent 6, to the base of 256
                       | open interest 52 (WAD base) | generation of LONG 12 (number)
                       | generation of SHORT 12 (number) | LONG indexed 1 | SHORT indexed 1
                       | settled 1 | 1 unused
        totals         shares of LONG 102 | shares of SHORT 102 (both WAD base)
                       | fees 52 (millionths of cash)
        side           A 64 (WAD base per share) | K int192 (WAD cash per share)
        past side key  generation 16 (number) | side (0 LONG, 1 SHORT)
        grace clock    since when cash is negative 32 | when it was last repaid 32 (both unix
                       seconds; the second 0: it is negative)

        The open interest of the state word is a copy for margin checks, which then need not read
        the totals: 49 bits shifted left by 8 times the 3 bits above them, rounded up, so at most
        2**-40 of it too high. A negative cash field counts debt shares; their index is fixed at 1,
        so it is an amount of cash too.
"""

from . import units


# ACCOUNT IDS --------------------------------------------------------------------------------------

OWNER_SHIFT: constant(uint256) = 96
MODE_SHIFT: constant(uint256) = 88
MARKET_SHIFT: constant(uint256) = 72
ISOLATED: constant(uint256) = 1  # mode: positions in one market only
CROSS: constant(uint256) = 2  # mode: all positions share margin


# HEADER -------------------------------------------------------------------------------------------

CASH_BITS: constant(uint256) = 100
CASH_MASK: constant(uint256) = 2**100 - 1
CASH_LEFT: constant(uint256) = 156  # shifted left by this, cash ends at the top bit
CASH_LIMIT: constant(int256) = 2**99  # WAD cash: -limit <= cash < limit
ID_BITS: constant(uint256) = 11
ID_MASK: constant(uint256) = 2**11 - 1
ALL_IDS: constant(uint256) = (2**110 - 1) * 2**100
HEADER_IDS: constant(uint256) = 10  # market ids inside the header; 22 are in the second word
COLLATERAL_SHIFT: constant(uint256) = 210
COLLATERAL_MASK: constant(uint256) = 2**8 - 1
STAGE_SHIFT: constant(uint256) = 218
STAGE_MASK: constant(uint256) = 3
OPENED: constant(uint256) = 2**220
INDEBTED: constant(uint256) = 2**221  # has a debt record (ledger.debts)
BARRED: constant(uint256) = 3 * 2**218 | 2**221  # any stage, or indebted
SINCE_SHIFT: constant(uint256) = 222
SINCE_MASK: constant(uint256) = 2**32 - 1
MORE_MARKETS: constant(uint256) = 2**254  # the second word holds ids


# GRACE CLOCK --------------------------------------------------------------------------------------

CLEARED_SHIFT: constant(uint256) = 32  # of the time of the repayment; below it SINCE_MASK


# POSITION -----------------------------------------------------------------------------------------

GENERATION_MASK: constant(uint256) = 2**16 - 1
COST_SHIFT: constant(uint256) = 16
COST_LEFT: constant(uint256) = 120  # shifted left by this, the cost ends at the top bit
SHARES_SHIFT: constant(uint256) = 136
COST_MASK: constant(uint256) = 2**120 - 1
POSITION_LIMIT: constant(int256) = 2**119  # of |shares| and |cost|, WAD, exclusive


# MARKET -------------------------------------------------------------------------------------------

FUNDING_MASK: constant(uint256) = 2**96 - 1
FUNDING_LEFT: constant(uint256) = 160  # shifted left by this, the index ends at the top bit
FUNDING_LIMIT: constant(int256) = 2**95  # WAD cash per base unit, exclusive
FUNDING_TIME_SHIFT: constant(uint256) = 96
FUNDING_TIME_MASK: constant(uint256) = 2**32 - 1
FUNDING_RATE_SHIFT: constant(uint256) = 128  # mantissa
FUNDING_RATE_MASK: constant(uint256) = 2**42 - 1
FUNDING_RATE_LEFT: constant(uint256) = 86  # shifted left by this, the mantissa ends at the top bit
FUNDING_RATE_RIGHT: constant(uint256) = 214  # and back
FUNDING_RATE_LIMIT: constant(uint256) = 2**41  # of a mantissa, exclusive
FUNDING_EXPONENT_SHIFT: constant(uint256) = 170
FUNDING_EXPONENT_MASK: constant(uint256) = 2**6 - 1
FUNDING_EXPONENT_STEP: constant(uint256) = 8  # bits
FUNDING_EXPONENTS: constant(uint256) = 8  # used: rates are below 2**105
INTEREST_SHIFT: constant(uint256) = 176
INTEREST_MASK: constant(uint256) = 2**49 - 1
EXPONENT_SHIFT: constant(uint256) = 225
EXPONENT_MASK: constant(uint256) = 7
EXPONENT_STEP: constant(uint256) = 8  # bits
KEPT_MASK: constant(uint256) = (2**80 - 1) * 2**176  # all but funding index, time and rate
STATIC_MASK: constant(uint256) = (2**28 - 1) * 2**228  # generations and flags
STATE_CLOCK_MASK: constant(uint256) = 2**176 - 1  # funding index, time and rate
PAST_SIDE_SHIFT: constant(uint256) = 16  # of the side in a past side key
GENERATION_LONG_SHIFT: constant(uint256) = 228
GENERATION_SHORT_SHIFT: constant(uint256) = 240
LAST_GENERATION: constant(uint256) = 2**12 - 1  # a number, and the mask of the field
INDEXED_LONG: constant(uint256) = 2**252
INDEXED_SHORT: constant(uint256) = 2**253
INDEXED_SIDES: constant(uint256) = 3 * 2**252  # either side
SETTLED: constant(uint256) = 2**254
MOVED: constant(uint256) = 7 * 2**252  # either side indexed, or settled
SHORT_TOTAL_SHIFT: constant(uint256) = 102
SIDE_TOTAL_MASK: constant(uint256) = 2**102 - 1
SIDE_TOTAL_LIMIT: constant(int256) = 2**102  # WAD base, exclusive
FEES_SHIFT: constant(uint256) = 204
FEES_MASK: constant(uint256) = 2**52 - 1
SIDE_A_MASK: constant(uint256) = 2**64 - 1
SIDE_K_SHIFT: constant(uint256) = 64
K_LIMIT: constant(int256) = 2**130  # WAD cash per share: out of reach of tear-ups and charges

# Those who pay a charge: shares of a side, and above them its generation (transient, tear_up).
PAYERS_MASK: constant(uint256) = 2**128 - 1
PAYERS_GENERATION_SHIFT: constant(uint256) = 128


@internal
@pure
def _bits(number: int256) -> uint256:
    """
    @dev The two's complement bits of a signed number (`convert` would revert on a negative one).
    """
    return convert(convert(number, bytes32), uint256)


@internal
@pure
def _signed(bits: uint256) -> int256:
    """
    @dev The signed number with these two's complement bits.
    """
    return convert(convert(bits, bytes32), int256)


@internal
@pure
def _owner_of(account: uint256) -> address:
    """
    @dev The owner is the upper 160 bits of an account id.
    """
    return convert(account >> OWNER_SHIFT, address)


@internal
@pure
def _is_isolated(account: uint256) -> bool:
    """
    @dev Whether an account may hold one market only.
    """
    return (account >> MODE_SHIFT) & 255 == ISOLATED


@internal
@pure
def _isolated_market(account: uint256) -> uint256:
    """
    @dev The only market of an ISOLATED account.
    """
    return (account >> MARKET_SHIFT) & (2**16 - 1)


@internal
@pure
def _cash(header: uint256) -> int256:
    """
    @dev Cash of an account, WAD.
    """
    return self._signed(header << CASH_LEFT) >> CASH_LEFT


@internal
@pure
def _with_cash(header: uint256, cash: int256) -> uint256:
    """
    @dev The header with another cash amount, WAD.
    """
    self._require_fits(cash < CASH_LIMIT and cash >= -CASH_LIMIT)
    return header & ~CASH_MASK | self._bits(cash) & CASH_MASK


@internal
@pure
def _stage(header: uint256) -> uint256:
    """
    @dev Stage of the default procedure: 0 none, 1 margin call, 2 auction, 3 insolvency.
    """
    return (header >> STAGE_SHIFT) & STAGE_MASK


@internal
@pure
def _since(header: uint256) -> uint256:
    """
    @dev Clock of the stage: deadline of a margin call, else when it began, unix seconds; 0 without
         a stage.
    """
    if (header >> STAGE_SHIFT) & STAGE_MASK == 0:
        return 0
    return (header >> SINCE_SHIFT) & SINCE_MASK


@internal
@pure
def _with_stage(header: uint256, stage: uint256, since: uint256) -> uint256:
    """
    @dev The header with a stage and its clock (unix seconds); out of all stages goes
         `fresh_wins._without_stage`.
    """
    self._require_fits(stage <= STAGE_MASK and since <= SINCE_MASK)
    return (
        header & ~(STAGE_MASK << STAGE_SHIFT | SINCE_MASK << SINCE_SHIFT)
        | stage << STAGE_SHIFT
        | since << SINCE_SHIFT
    )


@internal
@pure
def _collateral_bitmap(header: uint256) -> uint256:
    """
    @dev Bit i says that the account holds some of collateral i.
    """
    return (header >> COLLATERAL_SHIFT) & COLLATERAL_MASK


@internal
@pure
def _has_positions(header: uint256) -> bool:
    """
    @dev Whether an account holds a market: ids have no gaps, so the first place tells.
    """
    return (header >> CASH_BITS) & ID_MASK != 0


@internal
@pure
def _shares(position: uint256) -> int256:
    """
    @dev Shares of a side, WAD base units: positive LONG, negative SHORT.
    """
    return self._signed(position) >> SHARES_SHIFT


@internal
@pure
def _cost(position: uint256) -> int256:
    """
    @dev What a position has cost, WAD cash: value = |shares| * V(P) - cost.
    """
    return self._signed(position << COST_LEFT) >> SHARES_SHIFT


@internal
@pure
def _pack_position(shares: int256, cost: int256) -> uint256:
    """
    @dev A position word of generation 0.
    @param shares WAD base, signed: positive LONG, negative SHORT.
    @param cost WAD cash.
    """
    self._require_fits(max(abs(shares), abs(cost)) < POSITION_LIMIT)
    return self._bits(shares) << SHARES_SHIFT | (self._bits(cost) & COST_MASK) << COST_SHIFT


@internal
@pure
def _generation(state: uint256, is_long: bool) -> uint256:
    """
    @dev The present generation of a side.
    """
    return (
        state >> (GENERATION_LONG_SHIFT if is_long else GENERATION_SHORT_SHIFT)
    ) & LAST_GENERATION


@internal
@pure
def _pack_side(a: int256, k: int256) -> uint256:
    """
    @dev A side word.
    @param a Index A, WAD base per share, from 0 to 1.
    @param k Index K, WAD cash per share.
    """
    self._require_fits(a >= 0 and a <= 10**18 and k < K_LIMIT and k >= -K_LIMIT)
    return self._bits(a) | self._bits(k) << SIDE_K_SHIFT


@internal
@pure
def _time(state: uint256) -> uint256:
    """
    @dev When the funding index was stored, unix seconds. 0: no such market.
    """
    return (state >> FUNDING_TIME_SHIFT) & FUNDING_TIME_MASK


@internal
@pure
def _rate(state: uint256) -> int256:
    """
    @dev Funding rate, wei of cash per base unit and second: below 2**105.
    """
    mantissa: int256 = self._signed(state << FUNDING_RATE_LEFT) >> FUNDING_RATE_RIGHT
    exponent: uint256 = (state >> FUNDING_EXPONENT_SHIFT) & FUNDING_EXPONENT_MASK
    if exponent == 0:
        return mantissa
    return self._signed(self._bits(mantissa) << unsafe_mul(exponent, FUNDING_EXPONENT_STEP))


@internal
@pure
def _interest(state: uint256) -> uint256:
    """
    @dev Open interest, WAD base, rounded up.
    """
    exponent: uint256 = (state >> EXPONENT_SHIFT) & EXPONENT_MASK
    # 49 bits shifted by at most 56
    return ((state >> INTEREST_SHIFT) & INTEREST_MASK) << unsafe_mul(exponent, EXPONENT_STEP)


@internal
@pure
def _with_interest(state: uint256, interest: uint256) -> uint256:
    """
    @dev The state word with another open interest (WAD base, below 2**105).
    """
    mantissa: uint256 = interest
    exponent: uint256 = 0
    for _: uint256 in range(7):
        if mantissa < INTEREST_MASK:
            break
        mantissa = (mantissa >> EXPONENT_STEP) + 1
        exponent += 1
    self._require_fits(mantissa <= INTEREST_MASK)
    return (
        state & (STATE_CLOCK_MASK | STATIC_MASK)
        | mantissa << INTEREST_SHIFT
        | exponent << EXPONENT_SHIFT
    )


@internal
@pure
def _fees(totals: uint256) -> uint256:
    """
    @dev Fees of a market not yet collected, WAD cash.
    """
    return (totals >> FEES_SHIFT) * units.CASH_UNIT


@internal
@pure
def _pack_totals(longs: int256, shorts: int256, fees: uint256) -> uint256:
    """
    @dev A totals word.
    @param longs Shares of LONG, WAD base.
    @param shorts Shares of SHORT, WAD base.
    @param fees WAD cash, a multiple of CASH_UNIT.
    """
    millionths: uint256 = fees // units.CASH_UNIT
    self._require_fits(
        min(longs, shorts) >= 0
        and max(longs, shorts) < SIDE_TOTAL_LIMIT
        and millionths <= FEES_MASK
    )
    return self._bits(longs) | self._bits(shorts) << SHORT_TOTAL_SHIFT | millionths << FEES_SHIFT


@internal
@view
def _pack_state(old: uint256, funding: int256, rate: int256) -> uint256:
    """
    @dev The state word at this block's time; open interest, generations and flags are kept.
    @param funding Funding index, WAD cash per base unit.
    @param rate Wei of cash per base unit and second; its size is rounded towards zero to a mantissa
           of 41 bits.
    """
    size: uint256 = convert(abs(rate), uint256)
    exponent: uint256 = 0
    for _: uint256 in range(FUNDING_EXPONENTS):
        if size < FUNDING_RATE_LIMIT:
            break
        size = size >> FUNDING_EXPONENT_STEP
        exponent = unsafe_add(exponent, 1)
    self._require_fits(abs(funding) < FUNDING_LIMIT and size < FUNDING_RATE_LIMIT)
    if rate < 0:
        size = unsafe_sub(0, size) & FUNDING_RATE_MASK
    return (
        old & KEPT_MASK
        | self._bits(funding) & FUNDING_MASK
        | block.timestamp << FUNDING_TIME_SHIFT
        | size << FUNDING_RATE_SHIFT
        | exponent << FUNDING_EXPONENT_SHIFT
    )


@internal
@pure
def _require_fits(fits: bool):
    """
    @dev A number fits into its field: none spills into its neighbour.
    """
    assert fits, "words: number out of range"
