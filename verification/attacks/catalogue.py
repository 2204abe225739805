"""All attacks by name, in the order of their rows."""

from __future__ import annotations

from verification.attacks.attack import Attack
from verification.attacks.plays.charges import CHARGES
from verification.attacks.plays.debts import DEBTS
from verification.attacks.plays.funds import FUNDS
from verification.attacks.plays.prices import PRICES
from verification.attacks.plays.procedure import PROCEDURE
from verification.attacks.plays.terms import TERMS

_ALL: dict[str, Attack] = CHARGES | PROCEDURE | PRICES | DEBTS | FUNDS | TERMS
ATTACKS = dict(sorted(_ALL.items(), key=lambda pair: pair[1].row))
