"""A keeper as a Silverback bot: calls margins, opens auctions and bids, block by block.

Start an Anvil that keeps running, deploy, open an account for the keeper, start the bot:

    anvil --port 8545 &
    export APE_FOUNDRY_HOST=http://127.0.0.1:8545
    ape run deploy
    export BULKHEAD_MANIFEST=out/deployments/31337.json BULKHEAD_ACCOUNT=<account id>
    silverback run bots.keeper:bot --network ethereum:local:foundry --account TEST::1

On a live network give its own manifest, network and account alias. The account id is a margin
account that the signer owns or operates with TRADE; its free margin is what the keeper can take
over. Further settings, all optional:

    BULKHEAD_RISK_RATE   loss on notional that a discount must cover (0.002)
    BULKHEAD_GAS_COST    cost of a bid, cash (5)
    BULKHEAD_BACKSTOP    1: also take what no discount pays for
    BULKHEAD_FIRST_BLOCK block from which to look for accounts (0)

What it decides is bulkhead/keeper.py; this file only connects that to a node.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ape import chain, project
from ape.api import BlockAPI
from silverback import SilverbackBot

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bulkhead.keeper import Action, Keeper, Outcome, Policy  # noqa: E402


class ApeVenue:
    """A `bulkhead.keeper.Venue` on whatever network Ape is connected to."""

    def __init__(self, manifest: dict[str, Any], signer: Any, first_block: int) -> None:
        """Attach to the contracts of a manifest and sign with `signer`."""
        self.contracts = {
            name: project.get_contract(name).at(address)
            for name, address in manifest["contracts"].items()
        }
        self.signer = signer
        self.next_block = first_block

    def now(self) -> int:
        """Time of the last block."""
        return chain.blocks.head.timestamp

    def opened(self) -> Iterable[int]:
        """Ids of accounts opened since the last time."""
        head = chain.blocks.head.number
        if head < self.next_block:
            return []
        event = self.contracts["Clearinghouse"].AccountOpened
        found = [log.account for log in event.range(self.next_block, head + 1)]
        self.next_block = head + 1
        return found

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view."""
        return getattr(self.contracts[contract], function)(*args)

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Send one transaction after the other; what reverts is reported."""
        outcomes = []
        manager = self.contracts["DefaultManager"]
        for action in actions:
            try:
                getattr(manager, str(action.kind))(*action.call, sender=self.signer)
            except Exception as error:
                outcomes.append(Outcome(action, str(error) or type(error).__name__))
            else:
                outcomes.append(Outcome(action))
        return outcomes


def policy() -> Policy:
    """Read the policy from the environment."""
    return Policy(
        risk_rate=Decimal(os.environ.get("BULKHEAD_RISK_RATE", "0.002")),
        gas_cost=Decimal(os.environ.get("BULKHEAD_GAS_COST", "5")),
        backstop=os.environ.get("BULKHEAD_BACKSTOP") == "1",
    )


bot = SilverbackBot()
keeper: Keeper | None = None


@bot.on_startup()
def start(_: Any) -> None:
    """Find the deployment and the keeper's own account."""
    global keeper
    path = Path(os.environ.get("BULKHEAD_MANIFEST", ROOT / "out" / "deployments" / "31337.json"))
    manifest = json.loads(path.read_text())
    account = os.environ.get("BULKHEAD_ACCOUNT")
    if account is None:
        raise SystemExit("BULKHEAD_ACCOUNT is not set: it takes the keeper's margin account")
    if bot.signer is None:
        raise SystemExit("the keeper signs transactions: start it with --account")
    first_block = int(os.environ.get("BULKHEAD_FIRST_BLOCK", "0"))
    keeper = Keeper(ApeVenue(manifest, bot.signer, first_block), int(account, 0), policy())


@bot.on_(chain.blocks)
def on_block(_: BlockAPI) -> dict[str, int]:
    """Look at every account once, act, and count what was done."""
    assert keeper is not None
    outcomes = keeper.run()
    return {
        "accounts": len(keeper.known),
        "done": sum(not outcome.reason for outcome in outcomes),
        "failed": sum(bool(outcome.reason) for outcome in outcomes),
    }
