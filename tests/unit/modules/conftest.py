"""The modules' internals, as functions of a contract in process."""

from __future__ import annotations

import pytest

from verification.engine.evm import Artefacts, PyrevmChain


@pytest.fixture(scope="session")
def chain_in_process() -> PyrevmChain:
    return PyrevmChain(Artefacts())


@pytest.fixture(scope="session")
def maths(chain_in_process):
    return chain_in_process.deploy("MathHarness")
