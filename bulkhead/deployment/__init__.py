"""The way from a configuration to contracts that are wired as it says. Imports: abi, config.

    done = deploy(chain, load_config("config/local.yaml"), admin)

`chain` is any engine that has the verbs of `Chain`. Ape's is `bulkhead.deployment.ape_chain`, which
is not imported here: it takes seconds, and tests in process need none of it.
"""

from bulkhead.deployment.chain import Chain, Contract
from bulkhead.deployment.deployed import COLLATERAL_ROW, MARKET_ROW, Deployment
from bulkhead.deployment.manifest import AssetFeeds, Manifest
from bulkhead.deployment.steps import PARTS, deploy
from bulkhead.deployment.terms import default_terms, feed_words, fund_terms, waterfall_terms
from bulkhead.deployment.wiring import DEFAULT_MANAGER, ROLE_HOLDERS, WiringError, verify

__all__ = [
    "COLLATERAL_ROW",
    "DEFAULT_MANAGER",
    "MARKET_ROW",
    "PARTS",
    "ROLE_HOLDERS",
    "AssetFeeds",
    "Chain",
    "Contract",
    "Deployment",
    "Manifest",
    "WiringError",
    "default_terms",
    "deploy",
    "feed_words",
    "fund_terms",
    "verify",
    "waterfall_terms",
]
