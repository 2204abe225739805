#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title What the wind-down remembers
@custom:contract-name final_settlement
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Storage of the wind-down (modules/wind_down.vy), on its own because all parts of the
        Clearinghouse share it, slot by slot. An account is due its claim times pot / claims, where
        the pot grows with what comes in late, the same share of every pot of collateral, and its
        own collateral.
"""

from ..interfaces import IClearinghouseEvents
from .layout import feed_words


# From the beginning of a wind-down on, seconds: anyone settles at a price that is still in doubt.
LONG_STOP: constant(uint256) = 14 * 86_400


# Markets listed and not yet settled.
living_markets: public(uint256)
# Hole above this part of the cash held, the negative cash and the hole lets anyone begin, ppm ...
hole_share: public(uint256)
# ... and above this, whole units of cash.
hole_floor: public(uint256)
# When a wind-down that anyone announced may begin, unix seconds. 0: none was announced.
wind_down_due: public(uint256)
# When it began, unix seconds. 0: it has not.
wind_down_began: public(uint256)
# Least time to prove deficits once the last market is settled, seconds.
proof_window: public(uint256)
# Reward of the caller who proves a deficit, ppm of it.
proof_reward: public(uint256)
# Most that a proof is rewarded, whole units of cash.
proof_reward_cap: public(uint256)
# Reward of the caller who turns an account's last position into cash, and the least one of a proof,
# WAD cash.
conversion_reward: public(uint256)
# Redemption begins after this, unix seconds. 0: markets live.
proofs_end: public(uint256)
# Claims that share the pot, WAD cash.
claims: public(uint256)
# Part of the hole that pots of collateral pay instead of cash, WAD cash.
paid_in_kind: public(uint256)
# Until then a part of every pot is kept back, unix seconds.
kept_until: public(uint256)
# Cash paid out of the pot to all, WAD: what is left of the pot and this are the pot.
cash_paid: public(uint256)
# account -> what it was paid of its claim, WAD cash.
cash_given: public(HashMap[uint256, uint256])
# collateral index -> collateral of proven accounts, WAD.
collateral_pots: public(HashMap[uint256, uint256])
# collateral index -> what of its pot was paid out, WAD.
collateral_paid: public(HashMap[uint256, uint256])
# account -> collateral index -> what it was paid of that pot, WAD.
collateral_given: public(HashMap[uint256, HashMap[uint256, uint256]])
# Bit i says that there is a pot of collateral i.
pots_bitmap: public(uint256)


@internal
def _begin_proofs():
    """
    @dev Opens the window: every market is settled.
    """
    self.proofs_end = block.timestamp + self.proof_window
    log IClearinghouseEvents.ProofsBegan(until=self.proofs_end)


@internal
@view
def _require_settles(kind: uint256):
    """
    @dev Nobody values anything for good at a price in doubt before that doubt is final, or a
         wind-down has waited long enough.
    @param kind Kind of a settlement price.
    """
    began: uint256 = self.wind_down_began
    assert kind != feed_words.IN_DOUBT or (
        began != 0 and block.timestamp >= began + LONG_STOP
    ), "final settlement: price in doubt"
