"""Everything people do to a clearinghouse, in any order, with the invariants after every step."""

from __future__ import annotations

from verification.machines.default_rules import DefaultRules
from verification.machines.market_rules import MarketRules


class Clearinghouse(MarketRules, DefaultRules):
    """The base machine: acts, and checks the books after every step."""
