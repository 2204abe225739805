"""Breaks the contracts on purpose, and demands that the fuzzer notices: python -m
verification.fuzz.faults

Each fault is one change in a copy of the sources. The copy is compiled, and hostile sequences are
played against it until something is violated; after two minutes without a finding the fault has
slipped through and the command fails. Compiling does not count.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from verification.engine.evm import ROOT, deployables
from verification.engine.patches import Change, PatchError, changed, copy_with
from verification.fuzz.action import Violation
from verification.fuzz.campaign import Campaign
from verification.fuzz.runner import play
from verification.fuzz.stage import Stage

FOLDER = ROOT / ".cache" / "faults"
SECONDS = 120.0
SEED = "faults"
EVERY = 10  # calls between two looks at the books
COMPILED = [path.stem for path in deployables()]


sound_stage = cache(Stage.build)


@dataclass(frozen=True)
class Fault:
    """A change, and what is wrong with it."""

    about: str
    change: Change


FAULTS = {
    "margin-comparison": Fault(
        "the initial margin check is the wrong way round",
        Change(
            "RiskEngine.vy",
            'equity >= convert(required, int256), "risk engine: below initial margin"',
            'equity <= convert(required, int256), "risk engine: below initial margin"',
        ),
    ),
    "fee-leg": Fault(
        "the taker's fee leaves their account and reaches nobody",
        Change(
            "trading.vy",
            "after.long_change, after.short_change, maker_charge + taker_charge\n",
            "after.long_change, after.short_change, maker_charge\n",
        ),
    ),
    "rounding": Fault(
        "realised profit is rounded up",
        Change(
            "ledger.vy",
            "realised = wad_math._mul_floor_unchecked(closed, value) - closed_cost",
            "realised = wad_math._mul_ceil_unchecked(closed, value) - closed_cost",
        ),
    ),
    "tier": Fault(
        "the insurance fund is passed over",
        Change(
            "waterfall.vy",
            "claim.insurance = min(paid, left.insurance)",
            "claim.insurance = 0",
        ),
    ),
    "limit": Fault(
        "the limits of what the funds pay count for nothing",
        Change(
            "attribution.vy",
            "return total - min(used, total), market\n",
            "return max_value(uint256), max_value(uint256)\n",
        ),
    ),
    "funding": Fault(
        "a slice forgets the funding since the last fill",
        Change(
            "trading.vy",
            "state,\n        Half(account=account, header=account_header, charge=0)",
            "state & ~((2**48 - 1) << 128),\n"
            "        Half(account=account, header=account_header, charge=0)",
        ),
    ),
    "pause": Fault(
        "withdrawals go on while they are paused",
        Change(
            "registry.vy",
            '<= block.timestamp\n    ), "registry: withdrawals are paused"',
            '<= max_value(uint256)\n    ), "registry: withdrawals are paused"',
        ),
    ),
}


def inject(name: str, fault: Fault) -> Path:
    """Return a folder of sources with the fault in them, compiled."""
    try:
        contracts = copy_with(FOLDER / name, [fault.change])
    except PatchError as problem:
        sys.exit(f"{name}: {problem}; adapt verification/fuzz/faults.py")
    if not changed(contracts, COMPILED):
        sys.exit(f"{name}: {fault.change.source} is in no contract's code; change something else")
    return contracts


def find(name: str, fault: Fault, jobs: int) -> bool:
    """Play against a fault; return whether it was found in time."""
    print(f"{name}: {fault.about} ... compiling", end="", flush=True)
    contracts = inject(name, fault)
    began = time.monotonic()
    campaign = Campaign(
        steps=10**12,
        seed=SEED,
        jobs=jobs,
        every=EVERY,
        contracts=str(contracts),
        out=FOLDER / name / "out",
        stop_at_finding=True,
        seconds=SECONDS,
        quiet=True,
    )
    totals = campaign.run(resume=False)
    took = time.monotonic() - began
    kinds = ", ".join(totals.kinds)
    for finding in campaign.findings:
        if violation := _violation_of_sound(finding):
            sys.exit(f"\n{name}: the sound contracts fail at the same sequence: {violation}")
    print(f"{name}: {fault.about}: ", end="")
    if not totals.violations:
        print(f"NOT FOUND in {totals.calls:,} calls, {took:.0f} s", flush=True)
        return False
    print(f"found after {totals.calls:,} calls, {took:.0f} s ({kinds})", flush=True)
    return True


def _violation_of_sound(finding: dict[str, Any]) -> Violation | None:
    """Play a finding against the contracts as they are: it must be the fault that was found."""
    outcome = play(
        sound_stage(finding["variant"]),
        finding["steps"],
        EVERY,
        with_liveness=finding["with_liveness"],
    )
    return outcome.violation


def main() -> None:
    """Read the command line and look for every fault."""
    parser = argparse.ArgumentParser(prog="python -m verification.fuzz.faults", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"faults to look for: {', '.join(FAULTS)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(FAULTS))
    if unknown:
        sys.exit(f"no fault is called {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    names = asked.names or list(FAULTS)
    missed = [name for name in names if not find(name, FAULTS[name], max(asked.jobs, 1))]
    if missed:
        sys.exit(f"not found: {', '.join(missed)}")


if __name__ == "__main__":
    main()
