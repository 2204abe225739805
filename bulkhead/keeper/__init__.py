"""The default procedure, run by anyone for its rewards. Imports: abi, deployment.

keeper = Keeper(venue, account, Policy(risk_rate=Decimal("0.002")))
outcomes = keeper.run()    # once a block; a revert is an outcome, never an exception

A node behind Ape is `bulkhead.keeper.ape_venue`, not imported here: it takes seconds.
"""

from bulkhead.keeper.actions import Action, ActionKind, Outcome, Venue, batches
from bulkhead.keeper.chores import EVERY, INSOLVENCY, Chores
from bulkhead.keeper.hedging import HedgeModel, Hedging
from bulkhead.keeper.keeper import Keeper, Policy
from bulkhead.keeper.settings import Settings, SettingsError, require_account
from bulkhead.keeper.views import AccountView, Insolvency, MarketView, PositionView, PriceView

__all__ = [
    "EVERY",
    "INSOLVENCY",
    "AccountView",
    "Action",
    "ActionKind",
    "Chores",
    "HedgeModel",
    "Hedging",
    "Insolvency",
    "Keeper",
    "MarketView",
    "Outcome",
    "Policy",
    "PositionView",
    "PriceView",
    "Settings",
    "SettingsError",
    "Venue",
    "batches",
    "require_account",
]
