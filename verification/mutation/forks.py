"""Jobs in forks of this process, a few at a time, each with so much time for every step.

Time is the fork's own processor time, or else a busy machine would look like an endless loop. A
fork that has used it up is ended by the kernel, wherever it is.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Job = Callable[[Callable[[str, float], None]], Any]

LOST = "the process ended without an answer"
MEMORY = 6 * 2**30  # bytes; a loop without end may fill memory before its time is up
STALLED = 40  # times its processor time may pass on the clock before a fork counts as stuck


@dataclass
class _Running:
    """A fork at work."""

    name: Any
    pid: int
    pipe: int
    deadline: float
    at: str = ""
    started: float = field(default_factory=time.monotonic)
    unread: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """What a job came to.

    Attributes:
        name: Whose job it was.
        answer: What it returned; None if it was stopped or broke.
        late_at: The step at which it was stopped, out of time or of memory.
        problem: What broke.
        seconds: How long it took.
    """

    name: Any
    answer: Any
    late_at: str | None
    problem: str | None
    seconds: float


def run_forked(
    jobs: Iterable[tuple[Any, Job]], parallel: int, patience: float
) -> Iterator[Outcome]:
    """Run jobs in forks and yield their outcomes as they end.

    Args:
        jobs: Names and jobs. A job is given a function to call before each of its steps, with the
            step's name and the seconds it may take, and returns something that JSON can say.
        parallel: How many at a time.
        patience: Seconds until a job has to name its first step.
    """
    waiting = iter(jobs)
    running: dict[int, _Running] = {}
    try:
        while True:
            while len(running) < parallel and (job := next(waiting, None)) is not None:
                fork = _start(*job, patience)
                running[fork.pipe] = fork
            if not running:
                return
            soonest = min(fork.deadline for fork in running.values())
            ready, _, _ = select.select(list(running), [], [], max(0, soonest - time.monotonic()))
            for pipe in ready:
                outcome = _read(running[pipe])
                if outcome is not None:
                    del running[pipe]
                    yield outcome
            for pipe, fork in list(running.items()):
                if time.monotonic() > fork.deadline:
                    del running[pipe]
                    _stop(fork)
                    yield Outcome(fork.name, None, fork.at, None, time.monotonic() - fork.started)
    finally:
        for fork in running.values():
            _stop(fork)


def _start(name: Any, job: Job, patience: float) -> _Running:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return _Running(name, pid, reader, time.monotonic() + STALLED * patience)
    # Nothing may escape from here into the parent's code, whatever happens.
    try:
        os.close(reader)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)

        def say(**what: Any) -> None:
            os.write(writer, json.dumps(what).encode() + b"\n")

        def begin(step: str, seconds: float) -> None:
            say(at=step, seconds=seconds)
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)

        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        if sys.platform == "linux":  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            say(answer=job(begin))
        except BaseException:
            say(problem=traceback.format_exc()[-2_000:])
    finally:
        os._exit(0)


def _read(fork: _Running) -> Outcome | None:
    """Read what a fork says; return its outcome if that was its last word."""
    data = os.read(fork.pipe, 1 << 16)
    fork.unread += data
    *lines, fork.unread = fork.unread.split(b"\n")
    for line in lines:
        said = json.loads(line)
        if "at" in said:
            fork.at = said["at"]
            fork.deadline = time.monotonic() + STALLED * said["seconds"]
        else:
            _stop(fork)
            seconds = time.monotonic() - fork.started
            return Outcome(fork.name, said.get("answer"), None, said.get("problem"), seconds)
    if data:
        return None
    was_ended = os.WIFSIGNALED(_stop(fork))  # out of time, or of memory
    late_at, problem = (fork.at, None) if was_ended and fork.at else (None, LOST)
    return Outcome(fork.name, None, late_at, problem, time.monotonic() - fork.started)


def _stop(fork: _Running) -> int:
    """Bury a fork; return how it ended."""
    os.kill(fork.pid, signal.SIGKILL)
    _, status = os.waitpid(fork.pid, 0)
    os.close(fork.pipe)
    return status
