"""A procedure of a profile carried out at the pole: sampling, waiting, writing, and what a person is asked to do.

What a device is told (a setting, an address) is `edge.field.moving`; here a person stands beside the device.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from edge.field.device import NO_ANSWER, Device, Values
from edge.field.moving import must_not_be_protected
from edge.field.stillness import Spread, spread_of, thinned
from wire.errors import CheckFailed, SourceTimeout, Unsafe
from wire.expression import ExpressionError
from wire.profile_acts import Capture, Confirm, Expect, PowerCycle, Procedure, Step, Still, Wait, Write

Ask = Callable[[str], Awaitable[None]]
"""Asks a person to do something, and returns when it is done."""
LOST_MAX = 0.1
"""Of the samples of a stillness, no more may be missing: a mean of what is left would hide why (judgement)."""
LEAST = 10
"""Samples that a mean may be of (judgement)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: 0..1 of it, `left_s` until its end, and what the device measures now."""

    part: float
    left_s: float
    values: Values
    spreads: Mapping[str, Spread]


Tell = Callable[[Progress], None]


class Pose(msgspec.Struct, frozen=True):
    """What was waited for came: the condition, its value then, how long it took, and its curve until there."""

    condition: str
    name: str
    value: float
    after_s: float
    curve: tuple[float, ...]


@dataclass
class Taken:
    """What came of it. `spreads` are of the last stillness."""

    polls: int = 0
    spreads: dict[str, Spread] = field(default_factory=dict)
    captured: dict[str, float] = field(default_factory=dict)
    poses: list[Pose] = field(default_factory=list)


class Walk:
    """Goes through procedures of one device. `still_s` replaces the time of every stillness when it is given."""

    def __init__(self, device: Device, ask: Ask, tell: Tell, *, still_s: float | None = None) -> None:
        """Nothing is done yet."""
        self._device, self._ask, self._tell, self._still_s = device, ask, tell, still_s
        self._loop = asyncio.get_running_loop()

    async def through(self, procedure: Procedure) -> Taken:
        """Step by step. Raises CheckFailed at the first that fails, Unsafe, and SourceError when the line is lost."""
        taken = Taken()
        for step in procedure.steps:
            await self._do(step, taken)
        return taken

    async def _do(self, step: Step, taken: Taken) -> None:
        match step:
            case Still():
                await self._still(step, taken)
            case Capture(point):
                taken.captured[point] = taken.spreads[point].mean
            case Confirm(say):
                await self._ask(say)
            case PowerCycle():
                await self._ask("take its supply away, and give it back")
            case Expect():
                await self._expect(step, taken)
            case Wait(for_s):
                await asyncio.sleep(for_s)
            case Write(int(register), int(value), function):
                must_not_be_protected(self._device.profile, register, value)
                await self._device.write(register, value, function)
            case _:
                raise Unsafe(
                    f"its profile asks for a step that is not done here: {type(step).__name__}.",
                    where=f"profile {self._device.profile.name}",
                    fix="do it by the maker's tool.",
                    code="E-FIELD-011",
                )

    async def _still(self, step: Still, taken: Taken) -> None:
        """Samples, and raises CheckFailed when it moved or hardly answered."""
        for_s = self._still_s or step.for_s
        samples: dict[str, list[float]] = {point: [] for point in step.points}
        polls, silent_s, before_s = 0, 0.0, for_s
        async for values, left_s in self._polled(for_s, LEAST):
            polls += 1
            silent_s += 0.0 if values else before_s - left_s
            before_s = left_s
            for point, known in samples.items():
                value = values.get(point)
                if isinstance(value, float):
                    known.append(value)
            now = {point: spread_of(known, self._device.unit_of(point)) for point, known in samples.items() if known}
            self._tell(Progress(1 - left_s / for_s, left_s, values, now))
        taken.polls += polls
        self._require_speech(silent_s, for_s)
        least = max(LEAST, (1 - LOST_MAX) * polls)
        for point, known in samples.items():
            if len(known) < least:
                raise CheckFailed(
                    f"only {len(known)} of {polls} polls had a value of {point}.",
                    where=self._device.where,
                    fix="`egret bus live` shows what the line suffers from.",
                    code="E-FIELD-012",
                )
        taken.spreads = {point: spread_of(known, self._device.unit_of(point)) for point, known in samples.items()}
        self._require_stillness(step, taken.spreads)

    def _require_speech(self, silent_s: float, for_s: float) -> None:
        """One that speaks by itself is awaited for seconds each time: few polls are lost in a long silence."""
        if self._device.speaks and silent_s > LOST_MAX * for_s:
            raise CheckFailed(
                f"it said nothing for {silent_s:.0f} of {for_s:g} s.",
                where=self._device.where,
                fix="`egret bus live` or `egret ble live` shows what it suffers from.",
                code="E-FIELD-012",
            )

    def _require_stillness(self, step: Still, spreads: Mapping[str, Spread]) -> None:
        moved = [f"{point} {spread.moved:.4g} {spread.unit}" for point, spread in spreads.items()]
        if any(spread.moved >= step.spread for spread in spreads.values()):
            raise CheckFailed(
                f"it moves: {', '.join(moved)} where less than {step.spread:g} was to be.",
                where=self._device.where,
                fix="hold still, fix the mount, wait for the wind to drop, and repeat; nothing was stored.",
                code="E-FIELD-013",
            )

    async def _expect(self, step: Expect, taken: Taken) -> None:
        name = min(step.condition.names, key=lambda known: known.startswith(("zero.", "site.")))
        seen: list[float] = []
        async for values, left_s in self._polled(step.within_s):
            taken.polls += 1
            value = values.get(name)
            if isinstance(value, float):
                seen.append(value)
            spread = {name: spread_of(seen, self._device.unit_of(name))} if seen else {}
            self._tell(Progress(1 - left_s / step.within_s, left_s, values, spread))
            if _holds(step, values) and isinstance(value, float):
                curve = tuple(round(one, 6) for one in thinned(seen))
                taken.poses.append(Pose(step.condition.text, name, value, step.within_s - left_s, curve))
                return
        last = f"{name} was {seen[-1]:.3f} {self._device.unit_of(name)}".rstrip() if seen else f"there was no {name}"
        raise CheckFailed(
            f"{step.condition.text} did not come within {step.within_s:g} s; {last} in the end.",
            where=self._device.where,
            fix="repeat, and if it fails again it is another model or family than its profile says.",
            code="E-FIELD-014",
        )

    async def _polled(self, for_s: float, least: int = 1) -> AsyncIterator[tuple[Values, float]]:
        """Values and seconds left, as fast as the model allows, `least` times; a failed poll has none.

        Raises SourceTimeout where none was answered.
        """
        every_s = self._device.profile.timing.min_poll_s
        end = due = self._loop.time()
        end += for_s
        has_answered, polls = False, 0
        error: Exception | None = None
        while self._loop.time() < end or polls < least:
            polls += 1
            try:
                values = await self._device.sample()
            except NO_ANSWER as failure:
                values, error = {}, failure
            has_answered = has_answered or bool(values)
            yield values, max(0.0, end - self._loop.time())
            due = max(due + every_s, self._loop.time())
            await asyncio.sleep(due - self._loop.time())
        if not has_answered:
            raise SourceTimeout(
                "it did not answer once.",
                where=self._device.where,
                fix=str(error) if error else "look for it with `egret bus scan`.",
                code="E-FIELD-015",
            )


def _holds(step: Expect, values: Values) -> bool:
    try:
        return bool(step.condition(values))
    except ExpressionError:
        return False
