"""A box with two ticking lines that takes its configuration from the city, and the city's key, in virtual time."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from edge.agent import Agent, Options
from edge.clock import BoxClock
from edge.configuration import Configuration
from edge.sim.link import SimulatedBroker, SimulatedLink
from wire import desired, signing, topics
from wire.desired import Desired, Reported, Sealed
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load
from wire.signing import Signer

BOX, BEGIN_NS, SECOND_NS = "XM-TA-01", 1_795_000_000 * 10**9, 10**9
TRIAL_S = 20.0
LINE_A = "{source: ticking, every: 100ms}"
LINE_B = "{source: ticking, every: 500ms}"


def sensors_yaml(a: str = LINE_A, b: str = LINE_B, box: str = BOX) -> str:
    """The city of one box with two lines, a sensor on each."""
    return f"""schema: egret.sensors/1
crs: WGS-84
city: {{name: 小城, demonstration: true}}
districts: {{tongan: 同安区}}
limits:
  prompt:
    rules:
      lean:
        {{kind: limit, quantity: tilt, off_delay: 0s,
         levels: {{red: {{limit: 1.5, on_delay: 0s, source: "judgement: test"}}}}}}
kinds: {{billboard: {{profile: recorded, limits: prompt}}}}
boxes:
  {box}:
    lines:
      a: {a}
      b: {b}
sites:
  S1: {{name: 一, kind: billboard, district: tongan, sensors: {{T1: {{line: {box}/a}}, T2: {{line: {box}/b}}}}}}
"""


def make_key(folder: Path, name: str = "fleet") -> tuple[Path, Path]:
    """A private key and its public half, as the manual makes them."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True, capture_output=True)
    private.chmod(0o600)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public


@dataclass
class Rig:
    """`broker` is where the box is connected; `signer` speaks for the city."""

    folder: Path
    signer: Signer = field(init=False)
    trust: Path = field(init=False)
    broker: SimulatedBroker = field(default_factory=lambda: SimulatedBroker(Random(1)))

    def __post_init__(self) -> None:
        """A key, and the file that the box was installed with."""
        private, self.trust = make_key(self.folder)
        self.signer = signing.load_signer(private)
        (self.folder / "sensors.yaml").write_text(sensors_yaml(), encoding="utf-8")

    def own(self) -> Inventory:
        """What the box was installed with."""
        return load(self.folder / "sensors.yaml", load_library(library_folder()))

    def document(self, counter: int, text: str = "", **said: Any) -> Desired:
        """A configuration of this box; `said` is what it says differently."""
        files = {"sensors.yaml": text or sensors_yaml()}
        usual = Desired(BOX, counter, BEGIN_NS, BEGIN_NS + 3600 * SECOND_NS, TRIAL_S, files)
        return msgspec.structs.replace(usual, **said)

    def signed(self, document: Desired) -> bytes:
        """As the city pushes it."""
        form = desired.signed_form(document)
        return desired.encode(desired.sealed(form, self.signer.key, self.signer.sign(form.signed)))

    def signed_text(self, text: str) -> bytes:
        """Whatever the text is, and however large."""
        form = Sealed(text, self.signer.key, "")
        signature = base64.b64encode(self.signer.sign(form.signed)).decode()
        return desired.encode(msgspec.structs.replace(form, signature=signature))

    def push(self, payload: bytes) -> None:
        """Into the box's desired topic."""
        self.broker.send_down(BOX, payload, "desired")

    @property
    def reported(self) -> Reported:
        """What the box last said."""
        return desired.decode_reported(self.broker.retained[topics.topic(BOX, "reported")])

    def configuration(self) -> Configuration:
        """As a starting process reads it."""
        return Configuration(BOX, self.folder / "data", (self.trust,), self.own, now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Configuration]:
        """The agent, from its start until it is told to stop."""
        configuration = self.configuration()
        agent = Agent(
            configuration.inventory,
            configuration.box,
            Options(self.folder / "data", drain_s=0),
            open_link=partial(SimulatedLink, self.broker, BOX),
            clock=BoxClock.trusted(now),
            rng=Random(2),
            configuration=configuration,
        )
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(agent.run(stop))
            yield configuration
            stop.set()

    async def until(self, is_so: Callable[[Reported], bool], within_s: float = 3600) -> float:
        """When the box says so, by the event loop's clock."""
        async with asyncio.timeout(within_s):
            while topics.topic(BOX, "reported") not in self.broker.retained or not is_so(self.reported):
                await asyncio.sleep(0.05)
        return asyncio.get_running_loop().time()


def now() -> int:
    """UTC in ns."""
    try:
        return BEGIN_NS + round(asyncio.get_running_loop().time() * SECOND_NS)
    except RuntimeError:  # before a loop runs
        return BEGIN_NS
