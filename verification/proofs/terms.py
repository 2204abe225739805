"""What the terms of a path look like, and what they mean in the EVM."""

from __future__ import annotations

import z3

COMPARISONS = {  # (is signed, is left the lesser, is strict)
    z3.Z3_OP_ULT: (False, True, True),
    z3.Z3_OP_ULEQ: (False, True, False),
    z3.Z3_OP_UGT: (False, False, True),
    z3.Z3_OP_UGEQ: (False, False, False),
    z3.Z3_OP_SLT: (True, True, True),
    z3.Z3_OP_SLEQ: (True, True, False),
    z3.Z3_OP_SGT: (True, False, True),
    z3.Z3_OP_SGEQ: (True, False, False),
}
DIVISIONS = {  # (is signed, is a quotient)
    z3.Z3_OP_BUDIV: (False, True),
    z3.Z3_OP_BUREM: (False, False),
    z3.Z3_OP_BSDIV: (True, True),
    z3.Z3_OP_BSREM: (True, False),
}
CONNECTIVES = {
    z3.Z3_OP_AND: z3.And,
    z3.Z3_OP_OR: z3.Or,
    z3.Z3_OP_NOT: z3.Not,
    z3.Z3_OP_IMPLIES: z3.Implies,
    z3.Z3_OP_XOR: z3.Xor,
    z3.Z3_OP_ITE: z3.If,
}

# The engine leaves these operations without a meaning until a path is judged.
_ABSTRACTED = {
    "bvmul": lambda x, y: x * y,
    "bvudiv": z3.UDiv,
    "bvurem": z3.URem,
    "bvsdiv": lambda x, y: x / y,
    "bvsrem": z3.SRem,
}


def concrete(term: z3.ExprRef, done: dict[int, z3.ExprRef]) -> z3.ExprRef:
    """Return a term with the EVM's meaning of products and quotients put in.

    Args:
        done: What has been rewritten before, by id; the terms must stay alive.
    """
    stack = [term]
    while stack:
        top = stack[-1]
        if top.get_id() in done:
            stack.pop()
            continue
        waiting = [part for part in top.children() if part.get_id() not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        parts = [done[part.get_id()] for part in top.children()]
        done[top.get_id()] = _rebuilt(top, parts)
    return done[term.get_id()]


def _rebuilt(term: z3.ExprRef, parts: list[z3.ExprRef]) -> z3.ExprRef:
    """Return a term with other arguments and without abstraction."""
    if not parts:
        return term
    name = term.decl().name()
    if term.decl().kind() != z3.Z3_OP_UNINTERPRETED:
        same = all(new.eq(old) for new, old in zip(parts, term.children(), strict=True))
        return term if same else term.decl()(*parts)
    operation = name.removeprefix("f_evm_").rsplit("_", 1)[0]
    if operation not in _ABSTRACTED:
        raise NotImplementedError(f"no meaning known for {name}")
    x, y = parts
    result = _ABSTRACTED[operation](x, y)
    if operation == "bvmul" or z3.is_bv_value(y):
        return result
    zero = z3.BitVecVal(0, x.size())
    return z3.If(y == zero, zero, result)


def evm_division(term: z3.BitVecRef) -> z3.BitVecRef | None:
    """Return the quotient or remainder in `0 if y == 0 else x / y`."""
    condition, zero, result = term.children()
    is_division = result.decl().kind() in DIVISIONS and z3.is_bv_value(zero)
    if not is_division or zero.as_long() != 0 or condition.decl().kind() != z3.Z3_OP_EQ:
        return None
    parts = condition.children()
    divisor = result.arg(1)
    is_guard = any(part.eq(divisor) for part in parts) and any(part.eq(zero) for part in parts)
    return result if is_guard else None


def conjuncts(term: z3.BoolRef) -> list[z3.BoolRef]:
    """Return the conditions that a condition consists of."""
    if z3.is_and(term):
        return [part for child in term.children() for part in conjuncts(child)]
    if z3.is_not(term):
        inner = term.arg(0)
        if z3.is_not(inner):
            return conjuncts(inner.arg(0))
        if z3.is_or(inner):
            return [part for child in inner.children() for part in conjuncts(z3.Not(child))]
    return [term]


def is_flag(term: z3.BitVecRef) -> bool:
    """Return whether a word is `1 if condition else 0`, or the other way round."""
    if term.decl().kind() != z3.Z3_OP_ITE:
        return False
    values = [part.as_long() for part in term.children()[1:] if z3.is_bv_value(part)]
    return sorted(values) == [0, 1]


def empty_bits(term: z3.BitVecRef) -> int:
    """Return how many of the lowest bits of a word are 0, as far as its form tells."""
    if z3.is_bv_value(term):
        value = term.as_long()
        return (value & -value).bit_length() - 1 if value else term.size()
    kind = term.decl().kind()
    if kind == z3.Z3_OP_BSHL and z3.is_bv_value(term.arg(1)):
        return min(term.size(), term.arg(1).as_long() + empty_bits(term.arg(0)))
    if kind == z3.Z3_OP_CONCAT:
        lowest = term.children()[-1]
        return empty_bits(lowest) if z3.is_bv_value(lowest) else 0
    if kind == z3.Z3_OP_BAND:
        return max(empty_bits(part) for part in term.children())
    return 0


def at_values(term: z3.ExprRef, known: list[tuple[z3.ExprRef, z3.ExprRef]]) -> z3.ExprRef:
    """Return a term with numbers put in for its names."""
    return z3.simplify(z3.substitute(term, *known))
