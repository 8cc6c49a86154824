"""Which code a case is filed under: the table in `cloud/codes/`, after the classes of GB/T 30428."""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

_TABLE = Path(__file__).parent / "codes" / "default.yaml"
_SENSOR, _OTHER = "sensor", "other"


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"code_class": "class"}):
    """One row. `code` is two digits of class and two of subclass, unique among parts (部件) or events (事件)."""

    code_class: Literal["part", "event"]
    code: str
    zh: str
    en: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="egret.codes/1"):
    codes: dict[str, Code]


def code_for(site_kind: str, *, is_fault: bool) -> Code:
    """The code of a case at a site of this kind, or of a sensor there that is itself at fault."""
    codes = table()
    return codes[_SENSOR] if is_fault else codes.get(site_kind, codes[_OTHER])


@cache
def table() -> dict[str, Code]:
    """All rows, by kind of site."""
    return msgspec.yaml.decode(_TABLE.read_bytes(), type=_Table).codes
