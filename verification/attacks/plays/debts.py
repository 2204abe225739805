"""Debts: loans that nobody can call, a house without cash, a wind-down that leaves debts out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.steps import (
    BTC,
    DAY,
    ETH,
    HOUR,
    WAD,
    attempt,
    borrow,
    convert,
    gap,
    lose,
    resolve,
    withdraw,
)

LOANS = 51
SMALL = 9_800  # below the threshold from which a debt can be covered
SAVINGS = 500_000
LACKING = 900  # the hole that ends the house
CLAIM = 100_000  # of each saver in the wind-down
SAVERS = ("victim", "heir", "recipient", "whale", "buyer", "idler")


def _borrow_all_cash(arena: Arena) -> None:
    """Fifty loans of 9,800 against WETH; the twin withdraws what they lose to it."""
    person = arena.people["attacker"]
    purse = arena.open(person, 20_000)
    for _ in range(LOANS):
        borrow(arena, person, purse, SMALL, WETH=10)
    take_all(arena, person, purse)


def take_all(arena: Arena, person: Any, account: int) -> None:
    """Wait until what was won lately may leave, and take it out, some each hour."""
    for _ in range(6):
        arena.wait(HOUR)
        withdraw(arena, person, account)


def cover(arena: Arena, account: int) -> None:
    """Let a stranger pay an account's debt and take its WETH, as far as that is allowed."""
    payer, owed = arena.people["stranger"], -arena.cash(account)
    if owed <= 0:
        return
    units = -(-owed // arena.clearinghouse.SETTLEMENT_SCALE())
    token = arena.deployment.tokens["WETH"]
    arena.fund(payer, "USDC", float(units) / 10**6)
    attempt(arena.clearinghouse.cover_shortfall, account, token, units, 0, payer, sender=payer)


def empty_the_house(arena: Arena) -> Outcome:
    """Savers want their cash back; strangers cover whatever debt may be covered."""
    player = arena.party("player", "attacker")
    saver = arena.people["victim"]
    savings = arena.open(saver, SAVINGS)
    _borrow_all_cash(arena)
    arena.wait(10 * DAY)
    for account in player.accounts(arena):
        cover(arena, account)
    arena.wait(2 * DAY)
    for account in player.accounts(arena):
        cover(arena, account)
    paid = withdraw(arena, saver, savings)
    return Outcome.of(arena, player, SAVINGS - Decimal(paid) / 10**6)


def end_the_house(arena: Arena) -> Outcome:
    """The same, then a hole of hardly anything, but above a share of the cash that is left (fees):
    anyone winds down."""
    player = arena.party("player", "attacker")
    person, saver = arena.people.named("attacker", "victim")
    savings = arena.open(saver, SAVINGS)
    purse = arena.open(person, 20_000)
    loan = borrow(arena, person, purse, 9_000, WETH=6)
    _borrow_all_cash(arena)
    take_all(arena, saver, savings)
    gap(arena, float((Decimal(-arena.cash(loan)) / WAD - LACKING) / 6))
    resolve(arena, person, loan)
    attempt(arena.default_manager.bid, loan, WAD, purse, 1, sender=person)
    arena.wait(2 * HOUR)
    attempt(arena.clearinghouse.begin_wind_down, sender=person)
    for _ in range(4):
        arena.wait(DAY)
        attempt(arena.clearinghouse.begin_wind_down, sender=person)
    ended = SAVINGS if arena.clearinghouse.phase() else 0
    return Outcome.of(arena, player, ended)


def prove_nothing(arena: Arena) -> Outcome:
    """A wind-down with four solvent borrowers whom nobody proves, because nothing is paid for it.

    Somebody who gets nothing proves nothing: an account is proven when its proof pays.
    """
    player = arena.party("player", "attacker")
    savers = arena.party("savers", *SAVERS)
    person, ledger = arena.people["attacker"], arena.clearinghouse
    saved = [arena.open(saver, CLAIM) for saver in savers.people]
    savers.begin(arena)
    purse = arena.open(person, 20_000)
    loans = [arena.open(person, WETH=60) for _ in range(4)]
    for loan in loans:
        for _ in range(6):  # some at a time: margin is needed for each round
            lose(arena, (person, loan), (person, purse), 8_500)
    take_all(arena, person, purse)
    purse_of_stranger = arena.open(arena.people["stranger"], 1)
    ledger.begin_wind_down(sender=arena.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=arena.admin)
        for account in (purse, *loans):
            convert(arena, market, account, arena.people["stranger"])
    stranger = arena.people["stranger"]
    for loan in loans:
        checkpoint = arena.chain.snapshot()
        receipt = attempt(
            arena.default_manager.prove_deficit, loan, purse_of_stranger, sender=stranger
        )
        if not receipt or not _pays(receipt):
            arena.chain.restore(checkpoint)
    arena.wait(40 * DAY)
    attempt(ledger.begin_redemption, sender=stranger)
    for _ in range(2):
        for saver, account in zip(savers.people, saved, strict=True):
            attempt(ledger.redeem, account, saver, sender=saver)
    return Outcome.of(arena, player, -savers.gain(arena))


def _pays(receipt: object) -> bool:
    """Whether a proof has paid its prover."""
    return bool(getattr(receipt, "return_value", 0))


LENDING = (
    *without(
        "ledger.vy",
        "return min(self.negative_cash_cap, held * self.negative_cash_share // units.PPM)",
        "return self.negative_cash_cap",
    ),
    *without(
        "ClearinghouseWithdrawals.vy",
        "since != 0 and block.timestamp >= since + registry.shortfall_grace",
        "words._cash(header) < -10_000 * 10**18 and since != 0",
    ),
)
LENDERS = ("Clearinghouse", "ClearinghouseWithdrawals")

DEBTS = {
    "small-loans": Attack(
        7,
        empty_the_house,
        "51 loans of 9,800 against WETH, withdrawn",
        HARM,
        "cash that savers cannot withdraw",
        rule="every debt can be covered after its grace; all debts are a share of the cash held",
        contracts=LENDERS,
        changes=LENDING,
    ),
    "hole-of-wei": Attack(
        8,
        end_the_house,
        "the same, then a hole of hardly anything",
        HARM,
        "savings in a house that is wound down",
        rule="hole against cash and debts, an absolute floor, a waiting time",
        contracts=(*LENDERS, "ClearinghouseSettlement"),
        changes=(
            *LENDING,
            *without(
                "wind_down.vy",
                "hole > final_settlement.hole_floor * units.WAD",
                "hole > 0",
                "(held + ledger.negative_cash + hole) * share",
                "(held + hole) * share",
            ),
        ),
    ),
    "unproven": Attack(
        9,
        prove_nothing,
        "a wind-down with four solvent borrowers nobody proves",
        HARM,
        "what savers lack after redemption",
        rule="exact claims; late debts and proofs payable in any order; proofs pay",
        contracts=("ClearinghouseSettlement",),
        changes=without(
            "wind_down.vy",
            "claims: uint256 = pot + ledger.hole + ledger.negative_cash",
            "claims: uint256 = pot + ledger.hole",
            "amount * final_settlement.proof_reward // units.PPM, "
            "final_settlement.conversion_reward",
            "0, 0",
        ),
    ),
}
