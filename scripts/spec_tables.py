"""The tables of external functions in docs/specification.md; see tools/contract_lint/tables.py.

python scripts/spec_tables.py          report where they differ from the contracts
python scripts/spec_tables.py --print  print them anew, with the texts that are there
python scripts/spec_tables.py --fix    write them
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(ROOT))
    from tools.contract_lint.sources import Tree
    from tools.contract_lint.surface import Surfaces
    from tools.contract_lint.tables import REGION, Tables

    parser = argparse.ArgumentParser(description="Tables of external functions.")
    parser.add_argument("--fix", action="store_true", help="write them")
    parser.add_argument("--print", action="store_true", help="print them anew")
    options = parser.parse_args()

    tree = Tree(ROOT)
    tables = Tables(Surfaces(tree))
    if options.print:
        old = {match[2]: match[3] for match in REGION.finditer(tables.text)}
        for house in tables.houses:
            print(f"<!-- functions {house} -->\n{tables.region(house, old.get(house, ''))}")
        sys.exit(0)
    if options.fix and tables.fix():
        print(f"rewrote {tables.page.relative_to(ROOT)}")
    found = list(tables.problems())
    for problem in found:
        print(f"{tree.where(problem)}: {problem.text}")
    sys.exit(1 if found else 0)
