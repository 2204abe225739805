#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Witnesses: a third feed per asset, for the day when one of two is silent
@custom:contract-name witnesses
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice One word per asset (feed_words: w3), with how long an outage must have lasted before markets
        of the asset may be settled for it. It is kept in storage, not in the rows of the risk
        table: it is read only when a price is STALE or HALTED, so that an ordinary read costs
        nothing more.
"""

from ..interfaces import IPriceOracle
from .layout import feed_words
from .layout import risk_rows
from . import risk_table


# Asset id -> the witness and `settle_after`, packed (feed_words: w3); 0 = the asset was never set.
witness_words: public(HashMap[uint256, uint256])


@internal
@view
def _judge_again(oracle: address, row: risk_table.Row) -> (uint256, uint256, uint256, uint256):
    """
    @dev The price of a row whose feeds alone are STALE or HALTED, with the witness of its asset.
         Without a witness the oracle says once more what it has said.
    @return low WAD.
    @return high WAD.
    @return status Status of the oracle.
    @return second The answer that agrees, WAD; 0 unless VALID.
    """
    return staticcall IPriceOracle(oracle).price_of_three(
        row.w0,
        row.w1,
        row.w2,
        self.witness_words[row.w1 >> risk_rows.ASSET_SHIFT],
        skip_contract_check=True,
    )


@internal
@view
def _settle_after(asset: uint256) -> uint256:
    """
    @dev How long an outage of an asset's feeds must have lasted before it is final, seconds.
    """
    return (
        self.witness_words[asset] >> feed_words.SETTLE_AFTER_SHIFT
    ) & feed_words.SETTLE_AFTER_MASK
