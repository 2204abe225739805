"""What a deployment is told, judged before anything is sent. Imports: none.

config = load_config("config/local.yaml")    # or `ConfigError`, one line per mistake
"""

from bulkhead.config.errors import ConfigError
from bulkhead.config.model import (
    LOCAL_CHAIN_IDS,
    MAX_COLLATERALS,
    MAX_MARKETS,
    DeploymentConfig,
    load_config,
)
from bulkhead.config.sections import (
    Asset,
    Collateral,
    DefaultFund,
    DefaultProcedure,
    Feed,
    Governance,
    InsuranceFund,
    Market,
    NegativeCash,
    Oracle,
    Risk,
    Settlement,
    Waterfall,
    WindDown,
)

__all__ = [
    "LOCAL_CHAIN_IDS",
    "MAX_COLLATERALS",
    "MAX_MARKETS",
    "Asset",
    "Collateral",
    "ConfigError",
    "DefaultFund",
    "DefaultProcedure",
    "DeploymentConfig",
    "Feed",
    "Governance",
    "InsuranceFund",
    "Market",
    "NegativeCash",
    "Oracle",
    "Risk",
    "Settlement",
    "Waterfall",
    "WindDown",
    "load_config",
]
