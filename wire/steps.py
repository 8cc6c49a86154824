"""The steps of a procedure as a profile writes them: `write 0x69 0xB588`, `still 30s roll pitch 0.05`.

| step | |
|---|---|
| `write REG VALUE` · `write16 REG VALUE` · `coil N 0` | write a register by function 6 or 16, a coil by function 5 |
| `send FF AA 00 00 00` | send bytes to a device of messages |
| `wait 100ms` | leave it alone |
| `rebind` | talk to it at its new address or baud rate from here on |
| `verify REG VALUE` | read back and compare |
| `expect "5 < tilt < 20" within 60s` | a sample must come for which this holds |
| `still 30s roll pitch 0.05` | sample; each point's standard deviation stays below 0.05 |
| `capture roll` | keep the mean of that sampling as `zero.roll` |
| `confirm "tilt the box"` | a person does it |
| `power_cycle` | a person takes its supply away and gives it back |

`$reg`, `$value` and `$cmd` stand for the setting that is being written.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence

from wire import byte_template, expression, scalars
from wire.profile_acts import (
    Capture,
    Confirm,
    Expect,
    Hole,
    PowerCycle,
    Rebind,
    Send,
    Step,
    Still,
    Verify,
    Wait,
    Write,
)

_HOLES = {hole.value: hole for hole in Hole}
_COIL_ON = 0xFF00
"""What function 5 writes to close a coil (Modbus application protocol V1.1b3, §6.5)."""


def parse(text: str) -> Step:
    """Raises ValueError with what may be written instead."""
    try:
        verb, *words = shlex.split(text) or [""]
    except ValueError as error:
        raise ValueError("a step whose quotes are closed") from error
    if verb not in _VERBS:
        raise ValueError(f"a step that begins with one of {', '.join(_VERBS)}")
    form, read = _VERBS[verb]
    try:
        return read(words)
    except (ValueError, IndexError, TypeError) as error:
        reason = f" ({error})" if type(error) is ValueError else ""
        raise ValueError(f"{form}{reason}") from error


def _number(word: str) -> int | Hole:
    return _HOLES[word] if word in _HOLES else scalars.integer(word)


def _write(function: int) -> Callable[[Sequence[str]], Step]:
    return lambda words: Write(*_two(words), function)


def _coil(words: Sequence[str]) -> Step:
    number, state = (scalars.integer(word) for word in words)
    if state not in (0, 1):
        raise ValueError("1 closes, 0 opens")
    return Write(number, _COIL_ON * state, 5)


def _two(words: Sequence[str]) -> tuple[int | Hole, int | Hole]:
    register, value = words
    return _number(register), _number(value)


def _send(words: Sequence[str]) -> Step:
    return Send(Hole.COMMAND if words == ["$cmd"] else byte_template.parse(" ".join(words)))


def _expect(words: Sequence[str]) -> Step:
    condition, within, time = words
    if within != "within":
        raise ValueError("within and a time")
    return Expect(expression.parse(condition), scalars.duration_s(time))


def _still(words: Sequence[str]) -> Step:
    time, *points, spread = words
    if not points:
        raise ValueError("name a point")
    return Still(tuple(points), scalars.duration_s(time), scalars.number(spread))


def _one(words: Sequence[str]) -> str:
    (word,) = words
    return word


def _alone(step: Step) -> Callable[[Sequence[str]], Step]:
    def read(words: Sequence[str]) -> Step:
        if words:
            raise ValueError("nothing after it")
        return step

    return read


_VERBS: Mapping[str, tuple[str, Callable[[Sequence[str]], Step]]] = {
    "write": ("write 0x69 0xB588", _write(6)),
    "write16": ("write16 0x69 0xB588", _write(16)),
    "coil": ("coil 0 1", _coil),
    "send": ("send FF AA 00 00 00, or send $cmd", _send),
    "wait": ("wait 100ms", lambda words: Wait(scalars.duration_s(_one(words)))),
    "rebind": ("rebind", _alone(Rebind())),
    "verify": ("verify $reg $value", lambda words: Verify(*_two(words))),
    "expect": ('expect "5 < tilt < 20" within 60s', _expect),
    "still": ("still 30s roll pitch 0.05", _still),
    "capture": ("capture roll", lambda words: Capture(_one(words))),
    "confirm": ('confirm "tilt the box"', lambda words: Confirm(_one(words))),
    "power_cycle": ("power_cycle", _alone(PowerCycle())),
}
