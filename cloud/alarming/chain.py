"""From the bytes of an event to its value, step by step: what was on the wire, what it means, what came of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from wire import rtu
from wire.alarm import AlarmEvent, Frame
from wire.errors import SourceError, WireError
from wire.inventory import Sensor
from wire.profile import Derived, Point, PointType, Profile
from wire.quantities import amount
from wire.registers import Value, width
from wire.rtu import Exchange
from wire.values import published, values_of


class FrameAnswer(msgspec.Struct, frozen=True):
    """The exchange behind the value. `request` and `reply`: hexadecimal text, CRC included.

    `register` is the first that was asked for, as a 0-based protocol address: `0x34`. `crc_ok`: both are right.
    """

    block: str
    request: str
    reply: str
    unit: int
    function: int
    register: str
    count: int
    crc_ok: bool


class RegisterAnswer(msgspec.Struct, frozen=True):
    """`address` as `0x3D`; `value` as it was sent, 0 to 65535."""

    address: str
    value: int


class PointAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A value within the registers, or within a message, which has none.

    `expression` says how it is read from them; `quantity`: published as, or empty.
    """

    name: str
    registers: tuple[str, ...]
    type: PointType
    expression: str
    value: float | str | bool | None
    unit: str
    quantity: str


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A value of points, the baseline and the site's constants. A published one has its quantity's resolution."""

    name: str
    expression: str
    value: float | str | bool | None
    unit: str
    quantity: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """As far as it goes: without bytes there is nothing, without a profile there are registers alone.

    `doubt` says what does not fit, and is empty when the last step gives the value of the event.
    """

    frame: FrameAnswer | None = None
    registers: tuple[RegisterAnswer, ...] = ()
    points: tuple[PointAnswer, ...] = ()
    steps: tuple[StepAnswer, ...] = ()
    doubt: str = ""


def chain_of(event: AlarmEvent, sensor: Sensor | None) -> Chain:
    """Worked out anew from the bytes, by the sensor's profile, zero and constants as they are today."""
    if event.frame is None:
        return Chain()
    if sensor and event.frame.block in sensor.profile.messages:
        return _of_message(event, event.frame, sensor)
    try:
        exchange = rtu.read(event.frame)
    except WireError as error:
        return Chain(doubt=f"{error.what}.")
    frame = FrameAnswer(
        block=event.frame.block,
        request=event.frame.request,
        reply=event.frame.reply,
        unit=exchange.unit,
        function=exchange.function,
        register=_address(exchange.address),
        count=exchange.count,
        crc_ok=exchange.has_right_crc,
    )
    registers = tuple(
        RegisterAnswer(_address(address), value) for address, value in enumerate(exchange.registers, exchange.address)
    )
    damaged = "" if exchange.has_right_crc else "the CRC of these bytes is wrong."
    chain = Chain(frame=frame, registers=registers, doubt=damaged)
    return _meant(chain, exchange, event, sensor) if sensor else chain


def _of_message(event: AlarmEvent, frame: Frame, sensor: Sensor) -> Chain:
    """Of a device that speaks no Modbus there are no registers: its points stand in the bytes themselves."""
    try:
        values = values_of(sensor, frame.block, bytes.fromhex(frame.reply))
    except (SourceError, ValueError) as error:
        return Chain(doubt=f"{error}.")
    return _explained(Chain(), values, frame.block, event, sensor.profile)


def _meant(chain: Chain, exchange: Exchange, event: AlarmEvent, sensor: Sensor) -> Chain:
    """With what the registers mean to this sensor."""
    profile, name = sensor.profile, chain.frame.block if chain.frame else ""
    block = profile.blocks.get(name)
    first = block.address - exchange.address if block else 0
    if block is None or block.function != exchange.function or not 0 <= first <= exchange.count - block.count:
        return _doubted(chain, f"the profile {profile.name} has no block {name!r} of these registers today.")
    try:
        values = values_of(sensor, name, exchange.registers[first : first + block.count])
    except SourceError as error:
        return _doubted(chain, f"{error.what}.")
    return _explained(chain, values, name, event, profile)


def _explained(chain: Chain, values: Mapping[str, Value], block: str, event: AlarmEvent, profile: Profile) -> Chain:
    """With the points of the block or message, and the steps to the event's value."""
    points = tuple(
        answer for point in profile.points if point.block == block for answer in _point(profile, point, values)
    )
    steps = tuple(_steps(profile, values, event.quantity))
    return _doubted(msgspec.structs.replace(chain, points=points, steps=steps), _difference(steps, event, profile))


def _doubted(chain: Chain, doubt: str) -> Chain:
    return msgspec.structs.replace(chain, doubt=f"{chain.doubt} {doubt}".strip())


def _difference(steps: Sequence[StepAnswer], event: AlarmEvent, profile: Profile) -> str:
    """Empty when the last step is the event's value."""
    if not steps:
        return f"the profile {profile.name} publishes no {event.quantity} from these registers today."
    found = steps[-1].value
    if found == event.value:
        return ""
    given = amount(event.quantity, found) if isinstance(found, float) else "no value"
    said = amount(event.quantity, event.value)
    return f"today these bytes give {given}, then it was {said}: the zero, the constants or the profile have changed."


def _point(profile: Profile, point: Point, values: Mapping[str, Value]) -> Iterator[PointAnswer]:
    """A point, or one line for each of its flags."""
    in_registers = point.block in profile.blocks
    registers = tuple(_address(point.register + offset) for offset in range(in_registers * width(point.type)))
    read = [(f"{point.name}.{flag}", f"bit {bit} of raw") for bit, flag in point.bits.items()]
    for name, expression in read or [(point.name, _expression(point))]:
        yield PointAnswer(
            name=name,
            registers=registers,
            type=point.type,
            expression=expression,
            value=values[name],
            unit=point.unit,
            quantity=point.quantity,
        )


def _expression(point: Point) -> str:
    """How a number is made of the raw value, in the words of profile.yaml."""
    text = "raw"
    full = (1 << 16 * width(point.type)) - 1
    if point.mask & full != full:
        text = f"raw & 0x{point.mask & full:X}"
    if point.shift:
        text = f"{_bracketed(text)} >> {point.shift}"
    if point.codes:
        return f"word for {text}"
    if point.scale != 1:
        text = f"{_bracketed(text)} * {point.scale:.12g}"
    if point.offset:
        text = f"{_bracketed(text)} {'-' if point.offset < 0 else '+'} {abs(point.offset):.12g}"
    return text


def _bracketed(text: str) -> str:
    return f"({text})" if "&" in text or ">>" in text else text


def _steps(profile: Profile, values: Mapping[str, Value], quantity: str) -> Iterator[StepAnswer]:
    """All that leads to the quantity, in the order of the profile, and it itself at last."""
    everything: tuple[Point | Derived, ...] = (*profile.points, *profile.derived)
    found = next((one for one in everything if quantity and one.quantity == quantity and one.name in values), None)
    if found is None:
        return
    if isinstance(found, Point):
        yield _step(found, found.name, values)
        return
    needed = _needed(found, profile.derived)
    yield from (_step(one, one.expression.text, values) for one in profile.derived if one.name in needed)


def _needed(found: Derived, derived: Iterable[Derived]) -> set[str]:
    """Names of the derived values that one is made of, and its own."""
    by_name = {one.name: one for one in derived}
    needed = {found.name}
    for name in found.expression.names & by_name.keys():
        needed |= _needed(by_name[name], derived)
    return needed


def _step(one: Point | Derived, expression: str, values: Mapping[str, Value]) -> StepAnswer:
    value = values[one.name]
    return StepAnswer(
        name=one.name,
        expression=expression,
        value=published(one.quantity, value) if one.quantity else value,
        unit=one.unit,
        quantity=one.quantity,
    )


def _address(register: int) -> str:
    return f"0x{register:02X}"
