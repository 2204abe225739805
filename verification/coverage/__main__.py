"""python -m verification.coverage [arguments of pytest]: the suite on marked code, and what it
reached.

Adds to the records that there are. The report is made even if a test fails.
"""

from __future__ import annotations

import sys

from verification.coverage import report
from verification.engine import suite

if __name__ == "__main__":
    failed = suite.main("verification.coverage.record")
    sys.exit(report.main() or failed)
