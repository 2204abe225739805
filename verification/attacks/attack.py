"""What an attack is, and how it is played: on the contracts as they are, and without the rule."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from verification.attacks.arena import Arena
from verification.attacks.referee import Party
from verification.engine.evm import ROOT, Artefacts, deploy_world
from verification.engine.patches import Change, PatchedArtefacts, copy_with
from verification.engine.world import World

FOLDER = ROOT / ".cache" / "attacks"
GAIN, HARM = "gain", "harm"
DUST = Decimal("0.01")  # what roundings of prices, shares and token units may add up to, cash


@dataclass(frozen=True)
class Outcome:
    """How a play ended, in cash.

    Attributes:
        budget: What the player paid in.
        gain: What the player has beyond it and beyond what prices gave.
        harm: What others have lost.
    """

    budget: Decimal
    gain: Decimal
    harm: Decimal = Decimal(0)

    @classmethod
    def of(cls, arena: Arena, player: Party, harm: Decimal | int = 0) -> Outcome:
        """Let the referee count."""
        return cls(player.budget, player.gain(arena), Decimal(harm))


Play = Callable[[Arena], Outcome]
Deploy = Callable[[Artefacts | None], World]


@dataclass(frozen=True)
class Attack:
    """A play and the rule against it.

    Attributes:
        row: Number of the play in docs/audit/attacks.md.
        play: What the player does.
        about: The play in a line.
        measure: What is bounded, `gain` or `harm`.
        counted: What the measure counts.
        bound: The most that the rules allow, cash; `DUST` where nothing may be gained.
        why: What the bound is, where something may be gained.
        rule: What stops it.
        contracts: Those whose code the rule is in.
        changes: How to take the rule out.
        material: The least that shows that the attack works without the rule.
        gone: The mechanism that was attacked, if it is there no more.
        deploy: How its world is deployed.
    """

    row: int
    play: Play
    about: str
    measure: str = GAIN
    counted: str = "the player's gain"
    bound: Decimal = DUST
    why: str = ""
    rule: str = ""
    contracts: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    material: Decimal = Decimal(1_000)
    gone: str = ""
    deploy: Deploy = deploy_world

    def measured(self, outcome: Outcome) -> Decimal:
        """Return what is bounded."""
        return outcome.gain if self.measure == GAIN else outcome.harm

    def sound(self) -> Outcome:
        """Play it on the contracts as they are, and take it back."""
        world = _sound_world(self.deploy)
        checkpoint = world.chain.snapshot()
        try:
            return self.play(Arena.of(world))
        finally:
            world.chain.restore(checkpoint)

    def unsound(self, name: str) -> Outcome | None:
        """Play it without the rule; nothing if no change takes the rule out."""
        if not self.changes:
            return None
        sources = copy_with(FOLDER / name, self.changes)
        world = self.deploy(PatchedArtefacts(sources, self.contracts))
        shutil.rmtree(FOLDER / name)
        return self.play(Arena.of(world))

    def verdict(self, sound: Outcome, unsound: Outcome | None) -> str:
        """Return what is wrong, or nothing."""
        if self.measured(sound) > self.bound:
            return f"works: {self.measured(sound):,.2f}, more than {self.bound:,.2f}"
        if unsound is not None and self.measured(unsound) < self.material:
            return f"nothing shown: less than {self.material:,.0f} without the rule"
        return ""


@cache
def _sound_world(deploy: Deploy) -> World:
    """The contracts as they are, deployed once for each kind of world."""
    return deploy(None)


def without(source: str, *right_and_wrong: str) -> tuple[Change, ...]:
    """Return changes of one source: texts and what takes the place of each, in turn."""
    pairs = zip(right_and_wrong[::2], right_and_wrong[1::2], strict=True)
    return tuple(Change(source, right, wrong) for right, wrong in pairs)


def as_json(name: str, attack: Attack, sound: Outcome, unsound: Outcome | None) -> dict[str, Any]:
    """Return what the report says of an attack."""
    entry: dict[str, Any] = {
        "name": name,
        "row": attack.row,
        "play": attack.about,
        "measure": attack.measure,
        "counted": attack.counted,
        "budget": round(float(sound.budget), 2),
        "gain": round(float(attack.measured(sound)), 2),
        "bound": round(float(attack.bound), 2),
        "why": attack.why,
        "rule": attack.rule,
        "gain_without_rule": (
            None if unsound is None else round(float(attack.measured(unsound)), 2)
        ),
    }
    if attack.gone:
        entry |= {"gone": True, "mechanism": attack.gone}
    return entry
