"""Layout of the tests: people by role, and a file for every function that changes something.

    python -m scripts.lint_tests

People: a test says who acts, `world.people["bidder"]`, since `world.people[2]` tells nobody.

Files: `tests/unit/<contract>/test_<function>.py` for every external function of a deployed contract
that is no view, so that whoever changes the function finds its tests. Functions whose tests belong
together share a file, which `COVERED_ELSEWHERE` names. Contracts are compiled if they have changed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from bulkhead.deployment import PARTS
from verification.engine.evm import ROOT, Artefacts, deployables

THIS = "scripts/lint_tests.py"
UNIT = ROOT / "tests" / "unit"
WITH_PEOPLE = ("tests", "benchmarks")
# `accounts` is Ape's fixture; as an attribute it is a list of account ids.
PICKED_FROM = (ast.Name, {"people", "accounts"}), (ast.Attribute, {"people", "test_accounts"})

REMEDY = (
    'does not say who acts: use a role, `world.people["bidder"]`, a fixture such as `stranger`, or '
    "`people.crowd(5)` for those who are nobody (verification/engine/people.py)"
)

# By contract: functions without a file of their own, and the file in the contract's folder that has
# their tests.
COVERED_ELSEWHERE: dict[str, dict[str, str]] = {
    "Clearinghouse": {
        "accept_guardian": "test_set_guardian.py",
        "accept_ownership": "test_transfer_ownership.py",
        "accept_role": "test_set_role.py",
        "cancel_role": "test_set_role.py",
        "delay_role": "test_set_role.py",
        "unpause": "test_pause.py",
        # For the DefaultManager alone, through which its own tests reach them.
        "conclude": "test_access.py",
        "conclude_proof": "test_access.py",
        "seize": "test_access.py",
    },
    "InsuranceFund": {
        "approve": "test_transfer.py",
        "transferFrom": "test_transfer.py",
    },
    "Timelock": dict.fromkeys(
        (
            "accept_ownership",
            "cancel",
            "execute",
            "execute_batch",
            "grantRole",
            "renounceRole",
            "revokeRole",
            "schedule",
            "schedule_batch",
            "update_delay",
        ),
        "test_governance.py",
    ),
}


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    problems = [*picked_people(), *functions_without_tests()]
    print("\n".join(problems) or "tests: people by role, a file for every function")
    return 1 if problems else 0


# PEOPLE -------------------------------------------------------------------------------------------


def picked_people() -> Iterator[str]:
    """Find accounts that are picked by a number."""
    for folder in WITH_PEOPLE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Subscript) and _picks(node):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: `{ast.unparse(node)}` {REMEDY}"


def _picks(node: ast.Subscript) -> bool:
    """Whether this takes people out of a list by their place."""
    name = getattr(node.value, "attr", getattr(node.value, "id", None))
    if not any(isinstance(node.value, kind) and name in names for kind, names in PICKED_FROM):
        return False
    place = node.slice
    parts = (place.lower, place.upper) if isinstance(place, ast.Slice) else (place,)
    return any(_is_number(part) for part in parts)


def _is_number(node: ast.expr | None) -> bool:
    """Whether an expression is a literal number, of any sign."""
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


# FILES --------------------------------------------------------------------------------------------


def functions_without_tests() -> Iterator[str]:
    """Find functions that no file of tests belongs to, and entries of the table that are stale."""
    for contract, functions in changing_functions().items():
        folder = UNIT / snake_case(contract)
        where = folder.relative_to(ROOT)
        elsewhere = COVERED_ELSEWHERE.get(contract, {})
        for function in sorted(functions):
            own = folder / f"test_{function}.py"
            if own.exists() and function in elsewhere:
                yield f"{THIS}: {contract}.{function} has a file of its own: take it out here"
            if not own.exists() and function not in elsewhere:
                yield (
                    f"{where}/{own.name}: missing, for {contract}.{function}. Add it, or name the "
                    f"file that has its tests in COVERED_ELSEWHERE of {THIS}"
                )
        for function, name in elsewhere.items():
            if function not in functions:
                yield f"{THIS}: {contract} has no function {function}"
            elif not (folder / name).exists() or function not in (folder / name).read_text():
                yield f"{THIS}: {where}/{name} does not mention {function}"


def changing_functions() -> dict[str, set[str]]:
    """Return by contract what may change something, at the contract itself or in a part of it."""
    artefacts = Artefacts()
    parts = {part for several in PARTS.values() for part in several}
    found = {}
    for contract in (path.stem for path in deployables() if path.stem not in parts):
        found[contract] = {
            entry["name"]
            for name in (contract, *PARTS.get(contract, ()))
            for entry in artefacts.of(name)[0]
            if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
        }
    return found


def snake_case(name: str) -> str:
    """Return CamelCase as snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


if __name__ == "__main__":
    sys.exit(main())
