"""Pytest plugin: run the tests on instrumented contracts, and write down what they reach.

    python -m verification.coverage ...        # -p verification.coverage.record, before
    verification.engine.in_process

Contracts in process are the instrumented ones; behind Anvil a shadow repeats every request. Each
process of the run writes a file into `out/coverage/hits/` when it ends, under a name of its own:
what another run reaches comes on top of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from web3.providers.rpc import HTTPProvider

from verification.coverage.instrument import CONTRACT_SHIFT, InstrumentedArtefacts
from verification.coverage.report import HITS
from verification.coverage.shadow import Shadow
from verification.engine import evm

FIRST, LAST = 1 << CONTRACT_SHIFT, 256 << CONTRACT_SHIFT  # numbers of markers


class Recorder:
    """What is patched while tests run, and what they have reached."""

    def __init__(self) -> None:
        """Put instrumented contracts in the place of the others; none is compiled before a test
        asks for it."""
        self.engines: list[Any] = []
        self.shadows: dict[str, Shadow] = {}
        self.patches = pytest.MonkeyPatch()
        self.plain = evm.Artefacts()
        self.instrumented = InstrumentedArtefacts()
        self._start()

    def _start(self) -> None:
        create, request = evm.PyrevmChain.__init__, HTTPProvider.make_request

        def create_and_note(chain: Any, artefacts: Any = None, **settings: Any) -> None:
            if artefacts is not None and artefacts.contracts != self.instrumented.contracts:
                create(chain, artefacts, **settings)  # other sources: nothing to be learned
                return
            create(chain, self.instrumented, **settings)
            self.engines.append(chain.evm)

        def request_and_follow(provider: Any, method: str, params: Any) -> Any:
            answer = request(provider, method, params)
            where = str(provider.endpoint_uri)
            if where not in self.shadows:
                ask = lambda method, params: request(provider, method, params)  # noqa: E731
                self.shadows[where] = Shadow(ask, self.plain, self.instrumented)
            self.shadows[where].follow(method, list(params), answer)
            return answer

        self.patches.setattr(evm.PyrevmChain, "__init__", create_and_note)
        self.patches.setattr(HTTPProvider, "make_request", request_and_follow)

    def finish(self, path: Path) -> None:
        """Write what was reached."""
        self.patches.undo()
        reached: set[int] = set()
        for engine in [*self.engines, *(shadow.evm for shadow in self.shadows.values())]:
            numbers = (int(address, 16) for address in engine.db_accounts)
            reached |= {number for number in numbers if FIRST <= number < LAST}
        found = {
            "sources": self.instrumented.folder.name,
            "reached": sorted(reached),
            "transactions": sum(s.counts["transactions"] for s in self.shadows.values()),
            "calls": sum(s.counts["calls"] for s in self.shadows.values()),
            "disagreements": [d for s in self.shadows.values() for d in s.disagreements],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))


def pytest_unconfigure() -> None:
    """Write when the run ends."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    RECORDER.finish(HITS / f"{worker}-{os.getpid()}.json")


# Before any chain is made: other plugins make theirs when they are imported.
RECORDER = Recorder()
