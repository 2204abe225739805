"""The rules for docstrings, reasons, sizes, pages and whole trees: kept, and not kept."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.unit.contract_lint.helpers import NEW_F, said
from tools.contract_lint import layout, natspec, rules, size
from tools.contract_lint.command import CHECKS, main
from tools.contract_lint.formatting import problems as format_problems
from tools.contract_lint.reasons import Reasons

# NATSPEC ------------------------------------------------------------------------------------------

DOCUMENTED = '''@external
def pay(to: address, amount: uint256) -> (bool, uint256):
    """
    @notice Pays. Anyone.
    @dev By hand.
    @param to Who gets it.
    @param amount Cash, WAD.
    @return Whether it was paid.
    @return What is left, token units.
    @custom:reverts house: nothing to pay
    """
    assert amount != 0, "house: nothing to pay"
    return True, 0
'''
DOCSTRING = DOCUMENTED[DOCUMENTED.index('    """') : DOCUMENTED.index("    assert")]


def test_full_docstring(write):
    assert said(natspec.problems, write(core__House=DOCUMENTED)) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("    @notice Pays. Anyone.\n", "", "`pay` has no @notice"),
        ("    @param to Who gets it.\n", "", "add @param to"),
        (
            "    @param to Who gets it.\n    @param amount Cash, WAD.\n",
            "    @param amount Cash, WAD.\n    @param to Who gets it.\n",
            "order them as in the signature",
        ),
        ("@param to", "@param from_", "Method has no parameter 'from_'"),
        ("Cash, WAD.", "What to pay.", "17: @param amount tells no unit"),
        ("left, token units.", "left.", "@return `What is left.` tells no unit"),
        ("    @return Whether it was paid.\n", "", "returns 2 values and has 1 @return lines"),
        ("@dev", "@remark", "Unknown NatSpec field '@remark'"),
        (
            "    @param to Who gets it.\n",
            "    @dev Late.\n    @param to Who gets it.\n",
            "`pay`: @dev stands twice",
        ),
        ("    @dev By hand.\n", "", None),
        (
            "@custom:reverts house: nothing to pay",
            "@custom:reverts house: zero",
            "lacks house: nothing to pay; cannot revert with house: zero",
        ),
        ("    @custom:reverts house: nothing to pay\n", "", "lacks house: nothing to pay;"),
        (DOCSTRING, "", "no docstring"),
        ("def pay", "def __default__", None),
    ],
)  # fmt: skip
def test_docstring(write, right, wrong, message):
    assert right in DOCUMENTED
    text = DOCUMENTED.replace(right, wrong)
    found = said(natspec.problems, write(core__House=text))
    assert found == "" if message is None else message in found


def test_tags_in_order(write):
    notice, dev = "    @notice Pays. Anyone.\n", "    @dev By hand.\n"
    text = DOCUMENTED.replace(notice + dev, dev + notice)
    assert "tags in another order" in said(natspec.problems, write(core__House=text))


def test_constructor_of_a_deployable_is_documented(write):
    text = "@deploy\ndef __init__():\n    pass\n"
    found = said(natspec.problems, write(core__House=text, modules__m=text))
    assert found == "contracts/core/House.vy:12: `__init__` has no docstring; write one"


def test_internal_functions_begin_by_dev(write):
    text = '@internal\ndef _f():\n    """\n    @{} Does.\n    """\n    pass\n'
    tree = write(modules__m=text.format("notice"), modules__n=text.format("dev"))
    assert said(natspec.problems, tree) == (
        "contracts/modules/m.vy:13: `_f` is internal: begin by @dev"
    )


def test_interface_says_who_calls(write):
    function = "@external\ndef f():\n    ...\n"
    tree = write(interfaces__IA=function, interfaces__IB=function, interfaces__IC="")
    path = tree.paths[1]
    path.write_text(path.read_text().replace("callers find here", "is here"))
    assert said(natspec.problems, tree) == (
        "contracts/interfaces/IB.vyi:6: the header does not say who calls; say it"
    )


def test_double_needs_a_notice_only(write):
    text = '@external\ndef f(x: uint256):\n    """\n    @{} Does.\n    """\n    pass\n'
    tree = write(testing__A=text.format("notice"), testing__B=text.format("dev"))
    assert said(natspec.problems, tree) == "contracts/testing/B.vy:12: `f` has no @notice; add it"


# REASONS ------------------------------------------------------------------------------------------

HOUSE = '''from snekmate.auth import ownable
from snekmate.utils import math
from ..interfaces import IA
from ..modules import m

initializes: ownable


@external
def f(x: uint256):
    """
    @notice Does. Anyone.
    @param x Units.
    """
    assert x != 0, "house: zero"
    ownable._check_owner()
    z: uint256 = math._ceil_div(x, x)
    y: uint256 = m._deep(self._g(x))
    if x == 7:
        raise "house: seven"
    extcall IA(self).hop(self._h())
    assert y != 0, "house: zero"


@external
def quiet():
    """
    @notice Does nothing. Anyone.
    @custom:reverts house: never
    """
    pass


@internal
def _g(x: uint256) -> uint256:
    assert x != 1, "house: one"
    return x


@internal
def _h() -> uint256:
    assert msg.sender != self, "house: myself"
    return 1
'''
WITH_PARTS = {
    "core__House": HOUSE,
    "interfaces__IA": "@external\ndef hop(x: uint256):\n    ...\n",
    "modules__m": "from . import n\n\n\n@internal\ndef _deep(x: uint256) -> uint256:\n"
    "    n._deeper(x)\n    return x\n",
    "modules__n": '@internal\ndef _deeper(x: uint256):\n    assert x != 2, "n: two"\n',
}
REASONS = [
    "house: zero",
    "ownable: caller is not the owner",
    "house: one",
    "n: two",
    "house: seven",
    "house: myself",
]


def test_reasons_through_internal_calls_and_libraries(write):
    tree = write(**WITH_PARTS)
    house = next(source for source in tree.sources if source.path.stem == "House")
    assert Reasons(tree).of(house, "f") == REASONS


def test_reasons_are_written(write, tmp_path):
    tree = write(**WITH_PARTS)
    assert "`quiet`: @custom:reverts cannot revert with house: never" in said(
        natspec.problems, tree
    )
    assert [path.stem for path in natspec.fix(tree)] == ["House"]
    tree.forget()
    assert said(natspec.problems, tree) == ""
    text = (tmp_path / "contracts" / "core" / "House.vy").read_text()
    assert (
        "    @param x Units.\n"
        "    @custom:reverts house: zero | ownable: caller is not the owner | house: one | n: two |"
        ' house:\n                    seven | house: myself\n    """\n'
    ) in text
    assert '    @notice Does nothing. Anyone.\n    """\n' in text
    assert natspec.fix(tree) == []


# SIZES, PLACES, FORMAT ----------------------------------------------------------------------------


def test_sizes(write):
    def function(name: str, lines: int) -> str:
        return f"@internal\ndef {name}():\n" + "    pass\n" * (lines - 1)

    tree = write(
        modules__fits=function("_f", 80),
        modules__long=function("_f", 81),
        modules__huge="\n".join(function(f"_f{number}", 70) for number in range(9)),
    )
    assert said(size.problems, tree).splitlines() == [
        "contracts/modules/huge.vy: 657 lines, 600 at most; split the file",
        "contracts/modules/long.vy:12: `_f` has 81 lines, 80 at most; split it",
    ]


def test_places(write):
    tree = write(
        core__House="",
        core__house="",
        modules__Upper="",
        testing__House="# " + "x" * 99 + "\n",
        attic__Thing="",
        interfaces__IA="",
        venue__Broken="def (\n",
    )
    found = said(layout.problems, tree)
    assert "contracts/core/house.vy: a deployed contract is" in found
    assert "contracts/modules/Upper.vy: a module is" in found
    assert "contracts/testing/House.vy: same name as contracts/core/House.vy" in found
    assert "contracts/testing/House.vy:11: 101 columns, 100 at most" in found
    assert "contracts/attic/Thing.vy: no such folder" in found
    assert "contracts/venue/Broken.vy: cannot be parsed" in found
    assert "IA" not in found


def test_format_is_remembered_by_content(write, tmp_path, monkeypatch):
    tree = write(core__House="x: uint256\n", core__Barn="y:uint256\n")
    assert [problem.path.stem for problem in format_problems(tree)] == ["Barn"]
    monkeypatch.setattr("tools.contract_lint.formatting.format_text", None)
    (tmp_path / "contracts" / "core" / "Barn.vy").unlink()
    tree.forget()
    assert said(format_problems, tree) == ""


def test_natrix_runs_once_for_a_content(write, tmp_path, monkeypatch):
    runs = []
    monkeypatch.setattr(rules, "_run", lambda source: runs.append(source.path.stem) or [])
    use = "from ..modules import m\n" + NEW_F.format("m._g()")
    sources = {"core__A": use, "core__B": "", "modules__m": "@internal\ndef _g():\n    pass\n"}
    said(rules.problems, write(**sources))
    assert sorted(runs) == ["A", "B"]
    said(rules.problems, write(**sources))
    assert len(runs) == 2
    said(
        rules.problems, write(**{**sources, "modules__m": sources["modules__m"] + "\n# Changed.\n"})
    )
    assert runs[2:] == ["A"]


def test_natrix_says_where(write, tmp_path, monkeypatch):
    issue = {"position": "7:4", "code": "NTX5", "message": "not pure"}
    done = subprocess.CompletedProcess([], 1, stdout=json.dumps([issue]), stderr="")
    monkeypatch.setattr(rules.subprocess, "run", lambda *_args, **_more: done)
    [problem] = rules.problems(write(core__House=""))
    assert (problem.path.stem, problem.line, problem.text) == ("House", 7, "NTX5 not pure")


# COMMAND ------------------------------------------------------------------------------------------


def test_command(write, tmp_path, capsys):
    write(**WITH_PARTS)
    chosen = ["--only", "natspec"]
    assert main(chosen, tmp_path) == 1
    assert "contracts/core/House.vy:20: `f`: @custom:reverts lacks" in capsys.readouterr().out
    assert main([*chosen, str(tmp_path / "contracts" / "modules" / "m.vy")], tmp_path) == 0
    assert main([*chosen, "--fix"], tmp_path) == 0
    assert "rewrote contracts/core/House.vy" in capsys.readouterr().out
    assert main(["--graph"], tmp_path) == 0
    assert "House --> m" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--only", "astrology"], tmp_path)


def test_help_names_every_check(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"{name}: " in shown for name in CHECKS)


def test_house_in_form_passes_everything(write, tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "_run", lambda source: [])
    write(core__House="\n" + DOCUMENTED)
    assert main([], tmp_path) == 0
