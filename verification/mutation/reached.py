"""Which tests come past which mutants, kept from one run to the next.

A test runs without a fault again only if its own file has changed, or anything that tests share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from verification.engine import evm
from verification.mutation.session import Coverage

SHARED = ("tests/**/*.py", "verification/**/*.py", "bulkhead/**/*.py", "config/*")
ALOOF = {
    "__main__.py",
    "forks.py",
    "reached.py",
    "records.py",
    "report.py",
    "session.py",
    "shard.py",
}


class Reached:
    """The coverage of one build by the tests, on disk."""

    def __init__(self, path: Path, mutants: Iterable[str]) -> None:
        """Note the build: the keys of its mutants by number."""
        self.path = path
        digest = hashlib.sha256("".join(mutants).encode())
        for pattern in SHARED:
            for file in sorted(evm.ROOT.glob(pattern)):
                is_aloof = file.parent.name == "mutation" and file.name in ALOOF
                if file.is_file() and not file.name.startswith("test_") and not is_aloof:
                    digest.update(file.read_bytes())
        self.shared = digest.hexdigest()[:12]

    def read(self, tests: Iterable[str]) -> Coverage:
        """Return what is still known of these tests."""
        known = Coverage()
        if not self.path.exists():
            return known
        kept = json.loads(self.path.read_text())
        if kept.pop("shared") != self.shared:
            return known
        files = kept.pop("files")
        old, new = Coverage(**kept), self._files(tests)
        for test in tests:
            file = _file_of(test)
            if new[file] == files.get(file):
                for name in ("seconds", "failed", "reached"):
                    if test in getattr(old, name):
                        getattr(known, name)[test] = getattr(old, name)[test]
        known.unreached = [t for t in old.unreached if new.get(f := _file_of(t)) == files.get(f)]
        return known

    def write(self, coverage: Coverage) -> None:
        """Keep a coverage."""
        tests = [*coverage.seconds, *coverage.failed, *coverage.unreached]
        content = {"shared": self.shared, "files": self._files(tests), **asdict(coverage)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content))

    def _files(self, tests: Iterable[str]) -> dict[str, str]:
        names = {_file_of(test) for test in tests}
        return {
            name: hashlib.sha256((evm.ROOT / name).read_bytes()).hexdigest()[:12] for name in names
        }


def _file_of(test: str) -> str:
    return test.partition("::")[0]
