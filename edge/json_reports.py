"""Messages of other platforms: JSON, in which a line's block says where the sensor, the time and the values stand."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from edge.reported import time_of
from wire.errors import WireError
from wire.expression import Expression, ExpressionError
from wire.quantities import QUANTITIES
from wire.topics import require_size

FROM_TOPIC = "+"
"""As `sensor:`: what stands in the topic where the first + of the filter is."""
_DEPTH_MAX = 10
_VALUES_MAX = 1_000
"""Fields of one message that expressions may name."""
_SCHEMA_FIX = "see docs/operate/virtual-boxes.md"


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of one sensor at one time. `sensor` as the platform calls it; `time_ns` None when none is written.

    A quantity that is there and has no value is NaN. `doubt` says what of it could not be read.
    """

    sensor: str
    time_ns: int | None
    values: tuple[tuple[str, float], ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Where things stand in a message. Without `values` an entry names its `quantity` and has one `value`."""

    topic: str
    sensor: str
    time: str
    values: Mapping[str, Expression]

    def reports(self, topic: str, payload: bytes) -> list[Report]:
        """Of one message: one object or a list of them; what is said of one sensor at one time is one report.

        An entry that names no sensor is left out. Raises WireError when nothing of it can be read.
        """
        require_size(payload)
        try:
            document = msgspec.json.decode(payload)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise WireError(f"no JSON: {error}.", where=topic, fix=_SCHEMA_FIX, code="E-FEED-002") from error
        gathered: dict[tuple[str, int | None], Report] = {}
        for entry in document if isinstance(document, list) else [document]:
            report = self._report(topic, entry)
            if report is None:
                continue
            before = gathered.get((report.sensor, report.time_ns))
            if before:
                values = {**dict(before.values), **dict(report.values)}
                report = Report(report.sensor, report.time_ns, tuple(values.items()), before.doubt or report.doubt)
            gathered[report.sensor, report.time_ns] = report
        if not gathered:
            what = f"{self.sensor!r} names no sensor."
            raise WireError(what, where=topic, fix="correct the line's sensor: or the message", code="E-FEED-003")
        return list(gathered.values())

    def _report(self, topic: str, entry: object) -> Report | None:
        sensor = self._named_in(topic) if self.sensor == FROM_TOPIC else found(entry, self.sensor)
        if isinstance(sensor, bool) or not isinstance(sensor, str | int) or sensor == "":
            return None
        time_ns, doubt = None, ""
        written = found(entry, self.time) if self.time else None
        if written is not None:
            try:
                time_ns = time_of(written)
            except ValueError as error:
                time_ns, doubt = 0, str(error)
        values, unread = self._values(entry)
        return Report(str(sensor), time_ns, values, doubt or unread)

    def _named_in(self, topic: str) -> str | None:
        pairs = zip(self.topic.split("/"), topic.split("/"), strict=False)
        return next((level for wanted, level in pairs if wanted == FROM_TOPIC), None)

    def _values(self, entry: object) -> tuple[tuple[tuple[str, float], ...], str]:
        """The values, and what is wrong with those that are none."""
        if not self.values:
            quantity, value = found(entry, "quantity"), found(entry, "value")
            if not isinstance(quantity, str) or quantity not in QUANTITIES:
                return (), f"{str(quantity)[:40]!r} is no quantity"
            number = math.nan if value is None else _number(value)
            return ((), f"{str(value)[:40]!r} is no number") if number is None else (((quantity, number),), "")
        fields = dict(_fields(entry))
        values = []
        for quantity, expression in self.values.items():
            try:
                number = _number(expression(fields))
            except ExpressionError:
                continue
            if number is not None:
                values.append((quantity, number))
        return tuple(values), "" if values else "it has none of the line's values"


def found(entry: object, path: str) -> object:
    """What stands at `data.name` or `list.0.name` of a JSON document; None where nothing does."""
    for step in path.split("."):
        if isinstance(entry, dict):
            entry = entry.get(step)
        elif isinstance(entry, list) and step.isdecimal() and int(step) < len(entry):
            entry = entry[int(step)]
        else:
            return None
    return entry


def _fields(entry: object) -> Iterator[tuple[str, float | str]]:
    """Numbers and words by the names that expressions have for them: `data.x`, `list._0.x`, other signs as _."""
    pending: list[tuple[str, int, object]] = [("", 0, entry)]
    count = 0
    while pending and count < _VALUES_MAX:
        name, depth, value = pending.pop()
        if isinstance(value, dict | list) and depth < _DEPTH_MAX:
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            pending += [(f"{name}.{_word(str(key))}".lstrip("."), depth + 1, part) for key, part in parts]
            continue
        count += 1
        number = _number(value)
        if number is not None:
            yield name, number
        elif isinstance(value, str):
            yield name, value


def _word(key: str) -> str:
    word = re.sub(r"\W", "_", key)
    return f"_{word}" if word[:1].isdecimal() else word


def _number(value: object) -> float | None:
    """Of a number, a truth value, or text that is a number; None for anything else and what is not finite."""
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
