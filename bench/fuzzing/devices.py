"""What devices send, bent, profile by profile, and the profiles themselves: `scripts/bench fuzz --part devices`.

A Modbus reply is read as the box reads it. A frame or line is damaged and followed by a whole one, for a damaged one
costs itself and never its successor. What is believed although it says something else is held against what the
checksum can promise: 1 in 65 536 for a CRC of 16 bits, 1 in 256 for one byte; where there is a range, a value outside
it is not believed, and the median of five must be right. Of a profile that was bent and is taken all the same, every
vector goes through decode and condition.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pymodbus.framer import FramerRTU

from bench.fuzzing.bending import damaged, miswritten
from bench.fuzzing.targets import require
from bench.result import Goal, at_most
from edge.condition import Conditioner
from edge.decode import decode
from edge.modbus_frame import Request, checked_frame, numbers_of, reading
from edge.sim.faults import LineFaults
from wire.errors import ConfigError, DeviceRefused, FrameError, SourceError
from wire.fields import decode_message, messages_in, stream_of, typical
from wire.inventory import Sensor
from wire.message_encoding import encode_message
from wire.messages import FrameShape, LineShape, MessageShape, TlvShape
from wire.profile import Block, LinkKind, Point, Profile
from wire.profile_yaml import FILE, library_folder, load_library, load_profile
from wire.reading import Sample
from wire.registers import Value, decode_block

_PROFILE_EVERY = 50
_VARIANTS = 32
_FLUSH = bytes(300)
"""Ends every frame that may have begun."""
_CRC_MISSES, _SUM_MISSES, _LOST_MOST = 60.0, 1e6 / 256, 2e6 / 256
_LIBRARY = load_library(library_folder())
CRC, SUM, NONE, CARRIED = "crc of 16 bits", "sum of 8 bits", "no sum", "carried by radio"
_PROOFS = (CRC, CRC, SUM, SUM, NONE, CARRIED)
"""What protects a message; what can be wrong comes more often."""


@dataclass
class Tally:
    """Of one kind of proof: damaged messages, those believed that say something else, and what came of these."""

    damaged: int = 0
    believed: int = 0
    in_range: int = 0
    outvoted_not: int = 0
    lost: int = 0

    def a_million(self, count: int) -> float:
        """Of the damaged ones."""
        return round(1e6 * count / max(1, self.damaged), 1)


@dataclass(frozen=True)
class _Subject:
    """Something that a device sends. `kinds`: whole ones, with random values; `proof` is what protects them."""

    profile: Profile
    proof: str
    kinds: tuple[bytes, ...]
    block: Block | None = None
    shape: MessageShape | None = None


@dataclass
class Devices:
    """One input after the other; `by_proof` and `wrong` are what was found out."""

    folder: Path
    by_proof: dict[str, Tally] = field(default_factory=lambda: {proof: Tally() for proof in (CRC, SUM, NONE, CARRIED)})
    wrong: Counter[str] = field(default_factory=Counter)
    """By profile: damaged messages that would have become values."""

    def __post_init__(self) -> None:
        rng = Random(1)
        subjects = [subject for profile in _LIBRARY.values() for subject in _subjects(profile, rng)]
        self._subjects = {proof: [one for one in subjects if one.proof == proof] for proof in _PROOFS}
        self._texts = {name: (library_folder() / name / FILE).read_text(encoding="utf-8") for name in _LIBRARY}

    def one(self, rng: Random, number: int) -> tuple[str, bool]:
        """What kind of input it was, and whether anything of it was taken."""
        if number % _PROFILE_EVERY == 0:
            return "profile", self._profile(rng)
        subject = rng.choice(self._subjects[rng.choice(_PROOFS)])
        return subject.proof, self._reply(rng, subject) if subject.block else self._stream(rng, subject)

    def goals(self) -> Mapping[str, Goal]:
        """What a checksum can promise, and what range and median make of it."""
        crc, one_byte = self.by_proof[CRC], self.by_proof[SUM]
        return {
            "wrong_by_crc16": at_most(crc.a_million(crc.believed), _CRC_MISSES, "a million damaged replies"),
            "wrong_by_sum8": at_most(one_byte.a_million(one_byte.in_range), _SUM_MISSES, "a million damaged frames"),
            "wrong_after_the_median": at_most(sum(one.outvoted_not for one in self.by_proof.values()), 0, "values"),
            "successors_lost": at_most(one_byte.a_million(one_byte.lost), _LOST_MOST, "a million damaged frames"),
        }

    def figures(self) -> Mapping[str, str]:
        """All that was counted."""
        found = {
            f"{proof}: damaged, believed, of these in range, successors lost": (
                f"{tally.damaged}, {tally.believed}, {tally.in_range}, {tally.lost}"
            )
            for proof, tally in self.by_proof.items()
        }
        return found | {f"wrong: {name}": str(count) for name, count in sorted(self.wrong.items())}

    def _reply(self, rng: Random, subject: _Subject) -> bool:
        """A Modbus reply, as a bad line delivers it."""
        whole = rng.choice(subject.kinds)
        block, tally = subject.block, self.by_proof[subject.proof]
        require(block is not None, "a block")
        if block is None:
            return False
        asked = reading(subject.profile.link.unit, block)
        came = _bent(rng, whole)
        tally.damaged += came != whole
        try:
            numbers = numbers_of(checked_frame(came, asked, ""), asked, "")
        except (FrameError, DeviceRefused):
            return False
        require(len(numbers) == block.count, "as many registers as were asked for")
        _decodes(subject.profile, block.name, numbers)
        if numbers != _numbers(whole, asked):
            tally.believed += 1
            self.wrong[subject.profile.name] += 1
        return True

    def _stream(self, rng: Random, subject: _Subject) -> bool:
        """A damaged frame, line or entry, and a whole one behind it."""
        profile, shape, tally = subject.profile, subject.shape, self.by_proof[subject.proof]
        whole, after = rng.choice(subject.kinds), rng.choice(subject.kinds)
        came = _bent(rng, whole)
        tally.damaged += came != whole
        if subject.proof == CARRIED or shape is None:
            found = messages_in(profile, came)
            for message in found:
                _decodes(profile, message.name, message.octets)
            return bool(found)
        messages = stream_of(profile).feed(came + after + (b"" if isinstance(shape, LineShape) else _FLUSH))
        tally.lost += after not in [message.octets for message in messages]
        for message in messages:
            values = _decodes(profile, message.name, message.octets)
            if message.name == shape.name and message.octets not in (whole, after):
                self._believed(subject, tally, message.octets, values)
        return bool(messages)

    def _believed(self, subject: _Subject, tally: Tally, octets: bytes, values: Mapping[str, Value]) -> None:
        """A message that was never sent."""
        shape = subject.shape
        tally.believed += 1
        if shape is None or not _is_in_range(subject.profile, shape.name, values):
            return
        tally.in_range += 1
        self.wrong[subject.profile.name] += 1
        if isinstance(shape, FrameShape | LineShape) and shape.median:
            sent = [subject.kinds[0]] * 4
            tally.outvoted_not += typical(subject.profile, shape.name, [*sent, octets]) == octets

    def _profile(self, rng: Random) -> bool:
        """A profile as a tired person writes it; what is taken must work."""
        name = rng.choice(list(self._texts))
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_text(miswritten(rng, self._texts[name]), encoding="utf-8")
        try:
            profile = load_profile(folder)
        except ConfigError:
            return False
        sensor = Sensor("S", "S", "B", "l", profile, 1, None, {}, {}, ())
        conditioner = Conditioner(sensor)
        for sample in _samples(profile):
            conditioner.readings(decode(sample, sensor))
        return True


def _subjects(profile: Profile, rng: Random) -> Iterator[_Subject]:
    for block in profile.blocks.values():
        kinds = tuple(_whole_reply(profile, block, rng) for _ in range(_VARIANTS))
        yield _Subject(profile, CRC, kinds, block=block)
    read = {point.block for point in profile.points}
    for name, shape in profile.messages.items():
        if name not in read:
            continue
        if isinstance(shape, TlvShape):
            yield _Subject(profile, CARRIED, tuple(vector.octets for vector in profile.vectors))
        else:
            values = [_measured(profile, name, rng) for _ in range(_VARIANTS)]
            kinds = tuple(encode_message(profile, name, one) for one in values)
            yield _Subject(profile, _proof(profile, shape), kinds, shape=shape)


def _proof(profile: Profile, shape: FrameShape | LineShape) -> str:
    if profile.link.kind not in (LinkKind.SERIAL_STREAM, LinkKind.SERIAL_QUERY):
        return CARRIED
    is_summed = shape.check is not None if isinstance(shape, FrameShape) else bool(shape.check_after)
    return SUM if is_summed else NONE


def _whole_reply(profile: Profile, block: Block, rng: Random) -> bytes:
    size = (block.count + 7) // 8 if block.is_bits else 2 * block.count
    body = bytes([profile.link.unit, block.function, size]) + rng.randbytes(size)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def _numbers(whole: bytes, asked: Request) -> tuple[int, ...]:
    return numbers_of(whole, asked, "")


def _measured(profile: Profile, name: str, rng: Random) -> Mapping[str, Value]:
    """Values within range, as such a device may measure them."""
    return {point.name: _value(point, rng) for point in profile.points if point.block == name}


def _value(point: Point, rng: Random) -> Value:
    if point.codes:
        return rng.choice(list(point.codes.values()))
    least, most = point.span or (0.0, 1.0)
    return rng.uniform(least, most)


def _bent(rng: Random, whole: bytes) -> bytes:
    """Noise and loss as on a line, and often worse."""
    faults = LineFaults(noise=rng.choice((0, 0.02, 0.1, 1)), loss=rng.choice((0, 0, 0.02, 0.1)))
    came = bytes(octet for octet in faults.damaged(whole, rng) if octet is not None)
    return damaged(rng, came) if came and rng.random() < 0.4 else came


def _decodes(profile: Profile, part: str, answer: bytes | tuple[int, ...]) -> Mapping[str, Value]:
    """To finite numbers, or it is another model's."""
    try:
        if isinstance(answer, bytes):
            values = decode_message(profile, part, answer)
        else:
            values = decode_block(profile, part, answer)
    except SourceError:
        return {}
    require(all(math.isfinite(one) for one in values.values() if isinstance(one, float)), "finite numbers")
    return values


def _is_in_range(profile: Profile, name: str, values: Mapping[str, Value]) -> bool:
    """Would it be published without a flag?"""
    for point in profile.points:
        value = values.get(point.name)
        if point.block != name or not point.span:
            continue
        if not isinstance(value, float) or not point.span[0] <= value <= point.span[1]:
            return False
    return bool(values)


def _samples(profile: Profile) -> Iterator[Sample]:
    """Every vector as a sample of a device."""
    for vector in profile.vectors:
        if vector.block:
            yield Sample("S", 10**18, vector.block, registers=vector.registers)
        else:
            for message in messages_in(profile, vector.octets):
                yield Sample("S", 10**18, message.name, reply=message.octets)
