"""Tokens that lie, charge, fall silent or call back: credited for what arrived, or refused."""

from __future__ import annotations

import pytest

from verification.engine.reverts import assert_reverts
from verification.engine.world import CROSS, WAD

CAP = 1_000 * WAD
FAILED = "vault: token transfer failed"


@pytest.fixture
def listed(world, project):
    """List a token of a kind as collateral and give the owner an account and tokens of it."""

    def make(kind: str, decimals: int, owner):
        names = () if kind == "MuteToken" else ("Odd", "ODD")
        token = project.get_contract(kind).deploy(*names, decimals, sender=world.admin)
        index = world.clearinghouse.collateral_count()
        world.risk_engine.set_collateral(index, 1, 200_000, 100_000, sender=world.admin)
        world.clearinghouse.list_collateral(token, CAP, sender=world.admin)
        token.mint(owner, 100 * 10**decimals, sender=world.admin)
        token.approve(world.clearinghouse, 2**256 - 1, sender=owner)
        return token, index, world.open(owner, 10, CROSS)

    return make


@pytest.mark.parametrize("decimals", [6, 8, 18])
@pytest.mark.parametrize("kind", ["TestToken", "MuteToken"])
def test_ordinary_and_mute_tokens_of_any_decimals(world, ledger, trader, listed, kind, decimals):
    token, index, account = listed(kind, decimals, trader)
    unit = 10**decimals
    ledger.deposit(account, token, 3 * unit, sender=trader)
    assert ledger.collateral(account, index) == 3 * WAD
    ledger.withdraw(account, token, 2 * unit, trader, sender=trader)
    assert ledger.collateral(account, index) == WAD
    assert token.balanceOf(ledger) == unit
    assert ledger.collaterals(index).total == WAD


def test_token_that_returns_false_is_refused(ledger, trader, listed):
    token, index, account = listed("OddToken", 18, trader)
    ledger.deposit(account, token, WAD, sender=trader)
    token.set_behaviour(1, sender=trader)
    assert_reverts(FAILED, ledger.deposit, account, token, WAD, sender=trader)
    assert_reverts(FAILED, ledger.withdraw, account, token, WAD, trader, sender=trader)
    assert ledger.collateral(account, index) == WAD


def test_fee_on_transfer_credits_what_arrived(ledger, trader, listed):
    token, index, account = listed("OddToken", 18, trader)
    token.set_fee(100, sender=trader)
    ledger.deposit(account, token, 10 * WAD, sender=trader)
    assert ledger.collateral(account, index) == 99 * WAD // 10
    assert token.balanceOf(ledger) == ledger.collaterals(index).total
    # Of a withdrawal exactly the debited amount leaves; the recipient bears the fee.
    ledger.withdraw(account, token, WAD, trader, sender=trader)
    assert token.balanceOf(ledger) == ledger.collaterals(index).total


@pytest.mark.parametrize("on_deposit", [True, False], ids=["deposit", "withdraw"])
@pytest.mark.parametrize(
    "function",
    ["deposit", "withdraw", "transfer", "accrue_funding", "collect_fees", "portfolio"],
)
def test_a_token_cannot_call_back(ledger, trader, listed, on_deposit, function):
    """Neither a function of its own, nor a routed one, nor a view answers in the middle."""
    token, index, account = listed("OddToken", 18, trader)
    ledger.deposit(account, token, 2 * WAD, sender=trader)
    calls = {
        "deposit": (account, token, WAD),
        "withdraw": (account, token, WAD, trader),
        "transfer": (account, account + 1, token, WAD),
        "accrue_funding": (1,),
        "collect_fees": (1,),
        "portfolio": (account,),
    }
    data = getattr(ledger, function).encode_input(*calls[function])
    token.set_hook(ledger, data, on_deposit, sender=trader)
    if on_deposit:
        ledger.deposit(account, token, WAD, sender=trader)
    else:
        ledger.withdraw(account, token, WAD, trader, sender=trader)
    assert token.hook_calls() == 1
    assert not token.hook_succeeded()
    assert ledger.collateral(account, index) == (3 if on_deposit else 1) * WAD


def test_unknown_token_is_refused(ledger, trader, world, project):
    token = project.TestToken.deploy("New", "NEW", 18, sender=trader)
    account = world.open(trader, 10)
    reason = "registry: unknown token"
    assert_reverts(reason, ledger.deposit, account, token, 1, sender=trader)
    assert_reverts(reason, ledger.withdraw, account, token, 1, trader, sender=trader)


def test_what_arrives_is_something_and_no_more_than_was_sent(ledger, trader, listed):
    token, index, account = listed("OddToken", 18, trader)
    token.set_fee(10_000, sender=trader)
    assert_reverts(FAILED, ledger.deposit, account, token, WAD, sender=trader)
    token.set_fee(0, sender=trader)
    token.set_hook(token, token.mint.encode_input(ledger, 1), True, sender=trader)
    assert_reverts(FAILED, ledger.deposit, account, token, WAD, sender=trader)
    token.set_hook("0x" + "00" * 20, b"", True, sender=trader)
    ledger.deposit(account, token, WAD, sender=trader)
    assert ledger.collateral(account, index) == WAD
