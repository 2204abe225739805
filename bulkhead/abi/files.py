"""Reads the published interfaces: `abi/<Contract>.json`."""

from __future__ import annotations

import difflib
import json
from functools import cache
from typing import cast

from eth_typing import ABI

from bulkhead.resources import folder_of

FOLDER = folder_of("abi", ".json")


class UnknownContractError(LookupError):
    """No interface has this name; the message says which there are."""


@cache
def contract_names() -> tuple[str, ...]:
    """Return the names that `load_abi` knows."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def load_abi(contract: str) -> ABI:
    """Return the interface of a deployed contract, its parts included."""
    known = contract_names()
    if contract not in known:
        near = difflib.get_close_matches(contract, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise UnknownContractError(f"no interface of {contract!r}{hint}; known: {', '.join(known)}")
    return cast(ABI, json.loads((FOLDER / f"{contract}.json").read_text(encoding="utf-8")))
