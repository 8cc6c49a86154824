"""Kinds: one file adds a source, a rule, a store or a notifier; the file's name is the word in the config.

A kind's module has a frozen dataclass `Config`. Its fields are the keys of its block in the file,
its defaults are the only defaults, and a field named `timeout_s` is written `timeout: 300ms`.
Field types: str, int, float, bool, Literal words, `X | None`, tuple[str, ...], Mapping[str, str]
and frozen dataclasses of these.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from wire.errors import ConfigError, Mistake
from wire.located import Block, Mistakes, block_of, nearest

T = TypeVar("T")


def names(package: str) -> tuple[str, ...]:
    """The kinds there are: the files of `package` ("edge.sources")."""
    paths = importlib.import_module(package).__path__
    return tuple(sorted(found.name for found in pkgutil.iter_modules(paths) if not found.name.startswith("_")))


def find(package: str, kind: str, *, where: str = "") -> ModuleType:
    """The module of one kind; `where` is the file:line that names it. Raises ConfigError."""
    known = names(package)
    if kind not in known:
        noun = package.rpartition(".")[2].removesuffix("s")
        what = f"there is no {noun} kind {kind!r}."
        raise ConfigError([Mistake(where or package, what, nearest(kind, known), "E-KIND-001")])
    return importlib.import_module(f"{package}.{kind}")


def build(config: type[T], block: Mapping[str, object], mistakes: Mistakes, *, where: str = "") -> T:
    """A kind's `Config` from its block; `where` is the place of a block that comes from no file."""
    fields = block_of(block, where, mistakes)
    hints = get_type_hints(config)
    known = dataclasses.fields(cast("Any", config))
    values = {field.name: _read(fields, field.name, hints[field.name]) for field in known if _is_read(fields, field)}
    fields.done()
    return config(**values)


def _is_read(block: Block, field: "dataclasses.Field[Any]") -> bool:
    """A field is read when it is written or has no default."""
    is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return _key(field.name) in block or is_required


def _key(name: str) -> str:
    return name.removesuffix("_s")


def _read(block: Block, name: str, hint: Any) -> object:
    key, origin, arguments = _key(name), get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read(block, name, next(argument for argument in arguments if argument is not NoneType))
    if origin is Literal:
        return block.choice(key, arguments)
    if origin is tuple:
        return block.sequence(key).texts()
    if origin is Mapping:
        texts = block.mapping(key)
        return {word: texts.text(word) for word in texts}
    if dataclasses.is_dataclass(hint):
        return build(cast("type[object]", hint), block.mapping(key), block.mistakes)
    number = block.number if key == name else block.duration
    readers: dict[type, Callable[[str], object]] = {
        str: block.text,
        int: block.integer,
        float: number,
        bool: block.flag,
    }
    return readers[hint](key)
