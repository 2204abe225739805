"""Whether anything satisfies a path: solvers one after the other, each with a time limit.

Every query goes to yices as it is and, in integers, to z3 and cvc5; without products, to yices once
more. "No" of one of them is enough, and z3 says which conditions it needed for it: a path that has
these again needs no solver. A "yes" counts only with inputs that satisfy the path itself.
"""

from __future__ import annotations

import random
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import z3

from verification.proofs.exploring import Way
from verification.proofs.integers import CONDITION, Translation, Values
from verification.proofs.products import without_products
from verification.proofs.terms import conjuncts

TOOLS = Path(sys.executable).parent
CVC5 = """
import sys, cvc5
terms = cvc5.TermManager()
solver = cvc5.Solver(terms)
parser = cvc5.InputParser(solver)
parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
while not (command := parser.nextCommand()).isNull():
    print(command.invoke(solver, parser.getSymbolManager()), end="")
"""

WORDS, INTEGERS, LINEAR = "words", "integers", "no products"
LOGICS = {WORDS: "QF_BV", INTEGERS: "QF_NIA", LINEAR: "QF_LIA"}

# Solver, in what it is asked, and for how many seconds of processor. Short tries come first: what
# one of them decides at all it mostly decides at once.
TRIES = [
    ("z3", INTEGERS, 2),
    ("yices", LINEAR, 5),
    ("yices", WORDS, 1),
    ("cvc5", INTEGERS, 5),
    ("z3", INTEGERS, 20),
    ("yices", WORDS, 60),
    ("cvc5", INTEGERS, 240),
    ("z3", INTEGERS, 240),
]

# At how many random inputs a translation is compared with the path it translates.
SAMPLES = 2

# How many random inputs are tried before a solver looks for some.
GUESSES = 100


@dataclass(frozen=True)
class Answer:
    """Whether a path can be taken."""

    is_possible: bool | None  # None: nobody knows
    inputs: Values | None
    solver: str


class Judge:
    """Decides paths of one check, and remembers which conditions exclude each other."""

    def __init__(self) -> None:
        """Begin without conflicts."""
        self._conflicts: list[list[z3.BoolRef]] = []

    def decide(self, way: Way, is_expected: bool = False) -> Answer:
        """Decide whether any inputs satisfy the conditions of a path.

        What holds whatever products and quotients are needs no more than the abstract conditions.

        Args:
            is_expected: Some should; then a few random ones are tried first.
        """
        given = {part.get_id() for c in way.conditions for part in conjuncts(c)}
        if any(given.issuperset(c.get_id() for c in parts) for parts in self._conflicts):
            return Answer(False, None, "a conflict found before")
        if not is_expected:
            verdict, _ = _ask("yices", _query(way.abstract), 1, "QF_UFBV")
            if verdict == "unsat":
                return Answer(False, None, "yices, abstract")
        try:
            integers: Translation | None = Translation(way.conditions)
        except NotImplementedError:
            integers = None
        if integers is not None:
            for seed in range(SAMPLES):
                integers.check_at(sample(integers, seed))
        if integers is not None and is_expected:
            for seed in range(GUESSES):
                inputs = sample(integers, seed)
                if integers.holds(inputs):
                    return Answer(True, inputs, "chance")
        return self._solved(way, integers)

    def _solved(self, way: Way, integers: Translation | None) -> Answer:
        """Ask the solvers, one after the other."""
        forms: dict[str, str] = {}
        for solver, form, seconds in TRIES:
            if integers is None and form is not WORDS:
                continue
            if form not in forms:
                forms[form] = _said(way, integers, form)
            verdict, text = _ask(solver, forms[form], seconds, LOGICS[form])
            label = solver if form is WORDS else f"{solver}, {form}"
            if verdict == "unsat":
                core = _core(text)
                if integers is not None and core:
                    self._conflicts.append(integers.needed_for(core))
                return Answer(False, None, label)
            if verdict == "sat" and form is not LINEAR:
                inputs = _model(text)
                if integers is not None:
                    inputs = integers.inputs_of(inputs, "in." if form is INTEGERS else "")
                if integers is None or integers.holds(inputs):
                    return Answer(True, inputs, label)
        return Answer(None, None, "")


def _said(way: Way, integers: Translation | None, form: str) -> str:
    """Return the query in one of its forms."""
    if integers is None or form is WORDS:
        return _query(way.conditions)
    numbers = integers.to_smt2()
    return without_products(numbers) if form is LINEAR else numbers


def sample(integers: Translation, seed: int) -> Values:
    """Return random inputs within their bounds, of any magnitude."""
    chosen = random.Random(seed)
    values = {}
    for name, word in integers.inputs.items():
        low, high = integers.bounds[word.get_id()]
        value = chosen.choice([low, high, 0, chosen.randint(low, high)])
        if chosen.random() < 0.5:
            value = chosen.choice([-1, 1]) * chosen.getrandbits(chosen.randint(1, word.size()))
        values[name] = max(low, min(value, high)) % (1 << word.size())
    return values


def seconds_spent() -> float:
    """Return the processor time of this process and its solvers."""
    spent = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _query(conditions: list[z3.BoolRef]) -> str:
    """Return conditions as a query."""
    solver = z3.Solver()
    solver.add(*conditions)
    return solver.to_smt2()


def _ask(solver: str, query: str, seconds: int, logic: str) -> tuple[str, str]:
    """Run a solver in a process of its own; return its verdict and what else it said."""
    text = re.sub(r"\(set-info [^)]*\)", "", query)
    text = f"(set-option :produce-models true)\n(set-logic {logic})\n{text}\n(get-model)\n"
    if solver == "z3":
        text = f"(set-option :produce-unsat-cores true)\n{text}(get-unsat-core)\n"
    with tempfile.NamedTemporaryFile("w", suffix=".smt2") as file:
        file.write(text)
        file.flush()
        command = {
            "yices": [str(TOOLS / "yices-smt2"), file.name],
            "z3": [str(TOOLS / "z3"), file.name],
            "cvc5": [sys.executable, "-c", CVC5, file.name],
        }[solver]
        limit = partial(resource.setrlimit, resource.RLIMIT_CPU, (seconds, seconds + 1))
        start = seconds_spent()
        ran = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    verdict, _, rest = ran.stdout.strip().partition("\n")
    if verdict not in ("sat", "unsat", "unknown"):
        if ran.returncode and seconds_spent() - start > 0.7 * seconds:
            return "unknown", ""  # stopped by its limit
        raise RuntimeError(f"{solver} failed: {ran.stdout[:500]} {ran.stderr[:500]}")
    return verdict, rest


def _core(text: str) -> list[int]:
    """Read the numbers of the conditions that a solver needed to say "unsat"."""
    return [int(place) for place in re.findall(re.escape(CONDITION) + r"(\d+)", text)]


def _model(text: str) -> dict[str, int]:
    """Read the numbers of a model: `(= x #b1)` or `(define-fun x () Int (- 1))`."""
    values = {}
    text = re.sub(r"define-fun|\(\)|\(_ BitVec \d+\)|\bInt\b|=|[()|]", " ", text)
    for name, sign, number in re.findall(r"(\S+)\s+(-?)\s*(#?[xb]?[0-9a-f]+)\s", text + " "):
        base = {"#x": 16, "#b": 2}.get(number[:2], 10)
        value = int(number.removeprefix("#x").removeprefix("#b"), base)
        values[name] = -value if sign else value
    return values
