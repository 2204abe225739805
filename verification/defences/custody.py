"""What nobody does to tokens, shares and roles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bulkhead.deployment import DEFAULT_MANAGER
from verification.defences.defence import DAY, Attacker, Defence, attempt, without
from verification.defences.prices import lose_to_twin
from verification.engine.scenes import cash_of
from verification.engine.world import NEVER, WAD, World, wad

NEW = 2  # index of a collateral listed after WETH and WBTC
CAP = 100  # tokens of it
PRICE = 2_000  # of ETH
HAIRCUT = Decimal("0.2")


def list_token(world: World, kind: str, cap: float) -> Any:
    """List a new collateral, priced as ETH."""
    token = world.chain.deploy(kind, "New token", "NEW", 18)
    world.clearinghouse.list_collateral(token, wad(cap), sender=world.admin)
    eth = world.deployment.assets["ETH"]
    haircut = int(HAIRCUT * 10**6)
    world.risk_engine.set_collateral(NEW, eth, haircut, haircut, sender=world.admin)
    return token


def deposit_twice(world: World) -> Decimal:
    """GMX: a token that calls back deposits once more while its own deposit is being counted."""
    attacker = Attacker.enter(world)
    ledger, person = world.clearinghouse, attacker.person
    token = list_token(world, "OddToken", 1_000)
    account = attacker.open()
    ledger.set_operator(token, 1, sender=person)
    token.mint(person, 20 * WAD, sender=person)
    token.mint(token, 10 * WAD, sender=person)
    token.approve(ledger, NEVER, sender=person)
    # The token allows the ledger to take what it holds itself.
    token.set_hook(token, token.approve.encode_input(ledger, NEVER), False, sender=person)
    token.transfer(person, 0, sender=person)
    # Half of what is sent is kept, so that the inner deposit hides in the outer one.
    token.set_fee(5_000, sender=person)
    inner = ledger.deposit.encode_input(account, token, 10 * WAD)
    token.set_hook(ledger, inner, True, sender=person)
    ledger.deposit(account, token, 20 * WAD, sender=person)
    booked, held = ledger.collateral(account, NEW), token.balanceOf(ledger)
    return cash_of(booked - held) * PRICE


def inflate_the_share(world: World) -> Decimal:
    """Compound and Cream forks: a unit staked, a fortune donated, the next staker rounded away."""
    attacker = Attacker.enter(world)
    fund, token, person = world.insurance_fund, world.settlement, attacker.person
    world.stake(person, 0.000001)
    token.transfer(fund, world.fund(person, "USDC", 100_000), sender=person)
    attacker.paid_in = Decimal(100_000)
    world.stake(attacker.scene.staker, 150_000)
    fund.request_redeem(fund.balanceOf(person), sender=person)
    world.wait(7 * DAY)
    fund.redeem(fund.locked_shares(person), person, person, sender=person)
    return attacker.walked_off_with()


def plug_in_a_manager(world: World) -> Decimal:
    """Drift: whoever has the admin's key plugs in a default manager of his own, that gives him the
    market maker's cash. People leave as soon as they see it proposed."""
    attacker = Attacker.enter(world)
    scene, ledger, person = attacker.scene, world.clearinghouse, attacker.person
    purse = attacker.open(1)
    hostile = world.chain.deploy("OddToken", "Hostile", "HOST", 18)  # calls what it is told to
    loot = (scene.book, purse, 1, [], wad(10_000_000), 0)
    hostile.set_hook(ledger, ledger.slice_account.encode_input(*loot), False, sender=person)
    ledger.set_role(DEFAULT_MANAGER, hostile, sender=world.admin)
    attempt(ledger.accept_role, DEFAULT_MANAGER, sender=person)
    hostile.transfer(person, 0, sender=person)
    leaving = (
        (scene.maker, scene.book),
        (scene.trader, scene.account),
        (scene.bidder, scene.purse),
    )
    proposed = world.now()
    for owner, account in leaving:
        while (units := world.cash(account) // 10**12) > 0:
            part = min(units, _allowed(world))
            ledger.withdraw(account, world.settlement, part, owner, sender=owner)
            world.wait(3_600)
    world.wait(proposed + ledger.role_delay() - world.now())
    attempt(ledger.accept_role, DEFAULT_MANAGER, sender=person)
    hostile.transfer(person, 0, sender=person)
    attacker.withdraw_most(purse)
    return attacker.walked_off_with()


def _allowed(world: World) -> int:
    """Return what an hour lets out, token units."""
    share, least, _, _ = world.clearinghouse.outflow()
    held = world.settlement.balanceOf(world.clearinghouse)
    return max(held * share // 10**6, least * 10**6)


def bring_in_a_fake(world: World) -> Decimal:
    """Drift: a collateral just listed is worth nothing, and somebody has all of it."""
    attacker = Attacker.enter(world)
    ledger, person = world.clearinghouse, attacker.person
    token = list_token(world, "TestToken", CAP)
    token.mint(person, CAP * WAD, sender=person)
    token.approve(ledger, NEVER, sender=person)
    rich, twin = attacker.open(), attacker.open(5_000)
    for tokens in (CAP, CAP // 10):
        if attempt(ledger.deposit, rich, token, tokens * WAD, sender=person):
            break
    lose_to_twin(attacker, rich, twin, 1)
    return attacker.walked_off_with()


CUSTODY = {
    "gmx": Defence(
        "GMX v1, July 2025",
        "a lock over every door while a token moves",
        ("Clearinghouse",),
        without(
            "Clearinghouse.vy", "@external\ndef deposit(", "@external\n@reentrant\ndef deposit("
        ),
        deposit_twice,
        measure="booked beyond what is held",
    ),
    "erc4626": Defence(
        "Compound and Cream forks: an empty ERC-4626 vault",
        "assets are booked, and virtual shares",
        ("InsuranceFund",),
        without(
            "InsuranceFund.vy",
            "shares: uint256 = staked_assets._to_shares(assets, staked_assets.booked, False)",
            "shares: uint256 = assets\n"
            "    if erc20.totalSupply != 0:\n"
            "        shares = (\n"
            "            assets * erc20.totalSupply // vault._balance(fund.SETTLEMENT_TOKEN)\n"
            "        )",
            "assets: uint256 = staked_assets._to_assets(shares, staked_assets.booked, False)",
            "assets: uint256 = (\n"
            "        shares * vault._balance(fund.SETTLEMENT_TOKEN) // erc20.totalSupply\n"
            "    )",
            "    staked_assets.booked -= assets\n",
            "    staked_assets.booked -= min(assets, staked_assets.booked)\n",
        ),
        inflate_the_share,
        material=Decimal(10_000),
    ),
    "drift-role": Defence(
        "Drift, April 2026: the captured key",
        "whoever is to hold a role waits for as long as leaving a fund can last",
        ("ClearinghouseAdmin",),
        without(
            "proposals.vy",
            "if registry._role(role) == empty(address):",
            "if True:",
        ),
        plug_in_a_manager,
        material=Decimal(1_000_000),
    ),
    "drift-cap": Defence(
        "Drift, April 2026: the fake collateral",
        "a tenth of a new collateral's cap at first",
        ("ClearinghouseAdmin",),
        without("ClearinghouseAdmin.vy", "base=cap * FIRST_CAP // units.PPM,", "base=cap,"),
        bring_in_a_fake,
        bound=Decimal(CAP) / 10 * PRICE * (1 - HAIRCUT),
        material=Decimal(100_000),
    ),
}
