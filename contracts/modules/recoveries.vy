#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What funds recover
@custom:contract-name recoveries
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Hands over what a debtor repays to the funds that paid for them. A fund or a token that does
        not play along keeps nobody from repaying or redeeming (INV-13).
"""

from .layout import role_layout
from .layout import tier_layout
from . import currency
from . import registry
from . import vault

uses: currency
uses: registry

# Gas that a fund may take for a recovery, and that must be left before: 64/63 of it (EIP-150), and
# some to spare.
RESTORE_GAS: constant(uint256) = 1_500_000
GAS_BEFORE_RESTORE: constant(uint256) = 1_550_000


@internal
def _restore(
    account: uint256, given: uint256[tier_layout.DEBT_FIELDS]
) -> (uint256, uint256, uint256):
    """
    @dev Lets the funds take their parts of a repayment that is held.
    @param given What each tier gets, settlement token units.
    @return What the insurance fund took, what contributions and what assessments did, settlement
            token units: each fund all of its part, or nothing.
    @custom:reverts recoveries: not enough gas for a fund
    """
    insurance: uint256 = given[tier_layout.DEBT_INSURANCE]
    contributions: uint256 = given[tier_layout.DEBT_CONTRIBUTIONS]
    assessments: uint256 = given[tier_layout.DEBT_ASSESSMENTS]
    if insurance != 0 and not self._hand_over(
        registry._role(role_layout.INSURANCE_FUND),
        insurance,
        abi_encode(account, insurance, method_id=method_id("restore(uint256,uint256)")),
    ):
        insurance = 0
    if contributions + assessments != 0 and not self._hand_over(
        registry._role(role_layout.DEFAULT_FUND),
        contributions + assessments,
        abi_encode(
            account,
            contributions,
            assessments,
            method_id=method_id("restore(uint256,uint256,uint256)"),
        ),
    ):
        contributions = 0
        assessments = 0
    return insurance, contributions, assessments


@internal
def _hand_over(fund: address, tokens: uint256, call: Bytes[100]) -> bool:
    """
    @dev Calls a fund's `restore`, which takes tokens that it was allowed to.
    @param fund Address of the fund.
    @param tokens Settlement token units.
    @param call Calldata.
    @return Whether it took exactly these.
    """
    assert msg.gas >= GAS_BEFORE_RESTORE, "recoveries: not enough gas for a fund"
    before: uint256 = vault._told_balance(currency.SETTLEMENT_TOKEN)
    if not vault._try_approve(currency.SETTLEMENT_TOKEN, fund, tokens):
        return False
    is_done: bool = raw_call(fund, call, gas=RESTORE_GAS, revert_on_failure=False)
    if is_done and vault._told_balance(currency.SETTLEMENT_TOKEN) + tokens == before:
        return True
    vault._approve(currency.SETTLEMENT_TOKEN, fund, 0)
    return False
