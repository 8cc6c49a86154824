"""Bent messages and files against every reader: no crash, no hang, no memory, and the lanes go on.

    scripts/bench fuzz --inputs 1000000 --json
    scripts/bench fuzz --first 4711 --inputs 1        one input again, by its number
    scripts/bench fuzz --part devices                 only what devices send, and their profiles, profile by profile

Every input is made from its number alone: a valid batch, alarm message, status, receipt, document of the fleet, reply
or stream of a device, sensors.yaml, cloud.yaml or profile of which one value, or some bytes or lines, were changed by
what is known to hurt. A reader may take it, if it is within the contract, or refuse it with its own kind of error
(WireError, ConfigError, DesiredRefused, SourceError); anything else is a finding, and so is a configuration that is
taken although it is not what the city signed. One message in 500, and one configuration in 20, goes through the real
lanes, with ledger, store and quarantine, or to a real box; at the end a valid one must be stored and receipted, and
run. `--quick` is ten thousand inputs.
"""

import resource
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from bench.fuzzing import fleet, frames, streams, targets
from bench.fuzzing.devices import Devices
from bench.fuzzing.kept import Kept
from bench.fuzzing.lanes import feed
from bench.result import Goal, Result, at_most, machine

_Reader = tuple[Callable[[Random], bytes], Callable[[bytes], bool]]
"""Who makes an input, and who reads it: was it taken?"""
NUMBERS, WORDS = ("inputs", "first"), ("part",)
INPUTS, INPUTS_QUICK = 1_000_000, 10_000
HANG_S = 5.0
"""A reader that takes longer is given up; the machine may be busy."""
_FILE_EVERY = 50
_LANE_EVERY = {"batch": 500, "alarms": 500, "reported": 20, "desired": 20, "desired_mistaken": 20}
"""Of which kinds one in so many goes through a lane; a batch that is taken costs the most."""
_WARM = 2_000
_FINDINGS_SHOWN = 10
_CRC_MISSES_A_MILLION = 60.0
_GROWTH_MOST_MIB = 64.0
_LANES_GROWTH_MOST_MIB = 256.0
"""The embedded store alone keeps up to 128 MiB in memory."""
_READERS: dict[str, _Reader] = {
    "batch": (targets.packed, targets.read_batch),
    "alarms": (partial(targets.written, document=targets.ALARM), targets.read_alarms),
    "status": (partial(targets.written, document=targets.STATUS), targets.read_status),
    "receipt": (partial(targets.written, document=targets.RECEIPT), targets.read_receipt),
    "command": (partial(targets.written, document=targets.COMMAND), targets.read_command),
    "reply": (partial(targets.written, document=targets.REPLY), targets.read_reply),
    "reported": (partial(targets.written, document=fleet.REPORTED), fleet.read_reported),
    "device_reply": (frames.garbled, frames.read_reply),
    "stream": (streams.bent_stream, streams.read_stream),
}


class HungError(Exception):
    """A reader took longer than `HANG_S`."""


class Fuzz:
    """The inputs `first` … `first + count - 1`, and what became of them."""

    def __init__(self, one: Callable[[Random, int], tuple[str, bool]], first: int, count: int) -> None:
        """`one` makes an input and reads it: of which kind it was, and whether it was taken."""
        self.taken, self.refused = Counter[str](), Counter[str]()
        self.findings: list[str] = []
        self.slowest_ms, self.slowest = 0.0, 0
        self._one, self._first, self._count = one, first, count
        self.warm_mib = 0.0

    def run(self) -> None:
        """All of them, one after the other."""
        for at, number in enumerate(range(self._first, self._first + self._count)):
            if at == min(_WARM, self._count - 1):
                self.warm_mib = peak_mib()
            rng = Random(number)
            kind = ""
            began = time.perf_counter()
            try:
                with limited(HANG_S):
                    kind, is_taken = self._one(rng, number)
                (self.taken if is_taken else self.refused)[kind] += 1
            except Exception as error:  # noqa: BLE001 - finding these is what it is for
                self.findings.append(f"input {number}: {type(error).__name__}: {error}"[:300])
            took_ms = (time.perf_counter() - began) * 1000
            if took_ms > self.slowest_ms:
                self.slowest_ms, self.slowest = took_ms, number

    def goals(self, grown_mib: float, seconds: float) -> dict[str, Goal]:
        """What holds for every reader."""
        return {
            "findings": at_most(len(self.findings), 0, "crashes or hangs"),
            "slowest_input_ms": at_most(round(self.slowest_ms, 1), HANG_S * 1000, "ms"),
            "memory_grown_mib": at_most(round(grown_mib, 1), _GROWTH_MOST_MIB, "MiB after the first inputs"),
            "inputs_a_second": Goal("measured", round(self._count / seconds), met=True),
        }

    def figures(self) -> dict[str, str]:
        """By kind."""
        kinds = sorted({*self.taken, *self.refused})
        counts = {f"{kind}: taken, refused": f"{self.taken[kind]}, {self.refused[kind]}" for kind in kinds}
        return counts | {"inputs": str(self._count)}

    @property
    def notes(self) -> tuple[str, ...]:
        """For whoever looks for the cause."""
        return (f"the slowest is input {self.slowest}", *self.findings[:_FINDINGS_SHOWN])


class Everything:
    """All readers but those of `devices`, each in its turn; `payloads` are for the lanes."""

    def __init__(self, folder: Path, documents: fleet.Documents) -> None:
        self.payloads = {kind: Kept(folder / f"{kind}.kept") for kind in _LANE_EVERY}
        self._files = targets.Files(folder)
        self._readers = {
            **_READERS,
            "desired": (documents.changed, documents.read_changed),
            "desired_mistaken": (documents.mistaken, documents.read_mistaken),
        }

    def one(self, rng: Random, number: int) -> tuple[str, bool]:
        """What it was, and whether it was taken."""
        if number % _FILE_EVERY == 0:
            path, text = self._files.write(rng)
            return path.stem, self._files.read(path, text)
        kind = rng.choice(("batch", "batch", *self._readers))
        make, read = self._readers[kind]
        payload = make(rng)
        is_taken = read(payload)
        is_true = kind == "desired" and is_taken
        if kind in _LANE_EVERY and number % _LANE_EVERY[kind] == 1 and not is_true:
            self.payloads[kind].add(payload)
        return kind, is_taken


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises HungError inside when it takes longer."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _ring(*_: object) -> None:
    raise HungError(f"longer than {HANG_S:g} s")


def peak_mib() -> float:
    """The most memory that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def run(
    *, is_quick: bool, inputs: int | None = None, first: int | None = None, part: str | None = None
) -> Result:
    """Readers first, then lanes."""
    count, start = inputs or (INPUTS_QUICK if is_quick else INPUTS), first or 0
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        with tempfile.TemporaryDirectory(prefix="egret-fuzz-") as name:
            if part == "devices":
                return _of_devices(Devices(Path(name)), start, count)
            return await _of_everything(Path(name), start, count)
    finally:
        signal.signal(signal.SIGALRM, before)


def _run(fuzz: Fuzz) -> dict[str, Goal]:
    began = time.perf_counter()
    fuzz.run()
    return fuzz.goals(peak_mib() - fuzz.warm_mib, time.perf_counter() - began)


def _of_devices(devices: Devices, first: int, count: int) -> Result:
    fuzz = Fuzz(devices.one, first, count)
    goals = _run(fuzz) | dict(devices.goals())
    return Result("fuzz", {**fuzz.figures(), **devices.figures()}, goals, machine(), fuzz.notes)


async def _of_everything(folder: Path, first: int, count: int) -> Result:
    documents = fleet.Documents(folder)
    everything = Everything(folder, documents)
    fuzz = Fuzz(everything.one, first, count)
    goals = _run(fuzz)
    before_mib = peak_mib()
    trouble = await feed(folder, documents, everything.payloads)
    goals |= {
        "memory_grown_in_the_lanes_mib": at_most(
            round(peak_mib() - before_mib, 1), _LANES_GROWTH_MOST_MIB, "MiB, with ledger, store and boxes"
        ),
        "wrong_replies_a_million": at_most(
            round(1e6 * len(frames.wrong) / max(1, fuzz.taken["device_reply"] + fuzz.refused["device_reply"]), 1),
            _CRC_MISSES_A_MILLION,
            "damaged replies believed; 1 in 65 536 is what a CRC of 16 bits promises",
        ),
        "lanes_go_on": Goal(
            "a valid message is stored and receipted, and a true configuration runs", trouble or "yes", not trouble
        ),
    }
    figures = fuzz.figures() | {"through_the_lanes": str(sum(map(len, everything.payloads.values())))}
    return Result("fuzz", figures, goals, machine(), fuzz.notes)
