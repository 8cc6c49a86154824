"""How people write values in our files: `0x50`, `300ms`, `16/32768`. Pure text to number.

Each function raises ValueError whose message says what was expected, with an example.
"""

import math
import re

_INTEGER = re.compile(r"[+-]?(?:0x[0-9A-Fa-f]{1,15}|\d{1,18})")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(ms|s|min|h|d)")
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?(KiB|MiB|GiB|MB|GB)")
_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "MB": 10**6, "GB": 10**9}
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def integer(text: str) -> int:
    """`80` or `0x50`."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("a whole number such as 80 or 0x50")
    return int(text, 16) if "0x" in text else int(text)


def number(text: str) -> float:
    """`0.57`, `1e-3` or `0x50`; never infinite."""
    if _NUMBER.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    if _INTEGER.fullmatch(text):
        return float(integer(text))
    raise ValueError("a number such as 0.57")


def duration_s(text: str) -> float:
    """Seconds of `300ms`, `5s`, `10min`, `1h` or `30d`; a bare number is refused."""
    if found := _DURATION.fullmatch(text):
        return float(found[1]) * _SECONDS[found[2]]
    if _NUMBER.fullmatch(text):
        raise ValueError(f"a time with its unit: {text}s or {text}ms")
    raise ValueError("a time such as 300ms, 5s, 10min or 1h")


def size_bytes(text: str) -> int:
    """Bytes of `64 KiB`, `512 MiB`, `8 GiB`, or as data is sold `200 MB`, `1 GB`; a bare number is refused."""
    if found := _SIZE.fullmatch(text):
        return round(float(found[1]) * _BYTES[found[2]])
    raise ValueError("a size such as 512 MiB or 8 GiB")


def scale(text: str) -> float:
    """`16/32768` as data sheets print it, or a plain number."""
    above, slash, below = text.partition("/")
    try:
        return number(above.strip()) / number(below.strip()) if slash else number(above)
    except (ValueError, ZeroDivisionError):
        raise ValueError("a number or a fraction such as 16/32768") from None


def flag(text: str) -> bool:
    """`true` or `false`, nothing else."""
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"
