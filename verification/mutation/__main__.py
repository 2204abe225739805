"""Mutation testing: small faults in the contracts, and whether a test notices.

    python -m verification.mutation --sample 1000 --seed 1

Chooses mutants at random (all, without --sample), builds them, runs the tests in process and
writes a record of each to out/mutants/. What is known of the same contracts is not run again, but
survivors are: tests may have been added. Stop it any time; it goes on where it was. A larger
sample of the same seed contains the smaller one.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

from verification.engine.progress import Progress
from verification.mutation.records import UNREAD, Record, Records, score_of, state_of
from verification.mutation.report import page, read_explanations
from verification.mutation.sites import Mutant, find_all

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts"
OUT = ROOT / "out" / "mutants"
SHARD = 3_000  # mutants in one build: jumps reach 65,536 bytes


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    options = _options(arguments)
    os.environ.setdefault("APE_DATA_FOLDER", str(ROOT / ".ape"))
    everything = find_all(CONTRACTS)
    chosen = [m for m in everything if not options.only or Path(m.file).stem in options.only]
    if not chosen:
        known = sorted({Path(mutant.file).stem for mutant in everything})
        print(f"No mutants in {' '.join(options.only)}. Choose among: {' '.join(known)}")
        return 2
    explained = read_explanations(everything)
    random.Random(options.seed).shuffle(chosen)
    chosen = chosen[: options.sample or None]
    folder = OUT / state_of(CONTRACTS)
    records = Records(folder, explained)
    for mutant in chosen:
        if mutant.is_unread and records.is_due(mutant.key):
            records.add(Record.of(mutant, UNREAD))
    due = sum(records.is_due(mutant.key) for mutant in chosen)
    print(f"{len(chosen)} of {len(everything)} mutants chosen, {due} to run", flush=True)
    built = [mutant for mutant in chosen if not mutant.is_unread]
    for start in range(0, len(built), SHARD):
        shard = built[start : start + SHARD]
        if options.run and any(records.is_due(mutant.key) for mutant in shard):
            _fork_shard(folder, shard, records, options.jobs, options.budget)
    records = Records(folder)
    missing = [mutant for mutant in chosen if mutant.key not in records.found]
    if missing:
        print(f"Nothing is known of {len(missing)} of them yet: run them first")
        return 2
    found = [records.found[m.key] for m in chosen]
    _report(options, found, len(everything), explained)
    return 0


def _report(
    options: argparse.Namespace, found: list[Record], population: int, explained: dict[str, str]
) -> None:
    """Write the page and say where it is."""
    how = f"python -m verification.mutation --sample {len(found)} --seed {options.seed}"
    if options.only:
        how += f" --only {' '.join(options.only)}"
    options.write.parent.mkdir(parents=True, exist_ok=True)
    options.write.write_text(page(found, population, explained, how))
    score = score_of(found, explained)
    low, high = score.interval()
    print(
        f"killed {score.killed:,}, alive {score.alive:,}: {score.share:.1%} "
        f"(95 % confidence: {low:.1%} to {high:.1%})\nwritten to {options.write}"
    )


def _fork_shard(
    folder: Path, mutants: list[Mutant], records: Records, jobs: int, budget: float
) -> None:
    """Run a shard in a process of its own: builds do not mix."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            from verification.mutation.shard import run_shard, sort_out_equivalents

            run_shard(folder, CONTRACTS, mutants, records, jobs, budget, Progress())
            alive = [m for m in mutants if records.is_due(m.key)]
            sort_out_equivalents(folder, CONTRACTS, alive, records)
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            if code:
                import traceback

                traceback.print_exc()
            os._exit(code)
    if os.waitpid(pid, 0)[1]:
        sys.exit("The run ended early; what it found is kept. Run it again to go on.")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verification.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="how many; default all")
    parser.add_argument("--seed", type=int, default=1, help="of the choice and its order")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument(
        "--budget",
        type=float,
        default=float("inf"),
        metavar="SECONDS",
        help="processor time for the tests of one mutant; who is not killed in it counts as alive",
    )
    parser.add_argument(
        "--no-run", dest="run", action="store_false", help="write the page about what is known"
    )
    parser.add_argument("--write", type=Path, default=OUT / "report.md", help="where the page goes")
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="file names")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
