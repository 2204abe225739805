"""Ape as the engine of a deployment."""

from __future__ import annotations

from typing import Any

from ape.api import AccountAPI
from ape.managers.project import ProjectManager
from ethpm_types import ContractType


class ApeChain:
    """A `bulkhead.deployment.Chain` on whatever network Ape is connected to."""

    def __init__(self, project: ProjectManager, deployer: AccountAPI) -> None:
        """Deploy from `project`, sending every transaction from `deployer`."""
        self.project = project
        self.deployer = deployer

    def deploy(self, name: str, *args: Any) -> Any:
        """Deploy a contract of the project."""
        return self.deployer.deploy(self.project.get_contract(name), *args)

    def attach(self, name: str, address: str) -> Any:
        """Return a handle of a contract that is there already."""
        return self.project.get_contract(name).at(address)

    def combine(self, contract: Any, *names: str) -> Any:
        """Return a handle that also knows the functions and events of other contracts."""
        known = contract.contract_type.model_copy(deep=True)
        signatures = {entry.signature for entry in known.abi if hasattr(entry, "signature")}
        abi = list(known.abi)
        for name in names:
            for entry in self.project.get_contract(name).contract_type.abi:
                signature = getattr(entry, "signature", None)
                if signature is not None and signature not in signatures:
                    signatures.add(signature)
                    abi.append(entry)
        combined = ContractType(abi=abi, contractName=known.name, sourceId=known.source_id)
        return self.project.chain_manager.contracts.instance_at(contract.address, combined)

    def encode(self, contract: Any, function: str, *args: Any) -> bytes:
        """Return the calldata of a call."""
        return bytes(getattr(contract, function).encode_input(*args))

    def send(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a function in a transaction of the deployer."""
        return getattr(contract, function)(*args, sender=self.deployer)

    def read(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a view."""
        return getattr(contract, function)(*args)
