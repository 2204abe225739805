"""What a defence is, how it is taken out, and who attacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from verification.engine.evm import ROOT, Reverted, deploy_world
from verification.engine.patches import Change, PatchedArtefacts, copy_with
from verification.engine.scenes import Scene, cash_of
from verification.engine.world import ETH, World

FOLDER = ROOT / ".cache" / "defences"
LARGEST = 2**23  # the largest amount of cash that is tried to be taken in one go
DAY = 86_400
FRESH = 600  # seconds after which nobody remembers what was won

NOTHING = Decimal(0)
Attack = Callable[[World], Decimal]


@dataclass(frozen=True)
class Defence:
    """An attack, what stops it, and how to take that out.

    Attributes:
        incident: Where the attack was seen.
        removed: The defence.
        contracts: Those whose code it is in.
        changes: How to take it out.
        attack: Plays it in a fresh world; returns the gain in cash.
        bound: The greatest gain that the design allows.
        material: The least gain that shows that the attack works without the defence.
        measure: What is counted as the gain.
    """

    incident: str
    removed: str
    contracts: tuple[str, ...]
    changes: tuple[Change, ...]
    attack: Attack
    bound: Decimal = NOTHING
    material: Decimal = Decimal(1_000)
    measure: str = "the attacker's gain"

    def gains(self, name: str) -> tuple[Decimal, Decimal]:
        """Return what the attack gains with the defence and without it."""
        return play_sound(self.attack), self.attack(deploy_world(self.artefacts(FOLDER / name)))

    def verdict(self, sound: Decimal, unsound: Decimal) -> str:
        """Return what is wrong with these gains, or nothing."""
        if sound > self.bound:
            return f"the attack works: more than {self.bound:,.0f}"
        if unsound < self.material:
            return f"nothing shown: less than {self.material:,.0f}"
        return ""

    def artefacts(self, folder: Path) -> PatchedArtefacts:
        """Compile the contracts without the defence."""
        return PatchedArtefacts(copy_with(folder, self.changes), self.contracts)


@cache
def sound_world() -> World:
    """The contracts as they are, deployed once."""
    return deploy_world()


def play_sound(attack: Attack) -> Decimal:
    """Play an attack on the contracts as they are, and take it back."""
    world = sound_world()
    checkpoint = world.chain.snapshot()
    world.forget()
    try:
        return attack(world)
    finally:
        world.chain.restore(checkpoint)


def attempt(function: Any, *args: Any, **named: Any) -> Any:
    """Call what may be refused; return the receipt, or None."""
    try:
        return function(*args, **named)
    except Reverted:
        return None


@dataclass
class Attacker:
    """Somebody with money, accounts and bad intentions, and the scene they act in."""

    scene: Scene
    person: Any
    paid_in: Decimal = NOTHING
    accounts: list[int] = field(default_factory=list)

    @classmethod
    def enter(cls, world: World) -> Attacker:
        """Let an attacker come to where a market maker and a bidder are."""
        return cls(Scene.set(world, size=0), world.people["attacker"])

    @property
    def world(self) -> World:
        """Where they act."""
        return self.scene.world

    def open(self, cash: float = 0, worth: float = 0, **collateral: float) -> int:
        """Open an account; collateral has cost what it is really worth."""
        account = self.world.open(self.person, cash, **collateral)
        self.accounts.append(account)
        self.paid_in += Decimal(str(cash)) + Decimal(str(worth))
        return account

    def trade_with_himself(
        self, giver: int, getter: int, size: float, price: float, market: int = ETH
    ) -> Any:
        """Let one of their accounts gain `size` from another, if that is allowed."""
        sides = (self.person, giver), (self.person, getter)
        return attempt(self.world.trade, *sides, size, price, market)

    def take_from_market(self, account: int, size: float, price: float, **terms: Any) -> Any:
        """Let an account gain `size` from the market maker by an order, if that is allowed."""
        maker = self.scene.maker, self.scene.book
        return attempt(self.world.trade, (self.person, account), maker, -size, price, **terms)

    def withdraw_most(self, account: int) -> None:
        """Take out of an account as much cash as is let out."""
        ledger, token = self.world.clearinghouse, self.world.settlement
        self._most(
            lambda units: ledger.withdraw(account, token, units, self.person, sender=self.person)
        )

    def transfer_most(self, account: int, to: int) -> None:
        """Move as much cash as is let go from an account to another."""
        ledger, token = self.world.clearinghouse, self.world.settlement
        self._most(lambda units: ledger.transfer(account, to, token, units, sender=self.person))

    def _most(self, move: Callable[[int], Any]) -> None:
        """Move cash in ever smaller amounts, down to 1, until no more is let go: patiently, so that
        nothing counts as won just now."""
        self.world.wait(FRESH)
        amount = LARGEST
        while amount:
            if attempt(move, amount * 10**6) is None:
                amount //= 2

    def taken(self) -> Decimal:
        """Return the cash in their wallet."""
        return Decimal(self.world.settlement.balanceOf(self.person)) / 10**6

    def walked_off_with(self) -> Decimal:
        """Return what is in their wallet beyond what they paid in."""
        return self.taken() - self.paid_in

    def wealth(self) -> Decimal:
        """Return their wallet and what their accounts are worth: those below 0 are left behind."""
        held = sum(max(self.scene.equity(account), 0) for account in self.accounts)
        return self.taken() + cash_of(held)

    def gain(self) -> Decimal:
        """Return what they are worth beyond what they paid in."""
        return self.wealth() - self.paid_in


def deficit(scene: Scene, account: int) -> Decimal:
    """Return what an account lacks, in cash."""
    return cash_of(max(-scene.equity(account), 0))


def end_insolvency(scene: Scene, account: int, price: float) -> None:
    """Let a stranger do all that anyone can do about an account in default."""
    manager, stranger = scene.manager, scene.stranger
    scene.price(price)
    attempt(manager.open_auction, account, sender=stranger)
    attempt(manager.tear_up, [account], sender=stranger)


def without(source: str, *right_and_wrong: str) -> tuple[Change, ...]:
    """Return changes of one source: texts and what takes the place of each, in turn."""
    pairs = zip(right_and_wrong[::2], right_and_wrong[1::2], strict=True)
    return tuple(map(partial(Change, source), *zip(*pairs, strict=True)))
