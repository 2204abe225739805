"""Debts: loans that nobody can call, a house without cash, a wind-down that leaves debts out."""

from __future__ import annotations

from decimal import Decimal

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome
from verification.attacks.steps import (
    BTC,
    DAY,
    ETH,
    HOUR,
    WAD,
    attempt,
    borrow,
    gap,
    lose,
    resolve,
    withdraw,
)

LOANS = 51
SMALL = 9_800  # below the threshold from which a debt can be covered
SAVINGS = 500_000
CLAIM = 100_000  # of each saver in the wind-down
SAVERS = ("victim", "heir", "recipient", "whale", "buyer", "idler")


def _borrow_all_cash(arena: Arena) -> None:
    """Fifty loans of 9,800 against WETH; the twin withdraws what they lose to it."""
    person = arena.people["attacker"]
    purse = arena.open(person, 20_000)
    for _ in range(LOANS):
        borrow(arena, person, purse, SMALL, WETH=10)
    withdraw(arena, person, purse)


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
    """The same, then a hole of a few wei: above a share of the cash held, anyone winds down."""
    player = arena.party("player", "attacker")
    person, saver = arena.people.named("attacker", "victim")
    savings = arena.open(saver, SAVINGS)
    purse = arena.open(person, 20_000)
    loan = borrow(arena, person, purse, 9_000, WETH=6)
    _borrow_all_cash(arena)
    withdraw(arena, saver, savings)
    gap(arena, float(Decimal(-arena.cash(loan)) / WAD / 6) - 0.000001)
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
    withdraw(arena, person, purse)
    ledger.begin_wind_down(sender=arena.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=arena.admin)
    stranger = arena.people["stranger"]
    purse_of_stranger = 0
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


DEBTS = {
    "small-loans": Attack(
        7,
        empty_the_house,
        "51 loans of 9,800 against WETH, withdrawn",
        HARM,
        "cash that savers cannot withdraw",
        rule="every debt can be covered after its grace; all debts are a share of the cash held",
    ),
    "hole-of-wei": Attack(
        8,
        end_the_house,
        "the same, then a hole of hardly anything",
        HARM,
        "savings in a house that is wound down",
        rule="hole against cash and debts, an absolute floor, a waiting time",
    ),
    "unproven": Attack(
        9,
        prove_nothing,
        "a wind-down with four solvent borrowers nobody proves",
        HARM,
        "what savers lack after redemption",
        rule="exact claims; late debts and proofs payable in any order; proofs pay",
    ),
}
