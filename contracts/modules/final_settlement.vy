#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What the wind-down remembers
@custom:contract-name final_settlement
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Storage of the wind-down (modules/wind_down.vy), on its own because all parts of the
        Clearinghouse share it, slot by slot. An account is paid its claim times pot / claims, the
        same share of every pot of collateral, and its own collateral.
"""

from ..interfaces import IClearinghouseEvents

# Markets listed and not yet settled.
living_markets: public(uint256)
# Hole above this part of the cash held lets anyone begin a wind-down, ppm.
hole_share: public(uint256)
# How long deficits can be proven once the last market is settled, seconds.
proof_window: public(uint256)
# Reward of the caller who proves a deficit, ppm of it.
proof_reward: public(uint256)
# Most that a proof is rewarded, whole units of cash.
proof_reward_cap: public(uint256)
# End of the proof window, unix seconds. 0: not begun.
proofs_end: public(uint256)
# Cash that is paid out, WAD.
pot: public(uint256)
# Claims that share it, WAD cash.
claims: public(uint256)
# collateral index -> collateral of proven accounts, WAD. Complete when the proof window is over.
collateral_pots: public(HashMap[uint256, uint256])
# collateral index -> what of its pot was paid out, WAD.
collateral_paid: public(HashMap[uint256, uint256])
# Bit i says that there is a pot of collateral i.
pots_bitmap: public(uint256)


@internal
def _begin_proofs():
    """
    @dev Opens the window: every market is settled.
    """
    self.proofs_end = block.timestamp + self.proof_window
    log IClearinghouseEvents.ProofsBegan(until=self.proofs_end)
