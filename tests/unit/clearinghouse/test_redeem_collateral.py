"""Clearinghouse.redeem of collateral: a token that misbehaves keeps nobody from the rest."""

from __future__ import annotations

from typing import Any

import pyrevm
import pytest

from tests.procedure import only, redemption, refused, wind_down
from verification.engine.world import WAD, World


def odd_collateral(world: World, kind: str = "OddToken") -> tuple[Any, int]:
    """List a token that can be told to misbehave, priced as ETH; return it and its index."""
    names = ("Odd", "ODD") if kind == "OddToken" else ()
    token = world.chain.deploy(kind, *names, 18)
    index = world.clearinghouse.collateral_count()
    world.risk_engine.set_collateral(index, 1, 200_000, 100_000, sender=world.admin)
    world.clearinghouse.list_collateral(token, 1_000 * WAD, sender=world.admin)
    world.deployment.tokens["ODD"] = token
    return token, index


FAIR, SAYS_NO, FAILS, DENIES = range(4)  # behaviours of OddToken


@pytest.fixture
def odd(fast_world) -> tuple[World, Any, int, int]:
    """Redemption, in which somebody has 700 of cash, a WETH and 2 of a token of its own mind; and
    somebody else has 5 of those."""
    world = fast_world
    token, index = odd_collateral(world)
    account = world.open(world.people["owner"], 700, WETH=1, ODD=2)
    world.open(world.people["second trader"], 0, ODD=5)
    del world.deployment.tokens["ODD"]
    wind_down(world)
    redemption(world)
    return world, token, index, account


def redeem(world: World, account: int) -> Any:
    """Let a stranger redeem an account of `odd`; its cash and its WETH arrive in any case."""
    owner = world.people["owner"]
    receipt = world.clearinghouse.redeem(account, owner, sender=world.people["stranger"])
    assert world.settlement.balanceOf(owner) == receipt.return_value == 700 * 10**6
    assert world.deployment.tokens["WETH"].balanceOf(owner) == WAD
    return receipt


@pytest.mark.parametrize("behaviour", [SAYS_NO, FAILS])
def test_a_token_that_refuses_keeps_nobody_from_his_cash(odd, behaviour):  # INV-12
    """It fails, or says no: everything else is paid, and it stays in the account for later."""
    world, token, index, account = odd
    ledger, owner, heir = world.clearinghouse, world.people["owner"], world.people["heir"]
    token.set_behaviour(behaviour, sender=owner)
    receipt = redeem(world, account)
    event = only(receipt, ledger.Redeemed)
    assert (event.collateral[0], event.collateral[index]) == (WAD, 0)
    kept = only(receipt, ledger.CollateralKept)
    assert (kept.account, kept.index, kept.amount) == (account, index, 2 * WAD)
    assert ledger.collateral(account, index) == 2 * WAD
    assert ledger.collaterals(index).total == 7 * WAD
    assert world.header(account).collateral_bitmap == 1 << index
    token.set_behaviour(FAIR, sender=owner)
    assert ledger.redeem(account, heir, sender=owner).return_value == 0
    assert token.balanceOf(heir) == 2 * WAD
    assert ledger.collaterals(index).total == 5 * WAD
    refused("wind down: nothing to redeem", ledger.redeem, account, owner, sender=heir)


@pytest.mark.parametrize("behaviour", [FAIR, DENIES])
def test_what_a_token_moves_is_paid_whatever_it_says(odd, behaviour):  # INV-1
    """Else its owner would be paid again, out of what others have of it."""
    world, token, index, account = odd
    ledger, owner = world.clearinghouse, world.people["owner"]
    token.set_behaviour(behaviour, sender=owner)
    receipt = redeem(world, account)
    assert only(receipt, ledger.Redeemed).collateral[index] == token.balanceOf(owner) == 2 * WAD
    assert not receipt.events.filter(ledger.CollateralKept)
    assert ledger.collaterals(index).total == token.balanceOf(ledger) == 5 * WAD
    refused("wind down: nothing to redeem", ledger.redeem, account, owner, sender=owner)


def test_a_token_that_is_gone_or_mute_about_balances_stays(odd):
    world, token, index, account = odd
    ledger, reverts = world.clearinghouse, bytes.fromhex("60006000fd")
    code = world.chain.evm.basic(token.address).code
    world.chain.evm.insert_account_info(token.address, pyrevm.AccountInfo(code=reverts))
    receipt = redeem(world, account)
    world.chain.evm.insert_account_info(token.address, pyrevm.AccountInfo(code=code))
    assert only(receipt, ledger.CollateralKept).amount == 2 * WAD
    token.burn(ledger, 7 * WAD, sender=world.people["owner"])
    receipt = ledger.redeem(account, world.people["owner"], sender=world.people["owner"])
    assert only(receipt, ledger.CollateralKept).amount == 2 * WAD
    assert ledger.collateral(account, index) == 2 * WAD


def test_collateral_paid_to_the_clearinghouse_itself_stays_with_its_owner(fast_world):
    world, owner = fast_world, fast_world.people["owner"]
    ledger = world.clearinghouse
    account = world.open(owner, 0, WETH=1)
    wind_down(world)
    redemption(world)
    ledger.redeem(account, ledger.address, sender=owner)
    assert ledger.collateral(account, 0) == WAD
    ledger.redeem(account, owner, sender=owner)
    assert world.deployment.tokens["WETH"].balanceOf(owner) == WAD
