"""The Anvil that Ape starts, without what nobody here asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ape_foundry.provider import FoundryProvider

KEPT = 16  # states of past blocks


@contextmanager
def frugal_anvil(traces: bool = True) -> Iterator[None]:
    """Let every Anvil that Ape starts meanwhile keep the last few states in memory, and no others.

    It would write them to ~/.foundry/anvil/tmp, a gigabyte for a run of the tests, and leave them
    there. Nobody asks for the state at a block of long ago. Traces of thousands of transactions
    take gigabytes, too; without them Ape shows no return values of transactions.
    """
    command = FoundryProvider.build_command

    def build_command(self: FoundryProvider) -> list[str]:
        words = [*command(self), "--prune-history", str(KEPT)]
        return [word for word in words if traces or word != "--steps-tracing"]

    # Ape has no setting for further words of the command.
    setattr(FoundryProvider, "build_command", build_command)  # noqa: B010, a method to mypy
    try:
        yield
    finally:
        setattr(FoundryProvider, "build_command", command)  # noqa: B010
