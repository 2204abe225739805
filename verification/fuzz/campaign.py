"""A campaign: sequences on all cores, kept as they are finished, resumed where it stopped.

Sequence n of a seed is always the same, in any process. The state in `out/fuzz/state.json` is the
sum over all finished sequences and the number of the next one; it is written whole or not at all.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verification.engine.evm import ROOT, Artefacts
from verification.engine.progress import Progress
from verification.fuzz.runner import LENGTH, run_sequence
from verification.fuzz.shrink import readable, shrink
from verification.fuzz.stage import VARIANTS, Stage

OUT = ROOT / "out" / "fuzz"
EVERY = 50  # calls between two looks at the books
LIVENESS = 5  # every so many sequences
BATCH = 4  # sequences handed to a worker at a time
MOST_FINDINGS = 20  # shrunk and written down; all are counted
FORMAT = 2


@dataclass
class Totals:
    """What the finished sequences came to."""

    seed: str
    commit: str
    format: int = FORMAT
    next_sequence: int = 0
    calls: int = 0
    sequences: int = 0
    max_sequence: int = 0
    invariant_checks: int = 0
    liveness_checks: int = 0
    violations: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    calls_by_function: Counter[str] = field(default_factory=Counter)
    reverts_by_reason: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    gangs: dict[str, float] = field(default_factory=dict)  # the most of all sequences

    @classmethod
    def load(cls, path: Path) -> Totals:
        """Read a state."""
        data = json.loads(path.read_text())
        for key in ("calls_by_function", "reverts_by_reason", "events", "kinds"):
            data[key] = Counter(data[key])
        return cls(**data)

    def add(self, batch: dict[str, Any]) -> None:
        """Add what a worker has finished."""
        self.sequences += batch["sequences"]
        self.calls += batch["calls"]
        self.invariant_checks += batch["checks"]
        self.liveness_checks += batch["liveness"]
        self.cpu_seconds += batch["cpu"]
        self.max_sequence = max(self.max_sequence, batch["longest"])
        self.calls_by_function.update(batch["functions"])
        self.reverts_by_reason.update(batch["reasons"])
        self.events.update(batch["events"])
        for key, most in batch["gangs"].items():
            self.gangs[key] = max(self.gangs.get(key, most), most)
        for finding in batch["findings"]:
            self.violations += 1
            self.kinds[finding["kind"]] += 1


def commit_of() -> str:
    """Return the commit of the working tree, or nothing outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def write(path: Path, data: Any) -> None:
    """Write JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    os.replace(partial, path)


# WORKERS ------------------------------------------------------------------------------------------

_stages: dict[str, Stage] = {}


def _prepare(contracts: str) -> None:
    """Deploy once in a worker."""
    artefacts = Artefacts(Path(contracts)) if contracts else Artefacts()
    _stages.update({variant: Stage.build(variant, artefacts) for variant in VARIANTS})


def _names_of_events(stage: Stage) -> dict[bytes, str]:
    """Return the events of all contracts by topic."""
    done = stage.world.deployment
    names = {}
    for contract, handle in done.contracts.items():
        for entry in handle.abi:
            if entry["type"] == "event":
                event = getattr(handle, entry["name"])
                names.setdefault(event.topic, f"{contract}.{entry['name']}")
    return names


def _work(task: tuple[str, range, int, int]) -> dict[str, Any]:
    """Play some sequences; return sums and findings."""
    seed, numbers, length, every = task
    start = time.process_time()
    sums: dict[str, Any] = {"sequences": 0, "calls": 0, "checks": 0, "liveness": 0, "longest": 0}
    functions, reasons, events = Counter[str](), Counter[str](), Counter[str]()
    findings, gangs = [], dict[str, float]()
    for number in numbers:
        stage, outcome = run_sequence(_stages, seed, number, length, every, LIVENESS)
        names = _names_of_events(stage)
        sums["sequences"] += 1
        sums["calls"] += outcome.calls
        sums["checks"] += outcome.checks
        sums["liveness"] += number % LIVENESS == 0
        sums["longest"] = max(sums["longest"], outcome.calls)
        functions.update(stage.calls)
        reasons.update(stage.refused)
        events.update({names.get(topic, topic.hex()): n for topic, n in stage.reached.items()})
        for key, most in (stage.gang.figures() if stage.gang else {}).items():
            gangs[key] = max(gangs.get(key, most), most)
        if outcome.violation:
            findings.append(
                {
                    "kind": outcome.violation.kind,
                    "detail": str(outcome.violation),
                    "variant": stage.variant,
                    "sequence": number,
                    "with_liveness": number % LIVENESS == 0,
                    "steps": outcome.steps,
                }
            )
    sums["cpu"] = time.process_time() - start
    return sums | {
        "functions": functions,
        "reasons": reasons,
        "events": events,
        "findings": findings,
        "gangs": gangs,
    }


def shortened(finding: dict[str, Any]) -> dict[str, Any]:
    """Return a finding with its steps shrunk, and a script to read."""
    stage = _stages[finding["variant"]]
    steps = shrink(stage, finding["steps"], finding["kind"], finding["with_liveness"])
    return finding | {"steps": steps, "script": readable(steps)}


# THE CAMPAIGN -------------------------------------------------------------------------------------


@dataclass
class Campaign:
    """How much, from which seed, with what."""

    steps: int
    seed: str
    jobs: int
    length: int = LENGTH
    every: int = EVERY
    contracts: str = ""
    out: Path = OUT
    stop_at_finding: bool = False
    seconds: float = 0.0  # stop after so long; 0: never
    quiet: bool = False
    findings: list[dict[str, Any]] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)

    def run(self, resume: bool) -> Totals:
        """Play until enough calls were made. Ctrl-C stops after what is being played."""
        state = self.out / "state.json"
        totals = Totals.load(state) if resume else Totals(self.seed, commit_of())
        before, began = totals.seconds, time.monotonic()
        context = multiprocessing.get_context("spawn")
        with context.Pool(self.jobs, _prepare, (self.contracts,)) as pool:
            findings = self.findings
            try:
                for batch in pool.imap(_work, self._tasks(totals)):
                    totals.add(batch)
                    totals.next_sequence += BATCH
                    totals.seconds = before + time.monotonic() - began
                    findings += batch["findings"]
                    self._keep(batch["findings"])
                    write(state, dict(vars(totals)))
                    if not self.quiet:
                        self.progress.say(self._line(totals))
                    spent = time.monotonic() - began
                    if totals.calls >= self.steps or (self.stop_at_finding and findings):
                        break
                    if self.seconds and spent > self.seconds:
                        break
            except KeyboardInterrupt:
                print("\nstopped; go on with --resume", flush=True)
            if not self.quiet:
                self.progress.tell(self._line(totals))
            if findings and not self.stop_at_finding:
                self._write_findings(pool, findings)
            pool.terminate()
        self._report(totals)
        return totals

    def _tasks(self, totals: Totals) -> Any:
        """Hand out sequences without end."""
        number = totals.next_sequence
        while True:
            yield self.seed, range(number, number + BATCH), self.length, self.every
            number += BATCH

    def _line(self, totals: Totals) -> str:
        """Return how far it is."""
        rate = totals.calls / max(totals.seconds, 1e-9)
        per_core = totals.calls / max(totals.cpu_seconds, 1e-9)
        return (
            f"{totals.calls:,} of {self.steps:,} calls, {rate:,.0f}/s ({per_core:,.0f} of CPU), "
            f"{totals.sequences:,} sequences, {sum(totals.reverts_by_reason.values()):,} reverts, "
            f"{totals.invariant_checks:,} checks, {totals.violations} findings"
        )

    def _keep(self, findings: list[dict[str, Any]]) -> None:
        """Write findings down as they were met, before anything is made of them."""
        for finding in findings:
            write(self.out / "findings" / f"sequence-{finding['sequence']}.json", finding)

    def _write_findings(self, pool: Any, findings: list[dict[str, Any]]) -> None:
        """Shrink one finding of each kind, the shortest, and write it down."""
        best: dict[str, dict[str, Any]] = {}
        for finding in sorted(findings, key=lambda found: len(found["steps"])):
            best.setdefault(finding["kind"], finding)
        print(f"\nshrinking {len(best)} findings", flush=True)
        for finding in pool.imap(shortened, list(best.values())[:MOST_FINDINGS]):
            name = "".join(c if c.isalnum() else "-" for c in finding["kind"].lower())[:60]
            write(self.out / "findings" / f"{name}.json", finding)
            print(f"\n{finding['detail']}\n{finding['script']}", flush=True)

    def _report(self, totals: Totals) -> None:
        """Write report.json."""
        rate = totals.calls / max(totals.seconds, 1e-9)
        report = dict(vars(totals)) | {
            "calls_per_second": round(rate, 1),
            "calls_per_cpu_second": round(totals.calls / max(totals.cpu_seconds, 1e-9), 1),
            "reverts": sum(totals.reverts_by_reason.values()),
            "jobs": self.jobs,
            "checked_every": self.every,
        }
        write(self.out / "report.json", report)
