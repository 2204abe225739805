"""How far long work is: a line written over again, or, in a file or a pipe, one now and then."""

from __future__ import annotations

import sys
import time

BETWEEN = 15.0  # seconds between two lines where nothing can be written over


class Progress:
    """The line of progress of one piece of work."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, text: str) -> None:
        """Show `text` in place of what was shown before."""
        if sys.stdout.isatty():
            print(f"\r\x1b[K{text}", end="", flush=True)
            return
        now = time.monotonic()
        if now >= self._next:
            self._next = now + BETWEEN
            print(text, flush=True)

    def tell(self, text: str) -> None:
        """Put a line that stays in its place."""
        print(f"\r\x1b[K{text}" if sys.stdout.isatty() else text, flush=True)
