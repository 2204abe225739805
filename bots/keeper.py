"""A keeper as a Silverback bot: runs the default procedure and bids, block by block.

Start an Anvil that keeps running, deploy, open an account for the keeper, start the bot:

    anvil --port 8545 &
    export APE_FOUNDRY_HOST=http://127.0.0.1:8545
    ape run deploy
    export BULKHEAD_MANIFEST=out/deployments/31337.json BULKHEAD_ACCOUNT=<account id>
    silverback run bots.keeper:bot --network ethereum:local:foundry --account TEST::1

On a live network give its own manifest, network and account alias. The account id is a margin
account that the signer owns or operates with TRADE; its free margin is what the keeper can take
over. Further settings, all optional:

    BULKHEAD_RISK_RATE   loss on notional that a discount must cover besides the hedge (0.002)
    BULKHEAD_GAS_COST    cost of a transaction, cash (5)
    BULKHEAD_BACKSTOP    1: also take what no discount pays for, at a loss
    BULKHEAD_AT_MARK     1: also take positions of insolvent accounts at mark, at a loss
    BULKHEAD_REMAINDER   least discount on collateral that an insolvency has left over (0.03)
    BULKHEAD_FIRST_BLOCK block from which to look for accounts (0)

What a hedge costs is reckoned by bulkhead/keeper/hedging.py from open interest and the prices of
the last minutes. What the bot decides is in bulkhead/keeper/; this file only hands it the blocks.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ape import chain
from ape.api import AccountAPI, BlockAPI
from silverback import SilverbackBot

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bulkhead.keeper import (  # noqa: E402
    Chores,
    Hedging,
    Keeper,
    Settings,
    SettingsError,
    require_account,
)
from bulkhead.keeper.ape_venue import ApeVenue  # noqa: E402


def find_keeper(signer: AccountAPI | None) -> Keeper:
    """Attach to the deployment and find the keeper's own account."""
    settings = Settings.read(os.environ, ROOT / "out" / "deployments" / "31337.json")
    if signer is None:
        raise SettingsError("the keeper signs transactions: start it with --account")
    venue = ApeVenue(settings.manifest, signer, settings.first_block)
    require_account(venue, settings.account, signer.address)
    deployed = settings.manifest
    markets = list(deployed.markets.values())
    chores = Chores(venue, list(deployed.collaterals.values()), markets, settings.account)
    hedging = Hedging(markets)
    return Keeper(venue, settings.account, settings.policy, chores=chores, hedging=hedging)


bot = SilverbackBot()
# Here rather than at startup: what is wrong ends the program with one line, not with a traceback.
try:
    keeper = find_keeper(bot.signer)
except SettingsError as error:
    raise SystemExit(str(error)) from None


@bot.on_(chain.blocks)
def on_block(_: BlockAPI) -> dict[str, int]:
    """Look at every account once, act, and count what was done."""
    outcomes = keeper.run()
    return {
        "accounts": len(keeper.known),
        "done": sum(not outcome.reason for outcome in outcomes),
        "failed": sum(bool(outcome.reason) for outcome in outcomes),
    }
