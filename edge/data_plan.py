"""What a box will use of its data in a month, before it is built: its own stages, fed with half an hour of weather.

    readings    samples of every sensor on every line, at its interval, through its report policy, and what the box says
                of itself, encoded by the second
    messages    what MQTT, TLS and TCP/IP put around these batches
    receipts    one for each batch, at most
    status      every ten seconds
    alarms      5 a day, each with its evidence and receipt, and the samples around it, where not all leave anyway

Values are some steps of their resolution away from their mean, at random: what is steadier is packed better.
What changes by a deadband, and what falls silent, is not foreseen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

import msgspec

from edge import health
from edge.report import Reporter
from wire import batch, receipt, topics, traffic
from wire.batch import Batch, columns
from wire.inventory import LONGEST_S, Box, Inventory, Line, Sensor
from wire.located import Mistakes, block_of
from wire.quantities import decimals
from wire.reading import Reading
from wire.receipt import BoxStatus, Lane, Receipt

_ALARMS_A_DAY = 5
"""Of one box (judgement): a calm day has none, a stormy one many more."""
_ALARM_BYTES = 4_000
"""An event with 64 readings of evidence and its frame, as encoded."""
_VALUE_BYTES = 5
"""Of a sample around an alarm, packed with few others (judgement, from above)."""
_AROUND_BATCH = 100
"""Bytes of a batch besides its values, and of the sensor's name in it (judgement, from above)."""
_STATUS_S = 10.0
_DAY_S = 86_400
_BEGIN_S = 1_800_000_000
_WARM_S, _LOOK_S = LONGEST_S, 2 * LONGEST_S
_SECOND_NS = 1_000_000_000
_STEPS = 12
"""Of its resolution, that a value is away from its mean at most (judgement)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Bytes a month, by what they are for; `readings_a_day` by line."""

    readings: int
    messages: int
    receipts: int
    status: int
    alarms: int
    readings_a_day: Mapping[str, int]

    @property
    def total(self) -> int:
        """Bytes a month."""
        return self.readings + self.messages + self.receipts + self.status + self.alarms

    def __str__(self) -> str:
        """For people."""
        parts = ("readings", "messages", "receipts", "status", "alarms")
        said = ", ".join(f"{part} {traffic.megabytes(getattr(self, part))}" for part in parts)
        lines = ", ".join(f"{line} {count:,}" for line, count in self.readings_a_day.items())
        return f"{traffic.megabytes(self.total)} a month ({said}; readings a day: {lines})"


def plan(inventory: Inventory, box: Box) -> Plan:
    """Of a box whose batches gather for a second, as they do unless `egret edge run --batch` says otherwise."""
    rng = Random(box.id)  # noqa: S311 - weather
    windows: dict[int, list[Reading]] = {}
    a_day: dict[str, int] = {}
    scale = _DAY_S / _LOOK_S
    for line in box.lines:
        sent = [one for name in line.sensors for one in _sent(inventory.sensors[name], line, rng)]
        if line.source == "health":
            sent += _own(box, line, rng)
        a_day[line.key] = round(len(sent) * scale)
        for one in sent:
            windows.setdefault(one.time_ns // _SECOND_NS, []).append(one)
    topic = topics.topic(box.id, "readings")
    sizes = [len(batch.encode(Batch(box.id, "0" * 12, 2**33, 2**33 - 1, columns(rows)))) for rows in windows.values()]
    around = sum(traffic.message(topic, size) - size for size in sizes)
    document = receipt.encode(Receipt(box.id, "0" * 12, Lane.READINGS, 2**33))
    answer = traffic.message(topics.topic(box.id, "receipts"), len(document))
    status = receipt.encode(_status(box))
    said = traffic.message(topics.topic(box.id, "status"), len(status))
    alarm = traffic.message(topics.topic(box.id, "alarms"), _ALARM_BYTES) + answer
    around_it = [_around(inventory.sensors[name], line, topic, answer) for line in box.lines for name in line.sensors]
    alarm += round(sum(around_it) / max(1, len(around_it)))
    days = traffic.MONTH_DAYS
    return Plan(
        readings=round(sum(sizes) * scale * days),
        messages=round(around * scale * days),
        receipts=round(answer * len(sizes) * scale * days),
        status=round(said * _DAY_S / _STATUS_S * days),
        alarms=round(alarm * _ALARMS_A_DAY * days),
        readings_a_day=a_day,
    )


def _around(sensor: Sensor, line: Line, topic: str, answer: int) -> float:
    """Bytes for the samples around one alarm: those before it together, those after it by the second."""
    policy = sensor.report
    if policy.is_everything:
        return 0
    samples_s = 1 / _interval_s(sensor, line)
    bytes_s = samples_s * len(sensor.profile.quantities) * _VALUE_BYTES
    before = traffic.message(topic, round(bytes_s * policy.before_s)) + answer
    after = min(1.0, samples_s) * (traffic.message(topic, _AROUND_BATCH) + answer) + bytes_s
    return before + after * policy.after_s


def _status(box: Box) -> BoxStatus:
    now_ns = _BEGIN_S * _SECOND_NS
    budget_mb = -(-box.budget // 10**6)
    status = BoxStatus(box.id, online=True, time_ns=now_ns, boot="0" * 8, version="0.1.0", spool_id="0" * 12)
    said = {"waiting": 40, "config_version": "0" * 12, "data_used_mb": budget_mb, "data_budget_mb": budget_mb}
    return msgspec.structs.replace(status, **said)


def _sent(sensor: Sensor, line: Line, rng: Random) -> list[Reading]:
    """What leaves of one sensor while we look, behind an interval in which it warms up."""
    reporter = Reporter(sensor)
    found: list[Reading] = []
    for readings in _samples(sensor.id, sensor.profile.quantities, _interval_s(sensor, line), rng):
        found += filter(_is_looked_at, reporter.step(readings).leaving)
    return found


def _own(box: Box, line: Line, rng: Random) -> list[Reading]:
    """What the box says of itself, with all that its machine may tell."""
    samples = _samples(box.id, health.QUANTITIES, _line_every_s(line, health.EVERY_S), rng)
    return [one for readings in samples for one in readings if _is_looked_at(one)]


def _is_looked_at(one: Reading) -> bool:
    return one.time_ns >= (_BEGIN_S + _WARM_S) * _SECOND_NS


def _interval_s(sensor: Sensor, line: Line) -> float:
    """Its own, the line's, or the shortest of its device's blocks."""
    return sensor.interval_s(_line_every_s(line, 0.0), min(sensor.profile.intervals_s, default=1.0))


def _line_every_s(line: Line, usual_s: float) -> float:
    return block_of(line.options, line.where, Mistakes()).duration("every", default=usual_s)


def _samples(name: str, quantities: Iterable[str], every_s: float, rng: Random) -> Iterator[list[Reading]]:
    """All its quantities, each time."""
    values = dict.fromkeys(quantities, 0)
    for at in range(round((_WARM_S + _LOOK_S) / every_s)):
        time_ns = _BEGIN_S * _SECOND_NS + round(at * every_s * 1_000) * 1_000_000
        for quantity in values:
            values[quantity] = rng.randint(-_STEPS, _STEPS)
        yield [
            Reading(name, quantity, round(steps / 10 ** decimals(quantity), decimals(quantity)), time_ns)
            for quantity, steps in values.items()
        ]
