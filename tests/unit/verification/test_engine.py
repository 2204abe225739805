"""The coders of the fast engine against `eth_abi`, over every function of every contract."""

from __future__ import annotations

from pathlib import Path

import pytest
import vyper
from eth_abi import decode, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData

from verification.engine.abi import decoder_of, encoder_of, kind_of
from verification.engine.evm import Artefacts, deployables, source_of

CONTRACTS = [path.stem for path in deployables()]


def values_of(entry: dict) -> st.SearchStrategy:
    """Return values of an ABI entry."""
    kind = entry["type"]
    if kind.endswith("[]"):
        return st.lists(values_of({**entry, "type": kind[:-2]}), max_size=3).map(tuple)
    if kind == "tuple":
        return st.tuples(*map(values_of, entry["components"]))
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    if kind.startswith("bytes"):
        size = int(kind[5:])
        return st.binary(min_size=size, max_size=size)
    if kind == "bool":
        return st.booleans()
    bits = int(kind.removeprefix("u").removeprefix("int"))
    if kind.startswith("u"):
        return st.integers(0, 2**bits - 1)
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def plain(value: object) -> object:
    """Return a value without structs and upper case."""
    if isinstance(value, tuple | list):
        return tuple(map(plain, value))
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


@pytest.mark.parametrize("name", CONTRACTS)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_same_as_eth_abi(name, data, fast_world):
    for entry in Artefacts().of(name)[0]:
        for entries in (entry.get("inputs") or [], entry.get("outputs") or []):
            if entry["type"] != "function" or any("[" in e["type"][:-2] for e in entries):
                continue
            kinds = [kind_of(one) for one in entries]
            values = tuple(data.draw(values_of(one)) for one in entries)
            written = encode(kinds, values)
            assert encoder_of(entries)(values) == written
            if entries:
                assert plain(decoder_of(entries)(written)) == plain(decode(kinds, written))


def test_too_large_a_number_is_refused():
    with pytest.raises(OverflowError):
        encoder_of([{"name": "amount", "type": "uint256"}])((2**256,))
    with pytest.raises(OverflowError):
        encoder_of([{"name": "amount", "type": "uint256"}])((-1,))
    with pytest.raises(OverflowError):
        encoder_of([{"name": "size", "type": "int256"}])((2**255,))


class Recording(FilesystemInputBundle):
    """Remembers what the compiler reads."""

    def __init__(self, folders: list[Path]) -> None:
        """Nothing was read yet."""
        super().__init__(folders)
        self.read: set[Path] = set()

    def _load_from_path(self, resolved_path, original_path):
        self.read.add(Path(resolved_path))
        return super()._load_from_path(resolved_path, original_path)


@pytest.mark.parametrize("name", ["DefaultManagerInsolvency", "InsuranceFund"])
def test_artefacts_are_kept_by_all_that_is_imported(name, fast_world):
    artefacts = Artefacts()
    source = source_of(artefacts.contracts, name)
    bundle = Recording([Path(vyper.__file__).parent.parent, artefacts.contracts.parent])
    assert CompilerData(bundle.load_file(source), bundle).annotated_vyper_module
    read = {path for path in bundle.read if artefacts.contracts in path.parents}
    assert read == set(artefacts.sources(source))


def test_code_is_what_the_compiler_makes():
    """Whoever compiled it: the build's artefacts are taken over (`Artefacts.adopt`)."""
    artefacts = Artefacts()
    compiled = artefacts._compile("PriceOracle")
    assert artefacts.of("PriceOracle")[1].hex() == compiled["bytecode"].removeprefix("0x")
