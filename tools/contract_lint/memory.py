"""Files that passed a slow check, remembered by content in `.cache/lint/`."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Memory:
    """What passed one check with one version of its tools."""

    def __init__(self, root: Path, check: str, tools: str) -> None:
        """Remember below the project's root."""
        self._folder = root / ".cache" / "lint" / check
        self._tools = tools

    def knows(self, content: str) -> bool:
        """Whether this content has passed."""
        return self._place(content).exists()

    def keep(self, content: str) -> None:
        """Note that it has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._place(content).touch()

    def _place(self, content: str) -> Path:
        digest = hashlib.sha256(f"{self._tools}\0{content}".encode()).hexdigest()
        return self._folder / digest[:32]
