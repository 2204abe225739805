"""python -m verification.fuzz --steps 1000000 --seed 1 [--jobs 4] [--resume]
python -m verification.fuzz replay out/fuzz/findings/NAME.json
python -m verification.fuzz save out/fuzz/findings/NAME.json"""

from __future__ import annotations

import argparse
import json
import os
import pprint
import sys
from pathlib import Path
from typing import Any

from verification.engine.evm import ROOT
from verification.fuzz.action import Violation
from verification.fuzz.campaign import FORMAT, OUT, Campaign, Totals
from verification.fuzz.runner import replay
from verification.fuzz.shrink import readable
from verification.fuzz.stage import Stage

REGRESSIONS = ROOT / "tests" / "regressions"
TEMPLATE = '''# ruff: noqa: E501, RUF100  (a step a line reads best)
"""{detail}

{story}"""

from __future__ import annotations

from verification.fuzz.regression import assert_no_violation

STEPS = {steps}


def test_{name}():
    """The sequence plays to its end."""
    assert_no_violation({variant!r}, STEPS)
'''


def positive(text: str) -> int:
    """Read a whole number above 0."""
    try:
        number = int(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, as 1000000") from None
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def read_finding(path: Path) -> dict[str, Any]:
    """Read a finding, or say what is wrong with it."""
    try:
        finding = json.loads(path.read_text())
        assert {"kind", "detail", "variant", "steps"} <= finding.keys()
    except FileNotFoundError:
        sys.exit(f"{path} does not exist; findings are in {OUT / 'findings'}")
    except (ValueError, AssertionError, AttributeError):
        sys.exit(f"{path} is not a finding that this program wrote")
    return finding


def save(path: Path) -> None:
    """Save a finding as a regression test."""
    finding = read_finding(path)
    name = path.stem.replace("-", "_").strip("_")
    steps = [(name, values) for name, values in finding["steps"]]
    target = REGRESSIONS / f"test_{name}.py"
    target.write_text(
        TEMPLATE.format(
            detail=finding["detail"].replace("\\", "").replace('"""', "'"),
            story="".join(f"    {line}\n" for line in readable(steps).splitlines()),
            steps=pprint.pformat(steps, width=96),
            name=name,
            variant=finding["variant"],
        )
    )
    print(f"wrote {target.relative_to(ROOT)}: run it, and `make format`")


def play_again(path: Path) -> None:
    """Play a finding and say whether it still fails."""
    finding = read_finding(path)
    try:
        replay(Stage.build(finding["variant"]), finding["steps"])
    except Violation as violation:
        sys.exit(f"still there: {violation}")
    print("nothing is violated any more")


def main() -> None:
    """Read the command line."""
    if len(sys.argv) == 3 and sys.argv[1] in ("save", "replay"):
        {"save": save, "replay": play_again}[sys.argv[1]](Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(prog="python -m verification.fuzz", description=__doc__)
    parser.add_argument("--steps", type=positive, default=100_000, help="protocol calls to make")
    parser.add_argument("--seed", default="1", help="any text; the same seed plays the same")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--resume", action="store_true", help="go on where it was stopped")
    asked = parser.parse_args()
    state = OUT / "state.json"
    if asked.resume:
        if not state.exists():
            sys.exit(f"there is nothing to resume: {state} does not exist; leave --resume out")
        kept = Totals.load(state)
        if kept.seed != asked.seed or kept.format != FORMAT:
            sys.exit(f"{state} is of seed {kept.seed}: give --seed {kept.seed}, or start anew")
    totals = Campaign(asked.steps, asked.seed, asked.jobs).run(asked.resume)
    print("reverts, by reason:")
    for reason, times in totals.reverts_by_reason.most_common(20):
        print(f"  {times:>9,}  {reason}")
    print(f"{OUT / 'report.json'}: {totals.calls:,} calls, {totals.violations} violations")
    sys.exit(1 if totals.violations else 0)


if __name__ == "__main__":
    main()
