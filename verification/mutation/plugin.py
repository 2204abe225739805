"""pytest on the EVM in process: worlds with sleeping mutants."""

from __future__ import annotations

from typing import Any

import pyrevm

from verification.engine import evm, node
from verification.engine.world import World
from verification.mutation import schema

CODE_LIMIT = 2**20  # bytes; contracts with many mutants in them exceed EIP-170
ENGINE = pyrevm.EVM


class Worlds:
    """The deployments that tests act on, and every engine that they make."""

    def __init__(self, artefacts: evm.Artefacts) -> None:
        """Put the engine in Ape's place, before any test module is imported."""
        self.artefacts = artefacts
        artefacts.code_limit = CODE_LIMIT
        self.engines: list[Any] = []
        self.awake: int | None = None
        evm.pyrevm.EVM = self._engine
        self._use(artefacts)
        self.people = node.make_accounts()
        self.chain = node.NodeChain()
        self._node_world: World | None = None
        node.take_the_place_of_ape(self.chain)
        World.deploy = classmethod(lambda cls, *_: self.node_world())

    def node_world(self) -> World:
        """Return the clearinghouse on the chain in Ape's place."""
        if self._node_world is None:
            self._node_world = node.deploy_on_node(self.chain, self.people)
        return self._node_world

    def prepare(self) -> set[int]:
        """Deploy both worlds with sleeping mutants; return those that the deployment came past.

        The worlds that tests will use are deployed without mutants, and get the code with mutants
        in a second step: no mutant's address has been looked at in their engines.
        """
        twins = [evm.deploy_world(), node.deploy_on_node(node.NodeChain(), self.people)]
        seen = self.passed()
        self._use(evm.Artefacts(evm.ROOT / "contracts"))
        self._restart()
        worlds = [evm.world_in_process(), self.node_world()]
        for world, twin in zip(worlds, twins, strict=True):
            for name, contract in world.deployment.contracts.items():
                address = contract.address
                assert address == twin.deployment.contracts[name].address
                info = world.chain.evm.basic(address)
                code = twin.chain.evm.basic(address).code
                world.chain.evm.insert_account_info(
                    address, pyrevm.AccountInfo(nonce=info.nonce, code=code)
                )
        self._use(self.artefacts)
        self.engines = [world.chain.evm for world in worlds]
        return seen

    def passed(self) -> set[int]:
        """Return the mutants that any call came past: their addresses were looked at."""
        numbers = (schema.number_at(a) for engine in self.engines for a in engine.db_accounts)
        return {number for number in numbers if number is not None}

    def wake(self, number: int) -> None:
        """Wake a mutant, in the engines there are and in those to come."""
        self.awake = number
        for engine in self.engines:
            self._wake_in(engine)

    def redeploy(self) -> bool:
        """Deploy again with the mutant awake; return whether that went well."""
        self._restart()
        try:
            evm.world_in_process()
            self.node_world()
        except Exception:  # whatever it is, the mutant has been noticed
            return False
        return True

    def _restart(self) -> None:
        evm.world_in_process.cache_clear()
        self._node_world = None
        self.chain.__dict__.clear()
        self.chain.__init__()

    def _use(self, artefacts: evm.Artefacts) -> None:
        evm.Artefacts = lambda *_: artefacts

    def _engine(self, *arguments: Any, **options: Any) -> Any:
        engine = ENGINE(*arguments, **options)
        self.engines.append(engine)
        self._wake_in(engine)
        return engine

    def _wake_in(self, engine: Any) -> None:
        if self.awake is not None:
            address = schema.address_of(self.awake)
            engine.insert_account_info(address, pyrevm.AccountInfo(code=b"\x01"))
