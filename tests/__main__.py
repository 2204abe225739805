"""python -m tests [arguments of pytest]: the whole suite, in process and on Anvil."""

from __future__ import annotations

import sys

from verification.engine import suite

if __name__ == "__main__":
    try:
        sys.exit(suite.main())
    except KeyboardInterrupt:
        sys.exit(130)
