"""Checks of the Vyper sources; the checks themselves are in tools/contract_lint/.

python scripts/lint_contracts.py                       report what is wrong
python scripts/lint_contracts.py --fix                 mend what can be, report the rest
python scripts/lint_contracts.py --only graph,natspec  some checks
python scripts/lint_contracts.py --graph               the import graph as mermaid
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tools.contract_lint.command import main

    sys.exit(main())
