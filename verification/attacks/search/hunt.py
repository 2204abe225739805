"""Programs, made better: an island plays programs from one opening, keeps the best, and makes new
ones of them by mutation and crossover.

What an island does depends on its seed and number alone, in any process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from verification.attacks.search.judge import Judge, Result
from verification.attacks.search.moves import MOVES, Step
from verification.attacks.search.openings import OPENINGS
from verification.attacks.search.ring import Ring
from verification.attacks.search.signs import (
    GAINED,
    harms,
    possible_signs,
    sign_of_gain,
    sign_of_harm,
)

LENGTH = (2, 10)  # moves of a fresh program
LONGEST = 28
POOL = 16  # programs that are kept
FRESH = 0.35  # of programs once there is a pool
ISLAND = 4_000  # moves of an island
KEPT = 0.7  # of a gain must stay when a move is left out
BETTER = 1.05  # times what is known: worth a closer look
NEW = 0.25  # of programs that may be of a kind not yet found are looked at closely

# What a program is made of, besides moves of all themes: each of these together.
MOODS = (
    ("trade", "price", "money"),
    ("trade", "price", "procedure"),
    ("price", "procedure", "time"),
    ("funds", "price", "procedure"),
    ("funds", "time", "procedure"),
    ("funds", "pause", "price"),
    ("oracle", "time", "end"),
    ("oracle", "price", "procedure"),
    ("oracle", "procedure"),
    ("oracle", "time"),
    ("trade", "time", "funds"),
    ("money", "time", "procedure", "end"),
    ("trade", "money"),
    ("procedure", "money", "price", "funds"),
)
CALM = ("trade", "money", "procedure", "funds", "oracle", "end", "pause", "time")
GAIN, HARM, QUIET = MODES = ("gain", "harm", "quiet")  # of the last: a gain without a price jump
EVERYTHING = 0.1  # of the moves of a program are of any theme


@dataclass
class Found:
    """The best program of a kind.

    Attributes:
        worth: Gain or harm, cash.
        after: Moves of its island before it was found.
    """

    sign: str
    worth: float
    opening: str
    steps: list[Step]
    island: int
    after: int


@dataclass
class Island:
    """One opening, one pool."""

    number: int
    opening: str
    judge: Judge
    rng: Random
    mode: str
    pool: list[tuple[float, list[Step]]] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)
    moves: int = 0
    programs: int = 0
    best: float = 0.0

    def run(self, moves: int) -> None:
        """Search for so many moves."""
        while self.moves < moves:
            steps = self._next()
            result = self.judge.play(steps)
            self.moves += result.moves
            self.programs += 1
            score = self._score(result)
            self._keep(score, steps)
            self._classify(steps, result)

    def _score(self, result: Result) -> float:
        """Return what is made greater: gain or harm, and what leads to new places."""
        bonus = 3.0 * len(result.kinds)
        if self.mode != HARM:
            return result.gain + bonus
        return sum(min(lost, 50_000.0) for lost in result.harm.values()) + result.lead + bonus

    # Programs -------------------------------------------------------------------------------------

    def _next(self) -> list[Step]:
        rng = self.rng
        if len(self.pool) < POOL // 2 or rng.random() < FRESH:
            return self._fresh()
        parent = self._parent()
        if rng.random() < 0.3:
            other = self._parent()
            steps = parent[: rng.randint(0, len(parent))] + other[rng.randint(0, len(other)) :]
        else:
            steps = list(parent)
        for _ in range(1 + int(3 * rng.random() ** 2)):
            self._mutate(steps)
        return steps[:LONGEST] or self._fresh()

    def _parent(self) -> list[Step]:
        return self.pool[int(len(self.pool) * self.rng.random() ** 2)][1]

    def _fresh(self) -> list[Step]:
        rng = self.rng
        mood = self._mood()
        return [self._draw(mood) for _ in range(rng.randint(*LENGTH))]

    def _mood(self) -> tuple[str, ...]:
        mood = self.rng.choice(MOODS)
        return tuple(theme for theme in mood if theme != "price") if self.mode == QUIET else mood

    def _draw(self, mood: tuple[str, ...]) -> Step:
        rng = self.rng
        if rng.random() < EVERYTHING:
            mood = CALM if self.mode == QUIET else ()
        names, weights = _table(mood)
        (name,) = rng.choices(names, cum_weights=weights)
        return MOVES[name].draw(rng)

    def _mutate(self, steps: list[Step]) -> None:
        rng, luck = self.rng, self.rng.random()
        place = int(rng.random() * len(steps)) if steps else 0
        if luck < 0.35 or not steps:
            steps.insert(place, self._draw(self._mood()))
        elif luck < 0.55:
            del steps[place]
        elif luck < 0.85:
            name, arguments = steps[place]
            fresh = MOVES[name].draw(rng)[1]
            if arguments:
                which = int(rng.random() * len(arguments))
                mixed = (*arguments[:which], fresh[which], *arguments[which + 1 :])
                steps[place] = (name, mixed)
        elif luck < 0.95:
            other = int(rng.random() * len(steps))
            steps[place], steps[other] = steps[other], steps[place]
        else:
            steps.append(steps[place])

    def _keep(self, score: float, steps: list[Step]) -> None:
        if len(self.pool) >= POOL and score <= self.pool[-1][0]:
            return
        if any(steps == kept for _, kept in self.pool):
            return
        self.pool.append((score, steps))
        self.pool.sort(key=lambda pair: -pair[0])
        del self.pool[POOL:]

    # Findings -------------------------------------------------------------------------------------

    def _classify(self, steps: list[Step], result: Result) -> None:
        """Note what a program shows: cut down first, if it is better than what is known."""
        for kind, lost in harms(result).items():
            known = self.found.get(kind)
            if known is None or lost > known.worth * BETTER:
                short, left = self._cut(steps, lost, lambda r, kind=kind: r.harm.get(kind, 0.0))
                self._note(sign_of_harm(kind, short), left, short)
        if result.gain <= GAINED:
            return
        signs = possible_signs(self.opening, steps)
        is_new = not signs <= self.found.keys() and self.rng.random() < NEW
        if result.gain > self.best * BETTER or is_new:
            self.best = max(self.best, result.gain)
            short, left = self._cut(steps, result.gain, lambda r: r.gain)
            self._note(sign_of_gain(self.opening, short), left, short)

    def _cut(
        self, steps: list[Step], worth: float, measure: Callable[[Result], float]
    ) -> tuple[list[Step], float]:
        """Leave out moves without which most of the worth stays; return what then is left of it."""
        short, place, left = list(steps), 0, worth
        while place < len(short):
            tried = short[:place] + short[place + 1 :]
            result = self.judge.play(tried)
            self.moves += result.moves
            if measure(result) >= KEPT * worth:
                short, left = tried, measure(result)
            else:
                place += 1
        return short, left

    def _note(self, sign: str, worth: float, steps: list[Step]) -> None:
        known = self.found.get(sign)
        if known is None or worth > known.worth:
            after = self.moves if known is None else known.after
            self.found[sign] = Found(sign, worth, self.opening, list(steps), self.number, after)


_TABLES: dict[tuple[str, ...], tuple[list[str], list[float]]] = {}


def _table(mood: tuple[str, ...]) -> tuple[list[str], list[float]]:
    """Return the moves of some themes with their cumulated weights."""
    if mood not in _TABLES:
        chosen = [m for m in MOVES.values() if not mood or m.theme in mood]
        _TABLES[mood] = [m.name for m in chosen], list(accumulate(m.weight for m in chosen))
    return _TABLES[mood]


def run_island(ring: Ring, seed: str, number: int, moves: int, is_strict: bool = False) -> Island:
    """Search on the island of a number: the same for the same seed. Strict: nothing is allowed."""
    names = list(OPENINGS)
    opening = names[number % len(names)]
    ring.set(opening, OPENINGS[opening])
    rng = Random(f"{seed}:{number}")
    mode = MODES[number // len(names) % len(MODES)]
    island = Island(number, opening, Judge(ring, mode == HARM, is_strict), rng, mode)
    island.run(moves)
    return island
