"""All attacks by name, in the order in which they are told in docs/audit/incidents.md."""

from __future__ import annotations

from decimal import Decimal

from verification.defences.custody import CUSTODY
from verification.defences.margin import MARGIN
from verification.defences.prices import PRICES
from verification.defences.procedure import PROCEDURE
from verification.defences.venues import VENUES

DEFENCES = PROCEDURE | MARGIN | PRICES | CUSTODY | VENUES


def play(name: str) -> tuple[str, Decimal, Decimal]:
    """Play an attack twice; return its name and what it gained with the defence and without it."""
    return (name, *DEFENCES[name].gains(name))
