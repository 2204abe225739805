#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Routes: which part of the Clearinghouse has which function
@custom:contract-name routes
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The one table of selectors. What neither the entry nor this table names goes to
        ClearinghouseAdmin, which refuses what it has not either. A test compares the table with the
        compiler's interfaces of the parts.
"""

# The parts of the code behind the entry.
SLICES: constant(uint256) = 0
TEAR_UPS: constant(uint256) = 1
SETTLEMENT: constant(uint256) = 2
ADMIN: constant(uint256) = 3
EXITS: constant(uint256) = 4

# ClearinghouseWithdrawals.
WITHDRAW_CASH: constant(bytes4) = method_id(
    "withdraw(uint256,address,uint256,address)", output_type=bytes4
)
WITHDRAW_AT_HOLE: constant(bytes4) = method_id(
    "withdraw(uint256,address,uint256,address,uint256)", output_type=bytes4
)
TRANSFER: constant(bytes4) = method_id(
    "transfer(uint256,uint256,address,uint256)", output_type=bytes4
)
COVER_SHORTFALL: constant(bytes4) = method_id(
    "cover_shortfall(uint256,address,uint256,uint256,address)", output_type=bytes4
)

# ClearinghouseSlices.
SLICE_ACCOUNT: constant(bytes4) = method_id(
    "slice_account(uint256,uint256,uint256,uint256[],uint256,uint256)", output_type=bytes4
)
RECEIVE_DRAW: constant(bytes4) = method_id(
    "receive_draw(uint256,uint256,uint256)", output_type=bytes4
)
COLLECT_FEES: constant(bytes4) = method_id("collect_fees(uint256)", output_type=bytes4)
PAY_PREMIUM: constant(bytes4) = method_id("pay_premium(uint256)", output_type=bytes4)
RECEIVE_DEFERRED: constant(bytes4) = method_id("receive_deferred(uint256)", output_type=bytes4)
DONATE: constant(bytes4) = method_id("donate(uint256)", output_type=bytes4)

# ClearinghouseTearUps.
TEAR_UP_ACCOUNTS: constant(bytes4) = method_id(
    "tear_up_accounts((uint256,uint256[])[],uint256,uint256)", output_type=bytes4
)
CONCLUDE: constant(bytes4) = method_id(
    "conclude(uint256,uint256[],uint256,(uint256,uint256,uint256,uint256,uint256))",
    output_type=bytes4,
)
SETTLE_MARKET: constant(bytes4) = method_id("settle_market(uint256)", output_type=bytes4)
CONVERT_POSITIONS: constant(bytes4) = method_id(
    "convert_positions(uint256,uint256[],uint256)", output_type=bytes4
)

# ClearinghouseSettlement.
REDEEM: constant(bytes4) = method_id("redeem(uint256,address)", output_type=bytes4)
REPAY: constant(bytes4) = method_id("repay(uint256,uint256)", output_type=bytes4)
RECOVER: constant(bytes4) = method_id("recover(uint256)", output_type=bytes4)
BEGIN_WIND_DOWN: constant(bytes4) = method_id("begin_wind_down()", output_type=bytes4)
SEIZE: constant(bytes4) = method_id("seize(uint256,uint256)", output_type=bytes4)
CONCLUDE_PROOF: constant(bytes4) = method_id(
    "conclude_proof(uint256,uint256,uint256,uint256)", output_type=bytes4
)
SETTLE_DEBT: constant(bytes4) = method_id("settle_debt(uint256,uint256)", output_type=bytes4)
BEGIN_REDEMPTION: constant(bytes4) = method_id("begin_redemption()", output_type=bytes4)


@internal
@pure
def _part_of(selector: uint256) -> uint256:
    """
    @dev The part that has a function; what is called most is compared first.
    @param selector First four bytes of the call, as a number.
    @return EXITS, SLICES, TEAR_UPS, SETTLEMENT or ADMIN.
    """
    if (
        selector == convert(WITHDRAW_CASH, uint256)
        or selector == convert(WITHDRAW_AT_HOLE, uint256)
        or selector == convert(TRANSFER, uint256)
        or selector == convert(COVER_SHORTFALL, uint256)
    ):
        return EXITS
    if (
        selector == convert(SLICE_ACCOUNT, uint256)
        or selector == convert(RECEIVE_DRAW, uint256)
        or selector == convert(COLLECT_FEES, uint256)
        or selector == convert(PAY_PREMIUM, uint256)
        or selector == convert(RECEIVE_DEFERRED, uint256)
        or selector == convert(DONATE, uint256)
    ):
        return SLICES
    if (
        selector == convert(TEAR_UP_ACCOUNTS, uint256)
        or selector == convert(CONCLUDE, uint256)
        or selector == convert(SETTLE_MARKET, uint256)
        or selector == convert(CONVERT_POSITIONS, uint256)
    ):
        return TEAR_UPS
    if (
        selector == convert(REDEEM, uint256)
        or selector == convert(REPAY, uint256)
        or selector == convert(RECOVER, uint256)
        or selector == convert(BEGIN_WIND_DOWN, uint256)
        or selector == convert(SEIZE, uint256)
        or selector == convert(CONCLUDE_PROOF, uint256)
        or selector == convert(SETTLE_DEBT, uint256)
        or selector == convert(BEGIN_REDEMPTION, uint256)
    ):
        return SETTLEMENT
    return ADMIN
