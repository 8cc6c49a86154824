"""Sensors that report by themselves to an MQTT broker: an NB-IoT logger, another platform. This box is a virtual one.

    boxes:
      PLATFORM-A:
        lines:
          reports:
            source: mqtt_json
            broker: mqtts://egret@broker.platform.example:8883
            password: /etc/egret/platform-a.password     # a file
            tls: {ca: /etc/egret/platform-a-ca.pem}      # or certificate: and key:, too
            topic: plant/+/state
            sensor: "+"                                  # where + stands in the topic; or a field: data.name
            time: data.ts                                # "" for the time of arrival
            values:                                      # quantity: an expression of the message's fields
              tilt_x: data.angle_x
              temperature: data.temp / 10
            silence: 30min                               # a sensor that has said nothing for so long is silent

Without `topic:`, `sensor:`, `time:` and `values:` the messages are those of the wire contract, on the box's own topic
`egret/v1/PLATFORM-A/json`: {"sensor", "quantity", "value", "time"} or a list of them. In `sites:` each sensor has
`profile: reported` and, where the platform calls it otherwise, its `address:`. More: docs/operate/virtual-boxes.md.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge.broker_block import Tls, broker_of, heard_at
from edge.json_reports import FROM_TOPIC, Form, Report
from edge.ports import LinePlan, Source
from edge.presence import Presence
from edge.reported import Complaints, Order, Place, Stamps
from wire import topics
from wire.addresses import MQTT_JSON, QUIET_S, known_by
from wire.broker import Broker
from wire.errors import ConfigError, WireError
from wire.expression import Expression, parse
from wire.inventory import Line
from wire.kinds import build
from wire.located import Mistakes, block_of, nearest
from wire.quantities import QUANTITIES
from wire.reading import Sample

if TYPE_CHECKING:
    from edge.mqtt_feed import Heard

_FIX = "look at the platform it reports to, and at its battery."


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    broker: str
    topic: str = ""
    sensor: str = "sensor"
    time: str = "time"
    values: Mapping[str, str] = field(default_factory=dict)
    silence_s: float = QUIET_S
    password: str = ""
    tls: Tls | None = None


def checked(line: Line, mistakes: Mistakes) -> Config:
    """The line's block, also looked at for what only this kind knows."""
    config = build(Config, line.options, mistakes, where=line.where)
    block = block_of(line.options, line.where, mistakes)
    try:
        broker_of(config.broker, config.tls, block.place("broker"))
    except ConfigError as error:
        mistakes.extend(error.mistakes)
    if config.sensor == FROM_TOPIC and "+" not in config.topic.split("/"):
        block.wrong(
            "topic",
            "no level of the topic is +, where the sensor's name would stand.",
            "write plant/+/state",
            "E-FEED-004",
        )
    values = block.mapping("values", optional=True)
    for quantity, text in config.values.items():
        if quantity not in QUANTITIES:
            values.wrong(quantity, f"there is no quantity {quantity!r}.", nearest(quantity, QUANTITIES), "E-FEED-005")
        try:
            parse(text)
        except ValueError as error:
            values.wrong(
                quantity, f"{error}.", "write a field of the message, or an expression: data.temp / 10", "E-FEED-006"
            )
    return config


def open_source(plan: LinePlan) -> Source:
    """The reports; does no I/O. Raises ConfigError."""
    mistakes = Mistakes()
    config = checked(plan.line, mistakes)
    mistakes.raise_any()
    values = {quantity: parse(text) for quantity, text in config.values.items()}
    return MqttJson(plan, config, broker_of(config.broker, config.tls, plan.line.where), values)


class MqttJson:
    """A `Source`. It waits for the next message, or until a sensor has been silent for too long."""

    def __init__(self, plan: LinePlan, config: Config, broker: Broker, values: Mapping[str, Expression]) -> None:
        """Nothing is connected yet."""
        self._plan, self._config, self._broker = plan, config, broker
        self._topic = config.topic or topics.topic(plan.line.box, "json")
        self._form = Form(self._topic, config.sensor, config.time, values)
        self._sensors = {known_by(MQTT_JSON, sensor): name for name, sensor in plan.sensors.items()}
        self._order, self._stamps, self._complaints = Order(), Stamps(plan.clock), Complaints(plan.line)
        self._usual = tuple(values)

    async def __aenter__(self) -> Self:
        """Connects and subscribes. Raises SourceError."""
        self._feed = await heard_at(self._broker, self._config.password, self._plan.line, self._topic)
        silences = dict.fromkeys(self._plan.sensors, self._config.silence_s)
        self._presence = Presence(silences, asyncio.get_running_loop().time(), fix=_FIX)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects; the broker keeps what comes meanwhile."""
        await self._feed.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample for each sensor and time that a message speaks of, and of a silent sensor one that says so."""
        while True:
            heard = await self._feed.next(self._presence.due)
            now = asyncio.get_running_loop().time()
            for sample in self._samples(heard, now) if heard else ():
                yield sample
            for sensor, fault, missed in self._presence.silent(now):
                missing = tuple((quantity, math.nan) for quantity in missed or self._usual)
                stamp = self._stamps.of(sensor, None)
                yield Sample(
                    sensor,
                    stamp.time_ns,
                    values=missing,
                    fault=fault,
                    clock_unsure=stamp.is_unsure,
                    moved_ns=stamp.moved_ns,
                )

    def _samples(self, heard: "Heard", now: float) -> Iterator[Sample]:
        try:
            reports = self._form.reports(heard.topic, heard.payload)
        except WireError as error:
            self._complaints.say(str(error))
            return
        for report in reports:
            sensor = self._sensors.get(report.sensor)
            if sensor is None:
                self._complaints.say(
                    f"{report.sensor[:64]!r} reports, and is no sensor of this line; it is not kept."
                    " fix: give it a place in sensors.yaml, with this as its address: [E-FEED-007]"
                )
                continue
            if report.doubt:
                self._complaints.say(
                    f"sensor {sensor}: {report.doubt}. fix: correct the line's block, or the message [E-FEED-008]"
                )
            if report.values and not (heard.is_retained and report.time_ns is None):
                samples = tuple(self._placed(sensor, report, is_retained=heard.is_retained))
                if samples and not heard.is_retained:  # a platform may repeat for ever what a dead sensor said last
                    self._presence.heard(sensor, dict(report.values), now)
                yield from samples

    def _placed(self, sensor: str, report: Report, *, is_retained: bool = False) -> Iterator[Sample]:
        """What is new, and what is of the past; what was said before is left out."""
        stamp = self._stamps.of(sensor, report.time_ns)
        if report.time_ns is not None and stamp.is_unsure and not report.doubt:
            what = f"sensor {sensor} reports of a time that cannot be true; that of arrival is used, and is unsure"
            self._complaints.say(f"{what}. fix: set the clock of the device or of its platform [E-FEED-009]")
        if is_retained and stamp.is_unsure:
            return  # nobody knows how old it is
        by_place: dict[Place, list[tuple[str, float]]] = defaultdict(list)
        for quantity, value in report.values:
            place = self._order.place((sensor, quantity), stamp.time_ns, value, is_retained=is_retained)
            by_place[place].append((quantity, value))
        for place in (Place.PAST, Place.NEW):
            if by_place[place]:
                yield Sample(
                    sensor,
                    stamp.time_ns,
                    values=tuple(by_place[place]),
                    clock_unsure=stamp.is_unsure,
                    moved_ns=stamp.moved_ns,
                    is_past=place is Place.PAST,
                )
