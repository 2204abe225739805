"""Plays sequences: draws steps or takes them from a record, and judges every refusal.

A sequence is a list of steps (name, arguments) from the beginning of a stage. What it does depends
on nothing else, so that a record can be played again, cut and shortened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

from verification.engine.evm import Reverted
from verification.fuzz import actions
from verification.fuzz.action import TABLE, Action, Step, Violation, resolve
from verification.fuzz.actions.reasons import MISSING
from verification.fuzz.checks import check_missing, watch
from verification.fuzz.gang import GANGS
from verification.fuzz.laws import begin, check_books
from verification.fuzz.liveness import check_liveness
from verification.fuzz.stage import VARIANTS, Stage

LENGTH = 300  # protocol calls of a sequence, at most
FORBIDDEN = {"accept_ownership", "break_timelock", "fill_badly", "trespass", "usurp"}
MOOD = 25  # steps that a mood lasts, on average

# How likely the actions of a tag are in a mood; a tag that is not named does not happen in it.
ALWAYS = {"money": 1, "funds": 0.5, "time": 1, "prices": 1, "procedure": 1, "oracle": 0.3}
MOODS: dict[str, dict[str, float]] = {
    "calm": ALWAYS | {"trading": 2, "hostile": 1, "mending": 1, "timelock": 0.3},
    "leverage": ALWAYS | {"trading": 4, "prices": 0.4},
    "crash": ALWAYS | {"trading": 0.4, "gaps": 4, "procedure": 4, "money": 0.5, "mending": 0.5},
    "storm": ALWAYS | {"trading": 0.6, "prices": 4, "procedure": 5, "gaps": 0.5},
    "outage": ALWAYS
    | {"trading": 1, "outages": 3, "silence": 2, "oracle": 3, "settlement": 2, "mending": 1}
    | {"sequencer": 1, "pauses": 1, "procedure": 2},
    "funds": ALWAYS | {"funds": 5, "trading": 0.5, "gaps": 1, "procedure": 2},
    "governance": ALWAYS | {"governance": 3, "timelock": 4, "pauses": 1, "trading": 1},
    "aftermath": ALWAYS | {"procedure": 5, "money": 2, "settlement": 2, "time": 2, "trading": 0.3},
    "endings": ALWAYS
    | {"endings": 8, "wind-down": 3, "settlement": 6, "timelock": 3, "time": 3, "gaps": 3},
    "scheme": {"money": 1, "trading": 3, "funds": 1, "time": 0.6, "procedure": 2, "oracle": 0.2},
    "end": {"wind-down": 6, "settlement": 4, "time": 4, "timelock": 1, "funds": 1, "money": 0.5},
}
EARLY = ("calm", "leverage", "leverage", "funds", "crash", "storm", "outage", "governance")
USUAL = (*EARLY, "crash", "storm", "aftermath")
ENDINGS = 0.15  # of all sequences are wound down
# In which moods a sequence of a variant begins, and how it may go on.
COURSES = dict.fromkeys(VARIANTS, (EARLY, USUAL)) | {
    "still": (("scheme",), ("scheme",)),
    "moving": (("scheme", "leverage"), ("scheme", "leverage", "crash", "storm")),
}
SHARES = {"key": 0.55, "timelock": 0.2, "still": 0.1, "moving": 0.15}  # of all sequences


@dataclass
class Plan:
    """Which action comes next, by the mood of the moment."""

    rng: Random
    usual: tuple[str, ...] = USUAL
    mood: str = ""
    names: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    ends_at: int = 10**9

    @classmethod
    def of(cls, rng: Random, length: int, variant: str) -> Plan:
        """Begin in some mood; a part of all sequences ends in a wind-down."""
        early, usual = COURSES[variant]
        plan = cls(rng, usual)
        if variant not in GANGS and rng.random() < ENDINGS:
            plan.ends_at = int(length * (0.3 + 0.6 * rng.random()))
        plan.turn(rng.choice(early))
        return plan

    def turn(self, mood: str) -> None:
        """Change the mood."""
        factors = MOODS[mood]
        chosen = [(entry, factors.get(entry.tag, 0)) for entry in TABLE.values()]
        self.mood = mood
        self.names = [entry.name for entry, factor in chosen if factor]
        self.weights = list(accumulate(entry.weight * f for entry, f in chosen if f))

    def draw(self, stage: Stage) -> Step:
        """Return the next step."""
        if stage.steps > self.ends_at:
            if self.mood not in ("endings", "end"):
                self.turn("endings")
            elif self.mood == "endings" and stage.world.clearinghouse.phase():
                self.turn("end")
        elif self.rng.random() < 1 / MOOD:
            self.turn(self.rng.choice(self.usual))
        (name,) = self.rng.choices(self.names, cum_weights=self.weights)
        entry = TABLE[name]
        values = {key: domain.sample(self.rng) for key, domain in entry.domains.items()}
        return resolve(stage, entry, values)


@dataclass
class Outcome:
    """What a sequence did."""

    steps: list[Step]
    calls: int
    checks: int
    violation: Violation | None = None


def perform(stage: Stage, step: Step, is_watched: bool = True) -> bool:
    """Do one step; return whether it came to a protocol call. Raise `Violation`."""
    name, values = step
    entry: Action = TABLE[name]
    stage.steps += 1
    call = entry.build(stage, **values)
    if call is None:
        return False
    try:
        if is_watched:
            watch(stage, call)
        else:
            stage.send(call)
    except Reverted as refused:
        reason = refused.reason
        stage.refused[reason or "no reason"] += 1
        if reason not in entry.reasons:
            raise Violation(f"{name} refused for {reason or 'no reason'!r}") from None
        if reason == MISSING:
            check_missing(stage, call)
        return True
    if name in FORBIDDEN:
        raise Violation(f"INV-14: {name} was not refused")
    return True


def play(
    stage: Stage,
    steps: Iterable[Step],
    every: int,
    length: int = LENGTH,
    with_liveness: bool = False,
) -> Outcome:
    """Play steps from the beginning; check the books after every so many calls and at the end."""
    begin(stage)
    done, calls, checks = [], 0, 0
    try:
        for step in steps:
            done.append(step)
            if perform(stage, step):
                calls += 1
                if calls % every == 0:
                    checks += 1
                    check_books(stage)
            elif not TABLE[step[0]].is_move:
                done.pop()
            if calls >= length:
                break
        checks += 1
        check_books(stage)
        if with_liveness:
            checks += 1
            check_liveness(stage)
    except Violation as violation:
        return Outcome(done, calls, checks, violation)
    return Outcome(done, calls, checks)


def drawn(stage: Stage, rng: Random, length: int) -> Iterator[Step]:
    """Draw steps without end."""
    plan = Plan.of(rng, length, stage.variant)
    while True:
        yield plan.draw(stage)


def run_sequence(
    stages: dict[str, Stage], seed: str, number: int, length: int, every: int, liveness: int
) -> tuple[Stage, Outcome]:
    """Play the sequence of a number: the same for the same seed, in any process."""
    rng = Random(f"{seed}:{number}")
    stage = stages[rng.choices(list(SHARES), list(SHARES.values()))[0]]
    with_liveness = liveness > 0 and number % liveness == 0
    return stage, play(stage, drawn(stage, rng, length), every, length, with_liveness)


def replay(stage: Stage, steps: list[Any], every: int = 1, with_liveness: bool = True) -> None:
    """Play a record; raise what it violates."""
    outcome = play(stage, map(tuple, steps), every, 10**9, with_liveness)
    if outcome.violation:
        raise outcome.violation


assert actions  # importing them has filled the table
