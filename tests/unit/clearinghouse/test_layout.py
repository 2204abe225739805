"""One storage, two contracts: layouts that must agree, and procedures that do nothing alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import vyper
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from tests.reverts import assert_refused
from tests.world import WAD

ROOT = Path(__file__).parents[3]
CODE_SIZE_LIMIT = 24_576  # EIP-170
NO_OWNER = "ownable: caller is not the owner"
WRONG_CALLER = "clearinghouse: wrong caller"


def layout_of(name: str) -> dict:
    """Return the layouts of a contract: storage and transient storage."""
    libraries = Path(vyper.__file__).parent.parent  # Snekmate is beside Vyper
    bundle = FilesystemInputBundle([libraries, ROOT])
    made = vyper.compile_from_file_input(
        bundle.load_file(ROOT / "contracts" / f"{name}.vy"),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["layout"],
    )
    return made["layout"]


def flattened(layout: dict, path: str = "") -> dict[str, tuple]:
    """Return (slot, slots, type) by path of every variable, those of modules too."""
    found = {}
    for name, entry in layout.items():
        at = f"{path}.{name}".lstrip(".")
        if "slot" in entry:
            found[at] = entry["slot"], entry.get("n_slots"), entry["type"]
        else:
            found |= flattened(entry, at)
    return found


def test_both_halves_have_one_layout():
    whole, second = layout_of("Clearinghouse"), layout_of("ClearinghouseProcedures")
    for kind in ("storage_layout", "transient_storage_layout"):
        assert flattened(whole[kind]) == flattened(second[kind])
    assert len(flattened(whole["storage_layout"])) > 20
    locks = [
        name for name in flattened(whole["transient_storage_layout"]) if "nonreentrant" in name
    ]
    assert locks == ["$.nonreentrant_key"]


def test_every_deployable_fits(world):
    for name, contract in world.deployment.contracts.items():
        code = world.chain.provider.get_code(contract.address)
        assert 0 < len(code) <= CODE_SIZE_LIMIT, name


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("set_role", lambda w: (0, w.lens), NO_OWNER),
        ("list_collateral", lambda w: (w.tokens["WETH"], WAD), NO_OWNER),
        ("set_collateral_cap", lambda w: (0, WAD), NO_OWNER),
        ("list_market", lambda w: (1,), NO_OWNER),
        ("set_shortfall_terms", lambda w: (0, 0, 0, 0), NO_OWNER),
        ("slice_account", lambda w: (1, 2, WAD, [], 0, 0), WRONG_CALLER),
        ("receive_draw", lambda w: (1, 1, 1), WRONG_CALLER),
        ("resolve_shortfall", lambda w: (1,), WRONG_CALLER),
        ("collect_fees", lambda w: (1,), "ledger: unknown market"),
        (
            "cover_shortfall",
            lambda w: (w.opened[0], w.tokens["WETH"], 1, 0, w.admin),
            "ledger: unknown account",
        ),
    ],
)
def test_procedures_called_directly_do_nothing(world, maker, stranger, name, arguments, reason):
    procedures = world.clearinghouse_procedures
    function = getattr(procedures, name)
    contracts = [procedures, world.clearinghouse]
    for anyone in (world.admin, stranger):
        assert_refused(reason, contracts, function, *arguments(world), sender=anyone)


def test_every_function_of_the_procedures_is_tried_above():
    libraries = Path(vyper.__file__).parent.parent
    bundle = FilesystemInputBundle([libraries, ROOT])
    abi = vyper.compile_from_file_input(
        bundle.load_file(ROOT / "contracts" / "ClearinghouseProcedures.vy"),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["abi"],
    )["abi"]
    writing = {
        entry["name"]
        for entry in abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    }
    (mark,) = test_procedures_called_directly_do_nothing.pytestmark
    assert writing == {name for name, *_ in mark.args[1]}
