"""Case codes: what a case is filed under, who is responsible for it, and how long it may take.

The shipped table is `cloud/codes/default.yaml`, after the classes of GB/T 30428. A city's own file
adds rows to it, or says in which fields a shipped row is different:

    schema: egret.codes/1
    stages:
      accept: {red: 2min, orange: 10min, yellow: 1wh, blue: 4wh}
      source: city order 2026-7
    codes:
      billboard:
        limits: {red: 2h, orange: 12h}
        source: city order 2026-7
      playground:
        class: part
        code: "0391"
        for: playground
        role: parks
        zh: 游乐设施异常
        en: playground equipment
        limits: {red: 4h, orange: 24h, yellow: 2wd, blue: 5wd}
        source: judgement

Changed time limits bring their own source.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from cloud.city import time_limit
from cloud.city.time_limit import NO_LIMITS, LevelLimits, TimeLimit
from wire.alarm import Level
from wire.errors import CaseError
from wire.located import Block, Mistakes, load, nearest
from wire.topics import IDENTIFIER

SCHEMA = "egret.codes/1"
SENSOR, BOX, OTHER = "sensor", "box", "other"
_TABLE = Path(__file__).parents[1] / "codes" / "default.yaml"
_DIGITS = re.compile(r"\d{4}")

CodeClass: TypeAlias = Literal["part", "event"]


class NoSuchCode(CaseError):
    """The table has no row of this id, or of this class and these digits."""


class Code(msgspec.Struct, frozen=True, rename={"code_class": "class", "site_kind": "for"}):
    """One row. `code` is two digits of class and two of subclass, unique among parts (部件) or events (事件).

    `id` is the word it is known by, `site_kind` the kind of site whose alarms it is for, or empty;
    `role` the word by which cases find the responsible unit; `limits` are for the whole case.
    """

    id: str
    code_class: CodeClass
    code: str
    site_kind: str
    role: str
    zh: str
    en: str
    limits: dict[Level, TimeLimit]
    source: str


class Stages(msgspec.Struct, frozen=True):
    """Time limits of the stages: `dispatch` 立案→派遣, `accept` 派遣→处置, `verify` 反馈→结案."""

    dispatch: dict[Level, TimeLimit]
    accept: dict[Level, TimeLimit]
    verify: dict[Level, TimeLimit]
    source: str


@dataclass(frozen=True, slots=True)
class CodeTable:
    """All rows by their id, and the time limits of stages."""

    rows: Mapping[str, Code]
    stages: Stages

    def code_for(self, site_kind: str, *, is_fault: bool) -> Code:
        """The code of a case at a site of this kind, or of a sensor there that is itself at fault."""
        if is_fault:
            return self.rows[SENSOR]
        # The last row for a kind holds: a city's own stand after the shipped ones.
        found = [row for row in self.rows.values() if row.site_kind and row.site_kind == site_kind]
        return found[-1] if found else self.rows[OTHER]

    def by_id(self, word: str) -> Code:
        """The row of this id. Raises NoSuchCode."""
        if word in self.rows:
            return self.rows[word]
        raise NoSuchCode(f"there is no case code {word!r}.", fix=f"{nearest(word, self.rows)}.", code="E-CODE-008")

    def code(self, code_class: str, digits: str) -> Code:
        """The row of these four digits among parts or among events. Raises NoSuchCode."""
        for row in self.rows.values():
            if (row.code_class, row.code) == (code_class, digits):
                return row
        known = [row.code for row in self.rows.values() if row.code_class == code_class]
        fix = f"{nearest(digits, known)}." if known else "the class is part or event."
        raise NoSuchCode(f"there is no case code {digits!r} of class {code_class!r}.", fix=fix, code="E-CODE-008")


def code_for(site_kind: str, *, is_fault: bool) -> Code:
    """As `CodeTable.code_for`, of the shipped table."""
    return shipped().code_for(site_kind, is_fault=is_fault)


def code(code_class: str, digits: str) -> Code:
    """As `CodeTable.code`, of the shipped table."""
    return shipped().code(code_class, digits)


def by_id(word: str) -> Code:
    """As `CodeTable.by_id`, of the shipped table."""
    return shipped().by_id(word)


def table() -> Mapping[str, Code]:
    """All shipped rows, by id."""
    return shipped().rows


@cache
def shipped() -> CodeTable:
    """The table that comes with Egret. Raises ConfigError."""
    mistakes = Mistakes()
    found = _read(load(_TABLE, mistakes), None)
    mistakes.raise_any()
    return found


def extended(path: Path, mistakes: Mistakes) -> CodeTable:
    """The shipped table with a city's file laid over it. Raises ConfigError when the file cannot be read."""
    return _read(load(path, mistakes), shipped())


def _read(root: Block, base: CodeTable | None) -> CodeTable:
    root.choice("schema", [SCHEMA])
    rows = dict(base.rows) if base else {}
    codes = root.mapping("codes", optional=base is not None)
    for word, block in codes.blocks():
        if not IDENTIFIER.fullmatch(word):
            codes.wrong(word, f"the id {word!r} is not allowed.", "use letters, digits, - and _", "E-CODE-001")
        rows[word] = _row(word, block, rows.get(word))
        block.done()
    _refuse_twins(codes, rows)
    stages = _stages(root.mapping("stages", optional=base is not None), base.stages if base else None)
    root.done()
    return CodeTable(rows, stages)


def _row(word: str, block: Block, base: Code | None) -> Code:
    digits = block.text("code", base.code if base else None)
    if digits and not _DIGITS.fullmatch(digits):
        fix = 'write two digits of class and two of subclass in quotes: "0390"'
        block.wrong("code", f"{digits!r} is no case code.", fix, "E-CODE-002")
    role = block.text("role", base.role if base else None)
    if role and not IDENTIFIER.fullmatch(role):
        fix = "use letters, digits, - and _, for example advertising"
        block.wrong("role", f"the role {role!r} is not allowed.", fix, "E-CODE-001")
    return Code(
        id=word,
        code_class=_class(block, base),
        code=digits,
        site_kind=block.text("for", base.site_kind if base else ""),
        role=role,
        zh=block.text("zh", base.zh if base else None),
        en=block.text("en", base.en if base else None),
        limits=_limits(block, "limits", base.limits if base else None),
        source=block.text("source", base.source if base else None),
    )


def _class(block: Block, base: Code | None) -> CodeClass:
    return "part" if block.choice("class", ["part", "event"], base.code_class if base else None) == "part" else "event"


def _stages(block: Block, base: Stages | None) -> Stages:
    stages = Stages(
        dispatch=_limits(block, "dispatch", base.dispatch if base else None),
        accept=_limits(block, "accept", base.accept if base else None),
        verify=_limits(block, "verify", base.verify if base else None),
        source=block.text("source", base.source if base else None),
    )
    block.done()
    return stages


def _limits(block: Block, key: str, base: LevelLimits | None) -> dict[Level, TimeLimit]:
    if base is not None and key in block and "source" not in block:
        fix = 'write source: "order and number" or "judgement: reason"'
        block.wrong(key, f"{key!r} changes time limits without saying why.", fix, "E-CODE-006")
    return time_limit.read(block.mapping(key, optional=base is not None), base or NO_LIMITS)


def _refuse_twins(codes: Block, rows: Mapping[str, Code]) -> None:
    """Two rows of one code, or two rows of one file for one kind of site."""
    by_code: dict[tuple[str, str], str] = {}
    by_kind: dict[str, str] = {}
    for word, row in rows.items():
        first = by_code.setdefault((row.code_class, row.code), word)
        if first != word:
            written, other = (word, first) if word in codes else (first, word)
            what = f"{other!r} has the code {row.code_class} {row.code}, too."
            fix = "choose other digits; subclasses 90 to 99 are the city's own"
            codes.mapping(written).wrong("code", what, fix, "E-CODE-003")
        says_kind = row.site_kind and word in codes and "for" in codes.mapping(word)
        first = by_kind.setdefault(row.site_kind, word) if says_kind else word
        if first != word:
            what = f"{first!r} is for sites of kind {row.site_kind!r}, too."
            codes.mapping(word).wrong("for", what, "leave it in one of the two rows", "E-CODE-007")
