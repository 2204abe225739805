"""A search by all processes: islands in their order, summed up the same however many work."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verification.attacks.search.hunt import ISLAND, Found, run_island
from verification.attacks.search.ring import Ring
from verification.attacks.search.signs import SIGNS
from verification.engine.evm import Artefacts
from verification.engine.progress import Progress


@dataclass
class Search:
    """What a search has found.

    Attributes:
        found: The best program of each kind.
        seconds: It took.
    """

    seed: str
    moves: int = 0
    programs: int = 0
    seconds: float = 0.0
    found: dict[str, Found] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def add(self, moves: int, programs: int, found: list[Found]) -> None:
        """Add what an island has found."""
        for one in found:
            self.first.setdefault(one.sign, self.moves + one.after)
            known = self.found.get(one.sign)
            if known is None or one.worth > known.worth:
                self.found[one.sign] = one
        self.moves += moves
        self.programs += programs

    @property
    def violations(self) -> list[str]:
        """What was found above its bound."""
        return [
            f"search: {SIGNS[sign].about}: {one.worth:,.0f} above {SIGNS[sign].bound:,.0f}"
            for sign, one in sorted(self.found.items())
            if one.worth > SIGNS[sign].bound
        ]

    @property
    def rows(self) -> list[int]:
        """Rows of the listed plays that were found again, above their bound."""
        above = (s for s, one in self.found.items() if one.worth > SIGNS[s].bound)
        return sorted({SIGNS[sign].row for sign in above} - {0})

    def as_json(self) -> dict[str, Any]:
        """Return it for the report."""
        worst = max(
            self.found.values(), key=lambda one: one.worth - SIGNS[one.sign].bound, default=None
        )
        return {
            "seed": self.seed,
            "moves": self.moves,
            "programs": self.programs,
            "seconds": round(self.seconds, 1),
            "moves_per_second": round(self.moves / max(self.seconds, 0.001)),
            "best_gain": round(worst.worth, 2) if worst else 0.0,
            "bound": SIGNS[worst.sign].bound if worst else 0.0,
            "rediscovered": self.rows,
            "found": [
                {
                    "sign": sign,
                    "row": SIGNS[sign].row,
                    "about": SIGNS[sign].about,
                    "worth": round(one.worth, 2),
                    "bound": SIGNS[sign].bound,
                    "first_after_moves": self.first[sign],
                    "opening": one.opening,
                    "program": [[name, *arguments] for name, arguments in one.steps],
                }
                for sign, one in sorted(self.found.items(), key=lambda pair: SIGNS[pair[0]].row)
            ],
        }


_rings: list[Ring] = []


def _prepare(contracts: str) -> None:
    """Deploy once in a worker."""
    artefacts = Artefacts(Path(contracts)) if contracts else None
    _rings[:] = [Ring.build(artefacts)]


def _work(task: tuple[str, int, int, bool]) -> tuple[int, int, list[Found]]:
    island = run_island(_rings[0], *task)
    return island.moves, island.programs, list(island.found.values())


def search(
    moves: int, seed: str, jobs: int = 1, contracts: str = "", is_strict: bool = False
) -> Search:
    """Search for about so many moves: whole islands, the last one may go over."""
    result, began, progress = Search(seed), time.monotonic(), Progress()
    count = max(-(-moves // ISLAND), 1)
    tasks = [(seed, number, min(ISLAND, moves), is_strict) for number in range(count)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(jobs, count), _prepare, (contracts,)) as pool:
        for done in pool.imap(_work, tasks):
            result.add(*done)
            result.seconds = time.monotonic() - began
            speed = result.moves / result.seconds
            progress.say(
                f"{result.moves:,} moves, {speed:,.0f}/s, {len(result.found)} kinds, "
                f"rows {' '.join(map(str, result.rows))}"
            )
            if result.moves >= moves:
                break
    progress.tell(f"{result.moves:,} moves in {result.seconds:.0f} s, seed {seed}")
    return result
