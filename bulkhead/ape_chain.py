"""Ape as the engine of a deployment."""

from __future__ import annotations

from typing import Any

from ape.api import AccountAPI
from ape.managers.project import ProjectManager


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

    def send(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a function in a transaction of the deployer."""
        return getattr(contract, function)(*args, sender=self.deployer)

    def read(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a view."""
        return getattr(contract, function)(*args)
