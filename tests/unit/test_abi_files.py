"""The published interfaces: what is committed is what the compiler gives."""

from __future__ import annotations

import json

import pytest

from bulkhead.abi import UnknownContractError, combined, contract_names, load_abi, signature
from bulkhead.deployment import PARTS
from bulkhead.keeper import AccountView, Insolvency, MarketView, PositionView, PriceView
from scripts.abi import TARGET, compile_surfaces, render
from verification.engine.evm import Artefacts

REMEDY = "run `make abi` and commit abi/"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return render(compile_surfaces())


def test_files_are_those_of_the_compiler(files):
    committed = {path.name: path.read_text(encoding="utf-8") for path in TARGET.iterdir()}
    assert sorted(committed) == sorted(files), REMEDY
    changed = [name for name, text in files.items() if committed[name] != text]
    assert not changed, f"{', '.join(changed)}: {REMEDY}"


@pytest.mark.parametrize("entry", PARTS)
def test_parts_answer_behind_their_entry(entry):
    surface = [signature(element) for element in load_abi(entry)]
    assert len(surface) == len(set(surface))
    for part in PARTS[entry]:
        assert part not in contract_names()
        for element in Artefacts().of(part)[0]:
            if element["type"] in ("function", "event"):
                assert signature(element) in surface
    kinds = [kind for kind, _ in surface]
    assert kinds.count("constructor") == kinds.count("fallback") == 1


def test_constructor_is_the_entrys_own():
    def element(kind: str, *types: str) -> dict:
        return {"type": kind, "inputs": [{"name": "", "type": t} for t in types]}

    entry, part = [element("constructor", "address")], [element("constructor"), element("fallback")]
    assert combined(entry, part) == entry


def test_typescript_is_the_same_json(files):
    for name in contract_names():
        typescript = files[f"{name}.ts"]
        head, _, body = typescript.partition(" = ")
        assert head.endswith(f"export const {name[0].lower()}{name[1:]}Abi")
        assert json.loads(body.removesuffix(" as const;\n")) == load_abi(name)
        assert f'from "./{name}.js";' in files["index.ts"]


@pytest.mark.parametrize(
    ("view", "contract", "function"),
    [
        (AccountView, "Lens", "accounts"),
        (PositionView, "Lens", "positions"),
        (MarketView, "Lens", "markets"),
        (PriceView, "Lens", "prices"),
        (Insolvency, "DefaultManager", "insolvency"),
    ],
)
def test_views_of_a_keeper_are_the_contracts_structs(view, contract, function):
    (entry,) = [element for element in load_abi(contract) if element.get("name") == function]
    members = {part["name"]: part["type"] for part in entry["outputs"][0]["components"]}
    kinds = {"bool": "bool", "uint256": "int", "int256": "int"}
    for name, kind in view.__annotations__.items():
        assert kinds[members[name]] == kind, name


def test_unknown_contract_is_answered_with_the_known():
    with pytest.raises(UnknownContractError, match=r"did you mean Clearinghouse\?"):
        load_abi("ClearingHouse")
