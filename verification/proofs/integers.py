"""Bit-vector conditions of a path, said in integers.

Solvers decide `a * b // c` at 256 bits by its circuits, which is hopeless, or in integers, where
the school's rules hold. A word is translated into an integer that is congruent to it modulo 2**n,
together with an interval that contains it. As long as intervals show that nothing wraps, sums and
products are those of integers; where something may wrap a multiple of 2**n is taken off explicitly.
Quotients and remainders become new integers with what defines them. An operation that has no such
translation (`xor`, say) becomes an integer of which only the range is known.

Every new integer exists for every value of the inputs, so whatever satisfies the path satisfies
the translation: when the translation has no solution, neither has the path. `Translation.check_at`
compares both at given inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import z3

from verification.proofs.choices import Choices
from verification.proofs.terms import (
    COMPARISONS,
    CONNECTIVES,
    DIVISIONS,
    at_values,
    conjuncts,
    empty_bits,
    evm_division,
    is_flag,
)

Values = dict[str, int]

CONDITION = "condition."  # how the names of a query's conditions begin


@dataclass(frozen=True)
class Number:
    """An integer congruent to a word, within [low, high]."""

    value: z3.ArithRef
    low: int
    high: int


@dataclass
class Definition:
    """A new integer, and what it is for given inputs."""

    name: z3.ArithRef
    value: Callable[[Values], int]


@dataclass
class Translation:
    """A path's conditions in integers."""

    # Without abstraction (`concrete`).
    conditions: list[z3.BoolRef]
    inputs: dict[str, z3.BitVecRef] = field(default_factory=dict)
    facts: list[z3.BoolRef] = field(default_factory=list)
    formulas: list[z3.BoolRef] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    bounds: dict[int, tuple[int, int]] = field(default_factory=dict)
    # Which conditions were read as bounds: without them the rest would be translated otherwise.
    bounding: list[int] = field(default_factory=list)
    numbers: dict[int, Number] = field(default_factory=dict)
    truths: dict[int, z3.BoolRef] = field(default_factory=dict)
    views: dict[tuple[int, bool], Number] = field(default_factory=dict)
    # Terms looked up by id: as long as they live, no other term gets theirs.
    kept: list[z3.ExprRef] = field(default_factory=list)
    # The new integers at the inputs that are being checked, in the order of their definitions.
    known: list[tuple[z3.ArithRef, z3.ArithRef]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Translate."""
        self.conditions = [part for c in self.conditions for part in conjuncts(c)]
        for condition in self.conditions:
            self._collect_inputs(condition)
        self._collect_bounds()
        choices = Choices()
        self.formulas = [self._truth(choices.rewritten(c)) for c in self.conditions]

    # Answers --------------------------------------------------------------------------------------

    def to_smt2(self) -> str:
        """Return the translation as a query in which the conditions have names."""
        lines = [f"(declare-const {new.name.sexpr()} Int)" for new in self.definitions]
        lines += [f"(assert {fact.sexpr()})" for fact in self.facts]
        for place, formula in enumerate(self.formulas):
            lines.append(f"(assert (! {formula.sexpr()} :named {CONDITION}{place}))")
        return "\n".join([*lines, "(check-sat)"])

    def needed_for(self, core: list[int]) -> list[z3.BoolRef]:
        """Return conditions that nothing satisfies, given the numbers of those in conflict."""
        return [self.conditions[place] for place in {*core, *self.bounding}]

    def inputs_of(self, model: Values, prefix: str) -> Values:
        """Return the inputs that a model stands for; any value does for one it leaves out."""
        return {
            name: model.get(f"{prefix}{name}", 0) % (1 << word.size())
            for name, word in self.inputs.items()
        }

    def holds(self, values: Values) -> bool:
        """Return whether inputs satisfy the path itself."""
        return all(self._bits(condition, values) for condition in self.conditions)

    def check_at(self, values: Values) -> None:
        """Compare translation and path at given inputs, condition by condition.

        Raises:
            AssertionError: They differ.
        """
        inside = all(
            low <= self._input_value(word, values) <= high
            for word in self.inputs.values()
            for low, high in [self._input_bounds(word)]
        )
        if not inside:
            return  # excluded by a condition that was read as a bound
        self.known = []
        for definition in self.definitions:
            self.known.append((definition.name, z3.IntVal(definition.value(values))))
        for fact in self.facts:
            assert z3.is_true(at_values(fact, self.known)), f"a definition is wrong: {fact}"
        for condition, formula in zip(self.conditions, self.formulas, strict=True):
            exact = bool(self._bits(condition, values))
            found = z3.is_true(at_values(formula, self.known))
            assert found == exact, f"translated wrongly: {condition}"

    # Inputs ---------------------------------------------------------------------------------------

    def _collect_inputs(self, term: z3.ExprRef) -> None:
        """Find the words that a condition is about."""
        seen: set[int] = set()
        stack = [term]
        while stack:
            term = stack.pop()
            if term.get_id() in seen:
                continue
            seen.add(term.get_id())
            if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                assert z3.is_bv(term), f"an input that is no word: {term}"
                self.inputs[term.decl().name()] = term
            stack.extend(term.children())

    def _collect_bounds(self) -> None:
        """Read comparisons of an input with a constant as its interval."""
        signed: dict[int, list[int]] = {}
        unsigned: dict[int, list[int]] = {}
        for word in self.inputs.values():
            size = word.size()
            signed[word.get_id()] = [-(1 << (size - 1)), (1 << (size - 1)) - 1]
            unsigned[word.get_id()] = [0, (1 << size) - 1]
        for place, condition in enumerate(self.conditions):
            is_true = not z3.is_not(condition)
            atom = condition if is_true else condition.arg(0)
            if atom.num_args() != 2 or atom.decl().kind() not in COMPARISONS:
                continue
            is_signed, is_less, is_strict = COMPARISONS[atom.decl().kind()]
            left, right = atom.arg(0), atom.arg(1)
            if not is_true:  # not (l < r) is r <= l
                left, right, is_strict = right, left, not is_strict
            if not is_less:
                left, right = right, left
            table = signed if is_signed else unsigned
            if left.get_id() in table and z3.is_bv_value(right):
                limit = right.as_signed_long() if is_signed else right.as_long()
                range_ = table[left.get_id()]
                range_[1] = min(range_[1], limit - is_strict)
                self.bounding.append(place)
            elif right.get_id() in table and z3.is_bv_value(left):
                limit = left.as_signed_long() if is_signed else left.as_long()
                range_ = table[right.get_id()]
                range_[0] = max(range_[0], limit + is_strict)
                self.bounding.append(place)
        for word in self.inputs.values():
            key = word.get_id()
            full = 1 << word.size()
            is_read_signed = unsigned[key][1] >= full // 2 and signed[key] != [
                -full // 2,
                full // 2 - 1,
            ]
            low, high = signed[key] if is_read_signed else unsigned[key]
            self.bounds[key] = (low, high)

    def _input_bounds(self, word: z3.BitVecRef) -> tuple[int, int]:
        """Return the interval of an input."""
        return self.bounds[word.get_id()]

    def _input_value(self, word: z3.BitVecRef, values: Values) -> int:
        """Return an input as the integer that stands for it."""
        value = values[word.decl().name()]
        if self._input_bounds(word)[0] < 0 and value >> (word.size() - 1):
            return value - (1 << word.size())
        return value

    def _bits(self, term: z3.ExprRef, values: Values) -> int:
        """Return what a term of the path is at given inputs."""
        known = [(w, z3.BitVecVal(values[name], w.size())) for name, w in self.inputs.items()]
        result = at_values(term, known)
        if z3.is_bool(result):
            return z3.is_true(result)
        return result.as_long()

    # New integers ---------------------------------------------------------------------------------

    def _new(self, kind: str, low: int, high: int, value: Callable[[Values], int]) -> Number:
        """Return a new integer within [low, high]."""
        name = z3.Int(f"{kind}.{len(self.definitions)}")
        self.definitions.append(Definition(name, value))
        self.facts += [name >= low, name <= high]
        return Number(name, low, high)

    def _input(self, word: z3.BitVecRef) -> Number:
        """Return the integer of an input."""
        name = z3.Int(f"in.{word.decl().name()}")
        low, high = self._input_bounds(word)
        self.definitions.append(Definition(name, lambda at: self._input_value(word, at)))
        self.facts += [name >= low, name <= high]
        return Number(name, low, high)

    def _opaque(self, term: z3.BitVecRef) -> Number:
        """Return an integer for a term of which only the width is used."""
        return self._new("opaque", 0, (1 << term.size()) - 1, lambda at: self._bits(term, at))

    def _view(self, term: z3.BitVecRef, is_signed: bool) -> Number:
        """Return the number that a word is when read as signed or unsigned."""
        key = term.get_id(), is_signed
        if key not in self.views:
            self.kept.append(term)
            self.views[key] = self._make_view(term, is_signed)
        return self.views[key]

    def _make_view(self, term: z3.BitVecRef, is_signed: bool) -> Number:
        """Take the multiple of 2**n off that brings a number into the range of its reading."""
        number = self._number(term)
        full = 1 << term.size()
        least = -full // 2 if is_signed else 0
        most = least + full - 1
        if least <= number.low and number.high <= most:
            return number
        first = (number.low - least) // full
        last = (number.high - least) // full
        if first == last:
            turn = first * full
            return Number(number.value - turn, number.low - turn, number.high - turn)
        if first == -1 and last == 0:
            inside = z3.If(number.value < least, number.value + full, number.value)
            return Number(inside, least, most)
        if first == 0 and last == 1:
            inside = z3.If(number.value > most, number.value - full, number.value)
            return Number(inside, least, most)

        def read(at: Values) -> int:
            bits = self._bits(term, at)
            return bits - full if bits > most else bits

        view = self._new("word", least, most, read)
        known = number.value

        def wraps(at: Values) -> int:
            return (self._value_of(known) - read(at)) // full

        turns = self._new("wraps", first, last, wraps)
        self.facts.append(known == view.value + full * turns.value)
        return view

    def _value_of(self, value: z3.ArithRef) -> int:
        """Return what an expression of earlier integers is at the inputs that are being checked."""
        return at_values(value, self.known).as_long()

    # Words ----------------------------------------------------------------------------------------

    def _number(self, term: z3.BitVecRef) -> Number:
        """Return the integer that stands for a word."""
        key = term.get_id()
        if key not in self.numbers:
            self.kept.append(term)
            self.numbers[key] = self._make_number(term)
        return self.numbers[key]

    def _make_number(self, term: z3.BitVecRef) -> Number:
        """Translate a word."""
        if z3.is_bv_value(term):
            value = term.as_signed_long()
            return Number(z3.IntVal(value), value, value)
        kind = term.decl().kind()
        if kind == z3.Z3_OP_UNINTERPRETED:
            return self._input(term)
        if kind in (z3.Z3_OP_BADD, z3.Z3_OP_BMUL):
            return self._fold(term, kind == z3.Z3_OP_BMUL)
        if kind == z3.Z3_OP_BSUB:
            a, b = (self._number(part) for part in term.children())
            return Number(a.value - b.value, a.low - b.high, a.high - b.low)
        if kind == z3.Z3_OP_BNEG:
            a = self._number(term.arg(0))
            return Number(-a.value, -a.high, -a.low)
        if kind == z3.Z3_OP_BNOT:
            a = self._number(term.arg(0))
            return Number(-1 - a.value, -1 - a.high, -1 - a.low)
        if kind == z3.Z3_OP_ITE:
            quotient = evm_division(term)
            if quotient is not None:
                return self._division(quotient, *DIVISIONS[quotient.decl().kind()])
            return self._choice(term.arg(0), term.arg(1), term.arg(2))
        if kind in DIVISIONS and z3.is_bv_value(term.arg(1)):
            return self._division(term, *DIVISIONS[kind])
        if kind in (z3.Z3_OP_BLSHR, z3.Z3_OP_BASHR) and z3.is_bv_value(term.arg(1)):
            shift = term.arg(1).as_long()
            return self._shifted(shift, self._view(term.arg(0), kind == z3.Z3_OP_BASHR))
        if kind == z3.Z3_OP_BSHL and z3.is_bv_value(term.arg(1)):
            factor = 1 << term.arg(1).as_long()
            a = self._number(term.arg(0))
            return Number(a.value * factor, a.low * factor, a.high * factor)
        if kind == z3.Z3_OP_ZERO_EXT:
            return self._view(term.arg(0), False)
        if kind == z3.Z3_OP_SIGN_EXT:
            return self._view(term.arg(0), True)
        if kind == z3.Z3_OP_EXTRACT:
            return self._extract(term)
        if kind == z3.Z3_OP_CONCAT:
            return self._concat(term)
        if kind == z3.Z3_OP_BXOR and term.num_args() == 2:
            return self._xor(term)
        if kind == z3.Z3_OP_BAND and term.num_args() == 2:
            return self._masked(term)
        if kind == z3.Z3_OP_BOR:
            return self._joined(term)
        return self._opaque(term)

    def _fold(self, term: z3.BitVecRef, is_product: bool) -> Number:
        """Translate a sum or a product. A zero or one times a word is a choice."""
        if is_product and term.num_args() == 2:
            for bit, other in (term.children(), reversed(term.children())):
                if is_flag(bit):
                    zero = z3.BitVecVal(0, term.size())
                    if bit.arg(1).as_long() == 0:
                        return self._choice(bit.arg(0), zero, other)
                    return self._choice(bit.arg(0), other, zero)
        total = self._number(term.arg(0))
        for part in term.children()[1:]:
            b = self._number(part)
            if is_product:
                corners = [x * y for x in (total.low, total.high) for y in (b.low, b.high)]
                low = 0 if part.eq(term.arg(0)) and term.num_args() == 2 else min(corners)
                total = Number(total.value * b.value, max(low, min(corners)), max(corners))
            else:
                total = Number(total.value + b.value, total.low + b.low, total.high + b.high)
        return total

    def _choice(self, condition: z3.BoolRef, first: z3.BitVecRef, second: z3.BitVecRef) -> Number:
        """Translate `first if condition else second`."""
        a, b = self._number(first), self._number(second)
        if a.value.eq(b.value):
            return a
        low = min(
            0 if self._is_guarded(first, condition, True) else a.low,
            0 if self._is_guarded(second, condition, False) else b.low,
        )
        return Number(z3.If(self._truth(condition), a.value, b.value), low, max(a.high, b.high))

    def _is_guarded(self, term: z3.BitVecRef, condition: z3.BoolRef, is_true: bool) -> bool:
        """Return whether a word is x - y, where a condition says that x is no less than y."""
        kind = condition.decl().kind()
        if term.decl().kind() != z3.Z3_OP_BSUB or kind not in COMPARISONS:
            return False
        is_signed, is_less, _ = COMPARISONS[kind]
        sides = condition.children() if is_less == is_true else condition.children()[::-1]
        lesser, greater = map(self._number, sides)
        x, y = map(self._number, term.children())
        fit = all(n.low >= 0 and n.high < 1 << sides[0].size() for n in (lesser, greater))
        return not is_signed and fit and x.value.eq(greater.value) and y.value.eq(lesser.value)

    def _division(self, term: z3.BitVecRef, is_signed: bool, is_quotient: bool) -> Number:
        """Translate a quotient or remainder as the EVM has it: 0 when the divisor is 0."""
        x = self._view(term.arg(0), is_signed)
        y = self._view(term.arg(1), is_signed)
        if x.low == x.high == 0:
            return x
        exact = self._cancelled(term, is_signed)
        if exact is not None and is_quotient:
            return Number(
                z3.If(y.value == 0, 0, exact.value), min(exact.low, 0), max(exact.high, 0)
            )
        most_x = max(abs(x.low), abs(x.high))
        most_y = max(abs(y.low), abs(y.high))
        least_y = 1 if y.low <= 0 <= y.high else min(abs(y.low), abs(y.high))
        highest = most_x // least_y
        low = -highest if is_signed and (x.low < 0 or y.low < 0) else 0
        dividend, divisor = term.arg(0), term.arg(1)

        def quotient_at(at: Values) -> int:
            a, b = (self._read(part, at, is_signed) for part in (dividend, divisor))
            if b == 0:
                return 0
            return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)

        def remainder_at(at: Values) -> int:
            a, b = (self._read(part, at, is_signed) for part in (dividend, divisor))
            return 0 if b == 0 else a - b * quotient_at(at)

        quotient = self._new("quotient", low, highest, quotient_at)
        reach = max(most_y - 1, 0)
        bottom = -reach if x.low < 0 else 0
        remainder = self._new("remainder", bottom, reach, remainder_at)
        q, r = quotient.value, remainder.value
        size = z3.If(y.value < 0, -y.value, y.value) if y.low < 0 else y.value
        proper = [x.value == q * y.value + r]
        if x.low < 0:
            proper += [
                z3.If(x.value >= 0, z3.And(r >= 0, r < size), z3.And(r <= 0, -r < size)),
            ]
        else:
            proper += [r >= 0, r < size]
        if y.low > 0 or y.high < 0:
            self.facts += proper
        else:
            self.facts.append(z3.If(y.value == 0, z3.And(q == 0, r == 0), z3.And(*proper)))
        return quotient if is_quotient else remainder

    def _read(self, term: z3.BitVecRef, at: Values, is_signed: bool) -> int:
        """Return a word at given inputs, read as signed or unsigned."""
        bits = self._bits(term, at)
        return bits - (1 << term.size()) if is_signed and bits >> (term.size() - 1) else bits

    def _cancelled(self, term: z3.BitVecRef, is_signed: bool) -> Number | None:
        """Return x for a quotient x * y / y whose product does not wrap."""
        product, divisor = term.arg(0), term.arg(1)
        if product.decl().kind() != z3.Z3_OP_BMUL or product.num_args() != 2:
            return None
        half = 1 << (term.size() - 1)
        number = self._number(product)
        least, most = (-half, half - 1) if is_signed else (0, 2 * half - 1)
        if number.low < least or number.high > most:
            return None
        parts = list(product.children())
        for one, other in (parts, parts[::-1]):
            plain = self._number(one)
            fits = least <= plain.low and plain.high <= most
            divides = self._number(divisor)
            exact = least <= divides.low and divides.high <= most
            if one.eq(divisor) and fits and exact:
                x = self._number(other)
                return x if least <= x.low and x.high <= most else None
        return None

    def _shifted(self, shift: int, x: Number) -> Number:
        """Translate a shift to the right: the floor of x / 2**shift."""
        factor = 1 << shift
        if x.low == x.high:
            return Number(z3.IntVal(x.low // factor), x.low // factor, x.low // factor)
        value = x.value
        whole = self._new(
            "high",
            x.low // factor,
            x.high // factor,
            lambda _: self._value_of(value) // factor,
        )
        rest = self._new("low", 0, factor - 1, lambda _: self._value_of(value) % factor)
        self.facts.append(value == factor * whole.value + rest.value)
        return whole

    def _extract(self, term: z3.BitVecRef) -> Number:
        """Translate a field of a word."""
        _, low = term.params()
        inner = term.arg(0)
        # Congruent modulo 2**(high - low + 1), whatever is above.
        return self._shifted(low, self._view(inner, False)) if low else self._number(inner)

    def _concat(self, term: z3.BitVecRef) -> Number:
        """Translate words written one behind the other."""
        total = Number(z3.IntVal(0), 0, 0)
        for part in term.children():
            x = self._view(part, False)
            factor = 1 << part.size()
            total = Number(
                total.value * factor + x.value,
                total.low * factor + x.low,
                total.high * factor + x.high,
            )
        return total

    def _xor(self, term: z3.BitVecRef) -> Number:
        """Translate a result of which sign and zero are known: Vyper asks `iszero(a ^ b)`."""
        result = self._opaque(term)
        half = 1 << (term.size() - 1)
        a, b = (self._view(part, True) for part in term.children())
        self.facts.append((result.value >= half) == ((a.value < 0) != (b.value < 0)))
        self.facts.append((result.value == 0) == self._same(*term.children()))
        return result

    def _masked(self, term: z3.BitVecRef) -> Number:
        """Translate `word & mask` for a mask of adjacent bits."""
        for word, mask in (term.children(), reversed(term.children())):
            if not z3.is_bv_value(mask):
                continue
            bits = mask.as_long()
            if bits == 0:
                return Number(z3.IntVal(0), 0, 0)
            start = (bits & -bits).bit_length() - 1
            count = (bits >> start).bit_length()
            if bits >> start != (1 << count) - 1:
                continue
            last = start + count - 1
            part = z3.Extract(last, start, word) if count < word.size() else word
            field_ = self._view(part, False)
            return Number(field_.value * (1 << start), field_.low << start, field_.high << start)
        return self._opaque(term)

    def _joined(self, term: z3.BitVecRef) -> Number:
        """Translate `a | b << n`, when a has n bits at most: the sum."""
        parts = [part for part in term.children() if self._view(part, False).high]
        parts = sorted(parts, key=empty_bits) or term.children()[:1]
        total = self._view(parts[0], False)
        for part in parts[1:]:
            if total.high >> empty_bits(part):
                return self._opaque(term)
            x = self._view(part, False)
            total = Number(total.value + x.value, total.low + x.low, total.high + x.high)
        return total

    # Conditions -----------------------------------------------------------------------------------

    def _truth(self, term: z3.BoolRef) -> z3.BoolRef:
        """Return a condition in integers."""
        key = term.get_id()
        if key not in self.truths:
            self.kept.append(term)
            self.truths[key] = self._make_truth(term)
        return self.truths[key]

    def _make_truth(self, term: z3.BoolRef) -> z3.BoolRef:
        """Translate a condition."""
        kind = term.decl().kind()
        if z3.is_true(term) or z3.is_false(term):
            return term
        if kind in CONNECTIVES:
            return CONNECTIVES[kind](*(self._truth(part) for part in term.children()))
        if kind in COMPARISONS:
            is_signed, is_less, is_strict = COMPARISONS[kind]
            a, b = (self._view(part, is_signed) for part in term.children())
            if not is_less:
                a, b = b, a
            return a.value < b.value if is_strict else a.value <= b.value
        if kind in (z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT):
            same = self._same(*term.children())
            return z3.Not(same) if kind == z3.Z3_OP_DISTINCT else same
        raise NotImplementedError(f"no integers for {term.decl()}")

    def _same(self, a: z3.ExprRef, b: z3.ExprRef) -> z3.BoolRef:
        """Translate an equation."""
        if z3.is_bool(a):
            return self._truth(a) == self._truth(b)
        x, y = self._number(a), self._number(b)
        if max(x.high, y.high) - min(x.low, y.low) < 1 << a.size():
            return x.value == y.value
        is_signed = x.low < 0 or y.low < 0
        return self._view(a, is_signed).value == self._view(b, is_signed).value
