"""Running the default procedure for its rewards: decisions, chores, settings. Imports: none.

keeper = Keeper(venue, account, Policy(risk_rate=Decimal("0.002")))
outcomes = keeper.run()    # once a block; a revert is an outcome, never an exception
"""

from bulkhead.keeper.actions import Action, ActionKind, Outcome, Venue, batches
from bulkhead.keeper.chores import EVERY, INSOLVENCY, Chores
from bulkhead.keeper.keeper import Keeper, Policy
from bulkhead.keeper.settings import Settings, SettingsError, require_account

__all__ = [
    "EVERY",
    "INSOLVENCY",
    "Action",
    "ActionKind",
    "Chores",
    "Keeper",
    "Outcome",
    "Policy",
    "Settings",
    "SettingsError",
    "Venue",
    "batches",
    "require_account",
]
