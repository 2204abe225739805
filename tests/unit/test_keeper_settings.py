"""What a keeper refuses to start with: one line for each mistake."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bulkhead.deployment import Manifest
from bulkhead.keeper import Settings, SettingsError, require_account

LENS = "0x" + "1e" * 20
MANIFEST = {
    "chain_id": 31337,
    "contracts": {"Lens": LENS},
    "tokens": {},
    "feeds": {},
    "assets": {"ETH": 1},
    "markets": {"ETH-PERP": 1},
    "collaterals": {},
    "parameters": {},
}


@pytest.fixture
def manifest(tmp_path) -> Path:
    path = tmp_path / "31337.json"
    path.write_text(json.dumps(MANIFEST))
    return path


def refusal(environment: dict[str, str], manifest: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.read({"BULKHEAD_ACCOUNT": "7"} | environment, manifest)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_settings_are_read(manifest):
    environment = {"BULKHEAD_ACCOUNT": "0x10", "BULKHEAD_AT_MARK": "1", "BULKHEAD_REMAINDER": "0.1"}
    found = Settings.read(environment, manifest)
    assert (found.account, found.first_block) == (16, 0)
    assert found.manifest == Manifest.read(manifest)
    assert found.manifest.contracts["Lens"].lower() == LENS
    assert found.policy.bid_at_mark
    assert not found.policy.backstop
    assert found.policy.remainder_discount == Decimal("0.1")


def test_manifest_of_the_environment_comes_first(manifest, tmp_path):
    environment = {"BULKHEAD_ACCOUNT": "7", "BULKHEAD_MANIFEST": str(manifest)}
    assert Settings.read(environment, tmp_path / "absent.json").manifest == Manifest.read(manifest)


@pytest.mark.parametrize("text", ["soon", "0", "-1", "0xyz", "1.5", str(2**256)])
def test_account_that_is_no_id_is_refused(manifest, text):
    assert "is not an account id" in refusal({"BULKHEAD_ACCOUNT": text}, manifest)


def test_missing_account_is_refused(manifest):
    assert "BULKHEAD_ACCOUNT is not set" in refusal({"BULKHEAD_ACCOUNT": ""}, manifest)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read (No such file or directory): `ape run deploy`"),
        ("{", "is not a manifest"),
        ("[]", "is not a manifest"),
        ('{"contracts": {}}', "is not a manifest of `ape run deploy`: chain_id: "),
        (
            json.dumps(MANIFEST | {"contracts": {"Lens": "0x1"}}),
            "contracts.Lens: is not an address",
        ),
    ],
)
def test_bad_manifest_is_refused(tmp_path, content, reason):
    path = tmp_path / "it.json"
    if content is not None:
        path.write_text(content)
    assert reason in refusal({"BULKHEAD_MANIFEST": str(path)}, path)


@pytest.mark.parametrize("name", ["RISK_RATE", "GAS_COST", "REMAINDER", "FIRST_BLOCK"])
@pytest.mark.parametrize("text", ["much", "-1", "nan"])
def test_number_that_is_none_is_refused(manifest, name, text):
    assert refusal({f"BULKHEAD_{name}": text}, manifest).startswith(f"BULKHEAD_{name}: ")


def test_flag_that_is_none_is_refused(manifest):
    assert refusal({"BULKHEAD_BACKSTOP": "perhaps"}, manifest).startswith("BULKHEAD_BACKSTOP: ")


def venue_with(exists: bool, authorised: bool) -> Any:
    rows = [SimpleNamespace(exists=exists)]
    return SimpleNamespace(read=lambda contract, *_: rows if contract == "Lens" else authorised)


def test_account_of_the_signer_is_accepted():
    require_account(venue_with(True, True), 7, "0xme")


@pytest.mark.parametrize(
    ("exists", "authorised", "reason"),
    [(False, False, "there is no account 0x7"), (True, False, "0xme neither owns account 0x7")],
)
def test_account_that_is_not_there_or_not_his_is_refused(exists, authorised, reason):
    with pytest.raises(SettingsError, match=reason):
        require_account(venue_with(exists, authorised), 7, "0xme")
