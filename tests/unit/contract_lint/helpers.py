"""Sources for the contract lint to look at, and what it says of them."""

from __future__ import annotations

from tools.contract_lint.sources import Tree

VERSION = "#pragma version 0.4.3\n"
LOCK = "#pragma nonreentrancy on\n"
FIELDS = (
    '"""\n@title {0}\n{1}@license GNU Affero General Public License v3.0 only\n@author Bulkhead\n'
    '@notice What callers find here.\n"""\n\n'
)
NEW_F = "\n\n@external\ndef f():\n    {}\n"


def header(name: str) -> str:
    """Return the beginning of a contract or module."""
    return VERSION + LOCK + FIELDS.format(name, f"@custom:contract-name {name}\n")


def interface_header(name: str) -> str:
    """Return the beginning of an interface."""
    return VERSION + FIELDS.format(name, "")


def said(check, tree: Tree) -> str:
    """Return all that a check reports, with places."""
    return "\n".join(f"{tree.where(problem)}: {problem.text}" for problem in check(tree))
