"""Ape as the world of a keeper: a deployment, by its manifest, and an account that signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ape import chain
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ethpm_types import ContractType

from bulkhead.abi import contract_names, load_abi
from bulkhead.deployment import Manifest
from bulkhead.keeper.actions import Action, Outcome


class ApeVenue:
    """A `bulkhead.keeper.Venue` on the network that Ape is connected to.

    Interfaces are the published ones: nothing has to be compiled.
    """

    def __init__(self, manifest: Manifest, signer: AccountAPI, first_block: int) -> None:
        """Attach to the contracts of a manifest and sign with `signer`."""
        self.contracts = {
            name: _attach(name, address)
            for name, address in manifest.contracts.items()
            if name in contract_names()
        }
        self.signer = signer
        self.next_block = first_block

    def now(self) -> int:
        """Time of the last block."""
        return int(chain.blocks.head.timestamp)

    def opened(self) -> Iterable[int]:
        """Ids of accounts opened since the last time."""
        head = int(chain.blocks.head.number or 0)
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
        for action in actions:
            contract = self.contracts[action.contract]
            try:
                getattr(contract, str(action.kind))(*action.call, sender=self.signer)
            except Exception as error:
                outcomes.append(Outcome(action, str(error) or type(error).__name__))
            else:
                outcomes.append(Outcome(action))
        return outcomes


def _attach(name: str, address: str) -> ContractInstance:
    interface = ContractType.model_validate({"contractName": name, "abi": load_abi(name)})
    return chain.contracts.instance_at(address, interface)
