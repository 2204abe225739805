"""Makes a finding short: leaves out steps and makes arguments plain while it fails alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verification.fuzz.action import TABLE, Step
from verification.fuzz.domains import Choice, Whole
from verification.fuzz.runner import LENGTH, play
from verification.fuzz.stage import Stage

MOST_PLAYS = 400


class _Enough(Exception):
    """The budget of plays is used up."""


def shrink(stage: Stage, steps: list[Step], kind: str, with_liveness: bool) -> list[Step]:
    """Return the shortest list of steps found that violates the same thing."""
    left = MOST_PLAYS
    every = 1  # the first play finds the step; then the books are looked at in the end alone

    def fails(candidate: list[Step]) -> bool:
        nonlocal left
        if left <= 0:
            raise _Enough
        left -= 1
        outcome = play(stage, candidate, every, 10 * LENGTH, with_liveness)
        if outcome.violation is None or outcome.violation.kind != kind:
            return False
        _keep(best, outcome.steps if len(outcome.steps) < len(candidate) else candidate)
        return True

    best = list(steps)
    try:
        if fails(list(steps)):
            every = 10 * LENGTH
            _fewer_steps(best, fails)
            _plainer_arguments(best, fails)
    except _Enough:
        pass
    return best


def _keep(best: list[Step], candidate: list[Step]) -> None:
    best[:] = candidate


def _fewer_steps(best: list[Step], fails: Callable[[list[Step]], bool]) -> None:
    """Leave out runs of steps, halves first, single steps last."""
    size = max(len(best) // 2, 1)
    while True:
        at = len(best)
        while at > 0:
            at = min(at, len(best))
            candidate = best[: max(at - size, 0)] + best[at:]
            fails(candidate)
            at -= size
        if size == 1:
            return
        size = max(size // 2, 1)


def _plainer_arguments(best: list[Step], fails: Callable[[list[Step]], bool]) -> None:
    """Set each argument to the plainest value of its domain."""
    for index, (name, values) in enumerate(list(best)):
        for key in values:
            plain = _plainest(name, key)
            if index >= len(best) or best[index][0] != name:
                return  # it fails earlier now
            if plain is None or best[index][1].get(key) == plain:
                continue
            candidate = list(best)
            candidate[index] = (name, best[index][1] | {key: plain})
            fails(candidate)


def _plainest(name: str, key: str) -> Any:
    domain = TABLE[name].domains[key]
    if isinstance(domain, Choice):
        return domain.values[0]
    return domain.low if isinstance(domain, Whole) and domain.low >= 0 else None


def readable(steps: list[Step]) -> str:
    """Return steps as a script that a person can read."""
    lines = []
    for name, values in steps:
        entry = TABLE[name]
        told = ", ".join(f"{key}={value!r}" for key, value in values.items())
        summary = (entry.build.__doc__ or "").strip().splitlines()[0]
        lines.append(f"{name}({told})  # {summary}")
    return "\n".join(lines) + "\n"
