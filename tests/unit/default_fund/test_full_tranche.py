"""A tranche holds 2**128 - 1 shares: the last one fits, one more is refused."""

from __future__ import annotations

import pytest

from verification.engine.evm import Reverted, deploy_world
from verification.engine.reverts import reverts
from verification.engine.world import NEVER

ASSESSMENTS = 1
MOST = 2**128 - 1
UNITS = 10**6  # one unit of cash, the least stake
NEW = 2**53  # shares that it buys, at the price of a share that is written into storage
TOTAL_SHIFT = 96


@pytest.mark.parametrize("over", [0, 1])
def test_room_for_shares(over):
    world = deploy_world()
    fund, evm, member = world.default_fund, world.chain.evm, world.people["member"]
    world.join(member, 0, 10)
    assets, shares, _ = fund.tranche(ASSESSMENTS)
    (slot,) = (
        n for n in range(100) if evm.storage(fund.address, n) == assets | shares << TOTAL_SHIFT
    )
    total = MOST - NEW + over
    assets = UNITS * (total + 10**6) // NEW - 1  # a million virtual shares, one virtual unit
    evm.insert_account_storage(fund.address, slot, assets | total << TOTAL_SHIFT)
    assert tuple(fund.tranche(ASSESSMENTS)) == (assets, total, 0)
    world.settlement.mint(fund, assets)
    world.fund(member, "USDC", 1)
    world.settlement.approve(fund, NEVER, sender=member)
    if over:
        with pytest.raises(Reverted) as refused:
            fund.deposit(0, UNITS, sender=member)
        assert refused.value.reason == "loss tranches: tranche is full"
    else:
        fund.deposit(0, UNITS, sender=member)
        assert tuple(fund.tranche(ASSESSMENTS)) == (assets + UNITS, MOST, 0)


def test_a_tranche_is_full_when_its_shares_do_not_fit(club):
    """After a loss a unit buys a million million of them; the units themselves would fit."""
    club.join(club.member, 10**9, 10**9)
    club.draw(club.stranger, 0, 10**9 - 1_000, 0)
    assert club.fund.tranche(0)[1] == 10**15
    club.supply_wallet(club.partner, 2**92)
    with reverts("loss tranches: tranche is full"):
        club.fund.deposit(2**89, 2**89, sender=club.partner)
    club.fund.deposit(2**88, 2**88, sender=club.partner)
    assert club.contributions == 2**88 + 1_000
    assert 2**127 < club.fund.tranche(0)[1] < 2**128
