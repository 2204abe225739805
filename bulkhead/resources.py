"""Files that rooms read at run time and people edit beside the package.

`config/`, `scenarios/` and `abi/` of a checkout go into the rooms of the same name when a wheel is
built: `[tool.hatch.build.targets.wheel.force-include]` in pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder_of(room: str, suffix: str) -> Path:
    """Return where a room's files are: in the room itself once installed, else in the checkout.

    Args:
        room: `config`, `scenarios` or `abi`.
        suffix: Of its files, `.yaml` or `.json`.
    """
    inside = PACKAGE / room
    return inside if any(inside.glob(f"*{suffix}")) else PACKAGE.parent / room
