"""The package: what a wheel would be, as far as that shows without building one, and its rooms."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import bulkhead
from bulkhead import resources
from scripts.lint_package import check

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bulkhead"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
RUN_TIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = [
    requirement
    for texts in PROJECT["project"]["optional-dependencies"].values()
    for requirement in map(Requirement, texts)
    if requirement.name != "bulkhead"
]
# Installed with another one, and never without it.
PART_OF = {"pydantic-core": "pydantic"}


def pins() -> dict[str, Version]:
    """Versions in requirements.lock by name."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def imported_distributions() -> set[str]:
    """Names of the distributions that the package's own files import."""
    modules = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    known = packages_distributions()
    found = set()
    for module in modules - sys.stdlib_module_names - {"bulkhead"}:
        names = {canonicalize_name(name) for name in known[module]}
        found |= {PART_OF.get(name, name) for name in names if not name.startswith("types-")}
    return found


# What a wheel would be ----------------------------------------------------------------------------


def test_version_is_in_one_place():
    project = PROJECT["project"]
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    source = ROOT / PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{bulkhead.__version__}"' in source.read_text(encoding="utf-8")
    assert str(Version(bulkhead.__version__)) == bulkhead.__version__


def test_dependencies_are_what_is_imported():
    declared = {canonicalize_name(requirement.name) for requirement in RUN_TIME}
    assert declared == imported_distributions()


@pytest.mark.parametrize("requirement", [*RUN_TIME, *EXTRAS], ids=str)
def test_range_has_the_pin(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


def test_python_is_the_one_of_the_makefile():
    supported = re.search(r"^SUPPORTED := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert supported is not None
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    versions = [f"3.{minor}" for minor in range(9, 16)]
    assert " or ".join(v for v in versions if v in allowed) == supported[1]


def test_lock_names_no_index():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("room", WHEEL["sources"])
def test_data_goes_into_its_room(room):
    assert WHEEL["sources"][room] == f"bulkhead/{room}"
    assert (PACKAGE / room / "__init__.py").is_file()
    (pattern,) = [text for text in WHEEL["include"] if text.startswith(f"/{room}/")]
    names = {path.name for path in ROOT.glob(pattern[1:])}
    assert names
    assert not names & {path.name for path in (PACKAGE / room).iterdir()}


def test_package_has_what_is_not_python():
    assert "/bulkhead" in WHEEL["include"]
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "report" / "page.css").is_file()


def test_files_are_found_in_a_checkout_and_in_a_wheel(tmp_path, monkeypatch):
    assert resources.folder_of("config", ".yaml") == ROOT / "config"
    installed = tmp_path / "bulkhead"
    (installed / "config").mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", installed)
    assert resources.folder_of("config", ".yaml") == tmp_path / "config"
    (installed / "config" / "local.yaml").touch()
    assert resources.folder_of("config", ".yaml") == installed / "config"


# Rooms --------------------------------------------------------------------------------------------


def package_of(folder: Path, **files: str) -> list[str]:
    """Check a package with two rooms, `low` and `high`, after changing some files."""
    usual = {
        "__init__": "",
        "low/__init__": '"""The ground. Imports: none."""',
        "high/__init__": '"""The roof. Imports: low."""\nfrom pack.low import x',
    }
    for name, text in (usual | files).items():
        path = folder / "pack" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return list(check(folder / "pack"))


def test_package_keeps_its_rules():
    assert list(check(PACKAGE)) == []
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} >= {"config", "keeper"}


def test_rooms_in_order_are_accepted(tmp_path):
    assert package_of(tmp_path) == []


@pytest.mark.parametrize(
    "statement", ["from pack.high import y", "import pack.high.y", "from ..high import y",
                  "from pack import high", "def f():\n    from pack.high.z import y"]
)  # fmt: skip
def test_import_that_no_line_allows_is_found(tmp_path, statement):
    problems = package_of(tmp_path, **{"low/inner": statement})
    assert "low may not import high" in problems[0]
    assert problems[-1].startswith("rooms import each other: ")


def test_cycle_that_both_allow_is_found(tmp_path):
    low = '"""The ground. Imports: high."""\nfrom pack.high import y'
    (problem,) = package_of(tmp_path, **{"low/__init__": low})
    assert problem.startswith("rooms import each other: ")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("low/__init__", '"""The ground."""', "says no `What it is for. Imports: a, b.`"),
        ("low/__init__", '"""The ground. Imports: cellar."""', "there is no room cellar"),
        ("high/__init__", '"""The roof. Imports: low."""', "imports low, which it does not"),
        ("shared", "from pack.low import x", "a module for all rooms imports low"),
        ("low/long", "\n" * 400, "has 401 lines"),
    ],
)
def test_rule_that_is_broken_is_named(tmp_path, name, text, reason):
    (problem,) = package_of(tmp_path, **{name: text})
    assert reason in problem
