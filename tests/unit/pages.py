"""The pages and configuration files of the repository, for tests that read them as text."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def committed(*patterns: str) -> list[Path]:
    """Return the files that match a pattern and are committed, or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    paths = (ROOT / name for name in sorted({*done.stdout.split("\0")} - {""}))
    return [path for path in paths if path.is_file()]


def name_of(path: Path) -> str:
    """Return a path relative to the repository, as test ids and messages show it."""
    return path.relative_to(ROOT).as_posix()
