"""The whole suite in two passes: `python -m tests`, and again on marked code for coverage.

Tests that ask nothing of a node run in process first, on the bytecode that Ape has compiled; those
marked `node`, and what tests/integration does on Anvil, through Ape. `ape test` runs all on Anvil.
"""

from __future__ import annotations

import subprocess
import sys

from verification.engine.evm import ROOT

NO_TESTS = 5  # pytest's exit code when nothing was selected
IN_PROCESS = ("-p", "no:ape_test", "-p", "verification.engine.in_process", "-m", "not node")
PASSES = {
    "In process": ((sys.executable, "-m", "pytest"), IN_PROCESS),
    "On Anvil": (("ape", "test"), ("-m", "node")),
}


def main(*plugins: str) -> int:
    """Run both passes, with plugins that come before all others; return the exit code of the first
    that failed."""
    codes = []
    extra = [part for plugin in plugins for part in ("-p", plugin)]
    for name, (program, choice) in PASSES.items():
        print(f"==== {name} ====", flush=True)
        command = [*program, *extra, *choice, *sys.argv[1:]]
        codes.append(subprocess.run(command, cwd=ROOT, check=False).returncode)
        if codes[-1] not in (0, NO_TESTS):
            break
    return next((code for code in codes if code not in (0, NO_TESTS)), min(codes))
