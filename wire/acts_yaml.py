"""The sections `identity`, `settings`, `procedures` and `protected` of a profile.yaml."""

from collections.abc import Mapping, Sequence
from typing import Any

from wire import located, steps
from wire.message_yaml import read_template
from wire.profile_acts import (
    Capture,
    Effect,
    Expect,
    Identity,
    Procedure,
    Protected,
    Setting,
    Step,
    Still,
    Write,
)
from wire.profile_expressions import check_known
from wire.profile_points import check_name, named, numbered, read_span

EFFECTS = tuple(effect.value for effect in Effect)
WRITES = (6, 16)
COIL = 5
"""The function that writes a coil, which is no register."""
_WORD_MAX = 0xFFFF


def read_identity(root: located.Block) -> tuple[Identity, ...]:
    """The section `identity`; it may be absent."""
    return tuple(_identity(name, entry) for name, entry in named(root.mapping("identity", optional=True)))


def read_protected(root: located.Block) -> tuple[Protected, ...]:
    """The section `protected`; it may be absent."""
    return tuple(
        Protected(
            name=name,
            first=entry.integer("addr", 0, _WORD_MAX),
            count=entry.integer("count", 1, default=1),
            allowed=_integers(entry, "but"),
            say=entry.text("say"),
        )
        for name, entry in named(root.mapping("protected", optional=True))
    )


def read_settings(root: located.Block, protected: Sequence[Protected]) -> Mapping[str, Setting]:
    """The section `settings`; it may be absent. None of them may be a protected register."""
    found: dict[str, Setting] = {}
    for name, entry in named(root.mapping("settings", optional=True)):
        found[name] = setting = _setting(name, entry)
        _check_free(entry, "reg", (setting.register, None), protected)
    return found


def read_procedures(
    root: located.Block, protected: Sequence[Protected], known: Mapping[str, str]
) -> Mapping[str, Procedure]:
    """The section `procedures`; it may be absent. `known`: what an expression may name."""
    section = root.mapping("procedures", optional=True)
    found: dict[str, Procedure] = {}
    for name in section:
        check_name(section, name)
        texts = section.sequence(name)
        read = [_step(texts, index) for index in range(len(texts))]
        for index, step in enumerate(read):
            if step is not None:
                _check_step(texts, index, step, protected, known)
        found[name] = Procedure(name, tuple(step for step in read if step is not None))
    return found


def _identity(name: str, entry: located.Block) -> Identity:
    return Identity(
        name=name,
        function=entry.integer("fc", 3, 4),
        address=entry.integer("addr", 0, _WORD_MAX),
        is_signed=entry.choice("type", ("u16", "i16"), default="u16") == "i16",
        mask=entry.integer("mask", 1, _WORD_MAX, default=_WORD_MAX),
        shift=entry.integer("shift", 0, 15, default=0),
        expected=_integers(entry, "is"),
        excluded=_integers(entry, "not"),
        span=read_span(entry),
        say=entry.text("say"),
    )


def _integers(entry: located.Block, key: str) -> tuple[int, ...]:
    words = entry.sequence(key, optional=True)
    return tuple(words.integer(index) for index in range(len(words)))


def _setting(name: str, entry: located.Block) -> Setting:
    is_message = "cmd" in entry
    codes = numbered(entry, "codes")
    span = None if codes else read_span(entry)
    if not codes and span is None:
        entry.wrong("range", "a setting needs its codes or its range.", "write codes: {2: 9600}", "E-PROFILE-020")
    lowest, highest = span or (0, _WORD_MAX)
    return Setting(
        name=name,
        register=None if is_message else entry.integer("reg", 0, _WORD_MAX),
        function=int(entry.choice("fc", [str(number) for number in WRITES], default="6")),
        command=read_template(entry, "cmd") if is_message else None,
        codes=codes,
        span=(round(lowest), round(highest)),
        scale=entry.scale("scale", 1.0) or 1.0,
        unit=entry.text("unit", ""),
        effect=Effect(entry.choice("effect", EFFECTS)),
        say=entry.text("say", ""),
    )


def _step(texts: located.Items, index: int) -> Step | None:
    try:
        return steps.parse(texts.text(index))
    except ValueError as error:
        texts.wrong(index, f"{texts.text(index)!r} is no step.", f"write {error}", "E-PROFILE-022")
        return None


def _check_step(
    texts: located.Items, index: int, step: Step, protected: Sequence[Protected], known: Mapping[str, str]
) -> None:
    """Nothing writes a protected register, and only values of this profile are waited for."""
    names: Sequence[str] = ()
    match step:
        case Write(register=int(register)) if step.function != COIL:
            _check_free(texts, index, (register, step.value), protected)
        case Expect(condition=condition):
            names = sorted(condition.names)
        case Still(points=points):
            names = points
        case Capture(point=point):
            names = (f"zero.{point}",)
        case _:
            pass
    check_known(texts, index, names, known)


def _check_free(
    entry: located.Block | located.Items, key: Any, write: tuple[int | None, object], protected: Sequence[Protected]
) -> None:
    """`write`: a register, or None for bytes, and what goes into it."""
    register, value = write
    for held in protected:
        if register is not None and held.forbid(register, value):
            what = f"register 0x{register:X} is protected: {held.say}."
            entry.wrong(key, what, "never write it; take it out of here", "E-PROFILE-023")
