"""Sources in a folder of their own."""

from __future__ import annotations

import pytest

from tests.unit.contract_lint.helpers import header, interface_header
from tools.contract_lint.sources import Tree


@pytest.fixture
def write(tmp_path):
    """Return a function that writes sources, given without header, and gives their tree."""

    def write_files(**sources: str) -> Tree:
        for place, text in sources.items():
            folder, _, name = place.rpartition("__")
            suffix = ".vyi" if folder == "interfaces" else ".vy"
            path = tmp_path / "contracts" / folder.replace("__", "/") / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            begin = "" if text.startswith("#pragma") else header(name)
            if suffix == ".vyi":
                begin = interface_header(name)
            path.write_text(begin + text)
        return Tree(tmp_path)

    return write_files
