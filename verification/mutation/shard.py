"""One build of mutants and the tests against it, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from verification.engine import evm
from verification.engine.patches import code_of
from verification.engine.progress import Progress
from verification.mutation import records as kept
from verification.mutation.records import Record, Records
from verification.mutation.schema import REFUSALS, Schema, compile_one, users_of, write_mutant
from verification.mutation.sites import Mutant

TESTS = ("tests/unit", "tests/integration", "tests/properties")
# What starts programs of its own or compiles the sources meets no mutant here, at great length;
# the tests of this and of coverage have markers of their own, with the same addresses.
LAYOUT = "tests/unit/clearinghouse/test_layout.py"
LEFT_OUT = (
    "--ignore=tests/unit/test_demo.py",
    "--ignore=tests/unit/verification/test_mutation.py",
    "--ignore=tests/unit/verification/test_coverage.py",
    "--ignore=tests/unit/verification/test_patches.py",
    "--deselect=tests/unit/verification/test_defences.py::test_attack_works_without_its_defence",
    f"--deselect={LAYOUT}::test_parts_of_a_contract_have_one_layout",
    f"--deselect={LAYOUT}::test_every_function_of_the_parts_is_tried_above",
)
OPTIONS = (
    *("-o", "addopts="),  # those of pyproject.toml are for plugins that are not loaded here
    *("-p", "no:ape_test", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:terminal"),
)


def run_shard(
    folder: Path,
    contracts: Path,
    chosen: list[Mutant],
    records: Records,
    parallel: int,
    budget: float,
    progress: Progress,
) -> None:
    """Build mutants, judge those that are not known as killed, and record the verdicts.

    All of them are built, so that a run with more tests finds the build of the one before.
    """
    mutants = dict(enumerate(chosen))
    schema = Schema(contracts, folder / "build", mutants)
    invalid = {r.key: r.by for r in records.found.values() if r.result == kept.INVALID}
    schema.failed = {n: invalid[m.key] for n, m in mutants.items() if m.key in invalid}
    artefacts = schema.build(progress.say)
    for number, reason in schema.failed.items():
        if mutants[number].key in invalid:
            continue
        records.add(Record.of(mutants[number], kept.INVALID, by=reason))
    from verification.engine.node import StandIns
    from verification.mutation.plugin import Worlds

    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),  # no need of short examples
    )
    hypothesis.settings.load_profile("mutation")
    worlds = Worlds(artefacts)
    due = {n: m for n, m in mutants.items() if n not in schema.failed and records.is_due(m.key)}
    built = [mutant.key for mutant in chosen]
    campaign = Campaign(worlds, built, due, records, parallel, budget, progress)
    arguments = [*TESTS, *OPTIONS, *LEFT_OUT]
    code = pytest.main(arguments, plugins=[StandIns(worlds.chain, worlds.people), campaign])
    if code not in (0, 5):
        raise RuntimeError(f"pytest ended with {code}: run the tests first, they must pass")


class Campaign:
    """Takes the place of pytest's loop over the tests."""

    def __init__(
        self,
        worlds: Any,
        built: list[str],
        mutants: dict[int, Mutant],
        records: Records,
        parallel: int,
        budget: float,
        progress: Progress,
    ) -> None:
        """Note what to do."""
        self.worlds, self.built, self.mutants, self.records = worlds, built, mutants, records
        self.parallel, self.budget, self.progress = parallel, budget, progress

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Cover once, then judge every mutant."""
        from verification.mutation.reached import Reached
        from verification.mutation.session import Lab

        lab = Lab(self.worlds, session.items)
        session.config.pluginmanager.register(lab)
        reached = Reached(self.records.path.parent / "coverage.json", self.built)
        coverage = reached.read(list(lab.items))
        lab.cover(coverage, self.parallel, self.progress.say)
        reached.write(coverage)
        total = len(lab.items)
        self.progress.tell(
            f"{len(coverage.seconds)} of {total} tests reach a mutant, "
            f"{len(coverage.failed)} do not pass without a node"
        )
        killers = {
            (record.file, record.function): record.by
            for record in self.records.found.values()
            if record.result == kept.KILLED
        }

        def guess(number: int) -> str | None:
            mutant = self.mutants[number]
            return killers.get((mutant.file, mutant.function))

        killed = done = 0
        for verdict in lab.judge(self.mutants, coverage, guess, self.parallel, self.budget):
            mutant = self.mutants[verdict.number]
            result = kept.KILLED if verdict.killed_by else kept.SURVIVED
            if verdict.killed_by:
                killers[mutant.file, mutant.function] = verdict.killed_by
            more = {"by": verdict.killed_by or self._known_of(mutant), "seconds": verdict.seconds}
            self.records.add(Record.of(mutant, result, **more, tests=verdict.tests))
            done, killed = done + 1, killed + bool(verdict.killed_by)
            self.progress.say(f"mutants: {done} of {len(self.mutants)}, {killed} killed")
        self.progress.tell(f"mutants: {done} of {len(self.mutants)}, {killed} killed")
        return True

    def _known_of(self, mutant: Mutant) -> str:
        """Return what an earlier run has found out about a survivor."""
        return self.records.found[mutant.key].by if mutant.key in self.records.found else ""


def sort_out_equivalents(
    folder: Path, contracts: Path, survivors: Iterable[Mutant], records: Records
) -> None:
    """Compile survivors in the plain, once; those that change no byte of any contract are no
    faults."""
    originals = evm.Artefacts(contracts)
    for mutant in survivors:
        before = records.found[mutant.key]
        if before.by == kept.OTHER_BYTECODE:
            continue
        write_mutant(contracts, folder / "alone", mutant)
        try:
            same = all(
                code_of(bytes.fromhex(compile_one(folder / "alone", name, "bytecode")[2:]))
                == code_of(originals.of(name)[1])
                for name in users_of(contracts, mutant.file)
            )
        except REFUSALS as problem:  # asleep beside the sound code it did compile
            reason = str(problem).splitlines()[0][:200]
            records.add(Record.of(mutant, kept.INVALID, by=reason))
            continue
        if same:
            records.add(Record.of(mutant, kept.EQUIVALENT))
        else:
            records.add(replace(before, by=kept.OTHER_BYTECODE))
