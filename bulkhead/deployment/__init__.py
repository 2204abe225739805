"""The way from a configuration to contracts that are wired as it says. Imports: config.

    done = deploy(chain, load_config("config/local.yaml"), admin)

`chain` is any engine that has the verbs of `Chain`. Ape's is `bulkhead.deployment.ape_chain`, which
is not imported here: it takes seconds, and tests in process need none of it.
"""

from bulkhead.deployment.steps import (
    DEFAULT_MANAGER,
    PARTS,
    Chain,
    Deployment,
    WiringError,
    default_terms,
    deploy,
    waterfall_terms,
    write_manifest,
)

__all__ = [
    "DEFAULT_MANAGER",
    "PARTS",
    "Chain",
    "Deployment",
    "WiringError",
    "default_terms",
    "deploy",
    "waterfall_terms",
    "write_manifest",
]
