"""What the InsuranceFund says that shares and tokens are worth, at par and after a profit."""

from __future__ import annotations

import pytest

STAKE = 1_000
UNITS = 123_456_789


@pytest.fixture(params=[0, 700], ids=["par", "profit"])
def fund(fast_world, request):
    """A fund with a stake, and perhaps a premium."""
    staker, made = fast_world.people["staker"], fast_world.insurance_fund
    fast_world.stake(staker, STAKE)
    if request.param:
        fast_world.fund(staker, "USDC", request.param)
        made.set_premium(500_000, sender=fast_world.admin)
        fast_world.clearinghouse.donate(request.param * 10**6, sender=staker)
        fast_world.wait(2 * 365 * 86_400)
        made.accrue(sender=staker)
        made.set_premium(0, sender=fast_world.admin)
    assert made.totalAssets() == (STAKE + request.param) * 10**6
    return made


def test_what_is_paid_in_is_rounded_against_whoever_pays(fund):
    shares = fund.convertToShares(UNITS)
    assert fund.previewDeposit(UNITS) == shares
    assert fund.previewMint(shares) == UNITS
    assert fund.previewMint(shares + 1) == UNITS + 1


def test_what_is_paid_out_is_rounded_against_whoever_is_paid(fund):
    shares = fund.previewWithdraw(UNITS)
    assert shares - fund.convertToShares(UNITS) in (0, 1)
    assert fund.previewRedeem(shares) == fund.convertToAssets(shares) == UNITS
    assert fund.previewRedeem(shares - 1) == UNITS - 1


def test_a_stake_is_worth_what_was_staked_and_its_part_of_what_came(fund, fast_world):
    """But for the part of the virtual shares, which nobody has."""
    held = fund.balanceOf(fast_world.people["staker"])
    assert 0 <= fund.totalAssets() - fund.convertToAssets(held) <= 1_000
    assert 0 <= held - fund.convertToShares(fund.convertToAssets(held)) < held // 10**6
