"""Compound and Cream forks, Hundred Finance: the first depositor of an empty vault, and a donation.

One unit staked, a fortune donated, and the next staker's shares round to nothing. The insurance
fund counts what was booked and has virtual shares: the donation is lost to its donor, and gives no
one anything. Anyone may hand it on to the reserve, the clearinghouse's own capital.
"""

from __future__ import annotations

from verification.engine.scenes import Scene
from verification.engine.world import HEALTHY, WAD


def test_first_staker_cannot_inflate_the_share(world):
    attacker, victim = world.people.named("attacker", "victim")
    fund, token = world.insurance_fund, world.settlement
    world.stake(attacker, 0.000001)
    donation = world.fund(attacker, "USDC", 100_000)
    token.transfer(fund, donation, sender=attacker)
    world.stake(victim, 50_000)

    staked = fund.convertToAssets(fund.balanceOf(victim))
    kept = fund.convertToAssets(fund.balanceOf(attacker))
    assert staked >= 50_000 * 10**6 * 999 // 1_000
    # The attacker's share is one unit beside a million virtual ones: the donation is gone.
    assert kept < donation * 51 // 100


def test_donation_without_stakers_enriches_nobody(world):
    donor, early = world.people.named("stranger", "staker")
    fund = world.insurance_fund
    world.settlement.transfer(fund, world.fund(donor, "USDC", 1_000), sender=donor)
    world.stake(early, 1_000)
    assert fund.convertToAssets(fund.balanceOf(early)) <= 1_000 * 10**6


def test_donation_pays_losses_all_the_same(world):
    """It is the clearinghouse's, not a staker's: the reserve gets it, and a shortfall draws on it
    before anybody's stake and before the other side."""
    scene = Scene.set(world)
    fund, ledger = world.insurance_fund, world.clearinghouse
    world.stake(scene.staker, 5_000)
    donation = world.fund(scene.stranger, "USDC", 2_000)
    world.settlement.transfer(fund, donation, sender=scene.stranger)
    assert fund.totalAssets() == 5_000 * 10**6
    fund.forward_unclaimed(sender=scene.stranger)
    assert ledger.reserve() == 2_000 * WAD
    scene.price(1_890)
    receipt = scene.call()
    (paid,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert (paid.reserve, paid.insurance, paid.charged) == (1_100 * WAD, 0, 0)
    assert (scene.size(), scene.stage()) == (0, HEALTHY)
    assert ledger.reserve() == 900 * WAD
    assert ledger.hole() == 0
    assert fund.totalAssets() == 5_000 * 10**6


def test_donation_to_the_ledger_is_nobodys(world):
    """Tokens sent to the clearinghouse itself credit no account and buy no share."""
    scene = Scene.set(world)
    cash = world.cash(scene.account)
    gift = world.fund(scene.stranger, "USDC", 777)
    world.settlement.transfer(world.clearinghouse, gift, sender=scene.stranger)
    assert world.cash(scene.account) == cash
    assert world.conservation_error() == 777
