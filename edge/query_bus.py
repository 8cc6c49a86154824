"""The client of one device that answers when it is asked, in frames or lines of its own.

The rules are those of `edge.bus`: silence before a request, one request, and after a failure no other one until the
failed one can no longer be answered, lest a late reply pass for a new one. One byte of sum lets one damaged reply in
256 pass, and a line may have none: where the profile names a median it is asked again until an answer is confirmed.
"""

import asyncio

from edge.bus import Answer
from edge.serial_port import SerialPort
from edge.silence import silence
from wire.errors import FrameError, SourceTimeout
from wire.fields import stream_of, typical
from wire.messages import FrameShape, MessageShape, TlvShape, is_judged_by_median
from wire.profile import Profile, Timing

_LINE_SIZE, _LENGTH_MAX = 80, 255
_ASKED_MOST = 3
"""Questions of one poll, where there is a median: two answers that differ need a third."""


class QueryBus:
    """The only client of one port."""

    def __init__(self, port: SerialPort, profile: Profile) -> None:
        """The port stays the caller's to close."""
        self.port = port
        self._profile = profile
        self._quiet_until = 0.0

    async def read(self, unit: int, name: str, timing: Timing) -> Answer:
        """The message `name`, without registers; asked for once.

        Where its profile names a median, it is asked for until two answers are alike byte by byte, else three times,
        and the message with the median is the answer. One question that fails fails them all.

        Raises SourceTimeout or FrameError, and SourceError when the port is lost.
        """
        shape = self._profile.messages[name]
        answers = [await self._ask(unit, name, timing)]
        while is_judged_by_median(shape) and len(answers) < _ASKED_MOST:
            again = await self._ask(unit, name, timing)
            if any(again.reply == answer.reply for answer in answers):
                return again
            answers.append(again)
        chosen = typical(self._profile, name, [answer.reply for answer in answers])
        return next(answer for answer in answers if answer.reply == chosen)

    async def _ask(self, unit: int, name: str, timing: Timing) -> Answer:
        where = f"port {self.port.path}, message {name}"
        shape = self._profile.messages[name]
        asked = _request(shape, unit)
        await silence(self.port, self._quiet_until, timing.gap_s, where)
        self.port.write(asked)
        sent_at = self.port.active_at
        reply_s = _size_most(shape) * self.port.settings.character_s
        self._quiet_until = sent_at + timing.late_max_s + reply_s
        stream, came = stream_of(self._profile), b""
        while chunk := await self.port.receive(sent_at + timing.timeout_s + reply_s):
            came += chunk
            found = next((message for message in stream.feed(chunk) if message.name == name), None)
            if found:
                self._quiet_until = 0.0
                return Answer((), asked, found.octets, asyncio.get_running_loop().time() - sent_at)
        raise _failure(came.removeprefix(asked), where, timing)


def _request(shape: MessageShape, unit: int) -> bytes:
    """What asks for it. Raises KeyError for one that is not asked for."""
    if isinstance(shape, TlvShape) or shape.ask is None:
        raise KeyError(shape.name)
    return shape.ask.render(unit=unit)


def _size_most(shape: MessageShape) -> int:
    """Bytes of such a message at most, or nearly."""
    if not isinstance(shape, FrameShape):
        return _LINE_SIZE
    if shape.length_at is None:
        return shape.size
    return shape.size + dict(shape.match).get(shape.length_at, _LENGTH_MAX)


def _failure(came: bytes, where: str, timing: Timing) -> SourceTimeout | FrameError:
    """Silence, or bytes that are no reply; `came` is without the adapter's echo."""
    if not came:
        return SourceTimeout(
            f"no reply within {timing.timeout_s:g} s.",
            where=where,
            fix="check power, wiring (A and B swapped?), address and baud rate of the device.",
            code="E-BUS-010",
        )
    return FrameError(
        f"what came is no reply: {came[:16].hex(' ').upper()}.",
        raw=came,
        where=where,
        fix="check the wiring, and that baud rate, frame and profile are those of this model.",
        code="E-BUS-045",
    )
