"""One storage, several contracts: layouts that must agree, and parts that do nothing alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import vyper
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from bulkhead.deployment import PARTS
from tests.unit.clearinghouse.helpers import layout_of
from verification.engine.evm import source_of
from verification.engine.reverts import assert_refused, storage_roots
from verification.engine.world import WAD

ROOT = Path(__file__).parents[3]
CODE_SIZE_LIMIT = 24_576  # EIP-170
NO_OWNER = "ownable: caller is not the owner"
WRONG_CALLER = "registry: wrong caller"


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


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_a_contract_have_one_layout(name):
    whole = layout_of(name)
    for part in PARTS[name]:
        other = layout_of(part)
        for kind in ("storage_layout", "transient_storage_layout"):
            found, wanted = flattened(other[kind]), flattened(whole[kind])
            shared = {path: place for path, place in found.items() if path in wanted}
            assert shared == {path: wanted[path] for path in shared}
            # What only one part has lies behind all that they share.
            ends = [slot + (slots or 1) for slot, slots, _ in shared.values()]
            for path in set(found) ^ set(wanted):
                assert kind == "transient_storage_layout", path
                assert (found.get(path) or wanted[path])[0] >= max(ends), path
    locks = [
        path for path in flattened(whole["transient_storage_layout"]) if "nonreentrant" in path
    ]
    assert locks == ["$.nonreentrant_key"]


@pytest.mark.node
def test_every_deployable_fits(world):
    for name, contract in world.deployment.contracts.items():
        code = world.chain.provider.get_code(contract.address)
        assert 0 < len(code) <= CODE_SIZE_LIMIT, name


# Part, function, arguments, reason. The parts' own storage has no owner, no roles, no accounts.
UNKNOWN_ACCOUNT, UNKNOWN_MARKET = "ledger: unknown account", "sides: unknown market"
SOLVENT = "default manager: account is solvent"
NOT_OWNER = "registry: not the account's owner"
NO_GUARDIAN = "clearinghouse: caller is not the guardian"
TRIED = [
    (0, "slice_account", lambda w: (1, 2, WAD, [], 0, 0), WRONG_CALLER),
    (0, "receive_draw", lambda w: (1, 1, 1), WRONG_CALLER),
    (0, "collect_fees", lambda w: (1,), UNKNOWN_MARKET),
    (0, "donate", lambda w: (1,), "test token: allowance too low"),
    (0, "pay_premium", lambda w: (1,), WRONG_CALLER),
    (0, "receive_deferred", lambda w: (1,), WRONG_CALLER),
    (
        4,
        "cover_shortfall",
        lambda w: (w.opened[0], w.tokens["WETH"], 1, 0, w.admin),
        UNKNOWN_ACCOUNT,
    ),
    (1, "tear_up_accounts", lambda w: ([], 0, 0), WRONG_CALLER),
    (1, "conclude", lambda w: (w.opened[0], [], 0, (0, 0, 0, 0, 0)), WRONG_CALLER),
    (2, "repay", lambda w: (w.opened[0], 1), UNKNOWN_ACCOUNT),
    (2, "recover", lambda w: (w.opened[0],), UNKNOWN_ACCOUNT),
    (1, "settle_market", lambda w: (1,), UNKNOWN_MARKET),
    (1, "convert_positions", lambda w: (1, w.opened, 0), UNKNOWN_MARKET),
    (3, "open_account", lambda w: (1, 1), UNKNOWN_MARKET),
    (3, "accrue_funding", lambda w: (1,), UNKNOWN_MARKET),
    (2, "begin_wind_down", lambda w: (), "wind down: hole is too small to wind down"),
    (2, "seize", lambda w: (w.opened[0], 0), WRONG_CALLER),
    (2, "conclude_proof", lambda w: (w.opened[0], 0, 0, 0), WRONG_CALLER),
    (2, "settle_debt", lambda w: (w.opened[0], 1), "wind down: not begun"),
    (2, "begin_redemption", lambda w: (), "wind down: proofs are not over"),
    (
        2,
        "redeem",
        lambda w: (w.opened[0], w.admin),
        "wind down: redemption has not begun",
    ),
    (3, "pause", lambda w: (0, 1), NO_GUARDIAN),
    (3, "unpause", lambda w: (0,), NO_GUARDIAN),
    (3, "set_role", lambda w: (0, w.lens), NO_OWNER),
    (3, "transfer_ownership", lambda w: (w.admin,), NO_OWNER),
    (3, "accept_ownership", lambda w: (), "ownable_2step: caller is not the new owner"),
    (3, "accept_role", lambda w: (0,), "proposals: no role proposed"),
    (3, "delay_role", lambda w: (0,), "proposals: caller is not the guardian"),
    (3, "cancel_role", lambda w: (0,), NO_OWNER),
    (3, "set_guardian", lambda w: (w.admin,), NO_OWNER),
    (3, "accept_guardian", lambda w: (), "proposals: caller is not the proposed guardian"),
    (3, "set_contribution_threshold", lambda w: (0,), NO_OWNER),
    (3, "set_wind_down_terms", lambda w: (10_000, 0, 3_600, 0, 0, 0), NO_OWNER),
    (3, "list_collateral", lambda w: (w.tokens["WETH"], WAD), NO_OWNER),
    (3, "set_collateral_cap", lambda w: (0, WAD), NO_OWNER),
    (3, "list_market", lambda w: (1,), NO_OWNER),
    (3, "set_shortfall_terms", lambda w: (0, 0, 0, 0), NO_OWNER),
    (3, "set_outflow_limit", lambda w: (0, 0), NO_OWNER),
    (3, "call_debts", lambda w: (), "end terms: debts are below their cap"),
    (3, "release_reserve", lambda w: (w.admin,), NO_OWNER),
    (4, "withdraw", lambda w: (w.opened[0], w.settlement, 1, w.admin), NOT_OWNER),
    (4, "transfer", lambda w: (w.opened[0], w.opened[0] + 1, w.settlement, 1), NOT_OWNER),
    (5, "call_margin", lambda w: (w.opened[0],), WRONG_CALLER),
    (5, "open_auction", lambda w: (w.opened[0],), WRONG_CALLER),
    (5, "bid", lambda w: (w.opened[0], WAD, w.opened[0]), WRONG_CALLER),
    (5, "tear_up", lambda w: ([w.opened[0]],), SOLVENT),
    (5, "prove_deficit", lambda w: (w.opened[0],), WRONG_CALLER),
]
# These write to the part's own storage, which nothing ever reads.
HARMLESS = [
    (3, "open_account", lambda w: (2, 0)),
    (3, "set_operator", lambda w: (w.lens, 3)),
]
CODE_PARTS = [part for parts in PARTS.values() for part in parts]


@pytest.mark.parametrize(
    ("part", "name", "arguments", "reason"), TRIED, ids=[name for _, name, *_ in TRIED]
)
def test_parts_called_directly_do_nothing(world, maker, stranger, part, name, arguments, reason):
    contract = world.deployment.contracts[CODE_PARTS[part]]
    contracts = [contract, world.clearinghouse, world.default_manager]
    for anyone in (world.admin, stranger):
        assert_refused(reason, contracts, getattr(contract, name), *arguments(world), sender=anyone)


@pytest.mark.node
@pytest.mark.parametrize(
    ("part", "name", "arguments"), HARMLESS, ids=[name for _, name, _ in HARMLESS]
)
def test_what_a_part_books_alone_reaches_nobody(world, maker, part, name, arguments):
    contract = world.deployment.contracts[CODE_PARTS[part]]
    others = [c for c in world.deployment.contracts.values() if c.address != contract.address]
    before = storage_roots(others)
    getattr(contract, name)(*arguments(world), sender=world.admin)
    assert storage_roots(others) == before


@pytest.mark.parametrize("part", range(len(CODE_PARTS)))
def test_every_function_of_the_parts_is_tried_above(part):
    libraries = Path(vyper.__file__).parent.parent
    bundle = FilesystemInputBundle([libraries, ROOT])
    abi = vyper.compile_from_file_input(
        bundle.load_file(source_of(ROOT / "contracts", CODE_PARTS[part])),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["abi"],
    )["abi"]
    writing = {
        entry["name"]
        for entry in abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    }
    assert writing == {name for at, name, *_ in [*TRIED, *HARMLESS] if at == part}
