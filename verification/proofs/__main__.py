"""Prove what the check contracts of this folder claim.

    python -m verification.proofs                  all of them
    python -m verification.proofs rounds charges   those with one of the words in their name

A contract's function is a check. Its name says what is asked:

    check_    inside the bounds nothing reverts and every claim holds;
    partial_  every claim holds whenever nothing else reverts;
    false_    the claim is wrong, and inputs that break it must be found.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import time
from collections import Counter
from pathlib import Path

from verification.engine.progress import Progress
from verification.proofs.exploring import CheckContract, End, Incomplete
from verification.proofs.solving import Judge, seconds_spent

FOLDER = Path(__file__).parent
PROGRESS = Progress()


def main() -> int:
    """Run the chosen checks; return the exit code."""
    parser = argparse.ArgumentParser(description="Prove what the check contracts claim.")
    parser.add_argument("words", nargs="*", help="only checks with one of these in their name")
    words = parser.parse_args().words
    logging.disable(logging.WARNING)  # halmos names the bytecode it has no source map for
    failures = 0
    found = 0
    began = time.monotonic()
    for path in sorted(FOLDER.glob("*Checks.vy")):
        names = re.findall(r"^def ((?:check|partial|false)_\w+)\(", path.read_text(), re.MULTILINE)
        chosen = [n for n in names if not words or any(w in f"{path.stem}.{n}" for w in words)]
        if not chosen:
            continue
        print(f"\n{path.stem}", flush=True)
        contract = CheckContract(path)
        for name in chosen:
            found += 1
            failures += not run(contract, name)
    if not found:
        print(f"No check with {' or '.join(words)} in its name.", file=sys.stderr)
        return 2
    wall, spent = time.monotonic() - began, seconds_spent()
    print(f"\n{found - failures} of {found} checks pass, {spent:.0f} s of processor, {wall:.0f} s.")
    return 1 if failures else 0


def run(contract: CheckContract, name: str) -> bool:
    """Decide one check and print what came out; return whether it is as it should be."""
    start = seconds_spent()
    try:
        verdict, detail, is_good = judge(contract, name)
    except Incomplete as reason:
        verdict, detail, is_good = "INCOMPLETE", str(reason), False
    spent = seconds_spent() - start
    PROGRESS.tell(f"  {verdict:<10} {spent:6.1f} s  {name}  {detail}")
    print(f"             {contract.claims.get(name, '')}", flush=True)
    return is_good


def judge(contract: CheckContract, name: str) -> tuple[str, str, bool]:
    """Return the verdict on a check, what there is to say of it, and whether it is wanted."""
    bad = {End.BROKEN, End.REVERTED} if name.startswith("check_") else {End.BROKEN}
    is_wrong = name.startswith("false_")
    solvers: Counter[str] = Counter()
    is_reached = False
    unknown = 0
    paths = 0
    court = Judge()
    for way in contract.explore(name):
        paths += 1
        PROGRESS.say(f"  {name}: {paths} paths")
        if way.end is End.PROVED and not is_reached:
            is_reached = court.decide(way, True).is_possible is True
        if way.end not in bad:
            continue
        answer = court.decide(way, is_wrong)
        solvers[answer.solver] += 1
        if answer.is_possible:
            return "REFUTED", f"{way.end.value} at {_shown(answer.inputs)}", is_wrong
        unknown += answer.is_possible is None
    detail = f"{paths} paths; " + ", ".join(f"{n} by {s or 'nobody'}" for s, n in solvers.items())
    if unknown:
        return "UNDECIDED", f"{unknown} of {detail}", False
    if not is_reached:
        return "VACUOUS", "no inputs inside the bounds", False
    return "proved", detail, not is_wrong


def _shown(inputs: dict[str, int] | None) -> str:
    """Return inputs by the names of the parameters."""
    short = {name.removeprefix("p_").rsplit("_", 3)[0]: v for name, v in (inputs or {}).items()}
    return json.dumps(short)


if __name__ == "__main__":
    sys.exit(main())
