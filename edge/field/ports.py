"""The serial ports of this machine, and why one cannot be used."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from wire.errors import PortBusy


@dataclass(frozen=True, slots=True)
class Port:
    """`path` is the name to write into sensors.yaml: one that survives a replug, where there is one.

    `holder` is the process that has it open, if we may see that.
    """

    path: str
    device: str
    adapter: str
    may_open: bool
    holder: str

    @property
    def state(self) -> str:
        """One word for the table."""
        if not self.may_open:
            return "no permission"
        return f"held by {self.holder}" if self.holder else "free"


def found(folder: Path = Path("/dev/serial/by-id"), processes: Path = Path("/proc")) -> list[Port]:
    """Those with hardware behind them, USB adapters first."""
    names = {str(link.resolve()): str(link) for link in (folder.iterdir() if folder.is_dir() else ())}
    listed = sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device))
    holders = _holders(processes, {port.device for port in listed})
    return [
        Port(
            path=names.get(port.device, port.device),
            device=port.device,
            adapter=_adapter(port.description, port.vid, port.pid),
            may_open=os.access(port.device, os.R_OK | os.W_OK),
            holder=holders.get(port.device, ""),
        )
        for port in listed
    ]


def the_only(ports: Iterable[Port]) -> str:
    """The port to use when none was named. Raises PortBusy when there is none, or a choice."""
    usable = [port for port in ports if port.may_open and not port.holder]
    if len(usable) == 1:
        return usable[0].path
    if not usable:
        raise PortBusy(
            "there is no serial port that can be opened.",
            where="this machine",
            fix="plug the adapter in, then `egret bus ports`; in a virtual machine, hand the USB device through.",
            code="E-BUS-023",
        )
    raise PortBusy(
        f"there are {len(usable)} serial ports: {', '.join(port.path for port in usable)}.",
        where="this machine",
        fix="name one with --port.",
        code="E-BUS-024",
    )


def _adapter(description: str, vid: int | None, pid: int | None) -> str:
    return f"{description} ({vid:04x}:{pid:04x})" if vid is not None and pid is not None else description


def _holders(processes: Path, devices: set[str]) -> dict[str, str]:
    """By device: name and number of the process that has it open."""
    held: dict[str, str] = {}
    for process in processes.glob("[0-9]*"):
        for target in _open_files(process):
            if target in devices:
                held[target] = f"{_name(process)} ({process.name})"
    return held


def _open_files(process: Path) -> Iterator[str]:
    """Of other users' processes nothing is seen; a process may end while we look."""
    try:
        for file in (process / "fd").iterdir():
            yield str(file.readlink())
    except OSError:
        return


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return "a process"
