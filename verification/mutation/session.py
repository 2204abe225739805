"""Tests against mutants: one process that holds deployed worlds, one fork of it for every run.

The fork is what isolates runs from each other. A mutant is woken in its own fork, which runs the
tests that come past the mutant, quickest first, and ends with the first that fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from verification.mutation.forks import Outcome, run_forked
from verification.mutation.plugin import Worlds

PATIENCE = 60.0  # seconds for a fork to deploy and begin
FIRST_RUN = 120.0  # seconds that a test may take without a mutant
SLOWER, SLACK = 10, 10.0  # a test may take so many times what it took before, and so many seconds
DEPLOYMENT = "deployment"


@dataclass
class Coverage:
    """What the unchanged contracts showed.

    Attributes:
        seconds: How long each test takes, of those that pass.
        failed: Tests that do not pass in process; nothing is learned from them.
        reached: Mutants that each test comes past.
        unreached: Tests that come past none.
        deployment: Mutants that a deployment comes past.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    reached: dict[str, list[int]] = field(default_factory=dict)
    unreached: list[str] = field(default_factory=list)
    deployment: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `killed_by` is a test, None if all passed (or all there was time
    for)."""

    number: int
    killed_by: str | None
    seconds: float
    tests: int


class Lab:
    """Worlds and tests, ready to be forked."""

    def __init__(self, worlds: Worlds, items: list[pytest.Item]) -> None:
        """Note the collected tests."""
        self.worlds = worlds
        self.items = {item.nodeid: item for item in items}
        self.reports: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went."""
        self.reports.append(report)

    def run(self, test: str, following: str | None = None) -> str | None:
        """Run a test; return why it failed."""
        self.reports.clear()
        item = self.items[test]
        after = self.items[following] if following else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        bad = [report for report in self.reports if report.failed]
        return str(bad[0].longrepr)[-300:] if bad else None

    # Without mutants awake ----------------------------------------------------------------------

    def cover(self, found: Coverage, parallel: int, progress: Callable[[str], None]) -> None:
        """Run every test once of which nothing is known, see whether it passes and which mutants
        it comes past."""
        found.deployment = sorted(self.worlds.prepare())
        known = {*found.seconds, *found.failed, *found.unreached}
        new = [test for test in self.items if test not in known]

        def job_of(test: str) -> Any:
            def job(step: Callable[[str, float], None]) -> Any:
                step(test, FIRST_RUN)
                started = time.process_time()
                problem = self.run(test)
                return problem, time.process_time() - started, sorted(self.worlds.passed())

            return test, job

        jobs = map(job_of, new)
        for done, outcome in enumerate(run_forked(jobs, parallel, PATIENCE), start=1):
            problem, seconds, reached = outcome.answer or (outcome.problem or "too slow", 0, [])
            if problem:
                found.failed[outcome.name] = problem
            elif reached:
                found.seconds[outcome.name] = seconds
                found.reached[outcome.name] = reached
            else:
                found.unreached.append(outcome.name)
            progress(f"tests without a fault: {done} of {len(new)}")

    # With one mutant awake ----------------------------------------------------------------------

    def judge(
        self,
        numbers: Iterable[int],
        coverage: Coverage,
        guess: Callable[[int], str | None],
        parallel: int,
        budget: float,
    ) -> Iterator[Verdict]:
        """Run the tests against mutants one by one.

        Args:
            numbers: The mutants.
            coverage: Which tests come past which.
            guess: Says which test to begin with, if any.
            parallel: How many at a time.
            budget: Seconds of processor time for each, after which no further test is begun.
        """
        by_mutant: dict[int, list[str]] = {}
        for test, reached in coverage.reached.items():
            for number in reached:
                by_mutant.setdefault(number, []).append(test)
        deployed = set(coverage.deployment)

        def job_of(number: int) -> Any:
            likely = guess(number)
            tests = sorted(
                by_mutant.get(number, ()), key=lambda t: (t != likely, coverage.seconds[t])
            )

            def job(step: Callable[[str, float], None]) -> Any:
                self.worlds.wake(number)
                if number in deployed:
                    step(DEPLOYMENT, SLACK)
                    if not self.worlds.redeploy():
                        return DEPLOYMENT, len(tests)
                started = time.process_time()
                for test, following in zip(tests, [*tests[1:], None], strict=True):
                    if time.process_time() - started > budget:
                        break
                    step(test, SLOWER * coverage.seconds[test] + SLACK)
                    if self.run(test, following):
                        return test, len(tests)
                return None, len(tests)

            return number, job

        self.worlds.prepare()
        for outcome in run_forked(map(job_of, numbers), parallel, PATIENCE):
            yield _verdict(outcome)


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.problem:
        raise RuntimeError(f"mutant {outcome.name}: {outcome.problem}")
    seconds = round(outcome.seconds, 2)
    if outcome.late_at is not None:
        return Verdict(outcome.name, f"{outcome.late_at} (no end)", seconds, 0)
    killed_by, tests = outcome.answer
    return Verdict(outcome.name, killed_by, seconds, tests)
