"""Calldata in and out, fast: coders are built once per function instead of once per call.

`eth_abi` looks a type up by its name for every value. Here a function's types become a list of
small functions when it is first used. Answers that are more than words are left to `eth_abi`;
`tests/unit/verification/test_engine.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from eth_abi import decode
from eth_utils import to_checksum_address

WORD = 32
Encoder = Callable[[Any], bytes]
checksummed = lru_cache(maxsize=4096)(to_checksum_address)


def kind_of(entry: dict[str, Any]) -> str:
    """Return a canonical ABI type."""
    if not entry["type"].startswith("tuple"):
        return entry["type"]
    inner = ",".join(kind_of(part) for part in entry["components"])
    return f"({inner}){entry['type'][5:]}"


def signature_of(entry: dict[str, Any]) -> str:
    """Return name and types, as selectors and topics are made of."""
    return f"{entry['name']}({','.join(kind_of(part) for part in entry['inputs'])})"


# ENCODING -----------------------------------------------------------------------------------------


def _uint(value: Any) -> bytes:
    return int(value).to_bytes(WORD, "big")


def _int(value: Any) -> bytes:
    return int(value).to_bytes(WORD, "big", signed=True)


def _address(value: Any) -> bytes:
    text = value if isinstance(value, str) else value.address
    return int(text, 16).to_bytes(WORD, "big")


def _fixed_bytes(value: bytes) -> bytes:
    return bytes(value).ljust(WORD, b"\0")


def _bytes(value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else bytes(value)
    return _uint(len(content)) + content + b"\0" * (-len(content) % WORD)


def _tail(entry: dict[str, Any]) -> tuple[Encoder, bool]:
    """Return how a value is written, and whether it is dynamic."""
    kind = entry["type"]
    if kind.endswith("]"):
        one, length = kind[:-1].rsplit("[", 1)
        encoder = _sequence({**entry, "type": one}, int(length) if length else None)
        return encoder, not length or _tail({**entry, "type": one})[1]
    if kind == "tuple":
        is_dynamic = any(_tail(part)[1] for part in entry["components"])
        return encoder_of(entry["components"]), is_dynamic
    if kind in ("bytes", "string"):
        return _bytes, True
    if kind == "address":
        return _address, False
    if kind.startswith("bytes"):
        return _fixed_bytes, False
    return (_int if kind.startswith("int") else _uint), False  # bool is a number, too


def _sequence(entry: dict[str, Any], length: int | None) -> Encoder:
    def encode(values: Sequence[Any]) -> bytes:
        content = encoder_of([entry] * len(values))(values)
        return content if length is not None else _uint(len(values)) + content

    return encode


def encoder_of(entries: Sequence[dict[str, Any]]) -> Encoder:
    """Return a function that encodes values of these ABI entries."""
    tails = [_tail(entry) for entry in entries]
    if not any(is_dynamic for _, is_dynamic in tails):
        encoders = [encoder for encoder, _ in tails]
        return lambda values: b"".join(
            [encoder(value) for encoder, value in zip(encoders, values, strict=True)]
        )

    def encode(values: Sequence[Any]) -> bytes:
        parts = [encoder(value) for (encoder, _), value in zip(tails, values, strict=True)]
        pairs = list(zip(parts, (is_dynamic for _, is_dynamic in tails), strict=True))
        at = sum(WORD if is_dynamic else len(part) for part, is_dynamic in pairs)
        heads, rest = [], []
        for part, is_dynamic in pairs:
            if is_dynamic:
                heads.append(_uint(at))
                rest.append(part)
                at += len(part)
            else:
                heads.append(part)
        return b"".join(heads + rest)

    return encode


# DECODING -----------------------------------------------------------------------------------------


@cache
def struct_of(names: tuple[str, ...]) -> Any:
    """Return the type of a struct with these fields."""
    return NamedTuple("Struct", [(name, Any) for name in names])


def named(entry: dict[str, Any], value: Any) -> Any:
    """Return a decoded value, structs with their fields' names."""
    if entry["type"] == "tuple":
        parts = [named(part, v) for part, v in zip(entry["components"], value, strict=True)]
        return struct_of(tuple(part["name"] for part in entry["components"]))(*parts)
    if entry["type"] == "tuple[]":
        return tuple(named({**entry, "type": "tuple"}, part) for part in value)
    return checksummed(value) if entry["type"] == "address" else value


def _word(kind: str) -> Callable[[bytes], Any] | None:
    """Return how one word is read; nothing for a type that is more than a word."""
    if kind.startswith("uint"):
        return lambda word: int.from_bytes(word, "big")
    if kind.startswith("int") and not kind.endswith("]"):
        return lambda word: int.from_bytes(word, "big", signed=True)
    if kind == "bool":
        return lambda word: word[-1] == 1
    if kind == "address":
        return lambda word: checksummed(word[12:])
    return (lambda word: word) if kind == "bytes32" else None


def decoder_of(entries: Sequence[dict[str, Any]]) -> Callable[[bytes], tuple[Any, ...]]:
    """Return a function that decodes an answer into the values of these ABI entries."""
    parts = entries[0]["components"] if [e["type"] for e in entries] == ["tuple"] else entries
    readers = [_word(part["type"]) for part in parts if "]" not in part["type"]]
    if len(readers) == len(parts) and None not in readers:
        count = len(parts)
        struct = struct_of(tuple(p["name"] for p in parts)) if parts is not entries else None

        def read(answer: bytes) -> tuple[Any, ...]:
            words = [answer[WORD * i : WORD * (i + 1)] for i in range(count)]
            values = tuple([one(word) for one, word in zip(readers, words, strict=True)])
            return values if struct is None else (struct(*values),)

        return read
    kinds = [kind_of(entry) for entry in entries]
    return lambda answer: tuple(
        [named(entry, value) for entry, value in zip(entries, decode(kinds, answer), strict=True)]
    )
