"""The fleet's documents, bent: changed on the way after the city signed them, wrong before it did, and what boxes say.

A real box must run what it was installed with until it hears the true document.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.fuzzing.bending import bent, damaged
from bench.fuzzing.targets import BOX, CITY, START_NS, require
from cloud.fleet.slicing import read_city
from edge.clock import BoxClock
from edge.configuration import Configuration
from edge.data_use import DataMeter
from edge.lines import Lines
from edge.ports import Delivery
from edge.spool import Spool
from wire import desired, signing, topics
from wire.desired import Desired, Reported, Sealed
from wire.errors import DesiredRefused, WireError
from wire.inventory import Box, Inventory
from wire.overlay import Lease
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

REPORTED: dict[str, object] = {
    "schema": "egret.reported/1",
    "box": BOX,
    "time_ns": START_NS,
    "counter": 6,
    "config_version": "9f2c11d04b7e",
    "is_trial": False,
    "seen": 7,
    "refusal": {
        "counter": 7,
        "errors": [
            {"where": "sensors.yaml:41", "what": "unit 300 is outside 1..247.", "fix": "80", "code": "E-CONF-004"}
        ],
        "is_returned": False,
    },
}
LAST_COUNTER = 7
"""Of the document that the city means."""
LAST_REPORT = msgspec.json.encode({**REPORTED, "counter": LAST_COUNTER, "refusal": None})
"""What a box says that has kept it."""
_HOUR_NS = 3600 * 10**9
_LEASE = Lease("typhoon", ("billboard",), every=0.5, on_delay=0.5, ends_ns=START_NS + _HOUR_NS)
_TRIAL_S = 86_400.0
_PATIENCE_S = 60


class Documents:
    """What a city with a key of its own signs, and what becomes of that on the way."""

    def __init__(self, folder: Path) -> None:
        """The key's two files lie in `folder`."""
        private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        key, self.trust = folder / "fleet.key", folder / "fleet.pub"
        key.touch(mode=0o600)
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.trust.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self._signer, self._keys = signing.load_signer(key), signing.load_keys([self.trust])
        path = folder / desired.SENSORS
        path.write_text(CITY, encoding="utf-8")
        files = read_city(path, library_folder()).slice_of(BOX)
        meant = Desired(BOX, LAST_COUNTER, START_NS, START_NS + _HOUR_NS, _TRIAL_S, dict(files), _LEASE)
        self._tree = msgspec.json.decode(desired.encode(meant))
        self._meant = desired.encode(meant).decode()
        self.true = self._signed(self._meant)

    def changed(self, rng: Random) -> bytes:
        """The true document after somebody had it: in its envelope, in its text, in its bytes."""
        form = msgspec.json.decode(self.true)
        match rng.randrange(3):
            case 0:
                return msgspec.json.encode(form | {"document": self._miswritten(rng)})
            case 1:
                return msgspec.json.encode(bent(rng, form))
            case _:
                return damaged(rng, self.true)

    def mistaken(self, rng: Random) -> bytes:
        """A document that was wrong before it was signed."""
        return self._signed(self._miswritten(rng))

    def read_changed(self, payload: bytes) -> bool:
        """Was it taken? Then it still says what the city meant."""
        try:
            form = self._proven(payload)
            desired.document_of(form)
        except DesiredRefused:
            return False
        require(form.document == self._meant, "what the city has signed")
        return True

    def read_mistaken(self, payload: bytes) -> bool:
        """Was it taken? Then it is one that the city could have meant: it says the same when it is written again."""
        form = self._proven(payload)
        try:
            document = desired.document_of(form)
        except DesiredRefused:
            return False
        require(desired.document_of(desired.signed_form(document)) == document, "a document that comes back")
        return True

    def _proven(self, payload: bytes) -> Sealed:
        """Raises DesiredRefused."""
        require(desired.claimed_counter(payload) >= 0, "a number to refuse it by")
        form = desired.unseal(payload)
        self._keys.prove(form.key, form.signature_bytes, form.signed)
        return form

    def _miswritten(self, rng: Random) -> str:
        text = msgspec.json.encode(bent(rng, self._tree))
        return (damaged(rng, text) if rng.random() < 0.25 else text).decode(errors="replace")

    def _signed(self, text: str) -> bytes:
        form = Sealed(text, self._signer.key, "")
        return desired.encode(desired.sealed(form, self._signer.key, self._signer.sign(form.signed)))


def read_reported(payload: bytes) -> bool:
    """By the cloud."""
    try:
        found = desired.decode_reported(payload)
    except WireError:
        return False
    require(desired.decode_reported(desired.encode(found)) == found, "a report that comes back")
    return True


class _Still(Lines):
    """The checks of a box's lines, without devices."""

    async def become(self, inventory: Inventory, box: Box, tasks: asyncio.TaskGroup) -> None:
        """Checked; none runs."""
        del tasks
        self.check(inventory, box)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Real boxes, installed with a city that has no sensors; each keeps what it is given in a folder of its own."""

    folder: Path
    documents: Documents

    async def trouble(self, changed: Iterable[bytes], mistaken: Iterable[bytes]) -> str:
        """What is wrong after one box has heard all that was changed, and others what was mistaken; or nothing."""
        own = self._own()
        async with self._box("box", own) as hears:
            for payload in changed:
                said = await hears(payload)
                if (said.counter, said.config_version) != (0, own.version):
                    return f"desired: a changed document runs: {payload[:200]!r}"
            said = await hears(self.documents.true)
            if said.counter != LAST_COUNTER:
                return f"desired: the true document does not run: {said.refusal}"
        for number, payload in enumerate(mistaken):
            async with self._box(f"box-{number}", own) as hears:
                said = await hears(payload)
            if bool(said.counter) == bool(said.refusal):
                return f"desired_mistaken: a box neither runs it nor says why not: {payload[:200]!r}"
        return ""

    @asynccontextmanager
    async def _box(self, name: str, own: Inventory) -> AsyncIterator[Callable[[bytes], Awaitable[Reported]]]:
        """A box that can be told something; it answers what it reports then."""
        data, clock = self.folder / name, BoxClock.trusted(lambda: START_NS)
        box = Configuration(BOX, data, (self.documents.trust,), lambda: own, clock.now)
        lines = _Still(Spool(data), "/", clock, Random(1), DataMeter(0, clock.now))

        async def hears(payload: bytes) -> Reported:
            box.changed.clear()
            box.hear(Delivery(topics.topic(BOX, "desired"), payload))
            async with asyncio.timeout(_PATIENCE_S):
                await box.changed.wait()
            return desired.decode_reported(box.reported())

        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(box.run(lines, tasks, lambda: True))
            yield hears
            running.cancel()

    def _own(self) -> Inventory:
        path = self.folder / desired.SENSORS
        path.write_text(CITY.partition("sites:")[0] + "sites: {}\n", encoding="utf-8")
        return load(path, load_library(library_folder()))
