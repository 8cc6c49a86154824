"""InfluxDB line protocol: readings and alarm events as text that a name can never break out of.

    tilt,box=TA-0113,district=siming,kind=billboard,sensor=XM-0042-tilt,site=XM-0042 value=1.25 1790000000000000000
    ^measurement = quantity  ^tags, sorted                                           ^fields: value (float),
                                                                                      quality (int, absent = good)

Commas, spaces and equals signs in names are escaped. A backslash or a control character cannot be
written so that every server reads it back (a line break cannot be written at all): such a name is
refused. Source: InfluxDB 1.8 documentation, "line protocol reference", special characters.
"""

import re
from collections.abc import Mapping

from cloud.ports import AlarmPoint, Column
from wire.errors import Rejected

ALARM = "alarm"
"""The measurement of alarm events; no quantity may have this name."""
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\]")
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_TAG = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_TEXT = str.maketrans({'"': '\\"'})


def encode(column: Column) -> bytes:
    """One line a reading, each ended by a line break. Raises Rejected for a name that cannot be written."""
    tags = column.tags
    quantity = column.quantity
    if not quantity or quantity.startswith("#") or quantity == ALARM:
        raise _unwritable("quantity", quantity)
    head = _series(
        quantity,
        {"box": tags.box, "district": tags.district, "kind": tags.kind, "sensor": tags.sensor, "site": tags.site},
    )
    rows = zip(column.times_ns, column.values, column.qualities, strict=True)
    lines = [
        f"{head} value={value!r} {time_ns}\n"
        if value is not None and not quality
        else f"{head} {_marked(value, quality)} {time_ns}\n"
        for time_ns, value, quality in rows
    ]
    return "".join(lines).encode()


def encode_alarm(alarm: AlarmPoint) -> bytes:
    """One line. Raises Rejected for a name that cannot be written."""
    tags = alarm.tags
    head = _series(
        ALARM,
        {
            "district": tags.district,
            "level": alarm.level,
            "rule": alarm.rule,
            "sensor": tags.sensor,
            "site": tags.site,
        },
    )
    texts = {"event": alarm.event, "case": alarm.case}
    numbers = {"value": alarm.value, "limit": alarm.limit}
    fields = [f'{key}="{_checked(key, text).translate(_TEXT)}"' for key, text in texts.items()]
    fields += [f"{key}={float(number)!r}" for key, number in numbers.items() if number is not None]
    return f"{head} {','.join(fields)} {alarm.time_ns}\n".encode()


def _marked(value: float | None, quality: int) -> str:
    return f"quality={quality}i" if value is None else f"value={value!r},quality={quality}i"


def _series(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags; InfluxDB knows no empty tag, so an empty one is left out."""
    written = [f"{key}={_checked(key, value).translate(_TAG)}" for key, value in tags.items() if value]
    return ",".join([_checked("quantity", measurement).translate(_MEASUREMENT), *written])


def _checked(what: str, name: str) -> str:
    if _UNWRITABLE.search(name):
        raise _unwritable(what, name)
    return name


def _unwritable(what: str, name: str) -> Rejected:
    return Rejected(
        f"the {what} {name!r} cannot be written in line protocol.",
        fix="use no backslash, no line break or other control character, and no quantity called alarm or #….",
        code="E-STORE-001",
    )
