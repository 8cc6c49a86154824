"""The sensor's own word that a case may be closed: it has been good for a while, and it still speaks.

An alarm that returned to normal never closes a case. A person closes it, and the sensor is asked: the
alarm must have been normal for the set time, and the sensor must have given a good reading of what the
alarm is about within it.
"""

from collections.abc import Mapping, Sequence

from cloud.alarming.alarm_state import Alarm

SECOND_NS = 10**9

LastSeen = Mapping[tuple[str, str], int]
"""When a sensor last gave a good reading of a quantity, or of any: (sensor, ""); UTC nanoseconds."""


def doubts(alarms: Sequence[Alarm], last_seen: LastSeen, good_for_s: float, now_ns: int) -> list[str]:
    """Why the sensors of these alarms do not confirm that all is well; empty when they do."""
    return [doubt for alarm in alarms if (doubt := _doubt(alarm, last_seen, round(good_for_s * SECOND_NS), now_ns))]


def _doubt(alarm: Alarm, last_seen: LastSeen, good_for_ns: int, now_ns: int) -> str:
    if alarm.is_active:
        return f"{alarm.id} is still {alarm.level}"
    good_ns = now_ns - alarm.changed_ns
    if good_ns < good_for_ns:
        return f"{alarm.id} is good for {good_ns // SECOND_NS} s of {good_for_ns // SECOND_NS} s"
    if alarm.sensor == alarm.box:  # a box gives no readings: that it is back is its word
        return ""
    who = f"{alarm.sensor} ({alarm.quantity})" if alarm.quantity else alarm.sensor
    seen_ns = last_seen.get((alarm.sensor, alarm.quantity))
    if seen_ns is None:
        return f"{who} has given no reading"
    silent_ns = now_ns - seen_ns
    return f"{who} is silent for {silent_ns // SECOND_NS} s" if silent_ns > good_for_ns else ""
