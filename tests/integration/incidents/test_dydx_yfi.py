"""dYdX v3, YFI, November 2023: many wallets build one position out of recycled profits, the price
gaps, and the insurance fund pays nine million for all of them.

The fund's loss in one market is limited over all accounts together and over time, however many
wallets it is cut into; what goes beyond is a charge on the side that has won.

Fails without the defence: in waterfall._grant replace `min(self.demand[market], most)` by
`self.demand[market]`.
"""

from __future__ import annotations

import pytest

from tests.procedure import BOOK_DUST, only, parts_of, tear_up
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import WAD

LIMIT = 5_000
WALLETS = 12


@pytest.mark.parametrize("together", [True, False])
def test_fund_loses_no_more_than_the_limit(fast_world, together):
    scene = Scene.set(fast_world, size=0)
    fast_world.stake(scene.staker, 1_000_000)
    set_waterfall(fast_world, market_amount=LIMIT)
    wallets = []
    for _ in range(WALLETS):
        wallets.append(fast_world.open(scene.trader, 10_000))
        fast_world.trade((scene.maker, scene.book), (scene.trader, wallets[-1]), 100, 2_000)
    scene.price(1_890)  # 1,100 each, 13,200 in all
    groups = [[wallet] for wallet in wallets]
    if together:
        groups = [sorted(wallets)[place : place + 8] for place in (0, 8)]
    receipts = [tear_up(scene, *group) for group in groups]
    paid = [parts_of(e) for r in receipts for e in r.events.filter(scene.manager.ShortfallPaid)]
    insurance = sum(parts[2] for parts in paid)
    charged = sum(parts[5] for parts in paid)
    assert insurance <= (LIMIT + WALLETS) * WAD
    assert abs(insurance + charged - 1_100 * WALLETS * WAD) < WAD
    assert fast_world.insurance_fund.totalAssets() >= (1_000_000 - LIMIT - WALLETS) * 10**6
    assert fast_world.clearinghouse.hole() == 0
    assert fast_world.conservation_error() < 20 * BOOK_DUST  # 12 positions


def test_other_markets_keep_their_cover(fast_world):
    """The neighbour that must work: one wallet below the limit is covered whole."""
    scene = Scene.set(fast_world)
    fast_world.stake(scene.staker, 1_000_000)
    set_waterfall(fast_world, market_amount=LIMIT)
    scene.price(1_890)
    assert only(scene.call(), scene.manager.ShortfallPaid).insurance == 1_100 * WAD
