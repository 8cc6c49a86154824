"""LoRaWAN sensors whose uplinks a local ChirpStack v4 receives: read from its MQTT integration.

    boxes:
      LORA-1:
        lines:
          lora:
            source: lorawan
            broker: mqtt://127.0.0.1:1883                # the one that ChirpStack publishes to
            topic: application/+/device/+/event/up       # only when its `event_topic` was changed
            password: /etc/egret/chirpstack.password     # a file; the user stands in broker:
            tls: {ca: /etc/egret/chirpstack-ca.pem}      # of an mqtts broker

A sensor's `address:` is its devEUI, its profile one of the library with `lorawan: uplink`. ChirpStack has put the
copies of several gateways together; an uplink is stamped with the time of its reception. What a device resends of an
outage is kept with its own times and judged by no limit. More: docs/operate/virtual-boxes.md.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge import chirpstack
from edge.broker_block import Tls, broker_of, heard_at
from edge.chirpstack import UPLINKS, Uplink
from edge.clock import Stamp
from edge.ports import LinePlan, Source
from edge.presence import Presence
from edge.reported import Complaints, Order, Place, Stamps
from wire.addresses import known_by
from wire.broker import Broker
from wire.errors import ConfigError, WireError
from wire.inventory import Line, Sensor
from wire.kinds import build
from wire.located import Mistakes, block_of
from wire.messages import Message, TlvShape
from wire.profile import SIGNAL, LinkKind
from wire.reading import Sample
from wire.tlv import split

if TYPE_CHECKING:
    from edge.mqtt_feed import Heard

_SECOND_NS = 1_000_000_000
_FIX = "look in ChirpStack whether it is heard: a gateway that is away, a battery that is empty."


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    broker: str
    topic: str = UPLINKS
    password: str = ""
    tls: Tls | None = None


def checked(line: Line, mistakes: Mistakes) -> Config:
    """The line's block, also looked at for what only this kind knows."""
    config = build(Config, line.options, mistakes, where=line.where)
    try:
        broker_of(config.broker, config.tls, block_of(line.options, line.where, mistakes).place("broker"))
    except ConfigError as error:
        mistakes.extend(error.mistakes)
    return config


def open_source(plan: LinePlan) -> Source:
    """The uplinks; does no I/O. Raises ConfigError."""
    mistakes = Mistakes()
    config = checked(plan.line, mistakes)
    mistakes.raise_any()
    return LoraWan(plan, config, broker_of(config.broker, config.tls, plan.line.where))


class LoraWan:
    """A `Source`. It waits for the next uplink, or until a device has been silent for too long."""

    def __init__(self, plan: LinePlan, config: Config, broker: Broker) -> None:
        """Nothing is connected yet."""
        self._plan, self._config, self._broker = plan, config, broker
        self._sensors = {known_by(LinkKind.LORAWAN, sensor): sensor for sensor in plan.sensors.values()}
        self._order, self._stamps, self._complaints = Order(), Stamps(plan.clock), Complaints(plan.line)

    async def __aenter__(self) -> Self:
        """Connects and subscribes. Raises SourceError."""
        self._feed = await heard_at(self._broker, self._config.password, self._plan.line, self._config.topic)
        silences = {name: sensor.profile.timing.silence_s for name, sensor in self._plan.sensors.items()}
        self._presence = Presence(silences, asyncio.get_running_loop().time(), fix=_FIX)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects; the broker keeps what comes meanwhile."""
        await self._feed.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """A sample for each entry of an uplink, and of a silent device one that says so."""
        while True:
            heard = await self._feed.next(self._presence.due)
            now = asyncio.get_running_loop().time()
            for sample in self._samples(heard, now) if heard else ():
                yield sample
            for sensor, fault, missed in self._presence.silent(now):
                stamp = self._stamps.of(sensor, None)
                for block in missed or ("",):  # one that was never heard is missed whole
                    values = ((SIGNAL, math.nan),) if block == SIGNAL else ()
                    yield _sample(sensor, stamp, "" if values else block, values=values, fault=fault)

    def _samples(self, heard: "Heard", now: float) -> Iterator[Sample]:
        try:
            uplink = chirpstack.decode(heard.topic, heard.payload)
        except WireError as error:
            self._complaints.say(str(error))
            return
        sensor = self._sensors.get(uplink.device_info.dev_eui.lower())
        if sensor is None:
            device = f"{uplink.device_info.dev_eui[:32]} ({uplink.device_info.device_name[:64]})"
            fix = "give it a place in sensors.yaml"
            self._complaints.say(f"an uplink of {device}, no sensor of this line. fix: {fix} [E-LORA-002]")
            return
        placed = self._placed(sensor, uplink, is_retained=heard.is_retained)
        samples = tuple(placed) if uplink.f_port == sensor.profile.link.port else ()
        said = [SIGNAL if sample.values else sample.block for sample in samples if not sample.is_past]
        if not heard.is_retained:
            self._presence.heard(sensor.id, said, now)
        yield from samples

    def _placed(self, sensor: Sensor, uplink: Uplink, *, is_retained: bool) -> Iterator[Sample]:
        """The entries of now at the time of reception, those of the past at their own."""
        stamp = self._received(sensor, uplink)
        if is_retained and stamp.is_unsure:
            return  # nobody knows how old it is
        place = self._order.place(sensor.id, stamp.time_ns, uplink.data, is_retained=is_retained)
        if place is Place.AGAIN:
            return
        shapes = [shape for shape in sensor.profile.messages.values() if isinstance(shape, TlvShape)]
        entries, rest = split(shapes, uplink.data)
        if rest:
            where = f"byte {len(uplink.data) - len(rest)} of {len(uplink.data)}"
            self._complaints.say(
                f"sensor {sensor.id}: {sensor.profile.name} does not know {rest[:2].hex(' ').upper()}, at {where};"
                " what stands before it is used. fix: add it to the profile [E-LORA-003]"
            )
        now = {entry.name: entry for entry in entries if entry.time_s is None}
        for entry in now.values():
            yield _sample(sensor.id, stamp, entry.name, entry.octets, is_past=place is Place.PAST)
        for entry in entries:
            if entry.time_s is not None:
                yield from self._past(sensor, entry, entry.time_s, stamp)
        if sensor.profile.link.has_signal and uplink.signal_dbm is not None:
            values = ((SIGNAL, float(uplink.signal_dbm)),)
            yield _sample(sensor.id, stamp, values=values, is_past=place is Place.PAST)

    def _received(self, sensor: Sensor, uplink: Uplink) -> Stamp:
        """By ChirpStack's clock; where that says nothing that can be true it is now, and unsure."""
        stamp = self._stamps.of(sensor.id, uplink.time_ns)
        if uplink.time_ns is not None and not stamp.is_unsure:
            return stamp
        self._complaints.say(
            f"sensor {sensor.id}: its uplinks come without a time of reception that can be true; that of arrival is"
            " used, and is unsure. fix: set the clock of ChirpStack's machine [E-LORA-005]"
        )
        return stamp._replace(is_unsure=True)

    def _past(self, sensor: Sensor, entry: Message, time_s: int, received: Stamp) -> Iterator[Sample]:
        """A value without a time that can be true is of no use: it is left out."""
        stamp = self._stamps.of(sensor.id, time_s * _SECOND_NS)
        if stamp.is_unsure or stamp.time_ns > received.time_ns:
            self._complaints.say(
                f"sensor {sensor.id}: it resends a value of {time_s} s since 1970, which is no time of the past."
                " fix: let ChirpStack set the device's clock [E-LORA-004]"
            )
            return
        yield _sample(sensor.id, stamp, entry.name, entry.octets, is_past=True)


def _sample(
    sensor: str,
    stamp: Stamp,
    block: str = "",
    reply: bytes = b"",
    *,
    values: tuple[tuple[str, float], ...] = (),
    fault: str = "",
    is_past: bool = False,
) -> Sample:
    return Sample(
        sensor,
        stamp.time_ns,
        block,
        values=values,
        fault=fault,
        clock_unsure=stamp.is_unsure,
        moved_ns=stamp.moved_ns,
        reply=reply,
        is_past=is_past,
    )
