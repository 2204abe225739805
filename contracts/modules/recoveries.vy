#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Recoveries: what the funds get back
@custom:contract-name recoveries
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Hands to the funds what an account repays of what they have paid for it. They keep it for
        those who held shares then.
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
def _give_back(
    account: uint256, given: uint256[tier_layout.DEBT_FIELDS]
) -> (uint256, uint256, uint256):
    """
    @dev Lets both funds take their parts of what an account repays.
    @param account Account id.
    @param given What each tier is due, settlement token units.
    @return What the insurance fund took, settlement token units.
    @return What the contributions took, likewise.
    @return What the assessments took, likewise.
    """
    insurance: uint256 = given[tier_layout.DEBT_INSURANCE]
    contributions: uint256 = given[tier_layout.DEBT_CONTRIBUTIONS]
    assessments: uint256 = given[tier_layout.DEBT_ASSESSMENTS]
    if insurance != 0:
        insurance = self._restore(
            registry._role(role_layout.INSURANCE_FUND),
            insurance,
            abi_encode(account, insurance, method_id=method_id("restore(uint256,uint256)")),
        )
    if contributions + assessments != 0:
        restored: uint256 = self._restore(
            registry._role(role_layout.DEFAULT_FUND),
            contributions + assessments,
            abi_encode(
                account,
                contributions,
                assessments,
                method_id=method_id("restore(uint256,uint256,uint256)"),
            ),
        )
        if restored == 0:
            contributions = 0
            assessments = 0
    return insurance, contributions, assessments


@internal
def _restore(fund: address, tokens: uint256, call: Bytes[100]) -> uint256:
    """
    @dev Lets a fund take what it recovers; a fund or a token that does not play along keeps nobody
         from repaying (INV-13).
    @param fund Address of the fund.
    @param tokens Settlement token units.
    @param call Calldata of its `restore`.
    @return What the fund took, settlement token units: all or nothing.
    """
    assert msg.gas >= GAS_BEFORE_RESTORE, "recoveries: not enough gas for a fund"
    before: uint256 = vault._told_balance(currency.SETTLEMENT_TOKEN)
    if not vault._try_approve(currency.SETTLEMENT_TOKEN, fund, tokens):
        return 0
    is_done: bool = raw_call(fund, call, gas=RESTORE_GAS, revert_on_failure=False)
    if is_done and vault._told_balance(currency.SETTLEMENT_TOKEN) + tokens == before:
        return tokens
    vault._approve(currency.SETTLEMENT_TOKEN, fund, 0)
    return 0
