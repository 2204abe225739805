"""Ape as the engine of a deployment."""

from __future__ import annotations

from typing import Any

from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ape.managers.project import ProjectManager
from ethpm_types import ContractType

from bulkhead.abi import combined


class ApeChain:
    """A `bulkhead.deployment.Chain` on the network that Ape is connected to."""

    def __init__(self, project: ProjectManager, deployer: AccountAPI) -> None:
        """Deploy from `project`, sending every transaction from `deployer`."""
        self.project = project
        self.deployer = deployer

    def deploy(self, name: str, *args: Any) -> ContractInstance:
        """Deploy a contract of the project."""
        return self.deployer.deploy(self.project.get_contract(name), *args)

    def attach(self, name: str, address: str) -> ContractInstance:
        """Return a handle of a contract that is there already."""
        return self.project.get_contract(name).at(address)

    def combine(self, contract: ContractInstance, *names: str) -> ContractInstance:
        """Return a handle that also knows the functions and events of other contracts."""
        entry = contract.contract_type
        parts = [self.project.get_contract(name).contract_type for name in names]
        content = entry.model_dump(mode="json", by_alias=True)
        content["abi"] = combined(content["abi"], *(_abi(part) for part in parts))
        known = ContractType.model_validate(content)
        return self.project.chain_manager.contracts.instance_at(contract.address, known)

    def encode(self, contract: ContractInstance, function: str, *args: Any) -> bytes:
        """Return the calldata of a call."""
        return bytes(getattr(contract, function).encode_input(*args))

    def send(self, contract: ContractInstance, function: str, *args: Any) -> object:
        """Call a function in a transaction of the deployer."""
        return getattr(contract, function)(*args, sender=self.deployer)

    def read(self, contract: ContractInstance, function: str, *args: Any) -> Any:
        """Call a view."""
        return getattr(contract, function)(*args)


def _abi(contract_type: ContractType) -> Any:
    return contract_type.model_dump(mode="json", by_alias=True)["abi"]
