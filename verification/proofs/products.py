"""Integer conditions without products.

What a claim needs of products is mostly that equal ones are equal: (s - c) * d and c * d add up to
s * d. So numbers that are nothing but an input, its negative or a sum of two are found and put in
place, everything is multiplied out, and each product that is left becomes an unknown number
between what its factors allow. The result is linear and says less: when it has no solution,
neither has what it was made of.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import z3

INPUT = "in."  # how the names of inputs begin
ROUNDS = 3  # of finding numbers that are inputs
TRY = 2_000  # milliseconds to find one
LIMITS = (2**64, 2**128)  # what is tried for a number without a bound

MIRRORED = {
    z3.Z3_OP_LE: z3.Z3_OP_GE,
    z3.Z3_OP_GE: z3.Z3_OP_LE,
    z3.Z3_OP_LT: z3.Z3_OP_GT,
    z3.Z3_OP_GT: z3.Z3_OP_LT,
}
NEGATED = {
    z3.Z3_OP_LE: z3.Z3_OP_GT,
    z3.Z3_OP_GE: z3.Z3_OP_LT,
    z3.Z3_OP_LT: z3.Z3_OP_GE,
    z3.Z3_OP_GT: z3.Z3_OP_LE,
}


def without_products(query: str) -> str:
    """Return a linear query that has a solution whenever this one has."""
    conditions = _expanded(list(z3.parse_smt2_string(query)))
    for _ in range(ROUNDS):
        linear = Linear(conditions)
        same = linear.inputs_in_disguise()
        if not same:
            break
        conditions = _expanded([z3.substitute(c, *same) for c in conditions])
    return Linear(conditions).solver().to_smt2()


def _expanded(conditions: list[z3.BoolRef]) -> list[z3.BoolRef]:
    goal = z3.Goal()
    goal.add(*conditions)
    steps = z3.Then("simplify", "propagate-values", "elim-term-ite", z3.With("simplify", som=True))
    (result,) = steps(goal)
    return list(result)


class Linear:
    """Conditions with a number in place of each product of numbers."""

    def __init__(self, conditions: list[z3.BoolRef]) -> None:
        """Replace products, and bound them."""
        self._given = conditions  # as long as they live, their terms keep their ids
        self._low: dict[int, int] = {}
        self._high: dict[int, int] = {}
        for condition in conditions:
            self._note_bound(condition, False)
        for condition in conditions:
            self._share_bounds(condition)
        self._products: dict[tuple[int, ...], z3.ArithRef] = {}
        self._seen: dict[int, tuple[z3.ExprRef, z3.ExprRef]] = {}
        self.names: dict[str, z3.ArithRef] = {}
        self.factors: dict[str, z3.ArithRef] = {}
        self._bounds: list[z3.BoolRef] = []
        self.conditions = [self._rebuilt(condition) for condition in conditions]
        self._bound_products()

    def solver(self) -> z3.Solver:
        """Return a solver with the conditions."""
        solver = z3.Then("simplify", "solve-eqs", "smt").solver()
        solver.set("timeout", TRY)
        solver.add(*self.conditions, *self._bounds)
        return solver

    def inputs_in_disguise(self) -> list[tuple[z3.ArithRef, z3.ArithRef]]:
        """Return factors of products that must equal an input, its negative or a sum of two."""
        inputs = [number for name, number in self.names.items() if name.startswith(INPUT)]
        plain = inputs + [a + b for a, b in itertools.combinations(inputs, 2)]
        candidates = [*plain, *(-number for number in plain)]
        factors = [f for name, f in self.factors.items() if not name.startswith(INPUT)]
        pairs = [(factor, self._equal_of(factor, candidates)) for factor in factors]
        return [(factor, equal) for factor, equal in pairs if equal is not None]

    def _equal_of(self, factor: z3.ArithRef, candidates: list[z3.ArithRef]) -> z3.ArithRef | None:
        """Return the first candidate that the factor must equal; a solution rules others out."""
        left = candidates
        while left:
            candidate, *left = left
            solver = self.solver()
            solver.add(factor != candidate)
            answer = solver.check()
            if answer == z3.unsat:
                return candidate
            if answer == z3.unknown:
                continue
            model = solver.model()
            found = model.eval(factor, True).as_long()
            left = [c for c in left if model.eval(c, True).as_long() == found]
        return None

    def _rebuilt(self, term: z3.ExprRef) -> z3.ExprRef:
        """Return a term with numbers in place of products."""
        known = self._seen.get(term.get_id())
        if known is None:
            known = self._seen[term.get_id()] = (term, self._made(term))
        return known[1]

    def _made(self, term: z3.ExprRef) -> z3.ExprRef:
        if term.num_args() == 0:
            if z3.is_int(term) and not z3.is_int_value(term):
                self.names[str(term)] = term
            return term
        if not z3.is_mul(term):
            return term.decl()(*map(self._rebuilt, term.children()))
        numbers = [f.as_long() for f in _factors_of(term) if z3.is_int_value(f)]
        factors = [f for f in _factors_of(term) if not z3.is_int_value(f)]
        times = math.prod(numbers)
        if len(factors) < 2:
            return times * self._rebuilt(factors[0]) if factors else z3.IntVal(times)
        return times * self._product_of(factors)

    def _product_of(self, factors: list[z3.ArithRef]) -> z3.ArithRef:
        """Return the number in place of a product."""
        key = tuple(sorted(factor.get_id() for factor in factors))
        if key not in self._products:
            self._products[key] = z3.Int(f"product.{len(self._products)}")
            for factor in factors:
                if self._rebuilt(factor).num_args() == 0:
                    self.factors[str(factor)] = factor
        return self._products[key]

    def _bound_products(self) -> None:
        """Say between what each product is, as far as its factors tell."""
        for factor in self.factors.values():
            self._find_bounds(factor)
        for key, product in self._products.items():
            ends = [(self._low.get(n), self._high.get(n)) for n in key]
            if all(None not in end for end in ends):
                corners = [math.prod(corner) for corner in itertools.product(*ends)]
                self._bounds += [product >= min(corners), product <= max(corners)]

    def _find_bounds(self, factor: z3.ArithRef) -> None:
        """Find a power of two that a factor without bounds does not exceed."""
        number = factor.get_id()
        if number in self._low and number in self._high:
            return
        for limit in LIMITS:
            solver = self.solver()
            solver.add(z3.Or(factor > limit, factor < -limit))
            if solver.check() == z3.unsat:
                self._low[number], self._high[number] = -limit, limit
                return

    def _note_bound(self, condition: z3.BoolRef, is_negated: bool) -> None:
        """Note what a condition says about one number, if it is of that kind."""
        kind = condition.decl().kind()
        if kind == z3.Z3_OP_NOT:
            self._note_bound(condition.arg(0), not is_negated)
        if kind not in MIRRORED:
            return
        left, right = condition.children()
        if z3.is_int_value(left):
            left, right, kind = right, left, MIRRORED[kind]
        if left.num_args() or not z3.is_int_value(right) or z3.is_int_value(left):
            return
        if is_negated:
            kind = NEGATED[kind]
        number, bound = left.get_id(), right.as_long()
        if kind in (z3.Z3_OP_LE, z3.Z3_OP_LT):
            bound -= kind == z3.Z3_OP_LT
            self._high[number] = min(self._high.get(number, bound), bound)
        else:
            bound += kind == z3.Z3_OP_GT
            self._low[number] = max(self._low.get(number, bound), bound)

    def _share_bounds(self, condition: z3.BoolRef) -> None:
        """Give two numbers that are equal the bounds of both."""
        if condition.decl().kind() != z3.Z3_OP_EQ:
            return
        left, right = condition.children()
        if left.num_args() or right.num_args():
            return
        for bounds, narrower in ((self._low, max), (self._high, min)):
            known = [bounds[n] for n in (left.get_id(), right.get_id()) if n in bounds]
            if known:
                bounds[left.get_id()] = bounds[right.get_id()] = narrower(known)


def _factors_of(term: z3.ArithRef) -> Iterable[z3.ArithRef]:
    """Yield the factors of a product of products."""
    if z3.is_mul(term):
        for factor in term.children():
            yield from _factors_of(factor)
    else:
        yield term
