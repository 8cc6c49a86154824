"""The demonstration's child processes: started, waited for, measured, stopped by their own pid."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from wire.errors import EgretError

_STOP_S = 15.0


def egret(*arguments: str) -> tuple[str, ...]:
    """The command line of our own program under this interpreter."""
    return (sys.executable, "-m", "wire", *arguments)


@dataclass(frozen=True, slots=True)
class Child:
    """One process. `role` groups it for the memory figures: edge_box, cloud, broker."""

    name: str
    role: str
    command: tuple[str, ...]
    process: Process
    log: Path

    @property
    def is_running(self) -> bool:
        """Has it not ended?"""
        return self.process.returncode is None

    def ended(self) -> EgretError:
        """Why the demonstration cannot go on, with the last lines that the process wrote."""
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
        return EgretError(
            f"{self.name} ended with exit code {self.process.returncode}. Its last words:\n{tail}\n",
            where=str(self.log),
            fix="see the log; `egret check` tests the files.",
            code="E-DEMO-001",
        )


class Processes:
    """Starts children and stops whatever is left of them on leaving, the last started first."""

    def __init__(self, logs: Path) -> None:
        """`logs` gets one file a child."""
        self._logs = logs
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        """Make the folder of logs."""
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything: those that send before those that receive."""
        for role in reversed(dict.fromkeys(child.role for child in self._children)):
            await self.stop(self.of(role))

    async def start(self, name: str, role: str, command: Sequence[str]) -> Child:
        """Start one child; it must not end before it is told to."""
        process, log = await self._spawn(name, command)
        child = Child(name, role, tuple(command), process, log)
        self._children.append(child)
        return child

    async def finish(self, name: str, command: Sequence[str]) -> int:
        """Run a child that ends by itself, and return its exit code; who is cancelled meanwhile ends it."""
        process, _ = await self._spawn(name, command)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _spawn(self, name: str, command: Sequence[str]) -> tuple[Process, Path]:
        """In a process group of its own, so that Ctrl-C reaches only us; with its log."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        return process, log

    async def kill(self, child: Child) -> None:
        """End a child with SIGKILL, as a power cut would, and forget it."""
        child.process.kill()
        await child.process.wait()
        self._children.remove(child)

    async def restart(self, child: Child) -> Child:
        """Start what was killed again, with the same command."""
        return await self.start(child.name, child.role, child.command)

    async def stop(self, children: Sequence[Child]) -> None:
        """Ask all with SIGTERM, wait; what has not ended after 15 s is killed."""
        running = [child for child in children if child.is_running]
        for child in running:
            child.process.send_signal(signal.SIGTERM)
        for child in running:
            try:
                async with asyncio.timeout(_STOP_S):
                    await child.process.wait()
            except TimeoutError:
                child.process.kill()
                await child.process.wait()

    def of(self, role: str) -> tuple[Child, ...]:
        """The children of one role, as started."""
        return tuple(child for child in self._children if child.role == role)

    def ended(self) -> Child | None:
        """A child that ended although nobody asked it to."""
        return next((child for child in self._children if not child.is_running), None)

    def rss_mib(self, role: str) -> float:
        """Resident memory of the largest process of a role, in MiB; 0 when none runs."""
        sizes = [psutil.Process(child.process.pid).memory_info().rss for child in self.of(role) if child.is_running]
        return round(max(sizes, default=0) / 2**20, 1)
