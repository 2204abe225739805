"""Conditions on words, with what Vyper writes for `min` and `max` read as a choice again.

b ^ flag * (a ^ b) is a when the flag is up and b otherwise. Nothing else tells a solver, or an
interval, that the result is one of the two. In a - min(a, c) the choice then comes first, as 0 or
a - c: so it is seen that nothing wraps. What is rewritten means the same at any inputs.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator

import z3

from verification.proofs.terms import evm_division, is_flag

# Bits of words by the words' ids, each with the word: as long as it lives, no other gets its id.
_FIELDS: dict[tuple[int, int, int], tuple[z3.BitVecRef, z3.BitVecRef]] = {}


class Choices:
    """Rewrites terms, each once."""

    def __init__(self) -> None:
        """Begin with nothing rewritten."""
        self._done: dict[int, tuple[z3.ExprRef, z3.ExprRef]] = {}  # terms that live keep their ids

    def rewritten(self, term: z3.ExprRef) -> z3.ExprRef:
        """Return a term with choices."""
        stack = [term]
        while stack:
            top = stack[-1]
            waiting = [part for part in top.children() if part.get_id() not in self._done]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if top.get_id() not in self._done:
                parts = [self._done[part.get_id()][1] for part in top.children()]
                self._done[top.get_id()] = (top, _rebuilt(top, parts))
        return self._done[term.get_id()][1]


def _rebuilt(term: z3.ExprRef, parts: list[z3.ExprRef]) -> z3.ExprRef:
    """Return a term with other arguments, and with a choice if that is what it is."""
    kind = term.decl().kind()
    if not parts:
        return term
    if kind == z3.Z3_OP_BXOR:
        return _mixed(_distinct([piece for part in parts for piece in _pieces(part)]), term.size())
    if kind == z3.Z3_OP_BNOT:
        return _mixed(_distinct([*_pieces(parts[0]), _ones(term.size())]), term.size())
    if kind == z3.Z3_OP_ITE and z3.is_bv(term):
        return _choice(*parts)
    if kind == z3.Z3_OP_BMUL:
        return _product(parts)
    if kind == z3.Z3_OP_CONCAT:
        return _joined(parts)
    if kind == z3.Z3_OP_EXTRACT:
        return _field(*term.params(), parts[0])
    if kind == z3.Z3_OP_BADD:
        return _sum([part for part in parts if not _is_zero(part)] or parts[:1])
    same = all(new.eq(old) for new, old in zip(parts, term.children(), strict=True))
    return term if same else term.decl()(*parts)


# CHOICES ------------------------------------------------------------------------------------------


def _choice(condition: z3.BoolRef, first: z3.BitVecRef, second: z3.BitVecRef) -> z3.BitVecRef:
    """Return `first if condition else second`; `x if x == y else y` is y."""
    if z3.is_not(condition):
        return _choice(condition.arg(0), second, first)
    sides = condition.children() if z3.is_eq(condition) else []
    if first.eq(second) or all(any(x.eq(side) for side in sides) for x in (first, second)):
        return second
    return z3.If(condition, first, second)


def _switched(term: z3.BitVecRef) -> Iterator[tuple[z3.BoolRef, list[z3.BitVecRef]]]:
    """Yield a condition and the pieces that a word consists of when it holds; else it is 0."""
    kind = term.decl().kind()
    if kind == z3.Z3_OP_ITE:
        condition, first, second = term.children()
        if _is_zero(second):
            yield from _under(condition, first)
        if _is_zero(first):
            yield from _under(z3.Not(condition), second)


def _under(
    condition: z3.BoolRef, term: z3.BitVecRef
) -> Iterator[tuple[z3.BoolRef, list[z3.BitVecRef]]]:
    """Yield condition and pieces of a word that is another one or else 0."""
    yield condition, _pieces(term)
    for inner, pieces in _switched(term):
        yield z3.And(condition, inner), pieces


# XOR ----------------------------------------------------------------------------------------------


def _mixed(parts: list[z3.BitVecRef], size: int) -> z3.BitVecRef:
    """Return distinct words mixed by xor, as a choice where one of them can be switched off."""
    for place, switch in enumerate(parts):
        others = parts[:place] + parts[place + 1 :]
        for condition, pieces in _switched(switch):
            base = [part for part in others if _is_among(part, pieces)]
            if base:
                other = [piece for piece in pieces if not _is_among(piece, base)]
                rest = [part for part in others if not _is_among(part, base)]
                choice = _choice(condition, _mixed(other, size), _mixed(base, size))
                return _mixed(_distinct([*rest, *_pieces(choice)]), size)
    return functools.reduce(operator.xor, parts) if parts else z3.BitVecVal(0, size)


def _pieces(term: z3.BitVecRef) -> list[z3.BitVecRef]:
    """Return the distinct words that make a word when they are mixed by xor."""
    if term.decl().kind() == z3.Z3_OP_BXOR:
        return _distinct([piece for part in term.children() for piece in _pieces(part)])
    if term.decl().kind() == z3.Z3_OP_BNOT:
        return _distinct([*_pieces(term.arg(0)), _ones(term.size())])
    return [term]


def _distinct(parts: list[z3.BitVecRef]) -> list[z3.BitVecRef]:
    """Return words that make the same when they are mixed: two of a kind are nothing."""
    left: list[z3.BitVecRef] = []
    for part in parts:
        twin = next((place for place, other in enumerate(left) if other.eq(part)), None)
        if twin is not None:
            del left[twin]
        elif not _is_zero(part):
            left.append(part)
    return left


# FIELDS -------------------------------------------------------------------------------------------


def _joined(parts: list[z3.BitVecRef]) -> z3.BitVecRef:
    """Return words written one behind the other; fields that belong together as one of them.

    An engine writes x ^ c, where c is short, as the upper bits of x and the lower ones, mixed.
    """
    conditions = [part.arg(0) for part in parts if part.decl().kind() == z3.Z3_OP_ITE]
    if len(conditions) > 1 and all(
        z3.is_bv_value(part) or _is_among(conditions[0], part.children()[:1]) for part in parts
    ):
        first, second = (
            _joined([part if z3.is_bv_value(part) else part.arg(side) for part in parts])
            for side in (1, 2)
        )
        return _choice(conditions[0], first, second)
    for place, (upper, lower) in enumerate(itertools.pairwise(parts)):
        for one in _pieces(upper):
            if one.decl().kind() != z3.Z3_OP_EXTRACT:
                continue
            (high, middle), word = one.params(), one.arg(0)
            low = middle - lower.size()
            other = _field(middle - 1, low, word) if low >= 0 else word
            if _is_among(other, _pieces(lower)):
                rest = [
                    _mixed([p for p in _pieces(part) if not p.eq(taken)], part.size())
                    for part, taken in ((upper, one), (lower, other))
                ]
                pieces = [_field(high, low, word), *_pieces(_concat(rest))]
                both = _mixed(_distinct(pieces), upper.size() + lower.size())
                return _joined([*parts[:place], both, *parts[place + 2 :]])
    return _concat(parts)


def _field(high: int, low: int, word: z3.BitVecRef) -> z3.BitVecRef:
    """Return bits of a word: of what it is made of, where that is the same."""
    key = high, low, word.get_id()
    if key not in _FIELDS:
        _FIELDS[key] = word, _made_field(high, low, word)
    return _FIELDS[key][1]


def _made_field(high: int, low: int, word: z3.BitVecRef) -> z3.BitVecRef:
    size = high - low + 1
    kind, parts = word.decl().kind(), word.children()
    if size == word.size():
        return word
    if z3.is_bv_value(word):
        return z3.BitVecVal(word.as_long() >> low, size)
    if kind == z3.Z3_OP_EXTRACT:
        start = word.params()[1]
        return z3.Extract(start + high, start + low, word.arg(0))
    if kind == z3.Z3_OP_ITE and not _is_whole(word, low):
        return _choice(word.arg(0), *(_field(high, low, part) for part in parts[1:]))
    if kind in (z3.Z3_OP_BXOR, z3.Z3_OP_BNOT):
        pieces = [_field(high, low, piece) for piece in _pieces(word)]
        return _mixed(_distinct(pieces), size)
    if kind == z3.Z3_OP_CONCAT:
        fields = []
        end = word.size()
        for part in parts:
            start = end - part.size()
            if start <= high and low < end:
                fields.append(_field(min(high, end - 1) - start, max(low - start, 0), part))
            end = start
        return _concat(fields)
    if kind == z3.Z3_OP_BSUB and low == 0:
        return operator.sub(*(_field(high, 0, part) for part in parts))
    if kind == z3.Z3_OP_BADD and low == 0:
        return _sum([_field(high, 0, part) for part in parts])
    if kind == z3.Z3_OP_BMUL and low == 0 and any(map(z3.is_bv_value, parts)):
        return functools.reduce(operator.mul, [_field(high, 0, part) for part in parts])
    return z3.Extract(high, low, word)


def _is_whole(choice: z3.BitVecRef, low: int) -> bool:
    """Return whether a choice says something that its sides alone do not.

    It guards a division by zero, or a difference from wrapping.
    """
    is_guard = low > 0 and any(p.decl().kind() == z3.Z3_OP_BSUB for p in choice.children()[1:])
    return is_guard or evm_division(choice) is not None


def _concat(parts: list[z3.BitVecRef]) -> z3.BitVecRef:
    """Return words written one behind the other; a constant if all of them are."""
    if len(parts) > 1 and all(map(z3.is_bv_value, parts)):
        size = sum(part.size() for part in parts)
        number = functools.reduce(lambda n, part: n << part.size() | part.as_long(), parts, 0)
        return z3.BitVecVal(number, size)
    return z3.Concat(*parts) if len(parts) > 1 else parts[0]


# SUMS ---------------------------------------------------------------------------------------------


def _sum(parts: list[z3.BitVecRef]) -> z3.BitVecRef:
    """Return a sum; a - min(a, c) as 0 if a <= c else a - c."""
    for place, part in enumerate(parts):
        taken = _negated(part)
        if len(parts) < 2 or taken is None or taken.decl().kind() != z3.Z3_OP_ITE:
            continue
        whole = functools.reduce(operator.add, parts[:place] + parts[place + 1 :])
        condition, *sides = taken.children()
        if _is_among(whole, sides):
            zero = z3.BitVecVal(0, whole.size())
            return _choice(condition, *(zero if x.eq(whole) else whole - x for x in sides))
    return functools.reduce(operator.add, parts)


def _product(parts: list[z3.BitVecRef]) -> z3.BitVecRef:
    """Return a product; of a flag, as a choice."""
    nothing = z3.BitVecVal(0, parts[0].size())
    if any(map(_is_zero, parts)):
        return nothing
    if len(parts) == 2:
        for flag, other in (parts, reversed(parts)):
            if is_flag(flag):
                sides = [other if side.as_long() else nothing for side in flag.children()[1:]]
                return _choice(flag.arg(0), *sides)
    return functools.reduce(operator.mul, parts)


def _negated(term: z3.BitVecRef) -> z3.BitVecRef | None:
    """Return x for -1 * x."""
    if term.decl().kind() == z3.Z3_OP_BMUL and term.num_args() == 2:
        for minus, other in (term.children(), reversed(term.children())):
            if minus.eq(_ones(term.size())):
                return other
    return None


def _is_among(term: z3.ExprRef, terms: list[z3.ExprRef]) -> bool:
    """Return whether a term is one of several."""
    return any(term.eq(other) for other in terms)


def _is_zero(term: z3.BitVecRef) -> bool:
    """Return whether a word is the constant 0."""
    return z3.is_bv_value(term) and term.as_long() == 0


def _ones(size: int) -> z3.BitVecRef:
    """Return the word of which every bit is set."""
    return z3.BitVecVal(-1, size)
